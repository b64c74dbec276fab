"""The event of a credit note: it is issued, and says everything at once."""

from datetime import datetime

from billing.domain.credit import CreditNote
from billing.domain.event import Event, EventType, event_of


def credit_note_issued(note: CreditNote, *, at: datetime) -> Event:
    """That a credit note was issued at a UTC instant; `balance_added` of its total went to the credit balance."""
    return event_of(
        EventType.CREDIT_NOTE_ISSUED,
        subject=f"credit_notes/{note.id}",
        occurred_at=at,
        name="issued",
        fields={
            "credit_note_number": note.number,
            "invoice_id": note.invoice_id,
            "customer_id": note.customer_id,
            "subscription_id": note.subscription_id,
            "currency": note.currency,
            "total": note.total,
            "balance_added": note.balance_added,
        },
    )
