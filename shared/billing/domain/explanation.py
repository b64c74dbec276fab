"""Why a line costs what it costs: the step of arithmetic behind an amount, kept with the line and replayable for ever.

An amount on an invoice is never typed in: it is `amount_of(step)`. So the explanation cannot differ from the line.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import assert_never

from billing.domain.currency import exponent
from billing.domain.exact import divide, plus, times
from billing.domain.money import Rounding, allocate, to_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class TierStep:
    """The part of a period's usage that one tier prices: `quantity` at `unit_price`, plus the tier's `flat_fee`."""

    model: str
    meter: str
    usage: Decimal
    above: Decimal
    up_to: Decimal | None
    quantity: Decimal
    unit_price: Decimal
    flat_fee: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageStep:
    """Started blocks: `usage` units in blocks of `size` are `quantity` blocks at `unit_price` each."""

    meter: str
    usage: Decimal
    size: Decimal
    quantity: Decimal
    unit_price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class FlatStep:
    """A recurring fee: `quantity` times `unit_price`."""

    quantity: Decimal
    unit_price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ProrationStep:
    """What brings the full `price` (major units, exact) down to `active` of `whole` days or seconds. Never above 0."""

    price: Decimal
    active: int
    whole: int
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditStep:
    """What brings the `billed` minor units of an invoice in advance down to the `used` part of the full `price`.

    Never above 0, and never more than was billed: of `billed` coupons took `discount` off, and as much of the credit.
    """

    invoice_id: str
    price: Decimal
    billed: int
    used: int
    whole: int
    unit: str
    discount: int = 0


UsageStep = TierStep | PackageStep


@dataclass(frozen=True, slots=True, kw_only=True)
class LateUsageStep:
    """Usage that came after its period was invoiced: the period rated with it less the period rated without it.

    `before` and `after` are the steps of those two ratings, `usage_before` and `usage_after` the period's quantities.
    `invoice_id` names the period's own invoice, which a line below zero corrects. It `is_rest` where it is in time: of
    the second part of a period whose first part has a bill of its own, that of `invoice_id`.
    """

    meter: str
    usage_before: Decimal
    usage_after: Decimal
    before: tuple[UsageStep, ...]
    after: tuple[UsageStep, ...]
    invoice_id: str = ""
    is_rest: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscountStep:
    """One coupon's part for the charges that are taxed alike: `percent` of, or `amount` minor units off, all `weights`.

    `weights` are the minor units that earlier coupons left of every discounted charge (a line, or a prorated fee's
    two), `own` the places of those that this line lowers. The discount is at most their sum, spread over them by
    largest remainder. Never above 0.
    """

    coupon: str
    percent: Decimal | None
    amount: int | None
    weights: tuple[int, ...]
    own: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitmentStep:
    """What brings the `charged` minor units up to the committed `price` (major units), due for `active` of `whole`."""

    price: Decimal
    charged: int
    active: int = 1
    whole: int = 1
    unit: str = "period"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditedStep:
    """A line of an issued invoice that a credit note gives back: `credited` of its `billed` minor units.

    `billed` is what the charge came to, net of what its proration and discounts took off. `quantity` and `unit_price`
    are what the credit note's line shows; it gives back, so that this amount is below zero where `credited` is above.
    """

    invoice_id: str
    line_id: str
    billed: int
    credited: int
    quantity: Decimal
    unit_price: Decimal


Step = (
    TierStep
    | PackageStep
    | FlatStep
    | ProrationStep
    | CreditStep
    | LateUsageStep
    | DiscountStep
    | CommitmentStep
    | CreditedStep
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A line's evidence: the price version (`plan@version`) and the step of arithmetic."""

    plan: str
    step: Step


def amount_of(step: Step, currency: str, *, rounding: Rounding) -> int:
    """Replay one step: the amount in the currency's minor unit, rounded once (semantics 1, 5)."""
    match step:
        case TierStep():
            return to_minor(plus(times(step.quantity, step.unit_price), step.flat_fee), currency, rounding=rounding)
        case PackageStep() | FlatStep():
            return to_minor(times(step.quantity, step.unit_price), currency, rounding=rounding)
        case ProrationStep():
            full = to_minor(step.price, currency, rounding=rounding)
            return prorated(step.price, step.active, step.whole, currency=currency, rounding=rounding) - full
        case CreditStep() | CreditedStep():
            return -_given_back(step, currency, rounding=rounding)
        case LateUsageStep():
            return _added(step.after, currency, rounding) - _added(step.before, currency, rounding)
        case DiscountStep():
            parts = discount_parts(step, rounding=rounding)
            return -sum([parts[place] for place in step.own])
        case CommitmentStep():
            owed = prorated(step.price, step.active, step.whole, currency=currency, rounding=rounding)
            return max(0, owed - step.charged)
        case _:
            assert_never(step)


def prorated(price: Decimal, active: int, whole: int, *, currency: str, rounding: Rounding) -> int:
    """`active` of `whole` parts of an exact price in major units, rounded once to minor units."""
    numerator, denominator = price.as_integer_ratio()
    scale: int = 10 ** exponent(currency)
    return divide(numerator * scale * active, denominator * whole, rounding=rounding)


def _added(steps: Iterable[UsageStep], currency: str, rounding: Rounding) -> int:
    return sum([amount_of(step, currency, rounding=rounding) for step in steps])


def discount_parts(step: DiscountStep, *, rounding: Rounding) -> tuple[int, ...]:
    """What a coupon takes off each of its weights, in minor units: 0 or more, and never more than the weight."""
    whole = sum(step.weights)
    if step.percent is not None:
        numerator, denominator = step.percent.as_integer_ratio()
        off = divide(whole * numerator, denominator * 100, rounding=rounding)
    else:
        off = min(whole, step.amount or 0)
    return allocate(off, step.weights) if off else (0,) * len(step.weights)


def _given_back(step: CreditStep | CreditedStep, currency: str, *, rounding: Rounding) -> int:
    """What was credited, or of an unused amount what was paid: billed less discount, in proportion."""
    if isinstance(step, CreditedStep):
        return step.credited
    used = prorated(step.price, step.used, step.whole, currency=currency, rounding=rounding)
    unused = max(0, step.billed - used)
    return divide(unused * (step.billed - step.discount), step.billed, rounding=rounding) if step.discount else unused
