"""Subscriptions that were billed elsewhere before: nothing is charged again, and what follows is billed as usual."""

from dataclasses import replace
from datetime import date

import pytest

from billing.adapters.book_files.first_bill import BillingStart, with_first_bill
from billing.adapters.book_files.subscription_rows import BookedSubscription
from billing.domain.billing_cycle import bill_for_on_or_after
from billing.domain.catalog import Billed, Plan
from billing.domain.subscription import SubscriptionStatus
from billing.domain.takeover import taken_over
from tests.builders import Account, a_fee, a_meter, a_plan, shown, utc

AHEAD = a_plan(
    fees=[a_fee("28")], addons=[a_fee("10", "seat")], metered=[a_meter("1")], anchor_day=1, billed=Billed.IN_ADVANCE
)
ARREARS = replace(AHEAD, billed=Billed.IN_ARREARS)


def moved(plan: Plan, *, on: str) -> Account:
    """An account since 2025 whose bills from an instant on are made here."""
    account = (
        Account.opened(plan, start="2025-06-15").adding("seat", start="2025-06-15").using("calls", {"2026-02-05": "3"})
    )
    due = bill_for_on_or_after(account.subscription, account.plans, instant=utc(on))
    moved_here = replace(account.subscription, next_billing_at=due)
    return replace(account, subscription=taken_over(moved_here, account.plans))


def test_in_advance_the_running_periods_fees_are_not_charged_again_and_its_usage_is() -> None:
    assert shown(moved(AHEAD, on="2026-02-10").bill().lines) == [
        ("Calls", "3", "1", 300),  # February
        ("Base (monthly)", "1", "28", 2800),  # March
        ("Seat (monthly)", "1", "10", 1000),
    ]


def test_in_advance_what_another_billed_is_not_credited_here_but_what_is_new_is_charged() -> None:
    changed = moved(AHEAD, on="2026-02-10").changing_quantity("seat", to="2", at="2026-02-15")
    assert [line.amount for line in changed.bill().lines] == [300, 2000, -1000, 2800, 2000]  # 2 seats, 14 of 28 days


def test_in_arrears_the_running_period_is_billed_here_as_a_whole() -> None:
    assert [line.amount for line in moved(ARREARS, on="2026-02-10").bill().lines] == [300, 2800, 1000]


@pytest.mark.parametrize("on", ["2025-01-01", "2025-06-15"])
def test_a_subscription_that_starts_here_has_nothing_to_take_over(on: str) -> None:
    account = moved(AHEAD, on=on)
    assert account.subscription.prepaid == ()
    assert [line.amount for line in account.bill().lines] == [2800, -1307, 1000, -467]  # 16 of 30 days: 14.93, 5.33


def test_a_subscription_that_had_its_last_bill_elsewhere_stays_as_it_is() -> None:
    over = replace(
        Account.opened(AHEAD, start="2025-06-15").subscription, next_billing_at=None, status=SubscriptionStatus.ENDED
    )
    assert taken_over(over, {AHEAD.ref: AHEAD}) is over


def test_a_book_in_advance_that_moves_in_is_not_charged_again_for_what_was_billed_elsewhere() -> None:
    booked = BookedSubscription(
        value=Account.opened(AHEAD, start="2025-06-15").adding("seat", start="2025-06-15").subscription,
        plan=AHEAD,
        bill_from=date(2026, 2, 10),
        line=2,
    )
    moved_in = with_first_bill(booked, BillingStart(day=None, reason=""))
    account = replace(Account.opened(AHEAD, start="2025-06-15"), subscription=moved_in)
    assert [line.amount for line in account.bill().lines] == [2800, 1000]  # March alone
