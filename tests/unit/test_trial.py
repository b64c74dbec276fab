"""Trials: billing begins some local days after the subscription, and nothing before is ever billed."""

from dataclasses import replace
from typing import Any

import pytest

from billing.domain.billing_cycle import first_bill_for
from billing.domain.catalog import Billed, Plan
from billing.domain.errors import InvalidInput
from billing.domain.invoicing import CreditDraft
from billing.domain.period import Period
from billing.domain.subscription import SubscriptionStatus
from billing.domain.subscription_changes import end_subscription
from billing.domain.trial import end_of_trial, subscribed
from tests.builders import Account, a_fee, a_meter, a_plan, shown, utc

PLAN = a_plan(fees=[a_fee("28.00")], metered=[a_meter("1.00")], trial_days=14)


def in_trial(plan: Plan = PLAN, *, start: str = "2026-01-18T10:00", zone: str = "UTC") -> Account:
    bare = subscribed("sub-1", "acct-1", plan=plan, start=utc(start), zone=zone)
    plans = {plan.ref: plan}
    return Account(subscription=replace(bare, next_billing_at=first_bill_for(bare, plans)), plans=plans)


@pytest.mark.parametrize(
    ("start", "zone", "end"),
    [
        ("2026-01-18T10:00", "UTC", "2026-02-01T10:00"),
        # 22 March 10:00 in Berlin is 09:00 UTC; 14 days later summer time has begun: 10:00 is 08:00 UTC
        ("2026-03-22T09:00", "Europe/Berlin", "2026-04-05T08:00"),
        # 15 March 02:30 in Berlin; on 29 March the clock jumps from 02:00 to 03:00: 03:30 is 01:30 UTC
        ("2026-03-15T01:30", "Europe/Berlin", "2026-03-29T01:30"),
        # midnight of 11 October in Berlin; 25 October begins still in summer time
        ("2026-10-10T22:00", "Europe/Berlin", "2026-10-24T22:00"),
        ("2026-10-11T22:00", "Europe/Berlin", "2026-10-25T23:00"),
    ],
)
def test_a_trial_ends_some_local_days_later_at_the_same_wall_time(start: str, zone: str, end: str) -> None:
    assert end_of_trial(utc(start), days=14, zone=zone) == utc(end)


def test_without_a_trial_billing_begins_at_once() -> None:
    bare = subscribed("sub-1", "acct-1", plan=replace(PLAN, trial_days=0), start=utc("2026-01-18T10:00"), zone="UTC")
    assert (bare.trial_start, bare.trial_end, bare.start, bare.begun) == (
        None,
        None,
        utc("2026-01-18T10:00"),
        bare.start,
    )


def test_the_anniversary_is_that_of_the_trials_end() -> None:
    account = in_trial()
    subscription = account.subscription
    assert (subscription.trial_start, subscription.trial_end) == (utc("2026-01-18T10:00"), utc("2026-02-01T10:00"))
    assert subscription.next_billing_at == utc("2026-03-01T10:00")
    assert account.bill().period.start == utc("2026-02-01T10:00")


def test_in_advance_the_first_bill_is_due_when_the_trial_ends() -> None:
    assert in_trial(replace(PLAN, billed=Billed.IN_ADVANCE)).subscription.next_billing_at == utc("2026-02-01T10:00")


def test_with_an_anchor_day_the_first_period_runs_from_the_trials_end_to_that_day() -> None:
    # 15 to 28 February are 14 of 28 days
    invoice = in_trial(replace(PLAN, anchor_day=1), start="2026-02-01").bill()
    assert shown(invoice.lines) == [("Base (monthly)", "1", "28.00", 2800), ("Base - proration", "1", "-14.00", -1400)]


@pytest.mark.parametrize("anchor_day", [None, 1])
def test_usage_of_the_trial_is_in_no_bill_not_even_on_its_last_day(anchor_day: int | None) -> None:
    account = in_trial(replace(PLAN, fees=(), anchor_day=anchor_day), start="2026-01-24T10:00")
    # the trial ends on 7 February at 10:00; before it is one bucket of the day, after it another
    account = account.using(
        "calls", {"2026-02-06": "1000", "2026-02-07": "100", "2026-02-07T10:00": "10", "2026-02-08": "1"}
    )
    assert shown(account.bill().lines) == [("Calls", "11", "1.00", 1100)]


def test_a_change_of_plan_on_the_first_day_takes_no_usage_of_the_trial_along() -> None:
    account = in_trial(replace(PLAN, fees=(), anchor_day=1), start="2026-01-24T10:00")
    other = replace(account.plans[PLAN.ref], version=2, metered=(a_meter("2.00"),))
    account = account.changing_plan(other, at="2026-02-07T15:00")
    account = account.using("calls", {"2026-02-07": "100", "2026-02-07T10:00": "10"})
    assert shown(account.bill().lines) == [("Calls", "10", "2.00", 2000)]


