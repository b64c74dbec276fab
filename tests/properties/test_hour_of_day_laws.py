"""The hour at which something changes on a day costs nothing: the day belongs to what begins on it (semantics 5).

Each life is lived twice, at the hours drawn and at midnight, with usage on every day and tiers that have flat fees.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from math import lcm

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain.catalog import Billed, GraduatedPrice, Plan
from billing.domain.life_change import Cancellation, Pausing, PlanChange
from billing.domain.subscription import SubscriptionStatus
from tests.builders import MONTHLY, QUARTERLY, YEARLY, Account, a_fee, a_meter, a_plan, tiers, utc
from tests.lives import after, billed_until

CYCLES = {"first": MONTHLY, "second": QUARTERLY, "third": YEARLY}
DAY = utc("2026-04-10")
_MOMENT = timedelta(microseconds=1)
FEE = a_fee(str(Decimal(lcm(30, 31, 89, 92, 365)) / 100))
"""Each day of any of these periods is worth a whole number of cents, so that nothing is rounded."""
METER = a_meter(GraduatedPrice(tiers=tiers(("40", "0.13", "9.70"), (None, "0.07", "3.10"))))
USAGE = {f"{DAY + timedelta(days=passed):%Y-%m-%d}": "3" for passed in range(1, 100)}

Hour = tuple[int, int]
"""A day of the life, and an hour of that day."""

HOURS = st.tuples(st.sampled_from((0, 1, 10, 20, 21, 22, 40)), st.integers(0, 23))
"""Few days, so that changes meet: on the first day, on the day of a boundary (1 May is 21), and around them."""


def plan(name: str, billed: Billed) -> Plan:
    """By the calendar, or for a year from the change on, which no life lasts."""
    cycle = CYCLES[name]
    day = None if cycle == YEARLY else 1
    return a_plan(plan_id=name, cycle=cycle, anchor_day=day, billed=billed, metered=[METER], fees=[FEE])


@settings(deadline=None, max_examples=200)
@given(
    billed=st.fixed_dictionaries({name: st.sampled_from(Billed) for name in CYCLES}),
    start=st.integers(0, 23),
    moves=st.lists(HOURS, max_size=2),
    paused=st.lists(HOURS, max_size=2, unique=True),
    end=st.sampled_from((11, 21, 22, 60)),
)
def test_the_hour_of_a_change_on_its_day_costs_nothing(
    billed: dict[str, Billed], start: int, moves: list[Hour], paused: list[Hour], end: int
) -> None:
    plans = [plan(name, billed[name]) for name in CYCLES]
    moves, paused = (
        [(day, max(hour, start if not day else 0)) for day, hour in sorted(each)] for each in (moves, paused)
    )
    at_hours = lived(plans, at(0, start), [at(*each) for each in moves], [at(*each) for each in paused], end=at(end))
    at_midnight = lived(plans, DAY, [at(day) for day, _ in moves], [at(day) for day, _ in paused], end=at(end))
    assert at_hours == at_midnight


def lived(plans: list[Plan], start: datetime, moves: list[datetime], paused: list[datetime], *, end: datetime) -> int:
    """What all bills come to: pauses and end are said at the start, a move to the next plan on its day."""
    account = replace(
        Account.opened(plans[0], start=f"{start:%Y-%m-%dT%H:%M}"), plans={each.ref: each for each in plans}
    )
    account = account.using("calls", {f"{start:%Y-%m-%dT%H:%M}": "3", **USAGE})
    if paused and len(set(paused)) == len(paused):  # else it goes on the moment that it is paused
        account = after(account, Pausing(at=paused[0], until=next(iter(paused[1:]), None)), now=start)
    account, total = after(account, Cancellation(at=end), now=start), 0
    for passed in range((end - DAY).days + 1):
        today = DAY + timedelta(days=passed)
        for number, move in enumerate(moves, start=1):
            if today <= move < min(today + timedelta(days=1), end):
                account = after(account, PlanChange(plan=plans[number].ref, at=move), now=move)
        account, bills = billed_until(account, today + timedelta(days=1) - _MOMENT)
        total += sum(bills.values())
    assert account.subscription.status is SubscriptionStatus.ENDED
    return total


def at(day: int, hour: int = 0) -> datetime:
    return DAY + timedelta(days=day, hours=hour)
