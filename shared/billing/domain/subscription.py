"""The subscription: who uses which plan since when, with which add-ons, and when the next invoice is due."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import ClassVar, Final

from billing.domain.catalog import Billed, Plan, Proration
from billing.domain.coupon import Discount
from billing.domain.errors import InvalidInput
from billing.domain.given import as_iso
from billing.domain.period import Period, Schedule
from billing.domain.proration import has_a_day
from billing.domain.tax import TaxTreatment

Plans = Mapping[str, Plan]
"""Plan versions by `Plan.ref`."""

ENDLESS: Final = datetime(2200, 1, 1, tzinfo=UTC)
"""Later than any bill: where a pause ends that nobody has ended."""


class SubscriptionStatus(StrEnum):
    """`active` has a bill to come; `ended` has had its last one."""

    ACTIVE = "active"
    ENDED = "ended"


class Unused(StrEnum):
    """Where the unused part of what was paid ahead goes when a subscription ends before that time is over.

    `credit`: off the last bill, what is more onto the balance. `refund`, `offset`: a credit note against the invoice
    that billed it, off its amount due first; what was paid goes to the payment method, or onto the balance. `none`.
    """

    CREDIT = "credit"
    REFUND = "refund"
    OFFSET = "offset"
    NONE = "none"


class UnknownPlan(InvalidInput):
    """A subscription names a plan version that does not exist, or that lacks what it needs."""

    code: ClassVar[str] = "unknown_plan"


class UnknownAddon(UnknownPlan):
    """A subscription names an add-on that its plan version does not offer."""

    code: ClassVar[str] = "unknown_addon"


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """From `start` (UTC) until the next phase the subscription is on this plan version and this schedule.

    Where it took another's place after the bill of its start was made, `bill_made` is how that was made: it ended a
    period, and may have named the one that follows. None where plan and schedule say the same.
    """

    plan: str
    start: datetime
    schedule: Schedule
    bill_made: Billed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """`quantity` of an add-on from `start` until `end` (UTC, exclusive; None = open). A change opens another."""

    id: str
    charge_id: str
    quantity: Decimal
    start: datetime
    end: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse a negative quantity and an end before the start."""
        if not self.quantity.is_finite() or self.quantity < 0:
            raise InvalidInput("quantity", expected="0 or more", given=str(self.quantity))
        if self.end is not None and self.end < self.start:
            raise InvalidInput("end", expected=f"an instant not before {self.start.isoformat()}", given=self.end)

    def within(self, span: Period) -> Period | None:
        """The part of a stretch of time in which the item is active, or None."""
        start, end = max(self.start, span.start), min(self.end or span.end, span.end)
        return _part(span, start=start, end=end) if start < end else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """From `start` until `end` (UTC, exclusive; None = until somebody resumes it) nothing recurring is charged."""

    start: datetime
    end: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse an end that is not after the start."""
        if self.end is not None and self.end <= self.start:
            raise InvalidInput("end", expected=f"an instant after {self.start.isoformat()}", given=self.end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepaid:
    """What an invoice billed in advance for one item and period: cap and tax of any credit for its unused part.

    `discount` is what coupons took off its `amount`, both in minor units: a credit gives back as much less. That the
    invoice is `void` leaves the time to its reissue: nobody else charges it, and nothing of it is credited.
    """

    item_id: str
    name: str
    plan: str
    invoice_id: str
    price: Decimal
    period: Period
    whole: Period
    proration: Proration
    amount: int
    treatment: TaxTreatment
    tax_inclusive: bool
    discount: int = 0
    void: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OneTimeCharge:
    """`quantity` times `unit_price` (major units, exact), once: on the first invoice whose bill-for date is not before.

    `charged_at` is a UTC instant. A price below 0 is a discount on the invoice that somebody makes by hand.
    """

    id: str
    name: str
    quantity: Decimal
    unit_price: Decimal
    charged_at: datetime
    tax_inclusive: bool = False

    def __post_init__(self) -> None:
        """Refuse a negative quantity, and a price that is no number."""
        if not self.quantity.is_finite() or self.quantity < 0:
            raise InvalidInput("quantity", expected="0 or more", given=str(self.quantity))
        if not self.unit_price.is_finite():
            raise InvalidInput("unit_price", expected="a number", given=str(self.unit_price))


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """`next_billing_at` is the earliest bill-for date not yet invoiced; None once the last invoice is made.

    `phases` are in order of time and the first starts with the subscription; `end` is exclusive. `trial_start` is when
    an unbilled trial before that began. `one_time` and `discounts` wait for the next invoices, `late_usage` names the
    roll-ups with usage that came after its period was invoiced, and `recent` holds the latest invoices' subtotals.
    `billed_from` is the instant from which bill-for dates are billed here, where earlier ones were billed elsewhere.
    `late_bills` counts the bills of what came late that followed the last one, one that is due included. `unbilled`
    is the time of suspended service that bills left out. `pauses` are in order of time, only the last one may be open.
    `unused` is what becomes of what was paid beyond the end. `changed_at` is when a command last changed phases, items,
    end or pauses (None: never).
    """

    id: str
    customer_id: str
    zone: str
    phases: tuple[Phase, ...]
    items: tuple[Item, ...] = ()
    prepaid: tuple[Prepaid, ...] = ()
    end: datetime | None = None
    status: SubscriptionStatus = SubscriptionStatus.ACTIVE
    next_billing_at: datetime | None = None
    shard: int = 0
    trial_start: datetime | None = None
    discounts: tuple[Discount, ...] = ()
    one_time: tuple[OneTimeCharge, ...] = ()
    late_usage: tuple[str, ...] = ()
    recent: tuple[int, ...] = ()
    billed_from: datetime | None = None
    late_bills: int = 0
    unbilled: tuple[Period, ...] = ()
    pauses: tuple[Pause, ...] = ()
    unused: Unused = Unused.CREDIT
    changed_at: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse phases or pauses out of order, ends and trials at wrong times, and items, charges, coupons alike."""
        if not self.phases or any(one.start >= other.start for one, other in pairwise(self.phases)):
            starts = [phase.start for phase in self.phases]
            raise InvalidInput("phases", expected="at least one, each starting after the one before", given=starts)
        if self.trial_start is not None and self.trial_start >= self.start:
            raise InvalidInput(
                "trial_start", expected=f"an instant before {as_iso(self.start)}", given=self.trial_start
            )
        if self.end is not None and self.end <= self.begun:
            raise InvalidInput("end", expected=f"an instant after {self.begun.isoformat()}", given=self.end)
        if any(one.end is None or one.end > other.start for one, other in pairwise(self.pauses)):
            starts = [pause.start for pause in self.pauses]
            raise InvalidInput("pauses", expected="each after the end of the one before", given=starts)
        _once("items", [item.id for item in self.items])
        _once("one_time", [charge.id for charge in self.one_time])
        _once("discounts", [discount.id for discount in self.discounts])

    @property
    def start(self) -> datetime:
        """The instant from which the subscription is billed."""
        return self.phases[0].start

    @property
    def begun(self) -> datetime:
        """The instant from which the subscription runs: its trial's start, where it has one."""
        return self.trial_start or self.start

    @property
    def trial_end(self) -> datetime | None:
        """When the trial ended and billing began, or None without a trial."""
        return None if self.trial_start is None else self.start

    @property
    def had_last_bill(self) -> bool:
        """Whether the bill of its end was made, or it ended unbilled; one more of what came late may be due."""
        return self.next_billing_at is None or self.late_bills > 0

    @property
    def paused(self) -> tuple[Period, ...]:
        """The pauses as stretches of time; an open one goes on to `ENDLESS`."""
        return tuple([Period(start=each.start, end=each.end or ENDLESS) for each in self.pauses])

    @property
    def left_out(self) -> tuple[Period, ...]:
        """The time for which nothing recurring is owed: of suspended service that bills left out, and of pauses."""
        return (*self.unbilled, *self.paused) if self.pauses else self.unbilled

    def phase_at(self, instant: datetime) -> Phase:
        """The phase in force at an instant; InvalidInput for one before the start."""
        for phase in reversed(self.phases):
            if phase.start <= instant:
                return phase
        raise InvalidInput("instant", expected=f"one from the start on, {self.start.isoformat()}", given=instant)

    def comes_back(self, prepaid: Prepaid, *, since: datetime) -> bool:
        """Whether what was paid ahead is given back from a UTC instant on: what is not prorated if no day was used."""
        if prepaid.void or prepaid.proration is not Proration.NONE or prepaid.period.start >= since:
            return not prepaid.void
        cycle = self.phase_at(max(prepaid.period.start, self.start)).schedule.cycle
        return not has_a_day(Period(start=prepaid.period.start, end=since), cycle=cycle, zone=self.zone)

    def schedule_before(self, instant: datetime) -> Schedule:
        """The schedule that was in force until an instant: where a phase restarts the cycle, the old one."""
        earlier = [phase.schedule for phase in self.phases if phase.start < instant]
        return earlier[-1] if earlier else self.phases[0].schedule

    def spans(self, period: Period) -> tuple[tuple[Phase, Period], ...]:
        """The phases that touch a period, each with its share of it, clipped to the subscription's own life."""
        last = min(period.end, self.end or period.end)
        ends = [min(phase.start, last) for phase in self.phases[1:]] + [last]
        return tuple(
            [
                (phase, _part(period, start=max(phase.start, period.start), end=end))
                for phase, end in zip(self.phases, ends, strict=True)
                if max(phase.start, period.start) < end
            ]
        )


