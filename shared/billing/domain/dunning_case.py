"""A dunning case: how far the chasing of one unpaid invoice is. It stands on the invoice, so paying it ends both.

Every function takes a case as it stands and gives it as it stands afterwards; `domain/dunning.py` decides what is next.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from billing.domain.dunning_policy import CaseState
from billing.domain.errors import InvalidInput


class CaseCause(StrEnum):
    """Why an invoice is chased: its card failed, it is overdue, or the bank took its payment back."""

    PAYMENT_FAILED = "payment_failed"
    OVERDUE = "overdue"
    REVERSED = "reversed"


class PauseReason(StrEnum):
    """Why a case rests: the customer promised to pay, disputes the invoice, or somebody of the tenant asked for it."""

    PROMISE = "promise"
    DISPUTE = "dispute"
    REQUEST = "request"


class StepOutcome(StrEnum):
    """What became of a step: done, or passed over by a run that came late."""

    DONE = "done"
    PASSED_OVER = "passed_over"


class CaseResolution(StrEnum):
    """What somebody decided of a case in manual review."""

    RETRIED = "retried"
    EXTENDED = "extended"
    WRITTEN_OFF = "written_off"
    RESUMED = "resumed"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRecord:
    """A step of the schedule that is behind: its day, when a run did it or passed it over, and what came of it.

    `notice` is what was sent ("" for nothing), `note` why something was not tried or sent.
    """

    day: int
    at: datetime
    outcome: StepOutcome
    state: CaseState
    notice: str = ""
    attempt: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Days on which nothing is done: from `from_on` until `until_on`, when it goes on, or until somebody resumes it."""

    reason: PauseReason
    from_on: date
    until_on: date | None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A step that a run has begun: no other run does it before `until`, and whoever goes on uses that attempt."""

    day: int
    attempt: int
    until: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReview:
    """A case that waits for a person: since when and why; and what was decided, by whom."""

    opened_at: datetime
    reason: str
    resolved_at: datetime | None = None
    resolution: CaseResolution | None = None
    note: str = ""
    actor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DunningCase:
    """How far the chasing of one invoice is.

    `started_on` is day 0, a local day of the invoice's zone; `last_day` the schedule's day that is behind (-1: none).
    `next_at` is when the case is to be looked at again, None for never. `reminded_on` are the days on which a notice
    was sent, `reminded_days` the same as days of the schedule; `tries` counts the schedule's own charges,
    `paused_days` the days of pauses that are over.
    `suspended_at` is set once the customer's service is suspended for it, `restored_at` when that is undone.
    """

    state: CaseState
    cause: CaseCause
    started_on: date
    started_at: datetime
    next_at: datetime | None
    last_day: int = -1
    tries: int = 0
    reminded_on: tuple[date, ...] = ()
    history: tuple[StepRecord, ...] = ()
    pause: Pause | None = None
    paused_days: int = 0
    claim: Claim | None = None
    review: CaseReview | None = None
    suspended_at: datetime | None = None
    restored_at: datetime | None = None
    reminded_days: tuple[int, ...] = ()

    @property
    def follows_schedule(self) -> bool:
        """Whether its steps are done on their days: nobody has to look at it, or whoever did sent it back to them."""
        return self.review is None or self.review.resolution is CaseResolution.RESUMED

    @property
    def in_review(self) -> bool:
        """Whether it waits for a person now."""
        return not self.state.is_over and self.review is not None and self.review.resolved_at is None

    @property
    def was_resolved(self) -> bool:
        """Whether a person looked at it and decided."""
        return self.review is not None and self.review.resolved_at is not None

    @property
    def awaits_restoring(self) -> bool:
        """Whether it is over and the service that was suspended for it is not back yet.

        Nobody gets it back for a debt that was given up: that is for somebody to decide, or for money that comes later.
        """
        gets_it_back = self.state in (CaseState.PAID, CaseState.VOID)
        return gets_it_back and self.suspended_at is not None and self.restored_at is None

    def day_of(self, on: date) -> int:
        """Which day of the schedule a local day is: days on which the case was paused do not count."""
        return (on - self.started_on).days - self.paused_days - _days_paused(self.pause, on=on)

    def date_of(self, day: int) -> date:
        """The local day of a day of the schedule, as it stands: a pause that is to end moves what is after it."""
        on = self.started_on + timedelta(days=day + self.paused_days)
        if self.pause is None or on < self.pause.from_on or self.pause.until_on is None:
            return on
        return on + (self.pause.until_on - self.pause.from_on)


def entered(cause: CaseCause, *, on: date, at: datetime) -> DunningCase:
    """A new case: day 0 is the local day `on`, and it is to be looked at straight away."""
    attempted = CaseState.PAYMENT_ATTEMPTED if cause is CaseCause.PAYMENT_FAILED else CaseState.ISSUED
    return DunningCase(state=attempted, cause=cause, started_on=on, started_at=at, next_at=at)


def attempted_again(case: DunningCase, *, at: datetime) -> DunningCase:
    """The case after another charge failed, whoever made it: it is looked at, and its clock goes on as it was."""
    return looked_at(_moved(case, CaseState.PAYMENT_ATTEMPTED), at=at)


def looked_at(case: DunningCase, *, at: datetime) -> DunningCase:
    """The case to be looked at by a UTC instant at the latest, as something happened that it does not know of."""
    return replace(case, next_at=at if case.next_at is None else min(case.next_at, at))


def left(case: DunningCase | None, state: CaseState, *, at: datetime) -> DunningCase | None:
    """The case over, as its invoice is paid, void or written off. One that suspended the service is seen to once more.

    What was given up is paid all the same by money that comes later; nothing else follows what is over. A claim stays:
    the run that has it finds the case over.
    """
    is_paid_late = case is not None and case.state is CaseState.WRITTEN_OFF and state is CaseState.PAID
    if case is None or (case.state.is_over and not is_paid_late):
        return case
    return replace(case, state=state, next_at=None if case.suspended_at is None else at, pause=None)


def restored(case: DunningCase, *, at: datetime) -> DunningCase:
    """The case over and its service back, which its customer is still to be told."""
    return replace(case, restored_at=at, next_at=at)


def ended(case: DunningCase) -> DunningCase:
    """The case over, with nothing left to do or to say."""
    return replace(case, next_at=None, claim=None)


def claimed(case: DunningCase, claim: Claim) -> DunningCase:
    """The case with a step that a run has begun."""
    return replace(case, claim=claim)


def paused(
    case: DunningCase, reason: PauseReason, *, on: date, until: date | None, at: datetime, note: str
) -> DunningCase:
    """The case at rest from the local day `on` until a day, or until it is resumed.

    A pause that is under way is replaced, and its days count. Raises InvalidInput for a promise without a day, for a
    day that is not after today or more than a year away, and for a case that is over.
    """
    _require_running(case)
    if reason is PauseReason.PROMISE and until is None:
        raise InvalidInput("until", expected="the day until which the customer promised to pay", given=until)
    if until is not None and not on < until <= on + timedelta(days=365):
        raise InvalidInput("until", expected=f"a day after {on} and within a year", given=until.isoformat())
    rested = _without_pause(case, on=on)
    return replace(rested, pause=Pause(reason=reason, from_on=on, until_on=until, note=note), next_at=at)


def unpaused(case: DunningCase, *, on: date) -> DunningCase:
    """The case without a pause that has ended by the local day `on`; one that goes on stays."""
    is_over = case.pause is not None and case.pause.until_on is not None and case.pause.until_on <= on
    return _without_pause(case, on=on) if is_over else case


def resumed(case: DunningCase, *, on: date, at: datetime) -> DunningCase:
    """The case going on with its schedule on the local day `on`: days that it rested do not count."""
    _require_running(case)
    return replace(_without_pause(case, on=on), next_at=at)


def under_review(case: DunningCase, *, reason: str, at: datetime) -> DunningCase:
    """The case in the queue for a person."""
    return replace(_moved(case, CaseState.MANUAL_REVIEW), review=CaseReview(opened_at=at, reason=reason))


def resolved(case: DunningCase, resolution: CaseResolution, *, note: str, actor: str, at: datetime) -> DunningCase:
    """The case out of the queue, with what was decided. InvalidInput where it does not wait for anybody."""
    if case.review is None or not case.in_review:
        raise InvalidInput("case", expected="one that waits for a person", given=case.state.value)
    review = replace(case.review, resolved_at=at, resolution=resolution, note=note, actor=actor)
    return replace(case, review=review)


def suspended(case: DunningCase, *, at: datetime) -> DunningCase:
    """The case with the customer's service suspended for it."""
    return replace(_moved(case, CaseState.SUSPENDED), suspended_at=case.suspended_at or at)


def stepped(case: DunningCase, record: StepRecord, *, on: date) -> DunningCase:
    """The case with a step behind it, on the local day `on`: done or passed over; the state never goes back."""
    after = replace(case, last_day=max(case.last_day, record.day), history=(*case.history, record))
    if record.outcome is StepOutcome.PASSED_OVER:
        return after
    after = _moved(after, record.state)
    if not record.notice:
        return after
    return replace(after, reminded_on=(*after.reminded_on, on), reminded_days=(*after.reminded_days, after.day_of(on)))


def _moved(case: DunningCase, state: CaseState) -> DunningCase:
    return replace(case, state=state) if state.rank > case.state.rank else case


def _without_pause(case: DunningCase, *, on: date) -> DunningCase:
    return replace(case, pause=None, paused_days=case.paused_days + _days_paused(case.pause, on=on))


def _days_paused(pause: Pause | None, *, on: date) -> int:
    if pause is None or on <= pause.from_on:
        return 0
    return (min(on, pause.until_on or on) - pause.from_on).days


def _require_running(case: DunningCase) -> None:
    if case.state.is_over:
        raise InvalidInput("case", expected="one that is not over", given=case.state.value)
