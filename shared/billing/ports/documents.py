"""What the billing engine asks of the outside: documents, objects, time and secrets, with the errors they may raise.

InvalidInput
├── InvalidDocument         a path, a value or a query that no adapter stores or runs
├── DocumentTooLarge        one document above Firestore's 1 MiB
└── CommitTooLarge          one commit above 4 MiB: split it
Conflict
├── WriteConflict           a precondition of a commit failed; nothing of it was written
└── ObjectExists            other bytes stand under that key already
Unavailable
└── StoreUnavailable        the store did not answer; whether a commit took place is then unknown
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Literal, Protocol, TypeAlias

from billing.domain.errors import Conflict, InvalidInput, Unavailable

Value: TypeAlias = "bool | int | str | datetime | list[Value] | dict[str, Value] | None"
"""What a field may hold. Integers fit 64 bit; instants are aware UTC and stand at the top level of a document only
(a nested one is ISO text); a list never holds a list. No float, no Decimal: amounts are minor units, rates are text."""

Fields: TypeAlias = dict[str, Value]
Operator: TypeAlias = Literal["==", "<", "<=", ">", ">=", "in", "array_contains", "array_contains_any"]


@dataclass(frozen=True, slots=True)
class Document:
    """One stored document. `version` is opaque: equal versions mean equal content, nothing else can be told from it."""

    path: str
    fields: Fields
    version: str

    @property
    def id(self) -> str:
        """The last segment of the path."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Create:
    """Write a document that must not exist yet."""

    path: str
    fields: Fields


@dataclass(frozen=True, slots=True)
class Put:
    """Write the whole document, whatever stood there; with `expected`, only over exactly that version."""

    path: str
    fields: Fields
    expected: str | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """Replace or add top-level fields of a document that must exist, and add `increments` to integer fields.

    An increment of a field that is missing or no integer sets it; sums stop at the ends of 64 bit.
    """

    path: str
    fields: Fields = field(default_factory=dict)
    expected: str | None = None
    increments: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove a document; one that is missing is fine unless a version is expected."""

    path: str
    expected: str | None = None


Write: TypeAlias = Create | Put | Update | Delete


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on a top-level field. It holds only for values of the same type as `value`.

    `in` and `array_contains_any` take a list of 1 to 30 scalars, the latter no instants; the ranges take an integer,
    text or an instant; `==` takes None as well.
    """

    field: str
    op: Operator
    value: Value


@dataclass(frozen=True, slots=True)
class Order:
    """Sort by a top-level field: integers by size, instants by time, text by its UTF-8 bytes, null before all."""

    field: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """Documents of one collection (`tenants/acme/invoices`).

    Only documents that have every filter and order field answer. Range filters stand on one field, which is then the
    first of `order` (and its whole order where none is given). The document id is always the last tie-break, in the
    direction of the last order. `start_after` holds the value of every order field and then the id. `fields` projects.
    """

    collection: str
    filters: tuple[Filter, ...] = ()
    order: tuple[Order, ...] = ()
    limit: int | None = None
    start_after: tuple[Value, ...] | None = None
    fields: tuple[str, ...] | None = None