@pytest.mark.parametrize("billed", Billed)
@pytest.mark.parametrize("at", ["2026-01-25", "2026-02-01T10:00"])
def test_one_that_ends_with_its_trial_is_never_billed(billed: Billed, at: str) -> None:
    ended = end_subscription(in_trial(replace(PLAN, billed=billed)).subscription, at=utc(at))
    assert (ended.next_billing_at, ended.status, ended.end) == (None, SubscriptionStatus.ENDED, utc(at))


def test_one_that_ends_after_its_trial_is_billed() -> None:
    assert in_trial().ending("2026-02-03T10:00").subscription.next_billing_at == utc("2026-02-03T10:00")


def test_what_was_billed_after_a_trial_is_not_undone_by_an_end_inside_it() -> None:
    billed = in_trial(replace(PLAN, billed=Billed.IN_ADVANCE)).billed(1)
    with pytest.raises(InvalidInput, match="at: expected an instant after 2026-02-01T10:00:00Z"):
        end_subscription(billed.subscription, at=utc("2026-02-01T10:00"))
    assert isinstance(billed.ending("2026-02-15T10:00").next_bill()[0], CreditDraft)
    with pytest.raises(InvalidInput, match="at: expected an instant not billed yet, from 2026-03-01"):
        end_subscription(in_trial().billed(1).subscription, at=utc("2026-01-25"))


def test_another_plan_within_the_trial_is_the_one_that_billing_begins_with() -> None:
    dearer = replace(PLAN, version=2, anchor_day=1)
    changed = in_trial().changing_plan(dearer, at="2026-01-25").subscription
    assert [(phase.plan, phase.start) for phase in changed.phases] == [(dearer.ref, utc("2026-02-01T10:00"))]
    assert changed.trial_start == in_trial().subscription.trial_start
    assert changed.next_billing_at == utc("2026-03-01")  # the short first month, by the new plan's calendar
    not_due = replace(in_trial(), subscription=replace(in_trial().subscription, next_billing_at=None))
    assert not_due.changing_plan(dearer, at="2026-01-25").subscription == replace(changed, next_billing_at=None)


@pytest.mark.parametrize(("at", "trial_days"), [("2026-04-05", 14), ("2026-04-15", 14), ("2026-04-15", 0)])
@pytest.mark.parametrize(("billed", "due"), [(Billed.IN_ARREARS, "2026-05-15"), (Billed.IN_ADVANCE, "2026-04-15")])
def test_before_any_bill_a_plan_that_names_no_day_has_the_days_of_its_start(
    at: str, trial_days: int, billed: Billed, due: str
) -> None:
    on_the_first = replace(PLAN, anchor_day=1, billed=billed, trial_days=trial_days)
    account = in_trial(on_the_first, start="2026-04-01" if trial_days else "2026-04-15")
    changed = account.changing_plan(replace(PLAN, version=2, billed=billed), at=at)
    assert changed.subscription.next_billing_at == utc(due)
    assert changed.bill().period == Period(start=utc("2026-04-15"), end=utc("2026-05-15"))


def test_after_its_bill_a_plan_that_names_no_day_keeps_the_days_of_before() -> None:
    billed = in_trial(replace(PLAN, anchor_day=1, billed=Billed.IN_ADVANCE), start="2026-04-01").billed(1)
    changed = billed.changing_plan(replace(PLAN, version=2, billed=Billed.IN_ADVANCE), at="2026-04-15")
    assert changed.subscription.next_billing_at == utc("2026-05-01")


def test_at_a_start_that_was_billed_ahead_another_interval_can_not_begin() -> None:
    billed = in_trial(replace(PLAN, billed=Billed.IN_ADVANCE)).billed(1)
    with pytest.raises(InvalidInput, match="at: expected an instant after 2026-02-01T10:00:00Z.* made already"):
        billed.changing_plan(replace(PLAN, version=2, anchor_day=1), at="2026-02-01T10:00")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"trial_start": utc("2026-02-01T10:00")}, "trial_start: expected an instant before 2026-02-01T10:00:00Z"),
        ({"end": utc("2026-01-18T10:00")}, "end: expected an instant after 2026-01-18T10:00:00"),
    ],
)
def test_a_trial_lies_before_billing_and_an_end_after_the_trials_start(changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(InvalidInput, match=expected):
        replace(in_trial().subscription, **changes)


@pytest.mark.parametrize("days", [-1, 1001])
def test_a_trial_has_at_most_a_thousand_days(days: int) -> None:
    with pytest.raises(InvalidInput, match=f"trial_days: expected 0 to 1000, got {days}"):
        a_plan(trial_days=days, fees=[a_fee("1")])
