"""A plan's next version as a draft: save it, publish it or discard it, each over the draft that was read."""

import hashlib
from collections.abc import Callable, Sequence

from billing.domain.audit import AuditRecord
from billing.domain.catalog import Plan
from billing.domain.plan_draft import PlanDraft
from billing.domain.plan_name import plan_name
from billing.ports import Documents, Write
from billing.store.audit import AuditLog
from billing.store.collection import Stored
from billing.store.plan_drafts import PlanDrafts
from billing.store.plans import PlanVersions
from billing.store.tenants import Tenants
from billing.usecases.again import again_while_others_write
from billing.usecases.call import Call
from billing.usecases.commit_name import commit_name
from billing.usecases.version_check import ABSENT, VersionCheck, any_version

ReadPlan = Callable[[PlanDraft, int], Plan]
"""The plan that a draft would be as this version; BookErrors with all that is wrong with it or missing."""


def save_plan_draft(
    documents: Documents, plan_id: str, content: str, *, call: Call, seen: VersionCheck = any_version
) -> Stored[PlanDraft]:
    """Keep `content` (JSON text) as the plan's draft, whatever it lacks; the same again changes nothing.

    Raises NotFound for an unknown tenant, InvalidInput for an id that can't be one, and whatever `seen` raises of the
    draft's version (`none` where there is no draft).
    """
    Tenants(documents).get(call.tenant_id)
    plan_name("plan_id", plan_id)
    drafts = PlanDrafts.of(documents, call.tenant_id)
    draft = PlanDraft(plan_id=plan_id, content=content, saved_by=call.actor, saved_at=call.recorded_at)

    def save() -> Stored[PlanDraft]:
        read = drafts.find(plan_id)
        seen(ABSENT if read is None else read.version)
        if read is not None and read.value.content == content:
            return read
        record = _record(call, plan_id, "plan_draft.saved", read=read, after=_mark(content))
        return Stored(draft, _commit(documents, [drafts.saving(draft, over=read)], [record], read=read, call=call))

    return again_while_others_write(save)


def discard_plan_draft(documents: Documents, plan_id: str, *, call: Call, seen: VersionCheck = any_version) -> None:
    """Drop the draft. Raises NotFound, and whatever `seen` raises of its version."""
    drafts = PlanDrafts.of(documents, call.tenant_id)

    def discard() -> None:
        read = drafts.get(plan_id)
        seen(read.version)
        record = _record(call, plan_id, "plan_draft.discarded", read=read, after="discarded")
        _commit(documents, [drafts.removal(read)], [record], read=read, call=call)

    again_while_others_write(discard)


def publish_plan_draft(
    documents: Documents, plan_id: str, *, read_plan: ReadPlan, call: Call, seen: VersionCheck = any_version
) -> Plan:
    """Publish the draft as the version after the last and end it, in one commit: no draft is published twice.

    Raises NotFound, InvalidInput for an id that can't be a tenant's own, whatever `seen` raises of the draft's version,
    and what `read_plan` does: then the draft stays.
    """
    plan_name("plan_id", plan_id)
    drafts, plans = PlanDrafts.of(documents, call.tenant_id), PlanVersions.of(documents, call.tenant_id)

    def publish() -> Plan:
        read = drafts.get(plan_id)
        seen(read.version)
        plan = read_plan(read.value, plans.next_version(plan_id))
        records = [
            call.record(f"plans/{plan.ref}", "plan.published", after="published"),
            _record(call, plan_id, "plan_draft.published", read=read, after=plan.ref),
        ]
        _commit(documents, [drafts.removal(read), plans.publication(plan)], records, read=read, call=call)
        return plan

    return again_while_others_write(publish)


def _record(call: Call, plan_id: str, event: str, *, read: Stored[PlanDraft] | None, after: str) -> AuditRecord:
    before = "" if read is None else _mark(read.value.content)
    return call.record(f"plan_drafts/{plan_id}", event, before=before, after=after)


def _mark(content: str) -> str:
    """What tells one content from another in the audit log, which would be no place for whole plans."""
    return f"sha256:{hashlib.sha256(content.encode()).hexdigest()[:16]}"


def _commit(
    documents: Documents,
    writes: Sequence[Write],
    records: Sequence[AuditRecord],
    *,
    read: Stored[PlanDraft] | None,
    call: Call,
) -> str:
    """Write it with its records; the version of the first of the writes."""
    name = commit_name("plan-draft", records[-1].entity, ABSENT if read is None else read.version)
    audit = AuditLog.of(documents, call.tenant_id).batch(records, batch_id=name, recorded_at=call.recorded_at)
    return documents.commit([*writes, audit])[0]
