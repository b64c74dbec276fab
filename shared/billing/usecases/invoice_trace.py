"""What a change of invoices leaves behind: audit records of their dunning cases, and events for the tenant."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from billing.domain.audit import AuditRecord
from billing.domain.dunning_case import DunningCase, StepOutcome, StepRecord
from billing.domain.dunning_events import dunning_events
from billing.domain.dunning_policy import CaseState
from billing.domain.event import Event
from billing.domain.invoice import Invoice
from billing.domain.invoice_events import invoice_events
from billing.ports import Documents, Write
from billing.usecases.call import Call
from billing.usecases.tell import told


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceTrace:
    """The audit records of a change, and the writes of its events: both belong into the change's own commit."""

    records: tuple[AuditRecord, ...] = ()
    writes: tuple[Write, ...] = ()


def invoice_trace(
    documents: Documents,
    changes: Sequence[tuple[Invoice, Invoice]],
    *,
    call: Call,
    note: str = "",
    beside: Iterable[Event] = (),
) -> InvoiceTrace:
    """What is written beside invoices that change, each as it was and as it will be.

    The records are those of dunning cases alone; what else changes is the caller's to record. `beside` are the events
    of what changes in the same commit. `note` is what a person said of a pause that ends: the case has no place for it.
    """
    cases = [
        (_same_case(before.dunning, after.dunning), after, after.dunning)
        for before, after in changes
        if after.dunning is not None and after.dunning != before.dunning
    ]
    records = [each for case in cases for each in _records(*case, call=call, note=note)]
    at = call.recorded_at
    happened = chain(
        (each for before, after in changes for each in invoice_events(before, after, at=at)),
        (each for case in cases for each in dunning_events(*case, at=at)),
        beside,
    )
    return InvoiceTrace(records=tuple(records), writes=tuple(told(documents, happened, call=call)))


def _same_case(before: DunningCase | None, after: DunningCase) -> DunningCase | None:
    """A payment that is taken back begins a case of its own."""
    if before is None or (before.cause, before.started_at) != (after.cause, after.started_at):
        return None
    return before


def _records(
    before: DunningCase | None, invoice: Invoice, after: DunningCase, *, call: Call, note: str
) -> Iterator[AuditRecord]:
    entity = f"invoices/{invoice.id}"
    state = CaseState.ISSUED if before is None else before.state
    if before is None:
        yield call.record(
            entity, "dunning.entered", before=state.value, after=after.state.value, reason=_entered(invoice, after)
        )
        state = after.state
    for step in _new_steps(before, after):
        reached = step.state if step.outcome is StepOutcome.DONE and step.state.rank > state.rank else state
        event = f"dunning.step_{step.outcome.value}"
        yield call.record(entity, event, before=state.value, after=reached.value, reason=_described(step))
        state = reached
    if state is not after.state:
        event, reason = _moved(after)
        yield call.record(entity, event, before=state.value, after=after.state.value, reason=reason)
    yield from _decisions(before, after, entity=entity, call=call, note=note)


def _decisions(
    before: DunningCase | None, after: DunningCase, *, entity: str, call: Call, note: str
) -> Iterator[AuditRecord]:
    """Pauses and reviews, which leave the state as it is."""
    state, old = after.state.value, None if before is None else before.pause
    if after.pause is not None and after.pause != old:
        until = f" until {after.pause.until_on}" if after.pause.until_on else ""
        reason = f"{after.pause.reason.value}{until}: {after.pause.note}".removesuffix(": ")
        yield call.record(entity, "dunning.paused", before=state, after=state, reason=reason)
    elif after.pause is None and old is not None and not after.state.is_over:
        reason = f"was paused for {old.reason.value}: {note}".removesuffix(": ")
        yield call.record(entity, "dunning.resumed", before=state, after=state, reason=reason)
    seen = None if before is None else before.review
    if after.review is None or after.review == seen:
        return
    if seen is None or seen.opened_at != after.review.opened_at:
        yield call.record(entity, "dunning.review_opened", before=state, after=state, reason=after.review.reason)
    if after.review.resolution is not None:
        resolution = after.review.resolution.value
        yield call.record(entity, "dunning.review_resolved", before=state, after=resolution, reason=after.review.note)


def _new_steps(before: DunningCase | None, after: DunningCase) -> tuple[StepRecord, ...]:
    return after.history[0 if before is None else len(before.history) :]


def _entered(invoice: Invoice, case: DunningCase) -> str:
    code = invoice.attempts[-1].code if invoice.attempts else ""
    return f"{case.cause.value}: {code}".removesuffix(": ")


def _described(step: StepRecord) -> str:
    told = [f"attempt {step.attempt}" if step.attempt else "", f"sent {step.notice}" if step.notice else "", step.note]
    return f"day {step.day}: {', '.join(filter(None, told))}".removesuffix(": ")


def _moved(after: DunningCase) -> tuple[str, str]:
    """What a change of state is called that no step made, and why it came."""
    if after.state.is_over:
        return "dunning.left", after.state.value
    if after.state is CaseState.SUSPENDED:
        return "dunning.suspended", "the service is suspended"
    if after.state is CaseState.MANUAL_REVIEW and after.review is not None:
        return "dunning.manual_review", after.review.reason
    return "dunning.moved", "another charge failed"
