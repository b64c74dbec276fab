"""Who asks for a change, of which tenant and when: what every use case outside of a run needs."""

from dataclasses import dataclass, field
from datetime import datetime

from billing.domain.audit import AuditRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """`recorded_at` is the present UTC instant; `actor` and `request_id` go into the audit log.

    `has_listener` is whether the tenant has an address for events, None where the caller has not read its settings.
    `told` counts the commits of this call that told of a subject, so that their events keep the commits' order.
    """

    tenant_id: str
    actor: str
    recorded_at: datetime
    request_id: str = ""
    has_listener: bool | None = None
    told: dict[str, int] = field(default_factory=dict, repr=False, compare=False)

    def record(self, entity: str, event: str, *, after: str, before: str = "", reason: str = "") -> AuditRecord:
        """The audit record of one change that this call makes."""
        return AuditRecord(
            entity=entity,
            event=event,
            actor=self.actor,
            at=self.recorded_at,
            before=before,
            after=after,
            reason=reason,
            request_id=self.request_id,
        )
