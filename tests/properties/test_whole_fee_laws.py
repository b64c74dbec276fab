"""What is not measured by time is owed once for each period in which somebody really was on its plan, however billed.

Changes are said, billed and taken back; what counts is what was said last for each day. Months go on until a year comes
between them, which begins with its first day. A seat's fee is owed for each stretch with as many seats; all of them
where a day of the period was not paused. Usage of a month costs what it costs in one bill.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import example, given, settings
from hypothesis import strategies as st

from billing.domain.catalog import (
    Aggregation,
    Billed,
    GraduatedPrice,
    PackagePrice,
    PerUnitPrice,
    Plan,
    Proration,
    StairstepPrice,
    UsagePrice,
    VolumePrice,
)
from billing.domain.errors import InvalidInput
from billing.domain.life_change import Cancellation, PlanChange
from tests.builders import MONTHLY, YEARLY, Account, a_fee, a_meter, a_plan, tiers
from tests.lives import Standing, after, billed_until

PRICES = {"small": (1001, 207), "large": (3003, 101), "year": (50021, 1009)}
"""Of each plan its fee and a seat, in cents."""
START = date(2028, 1, 10)


def plan(plan_id: str, *, billed: Billed) -> Plan:
    base, seat = (str(Decimal(price) / 100) for price in PRICES[plan_id])
    is_year = plan_id == "year"
    return a_plan(
        plan_id=plan_id,
        fees=[a_fee(base, proration=Proration.NONE)],
        addons=[a_fee(seat, "seat", proration=Proration.NONE)],
        cycle=YEARLY if is_year else MONTHLY,
        anchor_day=None if is_year else 1,
        billed=billed,
    )


@dataclass(kw_only=True)
class Owed(Standing):
    """What is owed, told apart from the product: one day after the other."""

    total: int = 0
    known: set[tuple[object, ...]] = field(default_factory=set)
    interval: tuple[bool, date] = (False, START)
    held: tuple[int, date] = (0, START)

    def passes(self, day: date) -> None:
        is_year = self.plan == "year"
        if is_year != self.interval[0]:
            self.interval = is_year, day
        if self.seats != self.held[0]:
            self.held = self.seats, day
        if self.paused:
            return
        base, seat = PRICES[self.plan]
        month = 0 if is_year else day.month
        for price, what in ((base, "base"), (seat * self.seats, self.held)):
            fee = (what, self.plan, month, self.interval)
            self.total += 0 if fee in self.known else price
            self.known.add(fee)


def instant(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


CHANGES = st.tuples(st.booleans(), st.sampled_from(("small", "large", "year", "pause", 0, 1, 3)))
"""Whether that day's bill is made before, and what is changed."""
DAYS = st.dictionaries(st.integers(0, 80), st.lists(CHANGES, min_size=1, max_size=3), max_size=5)
"""By days after the start."""


@settings(deadline=None, max_examples=150)
@given(billed=st.sampled_from(Billed), planned=DAYS, lasts=st.integers(1, 100))
@example(billed=Billed.IN_ARREARS, planned={25: [(False, "year"), (True, "small")]}, lasts=60)
def test_a_fee_without_proration_is_owed_once_however_it_is_billed(
    billed: Billed, planned: dict[int, list[tuple[bool, str | int]]], lasts: int
) -> None:
    plans = {each.ref: each for each in (plan(name, billed=billed) for name in PRICES)}
    account = replace(Account.opened(plans["small@1"], start=START.isoformat()), plans=plans)
    owed, charged = Owed(), 0
    for passed in range(lasts):
        day = START + timedelta(days=passed)
        account, bills = billed_until(account, instant(day) - timedelta(seconds=1))
        charged += sum(bills.values())
        for is_billed, what in planned.get(passed, []):
            if is_billed and passed:
                account, bills = billed_until(account, instant(day))
                charged += sum(bills.values())
            plan_before = owed.plan
            try:
                account = after(account, owed.asked(what, instant(day)), now=instant(day))
            except InvalidInput:  # another interval is refused where the bill of the day has charged one ahead
                assert billed is Billed.IN_ADVANCE
                assert "year" in (what, plan_before)
                owed.plan = plan_before
        owed.passes(day)
    end = instant(START + timedelta(days=lasts))
    account, bills = billed_until(account, end - timedelta(seconds=1))
    charged += sum(bills.values())
    account = after(account, Cancellation(at=end), now=end)
    _, last = billed_until(account, end + timedelta(days=800))
    assert charged + sum(last.values()) == owed.total


PRICES_OF_USAGE: tuple[UsagePrice, ...] = (
    PerUnitPrice(unit_price=Decimal("0.333")),
    GraduatedPrice(tiers=tiers(("10", "0", "2.50"), ("40", "0.333"), (None, "0.05"))),
    VolumePrice(tiers=tiers(("20", "1.00"), (None, "0.335", "1.00"))),
    PackagePrice(size=Decimal(7), unit_price=Decimal("0.99")),
    StairstepPrice(tiers=tiers(("20", "0", "1.00"), (None, "0", "9.00"))),
)


@settings(deadline=None, max_examples=100)
@given(
    billed=st.sampled_from(Billed),
    price=st.sampled_from(PRICES_OF_USAGE),
    aggregation=st.sampled_from((Aggregation.SUM, Aggregation.MAX)),
    included=st.sampled_from((0, 15)),
    used=st.dictionaries(st.integers(0, 40), st.integers(0, 30), max_size=8),
    taken_back=st.lists(st.integers(1, 40), max_size=4, unique=True),
)
@example(
    billed=Billed.IN_ARREARS, price=PRICES_OF_USAGE[1], aggregation=Aggregation.SUM, included=0,
    used={3: 9, 20: 9}, taken_back=[10],
)  # fmt: skip
def test_usage_of_a_month_costs_what_it_costs_in_one_bill_however_it_is_billed(
    billed: Billed, price: UsagePrice, aggregation: Aggregation, included: int, used: dict[int, int],
    taken_back: list[int],
) -> None:  # fmt: skip
    metered = a_meter(price, aggregation=aggregation, included=Decimal(included))
    small, year = (replace(plan(name, billed=billed), fees=(), metered=(metered,)) for name in ("small", "year"))
    once = Account.opened(small, start="2028-01-01").using(
        "calls", {f"{date(2028, 1, 1) + timedelta(days=day)}": str(calls) for day, calls in used.items()}
    )
    parted = replace(once, plans={small.ref: small, year.ref: year})
    totals = [0, 0]
    for passed in sorted(taken_back):
        day = instant(date(2028, 1, 1) + timedelta(days=passed))
        parted, bills = billed_until(parted, day - timedelta(seconds=1))
        totals[0] += sum(bills.values())
        parted = after(parted, PlanChange(plan="year@1", at=day), now=day)
        parted, bills = billed_until(parted, day)
        totals[0] += sum(bills.values())
        parted = after(parted, PlanChange(plan="small@1", at=day), now=day)
    for place, each in enumerate((parted, once)):
        _, bills = billed_until(each, instant(date(2028, 4, 1)))
        totals[place] += sum(bills.values())
    assert totals[0] == totals[1]
