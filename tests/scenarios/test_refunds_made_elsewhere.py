"""Refunds on the gateway's own pages: taken from what is left of the payment, wherever it went, and from nothing else.

A payment by card of 49.00 or more; somebody refunds it in the gateway's dashboard, before, after or beside our own.
"""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace

import pytest

from billing.domain.credit_request import AmountCredit, WholeCredit
from billing.domain.invoice import InvoiceStatus
from billing.domain.payment import Payment, PaymentStatus, RefundState, RefundTarget
from billing.domain.payment_totals import payment_totals
from billing.ports import Documents, GatewayRefund, GatewayUnavailable, RefundOrder, RefundStatus
from billing.store.payments import Payments
from billing.usecases.follow_refunds import follow_refund, follow_refunds
from billing.usecases.refund_payment import RefundRequest, refund_payment
from billing.usecases.reverse_payment import reverse_payment
from tests.crediting import gives_back, pays, settles, world
from tests.paying import RefundingGateway, balance, call, gateway, ids, pay, payments_that_differ, state, three_unpaid
from tests.watched_documents import WatchedDocuments
from tests.world import World

__all__ = ["world"]

PAID = (InvoiceStatus.PAID, 4900, 0)


class Crash(BaseException):
    """The process is gone."""


def tells(world: World, refund: GatewayRefund) -> Payment:
    """The gateway tells of a refund, twice."""
    follow_refund(world.documents, "p1", refund, call=call(world))
    return follow_refund(world.documents, "p1", refund, call=call(world))


def refunds(
    world: World,
    amount: int,
    stripe: RefundingGateway | None,
    *,
    id: str = "r1",  # noqa: A002
    through: Documents | None = None,
) -> Payment:
    """Ours, of the first invoice's part: to the balance where no gateway is given."""
    target = RefundTarget.BALANCE if stripe is None else RefundTarget.METHOD
    request = RefundRequest(id=id, payment_id="p1", amount=amount, target=target, invoice_id=ids(world)[0])
    return refund_payment(through or world.documents, request, gateway=stripe, call=call(world))  # type: ignore[arg-type]


def backup_of(world: World) -> World:
    """The books as they are now, for later."""
    backup = World(tenant=world.tenant)
    backup.copies(world)
    backup.now = world.now
    return backup


def books(world: World) -> tuple[Payment, ...]:
    return tuple(each.value for each in Payments.of(world.documents, world.tenant.id).of_customer("acme"))


@pytest.fixture
def unpaid() -> World:
    return three_unpaid()


@pytest.fixture
def stripe() -> RefundingGateway:
    made: RefundingGateway = gateway()
    return made


def test_it_is_taken_from_the_invoices_in_their_order_and_then_from_the_balance(
    unpaid: World, stripe: RefundingGateway
) -> None:
    """100.00 paid both invoices and left 2.00: 60.00 are all of the first and 11.00 of the second."""
    pay(unpaid, 10_000, gateway_id="pi_1")
    payment = tells(unpaid, stripe.refunded_by_hand(6000))
    assert [(each.id, each.amount) for each in payment.refunds] == [("re_9", 4900), ("re_9.2", 1100)]
    assert [each[1:] for each in state(unpaid)] == [(0, 4900), (3800, 1100)]
    tells(unpaid, stripe.refunded_by_hand(4000, id="re_10"))
    assert ([each[1:] for each in state(unpaid)], balance(unpaid)) == ([(0, 4900), (0, 4900)], 0)
    assert payments_that_differ(unpaid) == []


@pytest.mark.parametrize("moved", [4900, 2000])
def test_what_a_refund_put_on_the_balance_is_taken_off_it_so_that_nobody_has_it_twice(
    unpaid: World, stripe: RefundingGateway, moved: int
) -> None:
    pay(unpaid, 4900, gateway_id="pi_1", invoice_ids=ids(unpaid)[:1])
    refunds(unpaid, moved, None)
    payment = tells(unpaid, stripe.refunded_by_hand(4900))
    assert (balance(unpaid), state(unpaid)[0][1:]) == (0, (0, 4900))
    assert payment.refunded == 4900
    reverse_payment(unpaid.documents, "p1", reason="booked by mistake", call=call(unpaid))
    assert (balance(unpaid), payments_that_differ(unpaid)) == (0, [])


