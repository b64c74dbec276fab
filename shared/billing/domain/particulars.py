"""What an invoice must say is checked before it is issued: art. 226 Directive 2006/112/EC, and EN 16931 where it is on.

Both are tables of demands, each with the field, the rule and the way out; the first one that is not met is raised.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from billing.domain.currency import exponent
from billing.domain.electronic_address import electronic_address
from billing.domain.errors import InvalidInput
from billing.domain.invoice import CollectionMethod, Invoice, Party
from billing.domain.missing_particular import MissingParticular
from billing.domain.tax_territory import EU_MEMBERS
from billing.domain.tax_treatment import TaxCategory
from billing.domain.tenant import Tenant
from billing.domain.value_added import is_value_added
from billing.domain.vat_number import vat_identifier

SIMPLIFIED_UP_TO = 100_00
"""Cents of a euro with tax: up to there every member state takes an invoice without its buyer (art. 220a, 226b)."""

_SELLER = "set it in the tenant's settings"
_BUYER = "set it on the customer"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Demand:
    field: str
    met: bool
    expected: str
    rule: str
    way_out: str
    given: object = ""


def require_particulars(invoice: Invoice, *, tenant: Tenant) -> None:
    """Raise MissingParticular for the first thing that is missing on a draft; nothing where it may be issued.

    The directive binds sellers established in a member state; EN 16931 is asked where the tenant has e-invoices on. A
    buyer's name and VAT id are read from the draft, so what is printed is what was checked.
    """
    if invoice.seller.country in EU_MEMBERS:
        _raise_first(_of_the_directive(invoice))
    if tenant.e_invoices:
        _raise_first(_of_en_16931(invoice))


def _raise_first(demands: Iterator[_Demand]) -> None:
    for each in demands:
        if not each.met:
            raise MissingParticular(
                each.field, expected=each.expected, rule=each.rule, way_out=each.way_out, given=each.given
            )


def _of_the_directive(invoice: Invoice) -> Iterator[_Demand]:
    """Art. 226. Number, dates, quantities, rates and amounts are on every invoice by construction."""
    seller, buyer = invoice.seller, invoice.buyer
    categories = {row.category for row in invoice.tax_lines}
    reverse_charge = TaxCategory.REVERSE_CHARGE in categories
    rule = "art. 226(5) Directive 2006/112/EC"
    yield _Demand(field="seller.name", met=_said(seller.name), expected="a name", rule=rule, way_out=_SELLER)
    yield _Demand(field="seller.address.city", met=_said(seller.city), expected="a city", rule=rule, way_out=_SELLER)
    if invoice.tax or reverse_charge:
        yield _Demand(
            field="seller.tax_id",
            met=_said(seller.tax_id),
            expected="the number under which VAT is accounted for",
            rule="art. 226(3) Directive 2006/112/EC",
            way_out=_SELLER,
        )
    if reverse_charge:
        yield _buyers_vat_id(invoice, rule="art. 226(4) Directive 2006/112/EC")
    if reverse_charge or not _is_simplified(invoice):
        for field, value, what in (
            ("customer.name", buyer.name, "a name"),
            ("customer.address.city", buyer.city, "a city"),
            ("customer.address.country", buyer.country, "a country"),
        ):
            yield _Demand(field=field, met=_said(value), expected=what, rule=rule, way_out=_BUYER)


def _is_simplified(invoice: Invoice) -> bool:
    """Small enough for an invoice without its buyer; in other currencies than the euro it is not asked."""
    return invoice.currency == "EUR" and invoice.total <= SIMPLIFIED_UP_TO


def _of_en_16931(invoice: Invoice) -> Iterator[_Demand]:
    yield _Demand(
        field="customer.currency",
        met=exponent(invoice.currency) <= 2,
        expected="a currency of at most two decimals",
        rule="EN 16931 BR-DEC",
        way_out="bill in another currency, or turn e-invoices off",
        given=invoice.currency,
    )
    yield from _of_a_party(invoice.seller, whose="seller", rules=("BR-6", "BR-9"), way_out=_SELLER)
    yield from _of_a_party(invoice.buyer, whose="customer", rules=("BR-7", "BR-11"), way_out=_BUYER)
    yield from _of_tax(invoice)
    if invoice.total > 0 and invoice.collection_method is CollectionMethod.SEND_INVOICE:
        yield _Demand(
            field="seller.bank",
            met=invoice.bank is not None,
            expected="an account that transfers go to",
            rule="EN 16931 BR-61",
            way_out=_SELLER,
        )


def _of_a_party(party: Party, *, whose: str, rules: tuple[str, str], way_out: str) -> Iterator[_Demand]:
    name_rule, country_rule = (f"EN 16931 {rule}" for rule in rules)
    yield _Demand(field=f"{whose}.name", met=_said(party.name), expected="a name", rule=name_rule, way_out=way_out)
    yield _Demand(
        field=f"{whose}.address.country",
        met=_said(party.country),
        expected="a country",
        rule=country_rule,
        way_out=way_out,
    )
    yield _Demand(
        field=f"{whose}.electronic_address",
        met=not party.electronic_address or _is_address(party.electronic_address),
        expected="scheme:identifier, such as 0088:4012345000009",
        rule="EN 16931 BR-CL-25",
        way_out=way_out,
        given=party.electronic_address,
    )


def _of_tax(invoice: Invoice) -> Iterator[_Demand]:
    """What the categories ask for. Taxes that are no VAT stand on an e-invoice as charges outside the scope of VAT."""
    categories = {row.category for row in invoice.tax_lines}
    if not is_value_added(invoice.lines, invoice.tax_lines):
        categories = {TaxCategory.OUTSIDE}
    outside = TaxCategory.OUTSIDE in categories
    yield _Demand(
        field="tax",
        met=not outside or len(categories) == 1,
        expected="one tax treatment where a line is outside the scope of VAT",
        rule="EN 16931 BR-O-11",
        way_out="give the tax rates of all billed periods, or bill those periods apart",
        given=sorted(map(str, categories)),
    )
    identified = _said(invoice.seller.registration) or _said(invoice.seller.tax_id)
    yield _Demand(
        field="seller.registration" if outside else "seller.tax_id",
        met=identified if outside else _said(invoice.seller.tax_id),
        expected="a number in a register, or a tax id" if outside else "a tax id",
        rule="EN 16931 BR-CO-26" if outside else f"EN 16931 BR-{min(categories)}-2",
        way_out=_SELLER,
    )
    if TaxCategory.REVERSE_CHARGE in categories:
        yield _buyers_vat_id(invoice, rule="EN 16931 BR-AE-2")


def _buyers_vat_id(invoice: Invoice, *, rule: str) -> _Demand:
    return _Demand(
        field="customer.tax_id",
        met=bool(vat_identifier(invoice.buyer)),
        expected="the buyer's VAT id, as it accounts for the VAT",
        rule=rule,
        way_out=_BUYER,
        given=invoice.buyer.tax_id,
    )


def _said(text: str) -> bool:
    return bool(text.strip())


def _is_address(text: str) -> bool:
    try:
        electronic_address(text)
    except InvalidInput:
        return False
    return True
