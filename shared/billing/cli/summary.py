"""A run as a person reads it: how many, how much, of which kinds, where the tax goes, how long, where the PDFs are."""

from pathlib import Path

from babel import Locale
from rich.console import Console
from rich.table import Table

from billing.cli.billing_run import BillingRun
from billing.cli.run_comparison import print_comparison
from billing.cli.run_json import pdf_path
from billing.cli.screen import columns, complaints
from billing.domain.figures import amount
from billing.domain.run_report import Revenue, RunReport
from billing.domain.tax_territory import EU_MEMBERS

_SHOWN_FAILURES = 20
_ALWAYS = ("usage", "flat", "proration")
_COLUMNS = 3


def print_summary(run: BillingRun, *, directory: Path, console: Console) -> None:
    """Print the run on stdout, and what could not be billed on stderr."""
    report = run.report
    _counts(report, console)
    for _, revenue in sorted(report.revenue.items()):
        _sums(revenue, console)
        _tax_by_place(revenue, console)
    _cost(run, console)
    _pdfs(run, directory=directory, console=console)
    if run.comparison is not None:
        print_comparison(run.comparison, console)
    _failures(report)


def reason_text(reason: str) -> str:
    """A reason's code as words."""
    return reason.replace("_", " ")


def _counts(report: RunReport, console: Console) -> None:
    reasons = ", ".join(f"{reason_text(reason)}: {count}" for reason, count in sorted(report.skipped.items()))
    table = columns("bold", "", "dim", right=(1,))
    table.add_row("Customers", f"{report.customers:,}")
    table.add_row("Invoices generated", f"{len(report.invoices):,}", "dry run: nothing was written" * report.dry_run)
    table.add_row("Skipped", f"{report.skipped.total():,}", reasons)
    if report.held:
        sums = [f"{amount(total, currency)} {currency}" for currency, total in sorted(report.held_totals.items())]
        table.add_row("Held for review", f"{len(report.held):,}", ", ".join(sums), style="yellow")
    if report.failures:
        table.add_row("Failed", f"{len(report.failures):,}", "tried again by the next run", style="red")
    if report.unsettled:
        table.add_row("Not settled", f"{report.unsettled:,}", "tried again by the next run", style="red")
    if report.credit_notes:
        table.add_row("Credit notes", f"{len(report.credit_notes):,}")
    _collected(report, table)
    console.print(table)
    if not report.complete:
        why = "A worker process was lost" if report.lost_workers else "Stopped at the limit"
        console.print(f"{why}; run again for the rest.", style="yellow")


def _collected(report: RunReport, table: Table) -> None:
    """What was charged and mailed, where anything was."""
    collected = report.collected
    if collected.charged:
        sums = [f"{amount(taken, currency)} {currency}" for currency, taken in sorted(collected.amounts.items())]
        table.add_row("Cards charged", f"{collected.charged:,}", ", ".join(sums))
    if collected.failed:
        codes = ", ".join(f"{reason_text(code)}: {count}" for code, count in sorted(collected.failed.items()))
        table.add_row("Charges failed", f"{collected.failed.total():,}", codes, style="yellow")
    if collected.requires_action:
        table.add_row("To be confirmed", f"{collected.requires_action:,}", "by the customer, on the pay page")
    if collected.pending:
        table.add_row("On their way", f"{collected.pending:,}", "the gateway tells when they arrive")
    if collected.mailed:
        table.add_row("Mails sent", f"{collected.mailed:,}")


def _sums(revenue: Revenue, console: Console) -> None:
    table = columns("bold", "", "dim", right=(1,))
    for kind, minor in revenue.by_kind.items():
        if minor or kind in _ALWAYS:
            table.add_row(kind.replace("_", "-").capitalize(), amount(minor, revenue.currency))
    table.add_row("Tax", amount(revenue.tax, revenue.currency), _tax_places(revenue))
    table.add_row("Total", f"[bold]{amount(revenue.total, revenue.currency)}[/]", revenue.currency)
    console.print()
    console.print(table)


def _tax_places(revenue: Revenue) -> str:
    countries = {country for country, _ in revenue.tax_by_place}
    in_eu, elsewhere = len(countries & EU_MEMBERS), len(countries - EU_MEMBERS - {"US"})
    states = sum(country == "US" for country, _ in revenue.tax_by_place)
    parts = ((in_eu, "EU country", "EU countries"), (states, "US state", "US states"), (elsewhere, "other", "others"))
    return ", ".join(f"{count} {one if count == 1 else many}" for count, one, many in parts if count)


def _tax_by_place(revenue: Revenue, console: Console) -> None:
    """Three columns that are read downwards."""
    if not revenue.tax_by_place:
        return
    taxes = [(bool(state), _place(country, state), tax) for (country, state), tax in revenue.tax_by_place.items()]
    cells = [(place, amount(tax, revenue.currency)) for _, place, tax in sorted(taxes)]
    height = -(-len(cells) // _COLUMNS)
    table = columns(*(("", "cyan", "") * _COLUMNS), right=tuple(range(1, 3 * _COLUMNS, 3)))
    for row in range(height):
        table.add_row(*[text for cell in cells[row::height] for text in (*cell, "")])
    console.print()
    console.print("Tax by country and state", style="bold")
    console.print(table)


def _place(country: str, state: str) -> str:
    return f"{country}-{state}" if state else str(Locale("en").territories.get(country, country))


def _cost(run: BillingRun, console: Console) -> None:
    operations = run.operations
    console.print()
    console.print(
        f"{run.seconds:.2f} seconds; documents read {operations.reads:,}, written {operations.writes:,}; "
        f"objects written {operations.objects:,}",
        style="dim",
    )


def _pdfs(run: BillingRun, *, directory: Path, console: Console) -> None:
    paths = [path for invoice in run.invoices if (path := pdf_path(invoice, directory=directory)) is not None]
    for folder in sorted({path.parent for path in paths}):
        count = sum(path.parent == folder for path in paths)
        console.print(f"{count:,} PDFs in [bold]{folder}[/]", soft_wrap=True)


def _failures(report: RunReport) -> None:
    lines = [f"{each.subscription_id}: {each.message} ({each.code})" for each in report.failures]
    lines += [f"{each.invoice_id}: {each.message} ({each.code})" for each in report.settlement_failures.values()]
    lines += [f"{each.invoice_id}: {each.message} ({each.code})" for each in report.refused_mails]
    hidden = len(lines) - _SHOWN_FAILURES
    for line in lines[:_SHOWN_FAILURES] + [f"and {hidden:,} more; --json names them all"] * (hidden > 0):
        complaints().print(line, style="red", markup=False)
