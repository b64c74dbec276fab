"""Every kind of invoice and credit note as CII and UBL, held against the schemas and the EN 16931 schematron."""

from collections.abc import Callable

import pytest

from billing.domain.credit import CreditNote
from billing.domain.invoice import Invoice
from billing.render.e_invoice.cii import cii
from billing.render.e_invoice.documents import e_credit_note_of, e_invoice_of
from billing.render.e_invoice.terms import EInvoice
from billing.render.e_invoice.ubl import ubl
from tests.e_invoice_rules import broken_rules
from tests.e_invoice_samples import CREDIT_NOTES, INVOICES
from tests.golden.sample_invoices import ACCOUNT_1047

both_syntaxes = pytest.mark.parametrize("write", [cii, ubl])


@both_syntaxes
@pytest.mark.parametrize("invoice", INVOICES.values(), ids=INVOICES.keys())
def test_an_invoice_of_each_kind_breaks_no_rule(invoice: Invoice, write: Callable[[EInvoice], bytes]) -> None:
    assert broken_rules(write(e_invoice_of(invoice))) == []


@both_syntaxes
@pytest.mark.parametrize("credit_note", CREDIT_NOTES.values(), ids=CREDIT_NOTES.keys())
def test_a_credit_note_of_each_kind_breaks_no_rule(credit_note: CreditNote, write: Callable[[EInvoice], bytes]) -> None:
    assert broken_rules(write(e_credit_note_of(credit_note, credited_number="INV-2026-01-0046"))) == []


@both_syntaxes
def test_the_rules_find_a_wrong_sum(write: Callable[[EInvoice], bytes]) -> None:
    wrong = write(e_invoice_of(ACCOUNT_1047)).replace(b">312.91<", b">312.90<")
    assert any("BR-CO-15" in each for each in broken_rules(wrong))


@both_syntaxes
def test_the_schema_finds_an_element_that_does_not_exist(write: Callable[[EInvoice], bytes]) -> None:
    wrong = write(e_invoice_of(ACCOUNT_1047)).replace(b"TypeCode>", b"Kind>")
    assert any(each.startswith("XSD: ") for each in broken_rules(wrong))
