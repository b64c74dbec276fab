"""The customer at the gateway and its saved method, kept on our own customer, so that a charge needs no look-up."""

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
        _keep(documents, customer_id, {"gateway_id": gateway_id}, event="customer.at_gateway", call=call)
    return gateway_id


def found_at_gateway(documents: Documents, gateway: Gateway, customer: Customer, *, call: Call) -> Customer:
    """The customer with the id that it got at the gateway after the backup of restored books, if it did; that is kept.

    None is made. Raises GatewayUnavailable, GatewayRefused and WriteConflict.
    """
    if customer.gateway_id:
        return customer
    gateway_id = gateway.find_customer(key=_key(customer.id, call=call), email=customer.party.email)
    if gateway_id:
        _keep(documents, customer.id, {"gateway_id": gateway_id}, event="customer.at_gateway", call=call)
    return replace(customer, gateway_id=gateway_id)


def keep_saved_method(
    documents: Documents, customer_id: str, method: SavedMethod | None, *, gateway_id: str, call: Call
) -> bool:
    """Remember what a customer saved (None: it was removed); whether that is news. NotFound for an unknown customer."""
    fields = {
        "gateway_id": gateway_id,
        "payment_method_id": "" if method is None else method.id,
        "payment_method": "" if method is None else method.label,
    }
    return _keep(documents, customer_id, fields, event="customer.payment_method", call=call)


def _key(customer_id: str, *, call: Call) -> str:
    return f"{call.tenant_id}/{customer_id}"


def _keep(documents: Documents, customer_id: str, fields: dict[str, str], *, event: str, call: Call) -> bool:
    customers, audit = Customers.of(documents, call.tenant_id), AuditLog.of(documents, call.tenant_id)
    for attempt in range(1, _ATTEMPTS + 1):
        customer = _customer(documents, customer_id, call=call)
        before = {name: getattr(customer.value, name) for name in fields}
        if before == fields:
            return False
        shown = "payment_method" if "payment_method" in fields else "gateway_id"
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
