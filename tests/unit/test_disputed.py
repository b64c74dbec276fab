"""A payment that is disputed lets the cases of its invoices rest, and only that payment lets them go on."""

from dataclasses import replace
from datetime import date

import pytest

from billing.domain.disputed import going_on, resting
from billing.domain.dunning_case import CaseCause, Pause, PauseReason, entered, left, paused
from billing.domain.dunning_policy import CaseState
from billing.domain.invoice import Invoice
from tests.builders import Account, a_fee, a_plan, utc

DAY_0, DAY_2, DAY_5 = utc("2026-02-01T09:00"), utc("2026-02-03T09:00"), utc("2026-02-06T09:00")


def unpaid() -> Invoice:
    """An invoice whose charge failed on 1 February."""
    account = Account.opened(a_plan(fees=[a_fee("49.00")]), start="2026-01-01")
    return replace(account.bill(), dunning=entered(CaseCause.PAYMENT_FAILED, on=date(2026, 2, 1), at=DAY_0))


def test_a_case_rests_from_the_day_of_the_dispute_and_those_days_do_not_count() -> None:
    rests = resting(unpaid(), "stripe.pi_1", at=DAY_2)
    assert rests.dunning is not None
    assert rests.dunning.pause == Pause(
        reason=PauseReason.DISPUTE, from_on=date(2026, 2, 3), until_on=None, note="payment stripe.pi_1"
    )
    goes_on = going_on(rests, "stripe.pi_1", at=DAY_5).dunning
    assert goes_on is not None
    assert (goes_on.pause, goes_on.paused_days, goes_on.next_at) == (None, 3, DAY_5)
    assert goes_on.day_of(date(2026, 2, 6)) == 2


def test_without_a_case_and_with_one_that_is_over_nothing_rests() -> None:
    never = replace(unpaid(), dunning=None)
    over = replace(unpaid(), dunning=left(unpaid().dunning, CaseState.PAID, at=DAY_2))
    assert resting(never, "p1", at=DAY_2) is never
    assert resting(over, "p1", at=DAY_2) is over
    assert going_on(never, "p1", at=DAY_5) is never


@pytest.mark.parametrize("note", ["payment p2", "the customer called", ""])
def test_a_pause_of_somebody_else_stays(note: str) -> None:
    case = unpaid().dunning
    assert case is not None
    rests = replace(
        unpaid(),
        dunning=paused(case, PauseReason.DISPUTE, on=date(2026, 2, 3), until=None, at=DAY_2, note=note),
    )
    assert going_on(rests, "p1", at=DAY_5) is rests


def test_a_case_that_does_not_rest_goes_on_as_it_was() -> None:
    runs = unpaid()
    assert going_on(runs, "p1", at=DAY_5) is runs
