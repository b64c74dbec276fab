"""A dry run beside the invoices before it, as a table and as JSON."""

from rich.console import Console
from rich.markup import escape

from billing.cli.screen import Json, columns
from billing.domain.figures import amount
from billing.domain.money import Money
from billing.domain.run_comparison import Change, ComparedBill, RunComparison

_SHOWN = 20
_WORDS = {
    Change.NEW: "new",
    Change.MISSING: "missing",
    Change.SUSPENDED: "suspended",
    Change.DROPPED_TO_ZERO: "dropped to zero",
    Change.UP: "up",
    Change.DOWN: "down",
    Change.SAME: "the same",
}


def print_comparison(comparison: RunComparison, console: Console) -> None:
    """Print how many changed and how, the sums, and the greatest changes."""
    console.print()
    console.print("Compared with the last invoices, without tax", style="bold")
    counts = [(count, _WORDS[change]) for change, count in comparison.counts().items() if count]
    console.print(", ".join(f"{count:,} {words}" for count, words in counts) or "Nothing to compare.")
    for currency in comparison.currencies():
        before, now = comparison.totals(currency)
        difference = _signed(now - before, currency)
        console.print(f"{amount(before, currency)} -> {amount(now, currency)} {currency} ({difference})")
    changed = [each for each in comparison.bills if each.change is not Change.SAME]
    if not changed:
        return
    table = columns("bold", "", "dim", "", "", "cyan", "", right=(2, 3, 4, 5))
    table.add_row("Customer", "Subscription", "Last", "This", "Change", "Factor", "", style="dim")
    for each in changed[:_SHOWN]:
        table.add_row(*_cells(each))
    console.print()
    console.print(table)
    if len(changed) > _SHOWN:
        console.print(f"and {len(changed) - _SHOWN:,} more; --json names them all", style="dim")


def comparison_json(comparison: RunComparison) -> Json:
    """Counts by kind of change, sums by currency, and every bill, the greatest change first."""
    return {
        "counts": {change.value: count for change, count in comparison.counts().items()},
        "totals": [_totals(comparison, currency) for currency in comparison.currencies()],
        "bills": [_bill(each) for each in comparison.bills],
    }


def _cells(bill: ComparedBill) -> tuple[str, ...]:
    factor = "" if bill.factor is None else f"{bill.factor}x"
    figures = (_shown(bill.before, bill), _shown(bill.now, bill), _signed(bill.difference, bill.currency), factor)
    return escape(bill.customer_id), escape(bill.subscription_id), *figures, _WORDS[bill.change]


def _shown(minor: int | None, bill: ComparedBill) -> str:
    return "" if minor is None else amount(minor, bill.currency)


def _signed(minor: int, currency: str) -> str:
    return f"{'+' * (minor > 0)}{amount(minor, currency)}"


def _totals(comparison: RunComparison, currency: str) -> Json:
    before, now = comparison.totals(currency)
    return {
        "currency": currency,
        "before": _decimal(before, currency),
        "now": _decimal(now, currency),
        "difference": _decimal(now - before, currency),
    }


def _bill(bill: ComparedBill) -> Json:
    return {
        "subscription_id": bill.subscription_id,
        "customer_id": bill.customer_id,
        "change": bill.change.value,
        "currency": bill.currency,
        "before": None if bill.before is None else _decimal(bill.before, bill.currency),
        "now": None if bill.now is None else _decimal(bill.now, bill.currency),
        "difference": _decimal(bill.difference, bill.currency),
        "factor": None if bill.factor is None else str(bill.factor),
    }


def _decimal(minor: int, currency: str) -> str:
    return str(Money(minor, currency).amount)
