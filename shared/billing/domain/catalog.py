"""Plans and prices: what a subscription may be charged. A published version never changes (semantics 4)."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from billing.domain.currency import exponent
from billing.domain.errors import InvalidInput
from billing.domain.period import Cycle, Unit

ZERO = Decimal(0)
LONGEST_TRIAL = 1000
MOST_LINES = 1000
"""An invoice is a document of at most 1 MiB, and a line with its explanation takes some 400 bytes of it."""


class Aggregation(StrEnum):
    """How the events of a period become one quantity."""

    SUM = "sum"
    COUNT = "count"
    MAX = "max"
    LAST = "last"
    UNIQUE = "unique"


class Billed(StrEnum):
    """Whether recurring charges are billed at the start or at the end of their period. Usage is always in arrears."""

    IN_ADVANCE = "in_advance"
    IN_ARREARS = "in_arrears"


class Proration(StrEnum):
    """What a recurring charge owes for a part of a period."""

    DAY = "day"
    SECOND = "second"
    NONE = "none"


class FirstPeriod(StrEnum):
    """What recurring charges owe in the short first period of calendar billing."""

    PRORATE = "prorate"
    FREE = "free"
    FULL = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """Usage up to and including `up_to` (None = without end) at an exact unit price, plus an optional flat fee."""

    up_to: Decimal | None
    unit_price: Decimal = ZERO
    flat_fee: Decimal = ZERO
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PerUnitPrice:
    """Every unit costs the same."""

    unit_price: Decimal

    def __post_init__(self) -> None:
        """Refuse a negative price."""
        _at_least_zero("unit_price", self.unit_price)


@dataclass(frozen=True, slots=True, kw_only=True)
class GraduatedPrice:
    """Each tier prices only the units inside it."""

    tiers: tuple[Tier, ...]

    def __post_init__(self) -> None:
        """Refuse tiers that overlap, leave a gap or end."""
        _check_tiers(self.tiers)


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumePrice:
    """The tier that the total falls in prices all units."""

    tiers: tuple[Tier, ...]

    def __post_init__(self) -> None:
        """Refuse tiers that overlap, leave a gap or end."""
        _check_tiers(self.tiers)


@dataclass(frozen=True, slots=True, kw_only=True)
class StairstepPrice:
    """The flat fee of the tier that the total falls in; units themselves cost nothing."""

    tiers: tuple[Tier, ...]

    def __post_init__(self) -> None:
        """Refuse tiers that overlap, leave a gap or end, and unit prices, which would be ignored."""
        _check_tiers(self.tiers)
        for index, tier in enumerate(self.tiers):
            if tier.unit_price:
                raise InvalidInput(
                    f"tiers[{index}].unit_price", expected="no unit price in a stairstep", given=str(tier.unit_price)
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagePrice:
    """Every started block of `size` units costs `unit_price`."""

    size: Decimal
    unit_price: Decimal

    def __post_init__(self) -> None:
        """Refuse an empty block and a negative price."""
        if not self.size.is_finite() or self.size <= 0:
            raise InvalidInput("package_size", expected="more than 0", given=str(self.size))
        _at_least_zero("unit_price", self.unit_price)


UsagePrice = PerUnitPrice | GraduatedPrice | VolumePrice | StairstepPrice | PackagePrice


@dataclass(frozen=True, slots=True, kw_only=True)
class MeteredCharge:
    """A meter and its price. The first `included` units of a period are free; `tax_inclusive` prices contain tax."""

    meter: str
    name: str
    aggregation: Aggregation
    price: UsagePrice
    tax_inclusive: bool = False
    included: Decimal = ZERO

    def __post_init__(self) -> None:
        """Refuse a negative allowance."""
        _at_least_zero("included", self.included)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecurringCharge:
    """A flat fee for each cycle: quantity times `unit_price` (major units, exact)."""

    charge_id: str
    name: str
    unit_price: Decimal
    proration: Proration = Proration.DAY
    tax_inclusive: bool = False

    def __post_init__(self) -> None:
        """Refuse a negative fee: discounts and credits are lines of their own."""
        _at_least_zero("price", self.unit_price)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One immutable version of a plan. `fees` every subscription owes once; `addons` are what an item may name.

    `minimum_commitment` (major units, exact) is what a cycle comes to at least, before discounts and tax. Billing
    begins after `trial_days` local days.
    """

    plan_id: str
    version: int
    name: str
    currency: str
    cycle: Cycle
    anchor_day: int | None = None
    billed: Billed = Billed.IN_ARREARS
    first_period: FirstPeriod = FirstPeriod.PRORATE
    metered: tuple[MeteredCharge, ...] = ()
    fees: tuple[RecurringCharge, ...] = ()
    addons: tuple[RecurringCharge, ...] = ()
    minimum_commitment: Decimal | None = None
    trial_days: int = 0

    def __post_init__(self) -> None:
        """Refuse an unknown currency, an anchor day that the cycle can't have, names used twice and endless trials."""
        exponent(self.currency)
        if self.anchor_day is not None:
            if self.cycle.unit not in (Unit.MONTH, Unit.YEAR):
                raise InvalidInput("anchor_day", expected="a cycle of months or years", given=self.cycle.unit.value)
            if not 1 <= self.anchor_day <= 31:
                raise InvalidInput("anchor_day", expected="1 to 31", given=self.anchor_day)
        _unique("usage", [charge.meter for charge in self.metered])
        _unique("addons", [charge.charge_id for charge in (*self.fees, *self.addons)])
        if self.minimum_commitment is not None:
            _at_least_zero("minimum_commitment", self.minimum_commitment)
        if not 0 <= self.trial_days <= LONGEST_TRIAL:
            raise InvalidInput("trial_days", expected=f"0 to {LONGEST_TRIAL}", given=self.trial_days)

    @property
    def ref(self) -> str:
        """The version's name on invoices and in ids: `plan@version`."""
        return f"{self.plan_id}@{self.version}"

    def addon(self, charge_id: str) -> RecurringCharge | None:
        """The add-on of that id, or None where this version does not offer it."""
        return next((charge for charge in self.addons if charge.charge_id == charge_id), None)


