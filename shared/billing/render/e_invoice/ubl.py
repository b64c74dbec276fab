"""The e-invoice as UBL 2.1 (OASIS), an Invoice or a CreditNote, in the order that its schemas ask for."""

from decimal import Decimal
from xml.etree.ElementTree import Element, SubElement, indent, register_namespace, tostring

from billing.render.e_invoice.terms import (
    CREDIT_NOTE,
    AllowanceTerms,
    Days,
    EInvoice,
    LineTerms,
    PartyTerms,
    TaxSubtotal,
    TaxTerms,
)

GUIDELINE = "urn:cen.eu:en16931:2017"

_OASIS = "urn:oasis:names:specification:ubl:schema:xsd:"
_BASIC, _AGGREGATE = f"{_OASIS}CommonBasicComponents-2", f"{_OASIS}CommonAggregateComponents-2"
_UNIT = "C62"  # "one" of UN/ECE recommendation 20

register_namespace("invoice", f"{_OASIS}Invoice-2")
register_namespace("creditnote", f"{_OASIS}CreditNote-2")
register_namespace("cbc", _BASIC)
register_namespace("cac", _AGGREGATE)


def ubl(invoice: EInvoice) -> bytes:
    """The XML, UTF-8; equal invoices give equal bytes."""
    name = "CreditNote" if invoice.type_code == CREDIT_NOTE else "Invoice"
    root = Element(f"{{{_OASIS}{name}-2}}{name}")
    _write_head(root, invoice, name=name)
    _write_party(_group(root, "AccountingSupplierParty"), invoice.seller)
    _write_party(_group(root, "AccountingCustomerParty"), invoice.buyer)
    _text(_group(root, "Delivery"), "ActualDeliveryDate", str(invoice.days.end))
    _write_payment(root, invoice)
    for allowance in invoice.allowances:
        _write_allowance(root, allowance, currency=invoice.currency)
    _write_taxes(root, invoice)
    _write_sums(root, invoice)
    for line in invoice.lines:
        _write_line(root, line, invoice=invoice, name=name)
    indent(root)
    return bytes(tostring(root, encoding="UTF-8", xml_declaration=True))


def _write_head(root: Element, invoice: EInvoice, *, name: str) -> None:
    _text(root, "CustomizationID", GUIDELINE)
    _text(root, "ID", invoice.number)
    _text(root, "IssueDate", str(invoice.issued_on))
    if invoice.due_on is not None:
        _text(root, "DueDate", str(invoice.due_on))
    _text(root, f"{name}TypeCode", invoice.type_code)
    for note in invoice.notes:
        _text(root, "Note", note)
    _text(root, "DocumentCurrencyCode", invoice.currency)
    _text(root, "TaxCurrencyCode", invoice.accounting_currency)
    _text(root, "BuyerReference", invoice.buyer_reference)
    _write_days(root, invoice.days)
    if invoice.preceding:
        _text(_group(_group(root, "BillingReference"), "InvoiceDocumentReference"), "ID", invoice.preceding)


def _write_party(parent: Element, terms: PartyTerms) -> None:
    party = _group(parent, "Party")
    if terms.electronic_address is not None:
        _text(party, "EndpointID", terms.electronic_address.identifier, schemeID=terms.electronic_address.scheme)
    if terms.identifier:
        _text(_group(party, "PartyIdentification"), "ID", terms.identifier)
    _write_address(party, terms)
    for scheme, number in (("VAT", terms.vat_id), ("TAX", terms.tax_registration)):
        if number:
            tax = _group(party, "PartyTaxScheme")
            _text(tax, "CompanyID", number)
            _text(_group(tax, "TaxScheme"), "ID", scheme)
    entity = _group(party, "PartyLegalEntity")
    _text(entity, "RegistrationName", terms.name)
    _text(entity, "CompanyID", terms.registration)
    if terms.email:
        _text(_group(party, "Contact"), "ElectronicMail", terms.email)


def _write_address(party: Element, terms: PartyTerms) -> None:
    address = _group(party, "PostalAddress")
    one, two, three, *_ = *terms.street, "", "", ""
    _text(address, "StreetName", one)
    _text(address, "AdditionalStreetName", two)
    _text(address, "CityName", terms.city)
    _text(address, "PostalZone", terms.postal_code)
    _text(address, "CountrySubentity", terms.subdivision)
    if three:
        _text(_group(address, "AddressLine"), "Line", three)
    _text(_group(address, "Country"), "IdentificationCode", terms.country)


