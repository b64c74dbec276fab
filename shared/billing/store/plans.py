"""Plan versions: immutable once published, so they are read once a run."""

from collections.abc import Sequence
from dataclasses import dataclass

from billing.domain.catalog import Plan
from billing.domain.errors import BillingError, InvalidInput, NotFound
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
        """The versions of these refs, in order; the error in place of one that is missing, broken or misnamed."""
        paths = [self._path(ref) for ref in refs]
        asked = [path for path in paths if isinstance(path, str)]
        found = iter(self.collection.documents.get_many(asked) if asked else [])
        return [
            _plan(ref, next(found)) if isinstance(path, str) else path for ref, path in zip(refs, paths, strict=True)
        ]

    def _path(self, ref: str) -> str | InvalidInput:
        try:
            return self.collection.document(ref)
        except InvalidInput as error:
            return error


def _plan(ref: str, document: Document | None) -> Plan | BillingError:
    if document is None:
        return NotFound("plan version", ref)
    try:
        return decode(document.fields, Plan)
    except BrokenDocument as error:
        return error
