"""A plan version as it is answered: in the form in which it is given, so that what was read can be sent again."""

from typing import Any, Literal, assert_never

from billing.api.routes.models import AnswerModel, Currency, Exact
from billing.domain.catalog import (
    Aggregation,
    Billed,
    FirstPeriod,
    GraduatedPrice,
    MeteredCharge,
    PackagePrice,
    PerUnitPrice,
    Plan,
    Proration,
    RecurringCharge,
    StairstepPrice,
    Tier,
    UsagePrice,
    VolumePrice,
)
from billing.domain.period import Unit


class CycleAnswer(AnswerModel):
    """Every so many units of time, on which day, and whether for the time ahead or the time past."""

    every: int
    unit: Unit
    anchor_day: int | None
    billed: Billed


class TierAnswer(AnswerModel):
    """Up to and including `up_to`, null without end; prices are exact decimals in the major unit."""

    name: str
    up_to: Exact | None
    unit_price: Exact
    flat_fee: Exact


class UsageAnswer(AnswerModel):
    """What usage of a meter costs; `model` says which of the prices are not null."""

    meter: str
    name: str
    aggregation: Aggregation
    model: Literal["graduated", "volume", "stairstep", "per_unit", "package"]
    tiers: list[TierAnswer] | None = None
    unit_price: Exact | None = None
    package_size: Exact | None = None
    package_price: Exact | None = None
    tax_inclusive: bool
    included: Exact


class _Recurring(AnswerModel):
    name: str
    price: Exact
    prorate: Proration
    tax_inclusive: bool


class FeeAnswer(_Recurring):
    """A fee for each cycle, in the major unit."""

    fee_id: str


class AddOnAnswer(_Recurring):
    """An add-on: its price for each of the quantity that a subscription has, in the major unit."""

    addon_id: str


class PlanAnswer(AnswerModel):
    """One version of a plan; `id` is `plan@version`, which subscriptions and invoices name."""

    id: str
    plan_id: str
    version: int
    name: str
    currency: Currency
    cycle: CycleAnswer
    first_period: FirstPeriod
    minimum_commitment: Exact | None
    trial_days: int
    usage: list[UsageAnswer]
    fees: list[FeeAnswer]
    addons: list[AddOnAnswer]


def plan_answer(plan: Plan) -> PlanAnswer:
    """A version as it is answered."""
    return PlanAnswer(
        id=plan.ref,
        plan_id=plan.plan_id,
        version=plan.version,
        name=plan.name,
        currency=plan.currency,
        cycle=CycleAnswer(every=plan.cycle.every, unit=plan.cycle.unit, anchor_day=plan.anchor_day, billed=plan.billed),
        first_period=plan.first_period,
        minimum_commitment=plan.minimum_commitment,
        trial_days=plan.trial_days,
        usage=[_usage(each) for each in plan.metered],
        fees=[FeeAnswer(fee_id=each.charge_id, **_recurring(each)) for each in plan.fees],
        addons=[AddOnAnswer(addon_id=each.charge_id, **_recurring(each)) for each in plan.addons],
    )


def _recurring(charge: RecurringCharge) -> dict[str, Any]:
    return {
        "name": charge.name,
        "price": charge.unit_price,
        "prorate": charge.proration,
        "tax_inclusive": charge.tax_inclusive,
    }


def _usage(charge: MeteredCharge) -> UsageAnswer:
    return UsageAnswer(
        meter=charge.meter,
        name=charge.name,
        aggregation=charge.aggregation,
        tax_inclusive=charge.tax_inclusive,
        included=charge.included,
        **_price(charge.price),
    )


def _price(price: UsagePrice) -> dict[str, Any]:
    match price:
        case GraduatedPrice(tiers=tiers):
            return {"model": "graduated", "tiers": _tiers(tiers)}
        case VolumePrice(tiers=tiers):
            return {"model": "volume", "tiers": _tiers(tiers)}
        case StairstepPrice(tiers=tiers):
            return {"model": "stairstep", "tiers": _tiers(tiers)}
        case PerUnitPrice(unit_price=unit_price):
            return {"model": "per_unit", "unit_price": unit_price}
        case PackagePrice(size=size, unit_price=unit_price):
            return {"model": "package", "package_size": size, "package_price": unit_price}
        case _:
            assert_never(price)


def _tiers(tiers: tuple[Tier, ...]) -> list[TierAnswer]:
    return [TierAnswer.model_validate(each) for each in tiers]
