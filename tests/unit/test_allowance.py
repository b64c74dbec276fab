"""An included allowance: the first units of a period are free, and the price begins after them."""

from decimal import Decimal

import pytest

from billing.domain.catalog import GraduatedPrice, PackagePrice, PerUnitPrice, StairstepPrice, UsagePrice, VolumePrice
from billing.domain.errors import InvalidInput
from billing.domain.explanation import TierStep, amount_of
from billing.domain.money import Rounding
from billing.domain.rating import rate
from tests.builders import Account, a_meter, a_plan, shown, tiers

GRADUATED = GraduatedPrice(tiers=tiers(("10", "1.00"), (None, "0.50")))
VOLUME = VolumePrice(tiers=tiers(("10", "1.00"), (None, "0.50")))
STAIRS = StairstepPrice(tiers=tiers(("10", "0", "20.00"), (None, "0", "50.00")))
PACKAGE = PackagePrice(size=Decimal(10), unit_price=Decimal("3.00"))
EACH = PerUnitPrice(unit_price=Decimal("0.25"))


@pytest.mark.parametrize(
    ("price", "usage", "cents"),
    [
        (EACH, "100", 0),
        (EACH, "104", 100),  # 4 x 0.25
        (GRADUATED, "112", 1100),  # 10 x 1.00 + 2 x 0.50
        (VOLUME, "110", 1000),  # 10 are in the first tier: 10 x 1.00
        (VOLUME, "112", 600),  # 12 are in the second: 12 x 0.50
        (STAIRS, "110", 2000),
        (STAIRS, "110.5", 5000),
        (PACKAGE, "100", 0),
        (PACKAGE, "110", 300),  # one whole block
        (PACKAGE, "110.1", 600),  # a second one is started
    ],
)
def test_only_what_is_beyond_it_is_priced_from_the_first_tier_on(price: UsagePrice, usage: str, cents: int) -> None:
    included, *priced = rate(a_meter(price, included=Decimal(100)), Decimal(usage))
    assert (included.description, included.quantity, included.unit_price) == (
        "Calls - included",
        Decimal(100),
        Decimal(0),
    )
    amounts = [amount_of(part.step, "USD", rounding=Rounding.HALF_UP) for part in (included, *priced)]
    assert (amounts[0], sum(amounts)) == (0, cents)


def test_it_is_explained_with_the_whole_usage_and_the_rest_with_what_is_beyond() -> None:
    included, rest = rate(a_meter(EACH, included=Decimal(100)), Decimal("104.5"))
    assert isinstance(included.step, TierStep)
    assert isinstance(rest.step, TierStep)
    assert (included.step.model, included.step.usage, included.step.up_to) == (
        "included",
        Decimal("104.5"),
        Decimal(100),
    )
    assert (rest.step.model, rest.step.usage, rest.step.quantity) == ("per_unit", Decimal("4.5"), Decimal("4.5"))


def test_usage_inside_it_is_shown_at_nothing() -> None:
    (only,) = rate(a_meter(EACH, included=Decimal(100)), Decimal("99.5"))
    assert (only.description, only.quantity) == ("Calls - included", Decimal("99.5"))


def test_without_usage_there_is_no_line_of_it() -> None:
    assert rate(a_meter(EACH, included=Decimal(100)), Decimal(0)) == ()


def test_a_first_tier_with_a_fee_is_owed_even_inside_it() -> None:
    # an active subscription owes the first tier's fee even at zero usage, and inside the allowance nothing is priced
    price = GraduatedPrice(tiers=tiers(("10", "1.00", "5.00"), (None, "0.50")))
    included, first = rate(a_meter(price, included=Decimal(100)), Decimal(40))
    assert (included.quantity, first.quantity) == (Decimal(40), Decimal(0))
    assert amount_of(first.step, "USD", rounding=Rounding.HALF_UP) == 500


def test_it_is_whole_in_a_part_of_a_period_as_tiers_are() -> None:
    plan = a_plan(metered=[a_meter("1.00", included=Decimal(10))], anchor_day=1)
    account = Account.opened(plan, start="2026-01-30").using("calls", {"2026-01-31": "11"})
    assert shown(account.bill().lines) == [("Calls - included", "10", "0", 0), ("Calls", "1", "1.00", 100)]


def test_a_negative_allowance_is_refused() -> None:
    with pytest.raises(InvalidInput, match="included: expected 0 or more, got '-1'"):
        a_meter(included=Decimal(-1))
