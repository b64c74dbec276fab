"""The guard: more than so many times the mean of the last three, or less than that part of it, and a floor away."""

from decimal import Decimal

import pytest

from billing.domain.errors import InvalidInput
from billing.domain.guard import deviation, with_latest, without
from billing.domain.review import Hold, ReviewKind, why_held
from billing.domain.tenant import Guard
from tests.builders import Account, a_fee, a_plan, a_tenant

THRICE = Guard(factor=Decimal(3), floor=1000)
INVOICE = Account.opened(a_plan(fees=[a_fee("49.00")], anchor_day=1), start="2026-02-01").bill()


@pytest.mark.parametrize(
    ("subtotal", "recent"),
    [
        (6000, (2000, 2000, 2000)),  # exactly three times
        (1000, (3000, 3000, 3000)),  # exactly a third
        (2000, (2000,)),
        (2999, (2000, 1000, 0)),  # mean 1000, and 2999 is below three times that
        (1001, (2, 2, 2)),  # 500 times the mean, and 9.99 away from it
        (0, (999, 999, 999)),  # nothing at all, and 9.99 away
        (500_000, ()),  # nothing to compare with
        (6001, (9, 2000, 2000, 4000)),  # only the last three count: their mean is 26.66
    ],
)
def test_what_is_as_usual_passes(subtotal: int, recent: tuple[int, ...]) -> None:
    assert deviation(subtotal, recent=recent, guard=THRICE) is None


@pytest.mark.parametrize(
    ("subtotal", "recent", "mean"),
    [
        (6001, (2000, 2000, 2000), 2000),
        (999, (3000, 3000, 3000), 3000),
        (3001, (2000, 1000, 0), 1000),
        (1000, (0, 0, 0), 0),
        (0, (1000,), 1000),
        (10_000, (1000, 2000), 1500),
        (20_000, (1000, 1000, 1001), 1000),  # 1000.33
        (20_000, (1000, 1001), 1001),  # 1000.5, half up
    ],
)
def test_what_deviates_is_told_with_its_mean(subtotal: int, recent: tuple[int, ...], mean: int) -> None:
    found = deviation(subtotal, recent=recent, guard=THRICE)
    assert found is not None
    assert (found.subtotal, found.recent, found.mean) == (subtotal, recent, mean)


def test_the_comparison_is_exact_where_the_mean_is_not_a_whole_number() -> None:
    """The mean of 1.00, 1.00 and 1.01 is 1.00333...; three times that is 3.01 and not more."""
    always = Guard(factor=Decimal(3))
    assert deviation(301, recent=(100, 100, 101), guard=always) is None
    assert deviation(302, recent=(100, 100, 101), guard=always) is not None
    assert deviation(110, recent=(100,), guard=Guard(factor=Decimal("1.1"))) is None
    assert deviation(111, recent=(100,), guard=Guard(factor=Decimal("1.1"))) is not None


@pytest.mark.parametrize(
    ("subtotal", "recent", "reason"),
    [
        (123_456, (2000, 2000), "1,234.56 USD is more than 3 times the mean of the last 2 invoices, 20.00 USD"),
        (0, (2000,), "0.00 USD is less than 1/3 of the last invoice's, 20.00 USD"),
    ],
)
def test_the_reason_is_a_sentence_with_the_figures(subtotal: int, recent: tuple[int, ...], reason: str) -> None:
    found = deviation(subtotal, recent=recent, guard=THRICE)
    assert found is not None
    assert found.reason("USD") == reason


def test_the_latest_three_are_remembered_and_a_void_one_is_forgotten() -> None:
    assert with_latest((), 5) == (5,)
    assert with_latest((1, 2, 3), 4) == (2, 3, 4)
    assert without((4, 7, 4), 4) == (4, 7)
    assert without((4, 7, 5), 7) == (4, 5)
    assert without((1, 2), 3) == (1, 2)


def test_a_tenant_without_guard_and_approval_holds_nothing_back() -> None:
    assert why_held(INVOICE, recent=(1,), tenant=a_tenant()) is None
    assert why_held(INVOICE, recent=(4900,), tenant=a_tenant(guard=THRICE)) is None


def test_with_approval_every_invoice_waits_and_what_the_guard_found_is_said_first() -> None:
    held = why_held(INVOICE, recent=(), tenant=a_tenant(approval=True, guard=THRICE))
    assert held == Hold(kind=ReviewKind.APPROVAL, reason="every invoice waits for approval")
    guarded = why_held(INVOICE, recent=(100,), tenant=a_tenant(approval=True, guard=THRICE))
    assert guarded is not None
    assert guarded.kind is ReviewKind.GUARD
    assert guarded.figures == {
        "subtotal": "49.00",
        "mean": "1.00",
        "recent": "1.00",
        "factor": "3",
        "currency": "USD",
    }


def test_a_guard_has_no_negative_floor() -> None:
    with pytest.raises(InvalidInput, match="guard.floor: expected 0 or more minor units"):
        Guard(factor=Decimal(3), floor=-1)
