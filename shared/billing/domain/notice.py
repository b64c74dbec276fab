"""Notices: what the tenant's customers and its own people are told by e-mail, and about what."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from billing.domain.attempt import AttemptStatus, PaymentAttempt
from billing.domain.credit import CreditNote
from billing.domain.decline import Advice
from billing.domain.invoice import Invoice
from billing.domain.payment import Payment
from billing.domain.tenant import Tenant


class NoticeKind(StrEnum):
    """What a notice says; those that begin with `tenant_` go to the tenant's own billing contact."""

    INVOICE_ISSUED = "invoice_issued"
    RECEIPT = "receipt"
    PAYMENT_FAILED = "payment_failed"
    UPDATE_PAYMENT_METHOD = "update_payment_method"
    ACTION_REQUIRED = "action_required"
    CREDIT_NOTE_ISSUED = "credit_note_issued"
    PAYMENT_REMINDER = "payment_reminder"
    URGENT_NOTICE = "urgent_notice"
    FINAL_NOTICE = "final_notice"
    SERVICE_SUSPENDED = "service_suspended"
    SERVICE_RESTORED = "service_restored"
    TENANT_PAYMENT_FAILED = "tenant_payment_failed"
    TENANT_REVIEW_NEEDED = "tenant_review_needed"

    @property
    def is_for_the_tenant(self) -> bool:
        """Whether it goes to the tenant's own people."""
        return self.value.startswith("tenant_")

    @property
    def chases(self) -> bool:
        """Whether it asks the customer once more for what is unpaid."""
        return self in _CHASES

    @property
    def brings_a_document(self) -> bool:
        """Whether all that it does is to bring a document, which a customer with a portal finds there."""
        return self in _DOCUMENTS


_DOCUMENTS = frozenset({NoticeKind.INVOICE_ISSUED, NoticeKind.RECEIPT, NoticeKind.CREDIT_NOTE_ISSUED})
_CHASES = frozenset(
    {
        NoticeKind.PAYMENT_REMINDER,
        NoticeKind.URGENT_NOTICE,
        NoticeKind.FINAL_NOTICE,
        NoticeKind.SERVICE_SUSPENDED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One notice about an invoice, or a credit note with its invoice. `sent_at` is a UTC instant.

    `attempt` is the charge that it is about, with the advice of the customer's policy, `payment` the money that came,
    `retry_on` the tenant's day of the next try and `method_url` the page where another method is saved. `step_day` is
    the day of the dunning schedule that it belongs to, `suspend_on` the day on which the service stops if nothing is
    paid. `pdf` is attached. `sending` names a sending that a person asked for, which is a mail of its own, and
    `address` is where that one goes.
    """

    kind: NoticeKind
    tenant: Tenant
    invoice: Invoice
    sent_at: datetime
    credit_note: CreditNote | None = None
    attempt: PaymentAttempt | None = None
    payment: Payment | None = None
    retry_on: date | None = None
    method_url: str = ""
    step_day: int | None = None
    suspend_on: date | None = None
    reason: str = ""
    pdf: bytes = b""
    sending: str = ""
    address: str = ""

    @property
    def to(self) -> str:
        """Who gets it; "" for nobody."""
        if self.address:
            return self.address
        return self.tenant.billing_contact if self.kind.is_for_the_tenant else self.invoice.buyer.email

    @property
    def needs_method(self) -> bool:
        """Whether the invoice can only be charged to another method than the one that was declined."""
        last = self.attempt
        return last is not None and last.status is AttemptStatus.DECLINED and last.advice is Advice.UPDATE_METHOD

    @property
    def case_start(self) -> str:
        """Which dunning case of its invoice it belongs to, by its first day; "" for none."""
        return "" if self.invoice.dunning is None else self.invoice.dunning.started_on.isoformat()

    @property
    def message_id(self) -> str:
        """The same for the same notice for ever, so that a repeat is the same mail; it tells nothing of its subject."""
        about = self.credit_note.id if self.credit_note is not None else self.invoice.id
        attempt = "" if self.attempt is None else str(self.attempt.number)
        payment = "" if self.payment is None else self.payment.id
        said = f"{self.tenant.id}/{about}/{self.kind.value}/{attempt}/{payment}"
        if self.sending:
            said = f"{self.tenant.id}/{about}/{self.kind.value}/sent-{self.sending}"
        if self.step_day is not None:
            said = f"{self.tenant.id}/{about}/{self.kind.value}/day-{self.step_day}/{self.case_start}"
            if self.kind.is_for_the_tenant:  # who is told of every charge and of every reason to look at the case
                said = f"{said}/{attempt}/{self.reason}"
        domain = self.tenant.mail_sender.rpartition("@")[2]
        return f"{hashlib.sha256(said.encode()).hexdigest()[:32]}.{self.kind.value}@{domain}"
