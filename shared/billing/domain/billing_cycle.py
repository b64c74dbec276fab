"""When a subscription is billed and for what: the row of its bill-for dates (semantics 2).

At each boundary one invoice carries the past period's charges in arrears and the next period's charges in advance.
A boundary is a schedule's own, the start of a phase that restarts the cycle, or the subscription's end. One that was
billed stays, whatever takes that phase's place.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from billing.domain.catalog import Billed
from billing.domain.errors import InvalidInput
from billing.domain.period import Period, Schedule, local_date, local_midnight
from billing.domain.proration import has_a_day
from billing.domain.stamp import stamp
from billing.domain.subscription import Plans, Subscription, plan_of

_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingCycle:
    """One bill: `arrears` is the period that ends at `bill_for_date`, `advance` the one that starts there (or None).

    `period` is the supply period that the invoice is numbered for: the one in advance, else the one in arrears.
    `key` tells the bills of one subscription apart for ever: the period's start, in UTC. A bill that follows the last
    one has neither; its `period` is that of the usage that came late and of the unused time that it credits.
    """

    bill_for_date: datetime
    arrears: Period | None
    advance: Period | None
    period: Period
    key: str

    @property
    def is_late(self) -> bool:
        """Whether it bills nothing but what came after the last bill: late usage, or the end that made it the last."""
        return self.arrears is None and self.advance is None


def first_bill_for(subscription: Subscription, plans: Plans) -> datetime:
    """The very first bill-for date: the start where something is billed in advance, else the first end."""
    if _bills_in_advance(subscription, plans, at=subscription.start):
        return subscription.start
    return _next_boundary(subscription, after=subscription.start)


def next_bill_for(subscription: Subscription, *, after: datetime) -> datetime | None:
    """The bill-for date that follows one, or None where the subscription has had its last bill."""
    if subscription.end is not None and after >= subscription.end:
        return None
    return _next_boundary(subscription, after=after)


def cycle_at(subscription: Subscription, plans: Plans, *, bill_for_date: datetime) -> BillingCycle:
    """What the invoice of a bill-for date covers. Raises InvalidInput for an instant that is no bill-for date."""
    before = bill_for_date - _MOMENT
    arrears = period_around(subscription, before) if bill_for_date > subscription.start else None
    goes_on = subscription.end is None or bill_for_date < subscription.end
    advance = None
    if goes_on and _bills_in_advance(subscription, plans, at=bill_for_date):
        advance = period_around(subscription, bill_for_date)
    period = advance or arrears
    if period is None or (arrears is not None and arrears.end > bill_for_date):
        raise InvalidInput("bill_for_date", expected="a bill-for date of the subscription", given=bill_for_date)
    key = stamp(period.start)
    if advance is None and _named_ahead(subscription, at=bill_for_date):
        key = stamp(bill_for_date)
    elif advance is None and _bills_in_advance(subscription, plans, at=period.start):
        key += "-arrears"  # that period's start already names the bill that was made in advance
    return BillingCycle(bill_for_date=bill_for_date, arrears=arrears, advance=advance, period=period, key=key)


def late_cycle(last: BillingCycle, *, number: int) -> BillingCycle:
    """The bill of what came after a subscription's last bill; `number` counts these bills from 1."""
    return replace(last, arrears=None, advance=None, key=f"{last.key}-late-{number}")


def bill_for_on_or_after(subscription: Subscription, plans: Plans, *, instant: datetime) -> datetime | None:
    """The first bill-for date not before an instant: where billing goes on after cycles billed elsewhere."""
    first = first_bill_for(subscription, plans)
    if first >= instant:
        return first
    if subscription.end is not None and subscription.end < instant:
        return None
    return _next_boundary(subscription, after=instant - _MOMENT)


def bill_made_at(subscription: Subscription, plans: Plans, *, at: datetime) -> Billed:
    """How the bill at an instant was made, or is: by the plan in force then, or the one that was when it was made."""
    phase = subscription.phase_at(at)
    made = phase.bill_made if phase.start == at else None
    return made or plan_of(phase, plans).billed


def still_named(subscription: Subscription, plans: Plans, *, made_as: Subscription, at: datetime) -> Subscription:
    """The subscription whose bill at the boundary `at` keeps the name that it got while the subscription was `made_as`.

    An end that is set or taken back there afterwards would change it; then a phase says how that bill was made.
    """
    made = cycle_at(made_as, plans, bill_for_date=at)
    plain = _unmarked(subscription, at=at)
    if cycle_at(plain, plans, bill_for_date=at).key == made.key:
        return plain
    billed = Billed.IN_ARREARS if made.advance is None else Billed.IN_ADVANCE
    phase = replace(subscription.phase_at(at), start=at, bill_made=billed)
    others = [each for each in subscription.phases if each.start != at]
    return replace(subscription, phases=tuple(sorted([*others, phase], key=lambda each: each.start)))


