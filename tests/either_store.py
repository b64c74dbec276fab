"""A document store without documents: of each kind in turn, SQLite in memory and Firestore in the emulator."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from billing.adapters.firestore import FirestoreDocuments
from billing.ports import Documents
from tests.firestore_emulator import firestore, fresh_project
from tests.world import sqlite_in_memory

__all__ = ["documents", "firestore"]


@pytest.fixture(params=["sqlite", pytest.param("firestore", marks=pytest.mark.emulator)])
def documents(request: pytest.FixtureRequest) -> Iterator[Documents]:
    if request.param == "sqlite":
        yield sqlite_in_memory()
        return
    assert request.getfixturevalue("firestore")
    with closing(FirestoreDocuments(fresh_project())) as documents:
        yield documents
