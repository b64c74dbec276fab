"""`billing payments record`: money that came in past the gateway and past the bank statements, booked by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from rich.markup import escape

from billing.cli.directory import instant_of, open_call
from billing.cli.errors import DONE, HAD_FAILURES, Refused
from billing.cli.local_gateway import LocalStripe, taking_cards
from billing.cli.payments import payment_json
from billing.cli.place import Place
from billing.cli.reconcile import other_ways
from billing.cli.run_json import invoice_amount
from billing.cli.screen import Json, answers, complaints, write_json
from billing.domain.currency import exponent
from billing.domain.errors import InvalidInput, NotFound
from billing.domain.figures import amount
from billing.domain.invoice import Invoice
from billing.domain.money import parse_decimal, to_minor
from billing.domain.payment import PaymentSource, require_received
from billing.domain.payment_ids import require_own_payment_id
from billing.domain.tenant import Tenant
from billing.domain.typed_id import typed_id
from billing.ports import Documents
from billing.store.customers import Customers
from billing.store.ids import checked_id
from billing.store.invoices import Invoices
from billing.usecases.record_payment import NewPayment, Recorded, record_payment

_BY_HAND = (PaymentSource.BANK_TRANSFER, PaymentSource.MANUAL)


@dataclass(frozen=True, slots=True)
class GivenPayment:
    """A payment as it was typed, in the order of the command's options."""

    amount: str
    received_on: str
    invoices: tuple[str, ...]
    customer_id: str
    currency: str | None
    source: PaymentSource
    reference: str
    note: str
    own_id: str | None


def run_record(given: GivenPayment, *, stripe: LocalStripe, place: Place) -> int:
    """Book the payment and print what it paid; the exit code, 1 where another way to pay could not be closed."""
    if given.source not in _BY_HAND:
        raise InvalidInput("--source", expected="bank_transfer or manual", given=given.source.value)
    if not given.invoices and not given.customer_id:
        message = "whose money is it? Name an --invoice or a --customer"
        raise Refused(message)
    engine, tenant, call = open_call(place)
    new = _new_payment(engine.documents, given, tenant=tenant)
    require_received(new.received_at, now=call.recorded_at, field="--received-on")
    recorded = record_payment(engine.documents, new, call=call)
    failures: list[str] = []
    if any(each.checkout_id or each.attempts for each in recorded.invoices):
        with taking_cards(engine, tenant=tenant, directory=place.directory, stripe=stripe) as charging:
            unclosed = other_ways(charging, tenant, call=call).close_all(recorded.invoices, paid_by=recorded.payment.id)
        failures = [f"{each.number} may still be paid by card as well: {error}" for each, error in unclosed]
    if place.as_json:
        write_json(_json(recorded, failures=failures))
    else:
        _print(recorded, failures=failures)
    return HAD_FAILURES if failures else DONE


def minor_units(text: str, *, currency: str) -> int:
    """An amount above 0 as it was typed, in minor units; InvalidInput for one with more decimals than there are."""
    minor = to_minor(parse_decimal(text, field="--amount", min=Decimal(0), max_places=exponent(currency)), currency)
    if not minor:
        raise InvalidInput("--amount", expected="more than 0", given=text)
    return minor


def _new_payment(documents: Documents, given: GivenPayment, *, tenant: Tenant) -> NewPayment:
    invoices = [Invoices.of(documents, tenant.id).named(each).value for each in dict.fromkeys(given.invoices)]
    currency = given.currency or _currency(documents, given, invoices, tenant=tenant)
    received_at = instant_of(given.received_on, zone=tenant.zone, option="--received-on")
    minor = minor_units(given.amount, currency=currency)
    if given.own_id is not None:
        require_own_payment_id(checked_id("--id", given.own_id), field="--id")
    return NewPayment(
        id=given.own_id or _id(given, invoices, minor=minor, currency=currency, received_at=received_at),
        amount=minor,
        currency=currency,
        source=given.source,
        received_at=received_at,
        customer_id=given.customer_id,
        invoice_ids=tuple(each.id for each in invoices),
        reference=given.reference,
        note=given.note,
    )


def _currency(documents: Documents, given: GivenPayment, invoices: Sequence[Invoice], *, tenant: Tenant) -> str:
    if invoices:
        return invoices[0].currency
    [customer] = Customers.of(documents, tenant.id).get([checked_id("--customer", given.customer_id)])
    if customer is None:
        raise NotFound("customer", given.customer_id)
    return customer.value.currency


def _id(given: GivenPayment, invoices: Sequence[Invoice], *, minor: int, currency: str, received_at: datetime) -> str:
    """Made of what the payment is, not of how it was written: 49.0 and 49.00 are one."""
    whose = [each.id for each in invoices] or [given.customer_id]
    return typed_id(*whose, minor, currency, given.source.value, received_at.isoformat(), given.reference)


def _print(recorded: Recorded, *, failures: Sequence[str]) -> None:
    console, payment = answers(), recorded.payment
    money = f"{amount(payment.amount, payment.currency)} {payment.currency}"
    if recorded.known:
        console.print(f"Booked before as {escape(payment.id)}; nothing changed. Another one like it needs an --id.")
    else:
        console.print(f"Booked {escape(payment.id)}: {money} of {escape(payment.customer_id)}", soft_wrap=True)
    for each in recorded.invoices:
        due = f"{amount(each.amount_due, each.currency)} {each.currency} still due"
        console.print(f"  {escape(each.number)}  {each.status.value}{f', {due}' if each.amount_due > 0 else ''}")
    if payment.to_balance:
        console.print(f"  {amount(payment.to_balance, payment.currency)} {payment.currency} to the credit balance")
    for failure in failures:
        complaints().print(failure, style="red", markup=False)


def _json(recorded: Recorded, *, failures: Sequence[str]) -> Json:
    numbers = {each.id: each.number for each in recorded.invoices}
    return {
        "known": recorded.known,
        "payment": payment_json(recorded.payment, numbers=numbers),
        "invoices": [
            {
                "id": each.id,
                "number": each.number,
                "status": each.status.value,
                "amount_due": invoice_amount(each.amount_due, each.currency),
            }
            for each in recorded.invoices
        ],
        "errors": list(failures),
    }