class Documents(Protocol):
    """The document store. Every method may raise StoreUnavailable, and InvalidDocument for what it refuses to take."""

    def get_many(self, paths: Sequence[str], *, fields: Sequence[str] | None = None) -> list[Document | None]:
        """The documents at `paths` in the order asked, None where none stands; `fields` projects."""
        ...

    def query(self, query: Query) -> list[Document]:
        """The documents that match, sorted, from after the cursor, up to the limit."""
        ...

    def count(self, query: Query) -> int:
        """How many documents `query` returns."""
        ...

    def sum(self, query: Query, *, field: str) -> int:
        """The sum of an integer field over what `query` returns; documents without it add nothing."""
        ...

    def check(self, writes: Sequence[Write]) -> None:
        """InvalidDocument, DocumentTooLarge or CommitTooLarge where `commit` would refuse what is to be written.

        Nothing is read or written, so preconditions are not looked at, nor how large a document grows by an Update.
        """
        ...

    def commit(self, writes: Sequence[Write]) -> list[str]:
        """Do all writes or none, each path at most once; the new version of each ("" for a Delete).

        Raises WriteConflict where a precondition does not hold, DocumentTooLarge and CommitTooLarge. After
        StoreUnavailable the outcome is unknown: read again. A store that lost the answer may repeat a commit with a
        Create in it, or with a version expected in every write: a WriteConflict can mean that this very commit stands.
        """
        ...


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object that stands: its key, size in bytes and SHA-256 in hex; `created` is False where it stood before."""

    key: str
    size: int
    sha256: str
    created: bool


class Objects(Protocol):
    """The object store: PDFs, e-invoices, exports. Every method may raise StoreUnavailable."""

    def put_new(self, key: str, body: bytes, *, content_type: str) -> StoredObject:
        """Write only if absent. The same bytes there already are fine; other bytes raise ObjectExists."""
        ...

    def get(self, key: str) -> bytes:
        """The bytes under `key`; NotFound if there are none."""
        ...

    def exists(self, key: str) -> bool:
        """Whether anything stands under `key`."""
        ...

    def delete(self, key: str) -> None:
        """Remove what stands under `key`; nothing there is fine."""
        ...


class Clock(Protocol):
    """The time of day, given to whoever needs it."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationCounts:
    """What a piece of work asked of the stores, in the units that are billed.

    Documents read, written and deleted; queries sent; objects written.
    """

    reads: int = 0
    writes: int = 0
    deletes: int = 0
    queries: int = 0
    objects: int = 0

    def __add__(self, other: "OperationCounts") -> "OperationCounts":
        """Both together."""
        return OperationCounts(
            reads=self.reads + other.reads,
            writes=self.writes + other.writes,
            deletes=self.deletes + other.deletes,
            queries=self.queries + other.queries,
            objects=self.objects + other.objects,
        )

    def __sub__(self, other: "OperationCounts") -> "OperationCounts":
        """What came on top of an earlier count."""
        return OperationCounts(
            reads=self.reads - other.reads,
            writes=self.writes - other.writes,
            deletes=self.deletes - other.deletes,
            queries=self.queries - other.queries,
            objects=self.objects - other.objects,
        )


@dataclass(frozen=True, slots=True)
class CompositeIndex:
    """An index over several fields of every collection with this last segment, equality fields first.

    One that is `needed_to_add_up` alone is what Firestore asks for before it sums a field; SQLite sums without it.
    """

    collection_group: str
    fields: tuple[tuple[str, Literal["asc", "desc", "array"]], ...]
    needed_to_add_up: bool = False


class InvalidDocument(InvalidInput):
    """A path, value or query outside of what every store takes."""

    code: ClassVar[str] = "invalid_document"


class DocumentTooLarge(InvalidInput):
    """A document above 1 MiB as Firestore counts it."""

    code: ClassVar[str] = "document_too_large"

    def __init__(self, path: str) -> None:
        super().__init__("document", expected="at most 1,048,576 bytes as Firestore counts them", given=path)


class CommitTooLarge(InvalidInput):
    """A commit whose encoded size is above what one request may carry."""

    code: ClassVar[str] = "commit_too_large"

    def __init__(self, *, size: int, limit: int) -> None:
        super().__init__("commit", expected=f"at most {limit} bytes, else split", given=size)


class WriteConflict(Conflict):
    """A precondition of a commit failed. `path` is the document, None where the store does not say which.

    Its sentence names the document as the audit log does, without the place where the tenant's are kept.
    """

    code: ClassVar[str] = "write_conflict"

    def __init__(self, path: str | None, *, reason: str) -> None:
        self.path, self.reason = path, reason
        entity = re.sub("^tenants/[^/]+/", "", path) if path else "a document of the commit"
        super().__init__(f"{entity}: {reason}; nothing was written")


class StoreUnavailable(Unavailable):
    """A store did not answer. `reason` is its own word for it."""

    code: ClassVar[str] = "store_unavailable"

    def __init__(self, store: str, *, reason: str) -> None:
        self.store = store
        self.reason = reason
        super().__init__(f"{store} did not answer: {reason}")


class ObjectExists(Conflict):
    """Other bytes stand under the key."""

    code: ClassVar[str] = "object_exists"
    retryable: ClassVar[bool] = False

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"object {key!r} exists with other content")
