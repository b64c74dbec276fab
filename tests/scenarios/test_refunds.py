"""Money goes back, to the card or to the balance; each refund is made once, and never of more than is left."""

from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest

from billing.domain.errors import InvalidInput, NotFound
from billing.domain.invoice import InvoiceStatus
from billing.domain.payment import Refund, RefundState, RefundTarget
from billing.ports import (
    GatewayRefund,
    GatewayRefused,
    GatewayUnavailable,
    RefundStatus,
)
from billing.store.payments import Payments
from billing.usecases.follow_refunds import follow_refund
from billing.usecases.refund_payment import OtherRefund, RefundRequest, refund_payment
from billing.usecases.reverse_payment import reverse_payment
from tests.paying import balance, call, gateway, ids, pay, payments_that_differ, state, three_unpaid
from tests.watched_documents import WatchedDocuments
from tests.world import World


@pytest.fixture
def world() -> World:
    return three_unpaid()


def refund(world: World, amount: int, **changes: Any) -> RefundRequest:  # noqa: ANN401
    options = {"id": "r1", "payment_id": "p1", "target": RefundTarget.METHOD, "invoice_id": ids(world)[0]} | changes
    return RefundRequest(amount=amount, reason="goodwill", **options)


def test_a_refund_to_the_method_leaves_that_much_unpaid(world: World) -> None:
    pay(world, 5000, gateway_id="pi_1")
    stripe = gateway()
    refund_payment(world.documents, refund(world, 1000), gateway=stripe, call=call(world))
    payment = refund_payment(world.documents, refund(world, 1000), gateway=stripe, call=call(world))
    assert [(each.state, each.gateway_id) for each in payment.refunds] == [(RefundState.DONE, "re_1")]
    assert list(stripe.made) == [f"{world.tenant.id}/p1/refund/r1"]
    assert state(world)[0] == (InvoiceStatus.ISSUED, 3900, 1000)


@pytest.mark.parametrize("lost", ["before", "after"])
def test_a_refund_whose_answer_was_lost_is_made_once(world: World, lost: str) -> None:
    pay(world, 5000, gateway_id="pi_1")
    stripe = gateway(fails=[lost])
    with pytest.raises(GatewayUnavailable):
        refund_payment(world.documents, refund(world, 1000), gateway=stripe, call=call(world))
    assert state(world)[0] == (InvoiceStatus.PAID, 4900, 0)
    finished = refund_payment(world.documents, refund(world, 1000), gateway=stripe, call=call(world))
    assert finished.refunds[0].state is RefundState.DONE
    assert len(stripe.made) == 1
    assert state(world)[0] == (InvoiceStatus.ISSUED, 3900, 1000)


@pytest.mark.parametrize("lost", ["before", "after", ""])
@pytest.mark.parametrize(
    "other", [{"amount": 2000}, {"invoice_id": ""}, {"target": RefundTarget.BALANCE}], ids=["amount", "part", "target"]
)
def test_another_refund_under_the_same_id_is_refused_and_gives_nothing_back(
    world: World, lost: str, other: dict[str, Any]
) -> None:
    """Also where the first one has no answer yet: the gateway would take another sum for it."""
    pay(world, 9900, gateway_id="pi_1")
    stripe = gateway(fails=[lost] if lost else [])
    with pytest.raises(GatewayUnavailable) if lost else nullcontext():
        refund_payment(world.documents, refund(world, 100), gateway=stripe, call=call(world))
    before, made = world.everything(), dict(stripe.made)
    with pytest.raises(OtherRefund, match=r"refund 'r1' of payment p1 is 1\.00 USD of what it paid of .* another id"):
        refund_payment(world.documents, refund(world, **{"amount": 100, **other}), gateway=stripe, call=call(world))
    assert (world.everything(), stripe.made) == (before, made)


