"""Recurring fees after a change of quantity or plan, or an end: credited and billed anew. Amounts are in cents."""

from dataclasses import replace
from decimal import Decimal

from billing.domain.catalog import Proration
from billing.domain.explanation import CreditStep, ProrationStep
from billing.domain.period import Period
from tests.builders import YEARLY, Account, a_fee, a_plan, amounts, shown, utc
from tests.fees import AHEAD, IN_ADVANCE, IN_ARREARS, billed


def test_in_arrears_each_quantity_is_prorated_on_its_own() -> None:
    account = Account.opened(IN_ARREARS, start="2026-02-01").adding("seat", start="2026-02-01", quantity="2")
    invoice = account.changing_quantity("seat", to="5", at="2026-02-11T16:00").bill()
    # 2 x 30 x 10 / 28 = 21.4285 -> 21.43; 5 x 30 x 18 / 28 = 96.4285 -> 96.43
    assert [line.amount for line in invoice.lines] == [6000, -3857, 15000, -5357]
    assert [line.explanation.step for line in invoice.lines[1::2]] == [
        ProrationStep(price=Decimal(60), active=10, whole=28, unit="day"),
        ProrationStep(price=Decimal(150), active=18, whole=28, unit="day"),
    ]


def test_in_advance_the_next_bill_charges_the_new_and_credits_the_unused() -> None:
    account = Account.opened(IN_ADVANCE, start="2026-02-01").adding("seat", start="2026-02-01", quantity="2").billed(1)
    first_id = account.subscription.prepaid[0].invoice_id
    invoice = account.changing_quantity("seat", to="5", at="2026-02-11T16:00").bill()
    assert shown(invoice.lines) == [
        ("Seat (monthly)", "5", "30", 15000),
        ("Seat - proration", "1", "-53.57", -5357),  # the new five for 18 of 28 days: 96.43
        ("Seat - credit for unused time", "1", "-38.57", -3857),  # 60.00 less 10 of 28 days, 21.43
        ("Seat (monthly)", "5", "30", 15000),  # March ahead
    ]
    assert invoice.lines[2].explanation.step == CreditStep(
        invoice_id=first_id, price=Decimal(60), billed=6000, used=10, whole=28, unit="day"
    )


def test_in_advance_an_item_closed_at_the_boundary_is_neither_credited_nor_charged_again() -> None:
    account = Account.opened(IN_ADVANCE, start="2026-02-01").adding("seat", start="2026-02-01").billed(1)
    closed = account.changing_quantity("seat", to="0", at="2026-03-01")
    assert billed(closed, until="2026-04-01") == [[], []]


def test_in_advance_an_item_closed_on_the_day_it_was_paid_for_comes_back_in_full() -> None:
    account = Account.opened(IN_ADVANCE, start="2026-02-01").adding("seat", start="2026-02-01").billed(1)
    assert billed(account.changing_quantity("seat", to="0", at="2026-02-01T10:00"), until="2026-03-01") == [[-3000]]


def test_in_advance_an_item_added_in_mid_period_is_billed_for_the_rest_on_the_next_bill() -> None:
    account = Account.opened(IN_ADVANCE, start="2026-02-01").billed(1).adding("seat", start="2026-02-20")
    assert billed(account, until="2026-03-01") == [[3000, -2036, 3000]]  # 9 of 28 days, then March


def test_without_proration_what_was_paid_ahead_is_not_credited() -> None:
    plan = a_plan(fees=[a_fee("30", proration=Proration.NONE)], anchor_day=1, billed=AHEAD)
    account = Account.opened(plan, start="2026-02-01").billed(1).ending("2026-02-11")
    assert billed(account, until="2027-12-31") == [[]]


def test_without_proration_it_comes_back_where_none_of_its_time_was_used() -> None:
    plan = a_plan(fees=[a_fee("30", proration=Proration.NONE)], anchor_day=1, billed=AHEAD)
    account = Account.opened(plan, start="2026-02-01").billed(2).ending("2026-03-01")
    assert billed(account, until="2027-12-31") == [[-3000]]


def test_a_credit_of_a_fraction_of_a_cent_is_no_line() -> None:
    plan = a_plan(fees=[a_fee("0.01")], anchor_day=1, billed=AHEAD)
    account = Account.opened(plan, start="2026-02-01").billed(1).ending("2026-02-28")
    assert billed(account, until="2027-12-31") == [[]]  # 27 of 28 days of a cent are a cent


