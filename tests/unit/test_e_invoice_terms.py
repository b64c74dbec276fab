"""What an e-invoice says, in the terms of EN 16931: amounts are worked out by hand in each test."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from billing.domain.period import Period
from billing.render.e_invoice.documents import e_credit_note_of, e_invoice_of
from billing.render.e_invoice.terms import EInvoice
from tests.e_invoice_samples import (
    CREDIT_NOTES,
    GERMAN_VAT,
    INVOICES,
    US_SELLER,
    an_invoice,
    discount,
    inclusive,
    plan_line,
    taxed,
)
from tests.golden.sample_invoices import ACCOUNT_1047, BUYER, SELLER, line


def terms(name: str) -> EInvoice:
    return e_invoice_of(INVOICES[name])


def shown(invoice: EInvoice) -> list[tuple[str, str, str]]:
    """Quantity, price and net amount of each line."""
    return [(str(each.quantity), f"{each.price:f}", str(each.net)) for each in invoice.lines]


def sums(invoice: EInvoice) -> list[str]:
    """Lines, allowances, charges, net, tax, total, paid, due."""
    said = invoice.sums
    return [
        str(each)
        for each in (*(said.lines, said.allowances, said.charges, said.net, said.tax, said.total, said.paid, said.due),)
    ]


def test_an_ordinary_invoice_keeps_its_prices_its_quantities_and_its_sums() -> None:
    invoice = terms("standard")
    assert shown(invoice) == [
        ("10000", "0", "0.00"),
        ("90000", "0.001", "90.00"),
        ("147900", "0.0005", "73.95"),
        ("1", "99.00", "99.00"),
    ]
    assert sums(invoice) == ["262.95", "0.00", "0.00", "262.95", "49.96", "312.91", "0.00", "312.91"]
    assert (invoice.days.start, invoice.days.end) == (date(2026, 2, 1), date(2026, 2, 28))


def test_a_negative_line_has_a_negative_quantity_and_never_a_negative_price() -> None:
    assert shown(terms("proration"))[1] == ("-1", "67.18", "-67.18")


def test_a_discount_is_an_allowance_of_the_document_under_its_own_rate() -> None:
    invoice = terms("discount")  # 19 % of 89.10 is 16.929
    assert shown(invoice) == [("1", "99.00", "99.00")]
    [allowance] = invoice.allowances
    assert (allowance.is_charge, str(allowance.amount), allowance.reason) == (False, "9.90", "Launch offer 10 %")
    assert sums(invoice) == ["99.00", "9.90", "0.00", "89.10", "16.93", "106.03", "0.00", "106.03"]


def test_a_document_of_discounts_alone_keeps_a_line() -> None:
    invoice = e_invoice_of(an_invoice(taxed(discount(-1_00), GERMAN_VAT)))
    assert (len(invoice.lines), invoice.allowances) == (1, ())


def test_inclusive_prices_become_net_lines_that_add_up_to_the_base() -> None:
    # 24.97 with 19 %: the tax is 3.9868, the rest 20.98. The lines are 8.3949..., 8.3949... and 4.1932...: rounded down
    # they are 20.97, and the cent goes to the first of the largest fractions.
    invoice = terms("inclusive prices")
    assert [str(each.net) for each in invoice.lines] == ["8.40", "8.39", "4.19"]
    assert [f"{each.price:f}" for each in invoice.lines] == ["8.3949579832", "8.3949579832", "4.1932773109"]
    assert sums(invoice)[3:6] == ["20.98", "3.99", "24.97"]


def test_inclusive_lines_of_both_signs_become_net_each_by_its_own_rate() -> None:
    assert shown(terms("inclusive proration")) == [("1", "100", "100.00"), ("-1", "50", "-50.00")]


def test_inclusive_and_exclusive_lines_of_one_rate_share_its_base() -> None:
    # 9.99 contains 1.60 (1.5950...), which leaves 8.39; 99.00 has none
    invoice = terms("inclusive and exclusive")
    assert [str(each.net) for each in invoice.lines] == ["8.39", "99.00"]
    assert str(invoice.breakdown[0].base) == "107.39"


def test_a_rate_of_two_treatments_that_round_apart_still_adds_up() -> None:
    # each name's 0.03 contains 0.00 (0.0048 of 19 %), so 0.03 + 0.03 + 0.03 stay 0.09
    other = replace(GERMAN_VAT, note="another supply")
    invoice = e_invoice_of(an_invoice(inclusive(3, "0.03"), inclusive(3, "0.03", other), inclusive(3, "0.03", other)))
    assert sum(each.net for each in invoice.lines) == invoice.sums.net == invoice.breakdown[0].base


def test_a_flat_fee_beside_a_unit_price_is_a_charge_of_the_line() -> None:
    [row] = terms("flat fee of a tier").lines
    assert (str(row.quantity), str(row.price), str(row.charge), str(row.net)) == ("147900", "0.0005", "5.00", "78.95")


def test_a_line_whose_price_and_quantity_do_not_say_its_amount_is_one_piece() -> None:
    assert shown(terms("a price that tells nothing")) == [("1", "1.05", "1.05")]
    negative = an_invoice(taxed(plan_line(), GERMAN_VAT), taxed(plan_line("0", -5_00), GERMAN_VAT))
    assert shown(e_invoice_of(negative))[1] == ("-1", "5.00", "-5.00")


def test_several_rates_have_a_row_each() -> None:
    rows = [
        (each.tax.category, str(each.tax.percent), str(each.base), str(each.amount))
        for each in terms("two rates").breakdown
    ]
    assert rows == [("S", "7", "60.00", "4.20"), ("S", "19", "99.00", "18.81")]


def test_one_rate_under_two_names_is_one_row() -> None:
    invoice = terms("standard")
    twice = replace(
        ACCOUNT_1047,
        tax_lines=(
            replace(ACCOUNT_1047.tax_lines[0], base=200_00, tax=38_00),
            replace(ACCOUNT_1047.tax_lines[0], name="USt", base=62_95, tax=11_96),
        ),
    )
    assert e_invoice_of(twice).breakdown == invoice.breakdown


@pytest.mark.parametrize(
    ("name", "category", "percent", "reason", "code"),
    [
        ("reverse charge", "AE", Decimal(0), "Reverse charge, Art. 196 Directive 2006/112/EC", "VATEX-EU-AE"),
        ("exempt", "E", Decimal(0), "Exempt under § 4 Nr. 21 UStG", ""),
        ("outside the scope", "O", None, "Not subject to VAT", "VATEX-EU-O"),
        ("zero rate", "Z", Decimal(0), "", ""),
    ],
)
def test_an_untaxed_category_says_why(
    name: str, category: str, percent: Decimal | None, reason: str, code: str
) -> None:
    [row] = terms(name).breakdown
    assert (row.tax.category, row.tax.percent, row.reason, row.reason_code) == (category, percent, reason, code)


def test_us_sales_taxes_are_charges_outside_the_scope_of_vat() -> None:
    # 89.10: 4 % is 3.564, 4.5 % is 4.0095
    invoice = terms("two US sales taxes")
    assert [(each.is_charge, str(each.amount), each.reason) for each in invoice.allowances] == [
        (False, "9.90", "Launch offer 10 %"),
        (True, "3.56", "NY State sales tax NY 4 %"),
        (True, "4.01", "New York City sales tax NY 4.5 %"),
    ]
    assert sums(invoice) == ["99.00", "9.90", "7.57", "96.67", "0.00", "96.67", "0.00", "96.67"]
    assert [(row.tax.category, str(row.base)) for row in invoice.breakdown] == [("O", "96.67")]


def test_inclusive_us_sales_taxes_are_taken_out_of_the_line() -> None:
    # 108.50 contains 4.00 and 4.50
    invoice = terms("inclusive US sales taxes")
    assert shown(invoice) == [("1", "100", "100.00")]
    assert sums(invoice)[2:6] == ["8.50", "108.50", "0.00", "108.50"]


def test_a_sales_tax_that_is_taken_back_is_an_allowance() -> None:
    us = INVOICES["two US sales taxes"]
    back = replace(us, tax_lines=tuple(replace(each, base=-each.base, tax=-each.tax) for each in us.tax_lines))
    assert [each.is_charge for each in e_invoice_of(back).allowances] == [False, False, False]


def test_vat_in_the_sellers_currency_stands_beside_the_invoices_own() -> None:
    # 19 % of 99.00 is 18.81; at 0.925925925926 that is 17.4166...
    invoice = terms("in dollars with tax in euros")
    assert (str(invoice.sums.tax), invoice.accounting_currency, str(invoice.accounting_tax)) == (
        "18.81",
        "EUR",
        "17.42",
    )


def test_amounts_in_yen_have_no_decimals() -> None:
    assert sums(terms("in yen"))[3:6] == ["3702", "703", "4405"]  # 19 % of 3702 is 703.38


def test_what_is_paid_already_lowers_what_is_due() -> None:
    assert sums(terms("partly paid"))[5:] == ["312.91", "100.00", "212.91"]


def test_a_transfer_names_the_account_and_a_card_does_not() -> None:
    transfer, card, nothing = (terms(name).payment for name in ("standard", "by card", "zero total"))
    assert transfer is not None
    assert card is not None
    assert (transfer.means, transfer.iban, transfer.reference) == ("58", "DE02120300000000202051", "INV-2026-02-0047")
    assert (card.means, card.iban) == ("48", "")
    assert nothing is None
    dollars = e_invoice_of(replace(ACCOUNT_1047, currency="USD")).payment
    assert dollars is not None
    assert dollars.means == "30"
    assert e_invoice_of(replace(ACCOUNT_1047, bank=None)).payment is None


def test_terms_name_the_due_date_and_the_link_if_there_is_one() -> None:
    assert terms("standard").payment_terms == (
        "Net 30 days, due by 2026-03-31; pay online: https://pay.example.com/i/INV-2026-02-0047?t=8f3a1c9be2"
    )
    assert e_invoice_of(replace(ACCOUNT_1047, payment_url="")).payment_terms == "Net 30 days, due by 2026-03-31"


def test_a_vat_id_stands_as_such_and_the_e_mail_is_where_e_invoices_go_by_default() -> None:
    invoice = terms("standard")
    assert (invoice.seller.vat_id, invoice.buyer.vat_id) == ("DE123456788", "FR40303265045")
    assert invoice.seller.electronic_address == ("EM", "billing@nordlicht.example")
    assert invoice.buyer.electronic_address is None


def test_outside_the_scope_of_vat_no_vat_id_is_shown_but_both_stay_identified() -> None:
    outside = replace(INVOICES["outside the scope"], seller=SELLER, buyer=BUYER)
    invoice = e_invoice_of(outside)
    assert (invoice.seller.vat_id, invoice.seller.identifier) == ("", "DE123456788")
    assert (invoice.buyer.vat_id, invoice.buyer.identifier) == ("", "FR40303265045")
    registered = e_invoice_of(replace(outside, seller=replace(SELLER, registration="HRB 1")))
    assert (registered.seller.registration, registered.seller.identifier) == ("HRB 1", "")


def test_a_one_stop_shop_number_is_a_tax_registration_as_eu_is_no_country() -> None:
    seller = terms("US seller charging German VAT").seller
    assert (seller.vat_id, seller.tax_registration, seller.identifier) == ("", "EU372000041", "EU372000041")


def test_an_address_of_four_lines_keeps_all_of_them_in_three() -> None:
    assert e_invoice_of(replace(ACCOUNT_1047, seller=US_SELLER)).seller.street == (
        "500 Market Street",
        "Suite 12",
        "c/o Registered Agents, Building B",
    )


def test_kosovo_has_a_code_of_its_own_in_the_standard() -> None:
    assert e_invoice_of(replace(ACCOUNT_1047, buyer=replace(BUYER, country="XK"))).buyer.country == "1A"


def test_characters_that_no_xml_may_hold_are_left_out() -> None:
    odd = line("A\x00B\ud800C\n D", quantity="1", unit_price="1", amount=1_00)
    assert e_invoice_of(an_invoice(taxed(odd, GERMAN_VAT))).lines[0].name == "A B C D"


def test_days_of_the_document_hold_those_of_its_lines() -> None:
    ahead = replace(
        plan_line(), period=Period(ACCOUNT_1047.period.end, datetime(2026, 3, 31, 22, tzinfo=UTC))
    )  # March in Berlin
    invoice = e_invoice_of(an_invoice(taxed(ahead, GERMAN_VAT)))
    assert (invoice.days.start, invoice.days.end) == (date(2026, 2, 1), date(2026, 3, 31))
    assert (invoice.lines[0].days.start, invoice.lines[0].days.end) == (date(2026, 3, 1), date(2026, 3, 31))


def test_a_reissued_invoice_names_the_void_one() -> None:
    assert terms("with everything").preceding == "INV-2026-02-0012"


def test_a_credit_note_names_its_invoice_and_is_not_paid_by_transfer() -> None:
    note = e_credit_note_of(CREDIT_NOTES["credit less a charge"], credited_number="INV-2026-01-0046")
    assert (note.type_code, note.preceding, note.payment, note.due_on) == ("381", "INV-2026-01-0046", None, None)
    assert note.payment_terms == "Added to the customer's credit balance"
    assert shown(note) == [("1", "49.5", "49.50"), ("-1000", "0.01", "-10.00")]
    assert sums(note)[3:6] == ["39.50", "7.51", "47.01"]  # 19 % of 39.50 is 7.505
