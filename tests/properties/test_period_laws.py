"""Laws of billing periods, for any cycle, anchor, anchor day and zone."""

from calendar import monthrange
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from billing.domain.period import Cycle, Period, Schedule, Unit, count_days, local_date, local_midnight

laws = settings(deadline=None)

ZONES = [
    "UTC", "Europe/Berlin", "Europe/London", "Europe/Dublin", "America/New_York", "America/Sao_Paulo",
    "America/St_Johns", "America/Havana", "Africa/Cairo", "Africa/Casablanca", "Asia/Beirut", "Asia/Tehran",
    "Asia/Kathmandu", "Asia/Tokyo", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kiritimati",
    "Pacific/Kwajalein", "Pacific/Pago_Pago", "Pacific/Chatham", "Antarctica/Troll",
]  # fmt: skip
zones = st.sampled_from(ZONES)
FIRST, LAST = datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2060-12-31")
wall_times = st.datetimes(FIRST, LAST)
instants = st.datetimes(FIRST, LAST, timezones=st.just(UTC))
month_cycles = st.builds(Cycle, st.integers(1, 24), st.just(Unit.MONTH)) | st.builds(
    Cycle, st.integers(1, 2), st.just(Unit.YEAR)
)
cycles = month_cycles | st.builds(Cycle, st.integers(1, 40), st.sampled_from([Unit.HOUR, Unit.DAY, Unit.WEEK]))
anniversaries = st.builds(
    lambda cycle, anchor, zone: Schedule(cycle=cycle, anchor=anchor, zone=zone), cycles, wall_times, zones
)
calendars = st.builds(Schedule.calendar, month_cycles, st.integers(1, 31), instants, zones)
schedules = anniversaries | calendars
small = st.integers(-8, 8)  # with the longest cycle still within the years that a period may lie in
NOON_ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu"]  # no clock change swallows their noon


@laws
@given(schedules, small)
def test_boundaries_never_run_backwards_and_touch_at_most_where_a_day_is_missing(row: Schedule, first: int) -> None:
    boundaries = [row.boundary(first + k) for k in range(20)]
    for earlier, later in pairwise(boundaries):
        assert earlier <= later
    assert len(set(boundaries)) >= len(boundaries) - 1


@laws
@given(schedules, instants)
def test_every_instant_falls_in_exactly_one_period(row: Schedule, instant: datetime) -> None:
    found = row.index_at(instant)
    assert row.period_at(instant).contains(instant)
    assert row.period_at(instant) == row.period(found)
    nearby = [k for k in range(found - 5, found + 6) if row.boundary(k) <= instant < row.boundary(k + 1)]
    assert nearby == [found]


@laws
@given(schedules, instants)
def test_periods_join_without_gap_or_overlap(row: Schedule, instant: datetime) -> None:
    period = row.period_at(instant)
    following = row.period_at(period.end)
    preceding = row.period_at(period.start - timedelta(microseconds=1))
    assert following.start == period.end
    assert preceding.end == period.start
    assert period.intersect(following) is None
    assert period.intersect(preceding) is None


@laws
@given(schedules, small)
def test_a_boundary_is_found_again_at_its_own_number(row: Schedule, k: int) -> None:
    assume(row.boundary(k) < row.boundary(k + 1))
    assert row.index_at(row.boundary(k)) == k
    assert row.index_at(row.boundary(k + 1) - timedelta(microseconds=1)) == k


@laws
@given(month_cycles, wall_times, st.integers(1, 31), st.sampled_from(NOON_ZONES), small)
def test_months_come_back_to_their_day_and_time_however_many_lie_between(
    cycle: Cycle, day: datetime, anchor_day: int, zone: str, k: int
) -> None:
    anchor = day.replace(day=min(anchor_day, monthrange(day.year, day.month)[1]), hour=12)
    row = Schedule(cycle=cycle, anchor=anchor, zone=zone, anchor_day=anchor_day)
    local = row.boundary(k).astimezone(ZoneInfo(zone))
    months = 12 * (local.year - anchor.year) + local.month - anchor.month
    assert months == k * cycle.every * (12 if cycle.unit is Unit.YEAR else 1)
    assert local.day == min(anchor_day, monthrange(local.year, local.month)[1])
    assert local.time() == anchor.time()


@laws
@given(wall_times, st.integers(1, 40), st.sampled_from(NOON_ZONES), small)
def test_days_and_weeks_keep_the_wall_clock(day: datetime, every: int, zone: str, k: int) -> None:
    anchor = day.replace(hour=12)
    for unit, length in ((Unit.DAY, 1), (Unit.WEEK, 7)):
        row = Schedule(cycle=Cycle(every, unit), anchor=anchor, zone=zone)
        local = row.boundary(k).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        assert local == anchor + timedelta(days=k * every * length)


@laws
@given(instants, st.integers(1, 100), zones, small)
def test_hours_have_the_same_length_always(started_at: datetime, every: int, zone: str, k: int) -> None:
    row = Schedule.anniversary(Cycle(every, Unit.HOUR), started_at, zone)
    assert row.boundary(k) - row.boundary(0) == timedelta(hours=k * every)


@laws
@given(cycles, instants, zones)
def test_an_anniversary_starts_at_its_start_or_at_the_first_pass_of_a_repeated_time(
    cycle: Cycle, started_at: datetime, zone: str
) -> None:
    anchor = Schedule.anniversary(cycle, started_at, zone).boundary(0)
    second_pass = started_at.astimezone(ZoneInfo(zone)).fold == 1
    assert anchor < started_at if second_pass else anchor == started_at


@laws
@given(month_cycles, st.integers(1, 31), instants, zones)
def test_a_calendar_anchor_is_the_first_anchor_day_from_the_start_on(
    cycle: Cycle, anchor_day: int, started_at: datetime, zone: str
) -> None:
    row = Schedule.calendar(cycle, anchor_day, started_at, zone)
    day = started_at.astimezone(ZoneInfo(zone)).date()
    while day.day != min(anchor_day, monthrange(day.year, day.month)[1]):
        day += timedelta(days=1)
    assert row.anchor == datetime.combine(day, time())
    assert row.boundary(-1) <= started_at < row.boundary(1)


@laws
@given(instants, instants, instants, zones)
def test_the_days_of_adjoining_periods_add_up(one: datetime, two: datetime, three: datetime, zone: str) -> None:
    start, change, end = sorted([one, two, three])
    assume(start < change < end)
    whole = count_days(Period(start, end), zone)
    assert count_days(Period(start, change), zone) + count_days(Period(change, end), zone) == whole


@laws
@given(instants, zones)
def test_a_local_day_starts_at_its_midnight(instant: datetime, zone: str) -> None:
    day = local_date(instant, zone)
    midnight = local_midnight(day, zone)
    assert midnight <= instant
    assert local_date(midnight, zone) == day
    assert local_date(midnight - timedelta(microseconds=1), zone) < day


@laws
@given(instants, instants, instants, instants)
def test_what_two_periods_share_is_what_each_contains(
    one: datetime, two: datetime, three: datetime, four: datetime
) -> None:
    assume(one != two)
    assume(three != four)
    left = Period(min(one, two), max(one, two))
    right = Period(min(three, four), max(three, four))
    common = left.intersect(right)
    for instant in (one, two, three, four):
        both = left.contains(instant) and right.contains(instant)
        assert both == (common is not None and common.contains(instant))