def test_what_was_paid_ahead_is_remembered_for_one_period_only() -> None:
    account = Account.opened(IN_ADVANCE, start="2026-02-01").adding("seat", start="2026-02-01")
    sizes = [len(outcome.subscription.prepaid) for outcome in account.bills(until="2027-02-01")]
    assert sizes == [1] * 13


def test_in_arrears_nothing_is_remembered_as_paid_ahead() -> None:
    account = Account.opened(IN_ARREARS, start="2026-02-01").adding("seat", start="2026-02-01").billed(1)
    assert account.subscription.prepaid == ()


# A change of plan


def test_in_arrears_both_plans_are_prorated_on_their_own() -> None:
    cheap, dear = a_plan(fees=[a_fee("28")], anchor_day=1), a_plan(fees=[a_fee("56")], anchor_day=1, version=2)
    account = Account.opened(cheap, start="2026-02-01").changing_plan(dear, at="2026-02-08")
    assert billed(account, until="2026-03-01") == [[2800, -2100, 5600, -1400]]  # 7 days of 28.00, 21 of 56.00


def test_in_advance_an_upgrade_in_mid_period_is_on_the_next_bill() -> None:
    cheap = a_plan(fees=[a_fee("28")], anchor_day=1, billed=AHEAD)
    dear = a_plan(fees=[a_fee("56")], anchor_day=1, billed=AHEAD, version=2)
    account = Account.opened(cheap, start="2026-02-01").billed(1).changing_plan(dear, at="2026-02-08")
    # 21 of 28 days of the new: 42.00; the old was used 7 days, 21.00 back; March of the new
    assert billed(account, until="2026-03-01") == [[5600, -1400, -2100, 5600]]


def test_in_advance_a_change_known_beforehand_is_billed_as_two_parts_and_needs_no_credit() -> None:
    cheap = a_plan(fees=[a_fee("28")], anchor_day=1, billed=AHEAD)
    dear = a_plan(fees=[a_fee("56")], anchor_day=1, billed=AHEAD, version=2)
    account = Account.opened(cheap, start="2026-02-01").changing_plan(dear, at="2026-02-08")
    assert billed(account, until="2026-03-01") == [[2800, -2100, 5600, -1400], [5600]]


def test_in_advance_a_plan_that_comes_back_within_the_period_is_billed_for_both_its_stretches_once() -> None:
    one = a_plan(fees=[a_fee("28")], anchor_day=1, billed=AHEAD)
    other = a_plan(fees=[a_fee("56")], anchor_day=1, billed=AHEAD, version=2)
    account = Account.opened(one, start="2026-02-01").billed(1)
    account = account.changing_plan(other, at="2026-02-08").changing_plan(one, at="2026-02-15")
    # the other plan for 7 of 28 days: 14.00; the first plan's 7 days without it: 7.00 back; March
    assert billed(account, until="2026-03-01") == [[5600, -4200, -700, 2800]]


def test_in_advance_a_change_known_beforehand_and_taken_back_later_bills_the_stretch_that_nobody_paid() -> None:
    cheap = a_plan(fees=[a_fee("28")], anchor_day=1, billed=AHEAD)
    dear = a_plan(fees=[a_fee("56")], anchor_day=1, billed=AHEAD, version=2)
    account = Account.opened(cheap, start="2026-02-01").changing_plan(dear, at="2026-02-08").billed(1)
    # paid: 7.00 of the cheap and 42.00 of the dear one, which was used 7 of its 21 days: 28.00 back;
    # the cheap one for 14 of 28 days, 14.00; March
    assert billed(account.changing_plan(cheap, at="2026-02-15"), until="2026-03-01") == [[2800, -1400, -2800, 2800]]


def test_in_advance_an_end_known_beforehand_and_taken_back_bills_the_rest_of_the_period() -> None:
    plan = a_plan(fees=[a_fee("28")], anchor_day=1, billed=AHEAD)
    account = Account.opened(plan, start="2026-02-01", end="2026-02-15").billed(1)
    resumed = replace(account.subscription, end=None, next_billing_at=utc("2026-03-01"))
    bill = replace(account, subscription=resumed).bill()
    assert [line.amount for line in bill.lines] == [2800, -1400, 2800]  # 14 of 28 days were paid; then March
    assert bill.lines[0].period == Period(utc("2026-02-15"), utc("2026-03-01"))


