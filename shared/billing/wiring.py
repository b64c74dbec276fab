"""Builds the adapters that the settings name and binds them to the use cases; imports only what is used."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import assert_never

from billing.adapters.counting import CountingDocuments, CountingObjects
from billing.config import (
    PAYMENT_LINK_KEY,
    Bucket,
    FirestoreDatabase,
    Folder,
    ObjectPlace,
    SecretProject,
    SecretSource,
    SecretVariables,
    Settings,
    SqliteFile,
    Store,
)
from billing.domain.invoice import Invoice
from billing.domain.payment_link import payment_url
from billing.domain.run_report import RunReport
from billing.domain.tenant import Tenant
from billing.ports import Clock, Documents, Objects, OperationCounts, Secrets
from billing.store.indexes import INDEXES
from billing.store.tenants import Tenants
from billing.usecases.generate_invoices import RunOptions, generate_invoices
from billing.usecases.run_context import RunRequest
from billing.usecases.settle_invoices import Settlement, settle_invoices, sweep

LOCAL_STORE = "billing.sqlite3"
LOCAL_OBJECTS = "objects"


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """The product with its outside parts connected. Safe to keep between requests and to share between threads.

    `work_ahead` says that the documents are across a network, which is worth a second thread.
    """

    documents: CountingDocuments
    objects: CountingObjects
    secrets: Secrets
    payment_link_base: str | None
    work_ahead: bool = False

    @property
    def operations(self) -> OperationCounts:
        """What was asked of the stores so far."""
        return self.documents.counts + self.objects.counts

    def generate_invoices(
        self,
        request: RunRequest,
        *,
        out_of_time: Callable[[], bool] = lambda: False,
        progress: Callable[[int], None] = lambda _invoices: None,
        on_invoice: Callable[[Invoice], None] = lambda _invoice: None,
    ) -> RunReport:
        """Bill one tenant and settle its invoices, those that an earlier run left unsettled included.

        `progress` hears of each page, `on_invoice` of each invoice as it is issued, in a dry run too.
        """
        settlement = self._settlement(Tenants(self.documents).get(request.tenant_id))
        options = RunOptions(
            payment_url=self._payment_links(request.tenant_id),
            settle=partial(settle_invoices, settlement),
            out_of_time=out_of_time,
            progress=progress,
            on_invoice=on_invoice,
            work_ahead=self.work_ahead,
        )
        report = generate_invoices(self.documents, request, options)
        if not request.dry_run:
            report.add_settled(sweep(settlement, out_of_time=out_of_time))
        return report

    def _settlement(self, tenant: Tenant) -> Settlement:
        return Settlement(
            documents=self.documents, objects=self.objects, tenant_id=tenant.id, render=partial(_render, tenant)
        )

    def _payment_links(self, tenant_id: str) -> Callable[[str], str]:
        keys = self.secrets.get(PAYMENT_LINK_KEY)
        base = self.payment_link_base
        if not keys or base is None:
            return lambda _invoice_id: ""
        return lambda invoice_id: payment_url(base, key=keys[0], tenant_id=tenant_id, invoice_id=invoice_id)


def connect(settings: Settings, *, clock: Clock) -> Engine:
    """Connect to everything that the settings name."""
    return Engine(
        documents=CountingDocuments(open_documents(settings.store)),
        objects=CountingObjects(open_objects(settings.objects)),
        secrets=open_secrets(settings.secrets, clock=clock),
        payment_link_base=settings.payment_link_base,
        work_ahead=isinstance(settings.store, FirestoreDatabase),
    )


def local_engine(directory: Path, *, payment_link_base: str, store: Store | None = None) -> Engine:
    """Everything below one directory, which is made if need be: documents (or `store`), objects, the pay links' key."""
    from billing.adapters.environment_secrets import EnvironmentSecrets

    key = local_key(directory)
    return Engine(
        documents=CountingDocuments(open_documents(store or SqliteFile(directory / LOCAL_STORE))),
        objects=CountingObjects(open_objects(Folder(directory / LOCAL_OBJECTS))),
        secrets=EnvironmentSecrets({PAYMENT_LINK_KEY: key}),
        payment_link_base=payment_link_base,
        work_ahead=isinstance(store, FirestoreDatabase),
    )


def local_key(directory: Path) -> str:
    """The key of the directory's payment links, made with its first use."""
    from billing.adapters.kept_key import kept_key

    return kept_key(directory / "keys" / "payment-link")


def open_documents(store: Store) -> Documents:
    """The document store: one SQLite file, or Firestore."""
    match store:
        case SqliteFile(path):
            from billing.adapters.sqlite import SqliteDocuments

            return SqliteDocuments(path, indexes=INDEXES)
        case FirestoreDatabase(project, database):
            from billing.adapters.firestore import FirestoreDocuments

            return FirestoreDocuments(project, database=database)
        case _:
            assert_never(store)


def open_objects(place: ObjectPlace) -> Objects:
    """The object store: a folder, or a Cloud Storage bucket."""
    from billing.adapters.objects import ObstoreObjects

    match place:
        case Folder(path):
            return ObstoreObjects.folder(path)
        case Bucket(name, endpoint):
            return ObstoreObjects.bucket(name, endpoint=endpoint)
        case _:
            assert_never(place)


def open_secrets(source: SecretSource, *, clock: Clock) -> Secrets:
    """Where secrets come from: the environment, or Secret Manager."""
    match source:
        case SecretVariables(variables):
            from billing.adapters.environment_secrets import EnvironmentSecrets

            return EnvironmentSecrets(variables)
        case SecretProject(project):
            from billing.adapters.secret_manager import SecretManagerSecrets

            return SecretManagerSecrets(project, clock=clock)
        case _:
            assert_never(source)


def _render(tenant: Tenant, invoices: Sequence[Invoice]) -> Iterable[bytes]:
    from billing.render.invoice_pdf import Branding, render_invoice

    branding = Branding(accent=tenant.accent_colour) if tenant.accent_colour else Branding()
    return (render_invoice(invoice, branding=branding) for invoice in invoices)