def test_where_an_invoice_used_that_credit_meanwhile_the_balance_goes_below_zero(
    unpaid: World, stripe: RefundingGateway
) -> None:
    """29.00 went to the balance and the next bill of 49.00 used them."""
    pay(unpaid, 4900, gateway_id="pi_1", invoice_ids=ids(unpaid)[:1])
    refunds(unpaid, 2900, None)
    unpaid.travels_to("2026-04-01")
    unpaid.runs_billing()
    assert balance(unpaid) == 0
    tells(unpaid, stripe.refunded_by_hand(4900))
    assert (balance(unpaid), state(unpaid)[0][1:]) == (-2900, (0, 4900))


def test_of_a_payment_that_was_reversed_it_takes_no_other_money_and_is_written_down(
    unpaid: World, stripe: RefundingGateway
) -> None:
    first = ids(unpaid)[:1]
    pay(unpaid, 4900, gateway_id="pi_1", invoice_ids=first)
    reverse_payment(unpaid.documents, "p1", reason="booked by mistake", call=call(unpaid))
    pay(unpaid, 4900, id="wire", invoice_ids=first)
    made = stripe.refunded_by_hand(4900)
    payment = tells(unpaid, made)
    assert (state(unpaid)[0], balance(unpaid)) == (PAID, 0)
    assert [(each.id, each.amount, each.state) for each in payment.refunds] == [("re_9", 4900, RefundState.DONE)]
    [totals] = payment_totals([payment])
    assert (totals.received, totals.refunded, totals.reversed, totals.kept) == (4900, 4900, 0, 0)
    tells(unpaid, replace(made, status=RefundStatus.FAILED))
    assert (state(unpaid)[0], balance(unpaid), payments_that_differ(unpaid)) == (PAID, 0, [])


def test_what_was_made_in_place_of_one_that_failed_is_booked_though_it_is_told_first(
    unpaid: World, stripe: RefundingGateway
) -> None:
    """The gateway lists the newest first."""
    pay(unpaid, 4900, gateway_id="pi_1", invoice_ids=ids(unpaid)[:1])
    first = stripe.refunded_by_hand(4900)
    payment = tells(unpaid, first)
    again = [stripe.refunded_by_hand(4900, id="re_10"), replace(first, status=RefundStatus.FAILED)]
    payment = follow_refunds(unpaid.documents, payment, again, call=call(unpaid))
    assert [(each.id, each.state) for each in payment.refunds] == [
        ("re_9", RefundState.FAILED),
        ("re_10", RefundState.DONE),
    ]
    assert (state(unpaid)[0], balance(unpaid)) == ((InvoiceStatus.ISSUED, 0, 4900), 0)


@pytest.mark.parametrize("dies", ["", "before", "after"])
@pytest.mark.parametrize("is_told", [False, True])
def test_while_ours_had_no_answer_the_money_goes_back_once_wherever_the_process_dies(
    unpaid: World, *, is_told: bool, dies: str
) -> None:
    """The call died, somebody refunds in the dashboard, and ours is refused, as all of it went back already."""
    pay(unpaid, 4900, gateway_id="pi_1", invoice_ids=ids(unpaid)[:1])
    stripe: RefundingGateway = gateway(fails=["before", *["refused"] * 2])
    with pytest.raises(GatewayUnavailable):
        refunds(unpaid, 4900, stripe)
    made = stripe.refunded_by_hand(4900)
    if is_told:
        assert [each.state for each in tells(unpaid, made).refunds] == [RefundState.ASKED]

    def crash(_writes: object) -> None:
        raise Crash

    if dies:
        watched = WatchedDocuments(unpaid.documents, **{dies: crash})
        with pytest.raises(Crash):
            refunds(unpaid, 4900, stripe, through=watched)
    payment = refunds(unpaid, 4900, stripe)
    assert {each.id: each.state for each in payment.refunds} == {"r1": RefundState.FAILED, "re_9": RefundState.DONE}
    tells(unpaid, made)
    assert (state(unpaid)[0], balance(unpaid)) == ((InvoiceStatus.ISSUED, 0, 4900), 0)
    assert payments_that_differ(unpaid) == []


