"""Write what is new in a book, in commits that each stand alone: a killed import goes on where it stopped.

Settings come first, then usage, then customers with their subscriptions: what a subscription needs is there before it.
Both are written shard by shard, as runs read them: what one page needs then lies together in a store's file.
A customer's count of subscriptions changes in the commit that writes them, so that it can't be counted twice.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import attrgetter
from typing import TypeAlias

from billing.domain.audit import AuditRecord
from billing.domain.book import Book
from billing.domain.customer import Customer
from billing.domain.exchange import ExchangeTable
from billing.domain.subscription import Subscription
from billing.domain.tax import TaxTable
from billing.domain.usage import UsageEvent
from billing.ports import Create, Documents, Write
from billing.store.audit import AuditLog
from billing.store.coupons import Coupons
from billing.store.customers import Customers
from billing.store.plans import PlanVersions
from billing.store.subscriptions import Subscriptions
from billing.store.tenants import Tenants
from billing.usecases.compare_book import NewRows
from billing.usecases.usage_writes import MeteredEvent, UsageWriter

Progress: TypeAlias = Callable[[str, int, int], None]

_A_COMMIT = 300
_A_SLICE = 10_000
_OF_ONE_CUSTOMER = 200
_IN_ORDER = attrgetter("subscription_id", "meter", "occurred_at")

_Counted: TypeAlias = tuple[str, Write]
"""A write and the kind that the report counts it as ("": it changes what is counted already)."""


@dataclass(frozen=True, slots=True)
class BookWriter:
    """Writes into one store; `created` counts by kind what its commits really wrote."""

    documents: Documents
    recorded_at: datetime
    actor: str
    progress: Progress
    created: Counter[str]

    def write(self, book: Book, new: NewRows) -> None:
        """Write what is new. Raises WriteConflict where somebody else wrote a part of it meanwhile."""
        self._write_settings(book, new)
        self._write_usage(book, new.rows.usage)
        self._write_accounts(book.tenant.id, new.rows)

    def _write_settings(self, book: Book, new: NewRows) -> None:
        tenants, plans = Tenants(self.documents), PlanVersions.of(self.documents, book.tenant.id)
        writes: list[_Counted] = []
        if new.tenant_is_new:
            writes.append(("tenant", tenants.creation(book.tenant)))
        if new.rows.tax_rates.rates:
            writes.append(("", _taxes(tenants, book.tenant.id, new)))
        if new.rows.exchange_rates.rates:
            writes.append(("", _exchange(tenants, book.tenant.id, new)))
        writes += [("plans", plans.publication(plan)) for plan in new.rows.plans]
        coupons = Coupons.of(self.documents, book.tenant.id)
        writes += [("coupons", coupons.publication(coupon)) for coupon in new.rows.coupons]
        self._commit_all(book.tenant.id, [[each] for each in writes], what="settings")
        self.created["tax_rates"] += len(new.rows.tax_rates.rates)
        self.created["exchange_rates"] += len(new.rows.exchange_rates.rates)

    def _write_usage(self, book: Book, events: Sequence[UsageEvent]) -> None:
        """Usage of a book is kept for ever under its ids: a book may be imported again in ten years."""
        writer = UsageWriter.of(
            self.documents,
            book.tenant.id,
            expires_at=lambda _event: None,
            recorded_at=self.recorded_at,
            actor=self.actor,
        )
        shards = {each.id: each.shard for each in book.subscriptions}
        ordered = sorted(events, key=lambda each: (shards[each.subscription_id], *_IN_ORDER(each)))
        metered = _metering(book)
        done = 0

        def advance(count: int) -> None:
            nonlocal done
            done += count
            self.progress("usage", done, len(ordered))

        for start in range(0, len(ordered), _A_SLICE):
            part = [metered(each) for each in ordered[start : start + _A_SLICE]]
            written = writer.write(part, progress=advance)
            for error in written.refused.values():
                raise error
            self.created["usage"] += len(part) - len(written.known)

    def _write_accounts(self, tenant_id: str, rows: Book) -> None:
        customers = Customers.of(self.documents, tenant_id)
        subscriptions = Subscriptions.of(self.documents, tenant_id)
        new = {each.id: each for each in rows.customers}
        theirs: dict[str, list[Subscription]] = defaultdict(list)
        for each in rows.subscriptions:
            theirs[each.customer_id].append(each)
        units = [
            unit
            for customer_id in sorted({**new, **theirs}, key=lambda each: theirs[each][0].shard if theirs[each] else 0)
            for unit in _account(customers, subscriptions, customer_id, new.get(customer_id), theirs[customer_id])
        ]
        self._commit_all(tenant_id, units, what="customers")

    def _commit_all(self, tenant_id: str, units: Sequence[Sequence[_Counted]], *, what: str) -> None:
        """Commit the units, as many at once as fit, each with the audit record of what it adds; a unit never parts."""
        total, done = sum(map(len, units)), 0
        for writes in _packed(units):
            created = [write for _, write in writes if isinstance(write, Create)]
            self.documents.commit([*[write for _, write in writes], self._audit(tenant_id, created)])
            self.created.update(kind for kind, _ in writes if kind)
            done += len(writes)
            self.progress(what, done, total)

    def _audit(self, tenant_id: str, created: Sequence[Create]) -> Write:
        """Of all documents with these paths only one commit can stand, so they give the batch its id."""
        paths = "\n".join(each.path for each in created)
        records = (
            AuditRecord(
                entity=each.path.removeprefix(f"tenants/{tenant_id}/"),
                event="book.imported",
                actor=self.actor,
                at=self.recorded_at,
                before="",
                after=str(each.fields.get("status") or each.fields.get("digest", "")),
                reason="import of a book",
                request_id="",
            )
            for each in created
        )
        batch_id = f"import-{hashlib.sha256(paths.encode()).hexdigest()[:16]}"
        return AuditLog.of(self.documents, tenant_id).batch(records, batch_id=batch_id, recorded_at=self.recorded_at)


def _taxes(tenants: Tenants, tenant_id: str, new: NewRows) -> Write:
    """The stored rates and the new ones as one table, over exactly what was read."""
    read = new.taxes_read
    if read is None:
        put = tenants.saving_taxes(tenant_id, new.rows.tax_rates)
        return Create(put.path, put.fields)
    table = TaxTable(rates=(*read.value.rates, *new.rows.tax_rates.rates))
    return tenants.saving_taxes(tenant_id, table, expected=read.version)


def _exchange(tenants: Tenants, tenant_id: str, new: NewRows) -> Write:
    """The stored exchange rates and the new ones as one table, over exactly what was read."""
    read = new.exchange_read
    if read is None:
        put = tenants.saving_exchange(tenant_id, new.rows.exchange_rates)
        return Create(put.path, put.fields)
    table = ExchangeTable(rates=(*read.value.rates, *new.rows.exchange_rates.rates))
    return tenants.saving_exchange(tenant_id, table, expected=read.version)


def _metering(book: Book) -> Callable[[UsageEvent], MeteredEvent]:
    """How each event of a book is kept: by its subscription's plan at that time."""
    subscriptions = {each.id: each for each in book.subscriptions}
    plans = {plan.ref: {charge.meter: charge.aggregation for charge in plan.metered} for plan in book.plans}

    def metered(event: UsageEvent) -> MeteredEvent:
        subscription = subscriptions[event.subscription_id]
        phase = subscription.phase_at(max(event.occurred_at, subscription.start))
        return MeteredEvent(event=event, aggregation=plans[phase.plan][event.meter], subscription=subscription)

    return metered


