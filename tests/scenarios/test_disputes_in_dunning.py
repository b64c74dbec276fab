"""A payment that the customer's bank holds back: what is still owed rests until that is decided, and then goes on."""

import pytest

from billing.domain.dunning_case import CaseCause, PauseReason
from billing.domain.dunning_policy import CaseState
from billing.domain.invoice import InvoiceStatus
from billing.domain.payment import PaymentSource, PaymentStatus
from billing.ports import EventAbout, GatewayEvent
from billing.sandbox.server import RunningSandbox
from billing.usecases.apply_gateway_event import apply_gateway_event
from billing.usecases.reverse_payment import dispute_payment, settle_dispute
from tests.collected_invoice import CARD, opened_page, running, sandbox, the_invoice, world
from tests.collecting import CardWorld
from tests.paying import pay
from tests.sandbox_client import browse
from tests.unpaid import dunned_on, fails, pages, recorded, suspended, the_case

__all__ = ["running", "sandbox", "world"]

PART = "stripe.pi_part"


def pays(world: CardWorld, amount: int, *, name: str = PART) -> None:
    """So much of the 49.00 comes by card, past the invoice's own charges."""
    pay(world, amount, id=name, source=PaymentSource.CARD, invoice_ids=(the_invoice(world).id,))


def disputes(world: CardWorld, *, name: str = PART) -> None:
    dispute_payment(world.documents, name, reason="the bank holds it back", call=world.call())


def decides(world: CardWorld, *, won: bool, name: str = PART) -> None:
    settle_dispute(world.documents, name, won=won, reason="decided", call=world.call())


def disputed_on_day_2(sandbox: RunningSandbox, world: CardWorld) -> None:
    """Declined on 1 February, a part paid and disputed on the 3rd."""
    fails(sandbox, world)
    dunned_on(world, "2026-02-01")
    world.travels_to("2026-02-03T09:00")
    pays(world, 1000)
    disputes(world)


@pytest.mark.parametrize(("won", "due"), [(True, 3900), (False, 4900)])
def test_while_a_payment_is_disputed_nothing_is_sent_or_charged_and_then_the_schedule_goes_on(
    sandbox: RunningSandbox, world: CardWorld, won: bool, due: int
) -> None:
    """Day 2 is where it stopped; from the 20th on that is day 2 again, so the reminder of day 3 comes on the 21st."""
    disputed_on_day_2(sandbox, world)
    pause = the_case(world).pause
    assert pause is not None
    assert (pause.reason, pause.until_on) == (PauseReason.DISPUTE, None)
    mails, charges = len(world.sent.sent), world.stripe.calls.count("charge")
    assert dunned_on(world, "2026-02-04", "2026-02-08", "2026-02-15", "2026-02-19") == []
    assert (len(world.sent.sent), world.stripe.calls.count("charge")) == (mails, charges)

    world.travels_to("2026-02-20T09:00")
    decides(world, won=won)
    assert (the_invoice(world).amount_due, the_case(world).cause) == (due, CaseCause.PAYMENT_FAILED)
    assert dunned_on(world, "2026-02-20", "2026-02-21") == ["reminder"]
    told = [(each.event, each.reason) for each in recorded(world) if each.event.endswith(("paused", "resumed"))]
    assert told == [("dunning.paused", f"dispute: payment {PART}"), ("dunning.resumed", "was paused for dispute")]


def test_told_twice_it_rests_once_and_goes_on_once(sandbox: RunningSandbox, world: CardWorld) -> None:
    disputed_on_day_2(sandbox, world)
    once = the_case(world)
    disputes(world)
    assert the_case(world) == once
    world.travels_to("2026-02-05")
    decides(world, won=True)
    goes_on = the_case(world)
    world.travels_to("2026-02-09")
    decides(world, won=True)
    assert the_case(world) == goes_on
    assert goes_on.paused_days == 2


def test_another_payment_s_dispute_that_is_decided_does_not_end_the_rest(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    disputed_on_day_2(sandbox, world)
    pays(world, 1000, name="stripe.pi_other")
    disputes(world, name="stripe.pi_other")
    decides(world, won=True, name=PART)
    assert the_case(world).pause is not None
    decides(world, won=True, name="stripe.pi_other")
    assert the_case(world).pause is None


def test_an_invoice_that_is_paid_rests_not_and_lost_it_is_a_case_of_its_own_that_a_person_looks_at(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    """The payment of a suspended invoice is disputed and lost: its service stays until somebody has looked at it."""
    suspended(sandbox, world)
    world.travels_to("2026-02-22T12:00")
    pays(world, 4900)
    before = the_case(world)
    disputes(world)
    assert (the_case(world), the_invoice(world).status) == (before, InvoiceStatus.PAID)
    world.travels_to("2026-03-10")
    decides(world, won=False)
    assert (the_case(world).cause, the_case(world).state, the_case(world).pause) == (
        CaseCause.REVERSED,
        CaseState.ISSUED,
        None,
    )
    assert the_invoice(world).amount_due == 4900
    assert dunned_on(world, "2026-03-10") == ["manual_review"]


@pytest.mark.parametrize("outcome", ["won", "lost"])
def test_the_gateway_s_own_dispute_lets_the_case_rest_until_the_gateway_says_how_it_ended(
    sandbox: RunningSandbox, world: CardWorld, outcome: str
) -> None:
    """49.00 are paid on the hosted page and 10.00 of them given back at the gateway: those are a case again."""
    fails(sandbox, world)
    assert browse(opened_page(world, the_invoice(world)), CARD).status == 303
    assert world.gateway is not None
    payment_id = world.gateway.checkout(the_invoice(world).checkout_id).payment_id
    charge = world.account.v1.payment_intents.retrieve(payment_id).latest_charge
    world.account.v1.refunds.create({"payment_intent": payment_id, "amount": 1000})
    tells(world, payment_id)
    assert (the_invoice(world).amount_due, the_case(world).cause) == (1000, CaseCause.REVERSED)

    dispute = sandbox.control("POST", f"charges/{charge}/dispute", {"reason": "fraudulent"})
    tells(world, payment_id)
    assert (the_case(world).pause, world.payments()[0].status) != (None, PaymentStatus.SUCCEEDED)
    assert dunned_on(world, "2026-02-02", "2026-02-09") == []

    sandbox.control("POST", f"disputes/{dispute['id']}/close", {"outcome": outcome})
    tells(world, payment_id)
    assert the_case(world).pause is None
    assert the_invoice(world).amount_due == (1000 if outcome == "won" else 4900)
    assert dunned_on(world, "2026-02-10") == ["manual_review"]


def tells(world: CardWorld, payment_id: str) -> None:
    """The gateway's event on a payment, each time another one."""
    event = GatewayEvent(
        id=f"evt_{world.now.timestamp()}_{len(world.collection('audit'))}",
        type="charge.updated",
        about=EventAbout.PAYMENT,
        subject=payment_id,
    )
    apply_gateway_event(world.documents, pages(world), event, call=world.call())
