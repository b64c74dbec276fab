"""A period rated twice, with some usage and without it: what the difference costs (semantics 4)."""

from collections.abc import Iterable
from decimal import Decimal

from billing.domain.catalog import ZERO, MeteredCharge
from billing.domain.exact import EXACT, divide, plus, times, total
from billing.domain.explanation import LateUsageStep, PackageStep, TierStep, UsageStep
from billing.domain.money import Rounding
from billing.domain.rating import RatedPart, rate

_PRICE_PLACES = 12


def rated_twice(
    metered: MeteredCharge, *, before: Decimal, after: Decimal, invoice_id: str, is_rest: bool = False
) -> LateUsageStep:
    """The step from one quantity of a period to another; below zero is nothing."""
    before, after = max(before, ZERO), max(after, ZERO)
    return LateUsageStep(
        meter=metered.meter,
        usage_before=before,
        usage_after=after,
        before=usage_steps(rate(metered, before)),
        after=usage_steps(rate(metered, after)),
        invoice_id=invoice_id,
        is_rest=is_rest,
    )


def difference(step: LateUsageStep, *, description: str) -> RatedPart:
    """The line of a step between two quantities that differ."""
    return RatedPart(
        description=description,
        quantity=EXACT.subtract(step.usage_after, step.usage_before),
        unit_price=_average_price(step),
        step=step,
    )


def usage_steps(parts: Iterable[RatedPart]) -> tuple[UsageStep, ...]:
    """The steps of a rating."""
    return tuple(part.step for part in parts if isinstance(part.step, TierStep | PackageStep))


def _average_price(step: LateUsageStep) -> Decimal:
    """What a unit of the difference costs (major units): its tier's price, or the average of several, to 12 places."""
    difference = EXACT.subtract(_price(step.after), _price(step.before)).as_integer_ratio()
    units = EXACT.subtract(step.usage_after, step.usage_before).as_integer_ratio()
    scaled = divide(difference[0] * units[1] * 10**_PRICE_PLACES, difference[1] * units[0], rounding=Rounding.HALF_UP)
    price = EXACT.normalize(EXACT.scaleb(Decimal(scaled), -_PRICE_PLACES))
    return Decimal(f"{price:f}")


def _price(steps: Iterable[UsageStep]) -> Decimal:
    """The exact price (major units), not rounded."""
    return total(
        plus(times(step.quantity, step.unit_price), step.flat_fee if isinstance(step, TierStep) else ZERO)
        for step in steps
    )
