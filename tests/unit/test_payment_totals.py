"""What payments come to: every sum worked out by hand."""

from dataclasses import replace

from billing.domain.payment import (
    Application,
    Payment,
    PaymentSource,
    PaymentStatus,
    Refund,
    RefundState,
    RefundTarget,
)
from billing.domain.payment_totals import PaymentTotals, payment_totals
from billing.domain.typed_id import typed_id
from tests.builders import utc


def a_payment(amount: int, **changes: object) -> Payment:
    payment = Payment(
        id="p",
        customer_id="acme",
        currency="USD",
        amount=amount,
        source=PaymentSource.CARD,
        received_at=utc("2026-03-05"),
        applications=(Application(invoice_id="i", amount=amount),),
    )
    return replace(payment, **changes)  # type: ignore[arg-type]


def a_refund(amount: int, *, target: RefundTarget, state: RefundState) -> Refund:
    return Refund(
        id=f"r{amount}", amount=amount, target=target, refunded_at=utc("2026-03-06"), state=state, invoice_id="i"
    )


def test_nothing_comes_to_nothing() -> None:
    assert payment_totals([]) == ()


def test_a_failed_refund_and_one_to_the_balance_leave_the_house_nothing() -> None:
    refunds = (
        a_refund(1000, target=RefundTarget.METHOD, state=RefundState.DONE),
        a_refund(200, target=RefundTarget.METHOD, state=RefundState.ASKED),
        a_refund(3000, target=RefundTarget.METHOD, state=RefundState.FAILED),
        a_refund(400, target=RefundTarget.BALANCE, state=RefundState.DONE),
    )
    [totals] = payment_totals([a_payment(4900, refunds=refunds)])
    assert (totals.received, totals.refunded, totals.reversed, totals.kept) == (4900, 1200, 0, 3700)


def test_used_credit_is_no_new_money_and_a_reversed_payment_takes_what_was_not_refunded() -> None:
    refund = a_refund(1000, target=RefundTarget.METHOD, state=RefundState.DONE)
    payments = [
        a_payment(5000, source=PaymentSource.BANK_TRANSFER),
        a_payment(700, source=PaymentSource.CREDIT_BALANCE),
        a_payment(3000, status=PaymentStatus.REVERSED, refunds=(refund,)),
        a_payment(900, status=PaymentStatus.DISPUTED),
    ]
    assert payment_totals(payments) == (
        PaymentTotals(currency="USD", payments=4, received=8900, from_balance=700, refunded=1000, reversed=2000),
    )
    assert payment_totals(payments)[0].kept == 5900


def test_what_a_lost_dispute_about_a_part_took_is_reversed_and_not_refunded() -> None:
    lost = replace(a_refund(1000, target=RefundTarget.METHOD, state=RefundState.DONE), is_lost=True)
    rest = a_refund(500, target=RefundTarget.METHOD, state=RefundState.DONE)
    [totals] = payment_totals([a_payment(4900, refunds=(lost, rest))])
    assert (totals.refunded, totals.reversed, totals.kept) == (500, 1000, 3400)


def test_each_currency_has_totals_of_its_own() -> None:
    totals = payment_totals([a_payment(100), a_payment(300, currency="EUR"), a_payment(5)])
    assert [(each.currency, each.payments, each.received) for each in totals] == [("EUR", 1, 300), ("USD", 2, 105)]


def test_what_is_typed_alike_has_one_id_and_what_differs_another() -> None:
    ids = [typed_id("a", 1), typed_id("a", "1"), typed_id("a1"), typed_id("a", 1, "")]
    assert typed_id("a", 1) == ids[0]
    assert len(set(ids)) == 4
    assert ids[0].startswith("manual.")
    assert len(ids[0]) == len("manual.") + 16
