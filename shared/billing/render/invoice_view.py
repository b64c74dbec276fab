"""What an invoice's document says, as strings ready to draw. Nothing is computed here but how it is written."""

from dataclasses import dataclass
from datetime import datetime

from billing.domain.explanation import TierStep
from billing.domain.invoice import BankDetails, Invoice, InvoiceStatus, LineItem, Party
from billing.domain.tax import TaxCategory, TaxLine
from billing.render.formats import InvoiceFormats, formats_for
from billing.render.qr import credit_transfer

_MARKS = {InvoiceStatus.DRAFT: "DRAFT", InvoiceStatus.PAID: "PAID", InvoiceStatus.VOID: "VOID"}
_UNTAXED = {
    TaxCategory.REVERSE_CHARGE: "Reverse charge",
    TaxCategory.EXEMPT: "Tax exempt",
    TaxCategory.OUTSIDE: "Outside the scope of tax",
}
_CITY_FIRST = frozenset({"AU", "CA", "GB", "IE", "IN", "NZ", "US"})  # there the postal code follows the city


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A value with its label."""

    label: str
    value: str
    strong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyBlock:
    """Who, where, and under which tax id; `lines` follow the name."""

    label: str
    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table. `detail` says below the description what the columns don't."""

    description: str
    detail: str
    quantity: str
    unit_price: str
    tax: str
    amount: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentBlock:
    """How to pay: the transfer's fields, the link, and what the QR codes hold ("" for none)."""

    fields: tuple[Field, ...]
    url: str
    credit_transfer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceView:
    """The whole document. `payment` is None when nothing is to be paid."""

    title: str
    language: str
    created: datetime
    number: str
    mark: str
    heading: tuple[Field, ...]
    seller: PartyBlock
    buyer: PartyBlock
    decimal_sign: str
    rows: tuple[Row, ...]
    totals: tuple[Field, ...]
    notes: tuple[str, ...]
    payment: PaymentBlock | None
    footer: str


def invoice_view(invoice: Invoice, *, footer: str) -> InvoiceView:
    """Write an invoice in its own locale and zone; `footer` is the seller's own closing line."""
    formats = formats_for(invoice.locale, currency=invoice.currency)
    return InvoiceView(
        title=f"Invoice {invoice.number}" if invoice.number else "Draft invoice",
        language=str(formats.locale).replace("_", "-"),
        created=invoice.issued_at,
        number=invoice.number,
        mark=_MARKS.get(invoice.status, ""),
        heading=_heading(invoice, formats=formats),
        seller=_party(invoice.seller, label="From", formats=formats),
        buyer=_party(invoice.buyer, label="Bill to", formats=formats),
        decimal_sign=formats.decimal_sign,
        rows=tuple(_row(line, invoice=invoice, formats=formats) for line in invoice.lines),
        totals=_totals(invoice, formats=formats),
        notes=_notes(invoice, formats=formats),
        payment=_payment(invoice, formats=formats),
        footer=_footer(invoice.seller, footer=footer),
    )


def _heading(invoice: Invoice, *, formats: InvoiceFormats) -> tuple[Field, ...]:
    return (
        Field(label="Invoice number", value=invoice.number or "–"),
        Field(label="Issue date", value=formats.day(invoice.issued_on)),
        Field(label="Due date", value=formats.day(invoice.due_on)),
        Field(label="Supply period", value=formats.period(invoice.period, zone=invoice.zone)),
    )


def _party(party: Party, *, label: str, formats: InvoiceFormats) -> PartyBlock:
    lines = (
        *party.street.splitlines(),
        *_place(party),
        formats.country(party.country) if party.country else "",
        party.email,
        f"Tax ID: {party.tax_id}" if party.tax_id else "",
    )
    return PartyBlock(label=label, name=party.name, lines=tuple(filter(None, lines)))


def _place(party: Party) -> tuple[str, ...]:
    if party.country in _CITY_FIRST:
        region = " ".join(filter(None, (party.state, party.postal_code)))
        return (", ".join(filter(None, (party.city, region))),)
    return (" ".join(filter(None, (party.postal_code, party.city))), party.state)


