"""The names that mail templates may use, and what they stand for in one mail."""

from billing.domain.invoice import Invoice
from billing.domain.notice import Notice
from billing.render.formats import formats_for
from billing.render.mail.decline_words import decline_reason

EXAMPLES = {
    "amount_due": "€49.00",
    "amount_left": "€20.00",
    "amount_paid": "€29.00",
    "credit_note_number": "CN-2026-02-0001",
    "customer": "Lumen Health GmbH",
    "customer_id": "acct-1047",
    "decline_code": "insufficient_funds",
    "decline_reason": "the account did not have enough funds",
    "due_on": "31 March 2026",
    "iban": "DE89 3704 0044 0532 0130 00",
    "invoice_number": "INV-2026-02-0047",
    "issued_on": "1 March 2026",
    "method_url": "https://billing.example.com/pay/token/card",
    "pay_url": "https://billing.example.com/pay/token",
    "payment_method": "Visa •••• 4242",
    "period": "1 February 2026 – 28 February 2026",
    "reason": "goodwill",
    "reference": "INV-2026-02-0047",
    "retry_on": "4 March 2026",
    "seller": "Example API GmbH",
    "support_email": "help@example.com",
    "total": "€49.00",
}
"""Every name with an example; what does not apply to a mail is empty there, so `{% if retry_on %}` tells."""


def names_of(notice: Notice, *, language: str) -> dict[str, str]:
    """The names of one notice: amounts and dates as the invoice's locale writes them, words in the mail's language."""
    invoice, note, payment, attempt = notice.invoice, notice.credit_note, notice.payment, notice.attempt
    formats = formats_for(_locale(invoice, notice, language), currency=invoice.currency)
    paid = payment.amount if payment is not None else invoice.amount_paid
    return {
        "amount_due": formats.amount(max(0, invoice.amount_due)),
        "amount_left": formats.amount(invoice.amount_due) if invoice.amount_due > 0 else "",
        "amount_paid": formats.amount(paid),
        "credit_note_number": note.number if note is not None else "",
        "customer": invoice.buyer.name,
        "customer_id": invoice.customer_id,
        "decline_code": attempt.code if attempt is not None else "",
        "decline_reason": decline_reason(attempt.code if attempt is not None else "", language=language),
        "due_on": formats.day_within(invoice.due_on, language=language),
        "iban": invoice.bank.iban if invoice.bank is not None else "",
        "invoice_number": invoice.number,
        "issued_on": formats.day_within(invoice.issued_on, language=language),
        "method_url": notice.method_url,
        "pay_url": invoice.payment_url,
        "payment_method": (payment.method if payment is not None else "") or (attempt.method if attempt else ""),
        "period": formats.period(invoice.period, zone=invoice.zone),
        "reason": notice.reason,
        "reference": invoice.payment_reference,
        "retry_on": formats.day_within(notice.retry_on, language=language) if notice.retry_on is not None else "",
        "seller": invoice.seller.name,
        "support_email": notice.tenant.support_email,
        "total": formats.amount(note.total if note is not None else invoice.total),
    }


def _locale(invoice: Invoice, notice: Notice, language: str) -> str:
    """The invoice's own; where the mail is in another language than it, that language, so that no month is foreign."""
    locale = notice.tenant.locale if notice.kind.is_for_the_tenant else invoice.locale
    same = locale.replace("-", "_").partition("_")[0] == language
    return locale if same else {"de": "de_DE"}.get(language, "en_GB")
