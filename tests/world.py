"""A small world to bill in: a seller, its customers and a clock that a test moves.

    world.subscribes("acme", to=world.plan(a_plan(fees=[a_fee("49.00")])), on="2024-01-31")
    world.travels_to("2024-03-01")
    world.runs_billing()
    assert [each.total for each in world.invoices("acme")] == [4900]

Instants are text in UTC. The store is SQLite in memory unless a test brings another; a query without a declared index
fails, and so does a commit of the product that tells the audit log nothing.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from billing.adapters.sqlite import SqliteDocuments
from billing.domain.catalog import Plan
from billing.domain.credit import CreditNote
from billing.domain.customer import Customer
from billing.domain.errors import NotFound
from billing.domain.invoice import Invoice
from billing.domain.rollup import UsageRollup, Used, month_of, with_usage
from billing.domain.run_report import RunReport
from billing.domain.subscription import Subscription
from billing.domain.tax import TaxTable
from billing.domain.tenant import Tenant
from billing.domain.usage import UsageEvent, bucket_of
from billing.ports import (
    Document,
    Documents,
    Fields,
    Gateway,
    Mailer,
    ObjectExists,
    Objects,
    Put,
    Query,
    StoredObject,
    Update,
)
from billing.store.codec import decode
from billing.store.collection import Stored
from billing.store.customers import Customers
from billing.store.indexes import INDEXES
from billing.store.invoices import decode_invoice
from billing.store.plans import PlanVersions
from billing.store.subscriptions import Subscriptions
from billing.store.tenants import Tenants
from billing.store.usage import UsageRollups
from billing.usecases.collect import Collecting
from billing.usecases.deliver import Compose, Mailing
from billing.usecases.file_document import Files
from billing.usecases.generate_invoices import RunOptions, generate_invoices
from billing.usecases.run_context import RunRequest
from billing.usecases.settle_credit_notes import NumberedCredit
from billing.usecases.settle_invoices import Render, Settlement, settle_invoices, sweep
from tests.audited_documents import AuditedDocuments
from tests.builders import a_customer, a_subscription, a_tenant, utc
from tests.covered_documents import CoveredDocuments

COLLECTIONS = (
    "customers",
    "plans",
    "coupons",
    "subscriptions",
    "usage",
    "invoices",
    "credit_notes",
    "reviews",
    "payments",
    "bank_transactions",
    "counters",
    "audit",
    "audit_seals",
    "runs",
    "settings",
)


class ObjectsInMemory:
    """The Objects port in a dictionary."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {}

    def put_new(self, key: str, body: bytes, *, content_type: str) -> StoredObject:
        created = key not in self.bodies
        if self.bodies.setdefault(key, body) != body:
            raise ObjectExists(key)
        return StoredObject(key=key, size=len(body), sha256="", created=created)

    def get(self, key: str) -> bytes:
        if key not in self.bodies:
            raise NotFound("object", key)
        return self.bodies[key]

    def exists(self, key: str) -> bool:
        return key in self.bodies

    def delete(self, key: str) -> None:
        self.bodies.pop(key, None)


def plain_pdfs(invoices: Sequence[Invoice]) -> Iterable[Files]:
    """Stands for the drawing of PDFs where a test is not about them."""
    return (
        {"pdf": f"%PDF {invoice.number} {invoice.total} {invoice.status} {invoice.amount_paid}".encode()}
        for invoice in invoices
    )


def plain_credit_notes(credit_notes: Sequence[NumberedCredit]) -> Iterable[Files]:
    """The same for credit notes."""
    return (
        {"pdf": f"%PDF {each.credit_note.number} {each.credit_note.total} of {each.invoice_number}".encode()}
        for each in credit_notes
    )


def sqlite_in_memory() -> SqliteDocuments:
    """An empty store."""
    return SqliteDocuments(":memory:", indexes=INDEXES)


