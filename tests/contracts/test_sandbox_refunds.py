"""Refunds and disputes, driven by the real library. Expected values: docs.stripe.com/refunds, /disputes, /testing."""

import pytest
import stripe

from billing.sandbox.server import RunningSandbox
from tests.sandbox_client import OFF_SESSION, USD_10, Client, Resource, event_types


def test_a_payment_is_refunded_in_parts_and_never_beyond_the_whole(client: Client) -> None:
    intent = paid(client)
    first = client.v1.refunds.create({"payment_intent": intent.id, "amount": 300, "reason": "requested_by_customer"})
    assert (first.status, first.amount, first.charge) == ("succeeded", 300, intent.latest_charge)
    with pytest.raises(stripe.InvalidRequestError) as raised:
        client.v1.refunds.create({"charge": intent.latest_charge, "amount": 701})
    assert raised.value.param == "amount"
    rest = client.v1.refunds.create({"charge": intent.latest_charge})
    assert rest.amount == 700
    charge = client.v1.charges.retrieve(intent.latest_charge, {"expand": ["refunds"]})
    assert (charge.amount_refunded, charge.refunded) == (1000, True)
    assert [each.id for each in charge.refunds.data] == [rest.id, first.id]
    with pytest.raises(stripe.InvalidRequestError) as again:
        client.v1.refunds.create({"payment_intent": intent.id})
    assert again.value.code == "charge_already_refunded"
    assert event_types(client)[-4:] == ["refund.created", "charge.refunded"] * 2
    assert [each.id for each in client.v1.refunds.list({"payment_intent": intent.id}).data] == [rest.id, first.id]


def test_a_refund_takes_its_amount_off_the_balance(client: Client) -> None:
    refund = client.v1.refunds.create({"payment_intent": paid(client).id, "expand": ["balance_transaction"]})
    entry = refund.balance_transaction
    assert (entry.type, entry.amount, entry.fee, entry.net) == ("refund", -1000, 0, -1000)


@pytest.mark.parametrize(
    ("given", "status", "param"),
    [
        ({}, 400, None),
        ({"charge": "ch_none"}, 404, "id"),
        ({"payment_intent": "pi_none"}, 404, "payment_intent"),
    ],
)
def test_a_refund_of_nothing_is_refused(client: Client, given: dict, status: int, param: str | None) -> None:
    with pytest.raises(stripe.InvalidRequestError) as raised:
        client.v1.refunds.create(given)
    assert (raised.value.http_status, raised.value.param) == (status, param)


def test_a_payment_that_never_succeeded_is_not_refunded(client: Client) -> None:
    intent = client.v1.payment_intents.create(USD_10)
    with pytest.raises(stripe.InvalidRequestError, match="successful charge"):
        client.v1.refunds.create({"payment_intent": intent.id})
    with pytest.raises(stripe.InvalidRequestError) as raised:
        client.v1.refunds.create({"payment_intent": paid(client).id, "amount": 0})
    assert raised.value.code == "parameter_invalid_integer"


def test_a_slow_refund_is_pending_until_it_arrives(client: Client, sandbox: RunningSandbox) -> None:
    refund = client.v1.refunds.create({"payment_intent": paid(client, "pm_card_pendingRefund").id})
    assert refund.status == "pending"
    sandbox.control("POST", f"refunds/{refund.id}/settle", {"status": "succeeded"})
    assert client.v1.refunds.retrieve(refund.id).status == "succeeded"
    assert event_types(client)[-2:] == ["refund.updated", "charge.refund.updated"]


def test_a_refund_that_the_bank_sends_back_leaves_the_charge_unrefunded(
    client: Client, sandbox: RunningSandbox
) -> None:
    refund = client.v1.refunds.create({"payment_intent": paid(client, "pm_card_refundFail").id})
    assert refund.status == "succeeded"
    sandbox.control("POST", f"refunds/{refund.id}/settle", {"status": "failed"})
    failed = client.v1.refunds.retrieve(refund.id, {"expand": ["charge"]})
    assert (failed.status, failed.failure_reason) == ("failed", "declined")
    assert (failed.charge.amount_refunded, failed.charge.refunded) == (0, False)
    assert event_types(client)[-1] == "refund.failed"


@pytest.mark.parametrize(
    ("name", "reason", "status", "refundable"),
    [
        ("pm_card_createDispute", "fraudulent", "needs_response", False),
        ("pm_card_createDisputeProductNotReceived", "product_not_received", "needs_response", False),
        ("pm_card_createDisputeInquiry", "general", "warning_needs_response", True),
    ],
)
def test_each_dispute_card_disputes_its_payment(
    client: Client, name: str, reason: str, status: str, refundable: bool
) -> None:
    intent = paid(client, name)
    [dispute] = client.v1.disputes.list({"payment_intent": intent.id}).data
    assert (dispute.reason, dispute.status, dispute.is_charge_refundable) == (reason, status, refundable)
    assert (dispute.amount, dispute.charge) == (1000, intent.latest_charge)
    assert client.v1.charges.retrieve(intent.latest_charge).disputed is True
    assert [entry.net for entry in dispute.balance_transactions] == ([] if refundable else [-2500])
    assert event_types(client)[1] == "charge.succeeded"
    assert event_types(client)[2] == "charge.dispute.created"
    assert event_types(client)[-1] == "payment_intent.succeeded"


def test_a_dispute_that_is_won_gives_the_money_back(client: Client, sandbox: RunningSandbox) -> None:
    intent = paid(client)
    opened = sandbox.control("POST", f"charges/{intent.latest_charge}/dispute", {"reason": "fraudulent"})
    with pytest.raises(stripe.InvalidRequestError) as raised:
        client.v1.refunds.create({"payment_intent": intent.id})
    assert raised.value.code == "charge_disputed"
    answered = client.v1.disputes.update(opened["id"], {"evidence": {"customer_name": "Acme"}, "submit": True})
    assert (answered.status, answered.evidence_details.submission_count) == ("under_review", 1)
    sandbox.control("POST", f"disputes/{opened['id']}/close", {"outcome": "won"})
    won = client.v1.disputes.retrieve(opened["id"])
    assert (won.status, won.is_charge_refundable) == ("won", True)
    assert [entry.amount for entry in won.balance_transactions] == [-1000, 1000]
    assert event_types(client)[-2:] == ["charge.dispute.funds_reinstated", "charge.dispute.closed"]
    assert client.v1.refunds.create({"payment_intent": intent.id}).status == "succeeded"


def test_a_dispute_is_lost_by_control_or_by_closing_it(client: Client, sandbox: RunningSandbox) -> None:
    first, second = paid(client, "pm_card_createDispute"), paid(client, "pm_card_createDispute")
    [one] = client.v1.disputes.list({"charge": first.latest_charge}).data
    [two] = client.v1.disputes.list({"charge": second.latest_charge}).data
    sandbox.control("POST", f"disputes/{one.id}/close", {"outcome": "lost"})
    assert client.v1.disputes.close(two.id).status == "lost"
    assert client.v1.disputes.retrieve(one.id).status == "lost"
    with pytest.raises(stripe.InvalidRequestError, match="already closed"):
        client.v1.disputes.update(two.id, {"submit": True})


def paid(client: Client, method: str = "pm_card_visa") -> Resource:
    return client.v1.payment_intents.create({**USD_10, **OFF_SESSION, "payment_method": method})
