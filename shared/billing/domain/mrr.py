"""Monthly recurring revenue: what the recurring prices come to in a month, how that moved, and what stands beside it.

Three figures are told apart (semantics 12): the recurring prices themselves, the usage revenue of the last closed month
as a source of its own, and what was invoiced for that month with tax.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from itertools import accumulate

from billing.domain.growth import growth_percent, minor_of
from billing.domain.recurring import NOTHING, RecurringLevel, RecurringLife


class Movement(StrEnum):
    """Why a customer brings another amount than a month before."""

    NEW = "new"
    EXPANSION = "expansion"
    CONTRACTION = "contraction"
    CHURN = "churn"
    REACTIVATION = "reactivation"


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedRevenue:
    """One movement's sum over its customers, in minor units: below zero for contraction and churn."""

    movement: Movement
    customers: int
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicedMonth:
    """What was invoiced for one local month (yyyy-mm), in minor units of one currency; credit notes are not taken off.

    `subtotal` (without tax) and `total` (with it) are of the invoices whose period starts in the month. `usage` are the
    usage lines of that month as printed, before coupons, on whatever invoice; late usage counts with its invoice.
    """

    month: str
    usage: int = 0
    subtotal: int = 0
    total: int = 0
    invoices: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportInstant:
    """A point of the trend: the UTC instant, its local day, and the month that was the last closed one then."""

    at: datetime
    on: date
    closed_month: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendPoint:
    """One week's end: recurring prices then, and the usage revenue of the month that was closed last, minor units."""

    on: date
    recurring: int
    usage: int
    usage_month: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MrrSection:
    """The figures of one currency in minor units; growth in per cent, None where there was nothing before.

    `recurring` is the MRR at the report's instant, `recurring_before` a month earlier; `closed` is the last closed
    month's invoices, `closed_before` those of the month before it.
    """

    currency: str
    recurring: int
    recurring_before: int
    recurring_growth: Decimal | None
    customers: int
    movements: tuple[MovedRevenue, ...]
    closed: InvoicedMonth
    closed_before: InvoicedMonth
    usage_growth: Decimal | None
    total_growth: Decimal | None
    trend: tuple[TrendPoint, ...]


def mrr_section(
    lives: Iterable[RecurringLife],
    *,
    currency: str,
    months: Mapping[str, InvoicedMonth],
    trend: Sequence[ReportInstant],
    before: ReportInstant,
) -> MrrSection:
    """The section of a currency: prices without tax (`tax_taken_off`), `trend` from its oldest point to the present.

    `before` is the point a month before the present. A month that `months` lacks had no invoices.
    """
    now = trend[-1]
    sums = _sums(lives, currency=currency, instants=[*(each.at for each in trend), before.at])
    closed, closed_before = (_of(months, each.closed_month) for each in (now, before))
    return MrrSection(
        currency=currency,
        recurring=minor_of(sums.at[now.at], currency),
        recurring_before=minor_of(sums.at[before.at], currency),
        recurring_growth=growth_percent(sums.at[now.at], before=sums.at[before.at]),
        customers=sum(1 for each in sums.customers.values() if each.now),
        movements=_movements(sums.customers.values(), currency=currency),
        closed=closed,
        closed_before=closed_before,
        usage_growth=growth_percent(closed.usage, before=closed_before.usage),
        total_growth=growth_percent(closed.total, before=closed_before.total),
        trend=tuple(
            TrendPoint(
                on=each.on,
                recurring=minor_of(sums.at[each.at], currency),
                usage=_of(months, each.closed_month).usage,
                usage_month=each.closed_month,
            )
            for each in trend
        ),
    )


def tax_taken_off(life: RecurringLife, *, percent: Fraction) -> RecurringLife:
    """The life with prices without tax alone: what contains tax at `percent` is divided by 1 + that rate."""
    taxed = 100 + percent
    factor = Fraction(100 * taxed.denominator, taxed.numerator)
    levels = tuple(
        RecurringLevel(at=each.at, currency=each.currency, net=each.net + each.gross * factor) for each in life.levels
    )
    return replace(life, levels=levels)


@dataclass(slots=True)
class _Moved:
    """One customer's exact revenue at the present and a month before, and whether it ever paid until then."""

    now: Fraction = NOTHING
    before: Fraction = NOTHING
    was_there: bool = False

    @property
    def movement(self) -> Movement | None:
        if self.now == self.before:
            return None
        if not self.before:
            return Movement.REACTIVATION if self.was_there else Movement.NEW
        if not self.now:
            return Movement.CHURN
        return Movement.EXPANSION if self.now > self.before else Movement.CONTRACTION


@dataclass(slots=True)
class _Sums:
    """The exact sum at each instant, and each customer's."""

    at: dict[datetime, Fraction]
    customers: dict[str, _Moved]


def _sums(lives: Iterable[RecurringLife], *, currency: str, instants: Sequence[datetime]) -> _Sums:
    """`instants` end with the present and the one a month before."""
    *_, now, before = instants
    points = sorted(set(instants))
    changes = [NOTHING] * (len(points) + 1)
    customers: dict[str, _Moved] = defaultdict(_Moved)
    for life in lives:
        amounts = [each.net if each.currency == currency else NOTHING for each in life.levels]
        if not any(amounts):
            continue
        customer = customers[life.customer_id]
        for level, amount, earlier in zip(life.levels, amounts, [NOTHING, *amounts], strict=False):
            changes[bisect_left(points, level.at)] += amount - earlier
            customer.now += amount - earlier if level.at <= now else NOTHING
            customer.before += amount - earlier if level.at <= before else NOTHING
            customer.was_there |= bool(amount) and level.at <= before
    return _Sums(dict(zip(points, accumulate(changes), strict=False)), customers)


def _movements(customers: Iterable[_Moved], *, currency: str) -> tuple[MovedRevenue, ...]:
    moved: dict[Movement, list[Fraction]] = {movement: [] for movement in Movement}
    for each in customers:
        if each.movement is not None:
            moved[each.movement].append(each.now - each.before)
    return tuple(
        MovedRevenue(movement=movement, customers=len(found), amount=minor_of(sum(found, NOTHING), currency))
        for movement, found in moved.items()
    )


def _of(months: Mapping[str, InvoicedMonth], month: str) -> InvoicedMonth:
    return months.get(month) or InvoicedMonth(month=month)
