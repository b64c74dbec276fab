"""Connections to one SQLite file, or to one database in memory, shared by the threads of a process."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Lock

from billing.adapters.query_rules import check_field
from billing.ports import CompositeIndex, StoreUnavailable
from billing.store.paths import check_segment

MEMORY = ":memory:"

_SCHEMA = (
    # A rowid table with a unique key: bodies of 1.5 KB inside a WITHOUT ROWID tree make random inserts four times
    # slower. The collection leads, so that listing one collection touches no other.
    """create table if not exists docs (
        collection text not null, id text not null, collection_group text not null,
        version integer not null, body text not null, primary key (collection, id))""",
    # One number a commit: a document that is deleted and created again never gets an old version back.
    "create table if not exists commits (only_row integer primary key check (only_row = 1), number integer not null)",
    "insert into commits values (1, 0) on conflict do nothing",
)

_PRAGMAS = (
    "page_size = 8192",  # holds several documents; it counts for a new file only
    "journal_mode = wal",
    "synchronous = normal",
    "cache_size = -16384",
    "wal_autocheckpoint = 4000",  # 32 MB of log: a page that several commits of a run change is moved once for all
)


class SqliteConnections:
    """A pool: every caller has a connection alone while it uses it; writers of one process queue for a lock.

    `synchronous=normal` in WAL mode: a killed process loses nothing, a power cut may lose the last commits but never
    half of one; and what is lost is billed again by the next run.
    """

    def __init__(self, path: str, *, indexes: Sequence[CompositeIndex], wait_seconds: float) -> None:
        self._path = path
        self._wait_seconds = wait_seconds
        self._idle: list[sqlite3.Connection] = []
        self._only = Lock()
        self._writer = Lock()
        with self.writing() as connection:
            for statement in (*_SCHEMA, *(_index_statement(each) for each in indexes if not each.needed_to_add_up)):
                connection.execute(statement)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for single statements; StoreUnavailable where SQLite cannot serve them."""
        if self._path == MEMORY:
            with self._only, self._borrowed() as connection:
                yield connection
        else:
            with self._borrowed() as connection:
                yield connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A connection inside a write transaction, committed at the end, rolled back on any error."""
        with self._writer, self.reading() as connection:
            connection.execute("begin immediate")
            try:
                yield connection
                connection.execute("commit")
            finally:
                if connection.in_transaction:
                    connection.execute("rollback")

    def close(self) -> None:
        """Close what is idle; a database in memory is gone then."""
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def _borrowed(self) -> Iterator[sqlite3.Connection]:
        try:
            try:
                connection = self._idle.pop()
            except IndexError:
                connection = self._opened()
            try:
                yield connection
            finally:
                self._idle.append(connection)
        except sqlite3.DatabaseError as error:  # busy, away, full, or no database at all
            raise StoreUnavailable("SQLite", reason=str(error)) from error

    def _opened(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=self._wait_seconds, isolation_level=None, check_same_thread=False
        )
        for pragma in _PRAGMAS:
            connection.execute(f"pragma {pragma}")
        return connection


def _index_statement(index: CompositeIndex) -> str:
    """The partial index that serves what the composite index serves; array fields are left to the scan of the rest."""
    check_segment(index.collection_group, field="collection_group")
    sorted_fields = [(name, direction) for name, direction in index.fields if direction != "array"]
    for name, _ in sorted_fields:
        check_field(name)
    columns = ", ".join(f"json_extract(body, '$.{name}') {direction}" for name, direction in sorted_fields)
    title = "_".join([index.collection_group, *(f"{name}_{direction}" for name, direction in sorted_fields)])
    return (
        f'create index if not exists "by_{title.replace(chr(34), chr(34) * 2)}" '
        f"on docs (collection, {columns}, id {sorted_fields[-1][1]}) "
        f"where collection_group = {sql_text(index.collection_group)}"
    )


def sql_text(text: str) -> str:
    """A literal: a partial index is only used where the query names its condition as one."""
    return "'" + text.replace("'", "''") + "'"