def test_a_refund_that_fails_at_the_gateway_can_be_asked_for_again(world: World) -> None:
    pay(world, 4900, gateway_id="pi_1")
    failing = gateway(status=RefundStatus.FAILED)
    payment = refund_payment(world.documents, refund(world, 4900), gateway=failing, call=call(world))
    assert (payment.refunds[0].state, payment.refunded) == (RefundState.FAILED, 0)
    assert state(world)[0] == (InvoiceStatus.PAID, 4900, 0)
    payment = refund_payment(world.documents, refund(world, 4900, id="r2"), gateway=gateway(), call=call(world))
    assert payment.refunded == 4900


def test_a_refund_that_the_gateway_will_never_make_frees_what_it_was_for(world: World) -> None:
    pay(world, 4900, gateway_id="pi_1")
    refusing = gateway(fails=["refused"])
    payment = refund_payment(world.documents, refund(world, 4900), gateway=refusing, call=call(world))
    assert [(each.state, each.gateway_id) for each in payment.refunds] == [(RefundState.FAILED, "")]
    assert state(world)[0] == (InvoiceStatus.PAID, 4900, 0)
    instead = refund(world, 4900, id="r2", target=RefundTarget.BALANCE)
    refund_payment(world.documents, instead, gateway=None, call=call(world))
    assert balance(world) == 4900


def test_a_refund_that_our_own_account_can_not_make_waits_for_a_repeat(world: World) -> None:
    pay(world, 4900, gateway_id="pi_1")
    stripe = gateway(fails=["account"])
    with pytest.raises(GatewayRefused, match="no such key"):
        refund_payment(world.documents, refund(world, 1000), gateway=stripe, call=call(world))
    payment = refund_payment(world.documents, refund(world, 1000), gateway=stripe, call=call(world))
    assert payment.refunds[0].state is RefundState.DONE
    assert state(world)[0] == (InvoiceStatus.ISSUED, 3900, 1000)


def test_a_refund_that_the_gateway_still_works_on_moves_nothing_yet(world: World) -> None:
    pay(world, 4900, gateway_id="pi_1")
    stripe = gateway(status=RefundStatus.PENDING)
    payment = refund_payment(world.documents, refund(world, 1000), gateway=stripe, call=call(world))
    assert (payment.refunds[0].state, payment.refunded) == (RefundState.ASKED, 1000)
    assert state(world)[0] == (InvoiceStatus.PAID, 4900, 0)


def test_what_an_invoice_got_can_go_to_the_balance(world: World) -> None:
    pay(world, 4900)
    request = refund(world, 1000, target=RefundTarget.BALANCE)
    for _ in range(2):
        refund_payment(world.documents, request, gateway=None, call=call(world))
    assert balance(world) == 1000
    assert state(world)[0] == (InvoiceStatus.ISSUED, 3900, 1000)


def test_what_went_to_the_balance_can_be_refunded_to_the_method(world: World) -> None:
    pay(world, 10_000, gateway_id="pi_1")
    refund_payment(world.documents, refund(world, 200, invoice_id=""), gateway=gateway(), call=call(world))
    assert balance(world) == 0
    assert state(world)[0] == (InvoiceStatus.PAID, 4900, 0)


def test_credit_that_an_invoice_used_is_not_given_back_to_the_method(world: World) -> None:
    """51.00 went to the balance, of which the next bill of 49.00 leaves 2.00."""
    pay(world, 10_000, invoice_ids=ids(world)[:1], gateway_id="pi_1")
    world.travels_to("2026-04-01")
    world.runs_billing()
    assert balance(world) == 200
    stripe = gateway()
    with pytest.raises(InvalidInput, match=r"amount: expected at most 2\.00 USD, what is left on the credit balance"):
        refund_payment(world.documents, refund(world, 5100, invoice_id=""), gateway=stripe, call=call(world))
    assert stripe.made == {}
    refund_payment(world.documents, refund(world, 200, invoice_id=""), gateway=stripe, call=call(world))
    assert balance(world) == 0


