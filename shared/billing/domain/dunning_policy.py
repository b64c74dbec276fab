"""The dunning policy: what is done on which day about an invoice that is not paid (semantics 9). It is data."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import time
from enum import StrEnum

from billing.domain.decline import Advice, advice_of
from billing.domain.errors import InvalidInput

LONGEST_DAYS = 365
MOST_TRIES = 8
MOST_CARD_TRIES = 15
CARD_DAYS = 30
"""Limits of semantics 9, which a policy may lower: tries an invoice, and tries a card in so many days."""

DEFAULT_NAME = "default"


class CaseState(StrEnum):
    """Where a dunning case stands, in the only order in which it moves; a case that is over is none of these."""

    ISSUED = "issued"
    PAYMENT_ATTEMPTED = "payment_attempted"
    RETRY_SCHEDULED = "retry_scheduled"
    REMINDER_SENT = "reminder_sent"
    URGENT_NOTICE = "urgent_notice"
    MANUAL_REVIEW = "manual_review"
    SUSPENDED = "suspended"
    PAID = "paid"
    VOID = "void"
    WRITTEN_OFF = "written_off"

    @property
    def is_over(self) -> bool:
        """Whether nothing is sent or charged any more."""
        return self in (CaseState.PAID, CaseState.VOID, CaseState.WRITTEN_OFF)

    @property
    def rank(self) -> int:
        """Its place in the order: a case only moves to a higher one."""
        return _ORDER.index(self)


_ORDER = tuple(CaseState)
STEP_STATES = (
    CaseState.RETRY_SCHEDULED,
    CaseState.REMINDER_SENT,
    CaseState.URGENT_NOTICE,
    CaseState.MANUAL_REVIEW,
)
"""What a step may lead to. Suspension has its own threshold."""


class Channel(StrEnum):
    """How a step is told: by e-mail, or only by an event to the tenant's own system, which tells the customer."""

    EMAIL = "email"
    EVENT = "event"


class StepTemplate(StrEnum):
    """What a step says to the customer; `none` says nothing."""

    NONE = ""
    REMINDER = "payment_reminder"
    URGENT = "urgent_notice"
    FINAL = "final_notice"


class WhileSuspended(StrEnum):
    """What becomes of the bills of a customer whose service is suspended (semantics 5)."""

    BILL = "bill"
    SKIP = "skip"
    CATCH_UP = "catch_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class DunningStep:
    """What is done `day` local days after day 0: a retry of the card, a notice, and the state that this leads to."""

    day: int
    state: CaseState
    retry: bool = False
    template: StepTemplate = StepTemplate.NONE
    channel: Channel = Channel.EMAIL


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietHours:
    """Local hours in the customer's zone in which nothing is done: from `start` until `end`, over midnight or not."""

    start: time
    end: time

    def __post_init__(self) -> None:
        """Refuse a stretch without length, or one with seconds."""
        for name, value in (("start", self.start), ("end", self.end)):
            if value.second or value.microsecond or value.tzinfo is not None:
                raise InvalidInput(f"quiet_hours.{name}", expected="local hours and minutes", given=str(value))
        if self.start == self.end:
            raise InvalidInput("quiet_hours.end", expected="another time than the start", given=str(self.end))

    def hold(self, at: time) -> bool:
        """Whether a local time lies in them."""
        if self.start < self.end:
            return self.start <= at < self.end
        return at >= self.start or at < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class DunningPolicy:
    """Steps in the order of their days, and when the service is suspended.

    The service is suspended `access_grace_days` after the case is `suspend_after_days` old or
    `suspend_after_reminders` notices were sent, whichever is first; None turns either off. `declines` says what
    follows from a decline code where the house's own table is not wanted. Raises InvalidInput where it makes no sense.
    """

    name: str = DEFAULT_NAME
    steps: tuple[DunningStep, ...] = ()
    quiet_hours: QuietHours | None = None
    suspend_after_days: int | None = 21
    suspend_after_reminders: int | None = 3
    access_grace_days: int = 0
    most_tries: int = MOST_TRIES
    most_card_tries: int = MOST_CARD_TRIES
    declines: Mapping[str, Advice] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a policy without an end, with falling days or states, and limits above what card networks allow."""
        _check_steps(self.steps)
        _check_between("suspend_after_days", self.suspend_after_days, least=1, most=LONGEST_DAYS)
        _check_between("suspend_after_reminders", self.suspend_after_reminders, least=1, most=len(self.steps) + 100)
        _check_between("access_grace_days", self.access_grace_days, least=0, most=LONGEST_DAYS)
        _check_between("most_tries", self.most_tries, least=0, most=MOST_TRIES)
        _check_between("most_card_tries", self.most_card_tries, least=0, most=MOST_CARD_TRIES)

    def advice(self, code: str) -> Advice:
        """What follows from a decline code under this policy; one that nobody knows is soft."""
        return self.declines.get(code) or advice_of(code)

    @property
    def review_day(self) -> int:
        """The day on which a person takes over."""
        return self.steps[-1].day


def _check_steps(steps: Sequence[DunningStep]) -> None:
    if not steps or steps[-1].state is not CaseState.MANUAL_REVIEW:
        given = steps[-1].state.value if steps else "no step"
        raise InvalidInput("steps", expected="a last step that ends with a person: manual_review", given=given)
    for place, step in enumerate(steps):
        at = f"steps[{place}]"
        _check_between(f"{at}.day", step.day, least=0, most=LONGEST_DAYS)
        if step.state not in STEP_STATES:
            expected = f"one of {[each.value for each in STEP_STATES]}"
            raise InvalidInput(f"{at}.state", expected=expected, given=step.state.value)
        if place:
            _check_follows(at, steps[place - 1], step)


def _check_follows(at: str, before: DunningStep, step: DunningStep) -> None:
    if step.day <= before.day:
        raise InvalidInput(f"{at}.day", expected=f"a day after {before.day}, the step before", given=step.day)
    if step.state.rank < before.state.rank or before.state is CaseState.MANUAL_REVIEW:
        expected = f"{before.state.value} or later, as cases never go back and end with manual_review"
        raise InvalidInput(f"{at}.state", expected=expected, given=step.state.value)


def _check_between(name: str, value: int | None, *, least: int, most: int) -> None:
    if value is not None and not least <= value <= most:
        raise InvalidInput(name, expected=f"{least} to {most}", given=value)
