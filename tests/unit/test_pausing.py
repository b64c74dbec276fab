"""Pauses: paused days cost nothing, the anchor stays, what was billed ahead comes back. Amounts are in cents."""

from dataclasses import replace
from decimal import Decimal

import pytest

from billing.domain.catalog import GraduatedPrice, Plan, Proration
from billing.domain.errors import InvalidInput
from billing.domain.invoicing import Draft, Skip, SkipReason
from billing.domain.pausing import pause_subscription, resume_subscription
from billing.domain.subscription import Pause, SubscriptionStatus
from billing.domain.subscription_changes import end_subscription
from tests.builders import YEARLY, Account, a_fee, a_meter, a_plan, tiers, utc
from tests.fees import AHEAD, billed

ARREARS = a_plan(fees=[a_fee("30")], metered=[a_meter("1.00")], anchor_day=1)
TIERED = a_meter(GraduatedPrice(tiers=tiers((None, "1", "9"))))
ADVANCE = a_plan(fees=[a_fee("29")], anchor_day=1, billed=AHEAD, plan_id="ahead")


def paused(account: Account, at: str, until: str | None = None) -> Account:
    end = None if until is None else utc(until)
    return replace(account, subscription=pause_subscription(account.subscription, at=utc(at), until=end))


def resumed(account: Account, at: str) -> Account:
    return replace(account, subscription=resume_subscription(account.subscription, at=utc(at)))


# What it costs


def test_in_arrears_the_days_before_and_after_a_pause_are_two_parts() -> None:
    account = Account.opened(ARREARS, start="2026-04-01")
    account = resumed(paused(account, "2026-04-11T15:00"), "2026-04-21T09:00")
    # 10 of 30 days, then 10 of 30: the 11th is not charged any more, the 21st is
    assert billed(account, until="2026-05-01") == [[3000, -2000, 3000, -2000]]


def test_in_a_leap_february_paid_ahead_each_paused_day_is_a_twenty_ninth() -> None:
    account = Account.opened(ADVANCE, start="2028-02-01").billed(1)
    account = resumed(paused(account, "2028-02-10"), "2028-02-15")
    assert billed(account, until="2028-03-01") == [[-500, 2900]]  # 5 of 29 days of 29.00; March ahead


def test_a_period_that_begins_paused_is_not_billed_ahead_and_its_rest_is_billed_later() -> None:
    account = paused(Account.opened(ADVANCE, start="2026-03-01").billed(1), "2026-03-11")
    [credit, *none] = billed(account, until="2026-05-01")
    assert credit == [-1965]  # 29.00 less 10 of 31 days, 9.35: on the bill of 1 April, as a credit note
    assert none == [[]]
    back = resumed(account.billed(2), "2026-05-16")
    # 16 of 31 days of May by their share, 14.97; June ahead as ever
    assert billed(back, until="2026-06-01") == [[2900, -1403, 2900]]


def test_a_pause_known_beforehand_is_not_billed_ahead() -> None:
    account = paused(Account.opened(ADVANCE, start="2026-04-01"), "2026-04-11", until="2026-04-21")
    # 10 of 30 days, then 10 of 30 days: 9.67 each
    assert billed(account, until="2026-05-01") == [[2900, -1933, 2900, -1933], [2900]]


def test_one_that_ends_earlier_than_planned_bills_what_was_not_billed_ahead() -> None:
    account = paused(Account.opened(ADVANCE, start="2026-04-01"), "2026-04-11", until="2026-04-21").billed(1)
    assert billed(resumed(account, "2026-04-16"), until="2026-05-01") == [[2900, -2417, 2900]]  # 5 of 30 days: 4.83


def test_paused_and_gone_on_within_a_day_costs_as_if_nothing_had_been() -> None:
    account = Account.opened(ADVANCE, start="2026-04-01").billed(1)
    account = resumed(paused(account, "2026-04-10T09:00"), "2026-04-10T17:00")
    assert billed(account, until="2026-05-01") == [[2900]]


def test_two_pauses_in_a_period_are_both_left_out() -> None:
    account = resumed(paused(Account.opened(ADVANCE, start="2026-04-01").billed(1), "2026-04-03"), "2026-04-06")
    account = resumed(paused(account, "2026-04-20"), "2026-04-27")
    assert billed(account, until="2026-05-01") == [[-967, 2900]]  # 10 of 30 days


