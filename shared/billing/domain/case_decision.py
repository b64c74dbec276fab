"""What a person decides about an unpaid invoice that is chased: it rests, goes on, or leaves the queue (semantics 9).

Conflict
├── NotChased      there is no case to decide on
├── CaseIsOver     the invoice is paid, void or written off: nobody is chased any more
├── NotInReview    decided on, and it does not wait for anybody
└── NothingAhead   sent back to a schedule that has no step left
A decision that is made twice changes nothing; each message says what can be done instead.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import ClassVar, TypeAlias

from billing.domain.dunning_case import CaseResolution, DunningCase, Pause, PauseReason, paused, resumed
from billing.domain.dunning_policy import DunningPolicy
from billing.domain.errors import Conflict
from billing.domain.invoice import Invoice
from billing.domain.period import local_date


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryNow:
    """Charge the saved method at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendUntil:
    """Leave the customer in peace until a local day of the invoice; unpaid on that day it is back in the queue."""

    until: date


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteOff:
    """Give the invoice up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BackToSchedule:
    """Go on with the steps that are left."""


CaseDecision: TypeAlias = RetryNow | ExtendUntil | WriteOff | BackToSchedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """Who decided, why, and at which UTC instant."""

    note: str
    actor: str
    at: datetime


def rested(invoice: Invoice, reason: PauseReason, *, until: date | None, by: Decided) -> Invoice:
    """The invoice with its case paused until a local day or, None, until it is resumed; the same pause stays as it is.

    Raises NotChased, CaseIsOver, and InvalidInput for a promise without a day and for a day that is none to come.
    """
    case, on = running_case(invoice), local_date(by.at, invoice.zone)
    under_way = _under_way(case, on=on)
    if under_way is not None and (under_way.reason, under_way.until_on, under_way.note) == (reason, until, by.note):
        return invoice
    return replace(invoice, dunning=paused(case, reason, on=on, until=until, at=by.at, note=by.note))


def went_on(invoice: Invoice, *, at: datetime) -> Invoice:
    """The invoice with its pause ended at a UTC instant; one that does not rest stays as it is.

    Raises NotChased and CaseIsOver.
    """
    case, on = running_case(invoice), local_date(at, invoice.zone)
    if _under_way(case, on=on) is None:
        return invoice
    return replace(invoice, dunning=resumed(case, on=on, at=at))


def extended(invoice: Invoice, *, until: date, by: Decided) -> Invoice:
    """The invoice out of the queue until a local day. Raises as `queued_case`, and InvalidInput for a past day."""
    case = running_case(invoice)
    if _was_decided(case, CaseResolution.EXTENDED, by=by) and case.pause is not None and case.pause.until_on == until:
        return invoice
    case = _resolved(queued_case(invoice), CaseResolution.EXTENDED, by=by)
    on = local_date(by.at, invoice.zone)
    return replace(invoice, dunning=paused(case, PauseReason.PROMISE, on=on, until=until, at=by.at, note=by.note))


def back_on_schedule(policy: DunningPolicy, invoice: Invoice, *, by: Decided) -> Invoice:
    """The invoice out of the queue, to be chased with the steps that are left, the last of which leads back to it.

    Raises as `queued_case`, and NothingAhead where the case would never be looked at again.
    """
    case = running_case(invoice)
    if _was_decided(case, CaseResolution.RESUMED, by=by):
        return invoice
    queued_case(invoice)
    if policy.review_day <= case.last_day:
        raise NothingAhead(invoice, last_day=case.last_day)
    on = local_date(by.at, invoice.zone)
    case = _resolved(resumed(case, on=on, at=by.at), CaseResolution.RESUMED, by=by)
    return replace(invoice, dunning=case)


def concluded(invoice: Invoice, resolution: CaseResolution, *, by: Decided) -> Invoice:
    """The invoice with the decision that was carried out written on its case, which may be over by that very decision.

    One that says what was decided already stays as it is.
    """
    case = invoice.dunning
    if case is None or case.review is None or case.review.resolved_at is not None:
        return invoice
    return replace(invoice, dunning=_resolved(case, resolution, by=by))


def is_concluded(invoice: Invoice, resolution: CaseResolution, *, by: Decided) -> bool:
    """Whether the same decision, with the same words, stands on the invoice's case already."""
    return invoice.dunning is not None and _was_decided(invoice.dunning, resolution, by=by)


def running_case(invoice: Invoice) -> DunningCase:
    """The invoice's case, which is not over. Raises NotChased and CaseIsOver."""
    if invoice.dunning is None:
        raise NotChased(invoice)
    if invoice.dunning.state.is_over:
        raise CaseIsOver(invoice, invoice.dunning)
    return invoice.dunning


def queued_case(invoice: Invoice) -> DunningCase:
    """The invoice's case, which waits for a person. Raises NotChased, CaseIsOver and NotInReview."""
    case = running_case(invoice)
    if not case.in_review:
        raise NotInReview(invoice, case)
    return case


def _under_way(case: DunningCase, *, on: date) -> Pause | None:
    pause = case.pause
    return None if pause is None or (pause.until_on is not None and pause.until_on <= on) else pause


def _was_decided(case: DunningCase, resolution: CaseResolution, *, by: Decided) -> bool:
    review = case.review
    return review is not None and review.resolution is resolution and review.note == by.note


def _resolved(case: DunningCase, resolution: CaseResolution, *, by: Decided) -> DunningCase:
    assert case.review is not None  # noqa: S101 - only cases of the queue come here
    review = replace(case.review, resolved_at=by.at, resolution=resolution, note=by.note, actor=by.actor)
    return replace(case, review=review)


class NotChased(Conflict):
    """An invoice that is paid, or not due for long enough, has no case."""

    code: ClassVar[str] = "not_chased"
    retryable: ClassVar[bool] = False

    def __init__(self, invoice: Invoice) -> None:
        named = invoice.number or invoice.id
        super().__init__(f"invoice {named} is {invoice.status} and nobody is chased for it: there is nothing to decide")


class CaseIsOver(Conflict):
    """Nothing can be decided any more of what is paid, void or written off."""

    code: ClassVar[str] = "case_is_over"
    retryable: ClassVar[bool] = False

    def __init__(self, invoice: Invoice, case: DunningCase) -> None:
        ended = case.state.value.replace("_", " ")
        super().__init__(f"the case of invoice {invoice.number} is over, as it is {ended}: nobody is chased any more")


class NotInReview(Conflict):
    """A decision is asked for while a case waits for one."""

    code: ClassVar[str] = "not_in_review"
    retryable: ClassVar[bool] = False

    def __init__(self, invoice: Invoice, case: DunningCase) -> None:
        review = case.review
        decided = "it follows its schedule"
        if review is not None and review.resolution is not None:
            decided = f"{review.actor} decided: {review.resolution.value}"
        super().__init__(
            f"the case of invoice {invoice.number} does not wait for a decision ({decided}): "
            "pause it or resume it, or write the invoice off"
        )


class NothingAhead(Conflict):
    """Back on its schedule a case would never be looked at again."""

    code: ClassVar[str] = "nothing_ahead"
    retryable: ClassVar[bool] = False

    def __init__(self, invoice: Invoice, *, last_day: int) -> None:
        super().__init__(
            f"the schedule of invoice {invoice.number} has no step after day {last_day}: "
            "retry it, extend it until a day, or write it off"
        )
