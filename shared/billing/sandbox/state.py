"""Everything the sandbox knows: Stripe's objects and what belongs to them but is never shown."""

from collections import defaultdict
from dataclasses import dataclass, field
from random import Random
from string import ascii_letters, digits
from typing import Any, TypeAlias

from billing.sandbox.clock import SandboxClock
from billing.sandbox.state_file import StateFile

Resource: TypeAlias = dict[str, Any]
"""One object of Stripe's API, as it goes out as JSON."""

ALL_ACCOUNTS = "*"
_ALPHABET = (ascii_letters + digits).encode()
_LETTERS = bytes(_ALPHABET[byte % len(_ALPHABET)] for byte in range(256))


@dataclass(slots=True)
class Record:
    """A resource, whose it is, and what is kept beside it: a card's number, the session an intent came from."""

    account: str
    resource: Resource
    hidden: dict[str, Any] = field(default_factory=dict)


class State:
    """All records by id and, per account and kind, in the order they came; `commit` makes a request's changes last.

    One thread uses it, one request after another, so a request is atomic; what it changed goes into the file in one
    transaction, or is lost as a whole when the sandbox is killed.
    """

    def __init__(self, *, clock: SandboxClock, random: Random, file: StateFile | None = None) -> None:
        self.clock = clock
        self.random = random
        self._file = file
        self._records: dict[str, Record] = {}
        self._order: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        self._changed: dict[str, Record] = {}
        self._removed: set[str] = set()
        self.pending: dict[str, Resource] = {}  # the deliveries that are still to be made, oldest first
        for account, resource, hidden in file.records() if file else ():
            self._keep(Record(account, resource, hidden))
            if resource["object"] == "_delivery" and resource["status"] == "pending":
                self.pending[resource["id"]] = resource

    @property
    def has_changes(self) -> bool:
        """Whether anything was written since the last commit."""
        return bool(self._changed or self._removed)

    def add(self, record: Record) -> None:
        """A new record; its resource has an id that no other has."""
        self._keep(record)
        self._changed[record.resource["id"]] = record

    def get(self, key: str) -> Record | None:
        """The record of an id, of whatever account."""
        return self._records.get(key)

    def touch(self, key: str) -> None:
        """A record was changed in place."""
        self._changed[key] = self._records[key]

    def remove(self, key: str) -> None:
        """Forget a record."""
        record = self._records.pop(key)
        self._order[record.account, record.resource["object"]].remove(key)
        self._changed.pop(key, None)
        self._removed.add(key)

    def of_kind(self, account: str, kind: str) -> list[Resource]:
        """An account's resources of one kind, oldest first."""
        return [self._records[key].resource for key in self._order[account, kind]]

    def everyones(self, kind: str) -> list[Record]:
        """All accounts' records of one kind."""
        return [self._records[key] for (_, of), keys in self._order.items() if of == kind for key in keys]

    def new_id(self, prefix: str, *, length: int = 24) -> str:
        """An id that can't be guessed, the way Stripe writes them."""
        return f"{prefix}_{self.random.randbytes(length).translate(_LETTERS).decode()}"

    def commit(self) -> None:
        """Write what changed, all or nothing."""
        if self._file and self.has_changes:
            self._file.write(self._changed.values(), removed=self._removed, ahead=self.clock.ahead)
        self._changed.clear()
        self._removed.clear()

    def commit_clock(self) -> None:
        """Write how far the time was moved."""
        if self._file:
            self._file.write((), removed=(), ahead=self.clock.ahead)

    def _keep(self, record: Record) -> None:
        key = record.resource["id"]
        self._records[key] = record
        self._order[record.account, record.resource["object"]].append(key)
