"""Write what a dunning step came to, in one commit with its audit records and events, whoever paid meanwhile."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from billing.domain.customer import Customer
from billing.domain.dunning import Act, Rest, decide
from billing.domain.dunning_case import (
    Claim,
    DunningCase,
    StepOutcome,
    StepRecord,
    stepped,
    suspended,
    under_review,
    unpaused,
)
from billing.domain.dunning_policy import CaseState, DunningPolicy, DunningStep, StepTemplate
from billing.domain.dunning_report import DunningAction, DunningDetail
from billing.domain.dunning_retry import next_retry_on
from billing.domain.errors import NotFound
from billing.domain.event import EventType, event_of
from billing.domain.invoice import Invoice
from billing.ports import Write
from billing.store.audit import AuditLog
from billing.store.collection import Stored
from billing.usecases.again import again_while_others_write
from billing.usecases.commit_name import commit_name
from billing.usecases.dunning_run import DunningRun
from billing.usecases.invoice_trace import invoice_trace
from billing.usecases.tell import told

_NOTICES = {
    StepTemplate.REMINDER: DunningAction.REMINDER,
    StepTemplate.URGENT: DunningAction.URGENT_NOTICE,
    StepTemplate.FINAL: DunningAction.FINAL_NOTICE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDone:
    """What was done: the attempt's number (0: none) and what it took, the notice sent, what was not done and why."""

    act: Act
    policy: DunningPolicy
    claim: Claim
    attempt: int = 0
    charged: int = 0
    notice: str = ""
    note: str = ""


def finish_step(run: DunningRun, invoice_id: str, done: StepDone) -> DunningDetail | None:
    """Put the step behind the case. None where another run has taken the case over meanwhile."""
    return again_while_others_write(lambda: _finished(run, invoice_id, done))


def ahead_of(run: DunningRun, invoice: Invoice, done: StepDone) -> Invoice:
    """The invoice with the step behind it: what a notice says of the days to come is said from there."""
    case = invoice.dunning
    return invoice if case is None else replace(invoice, dunning=_after(run, invoice, case, done))


def detail_of(before: Invoice, after: Invoice, done: StepDone) -> DunningDetail:
    """A step as the run's report has it."""
    old, new = before.dunning, after.dunning
    return DunningDetail(
        invoice_id=after.id,
        number=after.number,
        customer_id=after.customer_id,
        action=_action(after, done),
        before=CaseState.ISSUED if old is None else old.state,
        after=CaseState.ISSUED if new is None else new.state,
        reminder_count=0 if new is None else len(new.reminded_on),
        currency=after.currency,
        amount_due=after.amount_due,
        day=None if done.act.step is None else done.act.step.day,
        notice=done.notice,
        charged=done.charged,
        passed_over=tuple(each.day for each in done.act.passed_over),
        note=done.note,
    )


def _finished(run: DunningRun, invoice_id: str, done: StepDone) -> DunningDetail | None:
    [stored] = run.invoices.get([invoice_id])
    if stored is None:
        raise NotFound("invoice", invoice_id)
    [customer] = run.customers.get([stored.value.customer_id])
    case = stored.value.dunning
    if customer is None:
        raise NotFound("customer", stored.value.customer_id)
    if case is None or case.claim != done.claim:
        return None
    after = _looked_at_next(
        run, replace(stored.value, dunning=_after(run, stored.value, case, done)), customer.value, done
    )
    run.documents.commit([*_writes(run, stored, after, customer)])
    return detail_of(stored.value, after, done)


def _after(run: DunningRun, invoice: Invoice, case: DunningCase, done: StepDone) -> DunningCase:
    """The case with what was done behind it; one that is over only remembers the step."""
    act, at = done.act, run.parts.now()
    case = unpaused(case, on=act.on)
    for step in act.passed_over:
        record = StepRecord(day=step.day, at=at, outcome=StepOutcome.PASSED_OVER, state=step.state)
        case = stepped(case, record, on=act.on)
    if act.step is not None:
        record = StepRecord(
            day=act.step.day,
            at=at,
            outcome=StepOutcome.DONE,
            state=_reached(invoice, case, act.step, done),
            notice=done.notice,
            attempt=done.attempt,
            note=done.note,
        )
        case = stepped(case, record, on=act.on)
    if not case.state.is_over:
        case = under_review(case, reason=act.review, at=at) if act.review else case
        case = suspended(case, at=at) if act.suspend else case
    return replace(case, claim=None)


def _reached(invoice: Invoice, case: DunningCase, step: DunningStep, done: StepDone) -> CaseState:
    """The state that a step leads to: without a retry ahead none is scheduled."""
    if step.state is not CaseState.RETRY_SCHEDULED:
        return step.state
    ahead = replace(invoice, dunning=replace(case, last_day=step.day))
    return step.state if next_retry_on(done.policy, ahead) is not None else case.state


def _looked_at_next(run: DunningRun, invoice: Invoice, customer: Customer, done: StepDone) -> Invoice:
    case = invoice.dunning
    if case is None or case.state.is_over:  # whoever ended it has said when it is looked at once more
        return invoice
    decision = decide(done.policy, invoice, customer, as_of=run.as_of)
    next_at = run.next_look(decision, invoice) if isinstance(decision, Rest) else run.as_of
    return replace(invoice, dunning=replace(case, next_at=next_at))


def _writes(run: DunningRun, before: Stored[Invoice], after: Invoice, customer: Stored[Customer]) -> Iterator[Write]:
    call, records = run.call(), []
    trace = invoice_trace(run.documents, [(before.value, after)], call=call)
    yield run.cases.changed(before, after)
    yield from trace.writes
    if _is_suspended_now(before.value, after) and customer.value.suspended_at is None:
        reason = f"{after.number} is unpaid"
        yield run.customers.serviced(customer, suspended_at=call.recorded_at, reason=reason)
        event = event_of(
            EventType.CUSTOMER_SUSPENDED,
            subject=f"customers/{after.customer_id}",
            occurred_at=call.recorded_at,
            fields={"invoice_number": after.number, "amount_due": after.amount_due, "currency": after.currency},
        )
        yield from told(run.documents, [event], call=call)
        entity = f"customers/{after.customer_id}"
        records.append(call.record(entity, "customer.suspended", before="active", after="suspended", reason=reason))
    if records or trace.records:
        audit = AuditLog.of(run.documents, run.tenant.id)
        name = commit_name("dunning", after.id, before.version)
        yield audit.batch([*trace.records, *records], batch_id=name, recorded_at=call.recorded_at)


def _is_suspended_now(before: Invoice, after: Invoice) -> bool:
    old, new = before.dunning, after.dunning
    was = old is not None and old.suspended_at is not None
    return new is not None and new.suspended_at is not None and not was


def _action(after: Invoice, done: StepDone) -> DunningAction:
    """The one thing that says most of a step."""
    if after.dunning is not None and after.dunning.state is CaseState.PAID:
        return DunningAction.RECOVERED
    if done.act.suspend:
        return DunningAction.SUSPENDED
    if done.act.review:
        return DunningAction.MANUAL_REVIEW
    step = done.act.step
    if step is not None and done.notice and step.template in _NOTICES:
        return _NOTICES[step.template]
    return DunningAction.RETRY if done.attempt else DunningAction.NOTED
