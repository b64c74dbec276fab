"""Notices to mail: every kind once about an invoice of the book, and those that say something else for another case."""

from dataclasses import replace
from datetime import UTC, date, datetime

from billing.domain.attempt import AttemptStatus, PaymentAttempt
from billing.domain.decline import Advice
from billing.domain.dunning_case import CaseCause, entered
from billing.domain.invoice import CollectionMethod, Invoice, InvoiceStatus
from billing.domain.notice import Notice, NoticeKind
from billing.domain.payment import Application, Payment, PaymentSource
from billing.domain.tenant import Tenant
from tests.builders import a_tenant
from tests.golden.sample_invoices import ACCOUNT_1047, BUYER, CREDIT_NOTE, SELLER

ISSUED = datetime(2026, 3, 1, 6, tzinfo=UTC)
LATE = datetime(2026, 4, 8, 8, tzinfo=UTC)
"""Eight days after the invoice was due, on 31 March."""
TENANT = a_tenant(
    seller=SELLER,
    mail_sender="billing@nordlicht.example",
    support_email="help@nordlicht.example",
    billing_contact="buchhaltung@nordlicht.example",
    accent_colour="#0f766e",
)
TRANSFER = replace(
    ACCOUNT_1047,
    buyer=replace(BUYER, email="compta@acme-robotics.example"),
    payment_url="https://pay.example.com/pay/8f3a1c9be2",
)
OVERDUE = replace(
    TRANSFER,
    status=InvoiceStatus.OVERDUE,
    dunning=replace(
        entered(CaseCause.OVERDUE, on=date(2026, 4, 1), at=datetime(2026, 4, 1, 6, tzinfo=UTC)),
        last_day=7,
        reminded_on=(date(2026, 4, 4), date(2026, 4, 8)),
    ),
)
RECEIVED = Payment(
    id="stripe.pi_1",
    customer_id="1047",
    currency="EUR",
    amount=312_91,
    source=PaymentSource.CARD,
    received_at=ISSUED,
    applications=(Application(invoice_id=ACCOUNT_1047.id, amount=312_91),),
    method="Visa •••• 4242",
)


def attempt(code: str, advice: Advice | None, *, status: AttemptStatus = AttemptStatus.DECLINED) -> PaymentAttempt:
    """The first charge of the invoice, which failed."""
    return PaymentAttempt(
        number=1, attempted_at=ISSUED, amount=312_91, status=status, method="Visa •••• 0341", code=code, advice=advice
    )


SOFT = attempt("insufficient_funds", Advice.RETRY)
EXPIRED = attempt("expired_card", Advice.UPDATE_METHOD)
STOLEN = attempt("stolen_card", Advice.REVIEW)
TO_CONFIRM = attempt("", None, status=AttemptStatus.REQUIRES_ACTION)


def by_card(last: PaymentAttempt, *, notices: tuple[date, ...] = ()) -> Invoice:
    """The invoice of a customer whose card was tried; it is not due yet."""
    case = replace(entered(CaseCause.PAYMENT_FAILED, on=date(2026, 3, 1), at=ISSUED), reminded_on=notices)
    return replace(TRANSFER, collection_method=CollectionMethod.CHARGE_AUTOMATICALLY, attempts=(last,), dunning=case)


def failed(kind: NoticeKind, last: PaymentAttempt, *, at: datetime = ISSUED) -> Notice:
    """A notice about a card that was declined."""
    invoice = by_card(last)
    return Notice(
        kind=kind,
        tenant=TENANT,
        invoice=invoice,
        sent_at=at,
        attempt=last,
        method_url=f"{invoice.payment_url}/card",
    )


def overdue(kind: NoticeKind, *, day: int) -> Notice:
    """A notice about the transfer that did not come."""
    return Notice(kind=kind, tenant=TENANT, invoice=OVERDUE, sent_at=LATE, step_day=day)


