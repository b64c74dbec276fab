"""What a credit note's document says, as strings ready to draw."""

from billing.domain.credit import CreditNote
from billing.render.document_view import (
    DocumentView,
    Field,
    Highlight,
    Mark,
    Tone,
    footer_of,
    language_of,
    party_block,
    rows_of,
    tax_field,
    tax_notes,
)
from billing.render.formats import InvoiceFormats, formats_for
from billing.render.words import Words, words_of


def credit_note_view(credit_note: CreditNote, *, footer: str, invoice_number: str) -> DocumentView:
    """Write a credit note in its own locale and zone; `footer` is the seller's own closing line.

    `invoice_number` is the number of the invoice that it corrects, "" where only its id is known.
    """
    formats = formats_for(credit_note.locale, currency=credit_note.currency)
    words = words_of(formats.locale.language)
    return DocumentView(
        words=words,
        language=language_of(words, formats=formats),
        heading=words.credit_note,
        title=f"{words.credit_note} {credit_note.number}" if credit_note.number else words.draft_credit_note,
        number=credit_note.number,
        created=credit_note.issued_at,
        mark=None if credit_note.number else Mark(text=words.mark_draft, tone=Tone.QUIET),
        facts=_facts(credit_note, invoice_number or credit_note.invoice_id, words=words, formats=formats),
        highlight=Highlight(
            label=words.total_credit,
            value=formats.amount(credit_note.total),
            remark=words.to_balance if credit_note.balance_added == credit_note.total else "",
        ),
        seller=party_block(credit_note.seller, label=words.seller, words=words, formats=formats),
        buyer=party_block(credit_note.buyer, label=words.credit_to, words=words, formats=formats),
        decimal_sign=formats.decimal_sign,
        rows=rows_of(credit_note.lines, period=credit_note.period, zone=credit_note.zone, words=words, formats=formats),
        totals=_totals(credit_note, words=words, formats=formats),
        remarks=(),
        notes=_notes(credit_note, words=words, formats=formats),
        payment=None,
        footer=footer_of(credit_note.seller, footer=footer, words=words),
    )


def _facts(credit_note: CreditNote, corrected: str, *, words: Words, formats: InvoiceFormats) -> tuple[Field, ...]:
    return (
        Field(label=words.credit_note_number, value=credit_note.number or "–"),
        Field(label=words.issue_date, value=formats.day(credit_note.issued_on)),
        Field(label=words.corrects, value=corrected),
        Field(label=words.supply_period, value=formats.period(credit_note.period, zone=credit_note.zone)),
    )


def _totals(credit_note: CreditNote, *, words: Words, formats: InvoiceFormats) -> tuple[Field, ...]:
    return (
        Field(label=words.subtotal, value=formats.amount(credit_note.subtotal)),
        *(tax_field(tax, words=words, formats=formats) for tax in credit_note.tax_lines),
        Field(label=words.total_credit, value=formats.amount(credit_note.total), strong=True),
    )


def _notes(credit_note: CreditNote, *, words: Words, formats: InvoiceFormats) -> tuple[str, ...]:
    balance, refunded = credit_note.balance_added, credit_note.to_method
    return (
        *tax_notes(credit_note.tax_lines, words=words),
        *(words.added_to_balance.format(amount=formats.amount(each)) for each in [balance] if each),
        *(words.refunded.format(amount=formats.amount(each)) for each in [refunded] if each),
        *credit_note.notes,
    )