def test_where_both_were_made_both_are_booked(unpaid: World) -> None:
    """Ours of 29.00 arrived, but its answer was lost; 20.00 were on the balance when somebody refunded the rest."""
    pay(unpaid, 4900, gateway_id="pi_1", invoice_ids=ids(unpaid)[:1])
    refunds(unpaid, 2000, None, id="r0")
    stripe: RefundingGateway = gateway(fails=["after"])
    with pytest.raises(GatewayUnavailable):
        refunds(unpaid, 2900, stripe)
    tells(unpaid, stripe.refunded_by_hand(2000))
    assert (state(unpaid)[0][1:], balance(unpaid)) == ((2900, 2000), 0)
    refunds(unpaid, 2900, stripe)
    assert (state(unpaid)[0][1:], balance(unpaid)) == ((0, 4900), 0)


@pytest.mark.parametrize(("by_hand", "credit"), [(4900, 0), (2000, 2900)])
@pytest.mark.parametrize("is_told", [False, True])
def test_a_credit_note_that_the_gateway_refuses_puts_no_more_on_the_balance_than_is_paid_too_much(
    world: World, *, is_told: bool, by_hand: int, credit: int
) -> None:
    pays(world, 4900, gateway_id="pi_1")
    gives_back(world, WholeCredit())
    stripe: RefundingGateway = gateway(fails=["before", "refused"])
    settles(world, gateway=stripe)
    made = stripe.refunded_by_hand(by_hand)
    if is_told:
        tells(world, made)
    assert [settles(world, gateway=stripe).failures for _ in range(2)] == [[], []]
    tells(world, made)
    [invoice] = world.invoices("acme")
    assert (invoice.amount_paid, invoice.overpaid, balance(world)) == (0, 0, credit)
    assert payments_that_differ(world) == []


def test_so_does_one_over_a_part_where_the_dashboard_gave_back_just_that(world: World) -> None:
    """The card is closed by then: 10.00 went back by hand, and none of the other 39.00 is credit."""
    pays(world, 4900, gateway_id="pi_1")
    gives_back(world, AmountCredit(amount=1000))
    stripe: RefundingGateway = gateway(fails=["before", "refused"])
    settles(world, gateway=stripe)
    tells(world, stripe.refunded_by_hand(1000))
    assert settles(world, gateway=stripe).failures == []
    [invoice] = world.invoices("acme")
    assert (invoice.status, invoice.amount_paid, invoice.amount_due, balance(world)) == (
        InvoiceStatus.PAID,
        3900,
        0,
        0,
    )


@pytest.mark.parametrize(("what", "paid"), [(WholeCredit(), 0), (AmountCredit(amount=1000), 3900)])
def test_restored_books_that_hear_of_a_credit_note_s_refund_first_have_it_once(
    world: World, what: WholeCredit | AmountCredit, paid: int
) -> None:
    """The backup has the note, its refund was made after it, and the gateway's events are sent again; then a run."""
    pays(world, 4900, gateway_id="pi_1")
    note = gives_back(world, what)
    backup, stripe = backup_of(world), gateway()
    assert settles(world, gateway=stripe).failures == []
    for refund in stripe.payment("pi_1").refunds:
        tells(backup, refund)
    assert [settles(backup, gateway=stripe).failures for _ in range(2)] == [[], []]
    [payment] = books(backup)
    assert [(each.id, each.amount) for each in payment.refunds] == [(note.id, 4900 - paid)]
    [here], [there] = world.invoices("acme"), backup.invoices("acme")
    assert len(stripe.made) == 1
    assert (there.amount_paid, there.amount_due) == (here.amount_paid, here.amount_due) == (paid, 0)
    assert payments_that_differ(backup) == []


@pytest.mark.parametrize("part", [0, 1, None], ids=["first", "second", "credit"])
def test_restored_books_know_which_part_a_refund_of_ours_was_of(unpaid: World, part: int | None) -> None:
    """100.00 paid both invoices and left 2.00, of which 2.00 of a part went back, and are asked for once more."""
    pay(unpaid, 10_000, gateway_id="pi_1")
    backup, stripe = backup_of(unpaid), gateway()
    invoice_id = "" if part is None else ids(unpaid)[part]
    request = RefundRequest(id="r1", payment_id="p1", amount=200, target=RefundTarget.METHOD, invoice_id=invoice_id)
    refund_payment(unpaid.documents, request, gateway=stripe, call=call(unpaid))
    for refund in stripe.payment("pi_1").refunds:
        tells(backup, refund)
    refund_payment(backup.documents, request, gateway=stripe, call=call(backup))
    assert (state(backup), balance(backup)) == (state(unpaid), balance(unpaid))
    assert len(stripe.made) == 1


