"""Laws of prices, for any tiers and any quantity."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import pairwise
from random import Random

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from billing.domain.catalog import (
    Aggregation,
    GraduatedPrice,
    PackagePrice,
    PerUnitPrice,
    StairstepPrice,
    Tier,
    UsagePrice,
    VolumePrice,
)
from billing.domain.exact import plus, times, total
from billing.domain.explanation import PackageStep, TierStep, amount_of
from billing.domain.money import Rounding
from billing.domain.period import Period
from billing.domain.rating import RatedPart, rate
from billing.domain.usage import Bucket, UsageEvent, bucket_of, joined, quantity
from tests.builders import a_meter, utc

laws = settings(deadline=None)

prices = st.decimals(0, 1000, places=6)
quantities = st.decimals(0, 100_000, places=3)
bounds = st.lists(st.decimals(Decimal("0.001"), 100_000, places=3), max_size=5, unique=True).map(sorted)
MONTH = Period(utc("2026-02-01"), utc("2026-03-01"))
SECOND = timedelta(seconds=1)


@st.composite
def tier_rows(draw: st.DrawFn, *, fees: bool = False, units: bool = True) -> tuple[Tier, ...]:
    """Valid tiers, with flat fees or without."""
    return tuple(
        Tier(
            up_to=up_to,
            unit_price=draw(prices) if units else Decimal(0),
            flat_fee=draw(prices) if fees else Decimal(0),
        )
        for up_to in [*draw(bounds), None]
    )


any_price: st.SearchStrategy[UsagePrice] = st.one_of(
    st.builds(PerUnitPrice, unit_price=prices),
    st.builds(GraduatedPrice, tiers=tier_rows(fees=True)),
    st.builds(VolumePrice, tiers=tier_rows(fees=True)),
    st.builds(StairstepPrice, tiers=tier_rows(fees=True, units=False)),
    st.builds(PackagePrice, size=st.decimals(Decimal("0.001"), 1000, places=3), unit_price=prices),
)


def price_of(price: UsagePrice, usage: Decimal) -> Decimal:
    """The exact price in major units, before any rounding."""
    return total(exact(part) for part in rate(a_meter(price), usage))


def exact(part: RatedPart) -> Decimal:
    match part.step:
        case TierStep() as step:
            return plus(times(step.quantity, step.unit_price), step.flat_fee)
        case PackageStep() as step:
            return times(step.quantity, step.unit_price)
        case _:
            raise AssertionError(part.step)


@laws
@given(tier_rows(fees=True), quantities, quantities)
def test_a_graduated_price_never_falls_with_usage(rows: Sequence[Tier], one: Decimal, other: Decimal) -> None:
    price = GraduatedPrice(tiers=tuple(rows))
    assert price_of(price, min(one, other)) <= price_of(price, max(one, other))


@laws
@given(tier_rows(fees=True), quantities)
def test_graduated_tiers_share_the_usage_without_rest(rows: Sequence[Tier], usage: Decimal) -> None:
    parts = rate(a_meter(GraduatedPrice(tiers=tuple(rows))), usage)
    assert total(part.quantity for part in parts) == usage
    for part in parts:
        assert isinstance(part.step, TierStep)
        assert part.step.up_to is None or plus(part.step.above, part.quantity) <= part.step.up_to


@laws
@given(tier_rows(), quantities, quantities)
def test_a_graduated_price_from_0_to_b_is_that_to_a_and_that_from_a_to_b(
    rows: Sequence[Tier], one: Decimal, other: Decimal
) -> None:
    a, b = min(one, other), max(one, other)
    price = GraduatedPrice(tiers=tuple(rows))
    # from a to b: the tiers whose bounds lie above a, lowered by a
    moved = tuple(
        Tier(up_to=None if tier.up_to is None else tier.up_to - a, unit_price=tier.unit_price)
        for tier in rows
        if tier.up_to is None or tier.up_to > a
    )
    assert price_of(price, b) == plus(price_of(price, a), price_of(GraduatedPrice(tiers=moved), b - a))


@laws
@given(tier_rows(), st.data())
def test_a_graduated_price_without_flat_fees_has_no_cliff_at_a_bound(rows: Sequence[Tier], data: st.DataObject) -> None:
    inner = [tier for tier in rows if tier.up_to is not None]
    assume(inner)
    bound = data.draw(st.sampled_from([tier.up_to for tier in inner]))
    assert bound is not None
    step = Decimal("0.000001")
    price = GraduatedPrice(tiers=tuple(rows))
    rise = price_of(price, bound + step) - price_of(price, bound)
    assert 0 <= rise <= step * max(tier.unit_price for tier in rows)


@laws
@given(tier_rows())
def test_a_volume_price_has_a_cliff_at_each_bound_where_the_unit_price_changes(rows: Sequence[Tier]) -> None:
    price = VolumePrice(tiers=tuple(rows))
    step = Decimal("0.000001")
    for lower, upper in pairwise(rows):
        assert lower.up_to is not None
        jump = price_of(price, lower.up_to + step) - price_of(price, lower.up_to)
        whole = times(lower.up_to, upper.unit_price - lower.unit_price)  # all units change their price
        assert jump == plus(whole, times(step, upper.unit_price))


@laws
@given(any_price, quantities)
def test_a_bill_is_never_negative_and_its_lines_replay_to_their_amounts(price: UsagePrice, usage: Decimal) -> None:
    for part in rate(a_meter(price), usage):
        for rounding in Rounding:
            amount = amount_of(part.step, "USD", rounding=rounding)
            assert amount >= 0
            assert abs(Decimal(amount) - times(exact(part), Decimal(100))) <= Decimal("0.5")


@laws
@given(any_price, quantities)
def test_a_line_without_a_flat_fee_is_the_quantity_times_the_unit_price_shown(
    price: UsagePrice, usage: Decimal
) -> None:
    for part in rate(a_meter(price), usage):
        step = part.step
        if not isinstance(step, TierStep) or not step.flat_fee or step.model == "stairstep":
            assert times(part.quantity, part.unit_price) == exact(part)


@laws
@given(st.decimals(Decimal("0.001"), 1000, places=3), quantities)
def test_packages_cover_the_usage_and_none_is_empty(size: Decimal, usage: Decimal) -> None:
    blocks = total(part.quantity for part in rate(a_meter(PackagePrice(size=size, unit_price=Decimal(1))), usage))
    assert blocks == int(blocks)
    assert times(blocks, size) >= usage
    assert not blocks or times(blocks - 1, size) < usage


events = st.lists(
    st.builds(
        UsageEvent,
        id=st.uuids().map(str),
        subscription_id=st.just("sub-1"),
        meter=st.just("calls"),
        occurred_at=st.integers(0, 27 * 86_400).map(lambda second: utc("2026-02-01") + second * SECOND),
        quantity=st.decimals(-1000, 1000, places=3),
        value=st.sampled_from(["ann", "bob", "eve", ""]),
    ),
    max_size=12,
    unique_by=lambda event: event.id,
)


@laws
@given(st.sampled_from(Aggregation), events, st.randoms(use_true_random=False))
def test_the_order_in_which_usage_arrives_never_matters(
    aggregation: Aggregation, arrived: list[UsageEvent], random: Random
) -> None:
    shuffled = list(arrived)
    random.shuffle(shuffled)
    one, other = by_day(aggregation, arrived), by_day(aggregation, shuffled)
    assert one == other
    assert quantity(aggregation, one, MONTH) == quantity(aggregation, other, MONTH)


@laws
@given(events)
def test_a_sum_by_days_is_the_sum_of_all_events(arrived: list[UsageEvent]) -> None:
    buckets = by_day(Aggregation.SUM, arrived)
    assert quantity(Aggregation.SUM, buckets, MONTH) == total(event.quantity for event in arrived)


def by_day(aggregation: Aggregation, arrived: Sequence[UsageEvent]) -> dict:
    buckets: dict = {}
    for event in arrived:
        day = event.occurred_at.replace(hour=0, minute=0, second=0)
        before: Bucket | None = buckets.get(day)
        buckets[day] = joined(aggregation, before, bucket_of(aggregation, event))
    return buckets
