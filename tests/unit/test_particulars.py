"""What an invoice must say before it is issued: each missing particular is named, with the rule and the way out."""

from dataclasses import replace

import pytest

from billing.domain.invoice import CollectionMethod, Invoice, Party
from billing.domain.missing_particular import MissingParticular
from billing.domain.particulars import require_particulars
from billing.domain.tenant import EInvoiceFormat, Tenant
from tests.builders import a_tenant
from tests.e_invoice_samples import GERMAN_VAT, INVOICES, OUTSIDE, an_invoice, plan_line, taxed
from tests.e_invoice_samples import REVERSE_CHARGE as UNDER_REVERSE_CHARGE
from tests.golden.sample_invoices import ACCOUNT_1047, BUYER, SELLER

PLAIN = a_tenant()
E_INVOICES = a_tenant(e_invoices=(EInvoiceFormat.UBL,))
NOBODY = Party(name="")
SMALL = an_invoice(taxed(plan_line("84.03", 84_03), GERMAN_VAT))  # with tax 100.00
REVERSE_CHARGE = INVOICES["reverse charge"]


def seller(invoice: Invoice = ACCOUNT_1047, **changes: str) -> Invoice:
    return replace(invoice, seller=replace(SELLER, **changes))


def buyer(invoice: Invoice = ACCOUNT_1047, **changes: str) -> Invoice:
    return replace(invoice, buyer=replace(BUYER, **changes))


def refusal(invoice: Invoice, tenant: Tenant = PLAIN) -> MissingParticular:
    with pytest.raises(MissingParticular) as missing:
        require_particulars(invoice, tenant=tenant)
    return missing.value


@pytest.mark.parametrize("invoice", INVOICES.values(), ids=INVOICES.keys())
def test_whole_invoices_may_be_issued_with_and_without_e_invoices(invoice: Invoice) -> None:
    require_particulars(invoice, tenant=PLAIN)
    require_particulars(invoice, tenant=E_INVOICES)


@pytest.mark.parametrize(
    ("invoice", "field", "article"),
    [
        (seller(name=" "), "seller.name", "226(5)"),
        (seller(city=""), "seller.address.city", "226(5)"),
        (seller(tax_id=""), "seller.tax_id", "226(3)"),
        (seller(REVERSE_CHARGE, tax_id=""), "seller.tax_id", "226(3)"),
        (buyer(REVERSE_CHARGE, tax_id=""), "customer.tax_id", "226(4)"),
        (buyer(REVERSE_CHARGE, tax_id="40303265045"), "customer.tax_id", "226(4)"),
        (buyer(name=""), "customer.name", "226(5)"),
        (buyer(city=""), "customer.address.city", "226(5)"),
        (buyer(country=""), "customer.address.country", "226(5)"),
    ],
)
def test_a_seller_in_the_union_is_told_what_article_226_misses(invoice: Invoice, field: str, article: str) -> None:
    missing = refusal(invoice)
    assert (missing.field, missing.rule) == (field, f"art. {article} Directive 2006/112/EC")


def test_a_refusal_says_the_field_the_rule_and_the_way_out() -> None:
    missing = refusal(buyer(city=""))
    assert (missing.code, str(missing)) == (
        "missing_particular",
        "customer.address.city: expected a city (art. 226(5) Directive 2006/112/EC; set it on the customer), got ''",
    )


def test_up_to_a_hundred_euros_with_tax_the_buyer_may_stay_unnamed() -> None:
    require_particulars(replace(SMALL, buyer=NOBODY), tenant=PLAIN)
    over = an_invoice(taxed(plan_line("84.04", 84_04), GERMAN_VAT), buyer=NOBODY)
    assert refusal(over).field == "customer.name"  # 100.01
    assert refusal(replace(SMALL, buyer=NOBODY, currency="USD")).field == "customer.name"


def test_a_small_invoice_under_reverse_charge_names_its_buyer_all_the_same() -> None:
    small = an_invoice(taxed(plan_line("9", 9_00), UNDER_REVERSE_CHARGE), buyer=replace(BUYER, name=""))
    assert refusal(small).field == "customer.name"


def test_a_seller_outside_the_union_is_not_asked_for_anything_by_the_directive() -> None:
    require_particulars(replace(ACCOUNT_1047, seller=Party(name="", country="US"), buyer=NOBODY), tenant=PLAIN)


def test_without_vat_no_tax_id_is_asked_for() -> None:
    require_particulars(seller(an_invoice(taxed(plan_line(), OUTSIDE)), tax_id=""), tenant=PLAIN)


IN_SWITZERLAND = replace(SELLER, country="CH", tax_id="CHE-123.456.788 MWST")


@pytest.mark.parametrize(
    ("invoice", "field", "rule"),
    [
        (replace(ACCOUNT_1047, currency="KWD"), "customer.currency", "BR-DEC"),
        (seller(country="CH", name=""), "seller.name", "BR-6"),
        (seller(country=""), "seller.address.country", "BR-9"),
        (seller(electronic_address="gln:1"), "seller.electronic_address", "BR-CL-25"),
        (buyer(SMALL, name=""), "customer.name", "BR-7"),
        (buyer(SMALL, country=""), "customer.address.country", "BR-11"),
        (buyer(electronic_address="0088:"), "customer.electronic_address", "BR-CL-25"),
        (seller(country="CH", tax_id=""), "seller.tax_id", "BR-S-2"),
        (seller(INVOICES["zero rate"], tax_id=""), "seller.tax_id", "BR-Z-2"),
        (seller(INVOICES["outside the scope"], tax_id=""), "seller.registration", "BR-CO-26"),
        (buyer(replace(REVERSE_CHARGE, seller=IN_SWITZERLAND), tax_id=""), "customer.tax_id", "BR-AE-2"),
        (an_invoice(taxed(plan_line(), GERMAN_VAT), taxed(plan_line(), OUTSIDE)), "tax", "BR-O-11"),
        (replace(ACCOUNT_1047, bank=None), "seller.bank", "BR-61"),
    ],
)
def test_en_16931_asks_for_more_where_e_invoices_are_on(invoice: Invoice, field: str, rule: str) -> None:
    missing = refusal(invoice, E_INVOICES)
    assert (missing.field, missing.rule) == (field, f"EN 16931 {rule}")


def test_outside_the_scope_of_vat_a_number_in_a_register_or_a_tax_id_is_enough() -> None:
    outside = an_invoice(taxed(plan_line(), OUTSIDE))
    require_particulars(seller(outside, tax_id="", registration="HRB 1"), tenant=E_INVOICES)
    require_particulars(seller(outside), tenant=E_INVOICES)


def test_an_account_is_asked_for_only_where_a_transfer_pays() -> None:
    require_particulars(
        replace(ACCOUNT_1047, bank=None, collection_method=CollectionMethod.CHARGE_AUTOMATICALLY), tenant=E_INVOICES
    )
    require_particulars(replace(INVOICES["zero total"], bank=None), tenant=E_INVOICES)


def test_us_sales_taxes_ask_for_what_an_invoice_without_vat_needs() -> None:
    assert refusal(
        replace(INVOICES["two US sales taxes"], seller=Party(name="Acme", country="US")), E_INVOICES
    ).field == ("seller.registration")