def usage_bucket(subscription: Subscription, *, occurred_at: datetime) -> datetime:
    """The UTC instant at which the bucket of a usage event starts: local midnight, or the period's start in that day.

    Other than `bucket_start` it knows where a change of plan restarted the cycle within the day, and of a trial's days.
    """
    midnight = local_midnight(local_date(occurred_at, zone=subscription.zone), zone=subscription.zone)
    if occurred_at < subscription.start:
        return midnight
    return max(midnight, period_around(subscription, occurred_at).start)


@lru_cache(maxsize=4096)
def anchored_period(schedule: Schedule, instant: datetime) -> Period:
    """The schedule's period around an instant, not clipped: what a share of it is measured against."""
    return schedule.period_at(instant)


def is_short_first_period(subscription: Subscription, whole: Period) -> bool:
    """Whether that anchored period is the one in which the subscription started, and on a later day than it did."""
    start, schedule = subscription.start, subscription.phases[0].schedule
    if not whole.start < start < whole.end or whole != anchored_period(schedule, start):
        return False
    return local_date(start, zone=schedule.zone) > local_date(whole.start, zone=schedule.zone)


def period_around(subscription: Subscription, instant: datetime) -> Period:
    """The subscription's billing period around a UTC instant of its life, clipped where a change restarts the cycle."""
    return _period_between(subscription, instant, restarts=_restarts(subscription))


def uncut_period(subscription: Subscription, instant: datetime) -> Period:
    """As `period_around`, but as one where the bill of a change that was taken back cut it.

    The usage of a plan is priced once for it, whatever bills there are (semantics 4).
    """
    changes = pairwise(subscription.phases)
    restarts = [phase.start for before, phase in changes if phase.schedule != before.schedule]
    return _period_between(subscription, instant, restarts=restarts)


def lasting_since(subscription: Subscription, span: Period, whole: Period) -> datetime:
    """The UTC instant since which the anchored period `whole` around a span of a phase runs, whatever bills cut it.

    An interval that had no day of its own never began another. What is not prorated is owed once since (semantics 5).
    """
    phases = [each for each in subscription.phases if each.start <= span.start]
    ends = [*[each.start for each in phases[1:]], span.end]
    lasting = [
        each
        for each, end in zip(phases, ends, strict=True)
        if has_a_day(Period(start=each.start, end=end), cycle=each.schedule.cycle, zone=subscription.zone)
    ]
    restarts = [
        phase.start
        for before, phase in pairwise(lasting)
        if anchored_period(before.schedule, phase.start) != anchored_period(phase.schedule, phase.start)
    ]
    return max(whole.start, subscription.start, *restarts)


def plan_stretch(subscription: Subscription, span: Period, *, until: datetime) -> Period:
    """A phase's stretch of a period with what its plan has of the `uncut_period` before it, and after it `until` then.

    It is longer than the phase's own only where a change was taken back after its bill.
    """
    if len(subscription.phases) == 1:
        return span
    uncut = uncut_period(subscription, span.start)
    changes = [phase.start for before, phase in pairwise(subscription.phases) if phase.plan != before.plan]
    start = max(uncut.start, *[at for at in changes if at <= span.start], subscription.start)
    end = max(span.end, min(uncut.end, until, *[at for at in changes if at > span.start]))
    return span if (start, end) == (span.start, span.end) else Period(start=start, end=end)


def _period_between(subscription: Subscription, instant: datetime, *, restarts: list[datetime]) -> Period:
    anchored = anchored_period(subscription.phase_at(instant).schedule, instant)
    return Period(
        start=max(anchored.start, subscription.start, *[at for at in restarts if at <= instant]),
        end=min(anchored.end, subscription.end or anchored.end, *[at for at in restarts if at > instant]),
    )


def _next_boundary(subscription: Subscription, *, after: datetime) -> datetime:
    boundary = anchored_period(subscription.phase_at(after).schedule, after).end
    return min(boundary, subscription.end or boundary, *[at for at in _restarts(subscription) if at > after])


def _restarts(subscription: Subscription) -> list[datetime]:
    """Where a phase brings a schedule of its own, or took the place of one that was billed: a period ends there."""
    return [
        phase.start
        for before, phase in pairwise(subscription.phases)
        if phase.schedule != before.schedule or phase.bill_made is not None
    ]


def _named_ahead(subscription: Subscription, *, at: datetime) -> bool:
    """Whether the bill of the end was made before that was set, and so is named by the period that was to follow."""
    phase = subscription.phase_at(at)
    return phase.start == at and phase.bill_made is Billed.IN_ADVANCE


def _unmarked(subscription: Subscription, *, at: datetime) -> Subscription:
    """Without a phase from `at` on that says nothing but how a bill was made, where a period ends all the same."""
    marks = [
        each
        for before, each in pairwise(subscription.phases)
        if each.start == at and (each.plan, each.schedule) == (before.plan, before.schedule)
    ]
    plain = replace(subscription, phases=tuple([each for each in subscription.phases if each not in marks]))
    return plain if period_around(plain, at - _MOMENT).end == at else subscription


def _bills_in_advance(subscription: Subscription, plans: Plans, *, at: datetime) -> bool:
    return bill_made_at(subscription, plans, at=at) is Billed.IN_ADVANCE
