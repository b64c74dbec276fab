"""A fee without proration is owed once for each period in which somebody really was on its plan, however it is billed.

Changes are said, billed and taken back; what counts is what was said last for each day. Months go on until a year comes
between them, which begins with its first day. A seat's fee is owed for each stretch with as many seats; all of them
where a day of the period was not paused.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import example, given, settings
from hypothesis import strategies as st

from billing.domain.catalog import Billed, Plan, Proration
from billing.domain.errors import InvalidInput
from billing.domain.life_change import Cancellation
from tests.builders import MONTHLY, YEARLY, Account, a_fee, a_plan
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
