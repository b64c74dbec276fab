"""Plan versions: immutable once published, so they are read once a run."""

from collections.abc import Sequence
from dataclasses import dataclass

from billing.domain.catalog import Plan
from billing.domain.errors import BillingError, NotFound
from billing.ports import Create, Document, Documents
from billing.store.codec import BrokenDocument, decode, encode
from billing.store.collection import Collection


@dataclass(frozen=True, slots=True)
class PlanVersions:
    """The tenant's plan versions by ref (`plan@version`)."""

    collection: Collection

    @classmethod
    def of(cls, documents: Documents, tenant_id: str) -> "PlanVersions":
        """The plans of one tenant."""
        return cls(Collection(documents, tenant_id, "plans"))

    def publication(self, plan: Plan) -> Create:
        """The write that publishes a version; it fails where that version stands already."""
        return Create(self.collection.document(plan.ref), encode(plan))

    def get(self, refs: Sequence[str]) -> list[Plan | BillingError]:
        """The versions of these refs, in order; the error in place of one that is missing or broken."""
        return [_plan(ref, each) for ref, each in zip(refs, self.collection.get(refs), strict=True)]


def _plan(ref: str, document: Document | None) -> Plan | BillingError:
    if document is None:
        return NotFound("plan version", ref)
    try:
        return decode(document.fields, Plan)
    except BrokenDocument as error:
        return error