def test_credit_whose_refund_is_under_way_pays_no_invoice_and_no_second_refund(world: World) -> None:
    """51.00 of one payment went to the balance and are asked back; 10.00 of another are there for the next bill."""
    pay(world, 10_000, invoice_ids=ids(world)[:1], gateway_id="pi_1")
    stripe = gateway(status=RefundStatus.PENDING)
    refund_payment(world.documents, refund(world, 5100, invoice_id=""), gateway=stripe, call=call(world))
    assert balance(world) == 0
    pay(world, 1000, id="p2", invoice_ids=(), customer_id="acme", gateway_id="pi_2")
    world.travels_to("2026-04-01")
    world.runs_billing()
    assert balance(world) == 0
    assert state(world)[-1] == (InvoiceStatus.ISSUED, 1000, 3900)
    again = refund(world, 1000, payment_id="p2", invoice_id="")
    with pytest.raises(InvalidInput, match=r"at most 0\.00 USD, what is left on the credit balance"):
        refund_payment(world.documents, again, gateway=stripe, call=call(world))
    [told] = stripe.made.values()
    for _ in range(2):
        follow_refund(world.documents, "p1", replace(told, status=RefundStatus.SUCCEEDED), call=call(world))
    assert balance(world) == 0


def test_of_two_refunds_of_one_credit_at_once_one_is_made(world: World) -> None:
    """59.00 came, of which the next bill of 49.00 leaves 10.00: not twice, though of each payment that is left."""
    pay(world, 3000, id="p1", invoice_ids=(), customer_id="acme", gateway_id="pi_1")
    pay(world, 2900, id="p2", invoice_ids=(), customer_id="acme", gateway_id="pi_2")
    world.travels_to("2026-04-01")
    world.runs_billing()
    assert balance(world) == 1000
    stripe, others = gateway(), [refund(world, 1000, payment_id="p2", invoice_id="")]

    def somebody_is_quicker(_writes: object) -> None:
        while others:
            refund_payment(world.documents, others.pop(), gateway=stripe, call=call(world))

    watched = WatchedDocuments(world.documents, before=somebody_is_quicker)
    with pytest.raises(InvalidInput, match=r"at most 0\.00 USD, what is left on the credit balance"):
        refund_payment(watched, refund(world, 1000, invoice_id=""), gateway=stripe, call=call(world))
    assert (balance(world), len(stripe.made)) == (0, 1)


@pytest.mark.parametrize("told", [False, True])
def test_credit_whose_refund_failed_is_back(world: World, *, told: bool) -> None:
    pay(world, 10_000, gateway_id="pi_1")
    request = refund(world, 200, invoice_id="")
    stripe = gateway(status=RefundStatus.PENDING if told else RefundStatus.FAILED)
    refund_payment(world.documents, request, gateway=stripe, call=call(world))
    assert balance(world) == (0 if told else 200)
    [made] = stripe.made.values()
    for _ in range(2):
        follow_refund(world.documents, "p1", replace(made, status=RefundStatus.FAILED), call=call(world))
    assert balance(world) == 200
    reverse_payment(world.documents, "p1", reason="chargeback", call=call(world))
    assert balance(world) == 0