DAY_3, DAY_7 = datetime(2026, 3, 4, 8, tzinfo=UTC), datetime(2026, 3, 8, 8, tzinfo=UTC)
STOPS = date(2026, 3, 22)
NOTICES = {
    "invoice-issued": replace(
        Notice(kind=NoticeKind.INVOICE_ISSUED, tenant=TENANT, invoice=TRANSFER, sent_at=ISSUED), pdf=b"%PDF-1.7\n"
    ),
    "receipt": Notice(
        kind=NoticeKind.RECEIPT,
        tenant=TENANT,
        invoice=replace(TRANSFER, status=InvoiceStatus.PAID, amount_paid=312_91),
        sent_at=ISSUED,
        payment=RECEIVED,
    ),
    "credit-note-issued": Notice(
        kind=NoticeKind.CREDIT_NOTE_ISSUED,
        tenant=TENANT,
        invoice=TRANSFER,
        credit_note=CREDIT_NOTE,
        sent_at=ISSUED,
        reason="goodwill",
    ),
    "payment-failed": replace(failed(NoticeKind.PAYMENT_FAILED, SOFT), retry_on=date(2026, 3, 4)),
    "payment-failed-of-a-stolen-card": failed(NoticeKind.PAYMENT_FAILED, STOLEN),
    "update-payment-method": failed(NoticeKind.UPDATE_PAYMENT_METHOD, EXPIRED),
    "action-required": failed(NoticeKind.ACTION_REQUIRED, TO_CONFIRM),
    "payment-reminder": replace(
        failed(NoticeKind.PAYMENT_REMINDER, SOFT, at=DAY_3), step_day=3, retry_on=date(2026, 3, 8)
    ),
    "payment-reminder-of-an-expired-card": replace(failed(NoticeKind.PAYMENT_REMINDER, EXPIRED, at=DAY_3), step_day=3),
    "payment-reminder-to-confirm": replace(failed(NoticeKind.PAYMENT_REMINDER, TO_CONFIRM, at=DAY_3), step_day=3),
    "payment-reminder-by-transfer": overdue(NoticeKind.PAYMENT_REMINDER, day=3),
    "urgent-notice": replace(failed(NoticeKind.URGENT_NOTICE, SOFT, at=DAY_7), step_day=7, suspend_on=STOPS),
    "urgent-notice-of-an-expired-card": replace(
        failed(NoticeKind.URGENT_NOTICE, EXPIRED, at=DAY_7), step_day=7, suspend_on=STOPS
    ),
    "urgent-notice-by-transfer": replace(overdue(NoticeKind.URGENT_NOTICE, day=7), suspend_on=date(2026, 4, 22)),
    "final-notice-by-transfer": overdue(NoticeKind.FINAL_NOTICE, day=10),
    "service-suspended": replace(failed(NoticeKind.SERVICE_SUSPENDED, EXPIRED, at=DAY_7), step_day=-1),
    "service-suspended-by-transfer": overdue(NoticeKind.SERVICE_SUSPENDED, day=-1),
    "service-restored": replace(
        overdue(NoticeKind.SERVICE_RESTORED, day=-1),
        invoice=replace(OVERDUE, status=InvoiceStatus.PAID, amount_paid=312_91),
    ),
    "tenant-payment-failed": replace(failed(NoticeKind.TENANT_PAYMENT_FAILED, SOFT), retry_on=date(2026, 3, 4)),
    "tenant-payment-failed-of-a-stolen-card": failed(NoticeKind.TENANT_PAYMENT_FAILED, STOLEN),
    "tenant-review-needed": replace(
        failed(NoticeKind.TENANT_REVIEW_NEEDED, SOFT, at=datetime(2026, 3, 15, 8, tzinfo=UTC)),
        invoice=by_card(SOFT, notices=(date(2026, 3, 4), date(2026, 3, 8))),
        step_day=14,
        suspend_on=STOPS,
        reason="day 14: unpaid after 2 retries and 2 notices",
    ),
}
"""By the name of the mail: each in English as it is; German is the same for a reader of German."""


def in_german(notice: Notice) -> Notice:
    """The same notice to a reader of German."""
    tenant: Tenant = replace(notice.tenant, locale="de_DE")
    return replace(notice, tenant=tenant, invoice=replace(notice.invoice, locale="de_DE"))
