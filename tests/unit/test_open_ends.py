"""Until when a closed invoice is asked about, by what may still bring money for it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from billing.domain.attempt import AttemptStatus, PaymentAttempt
from billing.domain.invoice import CollectionMethod, Invoice, InvoiceStatus, SettlementStep
from billing.domain.open_ends import (
    asked_no_more,
    asked_to_the_end,
    call_may_run,
    is_asked_again,
    is_unheard,
    may_reach_gateway,
)
from tests.builders import Account, a_fee, a_plan, utc

COLLECT, DELIVER = SettlementStep.COLLECT, SettlementStep.DELIVER
AUTO, SEND = CollectionMethod.CHARGE_AUTOMATICALLY, CollectionMethod.SEND_INVOICE
TRIED_AT = utc("2026-03-04T01:00")
SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
CLOSED = [InvoiceStatus.PAID, InvoiceStatus.VOID, InvoiceStatus.UNCOLLECTIBLE]
OWED = [InvoiceStatus.ISSUED, InvoiceStatus.OVERDUE]


def tried(*statuses: AttemptStatus) -> tuple[PaymentAttempt, ...]:
    """Attempts in this order, each with a payment of its own, `pi_1` and on."""
    return tuple(
        PaymentAttempt(number=number, attempted_at=TRIED_AT, amount=4900, status=status, payment_id=f"pi_{number}")
        for number, status in enumerate(statuses, start=1)
    )


def an_invoice(**changes: Any) -> Invoice:  # noqa: ANN401 - any field of the dataclass
    """49.00 US dollars, issued at four on 1 March 2026, and paid by nobody knows whom."""
    bill = Account.opened(a_plan(fees=[a_fee("49.00")]), start="2026-02-01").bill()
    usual: dict[str, Any] = {
        "issued_at": utc("2026-03-01T04:00"),
        "status": InvoiceStatus.PAID,
        "amount_paid": 0,
        "pending": (),
    }
    return replace(bill, **(usual | changes))


STARTED, UNKNOWN, PENDING = AttemptStatus.STARTED, AttemptStatus.UNKNOWN, AttemptStatus.PENDING
DECLINED, SUCCEEDED, ACTION = AttemptStatus.DECLINED, AttemptStatus.SUCCEEDED, AttemptStatus.REQUIRES_ACTION
OPEN: list[dict[str, Any]] = [
    {"checkout_id": "cs_1"},
    {"page_payment_id": "pi_9"},
    {"attempts": tried(PENDING)},
    {"attempts": tried(DECLINED, STARTED)},
    {"attempts": tried(DECLINED, UNKNOWN)},
]
ENDED: list[dict[str, Any]] = [{}, {"attempts": tried(DECLINED)}, {"attempts": tried(DECLINED, SUCCEEDED)}]


@pytest.mark.parametrize("status", CLOSED)
@pytest.mark.parametrize("end", OPEN)
def test_what_is_closed_is_asked_about_while_an_end_is_open(end: dict[str, Any], status: InvoiceStatus) -> None:
    invoice = an_invoice(status=status, pending=(DELIVER,), **end)
    asked = asked_to_the_end(invoice)
    assert asked.pending == (DELIVER, COLLECT)
    assert asked_to_the_end(asked) == asked
    assert asked_no_more(asked) == asked
    assert is_asked_again(asked) or is_unheard(asked)


@pytest.mark.parametrize("status", OWED)
@pytest.mark.parametrize("end", OPEN)
def test_what_is_owed_is_left_to_its_charge_or_its_case(end: dict[str, Any], status: InvoiceStatus) -> None:
    invoice = an_invoice(status=status, **end)
    assert asked_to_the_end(invoice) == invoice
    assert (is_asked_again(invoice), is_unheard(invoice)) == (False, False)


@pytest.mark.parametrize("status", CLOSED)
@pytest.mark.parametrize("end", ENDED)
def test_what_has_ended_is_not_asked_about(end: dict[str, Any], status: InvoiceStatus) -> None:
    invoice = an_invoice(status=status, collection_method=SEND, **end)
    assert asked_to_the_end(invoice) == invoice
    assert asked_no_more(replace(invoice, pending=(COLLECT, DELIVER))).pending == (DELIVER,)
    assert (is_asked_again(invoice), is_unheard(invoice)) == (False, False)


@pytest.mark.parametrize(
    ("end", "payment_id", "attempt"),
    [
        ({"attempts": tried(DECLINED, STARTED)}, "pi_x", 2),  # a started one has no payment yet: it is told by number
        ({"attempts": tried(PENDING)}, "pi_1", 0),
        ({"checkout_id": "cs_1"}, "pi_9", 0),
        ({"page_payment_id": "pi_9", "checkout_id": "cs_1"}, "pi_9", 0),
    ],
)
def test_the_payment_that_closed_it_is_no_open_end(end: dict[str, Any], payment_id: str, attempt: int) -> None:
    invoice = an_invoice(**end)
    assert asked_to_the_end(invoice, payment_id=payment_id, attempt=attempt) == invoice
    assert asked_to_the_end(invoice).pending == (COLLECT,)


@pytest.mark.parametrize(
    ("end", "payment_id", "attempt"),
    [
        ({"attempts": tried(PENDING, SUCCEEDED)}, "pi_2", 2),
        ({"attempts": tried(PENDING), "checkout_id": "cs_1"}, "pi_9", 0),
        ({"attempts": tried(SUCCEEDED), "checkout_id": "cs_1"}, "pi_1", 1),
        ({"attempts": tried(SUCCEEDED), "page_payment_id": "pi_9"}, "pi_1", 1),
    ],
)
def test_any_other_is(end: dict[str, Any], payment_id: str, attempt: int) -> None:
    assert asked_to_the_end(an_invoice(**end), payment_id=payment_id, attempt=attempt).pending == (COLLECT,)


@pytest.mark.parametrize("status", [STARTED, UNKNOWN])
def test_a_charge_that_the_gateway_does_not_know_is_asked_for_while_its_call_may_run(status: AttemptStatus) -> None:
    """For the hour that a function may run: from one to two."""
    invoice = an_invoice(attempts=tried(DECLINED, status))
    assert is_unheard(invoice)
    assert may_reach_gateway(invoice.attempts[-1], at=TRIED_AT + HOUR - SECOND)
    assert not may_reach_gateway(invoice.attempts[-1], at=TRIED_AT + HOUR)
    assert call_may_run(TRIED_AT, at=TRIED_AT + HOUR - SECOND)
    assert not call_may_run(TRIED_AT, at=TRIED_AT + HOUR)


@pytest.mark.parametrize(("method", "is_asked"), [(AUTO, True), (SEND, False)])
def test_so_is_the_first_charge_which_is_written_down_with_its_answer(
    method: CollectionMethod, *, is_asked: bool
) -> None:
    invoice = an_invoice(collection_method=method, pending=(COLLECT,))
    assert is_unheard(invoice) == is_asked
    assert (asked_no_more(invoice) == invoice) == is_asked


def test_what_is_to_be_cancelled_keeps_the_step_that_does_it() -> None:
    invoice = an_invoice(attempts=tried(ACTION), pending=(COLLECT,))
    assert asked_no_more(invoice) == invoice


@pytest.mark.parametrize("end", [{"page_payment_id": "pi_1"}, {"attempts": tried(PENDING)}])
def test_a_payment_of_an_account_that_the_tenant_has_no_more_is_not_waited_for(end: dict[str, Any]) -> None:
    invoice = an_invoice(**end)
    assert not is_asked_again(invoice, gone={"pi_1"})
    assert is_asked_again(invoice, gone={"pi_2"})
    assert is_asked_again(replace(invoice, checkout_id="cs_1"), gone={"pi_1"})
