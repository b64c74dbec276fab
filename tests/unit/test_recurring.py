"""What a subscription's recurring prices come to in a month, before, during and after its life."""

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from billing.domain.item_changes import set_quantity
from billing.domain.period import Cycle, Unit
from billing.domain.recurring import RecurringLevel, RecurringLife, monthly_share, recurring_life
from billing.domain.subscription import Item, Pause, Subscription, UnknownPlan
from billing.domain.subscription_changes import change_plan
from tests.builders import Account, a_fee, a_meter, a_plan, a_subscription, utc


def nets(life: RecurringLife) -> dict[str, Fraction]:
    """From which day on how much."""
    return {f"{level.at:%Y-%m-%d}": level.net for level in life.levels}


def with_item(subscription: Subscription, charge_id: str, *, start: str, quantity: str = "1") -> Subscription:
    item = Item(id=charge_id, charge_id=charge_id, quantity=Decimal(quantity), start=utc(start))
    return replace(subscription, items=(*subscription.items, item))


@pytest.mark.parametrize(
    ("every", "unit", "share"),
    [
        (1, Unit.MONTH, Fraction(1)),
        (3, Unit.MONTH, Fraction(1, 3)),
        (1, Unit.YEAR, Fraction(1, 12)),
        (2, Unit.YEAR, Fraction(1, 24)),
        (1, Unit.WEEK, Fraction(52, 12)),
        (2, Unit.WEEK, Fraction(26, 12)),
        (1, Unit.DAY, Fraction(365, 12)),
        (1, Unit.HOUR, Fraction(730)),  # 8,760 hours in 12 months
    ],
)
def test_a_month_has_its_share_of_a_year_s_cycles(every: int, unit: Unit, share: Fraction) -> None:
    assert monthly_share(Cycle(every, unit)) == share


def test_fees_and_add_ons_recur_from_the_start_until_the_end() -> None:
    plan = a_plan(fees=[a_fee("10.00")], addons=[a_fee("5.50", "seat")], metered=[a_meter()])
    subscription = with_item(
        a_subscription(plan, start="2026-01-10", end="2026-04-01"), "seat", start="2026-02-01", quantity="3"
    )
    life = recurring_life(subscription, {plan.ref: plan})
    assert nets(life) == {"2026-01-10": 10, "2026-02-01": Fraction("26.5"), "2026-04-01": 0}
    assert (life.runs_at(utc("2026-01-10")), life.runs_at(utc("2026-04-01"))) == (True, False)


def test_a_changed_quantity_and_a_changed_plan_count_from_their_instant() -> None:
    small = a_plan(fees=[a_fee("10.00")], addons=[a_fee("5.00", "seat")])
    yearly = a_plan(plan_id="big", fees=[a_fee("600.00")], cycle=Cycle(1, Unit.YEAR))
    subscription = with_item(a_subscription(small, start="2026-01-01"), "seat", start="2026-01-01")
    more = set_quantity(subscription, "seat", quantity=Decimal(4), at=utc("2026-01-10"), plans={small.ref: small})
    moved = change_plan(more, plan=yearly, plans={small.ref: small}, at=utc("2026-01-20"))
    life = recurring_life(moved, {small.ref: small, yearly.ref: yearly})
    assert nets(life) == {"2026-01-01": 15, "2026-01-10": 30, "2026-01-20": 50}


def test_another_plan_at_the_same_price_is_no_other_level() -> None:
    plan = a_plan(fees=[a_fee("10.00")])
    corrected = replace(plan, version=2)
    moved = Account.opened(plan, start="2026-01-01").changing_plan(corrected, at="2026-01-20").subscription
    assert len(recurring_life(moved, {plan.ref: plan, corrected.ref: corrected}).levels) == 1


def test_a_pause_brings_nothing_until_it_ends() -> None:
    plan = a_plan(fees=[a_fee("10.00")])
    pauses = Pause(start=utc("2026-02-10"), end=utc("2026-03-10")), Pause(start=utc("2026-05-01"))
    life = recurring_life(replace(a_subscription(plan, start="2026-01-01"), pauses=pauses), {plan.ref: plan})
    of_its_days = {day: net for day, net in nets(life).items() if day < "2030"}  # an open pause ends with the calendar
    assert of_its_days == {"2026-01-01": 10, "2026-02-10": 0, "2026-03-10": 10, "2026-05-01": 0}


def test_a_trial_brings_nothing_yet_and_runs_already() -> None:
    plan = a_plan(fees=[a_fee("10.00")])
    subscription = replace(a_subscription(plan, start="2026-02-01"), trial_start=utc("2026-01-15"))
    life = recurring_life(subscription, {plan.ref: plan})
    assert nets(life) == {"2026-02-01": 10}
    assert life.runs_at(utc("2026-01-20"))


def test_prices_that_contain_tax_are_kept_apart() -> None:
    plan = a_plan(fees=[a_fee("10.00"), a_fee("11.90", "gross", tax_inclusive=True)])
    (level,) = recurring_life(a_subscription(plan, start="2026-01-01"), {plan.ref: plan}).levels
    assert [level.net, level.gross] == [10, Fraction("11.9")]


def test_usage_alone_is_a_level_of_nothing() -> None:
    plan = a_plan(metered=[a_meter()])
    (level,) = recurring_life(a_subscription(plan, start="2026-01-01"), {plan.ref: plan}).levels
    assert level == RecurringLevel(at=utc("2026-01-01"), currency=plan.currency)


def test_an_add_on_that_the_plan_no_longer_offers_brings_nothing() -> None:
    plan = a_plan(fees=[a_fee("10.00")])
    subscription = with_item(a_subscription(plan, start="2026-01-01"), "gone", start="2026-01-01")
    assert nets(recurring_life(subscription, {plan.ref: plan})) == {"2026-01-01": 10}


def test_an_unknown_plan_version_is_named() -> None:
    plan = a_plan()
    with pytest.raises(UnknownPlan, match="plan@1"):
        recurring_life(a_subscription(plan, start="2026-01-01"), {})