def test_one_of_the_version_before_that_named_no_part_is_ours_all_the_same(unpaid: World) -> None:
    pay(unpaid, 4900, gateway_id="pi_1", invoice_ids=ids(unpaid)[:1])
    backup, stripe = backup_of(unpaid), gateway()
    refunds(unpaid, 1000, stripe)
    [(key, made)] = stripe.made.items()
    stripe.made[key] = replace(made, invoice_id=None)
    tells(backup, stripe.made[key])
    payment = refunds(backup, 1000, stripe)
    assert [(each.id, each.state, each.gateway_id) for each in payment.refunds] == [("r1", RefundState.DONE, "re_1")]
    assert (payment.status, state(backup)[0][1:], len(stripe.made)) == (PaymentStatus.SUCCEEDED, (3900, 1000), 1)


def test_one_that_the_version_before_booked_as_made_elsewhere_is_not_booked_again(unpaid: World) -> None:
    """It had no other id for it in restored books than the gateway's."""
    pay(unpaid, 4900, gateway_id="pi_1", invoice_ids=ids(unpaid)[:1])
    backup, stripe = backup_of(unpaid), gateway()
    refunds(unpaid, 1000, stripe)
    [made] = stripe.made.values()
    tells(backup, replace(made, key=""))
    payment = refunds(backup, 1000, stripe)
    tells(backup, made)
    assert {each.id: each.state for each in payment.refunds} == {"re_1": RefundState.DONE, "r1": RefundState.FAILED}
    assert (state(backup)[0][1:], len(stripe.made)) == ((3900, 1000), 1)
    tells(backup, replace(made, status=RefundStatus.FAILED))
    assert (state(backup)[0], balance(backup)) == (PAID, 0)


@dataclass(kw_only=True)
class SlowGateway(RefundingGateway):
    """While it makes its first refund, something else happens."""

    meanwhile: list[Callable[[], None]]

    def refund(self, order: RefundOrder) -> GatewayRefund:
        if self.meanwhile:
            self.meanwhile.pop()()
        return super().refund(order)


@pytest.mark.parametrize("lost", ["", "after"])
@pytest.mark.parametrize("moved", [0, 3900])
@pytest.mark.parametrize("part", [0, None], ids=["invoice", "credit"])
def test_ours_that_was_given_up_and_is_made_after_all_is_booked(
    unpaid: World, part: int | None, moved: int, lost: str
) -> None:
    """10.00 go back twice, of 49.00 for the first invoice and 49.00 of credit, and the last of them comes back."""
    pay(unpaid, 9800, gateway_id="pi_1", invoice_ids=ids(unpaid)[:1])
    invoice_id = "" if part is None else ids(unpaid)[part]
    request = RefundRequest(id="r1", payment_id="p1", amount=1000, target=RefundTarget.METHOD, invoice_id=invoice_id)

    def asks() -> Payment:
        return refund_payment(unpaid.documents, request, gateway=slow, call=call(unpaid))  # type: ignore[arg-type]

    def gives_up() -> None:
        slow.refunded_by_hand(1000)
        unpaid.travels_to("2026-03-02")
        assert states(asks()) == {"r1": RefundState.FAILED, "re_9": RefundState.DONE}
        if moved:
            refunds(unpaid, moved, None, id="r2")

    slow = SlowGateway(meanwhile=[gives_up], fails=[lost])
    with pytest.raises(GatewayUnavailable) if lost else nullcontext():
        asks()
    [made] = [each for each in slow.made.values() if each.key]
    payment = tells(unpaid, made)
    assert states(payment) == {"r1": RefundState.DONE, "re_9": RefundState.DONE}
    assert (payment.amount_refunded, state(unpaid)[0][1] + balance(unpaid)) == (2000 + moved, 7800)
    tells(unpaid, replace(made, status=RefundStatus.FAILED))
    assert states(tells(unpaid, made)) == {"r1": RefundState.FAILED, "re_9": RefundState.DONE}
    assert (state(unpaid)[0][1] + balance(unpaid), payments_that_differ(unpaid)) == (8800, [])


def states(payment: Payment) -> dict[str, RefundState]:
    """How its refunds to the method stand."""
    return {each.id: each.state for each in payment.refunds if each.target is RefundTarget.METHOD}
