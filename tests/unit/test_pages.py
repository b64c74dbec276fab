"""Pages in the order of ids: complete, narrowed by equal fields, and covered by the indexes that Firestore has."""

import pytest

from billing.ports import Create, Value
from billing.store.collection import Collection
from billing.store.pages import PageRequest, page_by_id
from tests.covered_documents import CoveredDocuments
from tests.world import sqlite_in_memory

CONDITIONS: dict[str, dict[str, Value]] = {
    "invoices": {
        "status": ["issued", "overdue"],
        "customer_id": "lumen",
        "subscription_id": "sub-lumen",
        "month": "2026-02",
        "number": "INV-1",
        "dunning_state": ["retry_scheduled", "paid"],
        "dunning_review": True,
    },
    "payments": {"customer_id": "lumen", "status": ["succeeded", "reversed"]},
    "credit_notes": {"customer_id": "lumen", "invoice_id": "i", "number": "CN-1"},
    "subscriptions": {"customer_id": "lumen", "status": ["active", "paused"]},
    "reviews": {"status": ["open", "resolved"], "kind": ["guard", "approval"]},
    "usage": {"subscription_id": "sub-lumen", "month": "2026-02"},
    "bank_transactions": {"status": ["unmatched", "ignored"]},
}


@pytest.mark.parametrize("name", CONDITIONS)
def test_every_condition_of_a_list_is_answered_by_indexes_that_are_declared(name: str) -> None:
    documents = CoveredDocuments(sqlite_in_memory())
    collection = Collection(documents, "acme", name)
    for equals in ({}, *({field: value} for field, value in CONDITIONS[name].items()), CONDITIONS[name]):
        assert (
            page_by_id(collection, PageRequest(limit=2, after_id="a"), read=lambda each: each.id, equals=equals) == []
        )


def test_pages_follow_each_other_without_a_gap_or_a_repeat() -> None:
    documents = sqlite_in_memory()
    collection = Collection(documents, "acme", "payments")
    five = zip("abcde", "xyxyx", strict=True)
    documents.commit([Create(collection.document(name), {"status": kind}) for name, kind in five])
    found, after = list[str](), None
    while page := page_by_id(collection, PageRequest(limit=2, after_id=after), read=lambda each: each.id):
        found, after = [*found, *page], page[-1]
    assert found == ["a", "b", "c", "d", "e"]


def test_a_condition_that_is_none_is_left_out_and_a_list_is_any_of_it() -> None:
    documents = sqlite_in_memory()
    collection = Collection(documents, "acme", "payments")
    five = zip("abcde", "xyxyx", strict=True)
    documents.commit([Create(collection.document(name), {"status": kind}) for name, kind in five])
    wanted = PageRequest(limit=9)
    assert page_by_id(collection, wanted, read=lambda each: each.id, equals={"status": "y"}) == ["b", "d"]
    assert len(page_by_id(collection, wanted, read=lambda each: each.id, equals={"status": None})) == 5
    assert page_by_id(collection, wanted, read=lambda each: each.id, equals={"status": ["y", "z"]}) == ["b", "d"]
