"""Name roll-ups with late usage on their subscriptions, so that the next bill is for it, whatever it costs to find."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from billing.domain.audit import AuditRecord
from billing.domain.late_usage import with_late_usage
from billing.domain.subscription import Subscription
from billing.ports import Documents, Write
from billing.store.audit import AuditLog
from billing.store.collection import Stored
from billing.store.customers import Customers
from billing.store.subscriptions import Subscriptions
from billing.usecases.commit_name import commit_name


@dataclass(frozen=True, slots=True)
class LateMarks:
    """Marks subscriptions of one tenant; `actor` and `recorded_at` stand in the audit log where one is due again."""

    subscriptions: Subscriptions
    customers: Customers
    audit: AuditLog
    recorded_at: datetime
    actor: str

    @classmethod
    def of(cls, documents: Documents, tenant_id: str, *, recorded_at: datetime, actor: str) -> "LateMarks":
        """Marks of one tenant."""
        subscriptions, customers = Subscriptions.of(documents, tenant_id), Customers.of(documents, tenant_id)
        return cls(subscriptions, customers, AuditLog.of(documents, tenant_id), recorded_at, actor)

    def writes(self, late: Mapping[str, Sequence[str]]) -> list[Write]:
        """The writes for roll-ups (by subscription) that stand in the same commit. They expect what is read here.

        No write for a subscription that names them already: a run that bills them meanwhile changes the roll-ups. One
        that has had its last bill is due once more, counts as its customer's again, and is audited.
        """
        found = self.subscriptions.get(list(late)) if late else []
        pairs = [(each, with_late_usage(each.value, late[each.value.id])) for each in found if each is not None]
        writes: list[Write] = [
            self.subscriptions.marked_late(before, after) for before, after in pairs if _new(before, after)
        ]
        reopened = [(before, after) for before, after in pairs if before.value.next_billing_at is None]
        if reopened:
            first, _ = reopened[0]
            batch_id = commit_name("late", first.value.id, first.version)
            writes += self._reopened([after for _, after in reopened], batch_id=batch_id)
        return writes

    def _reopened(self, subscriptions: Sequence[Subscription], *, batch_id: str) -> list[Write]:
        counts = Counter(each.customer_id for each in subscriptions)
        records = [
            AuditRecord(
                entity=f"subscriptions/{each.id}",
                event="subscription.reopened",
                actor=self.actor,
                at=self.recorded_at,
                before="ended",
                after=each.status.value,
                reason="usage that came after the last bill",
                request_id="",
            )
            for each in subscriptions
        ]
        return [
            *[self.customers.subscriptions_added(customer_id, count) for customer_id, count in counts.items()],
            self.audit.batch(records, batch_id=batch_id, recorded_at=self.recorded_at),
        ]


def _new(before: Stored[Subscription], after: Subscription) -> bool:
    return after.late_usage != before.value.late_usage
