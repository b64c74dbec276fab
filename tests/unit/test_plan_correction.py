"""A wrong plan version is replaced wherever it is in force from an instant on, and nowhere else."""

from dataclasses import replace

import pytest

from billing.domain.billing_cycle import cycle_at, next_bill_for
from billing.domain.catalog import Billed
from billing.domain.errors import InvalidInput
from billing.domain.plan_correction import not_billed_since, with_plan_corrected
from tests.builders import Account, a_fee, a_plan, utc

GOOD, WRONG, RIGHT = (
    a_plan(version=number, fees=[a_fee(price)], anchor_day=1)
    for number, price in ((1, "10.00"), (2, "100.00"), (3, "12.00"))
)
ACCOUNT = Account.opened(GOOD, start="2026-01-01").changing_plan(WRONG, at="2026-04-01")
MOVED = ACCOUNT.subscription


def plans_of(since: str) -> list[tuple[str, str]]:
    after = with_plan_corrected(MOVED, wrong=WRONG, right=RIGHT, since=utc(since))
    return [(f"{phase.start:%m-%d}", phase.plan) for phase in after.phases]


def test_a_phase_that_begins_after_the_instant_is_put_right_as_a_whole() -> None:
    assert plans_of("2026-04-01") == [("01-01", "plan@1"), ("04-01", "plan@3")]
    assert plans_of("2026-02-01") == [("01-01", "plan@1"), ("04-01", "plan@3")]


def test_what_was_billed_before_the_instant_stays_on_the_wrong_version() -> None:
    assert plans_of("2026-05-01") == [("01-01", "plan@1"), ("04-01", "plan@2"), ("05-01", "plan@3")]


def test_a_plan_that_is_put_right_within_a_period_ends_none() -> None:
    wrong, right = (replace(each, billed=Billed.IN_ADVANCE) for each in (WRONG, RIGHT))
    account = Account.opened(GOOD, start="2026-01-01").billed(2).changing_plan(wrong, at="2026-03-01")
    after = with_plan_corrected(account.subscription, wrong=wrong, right=right, since=utc("2026-03-11"))
    assert [phase.bill_made for phase in after.phases] == [None, Billed.IN_ARREARS, None]
    assert next_bill_for(after, after=utc("2026-03-01")) == utc("2026-04-01")


def test_a_phase_that_ended_before_the_instant_stays() -> None:
    back = ACCOUNT.changing_plan(GOOD, at="2026-06-01").subscription
    after = with_plan_corrected(back, wrong=WRONG, right=RIGHT, since=utc("2026-06-01"))
    assert after == back


@pytest.mark.parametrize(
    "changes", [{"currency": "EUR"}, {"anchor_day": 15}, {"billed": Billed.IN_ADVANCE}, {"anchor_day": None}]
)
def test_another_currency_or_cycle_is_no_correction(changes: dict[str, object]) -> None:
    other = replace(RIGHT, **changes)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match=f"{next(iter(changes))}: expected that of plan@2"):
        with_plan_corrected(MOVED, wrong=WRONG, right=other, since=utc("2026-04-01"))


def test_what_is_not_billed_begins_with_the_open_cycle() -> None:
    cycle = cycle_at(MOVED, {GOOD.ref: GOOD, WRONG.ref: WRONG}, bill_for_date=utc("2026-02-01"))
    assert not_billed_since(cycle) == utc("2026-01-01")
    assert not_billed_since(replace(cycle, arrears=None, advance=None)) == utc("2026-02-01")
