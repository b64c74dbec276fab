"""The sandbox's state in one SQLite file, so that a restart keeps everything."""

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import orjson

from billing.domain.errors import Unavailable

_TABLES = """
    create table if not exists record (
        id text primary key, account text not null, resource blob not null, hidden blob not null
    );
    create table if not exists clock (only integer primary key check (only = 1), ahead_microseconds integer not null);
"""
_MICROSECOND = timedelta(microseconds=1)


class Kept(Protocol):
    """What the file asks of a record."""

    account: str
    resource: dict[str, Any]
    hidden: dict[str, Any]


class StateFile:
    """Opens or makes the file and keeps every other sandbox off it; used by one thread at a time.

    Unavailable where it is no such file, or another sandbox has it.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0.5)
        try:
            self._connection.execute("pragma locking_mode = exclusive")
            self._connection.execute("pragma journal_mode = wal")
            self._connection.execute("pragma synchronous = normal")
            self._connection.executescript(_TABLES)
        except sqlite3.DatabaseError as error:
            self._connection.close()
            message = f"{path} can't hold a sandbox's state: {error}"
            raise Unavailable(message) from error

    def records(self) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
        """Account, resource and hidden part of every record, in the order they were first written."""
        rows = self._connection.execute("select account, resource, hidden from record order by rowid")
        for account, resource, hidden in rows:
            yield account, orjson.loads(resource), orjson.loads(hidden)

    def ahead(self) -> timedelta | None:
        """How far the clock had been moved; None where the file is new."""
        row = self._connection.execute("select ahead_microseconds from clock").fetchone()
        return None if row is None else timedelta(microseconds=row[0])

    def write(self, changed: Iterable[Kept], *, removed: Iterable[str], ahead: timedelta) -> None:
        """One transaction. A record that is there already keeps its place in the order."""
        rows = [
            (each.resource["id"], each.account, orjson.dumps(each.resource), orjson.dumps(each.hidden))
            for each in changed
        ]
        run = self._connection
        run.execute("begin immediate")
        run.executemany("delete from record where id = ?", [(key,) for key in removed])
        run.executemany(
            "insert into record (id, account, resource, hidden) values (?, ?, ?, ?)"
            " on conflict (id) do update set resource = excluded.resource, hidden = excluded.hidden",
            rows,
        )
        run.execute("insert or replace into clock values (1, ?)", (ahead // _MICROSECOND,))
        run.execute("commit")

    def close(self) -> None:
        """Write what the log still holds and let go of the file."""
        self._connection.close()
