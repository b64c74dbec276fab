"""What a coupon may be."""

from decimal import Decimal
from typing import Any

import pytest

from billing.domain.coupon import Coupon, Discount
from billing.domain.errors import InvalidInput
from tests.builders import Account, a_fee, a_plan, utc


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "coupon: expected either percent or amount, got 'percent None, amount None'"),
        ({"percent": 5, "amount": 5}, "coupon: expected either percent or amount, got 'percent 5, amount 5'"),
        ({"percent": "0"}, "percent: expected more than 0 and at most 100, got '0'"),
        ({"percent": "100.01"}, "percent: expected more than 0 and at most 100, got '100.01'"),
        ({"percent": "NaN"}, "percent: expected more than 0 and at most 100, got 'NaN'"),
        ({"percent": "5", "currency": "USD"}, "currency: expected none, as a percentage has no currency, got 'USD'"),
        ({"amount": "0", "currency": "USD"}, "amount: expected more than 0, got '0'"),
        ({"amount": "Infinity", "currency": "USD"}, "amount: expected more than 0, got 'Infinity'"),
        ({"amount": "5"}, "currency: expected an ISO 4217 code such as USD, got ''"),
        ({"amount": "5.001", "currency": "USD"}, "amount: expected at most 2 decimals in USD, got '5.001'"),
        ({"amount": "0.5", "currency": "JPY"}, "amount: expected at most 0 decimals in JPY, got '0.5'"),
    ],
)
def test_a_coupon_takes_off_one_thing_that_can_be_taken_off(fields: dict[str, str], expected: str) -> None:
    numbers: dict[str, Any] = {name: value if name == "currency" else Decimal(value) for name, value in fields.items()}
    with pytest.raises(InvalidInput) as refused:
        Coupon(coupon_id="c", name="C", **numbers)
    assert str(refused.value) == expected


@pytest.mark.parametrize("periods", [0, -1])
def test_a_coupon_is_for_one_period_at_least(periods: int) -> None:
    with pytest.raises(InvalidInput, match=f"periods: expected 1 or more, or none for ever, got {periods}"):
        Coupon(coupon_id="c", name="C", percent=Decimal(5), periods=periods)


def test_a_coupon_for_ever_is_always_left_and_another_until_it_is_used_up() -> None:
    for_ever = Coupon(coupon_id="c", name="C", percent=Decimal(5))
    twice = Coupon(coupon_id="c", name="C", percent=Decimal(5), periods=2)
    assert Discount(coupon=for_ever, start=utc("2026-01-01"), used=99).is_left
    assert [Discount(coupon=twice, start=utc("2026-01-01"), used=used).is_left for used in (1, 2)] == [True, False]


def test_a_subscription_has_a_coupon_once() -> None:
    subscription = Account.opened(a_plan(fees=[a_fee("1")]), start="2026-01-01").subscription
    one = Discount(coupon=Coupon(coupon_id="c", name="C", percent=Decimal(5)), start=utc("2026-01-01"))
    with pytest.raises(InvalidInput, match="discounts: expected ids used once"):
        type(subscription)(id="s", customer_id="c", zone="UTC", phases=subscription.phases, discounts=(one, one))
