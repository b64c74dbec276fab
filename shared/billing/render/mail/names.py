"""The names that mail templates may use, and what they stand for in one mail."""

from collections.abc import Callable
from datetime import date
from functools import partial

from billing.domain.attempt import AttemptStatus
from billing.domain.decline import Advice, advice_of, is_refusal
from billing.domain.invoice import CollectionMethod, Invoice
from billing.domain.notice import Notice, NoticeKind
from billing.domain.period import local_date
from billing.render.formats import formats_for
from billing.render.mail.decline_words import decline_reason
from billing.render.mail.review_words import review_reason

EXAMPLES = {
    "account": "DE89 3704 0044 0532 0130 00",
    "advice": "retry",
    "amount_due": "€49.00",
    "amount_left": "€20.00",
    "amount_paid": "€29.00",
    "cause": "payment_failed",
    "credit_note_number": "CN-2026-02-0001",
    "customer": "Lumen Health GmbH",
    "customer_id": "acct-1047",
    "days_overdue": "7",
    "decline_code": "insufficient_funds",
    "decline_reason": "the account did not have enough funds",
    "due_on": "31 March 2026",
    "iban": "DE89 3704 0044 0532 0130 00",
    "invoice_number": "INV-2026-02-0047",
    "invoice_status": "overdue",
    "issued_on": "1 March 2026",
    "method_url": "https://billing.example.com/pay/token/card",
    "notices": "2",
    "pay_url": "https://billing.example.com/pay/token",
    "payment_method": "Visa •••• 4242",
    "pays_by": "card",
    "period": "1 February 2026 – 28 February 2026",
    "reason": "goodwill",
    "reference": "INV-2026-02-0047",
    "retry_on": "4 March 2026",
    "seller": "Example API GmbH",
    "support_email": "help@example.com",
    "suspend_on": "22 March 2026",
    "total": "€49.00",
    "tries": "3",
}
"""Every name with an example; what does not apply to a mail is empty there, so `{% if retry_on %}` tells.

`advice` is what follows from the last charge, where that failed: `retry`, `update_method`, `confirm`, `transfer` (the
gateway itself refused), and for the tenant alone `review`. `account` is the IBAN, or else the account's number. `cause`
is why the invoice is chased: `payment_failed`, `overdue` or `reversed`. `pays_by` is `card` or `transfer`,
`invoice_status` that of the API. `tries` counts the charges that failed, where the last one did, and `notices` what the
customer was sent by the dunning schedule.
"""

_FAILED = frozenset({AttemptStatus.DECLINED, AttemptStatus.REQUIRES_ACTION})
_ADVICE = {
    Advice.RETRY: "retry",
    Advice.RETRY_SOON: "retry",
    Advice.UPDATE_METHOD: "update_method",
    Advice.REVIEW: "review",
}


def names_of(notice: Notice, *, language: str) -> dict[str, str]:
    """The names of one notice: amounts and dates as the invoice's locale writes them, words in the mail's language."""
    invoice, note, payment, attempt = notice.invoice, notice.credit_note, notice.payment, notice.attempt
    formats = formats_for(_locale(invoice, notice, language), currency=invoice.currency)
    write_day = partial(formats.day_within, language=language)
    paid = payment.amount if payment is not None else invoice.amount_paid
    return {
        "account": invoice.bank.account if invoice.bank is not None else "",
        "amount_due": formats.amount(invoice.amount_due),
        "amount_left": formats.amount(invoice.amount_due) if invoice.amount_due > 0 else "",
        "amount_paid": formats.amount(paid),
        "credit_note_number": note.number if note is not None else "",
        "customer": invoice.buyer.name,
        "customer_id": invoice.customer_id,
        "due_on": write_day(invoice.due_on),
        "iban": invoice.bank.iban if invoice.bank is not None else "",
        "invoice_number": invoice.number,
        "invoice_status": invoice.status.value,
        "issued_on": write_day(invoice.issued_on),
        "method_url": notice.method_url,
        "pay_url": invoice.payment_url,
        "payment_method": (payment.method if payment is not None else "") or (attempt.method if attempt else ""),
        "pays_by": "card" if _is_charged(notice) else "transfer",
        "period": formats.period(invoice.period, zone=invoice.zone),
        "reason": review_reason(_reason(notice), language=language, write_day=write_day),
        "reference": invoice.payment_reference,
        "seller": invoice.seller.name,
        "support_email": notice.tenant.support_email,
        "total": formats.amount(note.total if note is not None else invoice.total),
        **_of_failure(notice, language=language),
        **_of_case(notice, write_day=write_day),
    }


def _is_charged(notice: Notice) -> bool:
    """Whether a card pays: what the gateway itself refused, its customer is asked for as if there were none."""
    was_refused = notice.attempt is not None and is_refusal(notice.attempt.code)
    return notice.invoice.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY and not was_refused


def _reason(notice: Notice) -> str:
    """Why; what a person has to decide is no business of the customer."""
    is_told = notice.kind.is_for_the_tenant or notice.kind is NoticeKind.CREDIT_NOTE_ISSUED
    return notice.reason if is_told else ""


def _of_failure(notice: Notice, *, language: str) -> dict[str, str]:
    """What is said of the last charge. Customers are told no code that speaks of theft or fraud, nor that it does."""
    attempt = notice.attempt
    code, advice = (attempt.code, attempt.advice) if attempt is not None else ("", None)
    shown = "" if advice is None else _ADVICE[advice]
    failed = [each for each in notice.invoice.attempts if each.status in _FAILED]
    if attempt is not None and attempt.status is AttemptStatus.REQUIRES_ACTION:
        code, shown = "authentication_required", "confirm"
    if is_refusal(code):
        shown = "transfer"
    is_told = notice.kind.is_for_the_tenant or not is_refusal(code)
    if Advice.REVIEW in (advice, advice_of(code)) and not notice.kind.is_for_the_tenant:
        code, shown = "", "" if advice is Advice.REVIEW else shown
    return {
        "advice": shown,
        "decline_code": code,
        "decline_reason": decline_reason(code, language=language),
        "tries": str(max(1, len(failed))) if is_told and attempt is not None and attempt.status in _FAILED else "",
    }


def _of_case(notice: Notice, *, write_day: Callable[[date], str]) -> dict[str, str]:
    """How far the chasing is, as of the day of the mail in the invoice's zone."""
    invoice, case = notice.invoice, notice.invoice.dunning
    late = (local_date(notice.sent_at, invoice.zone) - invoice.due_on).days
    return {
        "cause": "" if case is None else case.cause.value,
        "days_overdue": str(late) if late > 0 and invoice.amount_due > 0 else "",
        "notices": str(len(case.reminded_on)) if case is not None and case.reminded_on else "",
        "retry_on": "" if notice.retry_on is None else write_day(notice.retry_on),
        "suspend_on": "" if notice.suspend_on is None else write_day(notice.suspend_on),
    }


def _locale(invoice: Invoice, notice: Notice, language: str) -> str:
    """The invoice's own; where the mail is in another language than it, that language, so that no month is foreign."""
    locale = notice.tenant.locale if notice.kind.is_for_the_tenant else invoice.locale
    same = locale.replace("-", "_").partition("_")[0] == language
    return locale if same else {"de": "de_DE"}.get(language, "en_GB")
