"""What a subscription and its usage get back for a bill that is made again."""

from dataclasses import replace
from decimal import Decimal

import pytest

from billing.domain.catalog import Aggregation, Billed
from billing.domain.charged_stretch import ChargedStretch
from billing.domain.coupon import Coupon, Discount
from billing.domain.credit import credit_note_of
from billing.domain.errors import InvalidInput
from billing.domain.invoice import InvoiceStatus, LineKind
from billing.domain.invoice_life import is_newest
from billing.domain.period import Period
from billing.domain.rebilling import (
    before_bill,
    charged_after,
    discounts_with,
    discounts_without,
    not_billed_any_more,
    reopened,
    taken_back,
)
from billing.domain.rollup import UsageRollup
from billing.domain.subscription import OneTimeCharge, SubscriptionStatus
from tests.builders import Account, a_fee, a_plan, utc

AHEAD = a_plan(fees=[a_fee("31.00")], anchor_day=1, billed=Billed.IN_ADVANCE)
WELCOME = Discount(coupon=Coupon(coupon_id="welcome", name="Welcome", percent=Decimal(10)), start=utc("2026-01-01"))
FEBRUARY = Period(utc("2026-02-01"), utc("2026-03-01"))
SPRING = Discount(coupon=Coupon(coupon_id="spring", name="Spring", percent=Decimal(5)), start=utc("2026-01-01"))


def a_charge(charge_id: str) -> OneTimeCharge:
    return OneTimeCharge(
        id=charge_id, name="Set-up", quantity=Decimal(1), unit_price=Decimal(5), charged_at=utc("2026-01-01")
    )


def opened() -> Account:
    account = Account.opened(AHEAD, start="2026-01-01")
    first = replace(account.subscription, discounts=(WELCOME,), one_time=(a_charge("setup"),))
    return replace(account, subscription=first)


def test_a_draft_that_is_taken_back_leaves_the_subscription_as_it_was_with_what_came_since() -> None:
    account = opened()
    draft, after = account.bill(), account.billed().subscription
    since = replace(after, one_time=(a_charge("visit"),), discounts=(*after.discounts, SPRING), late_usage=("s.m.1",))
    back = taken_back(since, draft)
    assert back.next_billing_at == utc("2026-01-01")
    assert back.prepaid == ()
    assert [each.id for each in back.one_time] == ["setup", "visit"]
    assert back.discounts == (WELCOME, SPRING)  # the first with no use counted
    assert back.late_usage == ("s.m.1",)


def test_a_bill_that_is_made_again_finds_only_what_the_first_one_found() -> None:
    account = opened()
    draft, after = account.bill(), account.billed().subscription
    again = before_bill(replace(after, one_time=(a_charge("visit"),)), draft)
    assert (again.one_time, again.discounts, again.prepaid) == ((a_charge("setup"),), (WELCOME,), ())
    assert again.status is SubscriptionStatus.ACTIVE


def test_an_invoice_from_before_its_facts_were_kept_is_not_made_again() -> None:
    account = opened()
    with pytest.raises(InvalidInput, match="one that keeps what it was computed from"):
        before_bill(account.subscription, replace(account.bill(), basis=None))


def test_the_newest_bill_is_the_one_that_nothing_followed() -> None:
    account = opened()
    first, after = account.bill(), account.billed().subscription
    assert is_newest(first, after)
    assert not is_newest(first, account.billed(2).subscription)
    assert not is_newest(first, replace(after, late_bills=1))


def test_what_a_void_invoice_had_billed_ahead_is_left_to_its_reissue() -> None:
    prepaid = opened().billed().subscription.prepaid
    assert [(each.amount, each.void) for each in prepaid] == [(3100, False)]
    assert [(each.amount, each.void) for each in not_billed_any_more(prepaid, prepaid[0].invoice_id)] == [(3100, True)]
    assert not_billed_any_more(prepaid, "another") == prepaid


def test_a_reissue_leaves_out_what_later_bills_in_force_charged_of_its_period() -> None:
    account = opened()
    void = replace(account.bill(), status=InvoiceStatus.VOID)
    [base] = [line for line in void.lines if line.kind is LineKind.FLAT]
    in_january = replace(base, id="seat:20260116T000000Z:flat", period=Period(utc("2026-01-16"), utc("2026-02-01")))
    lines = (in_january, replace(in_january, kind=LineKind.PRORATION), replace(base, period=FEBRUARY))
    later = replace(void, status=InvoiceStatus.ISSUED, bill_for_date=utc("2026-02-01"), lines=lines)
    charged = ChargedStretch(item_id="seat", period=in_january.period)
    assert charged_after(void, [void, later]) == (charged,)
    assert charged_after(void, [void, replace(later, status=InvoiceStatus.VOID)]) == ()
    assert charged_after(void, [void, credit_note_of(later)]) == (charged,)


def test_a_coupon_counts_the_bills_in_force_that_it_lowered() -> None:
    account = opened()
    draft, after = account.bill(), account.billed().subscription
    without = discounts_without((*after.discounts, SPRING), draft)
    assert [each.used for each in (*after.discounts, *without)] == [1, 0, 0]
    assert [each.used for each in discounts_with(without, draft)] == [1, 0]
    assert discounts_without(without, draft) == without  # taken off and given anew since: never below nothing


def test_a_roll_up_is_open_again_and_what_came_late_is_in_time() -> None:
    rollup = UsageRollup(
        subscription_id="s",
        meter="m",
        month="2026-01",
        aggregation=Aggregation.SUM,
        buckets={utc("2026-01-20"): Decimal(3)},
        closed_until=utc("2026-02-01"),
        late={utc("2026-01-05"): Decimal(1), utc("2026-01-20"): Decimal(4), utc("2026-01-21"): Decimal(2)},
    )
    again = reopened(rollup, since=utc("2026-01-15"))
    assert again.buckets == {utc("2026-01-20"): Decimal(7), utc("2026-01-21"): Decimal(2)}
    assert (again.late, again.closed_until) == ({utc("2026-01-05"): Decimal(1)}, utc("2026-01-15"))
