"""plan*.json: plans with their cycles, usage prices of every model, add-ons and fees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, assert_never

from pydantic import AliasChoices, BeforeValidator, Field

from billing.adapters.book_files.cell_types import Currency, Flag, Key, Meter, Name, Number, PlanId, Text
from billing.adapters.book_files.error_log import ErrorLog
from billing.adapters.book_files.json_objects import JsonFile, JsonModel, Place, read_json
from billing.domain.book import BookErrors
from billing.domain.catalog import (
    ZERO,
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
    check_lines,
)
from billing.domain.errors import InvalidInput
from billing.domain.period import Cycle, Unit
from billing.domain.subscription import UnknownPlan

_SHORT_PRORATION = {True: "day", False: "none"}
_A_CHARGE = "a fee, a usage price, an add-on or a minimum commitment"
_LONG_WORDS = {"unique_count": "unique"}
_KEYS_OF_MODEL = {
    "graduated": {"tiers"},
    "volume": {"tiers"},
    "stairstep": {"tiers"},
    "per_unit": {"tiers", "unit_price"},
    "package": {"package_size", "unit_price", "package_price", "price"},
}


class PlanCycle(JsonModel):
    """How often is billed, and when."""

    every: Annotated[int, Field(strict=True)] = 1
    unit: Unit
    anchor_day: Annotated[int, Field(strict=True)] | None = None
    billed: Billed = Billed.IN_ARREARS


class PlanTier(JsonModel):
    """A tier; `up_to` is included, null is no end."""

    name: Text = ""
    up_to: Number | None
    unit_price: Number = ZERO
    flat_fee: Number = ZERO


class PlanUsage(JsonModel):
    """A meter, or as books name it a metric, with its price by one of the models."""

    meter: Annotated[Meter, Field(validation_alias=AliasChoices("meter", "metric"))]
    name: Name
    aggregation: Annotated[Aggregation, BeforeValidator(lambda word: _LONG_WORDS.get(str(word), word))] = (
        Aggregation.SUM
    )
    model: Literal["graduated", "volume", "stairstep", "per_unit", "package", "flat"]
    tiers: tuple[PlanTier, ...] | None = None
    unit_price: Number | None = None
    package_size: Number | None = None
    package_price: Number | None = None
    price: Number | None = None
    tax_inclusive: Flag = False
    included: Number = ZERO


class _Fee(JsonModel):
    name: Name
    price: Number
    prorate: Annotated[
        Proration, BeforeValidator(lambda word: _SHORT_PRORATION.get(word, word) if isinstance(word, bool) else word)
    ] = Proration.DAY
    tax_inclusive: Flag = False


class PlanAddOn(_Fee):
    """An add-on: charged in the quantity that a subscription has of it."""

    addon_id: Key


class PlanFee(_Fee):
    """A recurring fee."""

    fee_id: Key


class GivenPlan(JsonModel):
    """A plan as it is given, each value by itself sound. `id` may say which version it is, as `plan_id@version`."""

    id: Text = ""
    plan_id: PlanId
    version: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] = 1
    name: Name
    currency: Currency
    cycle: PlanCycle
    first_period: FirstPeriod = FirstPeriod.PRORATE
    minimum_commitment: Number | None = None
    trial_days: Annotated[int, Field(strict=True)] = 0
    usage: tuple[PlanUsage, ...] = ()
    fees: tuple[PlanFee, ...] = ()
    addons: tuple[PlanAddOn, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanFiles:
    """The plan versions of a book by `plan@version`; `whole` says that no plan was left out for an error."""

    by_ref: Mapping[str, Plan]
    whole: bool

    def named(self, name: str) -> Plan | None:
        """The plan that a row names as `plan@version`, or as `plan` where it has one version.

        Raises InvalidInput for an unknown plan and where the version is missing; None where a broken file may hold it.
        """
        versions = [plan for plan in self.by_ref.values() if name in (plan.ref, plan.plan_id)]
        if len(versions) == 1:
            return versions[0]
        if versions:
            refs = " or ".join(sorted(plan.ref for plan in versions))
            raise InvalidInput("plan_id", expected=f"the plan with its version, {refs}", given=name)
        if not self.whole:
            return None
        known = ", ".join(sorted({plan.plan_id for plan in self.by_ref.values()})) or "none"
        raise UnknownPlan("plan_id", expected=f"a plan of the plan files ({known})", given=name)


def read_plans(paths: Sequence[Path], *, log: ErrorLog) -> PlanFiles:
    """The plans of all plan files; what is wrong is logged."""
    before = log.count
    plans: dict[str, Plan] = {}
    for path in paths:
        file = read_json(path, log=log)
        if file is None:
            continue
        for place in file.places():
            plan = plan_at(file, place)
            if plan is not None and plan.ref in plans:
                file.add((*place, "plan_id"), f"expected each plan version once, got {plan.ref} again")
            elif plan is not None:
                plans[plan.ref] = plan
    return PlanFiles(plans, log.count == before)


def plan_of(given: GivenPlan) -> Plan:
    """The plan that was given; BookErrors with all that is wrong with its values together."""
    log = ErrorLog()
    plan = _built(JsonFile("", "", None, log), (), given)
    log.raise_if_any()
    if plan is None:
        raise BookErrors([])
    return plan


def plan_at(file: JsonFile, place: Place) -> Plan | None:
    """The plan at a place of a file, or None where what is wrong with it is logged."""
    given = file.model(GivenPlan, place)
    return None if given is None else _built(file, place, given)


def _built(file: JsonFile, place: Place, given: GivenPlan) -> Plan | None:
    if not (given.usage or given.fees or given.addons or given.minimum_commitment):
        file.add_rule(place, InvalidInput("fees", expected=_A_CHARGE, given="no charge at all"))
    metered = [_metered(file, (*place, "usage", index), each) for index, each in enumerate(given.usage)]
    try:
        plan = Plan(
            plan_id=given.plan_id,
            version=given.version,
            name=given.name,
            currency=given.currency,
            cycle=Cycle(given.cycle.every, given.cycle.unit),
            anchor_day=given.cycle.anchor_day,
            billed=given.cycle.billed,
            first_period=given.first_period,
            metered=tuple(each for each in metered if each is not None),
            fees=tuple(_recurring(each.fee_id, each) for each in given.fees),
            addons=tuple(_recurring(each.addon_id, each) for each in given.addons),
            minimum_commitment=given.minimum_commitment,
            trial_days=given.trial_days,
        )
        check_lines(plan)
    except InvalidInput as error:
        nested = (*place, "cycle") if error.field == "anchor_day" else place
        file.add_rule(nested, error)
        return None
    if given.id not in ("", plan.ref):
        file.add_rule(place, InvalidInput("id", expected=f"{plan.ref}, or nothing", given=given.id))
    return plan


def _recurring(charge_id: str, given: _Fee) -> RecurringCharge:
    return RecurringCharge(
        charge_id=charge_id,
        name=given.name,
        unit_price=given.price,
        proration=given.prorate,
        tax_inclusive=given.tax_inclusive,
    )


def _metered(file: JsonFile, place: Place, given: PlanUsage) -> MeteredCharge | None:
    try:
        price = _price(given)
    except InvalidInput as error:
        file.add_rule(place, error)
        return None
    return MeteredCharge(
        meter=given.meter,
        name=given.name,
        aggregation=given.aggregation,
        price=price,
        tax_inclusive=given.tax_inclusive,
        included=given.included,
    )


def _price(given: PlanUsage) -> UsagePrice:
    _refuse_other_keys(given)
    match given.model:
        case "graduated":
            return GraduatedPrice(tiers=_tiers(given))
        case "volume":
            return VolumePrice(tiers=_tiers(given))
        case "stairstep":
            return StairstepPrice(tiers=_tiers(given))
        case "per_unit":
            return PerUnitPrice(unit_price=_unit_price(given))
        case "package":
            return _package(given)
        case "flat":
            raise InvalidInput("model", expected="a price of usage; a fixed price goes to fees or addons", given="flat")
        case _:
            assert_never(given.model)


def _refuse_other_keys(given: PlanUsage) -> None:
    priced_by = {"tiers", "unit_price", "package_size", "package_price", "price"}
    said = {name for name in given.model_fields_set & priced_by if getattr(given, name) is not None}
    for name in sorted(said - _KEYS_OF_MODEL.get(given.model, priced_by)):
        known = ", ".join(sorted(_KEYS_OF_MODEL[given.model]))
        raise InvalidInput(name, expected=f"only {known} in a {given.model} price", given=getattr(given, name))


def _tiers(given: PlanUsage) -> tuple[Tier, ...]:
    return tuple(Tier(**each.model_dump()) for each in given.tiers or ())


def _unit_price(given: PlanUsage) -> Decimal:
    """A per-unit price is given as such, or as the one tier that has no end."""
    if given.tiers is None:
        return _required(given.unit_price, field="unit_price")
    plain = len(given.tiers) == 1 and given.tiers[0].up_to is None and not given.tiers[0].flat_fee
    if given.unit_price is not None or not plain:
        raise InvalidInput("tiers", expected="unit_price alone, or one tier without end or fee", given=len(given.tiers))
    return given.tiers[0].unit_price


def _package(given: PlanUsage) -> PackagePrice:
    prices = [each for each in (given.unit_price, given.package_price, given.price) if each is not None]
    if len(prices) > 1:
        raise InvalidInput("package_price", expected="the block's price once", given=[str(each) for each in prices])
    price = _required(prices[0] if prices else None, field="package_price")
    return PackagePrice(size=_required(given.package_size, field="package_size"), unit_price=price)


def _required(value: Decimal | None, *, field: str) -> Decimal:
    if value is None:
        raise InvalidInput(field, expected="an exact decimal", given=None)
    return value