def _row(line: LineItem, *, invoice: Invoice, formats: InvoiceFormats) -> Row:
    return Row(
        description=line.description,
        detail=_detail(line, invoice=invoice, formats=formats),
        quantity=formats.quantity(line.quantity),
        unit_price=formats.unit_price(line.unit_price),
        tax=formats.percent(line.tax_percent) + (" incl." if line.tax_inclusive else ""),
        amount=formats.amount(line.amount),
    )


def _detail(line: LineItem, *, invoice: Invoice, formats: InvoiceFormats) -> str:
    parts = []
    if line.period != invoice.period:
        parts.append(formats.period(line.period, zone=invoice.zone))
    step = line.explanation.step
    if isinstance(step, TierStep) and step.flat_fee:
        parts.append(f"plus a flat fee of {formats.unit_price(step.flat_fee)}")
    return ", ".join(parts)


def _totals(invoice: Invoice, *, formats: InvoiceFormats) -> tuple[Field, ...]:
    return (
        Field(label="Subtotal", value=formats.amount(invoice.subtotal)),
        *(_tax(tax, formats=formats) for tax in invoice.tax_lines),
        Field(label=f"Total ({invoice.currency})", value=formats.amount(invoice.total), strong=True),
        Field(label="Amount paid", value=formats.amount(invoice.amount_paid)),
        Field(label="Amount due", value=formats.amount(invoice.amount_due), strong=True),
    )


def _tax(tax: TaxLine, *, formats: InvoiceFormats) -> Field:
    place = f" ({tax.state})" if tax.state and tax.state not in tax.name else ""
    name = tax.name or _UNTAXED.get(tax.category, "Tax")
    label = f"{name}{place} {formats.percent(tax.percent)} on {formats.amount(tax.base)}"
    return Field(label=label, value=formats.amount(tax.tax))


def _notes(invoice: Invoice, *, formats: InvoiceFormats) -> tuple[str, ...]:
    taxes = (tax.note for tax in invoice.tax_lines)
    return tuple(dict.fromkeys(filter(None, (*taxes, *invoice.notes, _terms(invoice, formats=formats)))))


def _terms(invoice: Invoice, *, formats: InvoiceFormats) -> str:
    due = formats.day(invoice.due_on)
    if not invoice.payment_terms_days:
        return f"Terms: due on receipt, by {due}."
    return f"Terms: Net {invoice.payment_terms_days}, payment due by {due}."


def _payment(invoice: Invoice, *, formats: InvoiceFormats) -> PaymentBlock | None:
    if invoice.amount_due <= 0 or invoice.status in (InvoiceStatus.VOID, InvoiceStatus.DRAFT, InvoiceStatus.PAID):
        return None
    return PaymentBlock(
        fields=(
            Field(label="Amount due", value=formats.amount(invoice.amount_due)),
            *(_bank_fields(invoice.bank) if invoice.bank else ()),
            Field(label="Reference", value=invoice.payment_reference, strong=True),
        ),
        url=invoice.payment_url,
        credit_transfer=credit_transfer(invoice.bank, cents=invoice.amount_due, reference=invoice.payment_reference)
        if invoice.bank and invoice.currency == "EUR"
        else "",
    )


def _bank_fields(bank: BankDetails) -> tuple[Field, ...]:
    iban = "".join(bank.iban.split())
    grouped = " ".join(iban[i : i + 4] for i in range(0, len(iban), 4))
    fields = (
        Field(label="Account holder", value=bank.account_holder),
        Field(label="IBAN", value=grouped),
        Field(label="BIC", value=bank.bic),
        Field(label="Bank", value=bank.bank_name),
    )
    return tuple(field for field in fields if field.value)


def _footer(seller: Party, *, footer: str) -> str:
    registration = f"Tax registration {seller.tax_id}" if seller.tax_id else ""
    return " · ".join(filter(None, (seller.name, registration, footer)))
