"""The reports as tables on a screen."""

from decimal import Decimal

from rich.markup import escape

from billing.cli.screen import answers, columns
from billing.domain.aging import AgingBucket
from billing.domain.churn_risk import CustomerAtRisk
from billing.domain.figures import amount, plain
from billing.domain.mrr import MrrSection
from billing.usecases.report_churn_risk import ChurnRiskReport
from billing.usecases.report_mrr import MrrReport
from billing.usecases.report_outstanding import OutstandingReport
from billing.usecases.report_revenue_by_customer import RevenueReport

_DAYS_PAST_DUE = {
    AgingBucket.CURRENT: "current",
    AgingBucket.DAYS_1_TO_30: "1 to 30 days",
    AgingBucket.DAYS_31_TO_60: "31 to 60 days",
    AgingBucket.OVER_60: "over 60 days",
}


def print_mrr(report: MrrReport) -> None:
    """Each currency's three figures, what moved the first, and the weeks."""
    console = answers()
    if not report.sections:
        console.print("There is no plan, so nothing recurs.")
    for section in report.sections:
        _print_sources(section)
        _print_movements(section)
        _print_trend(section)


def print_outstanding(report: OutstandingReport) -> None:
    """Each currency's buckets."""
    console = answers()
    due = [section for section in report.sections if section.invoices]
    if not due:
        console.print("Nothing is outstanding.")
    for section in due:
        table = columns("bold", "", "", "", right=(1, 2, 3))
        table.add_row("Past due", "Invoices", section.currency, "Share", style="dim")
        for each in section.buckets:
            share = f"{each.share} %"
            table.add_row(
                _DAYS_PAST_DUE[each.bucket], f"{each.invoices:,}", amount(each.amount, section.currency), share
            )
        table.add_row("all", f"{section.invoices:,}", amount(section.amount, section.currency), "")
        console.print(f"Outstanding on {report.on}")
        console.print(table)
    _print_unpaid_at(report)


def print_revenue(report: RevenueReport) -> None:
    """Each currency's ranking."""
    console, names = answers(), dict(report.names)
    ranked = [section for section in report.sections if section.rows]
    if not ranked:
        console.print(f"Nothing was invoiced for {report.month}.")
    for section in ranked:
        table = columns("dim", "bold", "", "", "", "", right=(0, 3, 4, 5))
        table.add_row("", "Customer", "", section.currency, report.month_before, "Change", style="dim")
        for row in section.rows:
            before = "-" if row.before is None else amount(row.before, section.currency)
            name = escape(names.get(row.customer_id, ""))
            money = amount(row.revenue, section.currency)
            table.add_row(str(row.rank), escape(row.customer_id), name, money, before, _percent(row.change))
        console.print(f"Revenue for {report.month} without tax, credit notes taken off")
        console.print(table)
        shown, all_of = len(section.rows), f"{amount(section.revenue, section.currency)} {section.currency}"
        console.print(f"{shown} of {section.customers:,} customers; all of them {all_of}", style="dim")


def print_churn(report: ChurnRiskReport) -> None:
    """Each customer with the figures that say why."""
    console, names = answers(), dict(report.names)
    if not report.customers:
        console.print("Nobody is at risk: no usage fell two months in a row, no failed payment is due.")
        _print_unpaid_at(report)
        return
    table = columns("bold", "", "")
    table.add_row("Customer", "", "Why", style="dim")
    for each in report.customers:
        for index, why in enumerate(_reasons(each)):
            who = ("", "") if index else (escape(each.customer_id), escape(names.get(each.customer_id, "")))
            table.add_row(*who, escape(why))
    console.print(table)
    falling = sum(1 for each in report.customers if each.declines)
    failed = sum(1 for each in report.customers if each.failures)
    console.print(f"{falling} with falling usage, {failed} with a failed payment", style="dim")
    _print_unpaid_at(report)


def _print_unpaid_at(report: OutstandingReport | ChurnRiskReport) -> None:
    """What a past date means for what is unpaid, which is known as it stands alone."""
    if report.as_of.date() < report.unpaid_at.date():
        said = (
            f"Invoices issued by then that are unpaid on {report.unpaid_at:%Y-%m-%d}; what was paid since is left out."
        )
        answers().print(said, style="dim")


def _print_sources(section: MrrSection) -> None:
    currency, closed, before = section.currency, section.closed, section.closed_before
    table = columns("bold", "", "", "", right=(1, 2, 3))
    table.add_row(f"{section.trend[-1].on}", currency, "Month before", "Growth", style="dim")
    figures = (
        ("Recurring (MRR)", section.recurring, section.recurring_before, section.recurring_growth),
        (f"Usage of {closed.month}", closed.usage, before.usage, section.usage_growth),
        (f"Invoiced for {closed.month}, with tax", closed.total, before.total, section.total_growth),
    )
    for name, now, then, growth in figures:
        table.add_row(name, amount(now, currency), amount(then, currency), _percent(growth))
    answers().print(table)


def _print_movements(section: MrrSection) -> None:
    table = columns("bold", "", "", right=(1, 2))
    table.add_row("Moved in a month", "Customers", section.currency, style="dim")
    for each in section.movements:
        table.add_row(each.movement.value, f"{each.customers:,}", amount(each.amount, section.currency))
    answers().print()
    answers().print(table)


def _print_trend(section: MrrSection) -> None:
    table = columns("", "", "", "dim", right=(1, 2))
    table.add_row("Week to", "Recurring", "Usage", "of", style="dim")
    for point in section.trend:
        recurring, used = (amount(each, section.currency) for each in (point.recurring, point.usage))
        table.add_row(str(point.on), recurring, used, point.usage_month)
    answers().print()
    answers().print(table)


def _reasons(customer: CustomerAtRisk) -> list[str]:
    falls = [
        f"{decline.meter}: {' -> '.join(map(plain, decline.quantities))} ({_percent(decline.change)})"
        for decline in customer.declines
    ]
    return falls + [
        f"{each.number}: {amount(each.amount_due, each.currency)} {each.currency} unpaid since"
        f" {each.failed_at:%Y-%m-%d}, {each.code}"
        for each in customer.failures
    ]


def _percent(change: Decimal | None) -> str:
    return "-" if change is None else f"{change:+} %"