def require_bill_to_come(subscription: Subscription) -> None:
    """Refuse, with InvalidInput, to add to a subscription that has had its last bill."""
    if subscription.next_billing_at is None:
        raise InvalidInput("subscription_id", expected="a subscription with a bill to come", given=subscription.id)


def _part(period: Period, *, start: datetime, end: datetime) -> Period:
    """The period itself where the part is all of it: most are, and a Period checks itself anew each time."""
    return period if start == period.start and end == period.end else Period(start=start, end=end)


def schedule_of(plan: Plan, start: datetime, zone: str) -> Schedule:
    """The boundaries of a subscription that starts then: calendar billing where the plan has an anchor day."""
    if plan.anchor_day is None:
        return Schedule.anniversary(plan.cycle, started_at=start, zone=zone)
    return Schedule.calendar(plan.cycle, anchor_day=plan.anchor_day, started_at=start, zone=zone)


def plan_of(phase: Phase, plans: Plans) -> Plan:
    """The phase's plan version, or UnknownPlan."""
    try:
        return plans[phase.plan]
    except KeyError:
        raise UnknownPlan("plan", expected="a published plan version", given=phase.plan) from None


def _once(field: str, ids: list[str]) -> None:
    if len(set(ids)) < len(ids):
        raise InvalidInput(field, expected="ids used once", given=ids)
