"""A door as in production: Firestore (its emulator), a Cloud Storage server, identity tokens of an issuer of ours."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from billing.adapters.firestore import FirestoreDocuments
from billing.adapters.kept_places import Bucket
from billing.connections import open_objects
from billing.ports import Objects
from tests.firestore_emulator import fresh_project
from tests.functions.running_door import KEY, RunningDoor, running_door
from tests.object_server import ObjectServer
from tests.oidc_issuer import OidcIssuer

AUDIENCE = "https://europe-west1-acme.cloudfunctions.net/generate_invoices"
SCHEDULER = "scheduler@acme.iam.gserviceaccount.com"
BUCKET = "invoices"


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """The doors and what lies behind them."""

    doors: list[RunningDoor]
    documents: FirestoreDocuments
    storage: ObjectServer
    issuer: OidcIssuer

    @property
    def door(self) -> RunningDoor:
        return self.doors[0]

    def token(self, **changed: object) -> str:
        """What Cloud Scheduler would send now, with some claims changed."""
        usual = {"audience": AUDIENCE, "email": SCHEDULER, "now": datetime.now(UTC)}
        return self.issuer.token(**(usual | changed))  # type: ignore[arg-type]

    @property
    def bucket(self) -> Objects:
        """The bucket, as the product opens it."""
        return open_objects(Bucket(BUCKET, endpoint=self.storage.url))

    def objects(self, tenant_id: str, *, suffix: str) -> dict[str, bytes]:
        """The tenant's invoice files by key."""
        return {
            key: entry.body
            for (bucket, key), entry in self.storage.entries.items()
            if bucket == BUCKET and key.startswith(f"invoices/{tenant_id}/") and key.endswith(suffix)
        }


@contextmanager
def cloud_doors(
    folder: Path,
    *,
    emulator: str,
    doors: int = 1,
    function: str = "generate_invoices",
    command: Callable[[int], Sequence[str]] | None = None,
    more: Mapping[str, str] | None = None,
) -> Iterator[Cloud]:
    """So many doors of a function over one empty database and one empty bucket; `more` are variables besides."""
    project = fresh_project()
    with ExitStack() as running:
        storage = running.enter_context(ObjectServer())
        issuer = running.enter_context(OidcIssuer())
        environ = {
            "FIRESTORE_EMULATOR_HOST": emulator,
            "GOOGLE_CLOUD_PROJECT": project,
            "BILLING_STORE": "firestore",
            "BILLING_OBJECTS": f"gs://{BUCKET}",
            "BILLING_OBJECTS_ENDPOINT": storage.url,
            "INTERNAL_API_KEY": KEY,
            "OIDC_AUDIENCE": AUDIENCE,
            "OIDC_SERVICE_ACCOUNTS": SCHEDULER,
            "OIDC_ISSUERS": issuer.url,
            "OIDC_CERTS_URL": issuer.certs_url,
        } | dict(more or {})
        yield Cloud(
            doors=[
                running.enter_context(running_door(environ, folder=folder, function=function, command=command))
                for _ in range(doors)
            ],
            documents=running.enter_context(closing(FirestoreDocuments(project))),
            storage=storage,
            issuer=issuer,
        )
