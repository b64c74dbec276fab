"""What the file adds to the contract: indexes that are used, processes side by side, and what stays on disk."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from billing.adapters.sqlite import SqliteDocuments
from billing.adapters.sqlite_queries import selection
from billing.ports import CompositeIndex, Create, Filter, Order, Put, Query, StoreUnavailable, Update
from billing.store.indexes import INDEXES

DUE = (Filter("shard", "==", 3), Filter("next_billing_at", "<=", datetime(2026, 3, 1, tzinfo=UTC)))
BY_TIME = (Order("next_billing_at"), Order("customer_id"))
COUNTER = "tenants/acme/counters/invoices"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "billing.db"


@pytest.fixture
def documents(path: Path) -> Iterator[SqliteDocuments]:
    with closing(SqliteDocuments(path, indexes=INDEXES)) as documents:
        yield documents


def plan(path: Path, query: Query) -> str:
    chosen = selection(query)
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(f"explain query plan select body from docs {chosen.sql}", chosen.bound)
        return "; ".join(row[3] for row in rows)


@pytest.mark.usefixtures("documents")
def test_what_is_due_is_found_and_sorted_by_its_index(path: Path) -> None:
    due = "by_subscriptions_shard_asc_next_billing_at_asc_customer_id_asc"
    query = Query("tenants/acme/subscriptions", DUE, BY_TIME, limit=200)
    assert plan(path, query) == f"SEARCH docs USING INDEX {due} (collection=? AND <expr>=? AND <expr><?)"
    later = Query(query.collection, DUE, BY_TIME, limit=200, start_after=(datetime(2026, 2, 1, tzinfo=UTC), "c", "s"))
    assert plan(path, later) == f"SEARCH docs USING INDEX {due} (collection=? AND <expr>=? AND <expr>>? AND <expr><?)"


@pytest.mark.usefixtures("documents")
def test_a_collection_is_listed_by_its_key(path: Path) -> None:
    assert plan(path, Query("tenants")) == "SEARCH docs USING INDEX sqlite_autoindex_docs_1 (collection=?)"
    after = Query("tenants", start_after=("acme",))
    assert plan(path, after) == "SEARCH docs USING INDEX sqlite_autoindex_docs_1 (collection=? AND id>?)"


def test_an_index_declared_later_serves_a_file_that_exists(path: Path) -> None:
    with closing(SqliteDocuments(path)) as documents:
        documents.commit([Create("tenants/acme/invoices/one", {"number": "INV-1"})])
    by_number = CompositeIndex("invoices", (("number", "desc"), ("labels", "array")))
    with closing(SqliteDocuments(path, indexes=[by_number])) as documents:
        query = Query("tenants/acme/invoices", (Filter("number", "==", "INV-1"),))
        assert [document.id for document in documents.query(query)] == ["one"]
    assert "by_invoices_number_desc (collection=? AND <expr>=?)" in plan(path, query)


def test_what_was_committed_is_there_after_closing(path: Path) -> None:
    with closing(SqliteDocuments(path)) as documents:
        (version,) = documents.commit([Create(COUNTER, {"last": 7})])
    with closing(SqliteDocuments(path)) as documents:
        (counter,) = documents.get_many([COUNTER])
        assert counter is not None
        assert (counter.fields, counter.version) == ({"last": 7}, version)


COUNT_UP = """
import sys
from billing.adapters.sqlite import SqliteDocuments
from billing.ports import Put, WriteConflict
documents, done = SqliteDocuments(sys.argv[1]), 0
while done < 25:
    (counter,) = documents.get_many([sys.argv[2]])
    try:
        documents.commit([Put(counter.path, {"last": counter.fields["last"] + 1}, expected=counter.version)])
        done += 1
    except WriteConflict:
        pass
"""


def test_processes_on_one_file_lose_nothing(path: Path) -> None:
    with closing(SqliteDocuments(path)) as documents:
        documents.commit([Create(COUNTER, {"last": 0})])
        command = [sys.executable, "-c", COUNT_UP, str(path), COUNTER]
        processes = [subprocess.Popen(command) for _ in range(4)]
        assert [process.wait() for process in processes] == [0, 0, 0, 0]
        (counter,) = documents.get_many([COUNTER])
    assert counter is not None
    assert counter.fields == {"last": 100}


OPEN = "import sys; from billing.adapters.sqlite import SqliteDocuments; SqliteDocuments(sys.argv[1]).close()"


def test_processes_may_make_the_file_at_the_same_time(path: Path) -> None:
    processes = [subprocess.Popen([sys.executable, "-c", OPEN, str(path)]) for _ in range(6)]
    assert [process.wait() for process in processes] == [0] * 6


def test_a_file_that_another_keeps_locked_is_unavailable_and_serves_again(path: Path) -> None:
    with closing(SqliteDocuments(path, wait_seconds=0.01)) as documents:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("begin immediate")
            with pytest.raises(StoreUnavailable, match="locked"):
                documents.commit([Create(COUNTER, {})])
            assert documents.get_many([COUNTER]) == [None]
        assert documents.commit([Create(COUNTER, {})]) == ["1"]


def test_a_folder_that_is_missing_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        SqliteDocuments(tmp_path / "missing" / "billing.db")


def test_an_update_that_outgrows_a_document_is_refused(documents: SqliteDocuments) -> None:
    from billing.ports import DocumentTooLarge

    documents.commit([Put(COUNTER, {"a": "x" * 600_000})])
    with pytest.raises(DocumentTooLarge):
        documents.commit([Update(COUNTER, {"b": "x" * 600_000})])
