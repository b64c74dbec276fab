"""Whatever plan is said, before a bill or after it, and however often: each day is charged once, by the plan it is on.

Prices of a month are multiples of the least common multiple of 28, 29, 30 and 31 cents, those of a year of 365 and 366,
so that each day is worth a whole number of cents and nothing is rounded.
"""

from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain.catalog import Billed, Plan
from billing.domain.errors import InvalidInput
from billing.domain.life_change import Cancellation, PlanChange
from tests.builders import MONTHLY, YEARLY, Account, a_fee, a_plan
from tests.lives import after, billed_until

OF_MONTH, OF_YEAR = 377_580, 365 * 366
FEES = {"small": OF_MONTH, "large": 3 * OF_MONTH, "annual": 5 * OF_YEAR, "yearly": 7 * OF_YEAR}
"""Of each plan its fee in cents: two by the month from the first on, two by the year from the change on."""
START = date(2027, 4, 1)


def plan(name: str, billed: Billed) -> Plan:
    fees, is_monthly = [a_fee(str(Decimal(FEES[name]) / 100))], name in ("small", "large")
    cycle, day = (MONTHLY, 1) if is_monthly else (YEARLY, None)
    return a_plan(plan_id=name, fees=fees, cycle=cycle, anchor_day=day, billed=billed)


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """The plan from a day on, and the day from which its years are counted."""

    plan: str
    start: date
    since: date

    def worth(self, day: date) -> int:
        if self.plan in ("small", "large"):
            return FEES[self.plan] // monthrange(day.year, day.month)[1]
        return FEES[self.plan] // (self.since.replace(year=self.since.year + 1) - self.since).days


def said(stretches: list[Stretch], name: str, day: date) -> list[Stretch]:
    """What is in force after that plan is said from a day on, told apart from the product."""
    kept = [each for each in stretches if each.start < day]
    if kept and kept[-1].plan == name:
        return kept
    is_year_as_before = bool(kept) and {kept[-1].plan, name} == {"annual", "yearly"}
    return [*kept, Stretch(plan=name, start=day, since=kept[-1].since if is_year_as_before else day)]


@settings(deadline=None, max_examples=200)
@given(
    modes=st.fixed_dictionaries({name: st.sampled_from(Billed) for name in FEES}),
    wishes=st.lists(
        st.tuples(st.sampled_from((0, 0, 0, 10, 20, 30, 31)), st.booleans(), st.sampled_from(sorted(FEES)))
    ),
    lasts=st.integers(1, 40),
)
def test_each_day_is_charged_once_by_the_plan_that_was_last_said_of_it(
    modes: dict[str, Billed], wishes: list[tuple[int, bool, str]], lasts: int
) -> None:
    plans = {each.ref: each for each in (plan(name, modes[name]) for name in FEES)}
    account = replace(Account.opened(plans["small@1"], start=START.isoformat()), plans=plans)
    day, stretches, bills = START, said([], "small", START), dict[str, int]()
    for gap, is_billed, name in wishes[:10]:
        day += timedelta(days=gap)
        if is_billed:
            account = billed(account, instant(day), bills)
        change = PlanChange(plan=f"{name}@1", at=instant(day))
        try:
            account = after(account, change, now=instant(day))
        except InvalidInput as error:
            if "whose bill is made already" not in str(error):  # a third interval, where something is billed ahead
                raise
        else:
            stretches = said(stretches, name, day)
            assert after(account, change, now=instant(day)) == account
    end = day + timedelta(days=lasts)
    account = after(account, Cancellation(at=instant(end)), now=instant(day))
    account = billed(account, instant(end), bills)
    assert account.subscription.next_billing_at is None
    in_force = (max((s for s in stretches if s.start <= each), key=lambda s: s.start) for each in days(START, end))
    assert sum(bills.values()) == sum(s.worth(each) for s, each in zip(in_force, days(START, end), strict=True))


def days(first: date, end: date) -> list[date]:
    return [first + timedelta(days=passed) for passed in range((end - first).days)]


def instant(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def billed(account: Account, until: datetime, bills: dict[str, int]) -> Account:
    """The account after the bills that are due by then, each put down under a name that no other has."""
    account, made = billed_until(account, until)
    assert not bills.keys() & made.keys()
    bills.update(made)
    return account
