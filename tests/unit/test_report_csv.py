"""Reports as CSV: right columns, numbers that stay numbers, and nothing that a spreadsheet would run."""

import csv
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from billing.domain.aging import AgingBucket, Unpaid, outstanding_section
from billing.domain.churn_risk import CustomerAtRisk, FailedPayment, UsageDecline
from billing.domain.mrr import InvoicedMonth, MovedRevenue, Movement, MrrSection, TrendPoint
from billing.domain.revenue_ranking import CustomerRevenue, ranking_section
from billing.render.report_csv import churn_csv, mrr_csv, outstanding_csv, revenue_csv
from tests.builders import utc


def table(lines: Iterable[str]) -> list[dict[str, str]]:
    """As a spreadsheet reads it: every row has a cell for each column."""
    rows = list(csv.reader("".join(lines).splitlines(keepends=True)))
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def test_recurring_revenue_has_a_row_for_each_figure() -> None:
    section = MrrSection(
        currency="USD",
        recurring=148_92_00,
        recurring_before=137_58_00,
        recurring_growth=Decimal("8.2"),
        customers=152,
        movements=(MovedRevenue(movement=Movement.CHURN, customers=1, amount=-50_00),),
        closed=InvoicedMonth(month="2026-02", usage=31_204_50, total=47_829_14),
        closed_before=InvoicedMonth(month="2026-01"),
        usage_growth=None,
        total_growth=None,
        trend=(TrendPoint(on=date(2026, 3, 1), recurring=148_92_00, usage=31_204_50, usage_month="2026-02"),),
    )
    rows = [tuple(row.values()) for row in table(mrr_csv([section]))]
    assert rows == [
        ("USD", "recurring", "2026-03-01", "14892.00", "152", "8.2"),
        ("USD", "recurring_a_month_before", "", "13758.00", "", ""),
        ("USD", "movement_churn", "", "-50.00", "1", ""),
        ("USD", "usage_of_closed_month", "2026-02", "31204.50", "", ""),
        ("USD", "invoiced_with_tax_for_closed_month", "2026-02", "47829.14", "", ""),
        ("USD", "trend_recurring", "2026-03-01", "14892.00", "", ""),
        ("USD", "trend_usage", "2026-03-01", "31204.50", "", ""),
    ]


def test_outstanding_has_a_row_for_each_bucket() -> None:
    unpaid = dict.fromkeys(AgingBucket, Unpaid(0, 0)) | {AgingBucket.OVER_60: Unpaid(2, 500)}
    rows = table(outstanding_csv([outstanding_section(unpaid, currency="JPY")], on=date(2026, 3, 1)))
    assert [row["days_past_due"] for row in rows] == ["current", "days_1_to_30", "days_31_to_60", "over_60"]
    assert tuple(rows[3].values()) == ("2026-03-01", "JPY", "over_60", "2", "500", "100.0")


def test_a_name_that_is_a_formula_is_text() -> None:
    section = ranking_section(
        {"ada": CustomerRevenue(10_00, 15_00)}, before={"ada": CustomerRevenue(4_00)}, currency="USD", top=1
    )
    (row,) = table(revenue_csv([section], month="2026-02", names={"ada": '=HYPERLINK("http://x","y")'}))
    assert row["name"] == '\'=HYPERLINK("http://x","y")'
    assert (row["invoiced"], row["credited"], row["revenue"]) == ("10.00", "15.00", "-5.00")
    assert (row["revenue_before"], row["change_percent"]) == ("4.00", "-225.0")


def test_each_reason_of_a_risk_is_a_row() -> None:
    decline = UsageDecline(
        meter="calls",
        months=("2025-12", "2026-01", "2026-02"),
        quantities=(Decimal(100_000), Decimal(50_000), Decimal(20_000)),
        change=Decimal("-80.0"),
    )
    failed = FailedPayment(
        invoice_id="i1",
        number="INV-1",
        currency="USD",
        amount_due=12_50,
        failed_at=utc("2026-03-01T04:00"),
        code="expired_card",
        tries=1,
        state="retry_scheduled",
    )
    risk = CustomerAtRisk(customer_id="ada", declines=(decline,), failures=(failed,))
    falling, failing = table(churn_csv([risk], names={"ada": "Ada Ltd"}))
    assert (falling["reason"], falling["meter"], falling["change_percent"]) == ("falling_usage", "calls", "-80.0")
    assert [falling[f"{name}_{place}"] for place in (1, 3) for name in ("month", "used")] == [
        "2025-12",
        "100000",
        "2026-02",
        "20000",
    ]
    assert (failing["reason"], failing["invoice"], failing["amount_due"]) == ("failed_payment", "INV-1", "12.50")
    assert (failing["failed_at"], failing["code"], failing["tries"]) == ("2026-03-01T04:00:00Z", "expired_card", "1")
    assert {falling["name"], failing["name"]} == {"Ada Ltd"}
