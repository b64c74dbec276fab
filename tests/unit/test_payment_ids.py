"""The id of a credit note's refund is for that alone; once it was asked for, anybody may ask what became of it."""

from dataclasses import replace

import pytest

from billing.domain.errors import InvalidInput
from billing.domain.payment import Payment, PaymentSource, Refund, RefundState, RefundTarget
from billing.domain.payment_ids import require_own_refund_id
from tests.builders import utc

AT = utc("2026-03-01")
PAYMENT = Payment(
    id="stripe.pi_1",
    customer_id="acme",
    currency="USD",
    amount=4900,
    source=PaymentSource.CARD,
    received_at=AT,
    to_balance=4900,
)


@pytest.mark.parametrize("ours", ["inv-1.c.k1", "inv-1.c.k1.balance"])
def test_a_credit_note_s_refund_is_asked_for_again_and_never_first(ours: str) -> None:
    with pytest.raises(InvalidInput, match="id: expected an id of your own"):
        require_own_refund_id(ours, PAYMENT, field="id")
    begun = Refund(id=ours, amount=100, target=RefundTarget.METHOD, refunded_at=AT, state=RefundState.ASKED)
    require_own_refund_id(ours, replace(PAYMENT, refunds=(begun,)), field="id")
