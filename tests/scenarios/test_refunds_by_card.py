"""Refunds to a card at the sandbox: the answer is lost before or after they are made, or somebody makes one there."""

from datetime import timedelta

import pytest

from billing.domain.credit_request import AmountCredit, CreditRequest
from billing.domain.payment import RefundState, RefundTarget
from billing.ports import GatewayUnavailable
from billing.sandbox.server import RunningSandbox
from billing.usecases.issue_credit_note import issue_credit_note
from billing.usecases.refund_payment import RefundRequest, refund_payment
from tests.collected_invoice import bills, running, sandbox, the_invoice, world
from tests.collecting import CardWorld

__all__ = ["running", "sandbox", "world"]


def refunds_there(world: CardWorld) -> list[int]:
    [payment] = world.payments()
    listed = world.account.v1.refunds.list({"payment_intent": payment.gateway_id}).auto_paging_iter()
    return sorted(each.amount for each in listed)


def charged(world: CardWorld) -> None:
    world.joins("lumen")
    bills(world)


@pytest.mark.parametrize(("fault", "run"), [("drop_before", "billing"), ("lose_answer", "dunning")])
def test_a_refund_whose_call_died_is_finished_by_the_next_run(
    world: CardWorld, sandbox: RunningSandbox, fault: str, run: str
) -> None:
    charged(world)
    [payment] = world.payments()
    sandbox.control("POST", "faults", {"kind": fault, "path": "/v1/refunds", "times": 3})
    request = RefundRequest(
        id="r1", payment_id=payment.id, amount=1000, target=RefundTarget.METHOD, invoice_id=the_invoice(world).id
    )
    with pytest.raises(GatewayUnavailable):
        refund_payment(world.documents, request, gateway=world.gateway, call=world.call())
    sandbox.control("DELETE", "faults")
    world.now += timedelta(hours=1)
    world.runs_billing() if run == "billing" else world.runs_dunning()
    [payment] = world.payments()
    assert [each.state for each in payment.refunds] == [RefundState.DONE]
    assert (refunds_there(world), the_invoice(world).amount_due) == ([1000], 1000)


@pytest.mark.parametrize("by_hand", [1000, 600])
def test_a_credit_note_gives_back_what_nobody_gave_back_there_whose_event_is_lost(
    world: CardWorld, by_hand: int
) -> None:
    charged(world)
    [payment] = world.payments()
    credit = CreditRequest(key="k1", what=AmountCredit(amount=1000), reason="outage " * 100)
    issue_credit_note(world.documents, the_invoice(world).id, credit, call=world.call())
    world.account.v1.refunds.create({"payment_intent": payment.gateway_id, "amount": by_hand})
    world.runs_billing()
    assert sum(refunds_there(world)) == 1000
    invoice = the_invoice(world)
    assert (invoice.amount_paid, invoice.amount_due, invoice.overpaid, world.balance("lumen")) == (3900, 0, 0, 0)
