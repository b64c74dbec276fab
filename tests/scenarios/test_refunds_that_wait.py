"""A refund whose call died, or whose end nobody told us: the runs finish it, once, and its credit is held no longer.

The first invoice of 49.00 was paid by card with 148.00: 99.00 are on the balance.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from billing.domain.payment import Payment, RefundState, RefundTarget
from billing.domain.run_report import Settled
from billing.ports import GatewayUnavailable, RefundOrder, RefundStatus
from billing.store.payments import Payments
from billing.usecases.call import Call
from billing.usecases.collect import Collecting
from billing.usecases.finish_refunds import sweep_refunds
from billing.usecases.follow_refunds import follow_refund
from billing.usecases.refund_payment import RefundRequest, refund_payment
from billing.usecases.settle_invoices import sweep
from tests.crediting import settles
from tests.paying import RefundingGateway, balance, call, ids, pay, payments_that_differ, state, three_unpaid
from tests.watched_documents import WatchedDocuments
from tests.world import World

CREDIT, INVOICE = False, True


class Crash(BaseException):
    """The process is gone."""


@pytest.fixture
def world() -> World:
    world = three_unpaid()
    pay(world, 14_800, gateway_id="pi_1", invoice_ids=ids(world)[:1])
    return world


def asks(
    world: World,
    stripe: RefundingGateway,
    *,
    part: bool = CREDIT,
    id: str = "r1",  # noqa: A002
    payment: str = "p1",
) -> None:
    """Somebody asks for 10.00, and hears nothing."""
    invoice_id = ids(world)[0] if part is INVOICE else ""
    request = RefundRequest(id=id, payment_id=payment, amount=1000, target=RefundTarget.METHOD, invoice_id=invoice_id)
    with pytest.raises(GatewayUnavailable):
        refund_payment(world.documents, request, gateway=stripe, call=call(world))  # type: ignore[arg-type]


def later(world: World, minutes: int = 15) -> None:
    world.now += timedelta(minutes=minutes)


def booked(world: World, payment_id: str = "p1") -> Payment:
    [stored] = Payments.of(world.documents, world.tenant.id).get([payment_id])
    assert stored is not None
    return stored.value


def states(world: World, payment_id: str = "p1") -> list[tuple[str, RefundState]]:
    return [(each.id, each.state) for each in booked(world, payment_id).refunds]


def waiting(world: World) -> list[str]:
    return [each.id for each in Payments.of(world.documents, world.tenant.id).collection.unsettled(limit=100)]


@pytest.mark.parametrize("lost", ["before", "after"])
@pytest.mark.parametrize("part", [CREDIT, INVOICE])
def test_it_is_made_once_whether_the_gateway_heard_of_it_or_not(world: World, *, part: bool, lost: str) -> None:
    stripe = RefundingGateway(fails=[lost])
    asks(world, stripe, part=part)
    assert waiting(world) == ["p1"]
    later(world)
    assert [settles(world, gateway=stripe).failures for _ in range(2)] == [[], []]
    assert (states(world), len(stripe.made), waiting(world)) == ([("r1", RefundState.DONE)], 1, [])
    assert (state(world)[0][1], balance(world)) == ((3900, 9900) if part is INVOICE else (4900, 8900))
    assert payments_that_differ(world) == []


def test_its_call_has_a_quarter_of_an_hour_and_a_tenant_without_a_gateway_waits(world: World) -> None:
    stripe = RefundingGateway(fails=["before"])
    asks(world, stripe)
    later(world, 14)
    settles(world, gateway=stripe)
    assert stripe.made == {}
    later(world, 1)
    assert settles(world).failures == []
    settles(world, gateway=stripe)
    assert len(stripe.made) == 1


@pytest.mark.parametrize(("end", "left"), [(RefundStatus.SUCCEEDED, 8900), (RefundStatus.FAILED, 9900)])
def test_one_whose_end_the_gateway_told_in_vain_has_it(world: World, end: RefundStatus, left: int) -> None:
    stripe = RefundingGateway(status=RefundStatus.PENDING)
    request = RefundRequest(id="r1", payment_id="p1", amount=1000, target=RefundTarget.METHOD)
    refund_payment(world.documents, request, gateway=stripe, call=call(world))  # type: ignore[arg-type]
    later(world)
    settles(world, gateway=stripe)
    assert (states(world), balance(world)) == ([("r1", RefundState.ASKED)], 8900)
    [(key, made)] = stripe.made.items()
    stripe.made[key] = replace(made, status=end)
    settles(world, gateway=stripe)
    assert (balance(world), waiting(world), len(stripe.made)) == (left, [], 1)


@pytest.mark.parametrize("is_told", [False, True])
@pytest.mark.parametrize("dies", [0, 1])
def test_what_somebody_refunded_on_the_gateway_s_pages_since_is_not_refunded_once_more(
    world: World, *, is_told: bool, dies: int
) -> None:
    stripe = RefundingGateway(fails=["before"])
    asks(world, stripe, part=INVOICE)
    made = stripe.refunded_by_hand(1000)
    if is_told:
        follow_refund(world.documents, "p1", made, call=call(world))
    later(world)

    def crash(_writes: object) -> None:
        raise Crash

    if dies:
        with pytest.raises(Crash):
            sweeps(world, stripe, WatchedDocuments(world.documents, after=crash))
    settles(world, gateway=stripe)
    follow_refund(world.documents, "p1", made, call=call(world))
    assert sorted(states(world)) == [("r1", RefundState.FAILED), ("re_9", RefundState.DONE)]
    assert (state(world)[0][1:], balance(world), list(stripe.made)) == ((3900, 1000), 9900, ["re_9"])
    assert payments_that_differ(world) == []


def sweeps(world: World, stripe: RefundingGateway, documents: WatchedDocuments) -> Settled:
    return sweep_refunds(
        documents,
        lambda: stripe,  # type: ignore[arg-type,return-value]
        call=lambda: Call(tenant_id=world.tenant.id, actor="settlement", recorded_at=world.now),
        out_of_time=lambda: False,
    )


def test_of_two_sweeps_at_once_one_makes_it(world: World) -> None:
    stripe = RefundingGateway(fails=["before"])
    asks(world, stripe)
    later(world)
    others = [None]

    def another_is_quicker(_writes: object) -> None:
        while others:
            others.pop()
            settles(world, gateway=stripe)

    assert sweeps(world, stripe, WatchedDocuments(world.documents, before=another_is_quicker)).failures == []
    assert (states(world), len(stripe.made), balance(world)) == ([("r1", RefundState.DONE)], 1, 8900)


class DownFor(RefundingGateway):
    """Does not answer for the refunds of one payment."""

    def refund(self, order: RefundOrder) -> object:  # type: ignore[override]
        if order.payment_id == "pi_1":
            raise GatewayUnavailable("stripe", reason="time-out")
        return super().refund(order)


def test_one_that_can_not_be_asked_for_is_named_and_keeps_no_other_from_its_end(world: World) -> None:
    pay(world, 4900, id="p2", gateway_id="pi_2", invoice_ids=(), customer_id="acme")
    stripe = RefundingGateway(fails=["before"] * 2)
    asks(world, stripe)
    asks(world, stripe, payment="p2")
    later(world)
    failures = settles(world, gateway=DownFor()).failures
    assert [(each.invoice_id, each.code) for each in failures] == [("p1", "gateway_unavailable")]
    assert (states(world), states(world, "p2")) == ([("r1", RefundState.ASKED)], [("r1", RefundState.DONE)])


def test_a_slice_that_runs_out_of_time_says_where_the_next_one_goes_on(world: World) -> None:
    for number in range(2, 23):
        pay(world, 4900, id=f"p{number:03}", gateway_id=f"pi_{number}", invoice_ids=(), customer_id="acme")
        asks(world, RefundingGateway(fails=["before"]), id=f"r{number}", payment=f"p{number:03}")
    later(world)
    stripe = RefundingGateway()

    def slice_of(sweep_from: str, times: Sequence[bool]) -> Settled:
        answers = iter(times)
        collecting = Collecting(documents=world.documents, gateway=lambda: stripe, tenant_id=world.tenant.id)  # type: ignore[arg-type,return-value]
        settlement = replace(world.settlement(), collecting=collecting)
        return sweep(settlement, out_of_time=lambda: next(answers), sweep_from=sweep_from)

    first = slice_of("invoices/~", [False, False, False, True])
    assert (first.sweep_from, len(stripe.made)) == ("payments/p021", 20)
    second = slice_of(first.sweep_from, [False, False])
    assert (second.sweep_from, len(stripe.made), waiting(world)) == ("", 21, [])
