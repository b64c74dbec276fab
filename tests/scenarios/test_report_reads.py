"""What the reports read of a book with 100,000 invoices: ten months of 10,000 customers, in four shards."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from billing.adapters.counting import CountingDocuments
from billing.domain.sharding import shard_count
from billing.ports import Create, Delete, Documents, Fields
from billing.store.plans import PlanVersions
from billing.store.subscriptions import subscription_fields
from billing.store.tenants import Tenants
from billing.usecases.report_churn_risk import report_churn_risk
from billing.usecases.report_mrr import report_mrr
from billing.usecases.report_outstanding import report_outstanding
from billing.usecases.report_revenue_by_customer import report_revenue_by_customer
from tests.builders import a_fee, a_plan, a_subscription, a_tenant, utc
from tests.covered_documents import CoveredDocuments
from tests.world import sqlite_in_memory

CUSTOMERS = 10_000
SHARDS = 4
MONTHS = [f"2025-{month:02}" for month in range(5, 13)] + ["2026-01", "2026-02"]
AT = "tenants/acme"
AS_OF = utc("2026-03-01")
PLAN = a_plan(fees=[a_fee("49.00")])
SUMMED = CUSTOMERS // 1000
"""What Firestore bills for adding up one value of each customer."""


def invoices() -> Iterator[Create]:
    """What the reports ask of an invoice; those of the last month are unpaid, due on 3 April."""
    for month in MONTHS:
        for number in range(CUSTOMERS):
            unpaid = month == MONTHS[-1]
            fields: Fields = {
                "customer_id": f"c{number:05}",
                "month": month,
                "usage_month": month,
                "currency": "USD",
                "subtotal": 49_00 + number,
                "total": 49_00 + number,
                "usage_amount": number,
                "report_mark": number,
                "shard": number % SHARDS,
                "status": "issued" if unpaid else "paid",
                "issued_on": f"{month}-04",
                "due_on": "2026-04-03",
                "amount_due": 49_00 + number if unpaid else 0,
            }
            yield Create(f"{AT}/invoices/{month}.{number:05}", fields)


def usage() -> Iterator[Create]:
    """The calls of three months, which rise."""
    for place, month in enumerate(MONTHS[-3:]):
        for number in range(CUSTOMERS):
            name = f"s{number:05}"
            fields: Fields = {"subscription_id": name, "meter": "calls", "month": month, "used": f"{100 + place}"}
            yield Create(f"{AT}/usage/{name}.calls.{month}", {**fields, "report_mark": number})


def subscriptions() -> Iterator[Create]:
    pattern = a_subscription(PLAN, start="2025-05-01")
    for number in range(CUSTOMERS):
        name = f"s{number:05}"
        one = replace(pattern, id=name, customer_id=f"c{number:05}", shard=number % SHARDS)
        yield Create(f"{AT}/subscriptions/{name}", subscription_fields(one))


@pytest.fixture(scope="module")
def documents() -> Documents:
    inner = sqlite_in_memory()
    inner.commit([Tenants(inner).saving(a_tenant(shards=SHARDS)), PlanVersions.of(inner, "acme").publication(PLAN)])
    for creations in (invoices(), usage(), subscriptions()):
        page: list[Create] = []
        for each in creations:
            page.append(each)
            if len(page) == 2000:
                inner.commit(page)
                page = []
    return CoveredDocuments(inner)


def reads(documents: Documents, report: Callable[..., object]) -> tuple[int, int]:
    """Reads and writes of a report that is asked for again."""
    report(documents, "acme", as_of=AS_OF)
    counted = CountingDocuments(documents)
    report(counted, "acme", as_of=AS_OF)
    return counted.counts.reads, counted.counts.writes


# Each report reads the tenant, and the plans' currencies: one, and that there is no other.
HEAD = 1 + 2
# A shard's 2,500 subscriptions are counted and summed in 3 reads each; their levels stand in one document.
LIVES = SHARDS * (3 + 3 + 1)
# A month's invoices and the usage on them are counted and summed; of credit notes there are none.
MONTH = 2 * SUMMED + 2 * SUMMED + 2


@pytest.mark.slow
def test_the_book_is_one_of_100_000_invoices(documents: Documents) -> None:
    assert len(MONTHS) * CUSTOMERS == 100_000
    assert shard_count(CUSTOMERS) == SHARDS


@pytest.mark.slow
def test_outstanding_reads_no_invoice(documents: Documents) -> None:
    # 4 buckets of 4 shards are counted and summed; 2,500 entries of the only bucket that has any take 3 reads
    assert reads(documents, report_outstanding) == (HEAD + SHARDS * 2 * (3 + 1 + 1 + 1), 0)


@pytest.mark.slow
def test_outstanding_as_of_a_past_day_reads_what_is_unpaid_alone(documents: Documents) -> None:
    # 10,000 invoices in one bucket; the other three of 4 shards have none, which costs a read each
    past = partial(report_outstanding, now=AS_OF + timedelta(days=1))
    assert reads(documents, past) == (HEAD + CUSTOMERS + SHARDS * 3, 0)


@pytest.mark.slow
def test_mrr_reads_levels_and_the_sums_of_five_months(documents: Documents) -> None:
    # Thirteen weeks back to 7 December: November to February were closed last; and January a month before
    assert reads(documents, report_mrr) == (HEAD + LIVES + 4 * (MONTH + 1), 0)


@pytest.mark.slow
def test_revenue_reads_two_months_and_twenty_names(documents: Documents) -> None:
    # 10,000 rows of about 22 bytes stand in one document
    assert reads(documents, report_revenue_by_customer) == (HEAD + 2 * (MONTH + 1) + 20, 0)


@pytest.mark.slow
def test_churn_risk_reads_levels_and_three_months_of_usage(documents: Documents) -> None:
    # the tenant; three months' roll-ups counted, summed and one document each; seven states without a case
    assert reads(documents, report_churn_risk) == (1 + LIVES + 3 * (2 * SUMMED + 1) + 7, 0)


@pytest.mark.slow
def test_one_more_invoice_makes_one_month_be_read_again(documents: Documents) -> None:
    report_revenue_by_customer(documents, "acme", as_of=AS_OF)
    another = Create(f"{AT}/invoices/another", {**next(invoices()).fields, "month": MONTHS[-1], "usage_month": None})
    documents.commit([another])
    counted = CountingDocuments(documents)
    (section,) = report_revenue_by_customer(counted, "acme", as_of=AS_OF).sections
    documents.commit([Delete(another.path)])
    assert section.revenue == 10_000 * 49_00 + sum(range(10_000)) + 49_00
    # 10,001 invoices are counted and summed in 11 reads each, then read, with the 10,000 that have usage of the month;
    # one query finds no further page, one no credit notes
    again = 10_001 + 10_000 + 1 + 1
    assert counted.counts.reads == HEAD + (MONTH + 1) + (MONTH + 2 + 1 + again) + 20
    assert counted.counts.writes == 1
