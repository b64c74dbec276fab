"""Coupons: immutable once published; a subscription keeps a copy of each that it has."""

from collections.abc import Sequence
from dataclasses import dataclass

from billing.domain.coupon import Coupon
from billing.ports import Create, Documents
from billing.store.codec import decode, encode
from billing.store.collection import Collection


@dataclass(frozen=True, slots=True)
class Coupons:
    """The tenant's coupons by id."""

    collection: Collection

    @classmethod
    def of(cls, documents: Documents, tenant_id: str) -> "Coupons":
        """The coupons of one tenant."""
        return cls(Collection(documents, tenant_id, "coupons"))

    def publication(self, coupon: Coupon) -> Create:
        """The write that publishes a coupon; it fails where that id stands already."""
        return Create(self.collection.document(coupon.coupon_id), encode(coupon))

    def get(self, coupon_ids: Sequence[str]) -> list[Coupon | None]:
        """The coupons of these ids, in order; None where there is none."""
        found = self.collection.get(coupon_ids)
        return [None if each is None else decode(each.fields, Coupon) for each in found]