def test_a_change_from_advance_to_arrears_credits_what_was_paid_and_bills_the_rest_later() -> None:
    ahead = a_plan(fees=[a_fee("28")], anchor_day=1, billed=AHEAD)
    later = a_plan(fees=[a_fee("56")], anchor_day=1, version=2)
    account = Account.opened(ahead, start="2026-02-01").billed(1).changing_plan(later, at="2026-02-08")
    assert billed(account, until="2026-04-01") == [[5600, -1400, -2100], [5600]]


def test_a_change_from_advance_to_arrears_known_beforehand_is_billed_once_and_later() -> None:
    ahead = a_plan(fees=[a_fee("28")], anchor_day=1, billed=AHEAD)
    later = a_plan(fees=[a_fee("56")], anchor_day=1, version=2)
    account = Account.opened(ahead, start="2026-02-01").changing_plan(later, at="2026-02-08")
    assert billed(account, until="2026-04-01") == [[2800, -2100], [5600, -1400], [5600]]


def test_a_change_from_arrears_to_advance_bills_the_first_part_later_and_the_next_period_ahead() -> None:
    later = a_plan(fees=[a_fee("28")], anchor_day=1)
    ahead = a_plan(fees=[a_fee("56")], anchor_day=1, billed=AHEAD, version=2)
    account = Account.opened(later, start="2026-02-01").changing_plan(ahead, at="2026-02-08")
    assert billed(account, until="2026-04-01") == [[2800, -2100, 5600, -1400, 5600], [5600]]


def test_another_interval_in_arrears_bills_the_stub_and_starts_anew() -> None:
    monthly, yearly = a_plan(fees=[a_fee("28")]), a_plan(fees=[a_fee("365")], version=2, cycle=YEARLY)
    account = Account.opened(monthly, start="2026-02-01").changing_plan(yearly, at="2026-02-08")
    assert billed(account, until="2027-02-08") == [[2800, -2100], [36500]]


def test_another_interval_in_advance_credits_the_unused_and_bills_a_whole_new_period_at_once() -> None:
    monthly = a_plan(fees=[a_fee("28")], billed=AHEAD)
    yearly = a_plan(fees=[a_fee("365")], billed=AHEAD, version=2, cycle=YEARLY)
    account = Account.opened(monthly, start="2026-02-01").billed(1).changing_plan(yearly, at="2026-02-08")
    assert account.subscription.next_billing_at == utc("2026-02-08")
    assert billed(account, until="2027-02-08") == [[-2100, 36500], [36500]]


def test_an_add_on_goes_on_under_the_new_plan_at_its_new_price() -> None:
    dearer = a_plan(addons=[a_fee("60", "seat")], anchor_day=1, version=2)
    account = Account.opened(IN_ARREARS, start="2026-02-01").adding("seat", start="2026-02-01")
    lines = account.changing_plan(dearer, at="2026-02-15").bill().lines
    assert [(line.explanation.plan, line.amount) for line in lines] == [
        ("plan@1", 3000), ("plan@1", -1500), ("plan@2", 6000), ("plan@2", -3000),
    ]  # fmt: skip


# The end


def test_cancelled_at_the_periods_end_nothing_is_credited_and_nothing_follows() -> None:
    account = Account.opened(IN_ADVANCE, start="2026-02-01").adding("seat", start="2026-02-01").billed(1)
    assert billed(account.ending("2026-03-01"), until="2027-12-31") == [[]]


def test_cancelled_now_the_unused_part_is_credited_at_once() -> None:
    account = Account.opened(IN_ADVANCE, start="2026-02-01").adding("seat", start="2026-02-01").billed(1)
    ended = account.ending("2026-02-15T12:00")
    assert ended.subscription.next_billing_at == utc("2026-02-15T12:00")
    assert billed(ended, until="2027-12-31") == [[-1500]]


def test_every_line_of_a_bill_has_its_own_id() -> None:
    account = (
        Account.opened(IN_ADVANCE, start="2026-02-01")
        .adding("seat", start="2026-02-01")
        .billed(1)
        .changing_quantity("seat", to="5", at="2026-02-11T16:00")
        .changing_quantity("seat", to="6", at="2026-02-20")
    )
    ids = [line.id for line in account.bill().lines]
    assert len(set(ids)) == len(ids)
    assert ids[0] == "seat~20260211T160000Z:20260211T160000Z:flat"
    assert "seat:20260201T000000Z:credit" in ids


def test_two_fees_are_billed_side_by_side() -> None:
    plan = a_plan(fees=[a_fee("10", "base"), a_fee("5", "extra")])
    assert amounts(Account.opened(plan, start="2026-02-01").bill().lines) == {
        "Base (monthly)": 1000,
        "Extra (monthly)": 500,
    }
