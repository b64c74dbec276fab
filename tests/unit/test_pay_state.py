"""What a customer is told who opens the pay link, in each state an invoice can be in."""

from dataclasses import replace
from typing import Any

import pytest

from billing.domain.attempt import AttemptStatus, PaymentAttempt
from billing.domain.invoice import CollectionMethod, Invoice, InvoiceStatus, SettlementStep
from billing.domain.invoice_payment import paid, taken_back
from billing.domain.pay_state import PayState, pay_state
from billing.domain.payment_link import is_shown
from tests.builders import Account, a_fee, a_plan, utc

ISSUED_AT = utc("2026-03-01T04:00")


def an_invoice(**changes: Any) -> Invoice:  # noqa: ANN401 - any field of the dataclass
    """49.00 US dollars, issued on 1 March 2026."""
    bill = Account.opened(a_plan(fees=[a_fee("49.00")]), start="2026-02-01").bill()
    return replace(bill, **({"number": "INV-1", "status": InvoiceStatus.ISSUED} | changes))


def tried(status: AttemptStatus) -> tuple[PaymentAttempt, ...]:
    return (PaymentAttempt(number=1, attempted_at=ISSUED_AT, amount=4900, status=status),)


CHARGED = {
    "collection_method": CollectionMethod.CHARGE_AUTOMATICALLY,
    "pending": (SettlementStep.COLLECT,),
}


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, PayState.DUE),
        ({"status": InvoiceStatus.OVERDUE}, PayState.DUE),
        ({"amount_paid": 100}, PayState.PARTLY_PAID),
        ({"amount_credited": 100}, PayState.PARTLY_PAID),
        ({"amount_paid": 4900, "status": InvoiceStatus.PAID}, PayState.PAID),
        ({"total": 0, "status": InvoiceStatus.PAID}, PayState.PAID),
        ({"amount_credited": 4900, "status": InvoiceStatus.PAID}, PayState.CREDITED),
        ({"amount_paid": 900, "amount_credited": 4000, "status": InvoiceStatus.PAID}, PayState.PAID),
        ({"status": InvoiceStatus.VOID}, PayState.VOID),
        ({"status": InvoiceStatus.UNCOLLECTIBLE}, PayState.WRITTEN_OFF),
        (CHARGED, PayState.BEING_CHARGED),
        (CHARGED | {"attempts": tried(AttemptStatus.STARTED)}, PayState.BEING_CHARGED),
        (CHARGED | {"attempts": tried(AttemptStatus.PENDING)}, PayState.BEING_CHARGED),
        (CHARGED | {"attempts": tried(AttemptStatus.UNKNOWN)}, PayState.BEING_CHARGED),
        (CHARGED | {"attempts": tried(AttemptStatus.DECLINED)}, PayState.DUE),
        (CHARGED | {"attempts": tried(AttemptStatus.REQUIRES_ACTION)}, PayState.DUE),
        (CHARGED | {"pending": (SettlementStep.DELIVER,)}, PayState.DUE),
        ({"pending": (SettlementStep.COLLECT,)}, PayState.DUE),
    ],
)
def test_each_state_is_told(changes: dict[str, Any], state: PayState) -> None:
    assert pay_state(an_invoice(**changes)) is state


def test_only_what_is_due_and_not_under_way_may_be_paid() -> None:
    assert [each for each in PayState if each.is_payable] == [PayState.DUE, PayState.PARTLY_PAID]


def test_a_link_opens_what_is_owed_for_ever_and_what_is_settled_for_half_a_year() -> None:
    paid = an_invoice(status=InvoiceStatus.PAID, amount_paid=4900, paid_at=utc("2026-03-10"))
    void = an_invoice(status=InvoiceStatus.VOID)
    # 180 days after 10 March is 6 September, after 1 March 04:00 it is 28 August 04:00
    assert is_shown(paid, at=utc("2026-09-05T23:59"))
    assert not is_shown(paid, at=utc("2026-09-06"))
    assert is_shown(void, at=utc("2026-08-28T03:59"))
    assert not is_shown(void, at=utc("2026-08-28T04:00"))
    assert is_shown(an_invoice(), at=utc("2036-01-01"))
    assert not is_shown(an_invoice(status=InvoiceStatus.DRAFT), at=ISSUED_AT)


def test_what_is_taken_back_and_paid_once_more_is_paid_at_the_later_instant() -> None:
    first = an_invoice(status=InvoiceStatus.PAID, amount_paid=4900, paid_at=utc("2026-03-10"))
    less = taken_back(first, 1000, at=utc("2026-03-11"))
    assert (less.status, less.amount_due) == (InvoiceStatus.ISSUED, 1000)
    again = paid(less, 1000, at=utc("2026-03-12"))
    assert (again.status, again.amount_due, again.paid_at) == (InvoiceStatus.PAID, 0, utc("2026-03-12"))
