"""Every state that a case can be in on every day, against the rules of semantics 9 as they are worded there.

The oracle below knows nothing of the program: it goes by the default policy's table, days counted from 1 March 2026.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import product
from typing import Literal

import pytest

from billing.domain.attempt import AttemptStatus
from billing.domain.charging import with_attempt
from billing.domain.dunning import Act, Rest, decide
from billing.domain.dunning_case import (
    CaseCause,
    DunningCase,
    PauseReason,
    StepOutcome,
    StepRecord,
    entered,
    paused,
    stepped,
    under_review,
)
from billing.domain.dunning_policies import DEFAULT_POLICY
from billing.domain.dunning_policy import CaseState
from billing.domain.dunning_retry import why_not_retried
from billing.domain.invoice import CollectionMethod, Invoice
from tests.builders import utc
from tests.chasing import a_payer, an_attempt, an_invoice

Charge = Literal["none", "soft", "soon", "method", "stolen", "confirm", "unanswered", "pending"]
Rests = Literal["no", "for good", "promised", "was promised"]

DAYS = (0, 1, 2, 3, 4, 6, 7, 8, 13, 14, 15, 17, 20, 21, 22, 24, 30)
CODES: dict[Charge, tuple[AttemptStatus, str]] = {
    "soft": (AttemptStatus.DECLINED, "insufficient_funds"),
    "soon": (AttemptStatus.DECLINED, "processing_error"),
    "method": (AttemptStatus.DECLINED, "expired_card"),
    "stolen": (AttemptStatus.DECLINED, "stolen_card"),
    "confirm": (AttemptStatus.REQUIRES_ACTION, ""),
    "unanswered": (AttemptStatus.UNKNOWN, ""),
    "pending": (AttemptStatus.PENDING, ""),
}
PROMISED = 3  # days, from day 1 on, that were promised and are over


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """A case on a day: the steps up to `behind` were done, and what its last charge came to."""

    cause: CaseCause
    day: int
    behind: int
    charge: Charge
    other_card: bool
    rests: Rests
    subscribed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What is done: a step (or none), those passed over, whether it charges, a person looks, the service stops."""

    step: int | None = None
    passed_over: tuple[int, ...] = ()
    charges: bool = False
    review: bool = False
    suspends: bool = False


def expected(now: Situation) -> Expected | None:
    """What the rules say; None for nothing at all."""
    if now.rests in ("for good", "promised") or now.charge == "pending":
        return None
    queued = now.behind == 14
    if not queued and (now.cause is CaseCause.REVERSED or now.charge == "stolen"):
        return Expected(review=True)
    day = now.day - (min(PROMISED, max(0, now.day - 1)) if now.rests == "was promised" else 0)
    due = [] if queued else [each for each in (0, 3, 7, 14) if now.behind < each <= day]
    suspends = day >= 21 and now.subscribed and now.cause is not CaseCause.REVERSED
    if not due and not suspends:
        return None
    if not due:
        return Expected(suspends=True)
    return Expected(
        step=due[-1],
        passed_over=tuple(due[:-1]),
        charges=charged(now, day=due[-1]),
        review=due[-1] == 14,
        suspends=suspends,
    )


def charged(now: Situation, *, day: int) -> bool:
    """Whether the step of a day charges the card, or looks up the charge that nobody has answered."""
    if now.charge == "unanswered":
        return True
    if day == 14 or now.charge == "none":
        return False
    if now.other_card:
        return True
    return day in {"soft": (3, 7), "soon": (0, 3, 7)}.get(now.charge, ())


def situations(charge: Charge, rests: Rests) -> Iterator[Situation]:
    for cause, day, behind, other_card, subscribed in product(
        CaseCause, DAYS, (-1, 0, 3, 7, 14), (False, True), (False, True)
    ):
        is_possible = (charge != "none" or cause is not CaseCause.PAYMENT_FAILED) and behind <= day
        if is_possible and not (rests == "promised" and day == 0) and not (rests == "was promised" and day < 4):
            yield Situation(
                cause=cause,
                day=day,
                behind=behind,
                charge=charge,
                other_card=other_card,
                rests=rests,
                subscribed=subscribed,
            )


@pytest.mark.parametrize("rests", ["no", "for good", "promised", "was promised"])
@pytest.mark.parametrize("charge", ["none", *CODES])
def test_what_is_done_is_what_the_rules_say(charge: Charge, rests: Rests) -> None:
    found = [(now, decided(now)) for now in situations(charge, rests)]

    assert len(found) > 400
    assert [(now, done) for now, done in found if done != expected(now)] == []


def decided(now: Situation) -> Expected | None:
    """What the program says of a situation at noon."""
    invoice = invoice_of(now)
    at = utc("2026-03-01T12:00") + timedelta(days=now.day)
    customer = a_payer(
        payment_method_id="pm_2" if now.other_card else "pm_1", active_subscriptions=1 if now.subscribed else 0
    )
    match decide(DEFAULT_POLICY, invoice, customer, as_of=at):
        case Rest() as rest:
            assert rest.next_at is None or rest.next_at > at
            return None
        case Act() as act:
            charges = act.step is not None and not why_not_retried(
                DEFAULT_POLICY, invoice, customer, step=act.step, as_of=at
            )
            return Expected(
                step=None if act.step is None else act.step.day,
                passed_over=tuple(each.day for each in act.passed_over),
                charges=charges,
                review=bool(act.review),
                suspends=act.suspend,
            )


def invoice_of(now: Situation) -> Invoice:
    """An invoice in the situation, built by the functions that lead to it."""
    method = CollectionMethod.SEND_INVOICE if now.charge == "none" else CollectionMethod.CHARGE_AUTOMATICALLY
    invoice = an_invoice(collection_method=method)
    if now.charge != "none":
        status, code = CODES[now.charge]
        invoice = with_attempt(invoice, an_attempt(status, code=code), at=utc("2026-03-01T04:00"))
    return replace(invoice, dunning=case_of(now))


def case_of(now: Situation) -> DunningCase:
    at = utc("2026-03-01T04:00")
    case = entered(now.cause, on=date(2026, 3, 1), at=at)
    for day in (each for each in (0, 3, 7, 14) if each <= now.behind):
        record = StepRecord(day=day, at=at, outcome=StepOutcome.DONE, state=CaseState.ISSUED)
        case = stepped(case, record, on=date(2026, 3, 1) + timedelta(days=day))
    if now.behind == 14:
        case = under_review(case, reason="day 14", at=at)
    on = date(2026, 3, 2)
    match now.rests:
        case "no":
            return case
        case "for good":
            return paused(case, PauseReason.DISPUTE, on=on, until=None, at=at, note="")
        case "promised":
            until = date(2026, 3, 2) + timedelta(days=now.day)
            return paused(case, PauseReason.PROMISE, on=on, until=until, at=at, note="")
        case "was promised":
            until = on + timedelta(days=PROMISED)
            return paused(case, PauseReason.PROMISE, on=on, until=until, at=at, note="")
