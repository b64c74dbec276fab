"""Whatever is changed, and whenever: charges less credits are what each day was worth, to the cent.

Prices are multiples of the least common multiple of 28, 29, 30 and 31 cents, so that each day of any month is worth a
whole number of cents and nothing is rounded.
"""

from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain.catalog import Billed, Plan
from billing.domain.life_change import Cancellation, CancellationUndone
from tests.builders import Account, a_fee, a_plan
from tests.lives import Standing, after, billed_until

UNIT = 377_580
START = date(2028, 1, 10)
"""In a leap year."""


def plan(plan_id: str, *, base: int, seat: int, billed: Billed) -> Plan:
    fees = [a_fee(str(Decimal(base * UNIT) / 100))]
    addons = [a_fee(str(Decimal(seat * UNIT) / 100), "seat")]
    return a_plan(plan_id=plan_id, fees=fees, addons=addons, anchor_day=1, billed=billed)


PRICES = {"small": (1, 2), "large": (3, 1)}
"""Of each plan its fee and a seat, in units."""


@dataclass(kw_only=True)
class Worth(Standing):
    """What the days so far are worth, told apart from the product: one day after the other."""

    total: int = 0

    def passes(self, day: date) -> None:
        if not self.paused:
            base, seat = PRICES[self.plan]
            self.total += (base + seat * self.seats) * UNIT // monthrange(day.year, day.month)[1]


def instant(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


@settings(deadline=None, max_examples=80)
@given(
    billed=st.sampled_from(Billed),
    planned=st.lists(
        st.tuples(st.integers(0, 150), st.sampled_from(("small", "large", "pause", 0, 1, 2, 5))), max_size=8
    ),
    lasts=st.integers(1, 200),
    doubts=st.booleans(),
)
def test_charges_less_credits_are_what_each_day_was_worth(
    billed: Billed, planned: list[tuple[int, str | int]], lasts: int, doubts: bool
) -> None:
    plans = {
        each.ref: each
        for each in (plan(name, base=base, seat=seat, billed=billed) for name, (base, seat) in PRICES.items())
    }
    account = replace(Account.opened(plans["small@1"], start=START.isoformat()), plans=plans)
    worth, charged = Worth(), 0
    for passed in range(lasts):
        day = START + timedelta(days=passed)
        account, bills = billed_until(account, instant(day))
        charged += sum(bills.values())
        for what in [what for offset, what in planned if offset == passed]:
            account = after(account, worth.asked(what, instant(day)), now=instant(day))
            if doubts:
                account = after(account, Cancellation(), now=instant(day))
                account = after(account, CancellationUndone(), now=instant(day))
        worth.passes(day)
    end = instant(START + timedelta(days=lasts))
    account, before = billed_until(account, end - timedelta(seconds=1))
    account = after(account, Cancellation(at=end), now=end)
    _, last = billed_until(account, end + timedelta(days=400))
    assert charged + sum(before.values()) + sum(last.values()) == worth.total
