"""Give a suspended customer its service back by hand: after a write-off, or as somebody decides so (semantics 9)."""

from billing.domain.customer import Customer
from billing.domain.errors import InvalidInput, NotFound
from billing.domain.event import EventType, event_of
from billing.domain.suspension import restored
from billing.ports import Documents
from billing.store.audit import AuditLog
from billing.store.customers import Customers
from billing.usecases.again import again_while_others_write
from billing.usecases.call import Call
from billing.usecases.commit_name import commit_name
from billing.usecases.tell import told
from billing.usecases.version_check import VersionCheck, any_version


def give_service_back(
    documents: Documents, customer_id: str, *, note: str, call: Call, seen: VersionCheck = any_version
) -> Customer:
    """The customer with its service back, from the call on; one that is not suspended stays as it is.

    What it owes is chased as before, and does not suspend it a second time. Raises NotFound, InvalidInput for an empty
    note, and whatever `seen` raises of the customer's version.
    """
    if not note.strip():
        raise InvalidInput("note", expected="why the service is given back", given=note)
    return again_while_others_write(
        lambda: _given_back(documents, customer_id, note=note.strip(), call=call, seen=seen)
    )


def _given_back(documents: Documents, customer_id: str, *, note: str, call: Call, seen: VersionCheck) -> Customer:
    customers = Customers.of(documents, call.tenant_id)
    [customer] = customers.get([customer_id])
    if customer is None:
        raise NotFound("customer", customer_id)
    seen(customer.version)
    if customer.value.suspended_at is None:
        return customer.value
    entity = f"customers/{customer_id}"
    event = event_of(
        EventType.CUSTOMER_RESTORED,
        subject=entity,
        occurred_at=call.recorded_at,
        fields={"invoices": (), "by_hand": True},
    )
    record = call.record(entity, "customer.restored", before="suspended", after="active", reason=note)
    name = commit_name("restored", customer_id, customer.version)
    documents.commit(
        [
            customers.restored(customer, at=call.recorded_at),
            *told(documents, [event], call=call),
            AuditLog.of(documents, call.tenant_id).batch([record], batch_id=name, recorded_at=call.recorded_at),
        ]
    )
    return restored(customer.value, at=call.recorded_at)