@pytest.mark.parametrize(
    ("status", "left"), [(RefundStatus.SUCCEEDED, 0), (RefundStatus.FAILED, 200)], ids=["done", "failed"]
)
@pytest.mark.parametrize("told", [False, True])
def test_a_refund_of_credit_that_the_version_before_asked_for_ends_right(
    world: World, status: RefundStatus, left: int, *, told: bool
) -> None:
    """It took nothing off the balance when it was asked for."""
    pay(world, 10_000, gateway_id="pi_1")
    payments = Payments.of(world.documents, world.tenant.id)
    [before] = payments.get(["p1"])
    assert before is not None
    at = call(world).recorded_at
    asked = Refund(id="r1", amount=200, target=RefundTarget.METHOD, refunded_at=at, state=RefundState.ASKED)
    world.documents.commit([payments.changed(before, replace(before.value, refunds=(asked,)))])
    stripe = gateway(status=status)
    if told:
        made = GatewayRefund(
            id="re_1", key="acme/p1/refund/r1", payment_id="pi_1", amount=200, currency="USD", status=status
        )
        follow_refund(world.documents, "p1", made, call=call(world))
    else:
        refund_payment(world.documents, refund(world, 200, invoice_id=""), gateway=stripe, call=call(world))
    assert balance(world) == left


def test_only_what_is_left_of_a_payment_is_reversed(world: World) -> None:
    pay(world, 4900, gateway_id="pi_1")
    refund_payment(world.documents, refund(world, 1000), gateway=gateway(), call=call(world))
    reverse_payment(world.documents, "p1", reason="chargeback", call=call(world))
    assert state(world)[0] == (InvoiceStatus.ISSUED, 0, 4900)


def test_what_a_refund_put_on_the_balance_is_taken_off_when_the_bank_takes_the_payment_back(world: World) -> None:
    """61.00 came: 49.00 for the invoice, of which 10.00 go to the balance, and 12.00 over. The bank takes all back."""
    first = ids(world)[:1]
    pay(world, 6100, invoice_ids=first)
    to_balance = refund(world, 1000, target=RefundTarget.BALANCE)
    refund_payment(world.documents, to_balance, gateway=None, call=call(world))
    assert balance(world) == 2200
    for _ in range(2):
        reverse_payment(world.documents, "p1", reason="returned", call=call(world))
    assert balance(world) == 0
    assert state(world)[0] == (InvoiceStatus.ISSUED, 0, 4900)


@pytest.mark.parametrize("lost", ["refused", ""])
def test_a_refund_that_was_under_way_when_the_bank_took_the_payment_back_leaves_nothing_paid(
    world: World, lost: str
) -> None:
    """Where the gateway refuses to refund what was disputed, all of it went back with the dispute."""
    pay(world, 4900, gateway_id="pi_1")
    with pytest.raises(GatewayUnavailable):
        refund_payment(world.documents, refund(world, 1000), gateway=gateway(fails=["before"]), call=call(world))
    reverse_payment(world.documents, "p1", reason="chargeback", call=call(world))
    assert state(world)[0] == (InvoiceStatus.ISSUED, 1000, 3900)
    stripe = gateway(fails=[lost] if lost else [])
    refund_payment(world.documents, refund(world, 1000), gateway=stripe, call=call(world))
    assert state(world)[0] == (InvoiceStatus.ISSUED, 0, 4900)
    assert payments_that_differ(world) == []


@pytest.mark.parametrize("status", [RefundStatus.FAILED, RefundStatus.SUCCEEDED])
def test_so_does_one_that_the_gateway_tells_the_end_of(world: World, status: RefundStatus) -> None:
    pay(world, 4900, gateway_id="pi_1")
    stripe = gateway(status=RefundStatus.PENDING)
    refund_payment(world.documents, refund(world, 1000), gateway=stripe, call=call(world))
    reverse_payment(world.documents, "p1", reason="chargeback", call=call(world))
    [told] = stripe.made.values()
    for _ in range(2):
        follow_refund(world.documents, "p1", replace(told, status=status), call=call(world))
    assert state(world)[0] == (InvoiceStatus.ISSUED, 0, 4900)
    assert payments_that_differ(world) == []


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"amount": 4901}, "amount: expected more than 0 and at most 49.00 USD"),
        ({"amount": 0}, "amount: expected more than 0"),
        ({"amount": 100, "invoice_id": ""}, "at most 0.01 USD"),
        ({"amount": 100, "invoice_id": "", "target": RefundTarget.BALANCE}, "invoice: expected an invoice"),
        (
            {"amount": 100, "invoice_id": "other"},
            "invoice: expected .*none, for the balance with 0.01 USD, got 'other'",
        ),
    ],
)
def test_more_than_is_left_is_never_refunded(world: World, changes: dict[str, Any], named: str) -> None:
    pay(world, 9900, gateway_id="pi_1")
    refund_payment(world.documents, refund(world, 99, invoice_id="", id="r0"), gateway=gateway(), call=call(world))
    amount = changes.pop("amount")
    with pytest.raises(InvalidInput, match=named):
        refund_payment(world.documents, refund(world, amount, **changes), gateway=gateway(), call=call(world))