def test_a_fee_without_proration_is_owed_once_where_any_day_is_not_paused() -> None:
    plan = a_plan(fees=[a_fee("30", proration=Proration.NONE)], anchor_day=1)
    account = resumed(paused(Account.opened(plan, start="2026-04-01"), "2026-04-11"), "2026-04-21")
    assert billed(account, until="2026-05-01") == [[3000]]


def test_usage_of_paused_days_is_not_billed() -> None:
    used = {"2026-04-09": "5", "2026-04-12": "7", "2026-04-21": "2"}
    account = resumed(
        paused(Account.opened(ARREARS, start="2026-04-01").using("calls", used), "2026-04-12"), "2026-04-21"
    )
    [bill] = account.bills(until="2026-05-01")
    assert isinstance(bill, Draft)
    assert [(line.quantity, line.amount) for line in bill.invoice.lines][:1] == [(Decimal(7), 700)]


def test_a_period_paused_as_a_whole_brings_no_bill_not_even_a_tier_s_flat_fee() -> None:
    account = paused(Account.opened(a_plan(metered=[TIERED], anchor_day=1), start="2026-04-01"), "2026-04-01")
    [skip] = account.bills(until="2026-05-01")
    assert isinstance(skip, Skip)
    assert skip.reason is SkipReason.PAUSED
    assert skip.subscription.next_billing_at == utc("2026-06-01")  # the anchor stays


@pytest.mark.parametrize("start", ["2026-04-15", "2026-04-15T10:00"])
def test_paused_on_the_day_of_its_start_it_owes_nothing_for_that_month(start: str) -> None:
    plan = a_plan(fees=[a_fee("30")], metered=[TIERED], anchor_day=1)
    account = paused(Account.opened(plan, start=start).using("calls", {"2026-04-15": "7"}), "2026-04-15T12:00")
    assert billed(account, until="2026-06-01") == [[], []]  # not even the 9.00 of the tier


def test_paused_on_the_day_on_which_the_cycle_restarted_it_owes_nothing_from_that_day_on() -> None:
    yearly = a_plan(plan_id="yearly", metered=[TIERED], cycle=YEARLY)
    account = Account.opened(a_plan(metered=[TIERED], anchor_day=1), start="2026-04-01")
    account = account.changing_plan(yearly, at="2026-04-11T10:00").using("calls", {"2026-04-11": "7"})
    assert billed(paused(account, "2026-04-11T12:00"), until="2027-04-11T10:00") == [[900], []]
    # on from the 11th at noon: that day is billed as a whole, with what was used before the restart at ten
    back = resumed(paused(account, "2026-04-08"), "2026-04-11T12:00")
    assert billed(back, until="2027-04-11T10:00") == [[900], [1600]]


@pytest.mark.parametrize("until", ["2026-04-11T10:00", "2026-04-11T08:00"])
def test_paused_until_the_day_on_which_the_cycle_restarts_it_has_no_bill_of_the_days_before(until: str) -> None:
    yearly = a_plan(plan_id="yearly", metered=[a_meter("1.00")], cycle=YEARLY)
    account = paused(Account.opened(ARREARS, start="2026-03-01").billed(1), "2026-04-01", until)
    [skip] = account.changing_plan(yearly, at="2026-04-11T10:00").bills(until="2026-04-12")
    assert isinstance(skip, Skip)
    assert (skip.reason, skip.cycle.bill_for_date) == (SkipReason.PAUSED, utc("2026-04-11T10:00"))
    earlier = paused(Account.opened(ARREARS, start="2026-03-01").billed(1), "2026-04-01", "2026-04-10T10:00")
    # the 10th is billed: one of April's 30 days
    assert billed(earlier.changing_plan(yearly, at="2026-04-11T10:00"), until="2026-04-12") == [[3000, -2900]]


def test_a_pause_from_the_very_start_bills_nothing_ahead() -> None:
    [first] = paused(Account.opened(ADVANCE, start="2026-04-01"), "2026-04-01").bills(until="2026-04-01")
    assert isinstance(first, Skip)
    assert first.reason is SkipReason.PAUSED


