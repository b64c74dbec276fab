"""What a document says, as strings ready to draw; shared by invoices and credit notes."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from billing.domain.explanation import TierStep
from billing.domain.invoice import LineItem, Party
from billing.domain.period import Period
from billing.domain.tax import TaxCategory, TaxLine
from billing.render.formats import InvoiceFormats
from billing.render.line_words import translated_line, translated_note
from billing.render.words import Words

_CITY_FIRST = frozenset({"AU", "CA", "GB", "IE", "IN", "NZ", "US"})  # there the postal code follows the city
_VAT_PREFIXES = {"GR": "EL"}  # Greece's VAT ids begin with EL


class Tone(Enum):
    """What a mark means: in force, settled, or worth nothing."""

    QUIET = "quiet"
    GOOD = "good"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A value with its label."""

    label: str
    value: str
    strong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A stamp that says what the paper is worth."""

    text: str
    tone: Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Highlight:
    """The one amount that a reader looks for, and what becomes of it."""

    label: str
    value: str
    remark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyBlock:
    """Who, where, and under which tax id; `lines` follow the name."""

    label: str
    name: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table: `detail` says below the description what the columns don't, `running` the sum so far."""

    description: str
    detail: str
    quantity: str
    unit_price: str
    tax: str
    amount: str
    running: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentBlock:
    """How to pay: a sentence, the transfer's fields, the link, and what the QR codes hold ("" for none)."""

    sentence: str
    fields: tuple[Field, ...]
    url: str
    credit_transfer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentView:
    """The whole document. `payment` is None when nothing is to be paid."""

    words: Words
    language: str
    heading: str
    title: str
    number: str
    created: datetime
    mark: Mark | None
    facts: tuple[Field, ...]
    highlight: Highlight
    seller: PartyBlock
    buyer: PartyBlock
    decimal_sign: str
    rows: tuple[Row, ...]
    totals: tuple[Field, ...]
    remarks: tuple[str, ...]
    notes: tuple[str, ...]
    payment: PaymentBlock | None
    footer: str


def language_of(words: Words, *, formats: InvoiceFormats) -> str:
    """The document's language for readers: its locale, or English where it has no words in the locale's language."""
    return str(formats.locale).replace("_", "-") if words.language == formats.locale.language else words.language


def party_block(party: Party, *, label: str, words: Words, formats: InvoiceFormats) -> PartyBlock:
    """A party with its address as its country writes it."""
    lines = (
        *party.street.splitlines(),
        *_place(party),
        formats.country(party.country) if party.country else "",
        party.email,
        _tax_id(party, words=words),
        words.registration.format(id=party.registration) if party.registration else "",
        words.electronic_address.format(id=party.electronic_address) if party.electronic_address else "",
    )
    return PartyBlock(label=label, name=party.name, lines=tuple(filter(None, lines)))


def rows_of(
    lines: tuple[LineItem, ...], *, period: Period, zone: str, words: Words, formats: InvoiceFormats
) -> tuple[Row, ...]:
    """The rows of the table; `period` is the document's, which a line names where its own differs."""
    rows, sum_so_far = [], 0
    for line in lines:
        sum_so_far += line.amount
        percent = formats.percent(line.tax_percent)
        rows.append(
            Row(
                description=translated_line(line.description, words=words),
                detail=_detail(line, period=period, zone=zone, words=words, formats=formats),
                quantity=formats.quantity(line.quantity),
                unit_price=formats.unit_price(line.unit_price),
                tax=words.included.format(percent=percent) if line.tax_inclusive else percent,
                amount=formats.amount(line.amount),
                running=formats.amount(sum_so_far),
            )
        )
    return tuple(rows)


def tax_field(tax: TaxLine, *, words: Words, formats: InvoiceFormats) -> Field:
    """A row of the tax breakdown: name, rate, base and tax."""
    place = f" ({tax.state})" if tax.state and tax.state not in tax.name else ""
    name = translated_note(tax.name, words=words) or _untaxed(tax.category, words=words)
    label = words.tax_on.format(tax=f"{name}{place} {formats.percent(tax.percent)}", base=formats.amount(tax.base))
    return Field(label=label, value=formats.amount(tax.tax))


def tax_notes(taxes: tuple[TaxLine, ...], *, words: Words) -> tuple[str, ...]:
    """What the law wants said about the taxes, each once."""
    return tuple(dict.fromkeys(translated_note(tax.note, words=words) for tax in taxes if tax.note))


def footer_of(seller: Party, *, footer: str, words: Words) -> str:
    """What stands at the foot of each page: the seller, its registration, and its own closing line."""
    registration = words.tax_registration.format(id=seller.tax_id) if seller.tax_id else ""
    return " · ".join(filter(None, (seller.name, registration, footer)))


def _untaxed(category: TaxCategory, *, words: Words) -> str:
    match category:
        case TaxCategory.REVERSE_CHARGE:
            return words.untaxed_reverse_charge
        case TaxCategory.EXEMPT:
            return words.untaxed_exempt
        case TaxCategory.OUTSIDE:
            return words.untaxed_outside
        case _:
            return words.tax


def _tax_id(party: Party, *, words: Words) -> str:
    if not party.tax_id:
        return ""
    prefix = _VAT_PREFIXES.get(party.country, party.country)
    label = words.vat_id if prefix and party.tax_id.startswith(prefix) else words.tax_id
    return label.format(id=party.tax_id)


def _place(party: Party) -> tuple[str, ...]:
    if party.country in _CITY_FIRST:
        region = " ".join(filter(None, (party.state, party.postal_code)))
        return (", ".join(filter(None, (party.city, region))),)
    return (" ".join(filter(None, (party.postal_code, party.city))), party.state)


def _detail(line: LineItem, *, period: Period, zone: str, words: Words, formats: InvoiceFormats) -> str:
    parts = []
    if line.period != period:
        parts.append(formats.period(line.period, zone=zone))
    step = line.explanation.step
    if isinstance(step, TierStep) and step.flat_fee and step.flat_fee != line.unit_price:
        parts.append(words.flat_fee.format(amount=formats.unit_price(step.flat_fee)))
    return ", ".join(parts)
