"""What tests of bank statements share: books with three open invoices, statements, and what became of both."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from billing.domain.bank import BankEntry, EntryKind, Statement, StatementFormat
from billing.domain.invoice import BankDetails, InvoiceStatus
from billing.domain.reconciliation import Outcome, Part, ReconciliationReport, Settles
from billing.ports import Documents
from billing.store.payments import Payments
from billing.usecases.call import Call
from billing.usecases.reconcile import ReconcileOptions, reconcile
from tests.builders import a_fee, a_party, a_plan, a_tenant
from tests.world import World

IBAN = "DE89370400440532013000"
ACCOUNT = BankDetails(account_holder="Acme", iban=IBAN)
MARCH = date(2026, 3, 3)
BOTH = "INV-2026-02-0001 INV-2026-01-0001"
PAID, ISSUED = (InvoiceStatus.PAID, 0), (InvoiceStatus.ISSUED, 4900)


def invoices_of_49() -> World:
    """Invoices of 49.00: acme's of January and February, other's of February (INV-2026-02-0002)."""
    world = World(tenant=a_tenant(bank=ACCOUNT))
    plan = world.plan(a_plan(fees=[a_fee("49.00")]))
    world.customer("acme", party=a_party(name="Lumen Health GmbH"))
    world.customer("other", party=a_party(name="Nimbus Media Inc."))
    world.subscribes("acme", to=plan, on="2026-01-01")
    world.subscribes("other", to=plan, on="2026-02-01")
    world.travels_to("2026-03-01")
    world.runs_billing()
    assert world.numbers() == ["INV-2026-01-0001", "INV-2026-02-0001", "INV-2026-02-0002"]
    return world


def a_credit(remittance: str = "", amount: int = 4900, **changes: Any) -> BankEntry:  # noqa: ANN401 - any field
    entry = BankEntry(
        kind=EntryKind.CREDIT,
        amount=amount,
        currency="USD",
        booked_on=MARCH,
        valued_on=MARCH,
        remittance=remittance,
    )
    return replace(entry, **changes)


def a_statement(*entries: BankEntry, **changes: Any) -> Statement:  # noqa: ANN401
    statement = Statement(format=StatementFormat.CAMT053, account=IBAN, number="3", currency="USD", entries=entries)
    return replace(statement, **changes)


def call(world: World) -> Call:
    return Call(tenant_id=world.tenant.id, actor="kenji", recorded_at=world.now)


def imports(
    world: World,
    *statements: Statement | BankEntry,
    through: Documents | None = None,
    **options: Any,  # noqa: ANN401
) -> ReconciliationReport:
    entries = [each for each in statements if isinstance(each, BankEntry)]
    given = [each for each in statements if isinstance(each, Statement)] + ([a_statement(*entries)] if entries else [])
    return reconcile(through or world.documents, given, call=call(world), options=ReconcileOptions(**options))


def kinds(report: ReconciliationReport) -> list[type[Outcome]]:
    return [type(each) for each in report.outcomes]


def only(report: ReconciliationReport) -> Any:  # noqa: ANN401 - whichever outcome it was
    [outcome] = report.outcomes
    return outcome


def state(world: World) -> dict[str, tuple[InvoiceStatus, int]]:
    return {each.number: (each.status, each.amount_due) for each in world.invoices()}


def payments(world: World) -> Sequence[Any]:
    return [*Payments.of(world.documents, world.tenant.id).all()]


def a_part(world: World, number: str, amount: int, settles: Settles) -> Part:
    [invoice_id] = [each.id for each in world.invoices() if each.number == number]
    return Part(invoice_id=invoice_id, number=number, amount=amount, settles=settles)
