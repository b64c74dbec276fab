"""Indexes are declared once, and a query that they do not serve is found before production finds it."""

from datetime import UTC, datetime

import pytest

from billing.adapters.sqlite import SqliteDocuments
from billing.ports import CompositeIndex, Create, Filter, Order, Query
from billing.store.indexes import INDEXES, Exemption
from tests.covered_documents import CoveredDocuments, UncoveredQuery

INVOICES = "tenants/acme/invoices"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
BY_SHARD = CompositeIndex("invoices", (("shard", "asc"), ("due_at", "asc"), ("number", "desc")))
BY_LABEL = CompositeIndex("invoices", (("labels", "array"), ("total", "desc")))
BY_STATE = CompositeIndex("invoices", (("state", "asc"), ("total", "desc")))


@pytest.fixture
def documents() -> CoveredDocuments:
    inner = SqliteDocuments(":memory:")
    inner.commit([Create(f"{INVOICES}/one", {"state": "open", "total": 5, "labels": ["a"]})])
    indexes = [BY_SHARD, BY_LABEL, BY_STATE]
    return CoveredDocuments(inner, indexes=indexes, exemptions=[Exemption("invoices", "due_at")])


STATE, LABEL, SHARD = Filter("state", "==", "open"), Filter("labels", "array_contains", "a"), Filter("shard", "==", 1)
DUE = Filter("due_at", "<=", NOON)
BY_DUE = (Order("due_at"), Order("number", descending=True))

SERVED = {
    "the whole collection": Query(INVOICES),
    "one equality": Query(INVOICES, (STATE,)),
    "equalities merge single-field indexes": Query(INVOICES, (STATE, LABEL, Filter("currency", "in", ["EUR", "USD"]))),
    "a range on one field": Query(INVOICES, (Filter("total", ">", 3),)),
    "a range sorted downwards": Query(INVOICES, (Filter("total", ">", 3),), (Order("total", descending=True),)),
    "an order by one field": Query(INVOICES, order=(Order("number", descending=True),)),
    "equality, range and order as indexed": Query(INVOICES, (DUE, SHARD), BY_DUE),
    "everything the other way round": Query(
        INVOICES, (SHARD, DUE), (Order("due_at", descending=True), Order("number"))
    ),
    "array membership and an order": Query(INVOICES, (LABEL,), (Order("total", descending=True),)),
    "two indexes with the same order": Query(INVOICES, (LABEL, STATE), (Order("total", descending=True),)),
    "an order by a field held equal": Query(INVOICES, (STATE,), (Order("state"),)),
}

NOT_SERVED = {
    "an exempt field alone": Query(INVOICES, (DUE,)),
    "an exempt field as an order": Query(INVOICES, order=(Order("due_at"),)),
    "an exempt field held equal": Query(INVOICES, (STATE, Filter("due_at", "==", NOON))),
    "equality and an order without an index": Query(INVOICES, (Filter("currency", "==", "EUR"),), (Order("total"),)),
    "the beginning of an index": Query(INVOICES, (SHARD, DUE)),
    "one direction turned": Query(INVOICES, (SHARD, DUE), (Order("due_at"), Order("number"))),
    "an order in other order": Query(INVOICES, (SHARD,), (Order("number", descending=True), Order("due_at"))),
    "one equality too many": Query(INVOICES, (SHARD, STATE, DUE), BY_DUE),
    "another collection": Query("tenants/acme/notes", (SHARD, DUE), BY_DUE),
    "an array field indexed as a whole": Query(
        INVOICES, (Filter("labels", "==", "a"),), (Order("total", descending=True),)
    ),
}


@pytest.mark.parametrize("name", SERVED)
def test_a_query_with_an_index_is_answered(documents: CoveredDocuments, name: str) -> None:
    assert documents.count(SERVED[name]) == len(documents.query(SERVED[name]))


@pytest.mark.parametrize("name", NOT_SERVED)
def test_a_query_without_an_index_is_refused(documents: CoveredDocuments, name: str) -> None:
    with pytest.raises(UncoveredQuery):
        documents.query(NOT_SERVED[name])
    with pytest.raises(UncoveredQuery):
        documents.count(NOT_SERVED[name])


def test_a_sum_needs_its_field_at_the_end_of_the_index(documents: CoveredDocuments) -> None:
    assert documents.sum(Query(INVOICES), field="total") == 5
    assert documents.sum(Query(INVOICES, (STATE,)), field="total") == 5
    with pytest.raises(UncoveredQuery):
        documents.sum(Query(INVOICES, (STATE,)), field="paid")
    with pytest.raises(UncoveredQuery):
        documents.sum(Query(INVOICES), field="due_at")


def test_what_is_due_in_a_shard_is_served_by_the_declared_indexes() -> None:
    documents = CoveredDocuments(SqliteDocuments(":memory:", indexes=INDEXES))
    due = (SHARD, Filter("next_billing_at", "<=", NOON))
    by_time = (Order("next_billing_at"), Order("customer_id"))
    assert documents.query(Query("tenants/acme/subscriptions", due, by_time, limit=200)) == []
