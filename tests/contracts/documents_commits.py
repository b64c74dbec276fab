"""What a commit promises, whatever the store."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

import pytest

from billing.ports import (
    CommitTooLarge,
    Create,
    Delete,
    Document,
    Documents,
    DocumentTooLarge,
    Fields,
    InvalidDocument,
    Put,
    Update,
    Write,
    WriteConflict,
)

Answer = TypeVar("Answer")
SERIES = "tenants/acme/counters/invoices"
INVOICE = "tenants/acme/invoices/one"
OTHER = "tenants/acme/invoices/two"


def stored(documents: Documents, path: str) -> Document:
    (document,) = documents.get_many([path])
    assert document is not None, path
    return document


class CommitContract:
    def test_what_was_created_can_be_read(self, documents: Documents) -> None:
        (version,) = documents.commit([Create(INVOICE, {"total": 31291})])
        assert documents.get_many([INVOICE]) == [Document(INVOICE, {"total": 31291}, version)]
        assert stored(documents, INVOICE).id == "one"

    def test_documents_come_in_the_order_asked_and_missing_ones_as_none(self, documents: Documents) -> None:
        paths = [f"tenants/acme/invoices/{number}" for number in range(1100)]
        for start in (0, 550):
            documents.commit([Create(path, {"n": 1}) for path in paths[start : start + 550]])
        asked = [paths[1099], OTHER, paths[0], paths[1099], "tenants/none/invoices/0", *paths[1:1099]]
        found = documents.get_many(asked)
        assert [document and document.path for document in found] == [
            None if path in {OTHER, "tenants/none/invoices/0"} else path for path in asked
        ]
        assert documents.get_many([]) == []

    def test_fields_are_projected(self, documents: Documents) -> None:
        documents.commit([Create(INVOICE, {"total": 1, "lines": ["x"], "state": "open"})])
        (some,) = documents.get_many([INVOICE], fields=["state", "missing", "total"])
        (none,) = documents.get_many([INVOICE], fields=[])
        assert some is not None
        assert some.fields == {"total": 1, "state": "open"}
        assert none is not None
        assert none.fields == {}

    def test_an_empty_commit_does_nothing(self, documents: Documents) -> None:
        assert documents.commit([]) == []

    def test_creating_twice_fails_and_writes_nothing_of_the_batch(self, documents: Documents) -> None:
        documents.commit([Create(INVOICE, {"total": 1})])
        with pytest.raises(WriteConflict) as conflict:
            documents.commit([Create(OTHER, {"total": 2}), Create(INVOICE, {"total": 3}), Put(SERIES, {"last": 9})])
        assert conflict.value.path in {INVOICE, None}
        assert documents.get_many([OTHER, SERIES]) == [None, None]
        assert stored(documents, INVOICE).fields == {"total": 1}

    def test_an_expected_version_that_passed_fails_and_writes_nothing(self, documents: Documents) -> None:
        (old,) = documents.commit([Create(SERIES, {"last": 1})])
        (new,) = documents.commit([Put(SERIES, {"last": 2}, expected=old)])
        assert new != old
        refused: list[Write] = [
            Put(SERIES, {"last": 3}, expected=old),
            Update(SERIES, {"last": 3}, expected=old),
            Delete(SERIES, expected=old),
        ]
        for write in refused:
            with pytest.raises(WriteConflict) as conflict:
                documents.commit([Create(OTHER, {}), write])
            assert conflict.value.path in {SERIES, None}
        assert stored(documents, SERIES) == Document(SERIES, {"last": 2}, new)
        assert documents.get_many([OTHER]) == [None]

    def test_a_version_from_elsewhere_is_a_conflict(self, documents: Documents) -> None:
        documents.commit([Create(SERIES, {})])
        for version in ("", "x", "1.2.3", "-1"):
            with pytest.raises(WriteConflict):
                documents.commit([Put(SERIES, {"last": 1}, expected=version)])

    def test_a_missing_document_is_neither_updated_nor_expected(self, documents: Documents) -> None:
        (version,) = documents.commit([Create(SERIES, {})])
        refused: list[Write] = [
            Update(INVOICE, {"total": 1}),
            Update(INVOICE, increments={"total": 1}),
            Update(INVOICE),
            Update(INVOICE, {"total": 1}, expected=version),
            Put(INVOICE, {"total": 1}, expected=version),
            Delete(INVOICE, expected=version),
        ]
        for write in refused:
            with pytest.raises(WriteConflict) as conflict:
                documents.commit([write])
            assert conflict.value.path == INVOICE
        assert documents.get_many([INVOICE]) == [None]

    def test_a_put_replaces_the_whole_document(self, documents: Documents) -> None:
        documents.commit([Put(INVOICE, {"total": 1, "state": "open"})])
        documents.commit([Put(INVOICE, {"state": "paid"})])
        assert stored(documents, INVOICE).fields == {"state": "paid"}

    def test_an_update_replaces_whole_top_level_fields_and_keeps_the_others(self, documents: Documents) -> None:
        documents.commit([Create(INVOICE, {"buyer": {"name": "Ann", "city": "Bonn"}, "total": 5, "a-b": 1})])
        changes: list[Write] = [Update(INVOICE, {"buyer": {"name": "Bea"}, "a-b": None, "añ o\\": {}})]
        documents.commit(changes)
        assert stored(documents, INVOICE).fields == {"buyer": {"name": "Bea"}, "total": 5, "a-b": None, "añ o\\": {}}

    def test_increments_add_to_integers_and_replace_what_is_none(self, documents: Documents) -> None:
        before: Fields = {"paid": 40, "text": "x", "high": 2**63 - 2, "low": -(2**63) + 1, "flag": True}
        documents.commit([Create(INVOICE, {**before, "kept": 7})])
        increments = {"paid": -15, "text": 3, "high": 5, "low": -5, "flag": 2, "new": 4}
        documents.commit([Update(INVOICE, {"state": "open"}, increments=increments)])
        after = {"paid": 25, "text": 3, "high": 2**63 - 1, "low": -(2**63), "flag": 2, "new": 4}
        assert stored(documents, INVOICE).fields == {**after, "kept": 7, "state": "open"}

    def test_a_deleted_document_is_gone_and_its_version_with_it(self, documents: Documents) -> None:
        (version,) = documents.commit([Create(INVOICE, {"total": 1})])
        assert documents.commit([Delete(INVOICE), Delete(OTHER)]) == ["", ""]
        assert documents.get_many([INVOICE]) == [None]
        documents.commit([Create(INVOICE, {"total": 1})])
        with pytest.raises(WriteConflict):
            documents.commit([Delete(INVOICE, expected=version)])

    def test_a_path_stands_once_in_a_commit(self, documents: Documents) -> None:
        with pytest.raises(InvalidDocument):
            documents.commit([Create(INVOICE, {}), Update(INVOICE, {"total": 1})])
        assert documents.get_many([INVOICE]) == [None]

    def test_a_check_refuses_what_a_commit_does_and_writes_nothing(self, documents: Documents) -> None:
        whole: Fields = {"text": "x" * 1_000_000}
        refused: list[tuple[type[Exception], list[Write]]] = [
            (InvalidDocument, [Create(INVOICE, {"total": 2**63})]),
            (InvalidDocument, [Update(INVOICE, {"lines": [{"amount": -(2**63) - 1}]})]),
            (InvalidDocument, [Create(INVOICE, {}), Delete(INVOICE)]),
            (DocumentTooLarge, [Create(OTHER, {}), Put(INVOICE, {"text": "x" * 1_048_576})]),
            (CommitTooLarge, [Create(f"{INVOICE}-{number}", whole) for number in range(5)]),
        ]
        for error, writes in refused:
            for ask in (documents.check, documents.commit):
                with pytest.raises(error):
                    ask(writes)
        documents.check([Create(INVOICE, {"total": 2**63 - 1}), Update(OTHER, whole), Delete(SERIES)])
        documents.check([])
        assert documents.get_many([INVOICE, OTHER]) == [None, None]

    def test_a_document_above_one_mebibyte_is_refused(self, documents: Documents) -> None:
        documents.commit([Create(OTHER, {"text": "x" * 1_048_000})])
        for write in (Create(INVOICE, {"text": "x" * 1_048_576}), Put(INVOICE, {"numbers": [1] * 131_072})):
            with pytest.raises(DocumentTooLarge):
                documents.commit([write])
        assert documents.get_many([INVOICE]) == [None]

    def test_a_commit_above_four_mebibytes_is_refused(self, documents: Documents) -> None:
        with pytest.raises(CommitTooLarge):
            documents.commit([Create(f"{INVOICE}{n}", {"text": "x" * 900_000}) for n in range(5)])
        assert documents.get_many([f"{INVOICE}0"]) == [None]

    def test_eight_writers_on_one_counter_lose_nothing(self, documents: Documents) -> None:
        documents.commit([Create(SERIES, {"last": 0})])
        in_parallel(8, lambda _: counted_up(documents, times=10))
        assert stored(documents, SERIES).fields == {"last": 80}

    def test_eight_writers_incrementing_lose_nothing(self, documents: Documents) -> None:
        documents.commit([Create(SERIES, {"last": 0})])
        write = Update(SERIES, increments={"last": 1})
        in_parallel(8, lambda _: [documents.commit([write]) for _ in range(10)])
        assert stored(documents, SERIES).fields == {"last": 80}

    def test_of_overlapping_commits_one_wins_and_the_others_leave_nothing(self, documents: Documents) -> None:
        (version,) = documents.commit([Create(SERIES, {"last": 0})])

        def page(writer: int) -> Sequence[Write]:
            own = [Create(f"tenants/acme/invoices/w{writer}-{n}", {}) for n in range(20)]
            return [*own[:10], Put(SERIES, {"last": writer}, expected=version), *own[10:]]

        won = in_parallel(8, lambda writer: committed(documents, page(writer)))
        winner = stored(documents, SERIES).fields["last"]
        # a store across a network may lose its answer and repeat the commit: then the winner too is told of a conflict
        assert [writer for writer in range(8) if won[writer]] in ([winner], [])
        assert documents.get_many([f"tenants/acme/invoices/w{winner}-0"]) != [None]
        for writer in range(8):
            left = documents.get_many([write.path for write in page(writer) if isinstance(write, Create)])
            assert [document is not None for document in left] == [writer == winner] * 20

    def test_of_parallel_creates_exactly_one_wins(self, documents: Documents) -> None:
        won = in_parallel(8, lambda writer: committed(documents, [Create(INVOICE, {"by": writer})]))
        assert sum(won) == 1
        assert stored(documents, INVOICE).fields == {"by": won.index(True)}


def counted_up(documents: Documents, *, times: int) -> int:
    """How many attempts that took."""
    done = attempts = 0
    while done < times:
        attempts += 1
        counter = stored(documents, SERIES)
        last = counter.fields["last"]
        assert isinstance(last, int)
        done += committed(documents, [Put(SERIES, {"last": last + 1}, expected=counter.version)])
    return attempts


def committed(documents: Documents, writes: Sequence[Write]) -> bool:
    try:
        documents.commit(writes)
    except WriteConflict:
        return False
    return True


def in_parallel(writers: int, work: Callable[[int], Answer]) -> list[Answer]:
    """Each writer's answer; all of them start at once."""
    together = Barrier(writers)

    def started(writer: int) -> Answer:
        together.wait()
        return work(writer)

    with ThreadPoolExecutor(writers) as pool:
        return list(pool.map(started, range(writers)))
