"""`billing payments refund` and `reverse`: money that goes back."""

from dataclasses import dataclass

from rich.markup import escape

from billing.cli.confirmation import confirm
from billing.cli.directory import open_call
from billing.cli.errors import DONE, HAD_FAILURES, Refused
from billing.cli.local_gateway import LocalStripe, taking_cards
from billing.cli.payment_bookings import minor_units
from billing.cli.payment_page import refund_json, the_payment
from billing.cli.payments import invoice_numbers, payment_json
from billing.cli.place import Place
from billing.cli.screen import answers, write_json
from billing.domain.figures import amount
from billing.domain.payment import Payment, PaymentStatus, Refund, RefundState, RefundTarget
from billing.domain.payment_ids import require_own_refund_id
from billing.domain.tenant import Tenant
from billing.domain.typed_id import typed_id
from billing.engine import Engine
from billing.store.ids import checked_id
from billing.store.invoices import Invoices
from billing.usecases.refund_payment import RefundRequest, refund_payment
from billing.usecases.reverse_payment import reverse_payment


@dataclass(frozen=True, slots=True)
class GivenRefund:
    """A refund as it was typed, in the order of the command's options."""

    payment: str
    amount: str
    target: RefundTarget
    invoice: str | None
    from_balance: bool
    reason: str
    own_id: str | None


def run_refund(given: GivenRefund, *, yes: bool, stripe: LocalStripe, place: Place) -> int:
    """Refund and print what became of it; the exit code, 1 where the money did not go."""
    engine, tenant, call = open_call(place)
    payment = the_payment(engine.documents, given.payment, tenant_id=tenant.id)
    request = _request(engine, given, payment, tenant=tenant)
    known = any(each.id == request.id for each in payment.refunds)
    money = f"{amount(request.amount, payment.currency)} {payment.currency}"
    way = "to the credit balance" if given.target is RefundTarget.BALANCE else "the way it came"
    confirm(f"Give back {money} of {payment.id}, {way}?", yes=yes)
    if given.target is RefundTarget.BALANCE:
        after = refund_payment(engine.documents, request, gateway=None, call=call)
    else:
        with taking_cards(engine, tenant=tenant, directory=place.directory, stripe=stripe) as charging:
            after = refund_payment(engine.documents, request, gateway=charging.gateway(tenant), call=call)
    [refund] = [each for each in after.refunds if each.id == request.id]
    if place.as_json:
        refunded = payment_json(after, numbers=invoice_numbers(engine.documents, [after], tenant_id=tenant.id))
        write_json({"known": known, "refund": refund_json(refund, currency=after.currency), "payment": refunded})
    else:
        answers().print(escape(_said(refund, money=money, known=known)), soft_wrap=True)
    return HAD_FAILURES if refund.state is RefundState.FAILED else DONE


def run_reverse(payment_id: str, *, reason: str, yes: bool, place: Place) -> None:
    """Undo a payment and print which invoices are owed again."""
    engine, tenant, call = open_call(place)
    before = the_payment(engine.documents, payment_id, tenant_id=tenant.id)
    numbers = invoice_numbers(engine.documents, [before], tenant_id=tenant.id)
    confirm(f"Reverse {before.id}? What it paid is owed again; it can't be taken back.", yes=yes)
    after = reverse_payment(engine.documents, before.id, reason=reason, call=call)
    if place.as_json:
        known = before.status is PaymentStatus.REVERSED
        write_json({"known": known, "payment": payment_json(after, numbers=numbers)})
    else:
        _print_reversed(before, numbers=numbers)


def _request(engine: Engine, given: GivenRefund, payment: Payment, *, tenant: Tenant) -> RefundRequest:
    """The id is made of what is given back: a repeat, with another reason too, is the same refund."""
    invoice_id = _part(engine, given, payment, tenant=tenant)
    minor = minor_units(given.amount, currency=payment.currency)
    if given.own_id is not None:
        require_own_refund_id(checked_id("--id", given.own_id), payment, field="--id")
    return RefundRequest(
        id=given.own_id or typed_id(payment.id, invoice_id, minor, given.target.value),
        payment_id=payment.id,
        amount=minor,
        target=given.target,
        invoice_id=invoice_id,
        reason=given.reason,
    )


def _part(engine: Engine, given: GivenRefund, payment: Payment, *, tenant: Tenant) -> str:
    """The invoice whose part is given back, "" for the balance's; Refused where it can't be told."""
    if given.from_balance and given.invoice is not None:
        message = "either --invoice or --from-balance"
        raise Refused(message)
    if given.from_balance:
        return ""
    if given.invoice is not None:
        return Invoices.of(engine.documents, tenant.id).named(given.invoice).value.id
    parts = [each.invoice_id for each in payment.applications] + ([""] if payment.to_balance else [])
    if len(parts) > 1:
        numbers = invoice_numbers(engine.documents, [payment], tenant_id=tenant.id)
        ways = [f"--invoice {numbers.get(each) or each}" if each else "--from-balance" for each in parts]
        message = f"which part of {payment.id}? {', or '.join(ways)}"
        raise Refused(message)
    return parts[0]


def _said(refund: Refund, *, money: str, known: bool) -> str:
    """What became of a refund, as a sentence."""
    if refund.state is RefundState.FAILED:
        why = "it was refused, or as much went back at the gateway since"
        return f"{money} could not be given back ({refund.id}): {why}; the invoice stands as before."
    if refund.state is RefundState.ASKED:
        return f"{money} are on their way ({refund.id}), and not there yet; the same line again asks what became of it."
    if known:
        return f"Given back before as {refund.id}; nothing changed. Another one like it needs an --id."
    way = "to the credit balance" if refund.target is RefundTarget.BALANCE else "the way it came"
    return f"Gave back {money} {way} ({refund.id})."


def _print_reversed(before: Payment, *, numbers: dict[str, str]) -> None:
    console = answers()
    if before.status is PaymentStatus.REVERSED:
        console.print(f"{escape(before.id)} was reversed before; nothing changed.", soft_wrap=True)
        return
    console.print(f"Reversed {escape(before.id)}.", soft_wrap=True)
    for part in before.parts_to_take:
        money = f"{amount(part.amount, before.currency)} {before.currency}"
        where = f"owed again on {numbers.get(part.invoice_id) or part.invoice_id}"
        console.print(f"  {money} {where if part.invoice_id else 'taken off the credit balance'}", soft_wrap=True)
