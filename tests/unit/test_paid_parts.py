"""What payments come to on an invoice, whatever became of them: every sum worked out by hand."""

from dataclasses import replace
from typing import Any

import pytest

from billing.domain.paid_parts import PaidParts
from billing.domain.payment import Application, Payment, PaymentSource, PaymentStatus, Refund, RefundState, RefundTarget
from tests.builders import utc

DONE, ASKED, FAILED = RefundState.DONE, RefundState.ASKED, RefundState.FAILED


def a_payment(**changes: Any) -> Payment:  # noqa: ANN401 - any field of the dataclass
    """70.00 in all: 49.00 for invoice i, 20.00 for j, 1.00 over."""
    payment = Payment(
        id="p",
        customer_id="acme",
        currency="USD",
        amount=7000,
        source=PaymentSource.CARD,
        received_at=utc("2026-03-05"),
        applications=(Application(invoice_id="i", amount=4900), Application(invoice_id="j", amount=2000)),
        to_balance=100,
    )
    return replace(payment, **changes)


def refunded(*states: RefundState, **changes: Any) -> Payment:  # noqa: ANN401
    """The payment with a refund of 10.00 of invoice i in each of the states."""
    refunds = tuple(
        Refund(
            id=f"r{place}",
            amount=1000,
            target=RefundTarget.METHOD,
            refunded_at=utc("2026-03-06"),
            state=state,
            invoice_id="i",
        )
        for place, state in enumerate(states)
    )
    return a_payment(refunds=refunds, **changes)


def on_i(*payments: Payment) -> int:
    parts = PaidParts()
    for each in payments:
        parts.add(each)
    return parts.paid["i"]


def test_each_invoice_has_its_part_of_every_payment() -> None:
    parts = PaidParts()
    parts.add(a_payment())
    parts.add(a_payment(id="q"))

    assert (parts.paid["i"], parts.paid["j"], parts.paid["other"]) == (9800, 4000, 0)
    assert parts.from_balance["i"] == 0


def test_a_disputed_payment_pays_until_the_dispute_is_lost() -> None:
    assert on_i(a_payment(status=PaymentStatus.DISPUTED)) == 4900
    assert on_i(a_payment(status=PaymentStatus.REVERSED)) == 0


def test_a_refund_takes_from_the_invoice_once_it_is_made() -> None:
    assert on_i(refunded(DONE)) == 3900
    assert on_i(refunded(ASKED)) == 4900
    assert on_i(refunded(FAILED)) == 4900
    assert on_i(refunded(DONE, DONE, ASKED, FAILED)) == 2900


@pytest.mark.parametrize(("state", "left"), [(DONE, 0), (ASKED, 1000), (FAILED, 0)])
def test_a_reversal_takes_all_but_what_is_on_its_way_back(state: RefundState, left: int) -> None:
    assert on_i(refunded(state, status=PaymentStatus.REVERSED)) == left


def test_credit_that_paid_at_the_issue_is_counted_apart_too() -> None:
    parts = PaidParts()
    parts.add(a_payment(source=PaymentSource.CREDIT_BALANCE))

    assert (parts.paid["i"], parts.from_balance["i"], parts.from_balance["j"]) == (4900, 4900, 2000)
