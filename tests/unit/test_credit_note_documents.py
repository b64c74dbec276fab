"""The documents of a credit note against an invoice: they say where the money goes, and break no rule of EN 16931."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from billing.domain.credit import CreditNote, CreditRefund
from billing.domain.credit_request import AmountCredit, CreditRequest, WholeCredit
from billing.domain.crediting import credit
from billing.domain.invoice import Invoice, InvoiceStatus
from billing.domain.payment import RefundTarget
from billing.render.credit_note_view import credit_note_view
from billing.render.e_invoice.cii import cii
from billing.render.e_invoice.documents import e_credit_note_of
from billing.render.e_invoice.terms import EInvoice
from billing.render.e_invoice.ubl import ubl
from tests.builders import utc
from tests.e_invoice_rules import broken_rules
from tests.e_invoice_samples import INVOICES

CREDITABLE = {name: each for name, each in INVOICES.items() if each.total > 100}
PAID_BACK = (
    CreditRefund(payment_id="p2", amount=30, target=RefundTarget.METHOD),
    CreditRefund(payment_id="p1", amount=10, target=RefundTarget.BALANCE),
)


def note_of(invoice: Invoice, what: WholeCredit | AmountCredit) -> CreditNote:
    request = CreditRequest(key="k1", what=what, reason="Outage of 12 February")
    issued = replace(invoice, status=InvoiceStatus.ISSUED)
    made = credit(issued, request, earlier=[], at=utc("2026-03-10"), on=date(2026, 3, 10))
    return replace(made, number="CN-2026-02-0001")


def paid_back(note: CreditNote) -> CreditNote:
    return replace(note, refunds=PAID_BACK, balance_added=10)


@pytest.mark.parametrize("write", [cii, ubl])
@pytest.mark.parametrize("invoice", CREDITABLE.values(), ids=CREDITABLE.keys())
@pytest.mark.parametrize("part", [1, 3])
def test_the_e_invoice_of_a_note_breaks_no_rule(
    invoice: Invoice, part: int, write: Callable[[EInvoice], bytes]
) -> None:
    what = WholeCredit() if part == 1 else AmountCredit(amount=invoice.total // part)
    note = note_of(invoice, what)
    assert broken_rules(write(e_credit_note_of(note, credited_number=invoice.number))) == []


def test_the_e_invoice_says_where_the_money_goes() -> None:
    note = note_of(INVOICES["standard"], AmountCredit(amount=100))
    assert e_credit_note_of(note, credited_number="").payment_terms == "Set against the amount due"
    assert e_credit_note_of(paid_back(note), credited_number="").payment_terms == (
        "Set against the amount due: 0.60; Refunded to the payment method: 0.30; "
        "Added to the customer's credit balance: 0.10"
    )


def test_the_pdf_says_where_the_money_goes_and_why() -> None:
    note = replace(note_of(INVOICES["standard"], AmountCredit(amount=100)), locale="de_DE", currency="EUR")
    view = credit_note_view(paid_back(note), footer="", invoice_number="INV-1")
    assert view.highlight.remark == ""
    assert [each.replace("\xa0", " ") for each in view.notes][-3:] == [
        "0,10 € werden Ihrem Guthaben zugeschrieben und mit Ihren nächsten Rechnungen verrechnet.",
        "0,30 € werden erstattet.",
        "Outage of 12 February",
    ]
