"""Send an issued invoice once more because a person asks for it: the mail that brings it, with its PDF.

Who sends claims the sending first, so of two at once one mails. One that is killed half-way is taken over after ten
minutes: its mail goes out at least once, and always with the one Message-ID of the sending.

Conflict
├── InvoiceNotSendable   it is a draft, void or written off, or its PDF is still to be made
├── NobodyToSendTo       the customer has no e-mail address, and none was named
├── NoMailSender         the tenant sends no mails
├── SendingRefused       the mail server takes no mail for the address
└── WriteUnderWay        somebody else is at the same sending
"""

from dataclasses import dataclass
from typing import ClassVar

from billing.domain.errors import Conflict
from billing.domain.invoice import Attachment, Invoice, InvoiceStatus
from billing.domain.notice import Notice, NoticeKind
from billing.ports import Delete, Documents, MailRefused, Objects, WriteConflict
from billing.store.audit import AuditLog
from billing.store.customers import Customers
from billing.store.idempotent_writes import Claim, IdempotentWrites
from billing.store.invoices import Invoices
from billing.usecases.call import Call
from billing.usecases.commit_name import commit_name
from billing.usecases.deliver import Mailing
from billing.usecases.version_check import VersionCheck, any_version

_PDF = "application/pdf"
_EVENT = "invoice.sent"
_WHY_NOT = {
    InvoiceStatus.DRAFT: "a draft: approve it first",
    InvoiceStatus.VOID: "void: `reissue` invoices its period again",
    InvoiceStatus.UNCOLLECTIBLE: "written off, and nobody is asked for it any more",
}


class InvoiceNotSendable(Conflict):
    """Only what was issued and stands can be sent."""

    code: ClassVar[str] = "invoice_not_sendable"
    retryable: ClassVar[bool] = False

    def __init__(self, invoice: Invoice, *, reason: str) -> None:
        self.invoice = invoice
        super().__init__(f"{invoice.number or invoice.id} can't be sent, as it is {reason}")


class NobodyToSendTo(Conflict):
    """There is no address that the mail could go to."""

    code: ClassVar[str] = "nobody_to_send_to"
    retryable: ClassVar[bool] = False

    def __init__(self, customer_id: str) -> None:
        self.customer_id = customer_id
        super().__init__(f"customer {customer_id} has no e-mail address: save one with it, or name one to send to")


class NoMailSender(Conflict):
    """The tenant has no address to send mails from, or there is no mail server."""

    code: ClassVar[str] = "no_mail_sender"
    retryable: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__("no mails are sent for this tenant: it needs the setting mail_sender, and a mail server")


class SendingRefused(Conflict):
    """The mail server will never take it."""

    code: ClassVar[str] = "mail_refused"
    retryable: ClassVar[bool] = False

    def __init__(self, error: MailRefused) -> None:
        super().__init__(str(error))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What is asked for: `id` names this sending for ever, so that a repeat of it is the same mail.

    `claim_id` is this call's own, which no other call has. `to` is the address; "" is the customer's own as it stands
    now, which may be another one than the invoice was issued with.
    """

    id: str
    claim_id: str
    to: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentInvoice:
    """The invoice, where its mail went, and the mail's Message-ID; `known` where this sending had been recorded."""

    invoice: Invoice
    to: str
    message_id: str
    known: bool = False


def send_invoice(
    documents: Documents,
    id_or_number: str,
    sending: Sending,
    *,
    objects: Objects,
    mailing: Mailing | None,
    call: Call,
    seen: VersionCheck = any_version,
) -> SentInvoice:
    """Mail it, and record that it was: a sending that is recorded is not mailed again, any other id is a new mail.

    It goes out however the customer wants its invoices, as somebody asks for it. Raises NotFound, what stands above and
    `seen` raises, and MailUnavailable where the server takes nothing now: nothing was recorded, the same may try again.
    """
    stored = Invoices.of(documents, call.tenant_id).named(id_or_number)
    seen(stored.version)
    pdf = _filed(stored.value)
    if mailing is None:
        raise NoMailSender
    notice = Notice(
        kind=NoticeKind.INVOICE_ISSUED,
        tenant=mailing.tenant,
        invoice=stored.value,
        sent_at=call.recorded_at,
        sending=sending.id,
        address=sending.to or _address(documents, stored.value, call=call),
        pdf=objects.get(pdf.key),
    )
    writes, key = IdempotentWrites.of(documents, call.tenant_id), f"send/{notice.message_id}"
    claim = writes.claim(key, fingerprint=notice.message_id, claim_id=sending.claim_id, now=call.recorded_at)
    assert isinstance(claim, Claim)  # noqa: S101 - a sending is never answered there: the audit log tells of it
    try:
        known = _sent_once(documents, claim, notice, mailing=mailing, call=call)
    except BaseException:
        writes.release(claim)
        raise
    if known:
        writes.release(claim)
    return SentInvoice(invoice=stored.value, to=notice.to, message_id=notice.message_id, known=known)


def _sent_once(documents: Documents, claim: Claim, notice: Notice, *, mailing: Mailing, call: Call) -> bool:
    """Whether it was sent before; sends and records it where it was not, unless the claim was taken over meanwhile."""
    audit, said = AuditLog.of(documents, call.tenant_id), f"{notice.invoice.number}: {notice.message_id}"
    entity = f"invoices/{notice.invoice.id}"
    if any(each.event == _EVENT and each.reason == said for each in audit.about(entity)):
        return True
    _send(mailing, notice)
    record = call.record(entity, _EVENT, after="sent", reason=said)
    batch_id = commit_name("send", notice.invoice.id, notice.sending)
    try:
        recorded = audit.batch([record], batch_id=batch_id, recorded_at=call.recorded_at)
        documents.commit([Delete(claim.path, claim.version), recorded])
    except WriteConflict:  # so slow that somebody took it over, and records the same mail
        return True
    return False


def _filed(invoice: Invoice) -> Attachment:
    """The invoice's PDF; InvoiceNotSendable where it is not to be sent, or not yet."""
    if (reason := _WHY_NOT.get(invoice.status)) is not None:
        raise InvoiceNotSendable(invoice, reason=reason)
    pdf = next((each for each in invoice.attachments if each.content_type == _PDF), None)
    if pdf is None:
        raise InvoiceNotSendable(invoice, reason="not drawn yet: the next run makes its PDF and mails it")
    return pdf


def _address(documents: Documents, invoice: Invoice, *, call: Call) -> str:
    [customer] = Customers.of(documents, call.tenant_id).get([invoice.customer_id])
    if customer is None or not customer.value.party.email:
        raise NobodyToSendTo(invoice.customer_id)
    return customer.value.party.email


def _send(mailing: Mailing, notice: Notice) -> None:
    try:
        mailing.mailer.send(mailing.compose(notice))
    except MailRefused as error:
        raise SendingRefused(error) from error
