"""The report of a run: sums by kind that add up, and what was settled."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from billing.domain.invoice import Invoice, LineItem, LineKind
from billing.domain.run_report import Failure, RunReport, Settled, SettlementFailure
from billing.domain.tax import TaxCategory, TaxLine
from tests.builders import Account, a_fee, a_plan, utc

BARE = Account.opened(a_plan(fees=[a_fee("10.00")], anchor_day=1), start="2026-01-01").bill()


def a_report(currency: str = "USD") -> RunReport:
    return RunReport(run_id="run-1", tenant_id="acme", as_of=utc("2026-02-01"), dry_run=False, currency=currency)


def a_line(kind: LineKind, amount: int, *, inclusive: bool = False) -> LineItem:
    return replace(BARE.lines[0], id=f"{kind}:{amount}", kind=kind, amount=amount, tax_inclusive=inclusive)


def an_invoice(
    *lines: LineItem,
    subtotal: int,
    tax: int = 0,
    place: tuple[str, str] = ("DE", ""),
    **changes: Any,  # noqa: ANN401 - any field of the dataclass
) -> Invoice:
    row = TaxLine(
        category=TaxCategory.STANDARD,
        name="VAT",
        percent=Decimal(19),
        country=place[0],
        state=place[1],
        base=subtotal,
        tax=tax,
        note="",
    )
    return replace(BARE, lines=lines, subtotal=subtotal, tax=tax, total=subtotal + tax, tax_lines=(row,), **changes)


def test_revenue_is_split_by_kind_and_tax_by_place() -> None:
    report = a_report()
    report.add(
        an_invoice(
            a_line(LineKind.USAGE, 9000),
            a_line(LineKind.FLAT, 9900),
            a_line(LineKind.PRORATION, -2505),
            subtotal=16395,
            tax=3115,
        )
    )
    report.add(an_invoice(a_line(LineKind.FLAT, 1000), subtotal=1000, tax=80, place=("US", "NY")))
    report.add(an_invoice(a_line(LineKind.FLAT, 500), subtotal=500, tax=0, place=("JP", "")))
    sums = report.totals
    assert (sums.usage, sums.flat, sums.proration, sums.tax, sums.total) == (9000, 11400, -2505, 3195, 21090)
    assert sums.usage + sums.flat + sums.proration + sums.tax == sums.total
    assert dict(sums.tax_by_place) == {("DE", ""): 3115, ("US", "NY"): 80}


def test_contained_tax_is_taken_off_the_inclusive_lines_so_that_the_sums_add_up() -> None:
    report = a_report()
    # 119.00 and 59.50 contain 28.50 at 19 %: 19.00 and 9.50; the third line contains none
    report.add(
        an_invoice(
            a_line(LineKind.USAGE, 11900, inclusive=True),
            a_line(LineKind.FLAT, 5950, inclusive=True),
            a_line(LineKind.FLAT, 1000),
            subtotal=16000,
            tax=3040,
        )
    )
    sums = report.totals
    assert (sums.usage, sums.flat) == (10000, 6000)
    assert sums.usage + sums.flat + sums.tax == sums.total == 19040


def test_each_currency_has_sums_of_its_own() -> None:
    report = a_report()
    report.add(an_invoice(a_line(LineKind.FLAT, 1000), subtotal=1000))
    report.add(an_invoice(a_line(LineKind.FLAT, 500), subtotal=500, currency="JPY"))
    assert {name: sums.total for name, sums in report.revenue.items()} == {"USD": 1000, "JPY": 500}
    assert report.totals.currency == "USD"
    assert (report.revenue["USD"].amount(1000), report.revenue["JPY"].amount(500)) == ("10.00", "500")


def test_the_totals_are_the_only_currency_billed_or_nothing_in_the_tenant_s() -> None:
    nothing = a_report("EUR").totals
    assert (nothing.currency, nothing.total) == ("EUR", 0)
    report = a_report("EUR")
    report.add(an_invoice(a_line(LineKind.FLAT, 1000), subtotal=1000))
    assert (report.totals.currency, report.totals.total) == ("USD", 1000)


def test_an_invoice_is_named_in_a_line() -> None:
    report = a_report()
    report.add(an_invoice(a_line(LineKind.FLAT, 1000), subtotal=1000, number="INV-1"))
    [line] = report.invoices
    assert (line.id, line.number, line.customer_id, line.subscription_id, line.currency, line.total) == (
        BARE.id,
        "INV-1",
        "acct-1",
        "sub-1",
        "USD",
        1000,
    )


def test_what_is_settled_at_last_is_no_failure_any_more() -> None:
    report = a_report()
    failed = [SettlementFailure(invoice_id=name, code="unexpected_error", message="ink") for name in ("i2", "i3")]
    report.add_settled(Settled(done=["i1"], failures=failed))
    assert (report.settled, report.unsettled) == (1, 2)
    report.add_settled(Settled(done=["i2"]) + Settled(failures=failed[1:]))
    assert (report.settled, report.unsettled, list(report.settlement_failures)) == (2, 1, ["i3"])


def test_a_report_starts_empty_and_complete() -> None:
    report = a_report()
    assert (report.complete, report.invoices, report.failures, report.unsettled) == (True, [], [], 0)
    report.failures.append(Failure(subscription_id="s", code="c", message="m"))
    assert a_report().failures == []


def test_the_parts_of_a_run_add_up() -> None:
    one, other = a_report(), a_report()
    one.add(an_invoice(a_line(LineKind.FLAT, 1000), subtotal=1000, tax=190))
    one.customers, one.settled = 3, 1
    one.skipped["zero_total"] += 1
    other.add(an_invoice(a_line(LineKind.USAGE, 500), subtotal=500, tax=95))
    other.add(an_invoice(a_line(LineKind.FLAT, 700), subtotal=700, tax=0, place=("FR", ""), currency="EUR"))
    other.skipped["zero_total"] += 2
    other.failures.append(Failure(subscription_id="sub-9", code="not_found", message="no customer"))
    other.add_settled(Settled(failures=[SettlementFailure(invoice_id="inv-1", code="conflict", message="no")]))
    other.complete, other.lost_workers = False, 1
    one.merge(other)
    assert [each.total for each in one.invoices] == [1190, 595, 700]
    dollars, euros = one.revenue["USD"], one.revenue["EUR"]
    assert (dollars.flat, dollars.usage, dollars.tax, dollars.total) == (1000, 500, 285, 1785)
    assert dict(dollars.tax_by_place) == {("DE", ""): 285}
    assert (euros.flat, euros.total, dict(euros.tax_by_place)) == (700, 700, {})
    assert (one.customers, one.settled, one.unsettled, one.skipped["zero_total"]) == (3, 1, 1, 3)
    assert ([each.subscription_id for each in one.failures], one.complete, one.lost_workers) == (["sub-9"], False, 1)
