"""A book: everything that a business brings along when it starts to be billed here, checked and ready to be stored.

InvalidInput
└── BookErrors              what is wrong in its files; nothing was written
Conflict
└── BookConflicts           it says other things than what is stored; nothing was written
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from billing.domain.catalog import Plan
from billing.domain.coupon import Coupon
from billing.domain.customer import Customer
from billing.domain.errors import Conflict, InvalidInput
from billing.domain.exchange import ExchangeTable
from billing.domain.sharding import shard_count, shard_of
from billing.domain.subscription import Subscription
from billing.domain.tax import TaxTable
from billing.domain.tenant import Tenant
from billing.domain.usage import UsageEvent

_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """One tenant's book. `notes` says in words what was decided while reading it: from which day it is billed, and why.

    A subscription's `next_billing_at` is set and a customer's `active_subscriptions` counts those with a bill to come.
    `shards_by_size`: nobody said into how many shards it goes, so a tenant that is stored already keeps its own.
    """

    tenant: Tenant
    tax_rates: TaxTable
    plans: tuple[Plan, ...]
    customers: tuple[Customer, ...]
    subscriptions: tuple[Subscription, ...]
    usage: tuple[UsageEvent, ...] = ()
    coupons: tuple[Coupon, ...] = ()
    exchange_rates: ExchangeTable = field(default_factory=ExchangeTable)
    notes: tuple[str, ...] = ()
    shards_by_size: bool = False

    def in_shards_by_size(self) -> "Book":
        """The book in as many shards as suit a new book of its size; a stored tenant's own may take their place."""
        return replace(self.in_shards(shard_count(len(self.subscriptions))), shards_by_size=True)

    def in_shards(self, shards: int) -> "Book":
        """The book with its subscriptions spread over so many shards."""
        if shards == self.tenant.shards:
            return self
        return replace(
            self,
            tenant=replace(self.tenant, shards=shards),
            subscriptions=tuple(
                replace(each, shard=shard_of(each.customer_id, shards=shards)) for each in self.subscriptions
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BookError:
    """One thing that is wrong: `line` counts from 1 (0: the whole file), `column` is a CSV column or a JSON path."""

    file: str
    line: int = 0
    column: str = ""
    message: str

    def __str__(self) -> str:
        """As compilers write it: `usage.csv:14: quantity: expected 0 or more, got '-3'`."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(part for part in (place, self.column, self.message) if part)


class BookErrors(InvalidInput):
    """A book's files break rules. `errors` are the first of them in the order of the files, `count` is all."""

    code: ClassVar[str] = "invalid_book"

    def __init__(self, errors: Sequence[BookError], *, count: int | None = None) -> None:
        self.errors = tuple(errors)
        self.count = len(self.errors) if count is None else count
        super().__init__("book", expected="files without errors", given=self.count)

    def __str__(self) -> str:
        """How many there are, and the first of them."""
        number = "1 error" if self.count == 1 else f"{self.count} errors"
        return _listed(f"the book has {number}; nothing was written", self.errors, count=self.count)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookDifference:
    """One field in which a book and the store differ; both values as text."""

    kind: str
    key: str
    field: str
    stored: str
    given: str

    def __str__(self) -> str:
        """As one line."""
        return f"{self.kind} {self.key}: {self.field}: stored {self.stored}, given {self.given}"


class BookConflicts(Conflict):
    """A book's rows exist with other content. An import adds; it never changes what is stored."""

    code: ClassVar[str] = "book_conflicts"
    retryable: ClassVar[bool] = False

    def __init__(self, differences: Sequence[BookDifference], *, count: int | None = None) -> None:
        self.differences = tuple(differences)
        self.count = len(self.differences) if count is None else count
        number = "1 field" if self.count == 1 else f"{self.count} fields"
        head = f"the book differs from what is stored in {number}; nothing was written"
        super().__init__(_listed(head, self.differences, count=self.count))


def _listed(head: str, parts: Sequence[object], *, count: int) -> str:
    shown = [head, *map(str, parts[:_SHOWN])]
    if count > _SHOWN:
        shown.append(f"and {count - _SHOWN} more")
    return "\n  ".join(shown)
