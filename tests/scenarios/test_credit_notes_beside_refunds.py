"""Money that a credit note is to give back, and that somebody gives back by another way meanwhile: it goes back once.

One invoice of 49.00 was paid by card; its credit note is issued, and settled later.
"""

from dataclasses import replace
from itertools import count

import pytest

from billing.domain.credit_request import AmountCredit, WholeCredit
from billing.domain.errors import InvalidInput
from billing.domain.invoice import SettlementStep
from billing.domain.payment import RefundState, RefundTarget
from billing.ports import RefundStatus
from billing.usecases.follow_refunds import follow_refund
from billing.usecases.refund_credit import refund_credit
from billing.usecases.refund_payment import RefundRequest, refund_payment
from billing.usecases.reverse_payment import dispute_payment, settle_dispute
from tests.crediting import gives_back, payment, pays, settles, world
from tests.paying import RefundingGateway, balance, call, gateway, payments_that_differ
from tests.watched_documents import WatchedDocuments
from tests.world import World

__all__ = ["world"]

METHOD, BALANCE = RefundTarget.METHOD, RefundTarget.BALANCE
PART = AmountCredit(amount=1000)


class Crash(BaseException):
    """The process is gone."""


@pytest.fixture
def paid(world: World) -> World:
    pays(world, 4900, gateway_id="pi_1")
    return world


def refunds(world: World, amount: int, stripe: RefundingGateway | None, *, id: str = "r1") -> None:  # noqa: A002
    """Somebody gives money of the invoice back with us, to the balance where no gateway is given."""
    target = BALANCE if stripe is None else METHOD
    [invoice] = world.invoices()
    request = RefundRequest(id=id, payment_id="p1", amount=amount, target=target, invoice_id=invoice.id)
    refund_payment(world.documents, request, gateway=stripe, call=call(world))  # type: ignore[arg-type]


def ends(world: World, stripe: RefundingGateway) -> tuple[int, int, int, int]:
    """Settle twice: all is done, and nothing is left to say. What is paid, due, overpaid and on the balance then."""
    assert [settles(world, gateway=stripe).failures for _ in range(2)] == [[], []]
    assert all(SettlementStep.REFUND not in each.pending for each in world.credit_notes())
    assert payments_that_differ(world) == []
    [invoice] = world.invoices()
    return invoice.amount_paid, invoice.amount_due, invoice.overpaid, balance(world)


@pytest.mark.parametrize("note_to", [METHOD, BALANCE])
@pytest.mark.parametrize(("given", "credit"), [(4900, 0), (2000, 2900)])
def test_what_somebody_refunded_before_is_not_given_back_again(
    paid: World, note_to: RefundTarget, given: int, credit: int
) -> None:
    stripe: RefundingGateway = gateway()
    gives_back(paid, refund_to=note_to)
    refunds(paid, given, stripe)
    assert ends(paid, stripe) == (0, 0, 0, credit if note_to is BALANCE else 0)
    assert sum(each.amount for each in stripe.made.values()) == (given if note_to is BALANCE else 4900)


@pytest.mark.parametrize(("what", "by_hand"), [(WholeCredit(), 4900), (WholeCredit(), 2000), (PART, 1000), (PART, 400)])
@pytest.mark.parametrize("is_told", [False, True])
@pytest.mark.parametrize("dies", [0, 1, 2, 3])
def test_nor_is_what_somebody_refunded_on_the_gateway_s_pages_told_or_not_wherever_the_process_dies(
    paid: World, *, what: WholeCredit | AmountCredit, by_hand: int, is_told: bool, dies: int
) -> None:
    note, stripe = gives_back(paid, what), RefundingGateway()
    made = stripe.refunded_by_hand(by_hand)
    if is_told:
        follow_refund(paid.documents, "p1", made, call=call(paid))
    commits = count(1)

    def crash(_writes: object) -> None:
        if next(commits) == dies:
            raise Crash

    watched = WatchedDocuments(paid.documents, after=crash)
    try:
        refund_credit(watched, note, gateway=lambda: stripe, call=call(paid))  # type: ignore[arg-type,return-value]
    except Crash:
        paid.travels_to("2026-02-02")
    assert ends(paid, stripe) == (4900 - note.total, 0, 0, 0)
    assert sum(each.amount for each in stripe.made.values()) == note.total


