"""Laws of proration, for any price and any way to cut a period."""

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain.catalog import Proration
from billing.domain.explanation import CreditStep, ProrationStep, amount_of, prorated
from billing.domain.money import Rounding, to_minor
from billing.domain.period import Cycle, Period, Schedule, Unit
from billing.domain.proration import share_of, without
from tests.builders import utc

laws = settings(deadline=None)

prices = st.decimals(0, 1_000_000, places=4)
currencies = st.sampled_from(["JPY", "USD", "BHD"])
roundings = st.sampled_from(Rounding)
zones = st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"])
measures = st.sampled_from([Proration.DAY, Proration.SECOND])
months = st.integers(-120, 120)
MICROSECOND = timedelta(microseconds=1)


@st.composite
def cut_periods(draw: st.DrawFn) -> tuple[str, Period, list[Period]]:
    """A zone, a monthly period in it, and adjoining parts that make it up."""
    zone = draw(zones)
    start = draw(st.datetimes(utc("2019-01-01").replace(tzinfo=None), utc("2030-01-01").replace(tzinfo=None)))
    row = Schedule.anniversary(Cycle(1, Unit.MONTH), utc(start.isoformat()), zone)
    whole = row.period(draw(st.integers(0, 12)))
    length = (whole.end - whole.start) // MICROSECOND
    offsets = draw(st.lists(st.integers(1, length - 1), max_size=4, unique=True).map(sorted))
    cuts = [whole.start, *[whole.start + offset * MICROSECOND for offset in offsets], whole.end]
    return zone, whole, [Period(start, end) for start, end in pairwise(cuts)]


@laws
@given(prices, currencies, roundings, st.integers(1, 400))
def test_a_full_period_is_the_price(price: Decimal, currency: str, rounding: Rounding, whole: int) -> None:
    assert prorated(price, whole, whole, currency=currency, rounding=rounding) == to_minor(
        price, currency, rounding=rounding
    )


@laws
@given(cut_periods(), measures)
def test_the_shares_of_adjoining_parts_add_up_to_the_whole(
    cut: tuple[str, Period, list[Period]], proration: Proration
) -> None:
    zone, whole, parts = cut
    shares = [share_of(part, whole, proration=proration, zone=zone) for part in parts]
    assert sum(share.active for share in shares) == share_of(whole, whole, proration=proration, zone=zone).active
    assert len({share.whole for share in shares}) == 1


@laws
@given(cut_periods(), measures, prices)
def test_the_amounts_of_adjoining_parts_differ_from_the_price_by_rounding_alone(
    cut: tuple[str, Period, list[Period]], proration: Proration, price: Decimal
) -> None:
    zone, whole, parts = cut
    shares = [share_of(part, whole, proration=proration, zone=zone) for part in parts]
    amounts = [
        prorated(price, share.active, share.whole, currency="USD", rounding=Rounding.HALF_UP) for share in shares
    ]
    full = to_minor(price, "USD", rounding=Rounding.HALF_UP)
    assert abs(sum(amounts) - full) * 2 <= len(parts) + 1  # half a cent for each part, and half a cent for the whole


@laws
@given(prices, st.integers(1, 400), st.data(), currencies, roundings)
def test_a_price_and_its_proration_come_to_the_prorated_price(
    price: Decimal, whole: int, data: st.DataObject, currency: str, rounding: Rounding
) -> None:
    active = data.draw(st.integers(0, whole))
    full = to_minor(price, currency, rounding=rounding)
    line = amount_of(ProrationStep(price=price, active=active, whole=whole, unit="day"), currency, rounding=rounding)
    assert -full <= line <= 0
    assert full + line == prorated(price, active, whole, currency=currency, rounding=rounding)


@laws
@given(prices, st.integers(1, 400), st.data(), roundings)
def test_a_credit_never_exceeds_what_was_billed_and_leaves_the_used_share(
    price: Decimal, whole: int, data: st.DataObject, rounding: Rounding
) -> None:
    active = data.draw(st.integers(0, whole))
    used = data.draw(st.integers(0, active))
    billed = prorated(price, active, whole, currency="USD", rounding=rounding)
    step = CreditStep(invoice_id="i", price=price, billed=billed, used=used, whole=whole, unit="day")
    credit = amount_of(step, "USD", rounding=rounding)
    assert -billed <= credit <= 0
    assert billed + credit == prorated(price, used, whole, currency="USD", rounding=rounding)


@laws
@given(cut_periods(), st.data())
def test_what_is_taken_out_of_a_stretch_and_what_is_left_make_it_up(
    cut: tuple[str, Period, list[Period]], data: st.DataObject
) -> None:
    _, whole, parts = cut
    taken = data.draw(st.permutations([part for part in parts if data.draw(st.booleans())]))
    pieces = sorted([*without(whole, taken), *taken], key=lambda piece: piece.start)
    assert pieces[0].start == whole.start
    assert pieces[-1].end == whole.end
    assert all(one.end == other.start for one, other in pairwise(pieces))
