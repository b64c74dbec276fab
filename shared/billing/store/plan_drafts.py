"""Drafts of plans, one a plan, by its id."""

from dataclasses import dataclass

from billing.domain.errors import NotFound
from billing.domain.plan_draft import PlanDraft
from billing.ports import Create, Delete, Documents, Put, Query
from billing.store.codec import decode, encode
from billing.store.collection import Collection, Stored
from billing.store.pages import PageRequest, page_by_id


@dataclass(frozen=True, slots=True)
class PlanDrafts:
    """The tenant's drafts."""

    collection: Collection

    @classmethod
    def of(cls, documents: Documents, tenant_id: str) -> "PlanDrafts":
        """The drafts of one tenant."""
        return cls(Collection(documents, tenant_id, "plan_drafts"))

    def find(self, plan_id: str) -> Stored[PlanDraft] | None:
        """The draft of a plan, or None."""
        [found] = self.collection.get([plan_id])
        return None if found is None else Stored(decode(found.fields, PlanDraft), found.version)

    def get(self, plan_id: str) -> Stored[PlanDraft]:
        """The draft of a plan; NotFound where there is none."""
        found = self.find(plan_id)
        if found is None:
            raise NotFound("draft of plan", plan_id)  # noqa: TRY003 - a kind, not a message
        return found

    def page(self, wanted: PageRequest) -> list[PlanDraft]:
        """The drafts of a page, in the order of the plans' ids."""
        return page_by_id(self.collection, wanted, read=lambda each: decode(each.fields, PlanDraft))

    def all(self) -> list[PlanDraft]:
        """Every draft, in the order of the plans' ids; a tenant has as many plans as it sells."""
        found = self.collection.documents.query(Query(self.collection.path))
        return [decode(each.fields, PlanDraft) for each in found]

    def saving(self, draft: PlanDraft, *, over: Stored[PlanDraft] | None) -> Create | Put:
        """The write of a draft over exactly what was read, or as the first one."""
        return self.collection.writing(draft.plan_id, encode(draft), over=over)

    def removal(self, read: Stored[PlanDraft]) -> Delete:
        """The write that ends exactly the draft that was read."""
        return Delete(self.collection.document(read.value.plan_id), expected=read.version)
