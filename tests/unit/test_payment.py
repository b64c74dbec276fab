"""A payment is all accounted for, and an invoice takes no more than it is owed."""

import pytest

from billing.domain.errors import InvalidInput
from billing.domain.invoice_payment import paid
from billing.domain.payment import Application, Payment, PaymentSource
from tests.builders import Account, a_fee, a_plan, utc

INVOICE = Account.opened(a_plan(fees=[a_fee("30")]), start="2026-02-01").bill()


def test_a_payment_of_which_a_part_went_nowhere_is_refused() -> None:
    with pytest.raises(InvalidInput, match="payment.applications: expected 100 in all, got 60"):
        Payment(
            id="p1",
            customer_id="acme",
            currency="USD",
            amount=100,
            source=PaymentSource.MANUAL,
            received_at=utc("2026-03-01"),
            applications=(Application(invoice_id="i1", amount=60),),
        )


def test_a_draft_takes_no_money() -> None:
    with pytest.raises(InvalidInput, match="amount: expected more than 0 and no more than"):
        paid(INVOICE, 100, at=utc("2026-03-01"))
