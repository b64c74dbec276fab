"""Books of other places, from files to invoices, each cent worked out by hand in the comments."""

from contextlib import closing
from datetime import date
from pathlib import Path

from billing.adapters.book_files import load_book
from billing.adapters.sqlite import SqliteDocuments
from billing.domain.invoice import Invoice
from billing.ports import Documents, Query
from billing.store.indexes import INDEXES
from billing.store.invoices import decode_invoice
from billing.usecases.admit_usage import ReportedUsage
from billing.usecases.generate_invoices import RunOptions, generate_invoices
from billing.usecases.import_book import import_book
from billing.usecases.record_usage import record_usage
from billing.usecases.run_context import RunRequest
from tests.book_folder import CALLS, PLAN, TENANT, book_folder, changed
from tests.builders import utc


def bill(store: Documents, *, as_of: str) -> list[Invoice]:
    """All invoices of the tenant after a run, in the order of their bills."""
    at = utc(as_of)
    request = RunRequest(tenant_id="acme", as_of=at, recorded_at=at, run_id=f"run-{as_of}", actor="test")
    report = generate_invoices(store, request, RunOptions())
    assert report.failures == []
    stored = [decode_invoice(each).value for each in store.query(Query("tenants/acme/invoices"))]
    return sorted(stored, key=lambda each: each.bill_for_date)


def bring(store: Documents, folder: Path, *, bill_from: date) -> None:
    import_book(store, load_book(folder, bill_from=bill_from), recorded_at=utc("2026-01-01"))


def test_three_new_york_jurisdictions_on_prices_with_and_without_tax(tmp_path: Path) -> None:
    base = {"fee_id": "base", "name": "Base", "price": "99.99"}
    seat = {"addon_id": "seat", "name": "Seat", "price": "10", "tax_inclusive": True}
    cycle = {"unit": "month", "anchor_day": 31, "billed": "in_advance"}
    folder = book_folder(
        tmp_path,
        tenant={**TENANT, "time_zone": "America/New_York"},
        plan=changed(PLAN, cycle=cycle, usage=[], fees=[base], addons=[seat]),
        customers="customer_id,name,country,state,currency\nc-1,Ada Ltd,US,NY,USD\n",
        subscriptions="subscription_id,customer_id,plan_id,started_on\ns-1,c-1,basic,2026-01-20\n",
        addons="subscription_id,addon_id,quantity,started_on\ns-1,seat,3,2026-02-10\n",
        usage=None,
        tax_rates="country,state,name,rate_percent\nUS,NY,State,4\nUS,NY,City,4.5\nUS,NY,Surcharge,0.375\n",
    )
    with closing(SqliteDocuments(":memory:", indexes=INDEXES)) as store:
        bring(store, folder, bill_from=date(2026, 1, 1))
        first, second = bill(store, as_of="2026-02-01T05:00")
    # 11 of the 31 days from 31 December: 99.99 x 11 / 31 = 35.4803. Taxes 1.4192, 1.5966 and 0.13305
    assert [line.amount for line in first.lines] == [9999, -6451]
    assert {row.name: (row.base, row.tax) for row in first.tax_lines} == {
        "State": (3548, 142),
        "City": (3548, 160),
        "Surcharge": (3548, 13),
    }
    # 18 of 28 days: 30.00 x 18 / 28 = 19.2857, of which 4, 4.5 and 0.375 parts of 108.875 are tax: 0.71, 0.80, 0.07.
    # The base is 99.99 + 19.29 - 1.58. On 99.99 come 4.00, 4.50 and 0.37 (0.37496)
    assert [line.amount for line in second.lines] == [9999, 3000, -1071]
    assert {row.name: (row.base, row.tax) for row in second.tax_lines} == {
        "State": (11770, 471),
        "City": (11770, 530),
        "Surcharge": (11770, 44),
    }
    assert (second.subtotal, second.total) == (11770, 12815)


