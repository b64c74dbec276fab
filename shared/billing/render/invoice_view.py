"""What an invoice's document says, as strings ready to draw. Nothing is computed here but how it is written."""

from billing.domain.invoice import AccountingTax, CollectionMethod, Invoice, InvoiceStatus
from billing.render.bank_fields import account_fields
from billing.render.document_view import (
    DocumentView,
    Field,
    Highlight,
    Mark,
    PaymentBlock,
    Tone,
    footer_of,
    language_of,
    party_block,
    rows_of,
    tax_field,
    tax_notes,
)
from billing.render.formats import InvoiceFormats, formats_for
from billing.render.qr import credit_transfer
from billing.render.words import Words, words_of

_SETTLED = (InvoiceStatus.DRAFT, InvoiceStatus.PAID, InvoiceStatus.VOID)  # these ask for nothing


def invoice_view(invoice: Invoice, *, footer: str) -> DocumentView:
    """Write an invoice in its own locale and zone; `footer` is the seller's own closing line."""
    formats = formats_for(invoice.locale, currency=invoice.currency)
    words = words_of(formats.locale.language)
    return DocumentView(
        words=words,
        language=language_of(words, formats=formats),
        heading=words.invoice,
        title=f"{words.invoice} {invoice.number}" if invoice.number else words.draft_invoice,
        number=invoice.number,
        created=invoice.issued_at,
        mark=_mark(invoice.status, words=words),
        facts=_facts(invoice, words=words, formats=formats),
        highlight=_highlight(invoice, words=words, formats=formats),
        seller=party_block(invoice.seller, label=words.seller, words=words, formats=formats),
        buyer=party_block(invoice.buyer, label=words.bill_to, words=words, formats=formats),
        decimal_sign=formats.decimal_sign,
        rows=rows_of(invoice.lines, period=invoice.period, zone=invoice.zone, words=words, formats=formats),
        totals=_totals(invoice, words=words, formats=formats),
        remarks=_remarks(invoice.accounting_tax, currency=invoice.currency, words=words, formats=formats),
        notes=_notes(invoice, words=words, formats=formats),
        payment=_payment(invoice, words=words, formats=formats),
        footer=footer_of(invoice.seller, footer=footer, words=words),
    )


def _mark(status: InvoiceStatus, *, words: Words) -> Mark | None:
    match status:
        case InvoiceStatus.DRAFT:
            return Mark(text=words.mark_draft, tone=Tone.QUIET)
        case InvoiceStatus.PAID:
            return Mark(text=words.mark_paid, tone=Tone.GOOD)
        case InvoiceStatus.VOID:
            return Mark(text=words.mark_void, tone=Tone.BAD)
        case InvoiceStatus.ISSUED | InvoiceStatus.OVERDUE | InvoiceStatus.UNCOLLECTIBLE:
            return None


def _facts(invoice: Invoice, *, words: Words, formats: InvoiceFormats) -> tuple[Field, ...]:
    facts = (
        Field(label=words.invoice_number, value=invoice.number or "–"),
        Field(label=words.issue_date, value=formats.day(invoice.issued_on)),
        Field(label=words.due_date, value=formats.day(invoice.due_on)),
        Field(label=words.supply_period, value=formats.period(invoice.period, zone=invoice.zone)),
        Field(label=words.your_reference, value=invoice.buyer_reference),
        Field(label=words.replaces, value=invoice.replaces),
    )
    return tuple(fact for fact in facts if fact.value)


def _highlight(invoice: Invoice, *, words: Words, formats: InvoiceFormats) -> Highlight:
    if invoice.status is InvoiceStatus.VOID:
        total = words.total.format(currency=invoice.currency)
        return Highlight(label=total, value=formats.amount(invoice.total), remark=words.not_to_be_paid)
    return Highlight(
        label=words.amount_due,
        value=formats.amount(invoice.amount_due),
        remark=_due(invoice, words=words, formats=formats),
    )


def _due(invoice: Invoice, *, words: Words, formats: InvoiceFormats) -> str:
    if invoice.status is InvoiceStatus.DRAFT:
        return words.not_yet_issued
    if invoice.status is InvoiceStatus.PAID or invoice.amount_due <= 0:
        return words.paid_in_full
    if invoice.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY:
        return words.charged
    return words.due_by.format(day=formats.day_within(invoice.due_on, language=words.language))


def _totals(invoice: Invoice, *, words: Words, formats: InvoiceFormats) -> tuple[Field, ...]:
    return (
        Field(label=words.subtotal, value=formats.amount(invoice.subtotal)),
        *(tax_field(tax, words=words, formats=formats) for tax in invoice.tax_lines),
        Field(label=words.total.format(currency=invoice.currency), value=formats.amount(invoice.total), strong=True),
        Field(label=words.amount_paid, value=formats.amount(invoice.amount_paid)),
        Field(label=words.amount_due, value=formats.amount(invoice.amount_due), strong=True),
    )


def _remarks(tax: AccountingTax | None, *, currency: str, words: Words, formats: InvoiceFormats) -> tuple[str, ...]:
    """The tax in the currency that the seller accounts for it in (art. 230 Directive 2006/112/EC)."""
    if tax is None:
        return ()
    amount = formats_for(str(formats.locale), currency=tax.currency).amount(tax.tax)
    rate, day = formats.rate(tax.rate), formats.day_within(tax.rate_on, language=words.language)
    return (words.accounting_tax.format(currency=tax.currency, tax=amount, own=currency, rate=rate, day=day),)


def _notes(invoice: Invoice, *, words: Words, formats: InvoiceFormats) -> tuple[str, ...]:
    taxes = tax_notes(invoice.tax_lines, words=words)
    return tuple(dict.fromkeys(filter(None, (*taxes, *invoice.notes, _terms(invoice, words=words, formats=formats)))))


def _terms(invoice: Invoice, *, words: Words, formats: InvoiceFormats) -> str:
    if invoice.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY or invoice.status is InvoiceStatus.VOID:
        return ""  # there is no time to pay in: the amount is charged, or not owed
    terms = words.terms_net if invoice.payment_terms_days else words.terms_receipt
    day = formats.day_within(invoice.due_on, language=words.language)
    return terms.format(days=invoice.payment_terms_days, day=day)


def _payment(invoice: Invoice, *, words: Words, formats: InvoiceFormats) -> PaymentBlock | None:
    if invoice.amount_due <= 0 or invoice.status in _SETTLED:
        return None
    amount = Field(label=words.amount_due, value=formats.amount(invoice.amount_due))
    reference = Field(label=words.reference, value=invoice.payment_reference, strong=True)
    if invoice.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY:
        return PaymentBlock(
            sentence=words.charged_automatically,
            fields=(amount, reference),
            url=invoice.payment_url,
            credit_transfer="",
        )
    bank = invoice.bank
    bank_name = (Field(label=words.bank, value=bank.bank_name),) if bank and bank.bank_name else ()
    return PaymentBlock(
        sentence="",
        fields=(amount, *account_fields(invoice, words=words), *bank_name, reference),
        url=invoice.payment_url,
        credit_transfer=credit_transfer(bank, cents=invoice.amount_due, reference=invoice.payment_reference)
        if bank and invoice.currency == "EUR"
        else "",
    )
