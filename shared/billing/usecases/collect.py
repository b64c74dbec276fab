"""The collect step: charge an issued invoice once, whatever happened to the tries before (semantics 8).

Straight after its issue nothing can have happened yet, and the attempt's key alone keeps a repeat from charging twice.
Found by a sweep, the attempt is looked up before anything else, the invoice is read again, and a hosted page that was
left open is closed: if it was paid meanwhile, that is the payment.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime

from billing.domain.attempt import AttemptStatus, PaymentAttempt
from billing.domain.charging import attempt_of, is_answered, under_way, with_attempt
from billing.domain.customer import Customer
from billing.domain.errors import NotFound
from billing.domain.invoice import CollectionMethod, Invoice
from billing.domain.invoice_payment import is_collectible
from billing.domain.open_ends import call_may_run, is_asked_again, is_unheard
from billing.domain.payment import gateway_payment_id
from billing.ports import CheckoutStatus, Documents, Gateway, NotAtGateway
from billing.store.audit import AuditLog
from billing.store.collection import Stored
from billing.store.invoices import Invoices
from billing.store.payments import Payments
from billing.usecases.call import Call
from billing.usecases.charge_result import ChargeResult, Till, customer_of
from billing.usecases.close_other_ways import close_other_ways
from billing.usecases.follow_payment import follow_payment
from billing.usecases.paid_before import book_paid_before

_FIRST = 1
_WAITING = frozenset({AttemptStatus.PENDING, AttemptStatus.REQUIRES_ACTION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Collecting:
    """What charges one tenant's customers: the gateway is made when it is first needed.

    `looks_first` is as of that gateway: the books may not know of all that it took.
    """

    documents: Documents
    gateway: Callable[[], Gateway]
    tenant_id: str
    looks_first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCharge:
    """An invoice as it stands now, and what its charge came to; None where nothing was due.

    `is_under_way` where it is closed, and the end of what may still pay it is to be asked for again.
    """

    invoice: Stored[Invoice]
    result: ChargeResult | None
    is_under_way: bool = False


def charge_at_issue(collecting: Collecting, invoice: Stored[Invoice], *, customer: Customer, call: Call) -> FoundCharge:
    """Charge an invoice that this process has just issued, unless restored books issue it again and it was paid.

    Raises GatewayRefused where our request itself is wrong, GatewayUnavailable where it can't be found out.
    """
    till = _till(collecting, invoice.value, customer=customer, at=call.recorded_at)
    if (booked := book_paid_before(collecting.documents, till, call=call)) is not None:
        return FoundCharge(invoice=_read_again(collecting, invoice), result=booked)
    return FoundCharge(invoice=invoice, result=till.charge())


def charge_found(collecting: Collecting, invoice: Stored[Invoice], *, call: Call) -> FoundCharge:
    """Finish the first charge of an invoice that was left waiting for it, or make it if nobody did.

    One that is closed is charged no more: what could still pay it is closed too, or asked about to its end. Nor is one
    that is owed again since its payment was taken back, if its customer is sent it or it was charged more than once.
    Raises GatewayUnavailable and GatewayRefused where that can't be found out, NotFound for a customer that is gone.
    """
    customer = customer_of(collecting.documents, invoice.value, tenant_id=collecting.tenant_id)
    till = _to_look_up(_till(collecting, invoice.value, customer=customer, at=call.recorded_at))
    attempt = attempt_of(invoice.value, till.number)
    is_known = attempt is not None and is_answered(attempt)
    if not is_known and (booked := book_paid_before(collecting.documents, till, call=call)) is not None:
        now = _read_again(collecting, invoice)
        is_under_way = _is_under_way(collecting, now.value, booked, call=call)
        return FoundCharge(invoice=now, result=booked, is_under_way=is_under_way)
    found = None if is_known else _looked_up(till)
    now = _read_again(collecting, invoice)
    if not is_collectible(now.value):
        return _closed(collecting, now, found, call=call)
    is_first = till.number == _FIRST and now.value.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY
    if found is not None or is_known or not is_first:
        return FoundCharge(invoice=now, result=found)
    till = replace(till, invoice=now.value)
    return FoundCharge(invoice=now, result=paid_on_hosted_page(till) or till.charge())


def paid_without_charge(
    collecting: Collecting, invoice: Stored[Invoice], *, customer: Customer | None, call: Call
) -> FoundCharge:
    """Of an invoice that is not to be charged, now or at all, what its books do not know of; nothing is charged.

    That is what became of a charge that is under way, as the event that tells may be lost, and in restored books what
    was paid. Raises what `charge_found` raises.
    """
    if (waiting := under_way(invoice.value)) is not None:
        return _followed(collecting, invoice, waiting, call=call)
    if not collecting.looks_first or not is_collectible(invoice.value):
        return FoundCharge(invoice=invoice, result=None)
    customer = customer or customer_of(collecting.documents, invoice.value, tenant_id=collecting.tenant_id)
    till = _till(collecting, invoice.value, customer=customer, at=call.recorded_at)
    booked = book_paid_before(collecting.documents, till, call=call)
    return FoundCharge(invoice=invoice if booked is None else _read_again(collecting, invoice), result=booked)


def _followed(collecting: Collecting, invoice: Stored[Invoice], waiting: PaymentAttempt, *, call: Call) -> FoundCharge:
    """What became of a charge that is under way; no result where it is still."""
    gateway = collecting.gateway()
    follow_payment(collecting.documents, gateway, waiting.payment_id, call=call)
    now = _read_again(collecting, invoice)
    attempt = attempt_of(now.value, waiting.number)
    if attempt == waiting:
        return FoundCharge(invoice=now, result=None)
    name = gateway_payment_id(gateway.name, waiting.payment_id)
    booked = Payments.of(collecting.documents, collecting.tenant_id).get([name])
    return FoundCharge(
        invoice=now, result=ChargeResult(attempt=attempt, booked=tuple(each.value for each in booked if each))
    )


def _to_look_up(till: Till) -> Till:
    """The last attempt, or the first where none is written down yet."""
    return replace(till, number=till.invoice.attempts[-1].number) if till.invoice.attempts else till


def _looked_up(till: Till) -> ChargeResult | None:
    """As `finished`; a closed invoice does not wait for an account that the tenant had before."""
    try:
        return finished(till)
    except NotAtGateway:
        if is_collectible(till.invoice):
            raise
        return None


def _closed(collecting: Collecting, invoice: Stored[Invoice], found: ChargeResult | None, *, call: Call) -> FoundCharge:
    """A closed invoice once what could still pay it is closed too; what came all the same is booked."""
    gateway, attempts = collecting.gateway(), invoice.value.attempts
    on_page = close_other_ways(collecting.documents, gateway, invoice.value.id, paid_by="", call=call)
    waiting = [invoice.value.page_payment_id, *(each.payment_id for each in attempts if each.status in _WAITING)]
    gone = set[str]()
    for payment_id in filter(None, waiting):
        try:
            follow_payment(collecting.documents, gateway, payment_id, call=call)
        except NotAtGateway:
            gone.add(payment_id)
    names = [gateway_payment_id(gateway.name, each) for each in dict.fromkeys([*waiting, on_page]) if each]
    booked = tuple(each.value for each in Payments.of(collecting.documents, collecting.tenant_id).get(names) if each)
    result = replace(found or ChargeResult(), booked=booked) if booked else found
    now = _read_again(collecting, invoice)
    is_under_way = _is_under_way(collecting, now.value, result, call=call, gone=gone)
    return FoundCharge(invoice=now, result=result, is_under_way=is_under_way)


def _is_under_way(
    collecting: Collecting, invoice: Invoice, result: ChargeResult | None, *, call: Call, gone: Collection[str] = ()
) -> bool:
    """Whether the end of a payment of a closed invoice is still to be heard of, with what was found out just now.

    A charge that the gateway does not know may reach it yet, as long as a call can be running that found it owed.
    """
    found = None if result is None else result.attempt
    known = invoice if found is None else with_attempt(invoice, found, at=call.recorded_at)
    if is_asked_again(known, gone=gone):
        return True
    return is_unheard(known) and call_may_run(_changed_at(collecting, known), at=call.recorded_at)


def _changed_at(collecting: Collecting, invoice: Invoice) -> datetime:
    """When the invoice was last changed: it was not closed after that."""
    records = AuditLog.of(collecting.documents, collecting.tenant_id).about(f"invoices/{invoice.id}")
    return max((each.at for each in records), default=invoice.issued_at)


def finished(till: Till) -> ChargeResult | None:
    """What the gateway knows of the attempt, as it was begun: that amount and method; None where it never got it."""
    if not till.customer.gateway_id or (outcome := till.gateway.find_charge(till.order)) is None:
        return None
    result, begun = till.result(outcome), attempt_of(till.invoice, till.number)
    if begun is None or result.attempt is None:
        return result
    attempt = replace(result.attempt, amount=begun.amount, method=begun.method, method_id=begun.method_id)
    return replace(result, attempt=replace(attempt, source=begun.source))


def paid_on_hosted_page(till: Till) -> ChargeResult | None:
    """What was paid on a hosted page of the invoice, if it was; the one that is open is closed."""
    if till.invoice.page_payment_id and (found := till.hosted(till.gateway.payment(till.invoice.page_payment_id))):
        return found
    if not till.invoice.checkout_id:
        return None
    checkout = till.gateway.expire_checkout(till.invoice.checkout_id)
    if checkout.status is not CheckoutStatus.COMPLETE or not checkout.payment_id:
        return None
    return till.hosted(till.gateway.payment(checkout.payment_id))


def _till(collecting: Collecting, invoice: Invoice, *, customer: Customer, at: datetime) -> Till:
    return Till(
        gateway=collecting.gateway(),
        tenant_id=collecting.tenant_id,
        invoice=invoice,
        customer=customer,
        number=_FIRST,
        at=at,
    )


def _read_again(collecting: Collecting, invoice: Stored[Invoice]) -> Stored[Invoice]:
    [now] = Invoices.of(collecting.documents, collecting.tenant_id).get([invoice.value.id])
    if now is None:
        raise NotFound("invoice", invoice.value.id)
    return now
