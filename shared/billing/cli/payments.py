"""`billing payments list`: what came in, and what it comes to."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rich.markup import escape

from billing.cli.directory import open_place
from billing.cli.place import Place
from billing.cli.run_json import invoice_amount
from billing.cli.screen import Json, answers, columns, write_json
from billing.domain.errors import InvalidInput
from billing.domain.figures import amount
from billing.domain.payment import Payment, PaymentSource
from billing.domain.payment_totals import PaymentTotals, payment_totals
from billing.domain.period import local_date
from billing.domain.tenant import Tenant
from billing.ports import Documents
from billing.store.ids import checked_id
from billing.store.invoices import Invoices
from billing.store.payments import Payments

_PAGE = 200
_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFilter:
    """Which payments to list; None leaves a condition out. `month` (yyyy-mm) is in the tenant's days."""

    customer_id: str | None
    invoice: str | None
    month: str | None
    source: PaymentSource | None
    limit: int

    def __post_init__(self) -> None:
        """Refuse what is no month."""
        if self.month is not None and not _MONTH.fullmatch(self.month):
            raise InvalidInput("--month", expected="a month such as 2026-02", given=self.month)

    def takes(self, payment: Payment, *, zone: str) -> bool:
        """Whether a payment is wanted."""
        received_on = local_date(payment.received_at, zone=zone)
        return (
            self.customer_id in (None, payment.customer_id)
            and self.source in (None, payment.source)
            and self.month in (None, f"{received_on:%Y-%m}")
        )


def show_list(wanted: PaymentFilter, *, place: Place) -> None:
    """Print the latest payments that are wanted, and the totals of all of them."""
    engine, tenant = open_place(place)
    candidates = _candidates(engine.documents, wanted, tenant=tenant)
    found = sorted(
        (each for each in candidates if wanted.takes(each, zone=tenant.zone)),
        key=lambda each: (each.received_at, each.id),
        reverse=True,
    )
    shown, more = found[: wanted.limit], len(found) > wanted.limit
    numbers, totals = invoice_numbers(engine.documents, shown, tenant_id=tenant.id), payment_totals(found)
    if place.as_json:
        rows = [payment_json(each, numbers=numbers) for each in shown]
        sums = [_totals_json(each) for each in totals]
        write_json({"tenant_id": tenant.id, "payments": rows, "more": more, "totals": sums})
    else:
        _print_list(shown, numbers=numbers, tenant=tenant)
        _print_totals(totals, more=more)


def invoice_numbers(documents: Documents, payments: Iterable[Payment], *, tenant_id: str) -> dict[str, str]:
    """The number of each invoice that these payments paid, by its id."""
    ids = sorted({part.invoice_id for each in payments for part in each.applications})
    return {each.value.id: each.value.number for each in Invoices.of(documents, tenant_id).get(ids) if each is not None}


def payment_json(payment: Payment, *, numbers: Mapping[str, str]) -> Json:
    """A payment as JSON says it, amounts in major units."""
    currency = payment.currency
    return {
        "id": payment.id,
        "customer_id": payment.customer_id,
        "source": payment.source.value,
        "status": payment.status.value,
        "received_at": payment.received_at.isoformat(),
        "currency": currency,
        "amount": invoice_amount(payment.amount, currency),
        "applications": [
            {
                "invoice_id": part.invoice_id,
                "number": numbers.get(part.invoice_id, ""),
                "amount": invoice_amount(part.amount, currency),
            }
            for part in payment.applications
        ],
        "to_balance": invoice_amount(payment.to_balance, currency),
        "refunded": invoice_amount(payment.refunded, currency),
        "method": payment.method,
        "reference": payment.reference,
        "gateway_id": payment.gateway_id,
        "note": payment.note,
    }


def _candidates(documents: Documents, wanted: PaymentFilter, *, tenant: Tenant) -> Iterable[Payment]:
    """The fewest that a query finds; NotFound for an unknown invoice."""
    payments = Payments.of(documents, tenant.id)
    if wanted.invoice is not None:
        invoice = Invoices.of(documents, tenant.id).named(wanted.invoice).value
        return [each.value for each in payments.of_invoice(invoice.id)]
    if wanted.customer_id is not None:
        return [each.value for each in payments.of_customer(checked_id("--customer", wanted.customer_id))]
    return payments.all()


def _print_list(payments: Sequence[Payment], *, numbers: Mapping[str, str], tenant: Tenant) -> None:
    console = answers()
    if not payments:
        console.print("No payments.")
        return
    table = columns("", "bold", "", "", "", "dim", right=(3,))
    table.add_row("Received", "Payment", "Customer", "Amount", "Pays", "Status", style="dim")
    for each in payments:
        pays = [numbers.get(part.invoice_id) or part.invoice_id for part in each.applications]
        pays += ["balance"] if each.to_balance else []
        table.add_row(
            str(local_date(each.received_at, zone=tenant.zone)),
            escape(each.id),
            escape(each.customer_id),
            f"{amount(each.amount, each.currency)} {each.currency}",
            escape(", ".join(pays)),
            each.status.value,
        )
    console.print(table)


def _print_totals(totals: Sequence[PaymentTotals], *, more: bool) -> None:
    console = answers()
    if more:
        console.print("There are more; see --limit. The totals are of all.", style="dim")
    if not totals:
        return
    table = columns("", "", "", "", "", "bold", "", right=(0, 1, 2, 3, 4, 5))
    console.print()
    table.add_row("Payments", "Received", "From balance", "Refunded", "Reversed", "Kept", style="dim")
    for each in totals:
        sums = (each.received, each.from_balance, each.refunded, each.reversed, each.kept)
        table.add_row(str(each.payments), *(amount(sum_, each.currency) for sum_ in sums), each.currency)
    console.print(table)


def _totals_json(totals: PaymentTotals) -> Json:
    sums = ("received", "from_balance", "refunded", "reversed", "kept")
    in_major_units = {name: invoice_amount(getattr(totals, name), totals.currency) for name in sums}
    return {"currency": totals.currency, "payments": totals.payments, **in_major_units}
