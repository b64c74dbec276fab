"""Everything that a query finds is read, however many pages it takes and whatever stands where one ends."""

from billing.adapters.sqlite import SqliteDocuments
from billing.ports import Create, Order, Query
from billing.store.all_of import all_of

MORE_THAN_TWO_PAGES = 2_100


def test_no_document_is_left_out_where_a_page_ends_among_equals() -> None:
    documents = SqliteDocuments(":memory:")
    ids = [f"{n:04}" for n in range(MORE_THAN_TWO_PAGES)]
    for start in range(0, len(ids), 400):
        documents.commit([Create(f"drafts/{each}", {"number": ""}) for each in ids[start : start + 400]])

    assert [each.id for each in all_of(documents, Query("drafts"))] == ids
    assert [each.id for each in all_of(documents, Query("drafts", order=(Order("number"),)))] == ids


def test_of_nothing_there_is_nothing() -> None:
    assert list(all_of(SqliteDocuments(":memory:"), Query("drafts"))) == []
