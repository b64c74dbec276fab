"""Invoices and credit notes as e-invoices in the terms of EN 16931: docs/adr/0015-e-invoices.md says why so."""

from collections.abc import Sequence

from billing.domain.credit import CreditNote
from billing.domain.invoice import CollectionMethod, Invoice
from billing.domain.value_added import is_value_added
from billing.render.e_invoice.breakdown import (
    OUTSIDE_VAT,
    outside_breakdown,
    sales_tax_charges,
    tax_of,
    vat_breakdown,
)
from billing.render.e_invoice.line_terms import days_of, discount_terms, hull, is_allowance, line_terms, money
from billing.render.e_invoice.net_amounts import net_amounts
from billing.render.e_invoice.party_terms import buyer_terms, seller_terms
from billing.render.e_invoice.plain_text import plain
from billing.render.e_invoice.terms import (
    CREDIT_NOTE,
    INVOICE,
    AllowanceTerms,
    EInvoice,
    LineTerms,
    PaymentTerms,
    Sums,
    TaxSubtotal,
)

_CREDIT_TRANSFER, _SEPA_TRANSFER, _CARD = "30", "58", "48"  # UNTDID 4461


def e_invoice_of(invoice: Invoice) -> EInvoice:
    """An issued invoice. Amounts and sums are those of its PDF; what it replaces is its preceding invoice."""
    return _e_invoice(
        invoice,
        type_code=INVOICE,
        preceding=invoice.replaces,
        paid=invoice.amount_paid,
        payment=_payment(invoice) if invoice.amount_due > 0 else None,
        payment_terms=_terms(invoice),
    )


def e_credit_note_of(credit_note: CreditNote, *, credited_number: str) -> EInvoice:
    """An issued credit note; `credited_number` is the number of the invoice that it corrects (art. 219, BT-25)."""
    return _e_invoice(
        credit_note,
        type_code=CREDIT_NOTE,
        preceding=credited_number,
        paid=0,
        payment=None,
        payment_terms=_given_back(credit_note),
    )


def _e_invoice(
    document: Invoice | CreditNote,
    *,
    type_code: str,
    preceding: str,
    paid: int,
    payment: PaymentTerms | None,
    payment_terms: str,
) -> EInvoice:
    lines, allowances = _lines(document)
    value_added = is_value_added(document.lines, document.tax_lines)
    breakdown = _breakdown(document, value_added=value_added)
    charges = () if value_added else sales_tax_charges(document.tax_lines, currency=document.currency)
    outside = any(row.tax == OUTSIDE_VAT for row in breakdown)
    accounting = document.accounting_tax if value_added else None
    period = days_of(document.period, zone=document.zone)
    return EInvoice(
        type_code=type_code,
        number=document.number,
        issued_on=document.issued_on,
        due_on=document.due_on if isinstance(document, Invoice) else None,
        currency=document.currency,
        accounting_currency="" if accounting is None else accounting.currency,
        accounting_tax=None if accounting is None else money(accounting.tax, accounting.currency),
        buyer_reference=plain(document.buyer_reference),
        preceding=preceding,
        notes=tuple(filter(None, map(plain, document.notes))),
        days=hull([period, *(line.days for line in lines)]),
        seller=seller_terms(document.seller, outside_vat=outside),
        buyer=buyer_terms(document.buyer, outside_vat=outside),
        payment=payment,
        payment_terms=payment_terms,
        lines=lines,
        allowances=(*allowances, *charges),
        breakdown=breakdown,
        sums=_sums(document, lines=lines, allowances=(*allowances, *charges), breakdown=breakdown, paid=paid),
    )


def _lines(document: Invoice | CreditNote) -> tuple[tuple[LineTerms, ...], tuple[AllowanceTerms, ...]]:
    """The lines, and the discounts as document level allowances; a document of discounts alone keeps them as lines."""
    value_added = is_value_added(document.lines, document.tax_lines)
    nets = net_amounts(document.lines, taxes=document.tax_lines, subtotal=document.subtotal, value_added=value_added)
    all_discounts = all(is_allowance(line) for line in document.lines)
    lines: list[LineTerms] = []
    allowances: list[AllowanceTerms] = []
    for line, net in zip(document.lines, nets, strict=True):
        tax = tax_of(line) if value_added else OUTSIDE_VAT
        if is_allowance(line) and not all_discounts:
            allowances.append(discount_terms(line, net=net, tax=tax, currency=document.currency))
            continue
        number = len(lines) + 1
        lines.append(line_terms(line, number=number, net=net, tax=tax, currency=document.currency, zone=document.zone))
    return tuple(lines), tuple(allowances)


def _breakdown(document: Invoice | CreditNote, *, value_added: bool) -> tuple[TaxSubtotal, ...]:
    if value_added:
        return vat_breakdown(document.tax_lines, currency=document.currency)
    return outside_breakdown(document.total, currency=document.currency)


def _sums(
    document: Invoice | CreditNote,
    *,
    lines: Sequence[LineTerms],
    allowances: Sequence[AllowanceTerms],
    breakdown: Sequence[TaxSubtotal],
    paid: int,
) -> Sums:
    nothing = money(0, document.currency)
    return Sums(
        lines=sum((line.net for line in lines), nothing),
        allowances=sum((each.amount for each in allowances if not each.is_charge), nothing),
        charges=sum((each.amount for each in allowances if each.is_charge), nothing),
        net=sum((row.base for row in breakdown), nothing),
        tax=sum((row.amount for row in breakdown), nothing),
        total=money(document.total, document.currency),
        paid=money(paid, document.currency),
        due=money(document.total - paid, document.currency),
    )


def _given_back(credit_note: CreditNote) -> str:
    """Where the money goes: off what is due first, then back."""
    due = credit_note.total - credit_note.balance_added - credit_note.to_method
    ways = (
        (due, "Set against the amount due"),
        (credit_note.to_method, "Refunded to the payment method"),
        (credit_note.balance_added, "Added to the customer's credit balance"),
    )
    said = [(amount, words) for amount, words in ways if amount]
    if len(said) == 1:
        return said[0][1]
    return "; ".join(f"{words}: {money(amount, credit_note.currency)}" for amount, words in said)


def _payment(invoice: Invoice) -> PaymentTerms | None:
    """How the invoice is paid: by the saved card, or by transfer (SEPA in euros); None where no account is known."""
    bank, reference = invoice.bank, invoice.payment_reference
    if invoice.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY:
        return PaymentTerms(means=_CARD, reference=reference, iban="", account_number="", bic="", account_name="")
    if bank is None:
        return None
    return PaymentTerms(
        means=_SEPA_TRANSFER if invoice.currency == "EUR" and bank.iban else _CREDIT_TRANSFER,
        reference=reference,
        iban="".join(bank.iban.split()),
        account_number="" if bank.iban else bank.account_number,
        bic=bank.bic,
        account_name=plain(bank.account_holder),
    )


def _terms(invoice: Invoice) -> str:
    due = f"Net {invoice.payment_terms_days} days, due by {invoice.due_on}"
    return f"{due}; pay online: {invoice.payment_url}" if invoice.payment_url else due
