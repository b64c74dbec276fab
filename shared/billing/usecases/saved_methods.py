"""The customer at the gateway and its saved method, kept on our own customer, so that a charge needs no look-up."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from billing.domain.charging import is_answered
from billing.domain.customer import Customer
from billing.domain.errors import NotFound
from billing.domain.invoice import CollectionMethod, Invoice, SettlementStep
from billing.domain.invoice_payment import is_collectible
from billing.ports import (
    Checkout,
    Documents,
    EventAbout,
    Gateway,
    GatewayEvent,
    GatewayUnavailable,
    SavedMethod,
    WriteConflict,
)
from billing.store.audit import AuditLog
from billing.store.collection import Stored
from billing.store.customers import Customers
from billing.store.gateway_events import GatewayEvents
from billing.store.invoices import Invoices
from billing.usecases.again import again_while_others_write
from billing.usecases.call import Call
from billing.usecases.commit_name import commit_name


def customer_at_gateway(documents: Documents, gateway: Gateway, customer_id: str, *, call: Call) -> str:
    """The gateway's id of a customer, which is made there when it is first asked for, and anew where it was deleted.

    What was saved with a deleted one is forgotten with it. Raises NotFound, GatewayRefused, and GatewayUnavailable also
    while a charge of the deleted one has no answer: it is looked up first, among what was charged to that one.
    """
    customer = _customer(documents, customer_id, call=call).value
    gateway_id = gateway.save_customer(
        key=_key(customer_id, call=call),
        customer_id=customer_id,
        email=customer.party.email,
        name=customer.party.name,
        known=customer.gateway_id,
    )
    if gateway_id != customer.gateway_id:
        if customer.gateway_id:
            _require_answers(documents, gateway, customer_id, call=call)
            keep_saved_method(documents, customer_id, None, gateway_id=customer.gateway_id, call=call)
        _keep_id(documents, customer_id, gateway_id, call=call)
    return gateway_id


def found_at_gateway(documents: Documents, gateway: Gateway, customer: Customer, *, call: Call) -> Customer:
    """The customer with the id that it got at the gateway after the backup of restored books, if it did; that is kept.

    None is made. Raises GatewayUnavailable, GatewayRefused and WriteConflict.
    """
    if customer.gateway_id:
        return customer
    gateway_id = gateway.find_customer(key=_key(customer.id, call=call), email=customer.party.email)
    if gateway_id:
        _keep_id(documents, customer.id, gateway_id, call=call)
    return replace(customer, gateway_id=gateway_id)


def keep_saved_method(
    documents: Documents, customer_id: str, method: SavedMethod | None, *, gateway_id: str, call: Call
) -> bool:
    """Remember what a customer saved (None: it was removed); whether that is news. NotFound for an unknown customer."""
    return keep_method_of_now(documents, customer_id, lambda: method, gateway_id=gateway_id, call=call)


def keep_method_of_now(
    documents: Documents, customer_id: str, ask: Callable[[], SavedMethod | None], *, gateway_id: str, call: Call
) -> bool:
    """Remember what the gateway has for a customer, as `keep_saved_method` does.

    It is asked anew wherever somebody else wrote: what was heard before another's news may be older than that.
    """

    def fields() -> Mapping[str, str]:
        method = ask()
        return {
            "gateway_id": gateway_id,
            "payment_method_id": "" if method is None else method.id,
            "payment_method": "" if method is None else method.label,
        }

    return _keep(documents, customer_id, fields, event="customer.payment_method", shown="payment_method", call=call)


def keep_method_of_page(
    documents: Documents, gateway: Gateway, page: Checkout, *, customer_id: str, call: Call
) -> bool:
    """Make the method that was saved on a hosted page the one that is charged, once; whether that was done now.

    A page that somebody comes back to, or that is heard of late, takes back nothing that was saved since: not at the
    gateway either. Nor does one of a customer that was deleted there. Raises NotFound, GatewayUnavailable and
    GatewayRefused.
    """
    known = GatewayEvents.of(documents, call.tenant_id)
    customer = _customer(documents, customer_id, call=call).value
    if page.method is None or customer.gateway_id not in ("", page.customer) or known.was_applied(page.id):
        return False
    now = gateway.saved_method(page.customer)
    if now is None or not _is_later(now, page.method):
        now = gateway.save_method(page.customer, method=page.method.id, key=f"{call.tenant_id}/{page.id}/method")
    keep_saved_method(documents, customer_id, now, gateway_id=page.customer, call=call)
    saved = GatewayEvent(id=page.id, type="method_saved", about=EventAbout.CHECKOUT, subject=page.id)
    try:
        documents.commit([known.creation(saved, outcome="booked", applied_at=call.recorded_at)])
    except WriteConflict:  # two heard of it at once
        return False
    return True


def _is_later(one: SavedMethod, other: SavedMethod) -> bool:
    return one.made_at is not None and other.made_at is not None and one.made_at > other.made_at


def _require_answers(documents: Documents, gateway: Gateway, customer_id: str, *, call: Call) -> None:
    invoices = Invoices.of(documents, call.tenant_id)
    unpaid, closed = invoices.unpaid_of_customer(customer_id), invoices.unsettled_of_customer(customer_id)
    for each in (*unpaid, *closed):
        if _awaits_answer(each):
            raise GatewayUnavailable(gateway.name, reason=f"the charge of {each.number} has no answer yet")


def _awaits_answer(invoice: Invoice) -> bool:
    """Whether a charge may have been made that nobody knows the end of, be it that its process died over it.

    One of a closed invoice that is not asked about any more was given up: the gateway never got it.
    """
    is_asked = SettlementStep.COLLECT in invoice.pending
    if not invoice.attempts:
        return is_asked and invoice.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY
    return not is_answered(invoice.attempts[-1]) and (is_asked or is_collectible(invoice))


def _keep_id(documents: Documents, customer_id: str, gateway_id: str, *, call: Call) -> None:
    fields = {"gateway_id": gateway_id}
    _keep(documents, customer_id, lambda: fields, event="customer.at_gateway", shown="gateway_id", call=call)


def _key(customer_id: str, *, call: Call) -> str:
    return f"{call.tenant_id}/{customer_id}"


def _keep(
    documents: Documents, customer_id: str, ask: Callable[[], Mapping[str, str]], *, event: str, shown: str, call: Call
) -> bool:
    customers, audit = Customers.of(documents, call.tenant_id), AuditLog.of(documents, call.tenant_id)

    def kept() -> bool:
        customer = _customer(documents, customer_id, call=call)  # before what is written to it is asked for
        fields = ask()
        before = {name: getattr(customer.value, name) for name in fields}
        if before == fields:
            return False
        record = call.record(f"customers/{customer_id}", event, before=before[shown], after=fields[shown])
        batch_id = commit_name("customer", customer_id, customer.version)
        told = audit.batch([record], batch_id=batch_id, recorded_at=call.recorded_at)
        documents.commit([customers.at_gateway(customer, fields), told])
        return True

    return again_while_others_write(kept)


def _customer(documents: Documents, customer_id: str, *, call: Call) -> Stored[Customer]:
    [customer] = Customers.of(documents, call.tenant_id).get([customer_id])
    if customer is None:
        raise NotFound("customer", customer_id)
    return customer