@pytest.mark.parametrize("end", [RefundStatus.SUCCEEDED, RefundStatus.FAILED])
def test_while_another_refund_of_the_same_money_is_under_way_the_note_waits_for_its_end(
    paid: World, end: RefundStatus
) -> None:
    stripe = RefundingGateway(status=RefundStatus.PENDING)
    gives_back(paid)
    refunds(paid, 4900, stripe)
    assert settles(paid, gateway=stripe).failures == []
    assert (len(stripe.made), paid.credit_notes()[0].pending) == (1, (SettlementStep.REFUND,))
    [(key, made)] = stripe.made.items()
    stripe.made[key], stripe.status = replace(made, status=end), RefundStatus.SUCCEEDED
    follow_refund(paid.documents, "p1", stripe.made[key], call=call(paid))
    assert ends(paid, stripe) == (0, 0, 0, 0)
    arrived = [each.amount for each in stripe.made.values() if each.status is RefundStatus.SUCCEEDED]
    assert arrived == [4900]


@pytest.mark.parametrize(("end", "credit"), [(RefundStatus.SUCCEEDED, 0), (RefundStatus.FAILED, 1000)])
def test_of_two_notes_beside_one_refund_by_hand_one_gives_money_back(
    paid: World, end: RefundStatus, credit: int
) -> None:
    """10.00 each, of which the gateway works on one when somebody refunds 10.00 there."""
    stripe = RefundingGateway(status=RefundStatus.PENDING)
    gives_back(paid, PART)
    settles(paid, gateway=stripe)
    gives_back(paid, PART, key="k2")
    stripe.refunded_by_hand(1000)
    settles(paid, gateway=stripe)
    assert len(stripe.made) == 2
    key = next(iter(stripe.made))
    stripe.made[key] = replace(stripe.made[key], status=end)
    assert ends(paid, stripe) == (2900, 0, 0, credit)
    assert len(stripe.made) == 2


@pytest.mark.parametrize("amount", [4900, 2000])
def test_nor_is_what_somebody_refunds_at_the_same_time(paid: World, amount: int) -> None:
    note, stripe = gives_back(paid), RefundingGateway()
    others = [amount]

    def somebody_is_quicker(_writes: object) -> None:
        while others:
            refunds(paid, others.pop(), stripe)

    watched = WatchedDocuments(paid.documents, before=somebody_is_quicker)
    with pytest.raises(InvalidInput, match="what is left of it"):
        refund_credit(watched, note, gateway=lambda: stripe, call=call(paid))  # type: ignore[arg-type,return-value]
    assert ends(paid, stripe) == (0, 0, 0, 0)
    assert sum(each.amount for each in stripe.made.values()) == 4900


def test_a_note_that_ended_so_speaks_for_no_money_any_more(paid: World) -> None:
    stripe: RefundingGateway = gateway()
    gives_back(paid, PART)
    stripe.refunded_by_hand(1000)
    assert ends(paid, stripe) == (3900, 0, 0, 0)
    rest = gives_back(paid, key="k2")
    assert [each.amount for each in rest.refunds] == [3900]
    assert ends(paid, stripe) == (0, 0, 0, 0)


