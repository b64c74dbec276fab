"""The reports as `--json` says them: amounts as decimal text, per cents as decimal text or null."""

from datetime import date, datetime
from decimal import Decimal

from billing.cli.run_json import invoice_amount
from billing.cli.screen import Json
from billing.domain.mrr import MrrSection
from billing.usecases.report_churn_risk import ChurnRiskReport
from billing.usecases.report_mrr import MrrReport
from billing.usecases.report_outstanding import OutstandingReport
from billing.usecases.report_revenue_by_customer import RevenueReport


def mrr_json(report: MrrReport) -> Json:
    """Monthly recurring revenue, a section a currency."""
    return _head(report.tenant_id, report.as_of, report.zone) | {"sections": [_mrr(each) for each in report.sections]}


def outstanding_json(report: OutstandingReport) -> Json:
    """What is outstanding, a section a currency."""
    sections = [
        {
            "currency": section.currency,
            "invoices": section.invoices,
            "amount_due": invoice_amount(section.amount, section.currency),
            "buckets": [
                {
                    "bucket": each.bucket.value,
                    "invoices": each.invoices,
                    "amount_due": invoice_amount(each.amount, section.currency),
                    "share_percent": str(each.share),
                }
                for each in section.buckets
            ],
        }
        for section in report.sections
    ]
    head = _head(report.tenant_id, report.as_of, report.zone)
    return head | {"unpaid_at": report.unpaid_at.isoformat(), "on": _day(report.on), "sections": sections}


def revenue_json(report: RevenueReport) -> Json:
    """The greatest customers, a section a currency; amounts are without tax."""
    names = dict(report.names)
    sections = [
        {
            "currency": section.currency,
            "customers": section.customers,
            "revenue": invoice_amount(section.revenue, section.currency),
            "revenue_before": invoice_amount(section.revenue_before, section.currency),
            "change_percent": _percent(section.change),
            "top": [
                {
                    "rank": row.rank,
                    "customer_id": row.customer_id,
                    "name": names.get(row.customer_id, ""),
                    "invoiced": invoice_amount(row.invoiced, section.currency),
                    "credited": invoice_amount(row.credited, section.currency),
                    "revenue": invoice_amount(row.revenue, section.currency),
                    "revenue_before": None if row.before is None else invoice_amount(row.before, section.currency),
                    "change_percent": _percent(row.change),
                }
                for row in section.rows
            ],
        }
        for section in report.sections
    ]
    months = {"month": report.month, "month_before": report.month_before}
    return _head(report.tenant_id, report.as_of, report.zone) | months | {"sections": sections}


def churn_json(report: ChurnRiskReport) -> Json:
    """The customers at risk, each with its reasons."""
    names = dict(report.names)
    customers = [
        {
            "customer_id": each.customer_id,
            "name": names.get(each.customer_id, ""),
            "falling_usage": [
                {
                    "meter": decline.meter,
                    "months": [
                        {"month": month, "quantity": str(quantity)}
                        for month, quantity in zip(decline.months, decline.quantities, strict=True)
                    ],
                    "change_percent": _percent(decline.change),
                }
                for decline in each.declines
            ],
            "failed_payments": [
                {
                    "invoice_id": failed.invoice_id,
                    "number": failed.number,
                    "currency": failed.currency,
                    "amount_due": invoice_amount(failed.amount_due, failed.currency),
                    "failed_at": failed.failed_at.isoformat(),
                    "code": failed.code,
                    "tries": failed.tries,
                    "state": failed.state,
                }
                for failed in each.failures
            ],
        }
        for each in report.customers
    ]
    head = _head(report.tenant_id, report.as_of, report.zone)
    return head | {
        "unpaid_at": report.unpaid_at.isoformat(),
        "months": [*report.months],
        "customers": customers,
    }


def _mrr(section: MrrSection) -> Json:
    currency, closed, before = section.currency, section.closed, section.closed_before
    return {
        "currency": currency,
        "recurring": {
            "amount": invoice_amount(section.recurring, currency),
            "a_month_before": invoice_amount(section.recurring_before, currency),
            "growth_percent": _percent(section.recurring_growth),
            "customers": section.customers,
            "movements": {
                each.movement.value: {"customers": each.customers, "amount": invoice_amount(each.amount, currency)}
                for each in section.movements
            },
        },
        "usage": {
            "month": closed.month,
            "amount": invoice_amount(closed.usage, currency),
            "month_before": invoice_amount(before.usage, currency),
            "growth_percent": _percent(section.usage_growth),
        },
        "invoiced_with_tax": {
            "month": closed.month,
            "amount": invoice_amount(closed.total, currency),
            "month_before": invoice_amount(before.total, currency),
            "growth_percent": _percent(section.total_growth),
            "invoices": closed.invoices,
        },
        "trend": [
            {
                "on": _day(point.on),
                "recurring": invoice_amount(point.recurring, currency),
                "usage": invoice_amount(point.usage, currency),
                "usage_month": point.usage_month,
            }
            for point in section.trend
        ],
    }


def _head(tenant_id: str, as_of: datetime, zone: str) -> Json:
    return {"tenant_id": tenant_id, "as_of": as_of.isoformat(), "time_zone": zone}


def _day(day: date) -> str:
    return day.isoformat()


def _percent(value: Decimal | None) -> str | None:
    return None if value is None else str(value)
