"""Publish plan versions: each once, and never changed afterwards (semantics 4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from billing.domain.catalog import Plan
from billing.domain.errors import Conflict, NotFound
from billing.domain.plan_name import plan_name
from billing.ports import Documents, Write
from billing.store.audit import AuditLog
from billing.store.plans import PlanVersions
from billing.usecases.again import again_while_others_write
from billing.usecases.call import Call


class PlanPublished(Conflict):
    """The version stands with other content."""

    code: ClassVar[str] = "plan_published"
    retryable: ClassVar[bool] = False

    def __init__(self, plan: Plan) -> None:
        super().__init__(f"{plan.ref} is published with other content, for good: give the new prices another version")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedPlans:
    """The refs that were published now, and those that stood already."""

    published: Sequence[str]
    unchanged: Sequence[str]


def publish_plans(documents: Documents, plans: Sequence[Plan], *, call: Call) -> PublishedPlans:
    """Publish what is new of these versions, all at once.

    Raises PlanPublished, and InvalidInput for an id that is kept for the product's own, before anything is written.
    """
    return again_while_others_write(lambda: _publish(documents, plans, call))


def _publish(documents: Documents, plans: Sequence[Plan], call: Call) -> PublishedPlans:
    versions = PlanVersions.of(documents, call.tenant_id)
    new: list[Plan] = []
    for plan, found in zip(plans, versions.get([plan.ref for plan in plans]), strict=True):
        if isinstance(found, NotFound):
            plan_name("plan_id", plan.plan_id)
            new.append(plan)
        elif found != plan:
            raise PlanPublished(plan)
    if new:
        writes: list[Write] = [versions.publication(plan) for plan in new]
        records = [call.record(f"plans/{plan.ref}", "plan.published", after="published") for plan in new]
        audit = AuditLog.of(documents, call.tenant_id)
        documents.commit(
            [*writes, audit.batch(records, batch_id=f"publish-{new[0].ref}", recorded_at=call.recorded_at)]
        )
    refs = {plan.ref for plan in new}
    return PublishedPlans(
        published=[plan.ref for plan in new], unchanged=[plan.ref for plan in plans if plan.ref not in refs]
    )