@pytest.mark.parametrize(("won", "then"), [(True, (3900, 0, 0, 0)), (False, (0, 3900, 0, 0))])
def test_while_the_bank_holds_the_payment_back_the_note_waits_and_is_no_failure(
    paid: World, *, won: bool, then: tuple[int, int, int, int]
) -> None:
    gives_back(paid, PART, refund_to=BALANCE)
    dispute_payment(paid.documents, "p1", reason="fraud", call=call(paid))
    assert settles(paid, gateway=gateway()).failures == []
    assert paid.credit_notes()[0].pending == (SettlementStep.REFUND,)
    settle_dispute(paid.documents, "p1", won=won, reason="the dispute is over", call=call(paid))
    assert ends(paid, gateway()) == ((3900, 0, 0, 1000) if won else then)


@pytest.mark.parametrize("what", [WholeCredit(), PART])
def test_a_note_s_refund_that_its_bank_sends_back_days_later_is_the_customer_s_credit(
    paid: World, what: WholeCredit | AmountCredit
) -> None:
    note, stripe = gives_back(paid, what), RefundingGateway()
    assert settles(paid, gateway=stripe).failures == []
    [(key, made)] = stripe.made.items()
    stripe.made[key] = replace(made, status=RefundStatus.FAILED)
    for _ in range(2):
        follow_refund(paid.documents, "p1", stripe.made[key], call=call(paid))
    assert ends(paid, stripe) == (4900 - note.total, 0, 0, note.total)


@pytest.mark.parametrize("by_hand", [1000, 999, 1])
def test_a_refund_that_the_gateway_never_heard_of_is_given_up_where_it_would_give_back_too_much_by_now(
    paid: World, by_hand: int
) -> None:
    """The call died, somebody refunds in the dashboard a day later, and the gateway would take ours as well."""
    note, stripe = gives_back(paid, PART), RefundingGateway(fails=["before"])
    settles(paid, gateway=stripe)
    assert [each.state for each in payment(paid).refunds] == [RefundState.ASKED]
    stripe.refunded_by_hand(by_hand)
    paid.travels_to("2026-02-03")
    settles(paid, gateway=stripe)
    assert [each.id for each in stripe.made.values()] == ["re_9"]
    assert {each.id: each.state for each in payment(paid).refunds}[note.id] is RefundState.FAILED
    assert ends(paid, stripe) == (3900, 0, 0, 1000 - by_hand)


def test_nor_is_one_made_where_somebody_gave_as_much_back_with_us_since(paid: World) -> None:
    """The call of the note died; the customer asks, and somebody refunds 10.00 by hand."""
    stripe = RefundingGateway(fails=["before"])
    gives_back(paid, PART)
    settles(paid, gateway=stripe)
    paid.travels_to("2026-02-02")
    refunds(paid, 1000, stripe)
    paid.travels_to("2026-02-03")
    assert ends(paid, stripe) == (3900, 0, 0, 0)
    assert [each.amount for each in stripe.made.values()] == [1000]


@pytest.mark.parametrize("by_hand", [1000, 600])
def test_nor_where_somebody_gave_it_back_of_another_payment_of_the_invoice(world: World, by_hand: int) -> None:
    """29.00 and 20.00 came by card; the note's 10.00 are of the one, and somebody refunds of the other."""
    pays(world, 2900, gateway_id="pi_1")
    pays(world, 2000, id="p2", gateway_id="pi_2")
    note, stripe = gives_back(world, PART), RefundingGateway(fails=["before"])
    [refund] = note.refunds
    other = {"p1": "pi_2", "p2": "pi_1"}[refund.payment_id]
    settles(world, gateway=stripe)
    stripe.made["re_9"] = replace(stripe.refunded_by_hand(by_hand), payment_id=other)
    world.travels_to("2026-02-03")
    assert ends(world, stripe) == (3900, 0, 0, 1000 - by_hand)
    assert [each.amount for each in stripe.made.values()] == [by_hand]


def test_what_went_back_there_before_it_was_asked_for_gives_nothing_up(paid: World) -> None:
    stripe = RefundingGateway(fails=["before"])
    stripe.refunded_by_hand(2000)
    gives_back(paid)
    settles(paid, gateway=stripe)
    paid.travels_to("2026-02-03")
    assert ends(paid, stripe) == (0, 0, 0, 0)
    assert [each.amount for each in stripe.made.values()] == [2000, 2900]


