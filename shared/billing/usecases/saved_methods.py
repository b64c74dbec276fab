"""The customer at the gateway and its saved method, kept on our own customer, so that a charge needs no look-up."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from billing.domain.customer import Customer
from billing.domain.errors import NotFound
from billing.ports import Documents, Gateway, SavedMethod, WriteConflict
from billing.store.audit import AuditLog
from billing.store.collection import Stored
from billing.store.customers import Customers
from billing.usecases.call import Call
from billing.usecases.commit_name import commit_name

_ATTEMPTS = 8


def customer_at_gateway(documents: Documents, gateway: Gateway, customer_id: str, *, call: Call) -> str:
    """The gateway's id of a customer, which is made there when it is first asked for. NotFound, GatewayUnavailable."""
    customer = _customer(documents, customer_id, call=call).value
    gateway_id = gateway.save_customer(
        key=_key(customer_id, call=call),
        customer_id=customer_id,
        email=customer.party.email,
        name=customer.party.name,
        known=customer.gateway_id,
    )
    if gateway_id != customer.gateway_id:
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


def _keep_id(documents: Documents, customer_id: str, gateway_id: str, *, call: Call) -> None:
    fields = {"gateway_id": gateway_id}
    _keep(documents, customer_id, lambda: fields, event="customer.at_gateway", shown="gateway_id", call=call)


def _key(customer_id: str, *, call: Call) -> str:
    return f"{call.tenant_id}/{customer_id}"


def _keep(
    documents: Documents, customer_id: str, ask: Callable[[], Mapping[str, str]], *, event: str, shown: str, call: Call
) -> bool:
    customers, audit = Customers.of(documents, call.tenant_id), AuditLog.of(documents, call.tenant_id)
    for attempt in range(1, _ATTEMPTS + 1):
        customer = _customer(documents, customer_id, call=call)  # before what is written to it is asked for
        fields = ask()
        before = {name: getattr(customer.value, name) for name in fields}
        if before == fields:
            return False
        record = call.record(f"customers/{customer_id}", event, before=before[shown], after=fields[shown])
        batch_id = commit_name("customer", customer_id, customer.version)
        try:
            documents.commit(
                [
                    customers.at_gateway(customer, fields),
                    audit.batch([record], batch_id=batch_id, recorded_at=call.recorded_at),
                ]
            )
        except WriteConflict:
            if attempt == _ATTEMPTS:
                raise
            continue
        return True
    raise AssertionError  # the last attempt returned or raised


def _customer(documents: Documents, customer_id: str, *, call: Call) -> Stored[Customer]:
    [customer] = Customers.of(documents, call.tenant_id).get([customer_id])
    if customer is None:
        raise NotFound("customer", customer_id)
    return customer
