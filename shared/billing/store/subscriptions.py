"""Subscriptions: found when they are due, moved on in the commit that invoices them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import orjson

from billing.domain.subscription import Subscription
from billing.ports import Create, Delete, Document, Documents, Fields, Filter, Order, Put, Query, Update
from billing.store.all_of import all_of
from billing.store.codec import converter, decode, encode, instant, instant_text
from billing.store.collection import Collection, Stored
from billing.store.marks import MARK, mark_of

RECURRING: Final = ("customer_id", "end", "items", "pauses", "phases", "trial_start")
"""What recurring prices rest on: a write of any of these writes the mark as well."""

DueCursor = tuple[datetime, str, str]
"""The place in the due order: next_billing_at, customer, subscription."""


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """The tenant's subscriptions by id."""

    collection: Collection

    @classmethod
    def of(cls, documents: Documents, tenant_id: str) -> "Subscriptions":
        """The subscriptions of one tenant."""
        return cls(Collection(documents, tenant_id, "subscriptions"))

    def creation(self, subscription: Subscription) -> Create:
        """The write of a new subscription."""
        return Create(self.collection.document(subscription.id), subscription_fields(subscription))

    def path(self, subscription_id: str) -> str:
        """The path of a subscription, whether it exists or not."""
        return self.collection.document(subscription_id)

    def get(self, subscription_ids: Sequence[str]) -> list[Stored[Subscription] | None]:
        """The subscriptions of these ids, in order; None where there is none."""
        return [None if each is None else _stored(each) for each in self.collection.get(subscription_ids)]

    def zone_of(self, subscription_id: str, *, default: str) -> str:
        """The time zone of a subscription's days; the `default` where there is none."""
        [found] = self.get([subscription_id])
        return default if found is None else found.value.zone

    def of_customer(self, customer_id: str) -> list[Stored[Subscription]]:
        """Every subscription of a customer, by id."""
        query = Query(self.collection.path, filters=(Filter("customer_id", "==", customer_id),))
        return [_stored(each) for each in self.collection.documents.query(query)]

    def all(self) -> Iterator[Stored[Subscription]]:
        """All subscriptions by id, read page by page."""
        return (_stored(each) for each in all_of(self.collection.documents, Query(self.collection.path)))

    def not_over(self, since: datetime | None) -> tuple[Query, ...]:
        """What finds the subscriptions without an end, or with one after a UTC instant; all where it is None."""
        path = self.collection.path
        if since is None:
            return (Query(path),)
        ending = Query(path, filters=(Filter("end", ">", instant_text(since)),), order=(Order("end"),))
        return Query(path, filters=(Filter("end", "==", None),)), ending

    def due(self, *, as_of: datetime, shard: int, limit: int, after: DueCursor | None = None) -> list[Document]:
        """A page of what is due at a UTC instant, oldest first, then by customer; documents still to be decoded.

        Decoding is left to the caller, so that one broken document does not hide the rest of the page.
        """
        return self.collection.documents.query(self._due(as_of=as_of, shard=shard, limit=limit, after=after))

    def count_due(self, *, as_of: datetime, shard: int, at_most: int) -> int:
        """How many subscriptions of a shard are due at a UTC instant, counted no further than `at_most`."""
        return self.collection.documents.count(self._due(as_of=as_of, shard=shard, limit=at_most))

    def phases_changed(self, before: Stored[Subscription], after: Subscription) -> Update:
        """The write of a subscription's phases, expecting that it did not change since it was read."""
        fields: Fields = {"phases": converter().unstructure(after.phases), MARK: subscription_mark(encode(after))}
        return Update(self.collection.document(after.id), fields, expected=before.version)

    def moved_on(self, before: Stored[Subscription], after: Subscription) -> Update:
        """The write that moves a subscription to its next bill, expecting that it did not change since it was read."""
        fields: Fields = {
            "next_billing_at": after.next_billing_at,
            "status": after.status.value,
            "prepaid": converter().unstructure(after.prepaid),
        }
        for name in ("discounts", "one_time", "late_usage", "recent", "late_bills", "unbilled"):
            if (value := getattr(after, name)) != getattr(before.value, name):
                fields[name] = converter().unstructure(value)
        return Update(self.collection.document(after.id), fields, expected=before.version)

    def replaced(self, before: Stored[Subscription], after: Subscription) -> Put:
        """The write of a whole subscription, expecting that it did not change since it was read."""
        return Put(self.collection.document(after.id), subscription_fields(after), expected=before.version)

    def removal(self, subscription: Stored[Subscription]) -> Delete:
        """The write that takes a subscription away whose only bill was a draft, as it was read."""
        return Delete(self.collection.document(subscription.value.id), expected=subscription.version)

    def marked_late(self, before: Stored[Subscription], after: Subscription) -> Update:
        """The write that names roll-ups with late usage, and makes a subscription due again that had its last bill."""
        fields: Fields = {
            "next_billing_at": after.next_billing_at,
            "status": after.status.value,
            "late_usage": [*after.late_usage],
            "late_bills": after.late_bills,
        }
        return Update(self.collection.document(after.id), fields, expected=before.version)

    def _due(self, *, as_of: datetime, shard: int, limit: int, after: DueCursor | None = None) -> Query:
        """In one order always: one index serves both the page and the count."""
        return Query(
            self.collection.path,
            filters=(Filter("shard", "==", shard), Filter("next_billing_at", "<=", as_of)),
            order=(Order("next_billing_at"), Order("customer_id")),
            limit=limit,
            start_after=after,
        )


def due_key(document: Document) -> DueCursor:
    """The place of a document in the due order, readable even where the rest of it is broken."""
    fields = document.fields
    return instant(fields["next_billing_at"]), str(fields["customer_id"]), document.id


def decode_subscription(document: Document) -> Stored[Subscription]:
    """A subscription and the version it was read at."""
    return _stored(document)


def subscription_fields(subscription: Subscription) -> Fields:
    """A subscription as a document; `next_billing_at` is an instant, as the due query compares it."""
    fields = encode(subscription)
    fields[MARK] = subscription_mark(fields)
    fields["next_billing_at"] = subscription.next_billing_at
    return fields


def subscription_mark(fields: Fields) -> int:
    """The mark of an encoded subscription: another one whenever its recurring prices, customer or life are others."""
    return mark_of(fields["id"], orjson.dumps([fields.get(name) for name in RECURRING]))


def _stored(document: Document) -> Stored[Subscription]:
    return Stored(decode(document.fields, Subscription), document.version)
