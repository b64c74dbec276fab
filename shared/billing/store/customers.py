"""Customers: read with every page of a run, counted by the server."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from billing.domain.customer import CardTry, Customer
from billing.domain.customer_preferences import CustomerPreferences
from billing.domain.suspension import restored
from billing.ports import Create, Documents, Fields, Filter, Query, Update
from billing.store.all_of import all_of
from billing.store.codec import converter, decode, encode, instant_text
from billing.store.collection import Collection, Stored


@dataclass(frozen=True, slots=True)
class Customers:
    """The tenant's customers by id."""

    collection: Collection

    @classmethod
    def of(cls, documents: Documents, tenant_id: str) -> "Customers":
        """The customers of one tenant."""
        return cls(Collection(documents, tenant_id, "customers"))

    def creation(self, customer: Customer) -> Create:
        """The write of a new customer."""
        return Create(self.collection.document(customer.id), encode(customer))

    def path(self, customer_id: str) -> str:
        """The path of a customer, whether it exists or not."""
        return self.collection.document(customer_id)

    def get(self, customer_ids: Sequence[str]) -> list[Stored[Customer] | None]:
        """The customers of these ids, in order; None where there is none."""
        found = self.collection.get(customer_ids)
        return [None if each is None else Stored(decode(each.fields, Customer), each.version) for each in found]

    def all(self) -> Iterator[Customer]:
        """All customers in the order of their ids, read page by page."""
        query = Query(self.collection.path)
        return (decode(each.fields, Customer) for each in all_of(self.collection.documents, query))

    def page(self, *, limit: int, after_id: str | None = None) -> list[Customer]:
        """Customers in the order of their ids."""
        query = Query(self.collection.path, limit=limit, start_after=None if after_id is None else (after_id,))
        return [decode(each.fields, Customer) for each in self.collection.documents.query(query)]

    def prefers(self, customer: Stored[Customer], after: Customer) -> Update:
        """The write of a customer's preferences, and of how it pays, over what was read.

        Where it has another number of subscriptions after, the difference is added to what stands.
        """
        fields: Fields = {
            "preferences": converter().unstructure(after.preferences, CustomerPreferences | None),
            "collection_method": after.collection_method.value,
        }
        added = after.active_subscriptions - customer.value.active_subscriptions
        counts = {"active_subscriptions": added} if added else {}
        return Update(self.collection.document(after.id), fields, expected=customer.version, increments=counts)

    def subscriptions_added(self, customer_id: str, count: int) -> Update:
        """The write that adds to (or takes from) a customer's number of subscriptions with a bill to come."""
        return self.added(customer_id, {"active_subscriptions": count})

    def added(self, customer_id: str, amounts: Mapping[str, int], *, expected: str | None = None) -> Update:
        """The write that adds to a customer's counts: `active_subscriptions`, `credit_balance` in minor units."""
        return Update(self.collection.document(customer_id), increments=dict(amounts), expected=expected)

    def at_gateway(self, customer: Stored[Customer], fields: Mapping[str, str]) -> Update:
        """The write of who a customer is at the gateway and what it saved there, over what was read."""
        return Update(self.collection.document(customer.value.id), {**fields}, expected=customer.version)

    def particulars_changed(self, before: Stored[Customer], after: Customer) -> Update:
        """The write of whom invoices go to and how, over what was read; counts and money are left alone."""
        unstructure = converter().unstructure
        fields: Fields = {
            "party": unstructure(after.party),
            "tax": unstructure(after.tax),
            "locale": after.locale,
            "collection_method": after.collection_method.value,
            "buyer_reference": after.buyer_reference,
            "time_zone": after.time_zone,
            "preferences": unstructure(after.preferences, CustomerPreferences | None),
        }
        return Update(self.collection.document(after.id), fields, expected=before.version)

    def following(self, customer: Stored[Customer], *, dunning_policy: str, segment: str) -> Update:
        """The write of which dunning policy and segment a customer has, over what was read."""
        fields: Fields = {"dunning_policy": dunning_policy, "segment": segment}
        return Update(self.collection.document(customer.value.id), fields, expected=customer.version)

    def serviced(self, customer: Stored[Customer], *, suspended_at: datetime, reason: str) -> Update:
        """The write that suspends a customer's service, over what was read."""
        fields: Fields = {"suspended_at": instant_text(suspended_at), "suspension_reason": reason}
        return Update(self.collection.document(customer.value.id), fields, expected=customer.version)

    def restored(self, customer: Stored[Customer], *, at: datetime) -> Update:
        """The write that gives a customer's service back at a UTC instant, over what was read."""
        after = restored(customer.value, at=at)
        fields: Fields = {
            "suspended_at": None,
            "suspension_reason": "",
            "suspensions": [converter().unstructure(each) for each in after.suspensions],
        }
        return Update(self.collection.document(customer.value.id), fields, expected=customer.version)

    def tried(self, customer: Stored[Customer], tries: Sequence[CardTry]) -> Update:
        """The write of the charges that the dunning schedule made lately, over what was read."""
        fields: Fields = {"card_tries": [converter().unstructure(each) for each in tries]}
        return Update(self.collection.document(customer.value.id), fields, expected=customer.version)

    def at(self, gateway_id: str) -> Stored[Customer] | None:
        """The customer that the gateway knows by this id, or None."""
        query = Query(self.collection.path, filters=(Filter("gateway_id", "==", gateway_id),), limit=1)
        found = self.collection.documents.query(query) if gateway_id else []
        return Stored(decode(found[0].fields, Customer), found[0].version) if found else None

    def count(self) -> int:
        """How many customers the tenant has."""
        return self.collection.documents.count(Query(self.collection.path))

    def count_without_subscription(self) -> int:
        """How many of them have no subscription with a bill to come."""
        query = Query(self.collection.path, filters=(Filter("active_subscriptions", "==", 0),))
        return self.collection.documents.count(query)
