"""What may become of an invoice after it was drafted: issued on approval, taken back, void, replaced (semantics 7).

Conflict
├── InvoiceNotDraft     approved or rejected, and no draft (any more)
├── LaterBillMade       rejected, and later cycles of its subscription rest on it
├── InvoiceNotVoidable  void, and it is a draft, paid, written off or credited
├── InvoiceNotVoid      reissued, and it is in force
└── RevisionExists      reissued, and that was done before
Calling again changes nothing; each message says what can be done instead.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import ClassVar

from billing.domain.bill_id import late_bill_of
from billing.domain.billing_cycle import next_bill_for
from billing.domain.credit import CreditNote
from billing.domain.dunning_case import left
from billing.domain.dunning_policy import CaseState
from billing.domain.errors import Conflict
from billing.domain.invoice import Invoice, InvoiceStatus, SettlementStep
from billing.domain.open_ends import asked_to_the_end
from billing.domain.period import local_date
from billing.domain.subscription import Subscription
from billing.domain.tenant import Tenant


class InvoiceNotDraft(Conflict):
    """Only a draft can be approved or rejected."""

    code: ClassVar[str] = "invoice_not_draft"
    retryable: ClassVar[bool] = False

    def __init__(self, invoice: Invoice) -> None:
        super().__init__(
            f"{_named(invoice)} is {invoice.status}, no draft: what is wrong with it is put right by voiding and "
            "reissuing it, or by a credit note"
        )


class LaterBillMade(Conflict):
    """A draft can be taken back while it is the newest bill of its subscription."""

    code: ClassVar[str] = "later_bill_made"
    retryable: ClassVar[bool] = False

    def __init__(self, invoice: Invoice, *, later: Sequence[Invoice]) -> None:
        drafts = [each.id for each in later if each.status is InvoiceStatus.DRAFT]
        way_out = "approve it, then void and reissue it"
        if drafts and len(drafts) == len(later):
            way_out = f"reject first {', '.join(reversed(drafts))}"
        super().__init__(f"draft {invoice.id} is not its subscription's newest bill any more: {way_out}")


class InvoiceNotVoidable(Conflict):
    """Only an issued invoice that nothing was paid or credited of can be void."""

    code: ClassVar[str] = "invoice_not_voidable"
    retryable: ClassVar[bool] = False

    def __init__(self, invoice: Invoice, *, reason: str, way_out: str) -> None:
        super().__init__(f"{_named(invoice)} can't be void, as {reason}: {way_out}")


class InvoiceNotVoid(Conflict):
    """Only what is void can be invoiced again."""

    code: ClassVar[str] = "invoice_not_void"
    retryable: ClassVar[bool] = False

    def __init__(self, invoice: Invoice) -> None:
        super().__init__(f"{_named(invoice)} is {invoice.status}: void it before it is reissued")


class RevisionExists(Conflict):
    """A void invoice is replaced once; an invoice that replaced it can be void in its turn."""

    code: ClassVar[str] = "revision_exists"
    retryable: ClassVar[bool] = False

    def __init__(self, invoice: Invoice, *, revision: Invoice | CreditNote) -> None:
        self.revision = revision
        by = f"credit note {revision.number}"
        if isinstance(revision, Invoice):
            by = f"{_named(revision)}, which is {revision.status}"
        super().__init__(f"{_named(invoice)} was replaced by {by}: go on with that one")


def dated(draft: Invoice, *, at: datetime, tenant: Tenant) -> Invoice:
    """A draft with the dates of its issue at a UTC instant: the customer's terms count from then.

    A due day that somebody named stays, unless it is over: then it is due at once.
    """
    issued_on = local_date(at, zone=tenant.zone)
    issued = replace(draft, issued_at=at, issued_on=issued_on)
    if draft.due_on_given:
        return due(issued, on=max(draft.due_on, issued_on))
    return replace(issued, due_on=issued_on + timedelta(days=draft.payment_terms_days))


def due(draft: Invoice, *, on: date) -> Invoice:
    """A draft that is due on a named day; before its issue it is due at once, and the day is kept as it was named."""
    terms = max(0, (on - draft.issued_on).days)
    return replace(draft, due_on=on, payment_terms_days=terms, due_on_given=True)


def voided(invoice: Invoice, *, at: datetime) -> Invoice:
    """The invoice void at a UTC instant: it keeps its number, is not delivered, and its PDF stays as it was issued.

    Collecting it never charges, but finds out whether a charge that was under way took money, and closes what it could
    still be paid by at the gateway.
    One of 0, which is paid at once, may be void too: nothing was paid. Raises InvoiceNotVoidable.
    """
    match invoice.status:
        case InvoiceStatus.ISSUED | InvoiceStatus.OVERDUE:
            pass
        case InvoiceStatus.PAID if invoice.total == 0:
            pass
        case InvoiceStatus.DRAFT:
            raise InvoiceNotVoidable(invoice, reason="it is a draft", way_out="reject it")
        case _:
            raise InvoiceNotVoidable(invoice, reason=f"it is {invoice.status}", way_out="write a credit note")
    if invoice.amount_paid or invoice.amount_credited:
        reason = "a part of it is paid or credited"
        raise InvoiceNotVoidable(invoice, reason=reason, way_out="write a credit note for the rest")
    pending = tuple(step for step in invoice.pending if step is not SettlementStep.DELIVER)
    case = left(invoice.dunning, CaseState.VOID, at=at)
    return asked_to_the_end(replace(invoice, status=InvoiceStatus.VOID, pending=pending, dunning=case))


def is_newest(invoice: Invoice, subscription: Subscription) -> bool:
    """Whether no later cycle of its subscription was billed or passed over; one after its last bill may be due."""
    due, late_bills = subscription.next_billing_at, subscription.late_bills
    if due is not None and subscription.had_last_bill:
        due, late_bills = None, late_bills - 1
    return due == next_bill_for(subscription, after=invoice.bill_for_date) and late_bills == late_bill_of(invoice.id)


def is_later(bill: Invoice, invoice: Invoice) -> bool:
    """Whether a bill of the same subscription is for a later cycle than an invoice."""
    one, other = ((each.bill_for_date, late_bill_of(each.id)) for each in (bill, invoice))
    return one > other


def next_revision_id(invoice: Invoice) -> str:
    """The id of the invoice that replaces a void one."""
    return f"{cycle_id(invoice)}.r{invoice.revision + 1}"


def cycle_id(invoice: Invoice) -> str:
    """What the revisions of one bill share: subscription and period."""
    return invoice.id.removesuffix(f".r{invoice.revision}")


def _named(invoice: Invoice) -> str:
    return f"invoice {invoice.number or invoice.id}"
