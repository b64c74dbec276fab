"""A minimum commitment: what a plan's period comes to at least, before discounts and tax."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from billing.domain.catalog import Billed, FirstPeriod, Plan
from billing.domain.coupon import Coupon, Discount
from billing.domain.errors import InvalidInput
from billing.domain.invoice import LineKind
from billing.domain.invoicing import CreditDraft, Draft
from billing.domain.subscription import OneTimeCharge, Prepaid
from billing.domain.takeover import taken_over
from tests.builders import GERMAN_VAT, HOURLY, Account, a_fee, a_meter, a_plan, amounts, utc

FEBRUARY = "2026-02-01"


def committed(to: str, **changes: Any) -> Plan:  # noqa: ANN401 - any field
    return a_plan(minimum_commitment=Decimal(to), **changes)


CALLS = [a_meter("0.10")]


def test_a_line_brings_the_period_up_to_it() -> None:
    account = Account.opened(committed("100.00", metered=CALLS, fees=[a_fee("20.00")]), start=FEBRUARY)
    invoice = account.using("calls", {"2026-02-03": "300"}).bill()
    # 30.00 of calls and 20.00 of fee: 50.00 are missing
    assert amounts(invoice.lines) == {"Calls": 3000, "Base (monthly)": 2000, "Plan - minimum commitment": 5000}
    assert invoice.lines[-1].kind is LineKind.COMMITMENT
    assert invoice.subtotal == 10000


@pytest.mark.parametrize("used", ["800", "800.05", "2000"])
def test_there_is_no_line_where_it_is_reached(used: str) -> None:
    account = Account.opened(committed("100.00", metered=CALLS, fees=[a_fee("20.00")]), start=FEBRUARY)
    lines = account.using("calls", {"2026-02-03": used}).bill().lines
    assert "Plan - minimum commitment" not in amounts(lines)


def test_it_is_owed_by_a_subscription_that_used_nothing() -> None:
    account = Account.opened(committed("100.00", metered=CALLS), start=FEBRUARY)
    assert amounts(account.bill().lines) == {"Plan - minimum commitment": 10000}


def test_a_short_first_period_owes_its_days_of_it() -> None:
    # 10 to 28 February are 19 of 28 days: 100.00 x 19/28 = 67.857 -> 67.86
    account = Account.opened(committed("100.00", metered=CALLS, anchor_day=1), start="2026-02-10")
    assert account.bill().total == 6786


@pytest.mark.parametrize(
    ("rule", "expected"),
    [(FirstPeriod.FREE, {"Calls": 500}), (FirstPeriod.FULL, {"Calls": 500, "Plan - minimum commitment": 9500})],
)
def test_a_short_first_period_owes_what_the_plan_says_of_it(rule: FirstPeriod, expected: dict[str, int]) -> None:
    plan = committed("100.00", metered=CALLS, anchor_day=1, first_period=rule)
    account = Account.opened(plan, start="2026-02-10").using("calls", {"2026-02-11": "50"})
    assert amounts(account.bill().lines) == expected


def test_in_a_cycle_of_hours_its_part_is_measured_by_the_second() -> None:
    account = Account.opened(committed("3600.00", cycle=HOURLY), start=FEBRUARY, end="2026-02-01T00:00:01")
    assert account.bill().total == 100  # one second of 3,600


def test_the_day_of_a_change_belongs_to_the_new_plans_commitment() -> None:
    dear = committed("280.00", metered=CALLS, version=2, name="Dear")
    account = Account.opened(committed("28.00", metered=CALLS), start=FEBRUARY).changing_plan(
        dear, at="2026-02-15T12:00"
    )
    account = account.using("calls", {"2026-02-02": "40", "2026-02-20": "100"})
    # 14 of 28 days each: 14.00 less 4.00 of calls, and 140.00 less 10.00
    lines = account.bill().lines
    assert [(line.description, line.amount) for line in lines if line.kind is LineKind.COMMITMENT] == [
        ("Plan - minimum commitment", 1000),
        ("Dear - minimum commitment", 13000),
    ]


def test_a_plan_that_comes_back_in_the_period_owes_its_days_together() -> None:
    plan, other = committed("28.00"), a_plan(version=2)
    account = Account.opened(plan, start=FEBRUARY).changing_plan(other, at="2026-02-08")
    account = account.changing_plan(plan, at="2026-02-22")
    assert amounts(account.bill().lines) == {"Plan - minimum commitment": 1400}  # 7 + 7 of 28 days


def test_a_fee_billed_ahead_counts_for_the_period_that_it_was_billed_for() -> None:
    plan = committed("100.00", metered=CALLS, fees=[a_fee("60.00")], billed=Billed.IN_ADVANCE)
    first, account = Account.opened(plan, start=FEBRUARY).using("calls", {"2026-02-03": "100"}).next_bill()
    assert isinstance(first, Draft)
    assert amounts(first.invoice.lines) == {"Base (monthly)": 6000}
    # February: 10.00 of calls and the 60.00 of 1 February; March's 60.00 don't count
    assert amounts(account.bill().lines) == {"Calls": 1000, "Plan - minimum commitment": 3000, "Base (monthly)": 6000}


def test_what_is_credited_of_a_fee_billed_ahead_counts_no_more() -> None:
    plan = committed("84.00", fees=[a_fee("56.00")], billed=Billed.IN_ADVANCE)
    account = Account.opened(plan, start=FEBRUARY).billed(1).ending("2026-02-15")
    # half of February: 42.00 are owed at least, 28.00 of the fee are left, 28.00 are credited
    outcome, _ = account.next_bill()
    assert isinstance(outcome, CreditDraft)
    assert amounts(outcome.credit_note.lines) == {
        "Base - credit for unused time": 2800,
        "Plan - minimum commitment": -1400,
    }


def test_a_coupon_on_what_was_billed_ahead_changes_nothing_of_it() -> None:
    plan = committed("84.00", fees=[a_fee("56.00")], billed=Billed.IN_ADVANCE)
    half = Discount(coupon=Coupon(coupon_id="half", name="Half", percent=Decimal(50)), start=utc(FEBRUARY))
    account = Account.opened(plan, start=FEBRUARY)
    account = replace(account, subscription=replace(account.subscription, discounts=(half,)))
    outcome, _ = account.billed(1).ending("2026-02-15").next_bill()
    # 28.00 of 56.00 were paid: 14.00 go back for the unused half. The commitment is measured before discounts: 14.00
    assert isinstance(outcome, Draft)
    assert amounts(outcome.invoice.lines) == {
        "Base - credit for unused time": -1400,
        "Plan - minimum commitment": 1400,
    }


def test_a_coupon_that_paid_all_that_was_billed_ahead_leaves_the_unused_part_out_of_it_too() -> None:
    plan = committed("84.00", fees=[a_fee("56.00")], billed=Billed.IN_ADVANCE)
    free = Discount(coupon=Coupon(coupon_id="free", name="Free", percent=Decimal(100)), start=utc(FEBRUARY))
    account = Account.opened(plan, start=FEBRUARY)
    account = replace(account, subscription=replace(account.subscription, discounts=(free,)))
    outcome, _ = account.billed(1).ending("2026-02-15").next_bill()
    # nothing was paid and nothing goes back; of 42.00 at least 28.00 were used
    assert isinstance(outcome, Draft)
    assert amounts(outcome.invoice.lines) == {"Plan - minimum commitment": 1400}


def test_a_fee_that_was_billed_elsewhere_counts_as_if_it_had_been_billed_here() -> None:
    plan = committed("100.00", fees=[a_fee("60.00")], billed=Billed.IN_ADVANCE)
    account = Account.opened(plan, start="2026-01-01")
    moved = replace(account.subscription, next_billing_at=utc("2026-02-01"))
    account = replace(account, subscription=taken_over(moved, account.plans))
    (mark,) = account.subscription.prepaid
    assert isinstance(mark, Prepaid)
    assert (mark.invoice_id, mark.amount) == ("", 0)
    assert amounts(account.bill().lines) == {"Plan - minimum commitment": 4000, "Base (monthly)": 6000}


def test_prices_that_contain_tax_count_without_it() -> None:
    plan = committed("150.00", fees=[a_fee("119.00", tax_inclusive=True)])
    invoice = Account.opened(plan, start=FEBRUARY, taxes=GERMAN_VAT).bill()
    # 119.00 contain 19.00 of tax: 100.00 count, 50.00 are missing, and they are taxed
    assert amounts(invoice.lines) == {"Base (monthly)": 11900, "Plan - minimum commitment": 5000}
    assert (invoice.subtotal, invoice.tax) == (15000, 2850)


def test_one_time_charges_do_not_count() -> None:
    account = Account.opened(committed("100.00"), start=FEBRUARY)
    setup = OneTimeCharge(
        id="setup", name="Set-up", quantity=Decimal(1), unit_price=Decimal(70), charged_at=utc("2026-02-02")
    )
    account = replace(account, subscription=replace(account.subscription, one_time=(setup,)))
    assert amounts(account.bill().lines) == {"Plan - minimum commitment": 10000, "Set-up": 7000}


def test_it_is_measured_before_discounts_and_not_lowered_by_them() -> None:
    plan = committed("100.00", fees=[a_fee("60.00")])
    half = Discount(coupon=Coupon(coupon_id="half", name="Half", percent=Decimal(50)), start=utc(FEBRUARY))
    account = Account.opened(plan, start=FEBRUARY)
    account = replace(account, subscription=replace(account.subscription, discounts=(half,)))
    assert amounts(account.bill().lines) == {
        "Base (monthly)": 6000,
        "Plan - minimum commitment": 4000,
        "Half - discount": -3000,
    }


@pytest.mark.parametrize("wrong", ["-1", "Infinity"])
def test_a_commitment_to_less_than_nothing_or_to_everything_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidInput, match="minimum_commitment: expected 0 or more"):
        committed(wrong)