def _write_payment(root: Element, invoice: EInvoice) -> None:
    terms = invoice.payment
    if terms is not None:
        means = _group(root, "PaymentMeans")
        _text(means, "PaymentMeansCode", terms.means)
        _text(means, "PaymentID", terms.reference)
        if number := terms.iban or terms.account_number:
            account = _group(means, "PayeeFinancialAccount")
            _text(account, "ID", number)
            _text(account, "Name", terms.account_name)
            if terms.bic:
                _text(_group(account, "FinancialInstitutionBranch"), "ID", terms.bic)
    _text(_group(root, "PaymentTerms"), "Note", invoice.payment_terms)


def _write_allowance(parent: Element, terms: AllowanceTerms, *, currency: str) -> None:
    allowance = _group(parent, "AllowanceCharge")
    _text(allowance, "ChargeIndicator", "true" if terms.is_charge else "false")
    _text(allowance, "AllowanceChargeReason", terms.reason)
    _amount(allowance, "Amount", terms.amount, currency=currency)
    _write_tax(allowance, "TaxCategory", terms.tax)


def _write_taxes(root: Element, invoice: EInvoice) -> None:
    """The tax with its breakdown, and once more in the accounting currency where there is one (BT-111)."""
    total = _group(root, "TaxTotal")
    _amount(total, "TaxAmount", invoice.sums.tax, currency=invoice.currency)
    for row in invoice.breakdown:
        _write_subtotal(total, row, currency=invoice.currency)
    if invoice.accounting_tax is not None:
        _amount(_group(root, "TaxTotal"), "TaxAmount", invoice.accounting_tax, currency=invoice.accounting_currency)


def _write_subtotal(total: Element, row: TaxSubtotal, *, currency: str) -> None:
    subtotal = _group(total, "TaxSubtotal")
    _amount(subtotal, "TaxableAmount", row.base, currency=currency)
    _amount(subtotal, "TaxAmount", row.amount, currency=currency)
    _write_tax(subtotal, "TaxCategory", row.tax, reason=row.reason, reason_code=row.reason_code)


def _write_sums(root: Element, invoice: EInvoice) -> None:
    sums, totals = invoice.sums, _group(root, "LegalMonetaryTotal")
    for name, amount in (
        ("LineExtensionAmount", sums.lines),
        ("TaxExclusiveAmount", sums.net),
        ("TaxInclusiveAmount", sums.total),
        ("AllowanceTotalAmount", sums.allowances),
        ("ChargeTotalAmount", sums.charges),
        ("PrepaidAmount", sums.paid),
        ("PayableAmount", sums.due),
    ):
        _amount(totals, name, amount, currency=invoice.currency)


def _write_line(root: Element, terms: LineTerms, *, invoice: EInvoice, name: str) -> None:
    currency = invoice.currency
    line = _group(root, f"{name}Line")
    _text(line, "ID", terms.number)
    quantity = "CreditedQuantity" if name == "CreditNote" else "InvoicedQuantity"
    _text(line, quantity, f"{terms.quantity:f}", unitCode=_UNIT)
    _amount(line, "LineExtensionAmount", terms.net, currency=currency)
    _write_days(line, terms.days)
    if terms.charge is not None:
        charge = _group(line, "AllowanceCharge")
        _text(charge, "ChargeIndicator", "true")
        _text(charge, "AllowanceChargeReason", terms.charge_reason)
        _amount(charge, "Amount", terms.charge, currency=currency)
    item = _group(line, "Item")
    _text(item, "Name", terms.name)
    _write_tax(item, "ClassifiedTaxCategory", terms.tax)
    _amount(_group(line, "Price"), "PriceAmount", terms.price, currency=currency)


def _write_tax(parent: Element, name: str, terms: TaxTerms, *, reason: str = "", reason_code: str = "") -> None:
    category = _group(parent, name)
    _text(category, "ID", terms.category)
    if terms.percent is not None:
        _text(category, "Percent", f"{terms.percent:f}")
    _text(category, "TaxExemptionReasonCode", reason_code)
    _text(category, "TaxExemptionReason", reason)
    _text(_group(category, "TaxScheme"), "ID", "VAT")


def _write_days(parent: Element, days: Days) -> None:
    period = _group(parent, "InvoicePeriod")
    _text(period, "StartDate", str(days.start))
    _text(period, "EndDate", str(days.end))


def _group(parent: Element, name: str) -> Element:
    return SubElement(parent, f"{{{_AGGREGATE}}}{name}")


def _amount(parent: Element, name: str, amount: Decimal, *, currency: str) -> None:
    _text(parent, name, f"{amount:f}", currencyID=currency)


def _text(parent: Element, name: str, text: str, **attributes: str) -> None:
    """An element with text; none at all without, as an empty one is refused."""
    if text:
        SubElement(parent, f"{{{_BASIC}}}{name}", attributes).text = text
