"""A run beside the invoices before it: each bill is of one kind of change, the greatest first."""

from dataclasses import replace
from decimal import Decimal

import pytest

from billing.domain.invoice import Invoice
from billing.domain.run_comparison import Change, ComparedBill, compare
from tests.builders import Account, a_fee, a_plan, utc

INVOICE = Account.opened(a_plan(fees=[a_fee("49.00")], anchor_day=1), start="2026-02-01").bill()


def of(subscription_id: str, subtotal: int, *, on: str = "2026-03-01") -> Invoice:
    return replace(INVOICE, subscription_id=subscription_id, subtotal=subtotal, bill_for_date=utc(on))


def a_bill(before: int | None, now: int | None) -> ComparedBill:
    return ComparedBill(subscription_id="s", customer_id="c", currency="USD", before=before, now=now)


@pytest.mark.parametrize(
    ("before", "now", "change", "difference", "factor"),
    [
        (None, 500, Change.NEW, 500, None),
        (500, None, Change.MISSING, -500, None),
        (500, 0, Change.DROPPED_TO_ZERO, -500, Decimal("0.00")),
        (2000, 20_000, Change.UP, 18_000, Decimal("10.00")),
        (3000, 2000, Change.DOWN, -1000, Decimal("0.67")),
        (0, 700, Change.UP, 700, None),
        (700, 700, Change.SAME, 0, Decimal("1.00")),
        (0, 0, Change.SAME, 0, None),
    ],
)
def test_a_bill_is_of_one_kind(
    before: int | None, now: int | None, change: Change, difference: int, factor: Decimal | None
) -> None:
    bill = a_bill(before, now)
    assert (bill.change, bill.difference, bill.factor) == (change, difference, factor)


def test_a_bill_that_a_suspended_customer_does_not_get_is_no_missing_one() -> None:
    bill = replace(a_bill(500, None), suspended=True)
    assert (bill.change, bill.difference) == (Change.SUSPENDED, -500)


def test_the_greatest_change_comes_first_whichever_way_it_goes() -> None:
    gone = replace(a_bill(5000, None), subscription_id="gone")
    found = compare(
        [of("up", 9000), of("same", 100), of("new", 300), of("zero", 0)],
        latest={"up": 1000, "same": 100, "zero": 400},
        missing=[gone],
    )
    assert [each.subscription_id for each in found.bills] == ["up", "gone", "zero", "new", "same"]
    assert found.counts() == {
        Change.NEW: 1,
        Change.MISSING: 1,
        Change.SUSPENDED: 0,
        Change.DROPPED_TO_ZERO: 1,
        Change.UP: 1,
        Change.DOWN: 0,
        Change.SAME: 1,
    }
    assert found.totals("USD") == (1000 + 100 + 400 + 5000, 9000 + 100 + 300)
    assert found.currencies() == ["USD"]


def test_in_a_catch_up_each_bill_is_compared_with_the_one_before_it_in_the_run() -> None:
    found = compare([of("s", 300, on="2026-04-01"), of("s", 200)], latest={"s": 100})
    assert [(each.before, each.now) for each in found.bills] == [(100, 200), (200, 300)]
