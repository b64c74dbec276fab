"""The events of a dunning case, found by comparing it as it was with what it has become."""

from collections.abc import Iterator
from datetime import datetime

from billing.domain.dunning_case import DunningCase, StepOutcome
from billing.domain.event import Event, EventField, EventType, event_of
from billing.domain.invoice import Invoice
from billing.domain.stamp import stamp


def dunning_events(
    before: DunningCase | None, invoice: Invoice, after: DunningCase, *, at: datetime
) -> Iterator[Event]:
    """What a change of the invoice's case at a UTC instant means to others; `before` is None where it just began."""

    def event(type_: EventType, *, name: str, **fields: EventField) -> Event:
        told: dict[str, EventField] = {
            "invoice_number": invoice.number,
            "customer_id": invoice.customer_id,
            "amount_due": invoice.amount_due,
            "currency": invoice.currency,
            "state": after.state.value,
        }
        case = f"{stamp(after.started_at)}/{after.cause.value}/{name}"
        return event_of(type_, subject=f"invoices/{invoice.id}", occurred_at=at, fields=told | fields, name=case)

    if before is None:
        yield event(EventType.DUNNING_ENTERED, name="entered", cause=after.cause.value)
    for step in after.history[0 if before is None else len(before.history) :]:
        if step.outcome is StepOutcome.DONE:
            yield event(EventType.DUNNING_STEP, name=f"day-{step.day}", day=step.day, notice=step.notice)
    was_in_review = before is not None and before.in_review
    if after.in_review and not was_in_review and after.review is not None:
        opened = stamp(after.review.opened_at)
        yield event(EventType.DUNNING_REVIEW, name=f"review-{opened}", reason=after.review.reason)
    if after.state.is_over and not (before is not None and before.state.is_over):
        yield event(EventType.DUNNING_LEFT, name="left")
