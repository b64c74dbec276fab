"""Give a customer its service back once nothing is unpaid any more that it was suspended for (semantics 9)."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from billing.domain.dunning_case import restored
from billing.domain.event import Event, EventType, event_of
from billing.domain.invoice import Invoice
from billing.ports import Documents, Write
from billing.store.audit import AuditLog
from billing.store.collection import Stored
from billing.store.customers import Customers
from billing.store.dunning_cases import DunningCases
from billing.usecases.again import again_while_others_write
from billing.usecases.call import Call
from billing.usecases.commit_name import commit_name
from billing.usecases.tell import told


def restore_services(documents: Documents, invoices: Iterable[Invoice], *, call: Call) -> tuple[str, ...]:
    """Restore the services that waited for these invoices: the ids of the customers whose service is back.

    Nothing is read where none of them suspended anything. A customer with another case that suspended the service
    gets it back with that one. Doing it again changes nothing. Raises WriteConflict where others write time and again.
    """
    waiting = {each.customer_id for each in invoices if each.dunning is not None and each.dunning.awaits_restoring}
    return tuple(each for each in sorted(waiting) if again_while_others_write(lambda: _restored(documents, each, call)))  # noqa: B023


def _restored(documents: Documents, customer_id: str, call: Call) -> bool:
    customers, cases = Customers.of(documents, call.tenant_id), DunningCases.of(documents, call.tenant_id)
    [customer] = customers.get([customer_id])
    theirs = cases.of_customer(customer_id)
    over = [each for each in theirs if each.value.dunning is not None and each.value.dunning.awaits_restoring]
    if not over:
        return False
    is_back = (
        customer is not None and customer.value.suspended_at is not None and not any(_suspends(each) for each in theirs)
    )
    writes: list[Write] = [cases.changed(each, _restored_case(each.value, call)) for each in over]
    entity, state = f"invoices/{over[0].value.id}", "waits for another invoice"
    if customer is not None and is_back:
        entity, state = f"customers/{customer_id}", "active"
        writes.append(customers.restored(customer, at=call.recorded_at))
        writes += told(documents, [_event(customer_id, over, call=call)], call=call)
    record = call.record(entity, "customer.restored", before="suspended", after=state, reason=_numbers(over))
    batch_id = commit_name("restored", over[0].value.id, over[0].version)
    writes.append(
        AuditLog.of(documents, call.tenant_id).batch([record], batch_id=batch_id, recorded_at=call.recorded_at)
    )
    documents.commit(writes)
    return is_back


def _suspends(invoice: Stored[Invoice]) -> bool:
    case = invoice.value.dunning
    return case is not None and not case.state.is_over and case.suspended_at is not None


def _restored_case(invoice: Invoice, call: Call) -> Invoice:
    assert invoice.dunning is not None  # noqa: S101 - only such invoices come here
    return replace(invoice, dunning=restored(invoice.dunning, at=call.recorded_at))


def _event(customer_id: str, over: Sequence[Stored[Invoice]], *, call: Call) -> Event:
    return event_of(
        EventType.CUSTOMER_RESTORED,
        subject=f"customers/{customer_id}",
        occurred_at=call.recorded_at,
        fields={"invoices": tuple(each.value.number for each in over)},
    )


def _numbers(invoices: Iterable[Stored[Invoice]]) -> str:
    return ", ".join(each.value.number for each in invoices)
