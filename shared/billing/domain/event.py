"""What happened here that a tenant's own system may act on: an invoice is paid, a customer is suspended."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, TypeAlias

from billing.domain.errors import InvalidInput
from billing.domain.stamp import stamp

EventField: TypeAlias = str | int | bool | tuple[str, ...] | None
"""What an event says: ids and words as text, amounts in minor units with their currency beside them."""

_SUBJECTS: Final = ("customers", "subscriptions", "invoices", "credit_notes", "payments", "tests")
_NAMED_ELSEWHERE: Final = frozenset({"subject", "tenant_id"})


class EventType(StrEnum):
    """What happened. The words are what receivers compare, so one that was sent is never renamed.

    They stand in the order in which they follow each other where they happen to one subject at one instant.
    """

    CUSTOMER_SUSPENDED = "customer.suspended"
    CUSTOMER_RESTORED = "customer.restored"
    SUBSCRIPTION_CREATED = "subscription.created"
    SUBSCRIPTION_CHANGED = "subscription.changed"
    SUBSCRIPTION_PAUSED = "subscription.paused"
    SUBSCRIPTION_RESUMED = "subscription.resumed"
    SUBSCRIPTION_CANCELLED = "subscription.cancelled"
    SUBSCRIPTION_ENDED = "subscription.ended"
    INVOICE_ISSUED = "invoice.issued"
    PAYMENT_SUCCEEDED = "payment.succeeded"
    PAYMENT_FAILED = "payment.failed"
    PAYMENT_REFUNDED = "payment.refunded"
    PAYMENT_REFUND_FAILED = "payment.refund_failed"
    PAYMENT_DISPUTED = "payment.disputed"
    PAYMENT_DISPUTE_WON = "payment.dispute_won"
    PAYMENT_REVERSED = "payment.reversed"
    INVOICE_PAYMENT_FAILED = "invoice.payment_failed"
    INVOICE_ACTION_REQUIRED = "invoice.payment_action_required"
    INVOICE_OVERDUE = "invoice.overdue"
    CREDIT_NOTE_ISSUED = "credit_note.issued"
    INVOICE_CREDITED = "invoice.credited"
    INVOICE_VOIDED = "invoice.voided"
    INVOICE_WRITTEN_OFF = "invoice.written_off"
    INVOICE_PAID = "invoice.paid"
    INVOICE_REOPENED = "invoice.reopened"
    DUNNING_ENTERED = "dunning.entered"
    DUNNING_STEP = "dunning.step"
    DUNNING_REVIEW = "dunning.manual_review"
    DUNNING_LEFT = "dunning.left"
    TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One happening to one `subject`, such as `invoices/ID`, at a UTC instant; made by `event_of`.

    `fields` are what the receiver is told beside that. They leave the house, so they hold no secret and no address.
    """

    id: str
    type: EventType
    occurred_at: datetime
    subject: str
    fields: Mapping[str, EventField] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse an instant without a zone, a subject of no known kind, and fields that the message has anyway."""
        if self.occurred_at.tzinfo is None:
            raise InvalidInput("event.occurred_at", expected="an instant with a zone", given=self.occurred_at)
        kind, _, subject_id = self.subject.partition("/")
        if kind not in _SUBJECTS or not subject_id:
            raise InvalidInput("event.subject", expected=f"one of {', '.join(_SUBJECTS)}, and /ID", given=self.subject)
        if taken := sorted(_NAMED_ELSEWHERE & self.fields.keys()):
            raise InvalidInput("event.fields", expected="no field that each message has anyway", given=taken)

    def of_tenant(self, tenant_id: str) -> "Event":
        """The event under the id that all know it by; with the tenant, as one receiver may serve several."""
        return replace(self, id=f"{self.id}_{tenant_id}")

    def data(self, tenant_id: str) -> dict[str, EventField]:
        """All that its receiver is told of what happened, whose it is and what it is about."""
        return {**self.fields, "tenant_id": tenant_id, "subject": self.subject}


def event_of(
    type: EventType,  # noqa: A002 - what the field is called in every message
    *,
    subject: str,
    occurred_at: datetime,
    fields: Mapping[str, EventField],
    name: str = "",
) -> Event:
    """The event of a happening, with an id that follows from it: written twice it is one document.

    `name` tells happenings of one type and subject apart, such as the step of a dunning case; without one the instant
    does. Raises InvalidInput for what no event may say.
    """
    at = occurred_at if occurred_at.tzinfo is None else occurred_at.astimezone(UTC)
    happening = "\n".join((type.value, subject, name or stamp(at)))
    event_id = f"evt_{hashlib.sha256(happening.encode()).hexdigest()[:24]}"
    return Event(id=event_id, type=type, occurred_at=at, subject=subject, fields=fields)