def _account(
    customers: Customers,
    subscriptions: Subscriptions,
    customer_id: str,
    customer: Customer | None,
    theirs: Sequence[Subscription],
) -> Iterator[list[_Counted]]:
    """What is new of one customer, in units that are written at once: subscriptions together with their count."""
    for start in range(0, max(len(theirs), 1), _OF_ONE_CUSTOMER):
        part = theirs[start : start + _OF_ONE_CUSTOMER]
        billed = sum(each.next_billing_at is not None for each in part)
        unit: list[_Counted] = [("subscriptions", subscriptions.creation(each)) for each in part]
        if customer is not None and start == 0:
            unit.append(("customers", customers.creation(replace(customer, active_subscriptions=billed))))
        elif billed:
            unit.append(("", customers.subscriptions_added(customer_id, billed)))
        yield unit


def _packed(units: Sequence[Sequence[_Counted]]) -> Iterator[list[_Counted]]:
    """Whole units of different documents, together about a commit's worth."""
    pack: list[_Counted] = []
    paths: set[str] = set()
    for unit in units:
        own = {write.path for _, write in unit}
        if pack and (len(pack) + len(unit) > _A_COMMIT or paths & own):
            yield pack
            pack, paths = [], set()
        pack += unit
        paths |= own
    if pack:
        yield pack
