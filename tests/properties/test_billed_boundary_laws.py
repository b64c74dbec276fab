"""A change at a boundary costs the same before the bill of that boundary and after it: each period is at its worth."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from billing.domain.billing_cycle import anchored_period
from billing.domain.catalog import Billed, Plan, Proration
from billing.domain.life_change import Cancellation, CancellationUndone
from billing.domain.period import Cycle
from billing.domain.subscription import SubscriptionStatus, Unused
from tests.builders import DAILY, HOURLY, MONTHLY, QUARTERLY, WEEKLY, YEARLY, Account, a_fee, a_plan
from tests.lives import Standing, after, billed_until

PRICES = {"small": (1001, 207), "large": (3003, 101)}
"""Of each plan its fee and a seat, in cents."""


def plan(plan_id: str, *, cycle: Cycle, billed: Billed, proration: Proration) -> Plan:
    base, seat = PRICES[plan_id]
    return a_plan(
        plan_id=plan_id,
        fees=[a_fee(str(Decimal(base) / 100), proration=proration)],
        addons=[a_fee(str(Decimal(seat) / 100), "seat", proration=proration)],
        cycle=cycle,
        billed=billed,
    )


class Worth(Standing):
    """What a period is worth from a boundary on, told apart from the product."""

    @property
    def of_a_period(self) -> int:
        base, seat = PRICES[self.plan]
        return 0 if self.paused else base + seat * self.seats


CHANGES = st.tuples(st.booleans(), st.sampled_from(("small", "large", "pause", 0, 1, 3)))
"""Whether the boundary's bill is made before, and what is changed."""


@settings(deadline=None, max_examples=150)
@given(
    cycle=st.sampled_from((HOURLY, DAILY, WEEKLY, MONTHLY, QUARTERLY, YEARLY)),
    billed=st.sampled_from(Billed),
    proration=st.sampled_from(Proration),
    zone=st.sampled_from(("UTC", "Europe/Berlin", "America/New_York")),
    start=st.sampled_from(("2026-01-31T23:00", "2026-03-15T05:00", "2026-10-25T00:30", "2028-02-29")),
    planned=st.lists(st.lists(CHANGES, max_size=3), min_size=1, max_size=5),
    ends_billed=st.booleans(),
    doubts=st.booleans(),
)
def test_each_period_costs_what_it_is_worth_whether_its_boundary_was_billed_before_or_after(
    cycle: Cycle, billed: Billed, proration: Proration, zone: str, start: str,
    planned: list[list[tuple[bool, str | int]]], ends_billed: bool, doubts: bool,
) -> None:  # fmt: skip
    plans = {
        each.ref: each for each in (plan(name, cycle=cycle, billed=billed, proration=proration) for name in PRICES)
    }
    account = replace(Account.opened(plans["small@1"], start=start, zone=zone), plans=plans)
    at, worth, expected, charged = account.subscription.start, Worth(), 0, 0
    for wishes in planned:
        for what in [what for is_billed, what in wishes if not is_billed]:
            account = after(account, worth.asked(what, at), now=at)
        account, bills = billed_until(account, at)
        charged += sum(bills.values())
        for what in [what for is_billed, what in wishes if is_billed]:
            account = after(account, worth.asked(what, at), now=at)
        expected += worth.of_a_period
        at = anchored_period(account.subscription.phases[-1].schedule, at).end
    if ends_billed:
        account, bills = billed_until(account, at)
        charged += sum(bills.values())
    early = account.subscription.start
    if doubts:
        account = after(account, Cancellation(at=at, unused=Unused.NONE), now=early)
        account = after(account, CancellationUndone(), now=early)
    account = after(account, Cancellation(at=at), now=at)
    account, bills = billed_until(account, at)
    assert (charged + sum(bills.values()), account.subscription.status) == (expected, SubscriptionStatus.ENDED)
    assert account.subscription.next_billing_at is None
