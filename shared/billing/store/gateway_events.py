"""Events of the gateway that were applied: each is worked off once, however often it is sent."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from billing.ports import Create, Documents, GatewayEvent
from billing.store.codec import SCHEMA_VERSION
from billing.store.collection import Collection

_KEPT = timedelta(days=60)
"""Stripe repeats an event for three days, and by hand for thirty; applying one again would change nothing either."""


@dataclass(frozen=True, slots=True)
class GatewayEvents:
    """The tenant's applied events by the gateway's own id."""

    collection: Collection

    @classmethod
    def of(cls, documents: Documents, tenant_id: str) -> "GatewayEvents":
        """The events of one tenant."""
        return cls(Collection(documents, tenant_id, "gateway_events"))

    def was_applied(self, event_id: str) -> bool:
        """Whether an event was worked off before."""
        return self.collection.get([event_id])[0] is not None

    def creation(self, event: GatewayEvent, *, outcome: str, applied_at: datetime) -> Create:
        """The write that remembers an event, after what it led to stands."""
        return Create(
            self.collection.document(event.id),
            {
                "type": event.type,
                "about": event.about.value,
                "subject": event.subject,
                "outcome": outcome,
                "applied_at": applied_at,
                "expires_at": applied_at + _KEPT,
                "schema_version": SCHEMA_VERSION,
            },
        )
