"""Rating: a period's quantity under one price becomes steps of arithmetic, one for each invoice line (semantics 4)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import assert_never

from billing.domain.catalog import (
    ZERO,
    GraduatedPrice,
    MeteredCharge,
    PackagePrice,
    PerUnitPrice,
    StairstepPrice,
    Tier,
    VolumePrice,
)
from billing.domain.errors import InvalidInput
from billing.domain.exact import EXACT
from billing.domain.explanation import PackageStep, Step, TierStep

ONE = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedPart:
    """One line to be: what it is called, how many at which price (major units), and the step that yields its amount."""

    description: str
    quantity: Decimal
    unit_price: Decimal
    step: Step


def rate(charge: MeteredCharge, usage: Decimal) -> tuple[RatedPart, ...]:
    """Price `usage` units (a period's aggregate, 0 or more) and return a part for every non-empty tier.

    The charge's allowance is a part of its own at 0, and tiers and packages count what is beyond it. A first tier with
    a flat fee is owed even at zero usage; otherwise zero usage gives no part.
    Quantities may be fractional; a tier's bound belongs to the tier. InvalidInput for a negative quantity or NaN.
    """
    if not usage.is_finite() or usage < 0:
        raise InvalidInput(f"usage.{charge.meter}", expected="0 or more", given=str(usage))
    free = min(usage, charge.included)
    priced = _priced(charge, EXACT.subtract(usage, free))
    return (_included_part(charge, usage=usage, free=free), *priced) if free else priced


def _priced(charge: MeteredCharge, usage: Decimal) -> tuple[RatedPart, ...]:
    """The parts of what is beyond the allowance."""
    price = charge.price
    match price:
        case PerUnitPrice():
            tier = Tier(up_to=None, unit_price=price.unit_price)
            return (_tier_part(charge, tier, index=0, above=ZERO, usage=usage, quantity=usage),) if usage else ()
        case GraduatedPrice():
            return tuple(_graduated(charge, price.tiers, usage=usage))
        case VolumePrice() | StairstepPrice():
            return _whole(charge, price.tiers, usage=usage)
        case PackagePrice():
            return (_package(charge, price, usage=usage),) if usage else ()
        case _:
            assert_never(price)


def zero_part(charge: MeteredCharge) -> RatedPart:
    """The line that an active subscription's invoice shows when the period had neither usage nor fees.

    At 0: a flat fee of the first tier is a fee, so where one is owed there is no such line.
    """
    match charge.price:
        case PackagePrice() as price:
            return _package(charge, price, usage=ZERO)
        case PerUnitPrice() as price:
            first = Tier(up_to=None, unit_price=price.unit_price)
        case GraduatedPrice() | VolumePrice() | StairstepPrice() as price:
            first = replace(price.tiers[0], flat_fee=ZERO)
        case _:
            assert_never(charge.price)
    return _tier_part(charge, first, index=0, above=ZERO, usage=ZERO, quantity=ZERO)


def _included_part(charge: MeteredCharge, *, usage: Decimal, free: Decimal) -> RatedPart:
    return RatedPart(
        description=f"{charge.name} - included",
        quantity=free,
        unit_price=ZERO,
        step=TierStep(
            model="included",
            meter=charge.meter,
            usage=usage,
            above=ZERO,
            up_to=charge.included,
            quantity=free,
            unit_price=ZERO,
        ),
    )


def _graduated(charge: MeteredCharge, tiers: tuple[Tier, ...], *, usage: Decimal) -> Iterator[RatedPart]:
    above = ZERO
    for index, tier in enumerate(tiers):
        reached = usage if tier.up_to is None else min(usage, tier.up_to)
        inside = EXACT.subtract(reached, above)
        if inside > 0 or (index == 0 and tier.flat_fee):
            yield _tier_part(charge, tier, index=index, above=above, usage=usage, quantity=inside)
        above = reached


def _whole(charge: MeteredCharge, tiers: tuple[Tier, ...], *, usage: Decimal) -> tuple[RatedPart, ...]:
    index, tier = next((i, t) for i, t in enumerate(tiers) if t.up_to is None or usage <= t.up_to)
    if not usage and not tier.flat_fee:
        return ()
    return (_tier_part(charge, tier, index=index, above=ZERO, usage=usage, quantity=usage),)


def _tier_part(
    charge: MeteredCharge, tier: Tier, *, index: int, above: Decimal, usage: Decimal, quantity: Decimal
) -> RatedPart:
    model = _MODEL[type(charge.price)]
    name = tier.name or (f"tier {index + 1}" if model != "per_unit" else "")
    stair = model == "stairstep"  # the fee is the price: one of it, whatever the usage
    return RatedPart(
        description=f"{charge.name} - {name}" if name else charge.name,
        quantity=ONE if stair else quantity,
        unit_price=tier.flat_fee if stair else tier.unit_price,
        step=TierStep(
            model=model,
            meter=charge.meter,
            usage=usage,
            above=above,
            up_to=tier.up_to,
            quantity=quantity,
            unit_price=tier.unit_price,
            flat_fee=tier.flat_fee,
        ),
    )


def _package(charge: MeteredCharge, price: PackagePrice, *, usage: Decimal) -> RatedPart:
    whole, rest = EXACT.divmod(usage, price.size)
    blocks = EXACT.add(whole, ONE) if rest else whole
    return RatedPart(
        description=f"{charge.name} - per started {price.size:,f}",
        quantity=blocks,
        unit_price=price.unit_price,
        step=PackageStep(
            meter=charge.meter, usage=usage, size=price.size, quantity=blocks, unit_price=price.unit_price
        ),
    )


_MODEL = {
    PerUnitPrice: "per_unit",
    GraduatedPrice: "graduated",
    VolumePrice: "volume",
    StairstepPrice: "stairstep",
    PackagePrice: "package",
}
