"""The review queue: a case is written with what it holds back, and resolved with what becomes of that."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from billing.domain.review import Resolution, Review, ReviewKind, ReviewStatus
from billing.ports import Create, Documents, Fields, Filter, Query, Update
from billing.store.all_of import all_of
from billing.store.codec import decode, encode
from billing.store.collection import Collection, Stored

_MOST_IN = 30


@dataclass(frozen=True, slots=True)
class Reviews:
    """The tenant's cases. An id is the held invoice's with the instant at which it was drafted."""

    collection: Collection

    @classmethod
    def of(cls, documents: Documents, tenant_id: str) -> "Reviews":
        """The cases of one tenant."""
        return cls(Collection(documents, tenant_id, "reviews"))

    def opening(self, review: Review) -> Create:
        """The write that opens a case."""
        fields = encode(review)
        fields["opened_at"] = review.opened_at
        fields["bill_for_date"] = review.bill_for_date
        return Create(self.collection.document(review.id), fields)

    def resolving(
        self, review: Stored[Review], resolution: Resolution, *, note: str, actor: str, resolved_at: datetime
    ) -> Update:
        """The write that closes a case: it fails if somebody decided since it was read."""
        fields: Fields = {
            "status": ReviewStatus.RESOLVED.value,
            "resolution": resolution.value,
            "note": note,
            "actor": actor,
            "resolved_at": resolved_at,
        }
        return Update(self.collection.document(review.value.id), fields, expected=review.version)

    def get(self, review_ids: Sequence[str]) -> list[Stored[Review] | None]:
        """The cases of these ids, in order; None where there is none."""
        found = self.collection.get(review_ids)
        return [None if each is None else Stored(decode(each.fields, Review), each.version) for each in found]

    def about(self, entities: Iterable[str]) -> list[Stored[Review]]:
        """Every case about these entities, open or not, in the order of their ids."""
        wanted = [*entities]
        chunks = [wanted[start : start + _MOST_IN] for start in range(0, len(wanted), _MOST_IN)]
        return [each for chunk in chunks for each in self._found(Filter("entity", "in", [*chunk]))]

    def list(self, *, status: ReviewStatus | None = None, kind: ReviewKind | None = None) -> Iterator[Stored[Review]]:
        """The cases of a status and a kind, in the order of their ids: by subscription, then by time."""
        filters = [Filter("status", "==", status.value)] if status else []
        return self._found(*filters, *([Filter("kind", "==", kind.value)] if kind else []))

    def _found(self, *filters: Filter) -> Iterator[Stored[Review]]:
        found = all_of(self.collection.documents, Query(self.collection.path, filters=filters))
        return (Stored(decode(each.fields, Review), each.version) for each in found)
