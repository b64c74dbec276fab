"""The proxy in this process, served over HTTP on the loopback, with a sandbox as its Stripe; time moves by hand."""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from billing.adapters.counting import CountingDocuments
from billing.adapters.environment_secrets import EnvironmentSecrets
from billing.api.app import proxy_app
from billing.api.pay_engine import Door, DoorParts
from billing.config import EVENT_SECRET
from billing.domain.customer import Customer
from billing.domain.invoice import CollectionMethod, Invoice
from billing.domain.tenant import Tenant
from billing.engine import Engine
from billing.ports import Documents
from billing.sandbox.server import RunningSandbox, Webhook, running_sandbox
from billing.store.customers import Customers
from billing.store.payments import Payments
from billing.wiring import local_engine
from tests.builders import GERMAN_VAT, a_fee, a_party, a_plan, a_tenant, utc
from tests.functions.running_door import KEY, Answered
from tests.functions.served_app import START, Clock, Served, listening, serving
from tests.sandbox_client import StandingClock
from tests.world import World

LINK_KEY = "link-key-0123456789abcdef"
WEBHOOK_SECRET = "whsec_0123456789abcdef"
SIGNING_SECRET = f"whsec_{b64encode(bytes(32)).decode()}"
STRIPE_KEY = "sk_test_acme"


@dataclass(frozen=True, kw_only=True)
class Proxy(Served):
    """The proxy, its store and its sandbox; `runs` are the lines of what ran in its process."""

    engine: Engine
    world: World
    clock: Clock
    sandbox: RunningSandbox
    secrets: dict[str, str]
    runs: list[dict[str, Any]]

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def call(
        self, method: str, path: str, *, body: bytes | None = None, sent: Mapping[str, str] | None = None
    ) -> Answered:
        """Any request; an address of this proxy may be whole."""
        return self.request(method, path.removeprefix(self.base), body=body, headers=sent or {})

    def webhook(self, body: bytes, signature: str, *, tenant: str = "acme") -> Answered:
        """A webhook as Stripe would post it."""
        return self.call("POST", f"/webhooks/stripe/{tenant}", body=body, sent={"Stripe-Signature": signature})

    def get(self, path: str) -> Answered:
        return self.call("GET", path)

    def invoice(self, customer_id: str = "lumen") -> Invoice:
        """The customer's only invoice as it stands now."""
        [invoice] = self.world.invoices(customer_id)
        return invoice

    def link(self, customer_id: str = "lumen") -> str:
        """The path of that invoice's pay page."""
        return self.invoice(customer_id).payment_url.removeprefix(self.base)

    def customer(self, customer_id: str = "lumen") -> Customer:
        [stored] = Customers.of(self.world.documents, self.world.tenant.id).get([customer_id])
        assert stored is not None
        return stored.value

    def payments(self, customer_id: str = "lumen") -> list[Any]:
        found = Payments.of(self.world.documents, self.world.tenant.id).of_customer(customer_id)
        return sorted((each.value for each in found), key=lambda each: each.id)


@contextmanager
def running_proxy(
    folder: Path,
    *,
    tenant: Tenant | None = None,
    webhooks: bool = False,
    documents: Documents | None = None,
    run_deadline_seconds: int = 540,
) -> Iterator[Proxy]:
    """The proxy with one tenant `acme`, billed by hand (`owes`); with `webhooks` the sandbox tells it of events.

    The documents are a SQLite file's below the folder, unless others are given.
    """
    with listening() as listener:
        port = listener.getsockname()[1]
        base, clock, log = f"http://127.0.0.1:{port}", Clock(), list[dict[str, Any]]()
        secrets = {
            "PAYMENT_LINK_KEY": LINK_KEY,
            "STRIPE_API_KEY": STRIPE_KEY,
            "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
            "INTERNAL_API_KEY": KEY,
            EVENT_SECRET: SIGNING_SECRET,
        }
        told = Webhook(url=f"{base}/webhooks/stripe/acme", secret=WEBHOOK_SECRET) if webhooks else None
        with running_sandbox(clock=StandingClock(START), random=Random(1), webhook=told) as sandbox:
            engine = replace(
                _engine(folder, base=base, documents=documents),
                secrets=EnvironmentSecrets(secrets),
                clock=clock,
                stripe_base_url=sandbox.url,
            )
            seller = tenant or a_tenant(gateway="stripe", support_email="help@acme.test")
            world = World(documents=engine.documents, objects=engine.objects, tenant=seller, taxes=GERMAN_VAT)
            numbers = count(1)
            parts = DoorParts(engine=engine, max_body_bytes=64 * 1024, run_deadline_seconds=run_deadline_seconds)
            runs = list[dict[str, Any]]()
            door = Door(
                parts=lambda: parts,
                clock=clock,
                new_id=lambda: f"req-{next(numbers)}",
                log=lambda event, fields: runs.append({"event": event, **fields}),
            )
            app = proxy_app(door, log=lambda _event, fields: log.append(fields))
            with serving(app, listener):
                yield Proxy(
                    port=port,
                    engine=engine,
                    world=world,
                    clock=clock,
                    sandbox=sandbox,
                    secrets=secrets,
                    log=log,
                    runs=runs,
                )


def _engine(folder: Path, *, base: str, documents: Documents | None) -> Engine:
    engine = local_engine(folder, payment_link_base=base)
    if documents is None:
        return engine
    return replace(engine, documents=CountingDocuments(documents), work_ahead=True)


def owes(proxy: Proxy, customer_id: str = "lumen", **changes: Any) -> Invoice:  # noqa: ANN401 - fields of the customer
    """A customer with one invoice of 49.00 and 19 % VAT = 58.31 for February, drawn and linked as in production."""
    world = proxy.world
    options: dict[str, Any] = {
        "party": a_party(email="ap@lumen.test"),
        "collection_method": CollectionMethod.SEND_INVOICE,
        **changes,
    }
    plan = world.plans.get("monthly@1") or world.plan(a_plan(plan_id="monthly", fees=[a_fee("49.00")]))
    world.customer(customer_id, **options)
    world.subscribes(customer_id, to=plan, on="2026-02-01", until="2026-03-01")
    world.now = utc("2026-03-01")
    proxy.engine.generate_invoices(world.request())
    world.runs += 1
    return proxy.invoice(customer_id)