@dataclass(kw_only=True)
class World:
    """One tenant's book. Every verb changes the store as the product itself would."""

    documents: Documents = field(default_factory=sqlite_in_memory)
    objects: Objects = field(default_factory=ObjectsInMemory)
    tenant: Tenant = field(default_factory=a_tenant)
    taxes: TaxTable = field(default_factory=lambda: TaxTable(rates=()))
    now: datetime = field(default_factory=lambda: utc("2026-01-01"))
    plans: dict[str, Plan] = field(default_factory=dict)
    runs: int = 0
    gateway: Gateway | None = None
    mailer: Mailer | None = None
    compose: Compose | None = None

    def __post_init__(self) -> None:
        self.documents = AuditedDocuments(CoveredDocuments(self.documents))
        tenants = Tenants(self.documents)
        self.documents.commit([tenants.saving(self.tenant), tenants.saving_taxes(self.tenant.id, self.taxes)])

    # what stands before the first run

    def plan(self, plan: Plan) -> Plan:
        """Publish a plan version."""
        self.plans[plan.ref] = plan
        self.documents.commit([PlanVersions.of(self.documents, self.tenant.id).publication(plan)])
        return plan

    def customer(self, customer_id: str, **changes: Any) -> Customer:  # noqa: ANN401 - any field of the dataclass
        """Register a customer."""
        customer = a_customer(id=customer_id, **changes)
        self.documents.commit([Customers.of(self.documents, self.tenant.id).creation(customer)])
        return customer

    def subscribes(
        self,
        customer_id: str,
        *,
        to: Plan,
        on: str,
        until: str | None = None,
        named: str | None = None,
        zone: str = "UTC",
        shard: int = 0,
    ) -> Subscription:
        """Subscribe a customer (a new one if need be) to a plan; `named` is its id, else sub-CUSTOMER."""
        if self.stored(f"customers/{customer_id}") is None:
            self.customer(customer_id)
        subscription = replace(
            a_subscription(to, start=on, end=until, zone=zone),
            id=named or f"sub-{customer_id}",
            customer_id=customer_id,
            shard=shard,
        )
        self.documents.commit(
            [
                Subscriptions.of(self.documents, self.tenant.id).creation(subscription),
                Customers.of(self.documents, self.tenant.id).subscriptions_added(customer_id, 1),
            ]
        )
        return subscription

    def book(self, size: int, *, to: Plan, on: str, until: str | None = None, shards: int = 1) -> list[str]:
        """That many customers, c0000 and so on, each with a subscription; the subscriptions' ids."""
        customers = Customers.of(self.documents, self.tenant.id)
        subscriptions = Subscriptions.of(self.documents, self.tenant.id)
        pattern, ids = a_subscription(to, start=on, end=until), []
        for start in range(0, size, 200):
            writes: list[Any] = []
            for number in range(start, min(start + 200, size)):
                name = f"c{number:04}"
                customer = a_customer(id=name, active_subscriptions=1)
                subscription = replace(pattern, id=f"sub-{name}", customer_id=name, shard=number % shards)
                writes += [customers.creation(customer), subscriptions.creation(subscription)]
                ids.append(subscription.id)
            self.documents.commit(writes)
        return ids

    def copies(self, other: "World") -> None:
        """Take over everything that another world holds."""
        documents = [(path, fields) for path, (fields, _) in other.everything().items()]
        for start in range(0, len(documents), 400):
            self.documents.commit([Put(path, fields) for path, fields in documents[start : start + 400]])

    # what happens

    def travels_to(self, instant: str) -> None:
        """Move the clock."""
        self.now = utc(instant)

    def uses(self, subscription_id: str, meter: str, quantity: str, *, on: str) -> None:
        """Record usage: into the open buckets, or the late part where that time is closed."""
        subscription = self.subscription(subscription_id)
        at = utc(on)
        plan = self.plans[subscription.phase_at(at).plan]
        aggregation = next(charge.aggregation for charge in plan.metered if charge.meter == meter)
        rollups = UsageRollups.of(self.documents, self.tenant.id)
        empty = UsageRollup(
            subscription_id=subscription_id,
            meter=meter,
            month=month_of(at, zone=subscription.zone),
            aggregation=aggregation,
        )
        read = rollups.get([empty.id])[0]
        event = UsageEvent(
            id=f"{meter}-{on}", subscription_id=subscription_id, meter=meter, occurred_at=at, quantity=Decimal(quantity)
        )
        used = Used(occurred_at=at, bucket=bucket_of(aggregation, event))
        after = with_usage(empty if read is None else read.value, used, subscription=subscription)
        self.documents.commit([rollups.saving(after, read=read)])

    def runs_billing(
        self,
        *,
        through: Documents | None = None,
        dry_run: bool = False,
        limit: int | None = None,
        out_of_time: Callable[[], bool] = lambda: False,
        render: Render = plain_pdfs,
        sweeps: bool = True,
        objects: Objects | None = None,
        work_ahead: bool = False,
    ) -> RunReport:
        """One billing run as of now with settlement, through another view of the store if one is given."""
        documents = through or self.documents
        self.runs += 1
        settlement = self.settlement(documents=documents, render=render, objects=objects)
        report = generate_invoices(
            documents,
            self.request(dry_run=dry_run, limit=limit),
            RunOptions(
                settle=partial(settle_invoices, settlement),
                out_of_time=out_of_time,
                payment_url=lambda invoice_id: f"https://pay.example/{invoice_id}",
                work_ahead=work_ahead,
            ),
        )
        if sweeps and not dry_run:
            report.add_settled(sweep(settlement, out_of_time=lambda: False))
        return report

    def request(self, *, dry_run: bool = False, limit: int | None = None) -> RunRequest:
        """What the next run is asked."""
        return RunRequest(
            tenant_id=self.tenant.id,
            as_of=self.now,
            recorded_at=self.now,
            run_id=f"run-{self.runs:04}",
            actor="scheduler",
            dry_run=dry_run,
            limit=limit,
        )

    def settlement(
        self, *, documents: Documents | None = None, render: Render = plain_pdfs, objects: Objects | None = None
    ) -> Settlement:
        """How this world's invoices are settled."""
        return Settlement(
            documents=documents or self.documents,
            objects=objects or self.objects,
            tenant_id=self.tenant.id,
            render=render,
            render_credit_notes=plain_credit_notes,
            now=lambda: self.now,
            collecting=self._collecting(documents or self.documents),
            mailing=self._mailing(),
            has_listener=bool(self.tenant.event_url),
        )

    def _collecting(self, documents: Documents) -> Collecting | None:
        gateway = self.gateway
        if gateway is None:
            return None
        return Collecting(
            documents=documents, gateway=lambda: gateway, tenant_id=self.tenant.id, looks_first=gateway.looks_first
        )

    def _mailing(self) -> Mailing | None:
        if self.mailer is None or self.compose is None:
            return None
        return Mailing(mailer=self.mailer, compose=self.compose, tenant=self.tenant)

    # somebody works behind the program's back

    def damages(self, path: str, fields: Fields) -> Fields:
        """Overwrite fields of a document below the tenant; what stood there, to repair it with."""
        document = self.stored(path)
        assert document is not None, path
        self.documents.commit([Update(document.path, fields)])
        return {name: document.fields[name] for name in fields}

    # what can be seen

    def stored(self, path: str) -> Document | None:
        """A document below the tenant."""
        return self.documents.get_many([f"tenants/{self.tenant.id}/{path}"])[0]

    def collection(self, name: str) -> list[Document]:
        """A whole collection of the tenant, by id."""
        return self.documents.query(Query(f"tenants/{self.tenant.id}/{name}"))

    def everything(self) -> dict[str, tuple[Fields, str]]:
        """Each document of the tenant with its version."""
        own = self.documents.get_many([f"tenants/{self.tenant.id}"])
        found = [*own, *(each for name in COLLECTIONS for each in self.collection(name))]
        return {each.path: (each.fields, each.version) for each in found if each is not None}

    def stored_invoices(self) -> list[Stored[Invoice]]:
        """Every invoice as it stands, in the order of numbers."""
        return sorted(map(decode_invoice, self.collection("invoices")), key=lambda each: each.value.number)

    def invoices(self, customer_id: str | None = None) -> list[Invoice]:
        """The invoices of a customer, or all, in the order of numbers."""
        return [each.value for each in self.stored_invoices() if customer_id in (None, each.value.customer_id)]

    def revenue(self, month: str) -> int:
        """What was invoiced for a month without tax, as reports find it: drafts and void invoices stand in none."""
        found = [each.fields for each in self.collection("invoices") if each.fields["month"] == month]
        return sum(int(str(each["subtotal"])) for each in found)

    def numbers(self) -> list[str]:
        """Every invoice number, sorted."""
        return [each.number for each in self.invoices()]

    def credit_notes(self) -> list[CreditNote]:
        """Every credit note by id."""
        return [decode(each.fields, CreditNote) for each in self.collection("credit_notes")]

    def subscription(self, subscription_id: str) -> Subscription:
        """A subscription as it stands."""
        found = Subscriptions.of(self.documents, self.tenant.id).get([subscription_id])[0]
        assert found is not None, subscription_id
        return found.value

    def rollup(self, rollup_id: str) -> UsageRollup:
        """A roll-up as it stands."""
        found = UsageRollups.of(self.documents, self.tenant.id).get([rollup_id])[0]
        assert found is not None, rollup_id
        return found.value
