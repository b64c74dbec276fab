"""Documents in a SQLite file: the store of a laptop, a small installation and most tests."""

# ruff: noqa: S608 - column and field names in the SQL are constants or checked plain names; values are bound

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias, assert_never

from billing.adapters.document_rules import LARGEST_INTEGER, SMALLEST_INTEGER, check_writes
from billing.adapters.json_body import decode_body, encode_body
from billing.adapters.query_rules import check_field, check_sum, checked_sum
from billing.adapters.sqlite_connections import SqliteConnections
from billing.adapters.sqlite_queries import selection
from billing.ports import (
    CommitTooLarge,
    CompositeIndex,
    Create,
    Delete,
    Document,
    Fields,
    Put,
    Query,
    Update,
    Write,
    WriteConflict,
)
from billing.ports.trace import span
from billing.store.paths import split_document_path

_LARGEST_COMMIT = 4 * 1024 * 1024
_PATHS_A_STATEMENT = 500
_PUT = """insert into docs (collection, id, collection_group, version, body) values (?, ?, ?, ?, ?)
    on conflict do update set version = excluded.version, body = excluded.body"""
_CREATE = (
    "insert into docs (collection, id, collection_group, version, body) values (?, ?, ?, ?, ?) on conflict do nothing"
)
_REPLACE = "update docs set version = ?, body = ? where collection = ? and id = ? and version = ?"


class SqliteDocuments:
    """The Documents port over one file, or ":memory:". Threads share an instance, processes share the file.

    A partial index is made for each of `indexes`; one with a single field is what Firestore keeps by itself.
    """

    def __init__(self, path: str | Path, *, indexes: Sequence[CompositeIndex] = (), wait_seconds: float = 30.0) -> None:
        self._connections = SqliteConnections(str(path), indexes=indexes, wait_seconds=wait_seconds)

    def close(self) -> None:
        """Close the connections; documents in memory are gone."""
        self._connections.close()

    def get_many(self, paths: Sequence[str], *, fields: Sequence[str] | None = None) -> list[Document | None]:
        """The documents in the order asked, None where none stands."""
        for name in fields or ():
            check_field(name)
        wanted = _by_collection(dict.fromkeys(paths))
        with self._connections.reading() as connection:
            found = {
                document.path: document
                for collection, ids in wanted.items()
                for document in _documents(collection, _rows(connection, collection, ids), fields=fields)
            }
        return [found.get(path) for path in paths]

    def query(self, query: Query) -> list[Document]:
        """The documents that match, sorted."""
        chosen = selection(query)
        with self._connections.reading() as connection:
            rows = connection.execute(f"select id, body, version from docs {chosen.sql}", chosen.bound).fetchall()
        return _documents(query.collection, rows, fields=query.fields)

    def count(self, query: Query) -> int:
        """How many documents match."""
        chosen = selection(query)
        with self._connections.reading() as connection:
            return _number(connection, f"select count(*) from (select 1 from docs {chosen.sql})", chosen.bound)

    def sum(self, query: Query, *, field: str) -> int:
        """The sum of an integer field; other values in it count as nothing."""
        check_sum(query, field=field)
        chosen = selection(query)
        values = f"""select case json_type(body, '$.{field}') when 'integer' then json_extract(body, '$.{field}') end
            as amount from docs {chosen.sql}"""
        halves = f"select coalesce(sum(amount >> 32), 0), coalesce(sum(amount & 4294967295), 0) from ({values})"
        with self._connections.reading() as connection:
            high, low = connection.execute(halves, chosen.bound).fetchone()
        return checked_sum((high << 32) + low, field=field)

    def check(self, writes: Sequence[Write]) -> None:
        """Refuse what no commit takes."""
        _encoded(writes)

    @span("store.commit")
    def commit(self, writes: Sequence[Write]) -> list[str]:
        """Do all writes or none; the new versions."""
        bodies = _encoded(writes)
        with self._connections.writing() as connection:
            connection.execute("update commits set number = number + 1")
            version = _number(connection, "select number from commits", [])
            stored = _stored(connection, [write for write in writes if isinstance(write, Update)])
            for write, body in zip(writes, bodies, strict=True):
                if isinstance(write, Update):
                    _update(connection, write, stored=stored.get(write.path), version=version)
                else:
                    _apply(connection, write, body=body, version=version)
        return ["" if isinstance(write, Delete) else str(version) for write in writes]


