"""The e-invoice as UN/CEFACT Cross Industry Invoice, in the profile EN 16931 of Factur-X 1.0, by drafthorse."""

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import indent, tostring

from drafthorse.models.accounting import ApplicableTradeTax, CategoryTradeTax, TradeAllowanceCharge
from drafthorse.models.document import Document
from drafthorse.models.note import IncludedNote
from drafthorse.models.party import TaxRegistration
from drafthorse.models.payment import PaymentMeans
from drafthorse.models.payment import PaymentTerms as TradePaymentTerms
from drafthorse.models.tradelines import LineItem

from billing.render.e_invoice.terms import (
    AllowanceTerms,
    Days,
    EInvoice,
    LineTerms,
    PartyTerms,
    PaymentTerms,
    TaxSubtotal,
    TaxTerms,
)

GUIDELINE = "urn:cen.eu:en16931:2017"

_UNIT = "C62"  # "one" of UN/ECE recommendation 20: what a meter counts has no unit of its own there
_VAT = "VAT"


def cii(invoice: EInvoice) -> bytes:
    """The XML, UTF-8; equal invoices give equal bytes."""
    document = Document()
    document.context.guideline_parameter.id = GUIDELINE
    document.header.id = invoice.number
    document.header.type_code = invoice.type_code
    document.header.issue_date_time = _instant(invoice.issued_on)
    for text in invoice.notes:
        document.header.notes.add(_note(text))
    for line in invoice.lines:
        document.trade.items.add(_line(line))
    document.trade.agreement.buyer_reference = invoice.buyer_reference
    _write_party(document.trade.agreement.seller, invoice.seller)
    _write_party(document.trade.agreement.buyer, invoice.buyer)
    document.trade.delivery.event.occurrence = _instant(invoice.days.end)
    _write_settlement(document.trade.settlement, invoice)
    root = document.to_etree()  # its own `serialize` parses what it has written twice, which costs as much again
    indent(root)
    return bytes(tostring(root, encoding="UTF-8", xml_declaration=True))


def _write_party(party: Any, terms: PartyTerms) -> None:  # noqa: ANN401 - drafthorse's models have no types
    party.id = terms.identifier
    party.name = terms.name
    party.legal_organization.id = terms.registration
    party.contact.email.address = terms.email
    _write_address(party.address, terms)
    if terms.electronic_address is not None:
        party.electronic_address.uri_ID = tuple(terms.electronic_address)
    for scheme, number in (("FC", terms.tax_registration), ("VA", terms.vat_id)):
        if number:
            registration = TaxRegistration()
            registration.id = (scheme, number)
            party.tax_registrations.add(registration)


def _write_address(address: Any, terms: PartyTerms) -> None:  # noqa: ANN401
    one, two, three, *_ = *terms.street, "", "", ""
    address.postcode = terms.postal_code
    address.line_one = one
    address.line_two = two
    address.line_three = three
    address.city_name = terms.city
    address.country_id = terms.country
    address.country_subdivision = terms.subdivision


def _write_settlement(settlement: Any, invoice: EInvoice) -> None:  # noqa: ANN401
    if invoice.accounting_tax is not None:
        settlement.tax_currency_code = invoice.accounting_currency
    settlement.currency_code = invoice.currency
    if invoice.payment is not None:
        settlement.payment_reference = invoice.payment.reference
        settlement.payment_means.add(_payment_means(invoice.payment))
    for row in invoice.breakdown:
        settlement.trade_tax.add(_subtotal(row))
    _write_days(settlement.period, invoice.days)
    for allowance in invoice.allowances:
        settlement.allowance_charge.add(_allowance(allowance))
    settlement.terms.add(_payment_terms(invoice))
    _write_sums(settlement.monetary_summation, invoice)
    settlement.invoice_referenced_document.issuer_assigned_id = invoice.preceding


def _payment_means(terms: PaymentTerms) -> Any:  # noqa: ANN401
    means = PaymentMeans()
    means.type_code = terms.means
    if terms.account_number:
        means.payee_account.proprietary_id = terms.account_number
    else:
        means.payee_account.iban = terms.iban
    means.payee_account.account_name = terms.account_name
    means.payee_institution.bic = terms.bic
    return means


def _payment_terms(invoice: EInvoice) -> Any:  # noqa: ANN401
    terms = TradePaymentTerms()
    terms.description = invoice.payment_terms
    if invoice.due_on is not None:
        terms.due = _instant(invoice.due_on)
    return terms


def _write_sums(summation: Any, invoice: EInvoice) -> None:  # noqa: ANN401
    sums = invoice.sums
    summation.line_total = sums.lines
    summation.charge_total = sums.charges
    summation.allowance_total = sums.allowances
    summation.tax_basis_total = (sums.net, None)
    summation.tax_total = (sums.tax, invoice.currency)
    if invoice.accounting_tax is not None:
        summation.tax_total_other_currency.add((invoice.accounting_tax, invoice.accounting_currency))
    summation.grand_total = (sums.total, None)
    summation.prepaid_total = sums.paid
    summation.due_amount = sums.due


def _line(terms: LineTerms) -> LineItem:
    line = LineItem()
    line.document.line_id = terms.number
    line.product.name = terms.name
    line.agreement.net.amount = _plain(terms.price)
    line.delivery.billed_quantity = (_plain(terms.quantity), _UNIT)
    _write_tax(line.settlement.trade_tax, terms.tax)
    _write_days(line.settlement.period, terms.days)
    if terms.charge is not None:
        charge = TradeAllowanceCharge()
        charge.indicator = True
        charge.actual_amount = terms.charge
        charge.reason = terms.charge_reason
        line.settlement.allowance_charge.add(charge)
    line.settlement.monetary_summation.total_amount = terms.net
    return line


def _subtotal(row: TaxSubtotal) -> ApplicableTradeTax:
    tax = ApplicableTradeTax()
    tax.calculated_amount = row.amount
    tax.exemption_reason = row.reason
    tax.exemption_reason_code = row.reason_code
    tax.basis_amount = row.base
    _write_tax(tax, row.tax)
    return tax


def _allowance(terms: AllowanceTerms) -> TradeAllowanceCharge:
    allowance = TradeAllowanceCharge()
    allowance.indicator = terms.is_charge
    allowance.actual_amount = terms.amount
    allowance.reason = terms.reason
    tax = CategoryTradeTax()
    _write_tax(tax, terms.tax)
    allowance.trade_tax.add(tax)
    return allowance


def _write_tax(tax: Any, terms: TaxTerms) -> None:  # noqa: ANN401
    tax.type_code = _VAT
    tax.category_code = terms.category
    if terms.percent is not None:
        tax.rate_applicable_percent = _plain(terms.percent)


def _write_days(period: Any, days: Days) -> None:  # noqa: ANN401
    period.start = _instant(days.start)
    period.end = _instant(days.end)


def _note(text: str) -> IncludedNote:
    note = IncludedNote()
    note.content = text
    return note


def _instant(day: date) -> datetime:
    """A day as drafthorse takes it; it writes the date alone (format 102)."""
    return datetime.combine(day, time())


def _plain(number: Decimal) -> str:
    """A number without an exponent, which XML Schema's decimal does not know."""
    return f"{number:f}"