@pytest.mark.parametrize("target", list(RefundTarget))
def test_the_longest_ids_are_booked_and_refunded(world: World, target: RefundTarget) -> None:
    longest = 200
    name = "p" * longest
    pay(world, 4900, id=name, gateway_id="pi_1")
    request = refund(world, 4900, id="r" * longest, payment_id=name, target=target)
    payments = [refund_payment(world.documents, request, gateway=gateway(), call=call(world)) for _ in range(2)]
    assert [each.state for payment in payments for each in payment.refunds] == [RefundState.DONE] * 2
    assert state(world)[0] == (InvoiceStatus.ISSUED, 0, 4900)
    reverse_payment(world.documents, name, reason="returned", call=call(world))


@pytest.mark.parametrize("target", list(RefundTarget))
def test_a_refund_that_names_no_invoice_says_which_there_are(world: World, target: RefundTarget) -> None:
    """Nothing went to the balance, so there is no part without an invoice."""
    pay(world, 4900, gateway_id="pi_1")
    invoice = world.invoices()[0]
    with pytest.raises(InvalidInput, match=rf"^invoice: expected .*{invoice.id} with 49\.00 USD"):
        refund_payment(
            world.documents, refund(world, 100, invoice_id="", target=target), gateway=gateway(), call=call(world)
        )


def test_a_payment_that_is_given_back_has_no_more_to_refund(world: World) -> None:
    pay(world, 4900)
    refund_payment(world.documents, refund(world, 4900, target=RefundTarget.BALANCE), gateway=None, call=call(world))
    again = refund(world, 100, id="r2", target=RefundTarget.BALANCE)
    with pytest.raises(InvalidInput, match=r"at most 0\.00 USD, what is left of it"):
        refund_payment(world.documents, again, gateway=None, call=call(world))


def test_a_transfer_can_not_be_refunded_to_a_card(world: World) -> None:
    pay(world, 4900)
    with pytest.raises(InvalidInput, match="target: expected balance"):
        refund_payment(world.documents, refund(world, 100), gateway=gateway(), call=call(world))


def test_without_a_gateway_a_card_refund_waits_for_one(world: World) -> None:
    pay(world, 4900, gateway_id="pi_1")
    before = world.everything()
    with pytest.raises(InvalidInput, match="the tenant has no gateway"):
        refund_payment(world.documents, refund(world, 100), gateway=None, call=call(world))
    assert world.everything() == before


def test_a_reversed_payment_has_nothing_to_refund(world: World) -> None:
    pay(world, 4900)
    reverse_payment(world.documents, "p1", reason="returned", call=call(world))
    request = refund(world, 100, target=RefundTarget.BALANCE)
    with pytest.raises(InvalidInput, match="payment_id: expected a payment that stands"):
        refund_payment(world.documents, request, gateway=None, call=call(world))


def test_a_payment_nobody_booked_is_not_found(world: World) -> None:
    with pytest.raises(NotFound, match="payment 'p9'"):
        reverse_payment(world.documents, "p9", reason="", call=call(world))
    with pytest.raises(NotFound, match="payment 'p9'"):
        refund_payment(world.documents, refund(world, 100, payment_id="p9"), gateway=gateway(), call=call(world))
