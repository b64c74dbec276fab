"""`billing payments show`: one payment, what it paid, what went back, and who did what."""

from collections.abc import Mapping, Sequence

from rich.markup import escape
from rich.table import Table

from billing.cli.directory import open_place
from billing.cli.payments import invoice_numbers, payment_json
from billing.cli.place import Place
from billing.cli.run_json import invoice_amount
from billing.cli.screen import Json, answers, columns, write_json
from billing.domain.audit import AuditRecord
from billing.domain.errors import NotFound
from billing.domain.figures import amount
from billing.domain.payment import Payment, Refund
from billing.domain.period import local_date
from billing.domain.tenant import Tenant
from billing.ports import Documents
from billing.store.audit import AuditLog
from billing.store.ids import checked_id
from billing.store.payments import Payments


def show_one(payment_id: str, *, place: Place) -> None:
    """Print one payment; NotFound where there is none."""
    engine, tenant = open_place(place)
    payment = the_payment(engine.documents, payment_id, tenant_id=tenant.id)
    numbers = invoice_numbers(engine.documents, [payment], tenant_id=tenant.id)
    history = AuditLog.of(engine.documents, tenant.id).about(f"payments/{payment.id}")
    if place.as_json:
        write_json(_json(payment, numbers=numbers, history=history))
    else:
        _print(payment, numbers=numbers, history=history, tenant=tenant)


def the_payment(documents: Documents, payment_id: str, *, tenant_id: str) -> Payment:
    """The payment with that id, or with that id at the gateway, or NotFound."""
    payments = Payments.of(documents, tenant_id)
    [found] = payments.get([checked_id("payment", payment_id)])
    found = found or payments.of_gateway(payment_id)
    if found is None:
        raise NotFound("payment", payment_id)
    return found.value


def _print(payment: Payment, *, numbers: Mapping[str, str], history: Sequence[AuditRecord], tenant: Tenant) -> None:
    console = answers()
    console.print(f"[bold]{escape(payment.id)}[/]  {payment.status.value}", soft_wrap=True)
    console.print()
    console.print(_facts(payment, numbers=numbers, tenant=tenant))
    console.print()
    table = columns("dim", "", "", "")
    for each in history:
        table.add_row(f"{each.at:%Y-%m-%d %H:%M} UTC", escape(each.actor), each.event, escape(each.reason))
    console.print(table)


def _facts(payment: Payment, *, numbers: Mapping[str, str], tenant: Tenant) -> Table:
    table = columns("dim", "")
    table.add_row("Amount", f"{amount(payment.amount, payment.currency)} {payment.currency}")
    table.add_row("Received", str(local_date(payment.received_at, zone=tenant.zone)))
    table.add_row("Source", payment.source.value)
    table.add_row("Customer", escape(payment.customer_id))
    for name in ("method", "reference", "gateway_id", "note"):
        if text := getattr(payment, name):
            table.add_row(name.removesuffix("_id").capitalize(), escape(text))
    for part in payment.applications:
        number = numbers.get(part.invoice_id) or part.invoice_id
        table.add_row("Pays", f"{escape(number)}  {amount(part.amount, payment.currency)}")
    if payment.to_balance:
        table.add_row("To balance", amount(payment.to_balance, payment.currency))
    for refund in payment.refunds:
        number = numbers.get(refund.invoice_id) or refund.invoice_id or "the balance"
        given = f"{amount(refund.amount, payment.currency)} of {number} to the {refund.target.value}"
        table.add_row("Refund", escape(f"{given}, {refund.state.value}  {refund.reason}".rstrip()))
    return table


def _json(payment: Payment, *, numbers: Mapping[str, str], history: Sequence[AuditRecord]) -> Json:
    return {
        **payment_json(payment, numbers=numbers),
        "refunds": [refund_json(each, currency=payment.currency) for each in payment.refunds],
        "history": [
            {
                "at": each.at.isoformat(),
                "actor": each.actor,
                "event": each.event,
                "before": each.before,
                "after": each.after,
                "reason": each.reason,
            }
            for each in history
        ],
    }


def refund_json(refund: Refund, *, currency: str) -> Json:
    """A refund as JSON says it."""
    return {
        "id": refund.id,
        "amount": invoice_amount(refund.amount, currency),
        "refund_to": refund.target.value,
        "state": refund.state.value,
        "invoice_id": refund.invoice_id,
        "refunded_at": refund.refunded_at.isoformat(),
        "reason": refund.reason,
        "gateway_id": refund.gateway_id,
    }
