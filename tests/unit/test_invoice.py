"""What an invoice says about its own payment."""

from dataclasses import replace

from tests.builders import Account, a_fee, a_plan

INVOICE = Account.opened(a_plan(fees=[a_fee("30")]), start="2026-02-01").bill()


def test_what_is_due_is_the_total_less_what_was_paid() -> None:
    assert INVOICE.amount_due == 3000
    assert replace(INVOICE, amount_paid=1250).amount_due == 1750


def test_a_transfer_is_recognised_by_the_invoices_own_number() -> None:
    assert replace(INVOICE, number="INV-2026-02-0001").payment_reference == "INV-2026-02-0001"
