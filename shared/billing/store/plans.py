"""Plan versions: immutable once published, so they are read once a run."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from billing.domain.catalog import Plan
from billing.domain.errors import BillingError, InvalidInput, NotFound
from billing.ports import Create, Document, Documents, Fields, Filter, Query
from billing.store.codec import BrokenDocument, decode, encode
from billing.store.collection import Collection
from billing.store.ids import meter_name


@dataclass(frozen=True, slots=True)
class PlanVersions:
    """The tenant's plan versions by ref (`plan@version`)."""

    collection: Collection

    @classmethod
    def of(cls, documents: Documents, tenant_id: str) -> "PlanVersions":
        """The plans of one tenant."""
        return cls(Collection(documents, tenant_id, "plans"))

    def publication(self, plan: Plan) -> Create:
        """The write that publishes a version; it fails where that version stands already.

        Raises InvalidInput for a meter whose name would blur the ids of its roll-ups.
        """
        for index, charge in enumerate(plan.metered):
            meter_name(f"usage[{index}].meter", charge.meter)
        fields = encode(plan)
        return Create(self.collection.document(plan.ref), {**fields, "digest": digest(fields)})

    def of_plan(self, plan_id: str) -> list[Plan]:
        """Every version of a plan, the first first; BrokenDocument where one can't be read."""
        found = [decode(each.fields, Plan) for each in self._documents_of(plan_id)]
        return sorted(found, key=lambda each: each.version)

    def next_version(self, plan_id: str) -> int:
        """The version after the last that is published, which need not be readable; 1 where there is none."""
        published = [int(each.id.rpartition("@")[2]) for each in self._documents_of(plan_id)]
        return max(published, default=0) + 1

    def get(self, refs: Sequence[str]) -> list[Plan | BillingError]:
        """The versions of these refs, in order; the error in place of one that is missing, broken or misnamed."""
        paths = [self._path(ref) for ref in refs]
        asked = [path for path in paths if isinstance(path, str)]
        found = iter(self.collection.documents.get_many(asked) if asked else [])
        return [
            _plan(ref, next(found)) if isinstance(path, str) else path for ref, path in zip(refs, paths, strict=True)
        ]

    def _documents_of(self, plan_id: str) -> list[Document]:
        query = Query(self.collection.path, filters=(Filter("plan_id", "==", plan_id),))
        return self.collection.documents.query(query)

    def _path(self, ref: str) -> str | InvalidInput:
        try:
            return self.collection.document(ref)
        except InvalidInput as error:
            return error


def digest(fields: Fields) -> str:
    """What tells a published version from a changed one: SHA-256, in hex, over its fields as JSON with sorted keys."""
    published = {name: value for name, value in fields.items() if name != "digest"}
    return hashlib.sha256(orjson.dumps(published, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _plan(ref: str, document: Document | None) -> Plan | BillingError:
    if document is None:
        return NotFound("plan version", ref)
    try:
        return decode(document.fields, Plan)
    except BrokenDocument as error:
        return error