def check_lines(plan: Plan) -> None:
    """InvalidInput for more tiers, meters and fees than an invoice has room for lines.

    Each non-empty graduated tier is a line (semantics 4). A version published before this rule keeps to its prices.
    """
    lines = len(plan.fees) + sum(
        len(charge.price.tiers) if isinstance(charge.price, GraduatedPrice) else 1 for charge in plan.metered
    )
    if lines > MOST_LINES:
        expected = f"at most {MOST_LINES:,} graduated tiers, other meters and fees together: each is an invoice's line"
        raise InvalidInput("usage", expected=expected, given=f"{lines:,}")


def _check_tiers(tiers: tuple[Tier, ...]) -> None:
    """Tiers ascend strictly, start above 0 and end with null (semantics 4)."""
    if not tiers:
        raise InvalidInput("tiers", expected="at least one tier", given="none")
    floor = ZERO
    for index, tier in enumerate(tiers):
        last = index == len(tiers) - 1
        _at_least_zero(f"tiers[{index}].unit_price", tier.unit_price)
        _at_least_zero(f"tiers[{index}].flat_fee", tier.flat_fee)
        if tier.up_to is None:
            if not last:
                raise InvalidInput(f"tiers[{index}].up_to", expected="null only in the last tier", given=None)
            continue
        if last:
            raise InvalidInput(f"tiers[{index}].up_to", expected="null in the last tier", given=str(tier.up_to))
        if not tier.up_to.is_finite() or tier.up_to <= floor:
            raise InvalidInput(f"tiers[{index}].up_to", expected=f"more than {floor}", given=str(tier.up_to))
        floor = tier.up_to


def _at_least_zero(field: str, value: Decimal) -> None:
    if not value.is_finite() or value < 0:
        raise InvalidInput(field, expected="0 or more", given=str(value))


def _unique(field: str, names: list[str]) -> None:
    for index, name in enumerate(names):
        if name in names[:index]:
            raise InvalidInput(f"{field}[{index}]", expected="a name used once", given=name)