def _encoded(writes: Sequence[Write]) -> list[str]:
    """The body of each document that is written whole, "" for the other writes."""
    check_writes(writes)
    bodies = [encode_body(write.path, write.fields) if isinstance(write, Create | Put) else "" for write in writes]
    size = sum(map(len, bodies))
    if size > _LARGEST_COMMIT:
        raise CommitTooLarge(size=size, limit=_LARGEST_COMMIT)
    return bodies


_Row: TypeAlias = tuple[str, str, int]
"""Id, body and version of a document."""


def _by_collection(paths: Iterable[str]) -> dict[str, list[str]]:
    """The ids of each collection; InvalidDocument for what is no path of a document."""
    ids: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        collection, document_id = split_document_path(path)
        ids[collection].append(document_id)
    return ids


def _rows(connection: sqlite3.Connection, collection: str, ids: Sequence[str]) -> Iterator[_Row]:
    for start in range(0, len(ids), _PATHS_A_STATEMENT):
        part = ids[start : start + _PATHS_A_STATEMENT]
        sql = f"select id, body, version from docs where collection = ? and id in ({', '.join('?' * len(part))})"
        yield from connection.execute(sql, (collection, *part)).fetchall()


def _documents(collection: str, rows: Iterable[_Row], *, fields: Sequence[str] | None) -> list[Document]:
    documents = (Document(f"{collection}/{name}", decode_body(body), str(version)) for name, body, version in rows)
    if fields is None:
        return list(documents)
    return [Document(found.path, _projected(found.fields, fields), found.version) for found in documents]


def _projected(whole: Fields, fields: Sequence[str]) -> Fields:
    return {name: whole[name] for name in fields if name in whole}


def _number(connection: sqlite3.Connection, sql: str, bound: Sequence[str | int]) -> int:
    return int(connection.execute(sql, bound).fetchone()[0])


def _apply(connection: sqlite3.Connection, write: Create | Put | Delete, *, body: str, version: int) -> None:
    collection, _, document_id = write.path.rpartition("/")
    row = (collection, document_id, collection.rpartition("/")[2], version, body)
    match write:
        case Create():
            if not connection.execute(_CREATE, row).rowcount:
                raise WriteConflict(write.path, reason="it exists already")
        case Put(expected=None):
            connection.execute(_PUT, row)
        case Put(expected=expected):
            key = (collection, document_id, _stored_version(expected, path=write.path))
            _expect_one(connection.execute(_REPLACE, (version, body, *key)), path=write.path)
        case Delete(expected=None):
            connection.execute("delete from docs where collection = ? and id = ?", (collection, document_id))
        case Delete(expected=expected):
            key = (collection, document_id, _stored_version(expected, path=write.path))
            sql = "delete from docs where collection = ? and id = ? and version = ?"
            _expect_one(connection.execute(sql, key), path=write.path)
        case _:
            assert_never(write)


def _stored(connection: sqlite3.Connection, updates: Sequence[Update]) -> dict[str, tuple[str, int]]:
    """Body and version of each document that is to be changed, by path."""
    return {
        f"{collection}/{name}": (body, version)
        for collection, ids in _by_collection([write.path for write in updates]).items()
        for name, body, version in _rows(connection, collection, ids)
    }


def _update(connection: sqlite3.Connection, write: Update, *, stored: tuple[str, int] | None, version: int) -> None:
    if stored is None:
        raise WriteConflict(write.path, reason="it does not exist")
    body, before = stored
    if write.expected is not None and write.expected != str(before):
        raise WriteConflict(write.path, reason="it has changed")
    fields = decode_body(body) | write.fields
    for name, amount in write.increments.items():
        value = fields.get(name)
        start = value if isinstance(value, int) and not isinstance(value, bool) else 0
        fields[name] = min(max(start + amount, SMALLEST_INTEGER), LARGEST_INTEGER)
    collection, _, document_id = write.path.rpartition("/")
    connection.execute(_REPLACE, (version, encode_body(write.path, fields), collection, document_id, before))


def _stored_version(expected: str | None, *, path: str) -> int:
    if expected is None or not expected.isdecimal():
        raise WriteConflict(path, reason="the expected version is none of this store's")
    return int(expected)


def _expect_one(cursor: sqlite3.Cursor, *, path: str) -> None:
    if cursor.rowcount != 1:
        raise WriteConflict(path, reason="it has changed or is gone")
