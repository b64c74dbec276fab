"""Laws of billing cycles: for any zone, cycle, anchor, end and changes of plan, the periods billed tile time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain.billing_cycle import (
    BillingCycle,
    bill_for_on_or_after,
    cycle_at,
    first_bill_for,
    next_bill_for,
    usage_bucket,
)
from billing.domain.catalog import Billed, Plan
from billing.domain.period import Cycle, Period, Unit, local_date
from tests.builders import Account, a_plan

laws = settings(deadline=None)

ZONES = [
    "UTC", "Europe/Berlin", "Europe/London", "America/New_York", "America/Sao_Paulo", "America/Havana",
    "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Chatham", "Pacific/Kiritimati",
]  # fmt: skip
instants = st.datetimes(datetime(2019, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
month_cycles = st.builds(Cycle, st.integers(1, 6), st.just(Unit.MONTH)) | st.just(Cycle(1, Unit.YEAR))
short_cycles = st.builds(Cycle, st.integers(1, 20), st.sampled_from([Unit.DAY, Unit.WEEK])) | st.builds(
    Cycle,
    st.integers(11, 50),
    st.just(Unit.HOUR),  # not so short that a chain of bills gets too long for a test
)
modes = st.sampled_from(Billed)


@st.composite
def plans(draw: st.DrawFn, *, version: int, mode: st.SearchStrategy[Billed] = modes) -> Plan:
    """A plan of any cycle, on the calendar or not."""
    calendar = draw(st.booleans())
    return a_plan(
        version=version,
        cycle=draw(month_cycles if calendar else month_cycles | short_cycles),
        anchor_day=draw(st.integers(1, 31)) if calendar else None,
        billed=draw(mode),
    )


@st.composite
def accounts(draw: st.DrawFn, *, mode: st.SearchStrategy[Billed] = modes, most_changes: int = 3) -> Account:
    """A subscription with up to some changes of plan, known beforehand, and perhaps an end.

    Every other change keeps the cycle and its anchor, or they would hardly ever be kept; some keep the anchor alone.
    """
    start, first = draw(instants), draw(plans(version=1, mode=mode))
    account = Account.opened(first, start=start.replace(tzinfo=None).isoformat(), zone=draw(st.sampled_from(ZONES)))
    fresh = replace(account, subscription=replace(account.subscription, next_billing_at=None))
    at = start
    for version in range(2, 2 + draw(st.integers(0, most_changes))):
        at += draw(st.timedeltas(timedelta(microseconds=1), timedelta(days=draw(st.sampled_from([1, 20, 90])))))
        plan = draw(plans(version=version, mode=mode))
        if draw(st.booleans()):
            plan = replace(plan, cycle=first.cycle, anchor_day=first.anchor_day)
        is_free = fresh.subscription.phases[-1].schedule.anchor_day is None
        keep_anchor = draw(st.booleans()) and (is_free or plan.cycle.unit in (Unit.MONTH, Unit.YEAR))
        if keep_anchor:
            plan = replace(plan, anchor_day=None)
        fresh = fresh.changing_plan(plan, at=at.replace(tzinfo=None).isoformat(), keep_anchor=keep_anchor)
    if draw(st.booleans()):
        end = start + draw(st.timedeltas(timedelta(microseconds=1), timedelta(days=200)))
        fresh = replace(fresh, subscription=replace(fresh.subscription, end=end))
    due = first_bill_for(fresh.subscription, fresh.plans)
    return replace(fresh, subscription=replace(fresh.subscription, next_billing_at=due))


def cycles(account: Account, *, most: int = 40) -> list[BillingCycle]:
    subscription = account.subscription
    found: list[BillingCycle] = []
    due = subscription.next_billing_at
    while due is not None and len(found) < most:
        found.append(cycle_at(subscription, account.plans, bill_for_date=due))
        due = next_bill_for(subscription, after=due)
    return found


@laws
@given(accounts())
def test_the_periods_in_arrears_tile_the_subscriptions_life(account: Account) -> None:
    subscription, bills = account.subscription, cycles(account)
    periods = [bill.arrears for bill in bills if bill.arrears is not None]
    if periods:
        assert periods[0].start == subscription.start
    assert all(one.end == other.start for one, other in pairwise(periods))
    assert all(bill.arrears.end == bill.bill_for_date for bill in bills if bill.arrears is not None)
    if subscription.end is not None and len(bills) < 40:
        assert bills[-1].bill_for_date == subscription.end


@laws
@given(accounts(mode=st.just(Billed.IN_ADVANCE)))
def test_what_is_billed_in_advance_is_the_period_that_the_next_bill_looks_back_on(account: Account) -> None:
    for bill, following in pairwise(cycles(account)):
        assert bill.advance == following.arrears
        assert bill.advance is None or bill.advance.start == bill.bill_for_date


@laws
@given(accounts())
def test_no_two_bills_share_a_key_and_each_comes_after_the_one_before(account: Account) -> None:
    bills = cycles(account)
    assert len({bill.key for bill in bills}) == len(bills)
    assert all(one.bill_for_date < other.bill_for_date for one, other in pairwise(bills))


@laws
@given(accounts(most_changes=1), st.integers(0, 400))
def test_billing_that_goes_on_from_an_instant_meets_the_row_of_bills(account: Account, days: int) -> None:
    instant = account.subscription.start + timedelta(days=days)
    found = bill_for_on_or_after(account.subscription, account.plans, instant=instant)
    dates = [bill.bill_for_date for bill in cycles(account, most=60)]
    later = [date for date in dates if date >= instant]
    if later:
        assert found == later[0]
    elif len(dates) < 60:
        assert found is None


@laws
@given(accounts(), st.data())
def test_the_bucket_of_an_event_lies_in_the_events_own_period_and_day(account: Account, data: st.DataObject) -> None:
    subscription = account.subscription
    bills = [bill.arrears for bill in cycles(account) if bill.arrears is not None]
    if not bills:
        return
    period: Period = data.draw(st.sampled_from(bills))
    occurred_at = data.draw(
        st.datetimes(
            period.start.replace(tzinfo=None),
            period.end.replace(tzinfo=None) - timedelta(microseconds=1),
            timezones=st.just(UTC),
        )
    )
    start = usage_bucket(subscription, occurred_at=occurred_at)
    assert period.start <= start <= occurred_at
    assert local_date(start, zone=subscription.zone) == local_date(occurred_at, zone=subscription.zone)
