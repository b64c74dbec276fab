"""Operations are counted as https://cloud.google.com/firestore/pricing bills them."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from billing.adapters.counting import CountingDocuments
from billing.adapters.sqlite import SqliteDocuments
from billing.ports import Create, Delete, Filter, OperationCounts, Put, Query, Update, WriteConflict

INVOICES = "tenants/acme/invoices"


@pytest.fixture
def documents() -> CountingDocuments:
    return CountingDocuments(SqliteDocuments(":memory:"))


def filled(documents: CountingDocuments, number: int) -> OperationCounts:
    """The counts once `number` invoices were created."""
    documents.commit([Create(f"{INVOICES}/{n}", {"total": 2}) for n in range(number)])
    return documents.counts


def since(documents: CountingDocuments, before: OperationCounts) -> OperationCounts:
    now = documents.counts
    return OperationCounts(
        reads=now.reads - before.reads,
        writes=now.writes - before.writes,
        deletes=now.deletes - before.deletes,
        queries=now.queries - before.queries,
    )


def test_a_write_is_one_and_a_delete_another_kind(documents: CountingDocuments) -> None:
    before = filled(documents, 3)
    assert before == OperationCounts(writes=3)
    update = Update(f"{INVOICES}/0", {"total": 3}, increments={"paid": 1})
    documents.commit([update, Put(f"{INVOICES}/9", {}), Delete(f"{INVOICES}/1")])
    assert since(documents, before) == OperationCounts(writes=2, deletes=1)


def test_a_commit_that_failed_costs_nothing(documents: CountingDocuments) -> None:
    before = filled(documents, 1)
    with pytest.raises(WriteConflict):
        documents.commit([Create(f"{INVOICES}/0", {})])
    assert since(documents, before) == OperationCounts()


def test_a_missing_document_is_a_read_too(documents: CountingDocuments) -> None:
    before = filled(documents, 1)
    documents.get_many([f"{INVOICES}/0", f"{INVOICES}/none"])
    assert since(documents, before) == OperationCounts(reads=2)


def test_a_query_costs_what_it_returns_and_at_least_one(documents: CountingDocuments) -> None:
    before = filled(documents, 3)
    documents.query(Query(INVOICES))
    documents.query(Query(INVOICES, (Filter("total", "==", 9),)))
    assert since(documents, before) == OperationCounts(reads=3 + 1, queries=2)


def test_an_aggregation_costs_a_read_for_every_started_thousand(documents: CountingDocuments) -> None:
    before = filled(documents, 1001)
    assert documents.count(Query(INVOICES)) == 1001
    assert documents.sum(Query(INVOICES), field="total") == 2002
    assert documents.count(Query("nothing")) == 0
    assert since(documents, before) == OperationCounts(reads=2 + 2 + 1, queries=3)


def test_threads_lose_no_count(documents: CountingDocuments) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: documents.get_many([f"{INVOICES}/0"]), range(400)))
    assert documents.counts == OperationCounts(reads=400)


def test_counts_add_up() -> None:
    one = OperationCounts(reads=1, writes=2, deletes=3, queries=4, objects=5)
    assert one + one == OperationCounts(reads=2, writes=4, deletes=6, queries=8, objects=10)


def test_a_sum_that_nobody_weighs_is_asked_for_once_and_counts_as_one_read() -> None:
    inner = CountingDocuments(SqliteDocuments(":memory:"))
    outer = CountingDocuments(inner, weighs_sums=False)
    before = filled(outer, 1_001)
    asked = inner.counts
    assert outer.sum(Query(INVOICES), field="total") == 2_002
    assert since(outer, before) == OperationCounts(reads=1, queries=1)
    assert since(inner, asked) == OperationCounts(reads=2, queries=1)
