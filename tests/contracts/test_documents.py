"""One contract for every document store: what passes on a laptop passes in production."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from billing.adapters.sqlite import SqliteDocuments
from billing.ports import Documents
from tests.contracts.documents_commits import CommitContract
from tests.contracts.documents_queries import QueryContract
from tests.contracts.documents_values import ValueContract
from tests.firestore_emulator import firestore, fresh_project

__all__ = ["firestore"]


class DocumentsContract(CommitContract, QueryContract, ValueContract):
    """Everything that a document store promises."""


class TestSqliteFile(DocumentsContract):
    @pytest.fixture
    def documents(self, tmp_path: Path) -> Iterator[Documents]:
        with closing(SqliteDocuments(tmp_path / "billing.db")) as documents:
            yield documents


class TestSqliteMemory(DocumentsContract):
    @pytest.fixture
    def documents(self) -> Iterator[Documents]:
        with closing(SqliteDocuments(":memory:")) as documents:
            yield documents


@pytest.mark.emulator
class TestFirestore(DocumentsContract):
    @pytest.fixture
    def documents(self, firestore: str) -> Iterator[Documents]:
        from billing.adapters.firestore import FirestoreDocuments

        with closing(FirestoreDocuments(fresh_project())) as documents:
            yield documents
