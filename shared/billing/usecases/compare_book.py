"""Compare a book with what is stored: what is new, what is there already, and what says something else."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, is_dataclass, replace
from typing import Protocol, TypeVar

from billing.domain.book import Book, BookConflicts, BookDifference
from billing.domain.coupon import Coupon
from billing.domain.errors import BillingError, NotFound
from billing.domain.exchange import ExchangeTable
from billing.domain.subscription import Subscription
from billing.domain.tax import OverlappingTaxRates, TaxTable
from billing.ports import Documents
from billing.store.collection import Stored
from billing.store.coupons import Coupons
from billing.store.customers import Customers
from billing.store.plans import PlanVersions
from billing.store.subscriptions import Subscriptions
from billing.store.tenants import Tenants
from billing.store.usage import UsageEvents
from billing.usecases.moved_on import as_moved_on

_PART = 500
_KEPT = 200
_LONGEST_TEXT = 80

# What billing and collecting themselves move on is not the book's to say.
_MOVED_BY_RUNS = frozenset(
    {
        "active_subscriptions",
        "billed_from",
        "card_tries",
        "changed_at",
        "credit_balance",
        "gateway_id",
        "late_bills",
        "late_usage",
        "next_billing_at",
        "pauses",
        "payment_method",
        "payment_method_id",
        "prepaid",
        "recent",
        "status",
        "suspended_at",
        "suspension_reason",
        "suspensions",
        "unbilled",
        "unused",
    }
)


class _Identified(Protocol):
    @property
    def id(self) -> str: ...


T = TypeVar("T")
Row = TypeVar("Row", bound=_Identified)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRows:
    """What of a book is not stored yet: `rows` holds those alone.

    `tenant_is_new` tells whether its settings are; `taxes_read` is the stored table that the book's new rates go into,
    `exchange_read` the same of exchange rates.
    """

    rows: Book
    tenant_is_new: bool
    taxes_read: Stored[TaxTable] | None
    exchange_read: Stored[ExchangeTable] | None = None


def compare_book(documents: Documents, book: Book) -> NewRows:
    """What is new in a book. Raises BookConflicts with every field in which a stored document differs from its row."""
    tenants, tenant_id = Tenants(documents), book.tenant.id
    stored = tenants.find(tenant_id)
    if stored is None:  # an import writes it first: without it there is nothing else
        return NewRows(rows=book, tenant_is_new=True, taxes_read=None)
    if book.shards_by_size:
        book = book.in_shards(stored.shards)
    found = _Differences()
    found.compare("tenant", tenant_id, stored=stored, given=book.tenant)
    taxes_read = tenants.find_taxes(tenant_id)
    exchange_read = tenants.find_exchange(tenant_id) if book.exchange_rates.rates else None
    refs = [plan.ref for plan in book.plans]
    plans = dict(zip(refs, PlanVersions.of(documents, tenant_id).get(refs), strict=True))
    customers, subscriptions = Customers.of(documents, tenant_id), Subscriptions.of(documents, tenant_id)
    rows = replace(
        book,
        tax_rates=found.new_rates(taxes_read, book.tax_rates),
        exchange_rates=found.new_exchange_rates(exchange_read, book.exchange_rates),
        plans=tuple(each for each in book.plans if found.is_new("plan", each.ref, plans[each.ref], each)),
        coupons=tuple(found.new_coupons(book.coupons, Coupons.of(documents, tenant_id))),
        customers=found.new("customer", book.customers, lambda ids: _values(customers.get(ids))),
        subscriptions=found.new("subscription", book.subscriptions, lambda ids: _values(subscriptions.get(ids))),
        usage=found.new("usage", book.usage, UsageEvents.of(documents, tenant_id).get),
    )
    found.raise_if_any()
    return NewRows(rows=rows, tenant_is_new=False, taxes_read=taxes_read, exchange_read=exchange_read)


@dataclass(slots=True)
class _Differences:
    """The fields in which the book and the store differ: the first 200 are kept, all are counted."""

    kept: list[BookDifference] = field(default_factory=list)
    count: int = 0

    def new(self, kind: str, rows: Sequence[Row], read: Callable[[Sequence[str]], Sequence[object]]) -> tuple[Row, ...]:
        """The rows that are not stored; the others are compared."""
        new: list[Row] = []
        for start in range(0, len(rows), _PART):
            part = rows[start : start + _PART]
            stored = read([each.id for each in part])
            new += [each for each, found in zip(part, stored, strict=True) if self.is_new(kind, each.id, found, each)]
        return tuple(new)

    def is_new(self, kind: str, key: str, stored: object, given: object) -> bool:
        """Whether nothing is stored under a key; what is stored is compared. Raises what made it unreadable."""
        if isinstance(stored, NotFound):
            return True
        if isinstance(stored, BillingError):
            raise stored
        if stored is not None:
            self.compare(kind, key, stored=stored, given=given)
        return stored is None

    def compare(self, kind: str, key: str, *, stored: object, given: object) -> None:
        """Keep the fields that differ."""
        if stored == given:
            return
        if isinstance(stored, Subscription) and isinstance(given, Subscription):
            given = as_moved_on(given, stored)
        for name, before, after in _differing(stored, given):
            self._add(BookDifference(kind=kind, key=key, field=name, stored=_text(before), given=_text(after)))

    def new_coupons(self, given: Sequence[Coupon], coupons: Coupons) -> Iterator[Coupon]:
        """The coupons that are not stored; the others are compared."""
        for each, found in zip(given, coupons.get([each.coupon_id for each in given]), strict=True):
            if self.is_new("coupon", each.coupon_id, found, each):
                yield each

    def new_rates(self, stored: Stored[TaxTable] | None, given: TaxTable) -> TaxTable:
        """The rates that are not stored, unless they contradict those that are."""
        known = () if stored is None else stored.value.rates
        new = tuple(rate for rate in given.rates if rate not in known)
        try:
            TaxTable(rates=(*known, *new))
        except OverlappingTaxRates as error:
            before, after = (error.first, error.second) if error.first in known else (error.second, error.first)
            key = f"{after.country} {after.state} {after.name}".replace("  ", " ")
            self.compare("tax rate", key, stored=before, given=after)
        return TaxTable(rates=new)

    def new_exchange_rates(self, stored: Stored[ExchangeTable] | None, given: ExchangeTable) -> ExchangeTable:
        """The exchange rates that are not stored; those of a pair and day that are must say the same."""
        known = {} if stored is None else {(each.base, each.quote, each.on): each for each in stored.value.rates}
        new = []
        for each in given.rates:
            before = known.get((each.base, each.quote, each.on))
            if self.is_new("exchange rate", f"{each.base} to {each.quote} of {each.on}", before, each):
                new.append(each)
        return ExchangeTable(rates=tuple(new))

    def raise_if_any(self) -> None:
        """BookConflicts, unless all is equal."""
        if self.count:
            raise BookConflicts(self.kept, count=self.count)

    def _add(self, difference: BookDifference) -> None:
        self.count += 1
        if len(self.kept) < _KEPT:
            self.kept.append(difference)


def _values(found: Sequence[Stored[T] | None]) -> list[T | None]:
    return [None if each is None else each.value for each in found]


def _differing(stored: object, given: object, *, at: str = "") -> Iterator[tuple[str, object, object]]:
    """The smallest parts that differ, by dotted path."""
    if stored == given:
        return
    if is_dataclass(stored) and is_dataclass(given) and type(stored) is type(given):
        for each in fields(stored):
            if each.compare and each.name not in _MOVED_BY_RUNS:
                name = f"{at}.{each.name}" if at else each.name
                yield from _differing(getattr(stored, each.name), getattr(given, each.name), at=name)
    elif isinstance(stored, tuple) and isinstance(given, tuple) and len(stored) == len(given):
        for index, (before, after) in enumerate(zip(stored, given, strict=True)):
            yield from _differing(before, after, at=f"{at}[{index}]")
    else:
        yield at, stored, given


def _text(value: object) -> str:
    if isinstance(value, tuple):
        value = ", ".join([str(getattr(each, "id", each)) for each in value])
    text = str(value) if value not in (None, "") else "nothing"
    return text if len(text) <= _LONGEST_TEXT else text[: _LONGEST_TEXT - 3] + "..."