@pytest.mark.parametrize("is_asked", [False, True])
@pytest.mark.parametrize("end", [RefundStatus.SUCCEEDED, RefundStatus.FAILED])
def test_while_a_refund_made_there_is_under_way_the_note_waits_for_its_end(
    paid: World, end: RefundStatus, *, is_asked: bool
) -> None:
    """As a bank debit's is for days: 10.00 go back, or are the customer's credit where ours was given up for it."""
    stripe = RefundingGateway(fails=["before"] if is_asked else [])
    gives_back(paid, PART)
    if is_asked:
        settles(paid, gateway=stripe)
    made = replace(stripe.refunded_by_hand(1000), status=RefundStatus.PENDING)
    stripe.made["re_9"] = made
    for day in ("2026-02-03", "2026-02-04"):
        paid.travels_to(day)
        assert settles(paid, gateway=stripe).failures == []
        assert (list(stripe.made), balance(paid)) == (["re_9"], 0)
        assert paid.credit_notes()[0].pending == (SettlementStep.REFUND,)
    stripe.made["re_9"] = replace(made, status=end)
    follow_refund(paid.documents, "p1", stripe.made["re_9"], call=call(paid))
    has_failed = end is RefundStatus.FAILED
    assert ends(paid, stripe) == (3900, 0, 0, 1000 if is_asked and has_failed else 0)
    assert len(stripe.made) == (2 if has_failed and not is_asked else 1)


@pytest.mark.parametrize("is_told", [False, True])
@pytest.mark.parametrize("end", [RefundStatus.SUCCEEDED, RefundStatus.FAILED])
def test_nor_does_one_made_there_of_another_payment_of_the_invoice_go_back_twice(
    world: World, end: RefundStatus, *, is_told: bool
) -> None:
    """20.00 and 29.00 paid it: 10.00 are given back of the 20.00 there, before the note's 10.00 of the 29.00 are."""
    stripe = RefundingGateway()
    pays(world, 2000, id="p1", gateway_id="pi_1")
    pays(world, 2900, id="p2", gateway_id="pi_2")
    assert [each.payment_id for each in gives_back(world, PART).refunds] == ["p2"]
    made = replace(stripe.refunded_by_hand(1000), status=RefundStatus.PENDING)
    stripe.made["re_9"] = made
    world.travels_to("2026-02-03")
    settles(world, gateway=stripe)
    assert (list(stripe.made), world.credit_notes()[0].pending) == (["re_9"], (SettlementStep.REFUND,))
    stripe.made["re_9"] = replace(made, status=end)
    if is_told:
        follow_refund(world.documents, "p1", stripe.made["re_9"], call=call(world))
    assert ends(world, stripe) == (3900, 0, 0, 0)
    assert [each.amount for each in stripe.made.values() if each.status is RefundStatus.SUCCEEDED] == [1000]


def test_a_note_whose_refund_was_made_after_all_from_what_is_credit_by_then_is_done(paid: World) -> None:
    """10.00 went back by hand and the other 39.00 to the balance when the note's own 10.00 arrived all the same."""
    note, stripe = gives_back(paid, PART), RefundingGateway(fails=["after"])
    settles(paid, gateway=stripe)
    [(key, made)] = stripe.made.items()
    del stripe.made[key]
    stripe.refunded_by_hand(1000)
    paid.travels_to("2026-02-03")
    refund_credit(paid.documents, note, gateway=lambda: stripe, call=call(paid))  # type: ignore[arg-type,return-value]
    refunds(paid, 3900, None)
    stripe.made[key] = replace(made, id="re_1")
    follow_refund(paid.documents, "p1", stripe.made[key], call=call(paid))
    assert ends(paid, stripe) == (0, 3900, 0, 2900)
    assert len(stripe.made) == 2
