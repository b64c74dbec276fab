"""The reports as CSV for a spreadsheet: one table each, amounts in major units, dates in the tenant's time zone.

Each function gives the lines of a file, the head first.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from billing.domain.aging import OutstandingSection
from billing.domain.churn_risk import CustomerAtRisk, FailedPayment, UsageDecline
from billing.domain.money import Money
from billing.domain.mrr import MrrSection
from billing.domain.revenue_ranking import RankingSection
from billing.render.csv_row import csv_row

Cell = str | int | Decimal


def mrr_csv(sections: Iterable[MrrSection]) -> Iterator[str]:
    """A row for each figure: the sources, the movements of a month, and each week of the trend."""
    yield csv_row(("currency", "figure", "date", "amount", "customers", "growth_percent"))
    for section in sections:
        for figure, on, minor, customers, growth in _mrr_rows(section):
            amount = Money(minor, section.currency).amount
            yield csv_row((section.currency, figure, str(on), amount, _or_empty(customers), _or_empty(growth)))


def outstanding_csv(sections: Iterable[OutstandingSection], *, on: date) -> Iterator[str]:
    """A row for each bucket of days past due on a local day."""
    yield csv_row(("date", "currency", "days_past_due", "invoices", "amount", "share_percent"))
    for section in sections:
        for each in section.buckets:
            amount = Money(each.amount, section.currency).amount
            yield csv_row((str(on), section.currency, each.bucket.value, each.invoices, amount, each.share))


def revenue_csv(sections: Iterable[RankingSection], *, month: str, names: dict[str, str]) -> Iterator[str]:
    """A row for each customer of the ranking of a month (yyyy-mm)."""
    head = "month", "currency", "rank", "customer_id", "name", "invoiced", "credited", "revenue"
    yield csv_row((*head, "revenue_before", "change_percent"))
    for section in sections:
        for row in section.rows:
            figures = row.invoiced, row.credited, row.revenue
            amounts = [Money(minor, section.currency).amount for minor in figures]
            before = "" if row.before is None else Money(row.before, section.currency).amount
            who = row.rank, row.customer_id, names.get(row.customer_id, "")
            yield csv_row((month, section.currency, *who, *amounts, before, _or_empty(row.change)))


def churn_csv(customers: Iterable[CustomerAtRisk], *, names: dict[str, str]) -> Iterator[str]:
    """A row for each reason: a meter with falling usage, or an invoice whose payment failed."""
    usage = [f"{name}_{place}" for place in (1, 2, 3) for name in ("month", "used")]
    failure = "invoice", "currency", "amount_due", "failed_at", "code", "tries", "state"
    yield csv_row(("customer_id", "name", "reason", "meter", *usage, "change_percent", *failure))
    for each in customers:
        who = each.customer_id, names.get(each.customer_id, "")
        for decline in each.declines:
            yield csv_row((*who, "falling_usage", *_decline_cells(decline), *[""] * len(failure)))
        for failed in each.failures:
            yield csv_row((*who, "failed_payment", *[""] * (len(usage) + 2), *_failure_cells(failed)))


def _mrr_rows(section: MrrSection) -> Iterator[tuple[str, date | str, int, int | None, Decimal | None]]:
    *_, now = section.trend
    yield "recurring", now.on, section.recurring, section.customers, section.recurring_growth
    yield "recurring_a_month_before", "", section.recurring_before, None, None
    for moved in section.movements:
        yield f"movement_{moved.movement.value}", "", moved.amount, moved.customers, None
    closed = section.closed
    yield "usage_of_closed_month", closed.month, closed.usage, None, section.usage_growth
    yield "invoiced_with_tax_for_closed_month", closed.month, closed.total, None, section.total_growth
    for point in section.trend:
        yield "trend_recurring", point.on, point.recurring, None, None
        yield "trend_usage", point.on, point.usage, None, None


def _decline_cells(decline: UsageDecline) -> list[Cell]:
    used = [cell for pair in zip(decline.months, decline.quantities, strict=True) for cell in pair]
    return [decline.meter, *used, _or_empty(decline.change)]


def _failure_cells(failed: FailedPayment) -> list[Cell]:
    amount = Money(failed.amount_due, failed.currency).amount
    at = f"{failed.failed_at:%Y-%m-%dT%H:%M:%SZ}"
    return [failed.number, failed.currency, amount, at, failed.code, failed.tries, failed.state]


def _or_empty(value: int | Decimal | None) -> Cell:
    return "" if value is None else value
