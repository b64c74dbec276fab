"""Write what became of a page of invoices in one commit: steps taken off, attempts, payments booked, audit records.

Where somebody else changed one meanwhile (a webhook that was quicker, another run), it is read again and the outcome is
written onto what it has become: a payment that is booked already is not booked twice, and one that comes for an invoice
paid or void by now becomes credit.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from billing.domain.errors import InvalidInput
from billing.domain.invoice import Invoice, SettlementStep
from billing.domain.invoice_payment import is_open
from billing.domain.payment_events import payment_events
from billing.domain.run_report import SettlementFailure
from billing.ports import Documents, Write, WriteConflict
from billing.store.audit import AuditLog
from billing.store.codec import BrokenDocument
from billing.store.customers import Customers
from billing.store.invoices import Invoices, decode_invoice
from billing.store.payments import Payments
from billing.usecases.call import Call
from billing.usecases.commit_name import commit_name
from billing.usecases.invoice_outcome import Outcome, Planned, planned
from billing.usecases.invoice_trace import invoice_trace
from billing.usecases.restore_at_once import restore_at_once
from billing.usecases.settle_documents import failure_of

_ATTEMPTS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """What was written, and what could not be: the steps of those are still on the invoices."""

    written: Sequence[Planned] = ()
    failures: Sequence[SettlementFailure] = ()

    def __add__(self, other: "Committed") -> "Committed":
        """Both together."""
        return Committed(written=[*self.written, *other.written], failures=[*self.failures, *other.failures])


def commit_outcomes(documents: Documents, outcomes: Sequence[Outcome], *, call: Call) -> Committed:
    """Write the outcomes of a page, together if they can be. StoreUnavailable is raised."""
    committed = _commit(documents, [(each, False) for each in outcomes], call=call)
    restore_at_once(documents, [each.after for each in committed.written], call=call)
    return committed


Known = tuple[Outcome, bool]
"""An outcome, and whether its payment is booked already."""


def _commit(documents: Documents, outcomes: Sequence[Known], *, call: Call, attempt: int = 1) -> Committed:
    plans = [planned(each, is_booked=is_booked, call=call) for each, is_booked in outcomes]
    plans = [each for each in plans if each.changes_anything]
    if not plans:
        return Committed()
    try:
        documents.commit(_writes(documents, plans, call=call))
    except (WriteConflict, InvalidInput) as error:
        if isinstance(error, WriteConflict) and attempt < _ATTEMPTS:
            left, unreadable = _read_again(documents, outcomes, call=call)
            return Committed(failures=unreadable) + _commit(documents, left, call=call, attempt=attempt + 1)
        if len(outcomes) == 1:
            return Committed(failures=[failure_of(outcomes[0][0].invoice.value.id, error)])
        middle = len(outcomes) // 2
        halves = (outcomes[:middle], outcomes[middle:])
        first, second = (_commit(documents, half, call=call, attempt=attempt) for half in halves)
        return first + second
    return Committed(written=plans)


def _writes(documents: Documents, plans: Sequence[Planned], *, call: Call) -> list[Write]:
    invoices, payments = Invoices.of(documents, call.tenant_id), Payments.of(documents, call.tenant_id)
    writes: list[Write] = []
    for each in plans:
        is_charged = each.after.attempts != each.before.value.attempts or each.payment is not None
        if is_charged:
            writes.append(invoices.collected(each.before, each.after))
        else:
            pending, attachments = each.after.pending, each.after.attachments
            writes.append(invoices.settled(each.before, pending=pending, attachments=attachments))
    booked = [each.payment for each in plans if each.payment is not None]
    writes += [payments.creation(each) for each in booked]
    over = Counter[str]()
    for payment in booked:
        over[payment.customer_id] += payment.to_balance
    customers = Customers.of(documents, call.tenant_id)
    writes += [customers.added(name, {"credit_balance": amount}) for name, amount in over.items() if amount]
    happened = (event for each in booked for event in payment_events(None, each, at=call.recorded_at))
    changes = [(each.before.value, each.after) for each in plans]
    trace = invoice_trace(documents, changes, call=call, beside=happened)
    writes += trace.writes
    if records := [*(record for each in plans for record in each.records), *trace.records]:
        audit = AuditLog.of(documents, call.tenant_id)
        first = plans[0].before  # this commit alone takes the place of the version that was read
        batch_id = commit_name("settlement", first.value.id, first.version)
        writes.append(audit.batch(records, batch_id=batch_id, recorded_at=call.recorded_at))
    return writes


def _read_again(
    documents: Documents, outcomes: Sequence[Known], *, call: Call
) -> tuple[list[Known], list[SettlementFailure]]:
    """The outcomes with their invoices as they stand now, and those whose invoices can't be read any more."""
    invoices, payments = Invoices.of(documents, call.tenant_id), Payments.of(documents, call.tenant_id)
    found = invoices.collection.get([each.invoice.value.id for each, _ in outcomes])
    wanted = [each.charge.payment.id for each, _ in outcomes if each.charge and each.charge.payment]
    booked = {each.value.id for each in payments.get(wanted) if each is not None}
    left: list[Known] = []
    failures: list[SettlementFailure] = []
    for (outcome, _), document in zip(outcomes, found, strict=True):
        if document is None:
            continue
        try:
            now = decode_invoice(document)
        except BrokenDocument as error:
            failures.append(failure_of(document.id, error))
            continue
        payment = outcome.charge.payment if outcome.charge else None
        still_done = outcome.done - {SettlementStep.DELIVER} if _was_paid_unsaid(outcome, now.value) else outcome.done
        left.append((replace(outcome, invoice=now, done=still_done), payment is not None and payment.id in booked))
    return left, failures


def _was_paid_unsaid(outcome: Outcome, now: Invoice) -> bool:
    """Whether somebody else settled it meanwhile, which the mail could not say: a receipt may be due."""
    is_ours = outcome.charge is not None and outcome.charge.payment is not None
    return not is_ours and is_open(outcome.invoice.value) and not is_open(now)