def test_a_commitment_is_owed_for_the_days_that_are_not_paused() -> None:
    plan = a_plan(metered=[a_meter("1.00")], anchor_day=1)
    plan = replace(plan, minimum_commitment=a_fee("60").unit_price)
    account = resumed(paused(Account.opened(plan, start="2026-04-01"), "2026-04-11"), "2026-04-21")
    assert billed(account, until="2026-05-01") == [[4000]]  # 20 of 30 days of 60.00


def test_one_that_ends_while_paused_gets_back_what_was_paid_from_the_pause_on() -> None:
    account = paused(Account.opened(ADVANCE, start="2026-04-01").billed(1), "2026-04-11").ending("2026-04-16")
    assert billed(account, until="2027-01-01") == [[-1933]]  # 29.00 less 10 of 30 days, 9.67


@pytest.mark.parametrize("plan", [ARREARS, replace(ADVANCE, metered=ARREARS.metered)], ids=["arrears", "advance"])
@pytest.mark.parametrize("end", ["2026-05-01", "2026-05-10"])
def test_a_pause_that_was_to_begin_at_the_end_or_later_leaves_the_last_bill_as_it_is(plan: Plan, end: str) -> None:
    account = Account.opened(plan, start="2026-04-01").using("calls", {"2026-04-15": "7"})
    with_pause = paused(account, "2026-05-10").ending(end)
    assert billed(with_pause, until="2027-01-01") == billed(account.ending(end), until="2027-01-01")
    assert with_pause.bills(until="2027-01-01")[-1].subscription.status is SubscriptionStatus.ENDED


# What can be


def test_paused_again_is_paused_as_it_was() -> None:
    once = paused(Account.opened(ARREARS, start="2026-04-01"), "2026-04-11")
    assert paused(once, "2026-04-12") == paused(once, "2026-04-11") == once
    known = paused(Account.opened(ARREARS, start="2026-04-01"), "2026-04-11", until="2026-04-15")
    assert paused(known, "2026-04-11", until="2026-04-15") == known
    with pytest.raises(InvalidInput, match="at: expected an instant from the end of the pause of 2026-04-11"):
        paused(known, "2026-04-12")


def test_going_on_takes_back_what_is_to_come_and_ends_what_is_on() -> None:
    account = Account.opened(ARREARS, start="2026-04-01")
    assert resumed(paused(account, "2026-04-11"), "2026-04-10") == account
    ended = resumed(paused(account, "2026-04-11"), "2026-04-15")
    assert ended.subscription.pauses == (Pause(start=utc("2026-04-11"), end=utc("2026-04-15")),)
    assert resumed(ended, "2026-04-15") == ended
    for never_or_over in (account, ended):
        with pytest.raises(InvalidInput, match="subscription_id: expected a subscription that is paused then"):
            resumed(never_or_over, "2026-04-16")


def test_a_pause_ends_after_it_starts_and_pauses_do_not_overlap() -> None:
    account = Account.opened(ARREARS, start="2026-04-01")
    with pytest.raises(InvalidInput, match="end: expected an instant after 2026-04-11"):
        paused(account, "2026-04-11", until="2026-04-11")
    one, other = Pause(start=utc("2026-04-11")), Pause(start=utc("2026-04-20"))
    with pytest.raises(InvalidInput, match="pauses: expected each after the end of the one before"):
        replace(account.subscription, pauses=(one, other))


def test_what_was_billed_the_trial_and_the_end_can_not_be_paused() -> None:
    account = Account.opened(ARREARS, start="2026-04-01").billed(1)
    with pytest.raises(InvalidInput, match="at: expected an instant not billed yet, from 2026-05-01"):
        paused(account, "2026-04-20")
    in_trial = replace(account.subscription, trial_start=utc("2026-03-18"))
    with pytest.raises(InvalidInput, match="at: expected an instant in which it is billed, from 2026-04-01"):
        pause_subscription(replace(in_trial, next_billing_at=utc("2026-05-01")), at=utc("2026-03-20"))
    ending = end_subscription(account.subscription, at=utc("2026-05-20"))
    with pytest.raises(InvalidInput, match="until 2026-05-20"):
        pause_subscription(ending, at=utc("2026-05-20"))
