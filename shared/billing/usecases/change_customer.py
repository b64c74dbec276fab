"""Change a customer's particulars: invoices to come are addressed and taxed by them, those that stand stay."""

from collections.abc import Callable
from dataclasses import fields

from billing.domain.customer import Customer
from billing.domain.customer_taxation import taxed_where_it_is
from billing.domain.errors import NotFound
from billing.domain.invoice import Party
from billing.ports import Documents
from billing.store.audit import AuditLog
from billing.store.collection import Stored
from billing.store.customers import Customers
from billing.usecases.again import again_while_others_write
from billing.usecases.call import Call
from billing.usecases.commit_name import commit_name


def change_customer(
    documents: Documents, customer_id: str, change: Callable[[Stored[Customer]], Customer], *, call: Call
) -> Customer:
    """Write what `change` makes of a customer's party, taxation, locale, collection, reference, zone and preferences.

    Written over exactly what it was made of, with one audit record that names what differs; what changes nothing writes
    nothing. Another address or taxation is made one with the other. Raises NotFound, whatever `change` raises,
    InvalidInput for taxation that contradicts itself, and WriteConflict where somebody is quicker time and again.
    """
    return again_while_others_write(lambda: _change(documents, customer_id, change, call=call))


def _change(
    documents: Documents, customer_id: str, change: Callable[[Stored[Customer]], Customer], *, call: Call
) -> Customer:
    customers = Customers.of(documents, call.tenant_id)
    [stored] = customers.get([customer_id])
    if stored is None:
        raise NotFound("customer", customer_id)
    after = change(stored)
    if (after.party, after.tax) != (stored.value.party, stored.value.tax):
        after = taxed_where_it_is(after)
    if after != stored.value:
        record = call.record(f"customers/{customer_id}", "customer.changed", after=_differing(stored.value, after))
        batch = commit_name("change-customer", customer_id, stored.version)
        audit = AuditLog.of(documents, call.tenant_id).batch([record], batch_id=batch, recorded_at=call.recorded_at)
        documents.commit([customers.particulars_changed(stored, after), audit])
    return after


def _differing(before: Customer, after: Customer) -> str:
    """The names of what differs, without the values: the log is kept for ever, and addresses are not."""
    own = [each.name for each in fields(Customer) if each.name != "party"]
    named = [name for name in own if getattr(before, name) != getattr(after, name)]
    party = [each.name for each in fields(Party) if getattr(before.party, each.name) != getattr(after.party, each.name)]
    return ", ".join([*(f"party.{name}" for name in party), *named])