def test_yen_rounded_half_even_and_corrected_after_the_tax_rate_rose(tmp_path: Path) -> None:
    tiers = [
        {"up_to": 10, "unit_price": "0"},
        {"up_to": 20, "unit_price": "2.5", "flat_fee": "100"},
        {"up_to": None, "unit_price": "1.5"},
    ]
    calls = {"metric": "calls", "name": "Calls", "model": "graduated", "tiers": tiers, "tax_inclusive": True}
    folder = book_folder(
        tmp_path,
        tenant={**TENANT, "currency": "JPY", "country": "JP", "time_zone": "Asia/Tokyo", "rounding": "half_even"},
        plan=changed(PLAN, currency="JPY", cycle={"unit": "month"}, usage=[calls], addons=[]),
        customers="customer_id,name,country,currency\nc-1,Ada Ltd,JP,JPY\n",
        subscriptions="subscription_id,customer_id,plan_id,started_on\ns-1,c-1,basic,2026-01-15\n",
        addons=None,
        usage="customer_id,date,metric,quantity\nc-1,2026-01-20,calls,25\nc-1,2026-02-15,calls,43\n",
        tax_rates=(
            "country,state,name,rate_percent,valid_from,valid_to\nJP,,JCT,8,,2026-02-28\nJP,,JCT,10,2026-03-01,\n"
        ),
    )
    back = ReportedUsage(
        id="back",
        subscription_id="s-1",
        meter="calls",
        occurred_at=utc("2026-01-25"),
        quantity=-20,
        correction=True,
    )
    with closing(SqliteDocuments(":memory:", indexes=INDEXES)) as store:
        bring(store, folder, bill_from=date(2026, 1, 15))
        bill(store, as_of="2026-02-20")
        record_usage(store, tenant_id="acme", events=[back], recorded_at=utc("2026-03-01"))
        first, second = bill(store, as_of="2026-03-20")
    # 10 x 0, 10 x 2.5 + 100, 5 x 1.5 = 7.5 to the even 8; of 133 are 133 x 8 / 108 = 9.85 tax
    assert [line.amount for line in first.lines] == [0, 125, 8]
    assert (first.subtotal, first.tax, first.total) == (123, 10, 133)
    # 23 x 1.5 = 34.5 to the even 34, and of 159 are 159 x 10 / 110 = 14.45 tax. With 5 calls the first bill had been 0:
    # all of it goes back at the 8 % that it was taxed with
    assert [line.amount for line in second.lines] == [0, 125, 34, -133]
    assert {str(row.percent): (row.base, row.tax) for row in second.tax_lines} == {"10": (145, 14), "8": (-123, -10)}
    assert (second.subtotal, second.tax, second.total) == (22, 4, 26)


def test_a_book_that_starts_where_midnight_is_skipped_bills_each_day_in_its_own_month(tmp_path: Path) -> None:
    folder = book_folder(
        tmp_path,
        tenant={**TENANT, "time_zone": "Africa/Cairo"},
        plan=changed(PLAN, cycle={"unit": "month"}, usage=[{**CALLS, "unit_price": "1"}], addons=[]),
        customers="customer_id,name,country,currency\nc-1,Ada Ltd,EG,USD\n",
        subscriptions="subscription_id,customer_id,plan_id,started_on\ns-1,c-1,basic,2026-04-24\n",
        addons=None,
        usage=(
            "customer_id,date,metric,quantity\n"
            "c-1,2026-04-24,calls,1\nc-1,2026-05-23,calls,10\nc-1,2026-05-24,calls,100\n"
        ),
        tax_rates=None,
    )
    with closing(SqliteDocuments(":memory:", indexes=INDEXES)) as store:
        bring(store, folder, bill_from=date(2026, 4, 24))
        invoices = bill(store, as_of="2026-07-01")
    assert [each.total for each in invoices] == [1100, 10000]  # the second month begins with the 24th
