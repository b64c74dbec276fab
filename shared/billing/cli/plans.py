"""`billing plans check`: whether a file is sound, and what its prices would charge."""

from decimal import Decimal
from pathlib import Path
from typing import assert_never

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from billing.adapters.book_files.error_log import ErrorLog
from billing.adapters.book_files.plan_files import read_plans
from billing.cli.screen import Json, answers, columns, write_json
from billing.domain.catalog import (
    GraduatedPrice,
    MeteredCharge,
    PackagePrice,
    PerUnitPrice,
    Plan,
    RecurringCharge,
    StairstepPrice,
    Tier,
    UsagePrice,
    VolumePrice,
)
from billing.domain.explanation import amount_of
from billing.domain.figures import amount, plain, unit_price
from billing.domain.money import Money, Rounding
from billing.domain.rating import RatedPart, rate
from billing.store.codec import encode

_ONE = Decimal(1)


def check_file(file: Path, *, as_json: bool) -> None:
    """Print each plan with examples worked out; BookErrors says what is wrong with the file."""
    log = ErrorLog()
    plans = read_plans([file], log=log).by_ref.values()
    log.raise_if_any()
    if as_json:
        write_json({"plans": [_plan_json(plan) for plan in plans]})
        return
    console = answers()
    for plan in plans:
        _print_plan(plan, console)
    console.print(f"{file}: sound", style="green")


def example_quantities(metered: MeteredCharge) -> list[Decimal]:
    """Quantities that show what a price does: with the allowance, and beyond it at each bound and just above it."""
    beyond = [metered.included + quantity for quantity in _telling(metered.price)]
    return [metered.included, *beyond] if metered.included else beyond


def _telling(price: UsagePrice) -> list[Decimal]:
    match price:
        case PerUnitPrice():
            return [_ONE, Decimal(100), Decimal(10_000)]
        case PackagePrice():
            return [_ONE, price.size, price.size + 1, 10 * price.size]
        case GraduatedPrice() | VolumePrice() | StairstepPrice():
            bounds = [tier.up_to for tier in price.tiers if tier.up_to is not None]
            around = [quantity for bound in bounds for quantity in (bound, bound + 1)]
            return sorted({_ONE, *around, 2 * bounds[-1] if bounds else Decimal(100)})
        case _:
            assert_never(price)


def _print_plan(plan: Plan, console: Console) -> None:
    unit, every = plan.cycle.unit.value, plan.cycle.every
    cycle = f"every {unit}" if every == 1 else f"every {every} {unit}s"
    anchor = f" on day {plan.anchor_day}" if plan.anchor_day else ""
    console.print(f"[bold]{escape(plan.name)}[/] ({plan.ref})")
    console.print(f"{plan.currency}, {cycle}{anchor}, {plan.billed.value.replace('_', ' ')}")
    if plan.minimum_commitment:
        console.print(
            f"at least {unit_price(plan.minimum_commitment, plan.currency)} a cycle, before discounts and tax"
        )
    if plan.trial_days:
        console.print(f"billed after a trial of {plan.trial_days} days")
    console.print()
    for metered in plan.metered:
        _print_metered(metered, currency=plan.currency, console=console)
    for title, charges in (("Fees", plan.fees), ("Add-ons", plan.addons)):
        if charges:
            console.print(title, style="bold")
            console.print(_charges(charges, currency=plan.currency))
            console.print()


def _print_metered(metered: MeteredCharge, *, currency: str, console: Console) -> None:
    inclusive = ", tax included" * metered.tax_inclusive
    free = f", the first {plain(metered.included)} free" if metered.included else ""
    what = f"{metered.meter}, {metered.aggregation.value}, {model_name(metered.price)}{inclusive}{free}"
    console.print(f"[bold]{escape(metered.name)}[/] ({what})")
    console.print(_prices(metered.price, currency=currency))
    console.print()
    table = columns("", "cyan", "dim", right=(0, 1))
    table.add_row("Quantity", "Amount", "", style="dim")
    for quantity in example_quantities(metered):
        parts = rate(metered, quantity)
        shown = " + ".join(_part(part, currency=currency) for part in parts)
        table.add_row(plain(quantity), amount(_amount(parts, currency=currency), currency), shown)
    console.print(table)
    console.print()


def _prices(price: UsagePrice, *, currency: str) -> Table:
    table = columns("", "", "", right=(1, 2))
    match price:
        case PerUnitPrice():
            table.add_row("  each", unit_price(price.unit_price, currency))
        case PackagePrice():
            table.add_row(f"  per started {plain(price.size)}", unit_price(price.unit_price, currency))
        case GraduatedPrice() | VolumePrice() | StairstepPrice():
            for index, tier in enumerate(price.tiers):
                table.add_row(f"  {escape(tier.name) or f'tier {index + 1}'}", _bound(tier), _tier(tier, currency))
        case _:
            assert_never(price)
    return table


def _bound(tier: Tier) -> str:
    return "above" if tier.up_to is None else f"up to {plain(tier.up_to)}"


def _tier(tier: Tier, currency: str) -> str:
    fee = f"{unit_price(tier.flat_fee, currency)} flat" if tier.flat_fee else ""
    each = f"{unit_price(tier.unit_price, currency)} each" if tier.unit_price or not fee else ""
    return " + ".join(filter(None, (each, fee)))


def _part(part: RatedPart, *, currency: str) -> str:
    fee = getattr(part.step, "flat_fee", Decimal(0))
    each = f"{plain(part.quantity)} × {unit_price(part.unit_price, currency)}"
    return f"{each} + {unit_price(fee, currency)}" if fee and fee != part.unit_price else each


def _charges(charges: tuple[RecurringCharge, ...], *, currency: str) -> Table:
    table = columns("", "", "dim", right=(1,))
    for each in charges:
        proration = "never prorated" if each.proration.value == "none" else f"prorated by {each.proration.value}"
        name = f"  {escape(each.name)} ({each.charge_id})"
        table.add_row(name, unit_price(each.unit_price, currency), f"a cycle, {proration}")
    return table


def _amount(parts: tuple[RatedPart, ...], *, currency: str) -> int:
    return sum(amount_of(part.step, currency, rounding=Rounding.HALF_UP) for part in parts)


def _plan_json(plan: Plan) -> Json:
    return {
        "plan": plan.ref,
        **encode(plan),
        "examples": [
            {
                "meter": metered.meter,
                "quantity": f"{quantity:f}",
                "amount": str(Money(_amount(rate(metered, quantity), currency=plan.currency), plan.currency).amount),
            }
            for metered in plan.metered
            for quantity in example_quantities(metered)
        ],
    }


def model_name(price: UsagePrice) -> str:
    """The price model's name: graduated, per unit."""
    name = type(price).__name__.removesuffix("Price")
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name).strip()
