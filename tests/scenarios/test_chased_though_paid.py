"""Nobody is chased, or left suspended, for what is paid, though the event that would have told of it never comes."""

from datetime import date

import pytest

from billing.domain.attempt import AttemptStatus
from billing.domain.dunning_case import PauseReason
from billing.domain.invoice import InvoiceStatus
from billing.ports import Checkout
from billing.sandbox.server import RunningSandbox
from billing.usecases.charge_invoice import charge_invoice
from billing.usecases.follow_payment import follow_payment
from billing.usecases.open_payment import WayBack, open_payment
from billing.usecases.pause_dunning import pause_dunning
from tests.builders import utc
from tests.collected_invoice import CARD, INTENTS, running, sandbox, the_invoice, world
from tests.collecting import CardWorld
from tests.sandbox_client import browse
from tests.scenarios.test_saved_method_charges import saves, tells
from tests.slow_charges import Slow, slow
from tests.unpaid import declines, dunned_on, fails, suspended, the_case, the_customer

__all__ = ["running", "sandbox", "world"]

BACK = WayBack(success_url="https://pay.example/thanks", cancel_url="https://pay.example")


def opens_page(world: CardWorld) -> Checkout:
    return open_payment(world.documents, world.stripe.inner, the_invoice(world).id, back=BACK, call=world.call())


def pauses(world: CardWorld, *, until: date | None) -> None:
    reason = PauseReason.REQUEST if until is None else PauseReason.PROMISE
    pause_dunning(
        world.documents, the_invoice(world).id, reason=reason, until=until, note="they called", call=world.call()
    )


def pays_on_page(world: CardWorld) -> str:
    """The customer pays on the hosted page; the gateway's id of that payment."""
    page = opens_page(world)
    assert browse(page.url, CARD).status == 303
    return world.stripe.inner.checkout(page.id).payment_id


def is_under_way(world: CardWorld, gateway: Slow, *, on_page: bool) -> str:
    """A payment that the books know of, and not its end."""
    if not on_page:
        charged = charge_invoice(world.documents, the_invoice(world).id, gateway=gateway, call=world.call())
        assert charged.attempt is not None
        assert charged.attempt.status is AttemptStatus.PENDING
        return charged.attempt.payment_id
    payment_id = pays_on_page(world)
    follow_payment(world.documents, gateway, payment_id, call=world.call())
    assert the_invoice(world).page_payment_id == payment_id
    return payment_id


@pytest.mark.parametrize("on_page", [False, True])
def test_at_the_end_of_the_schedule_a_payment_under_way_is_asked_about_and_gives_the_service_back(
    sandbox: RunningSandbox, world: CardWorld, *, on_page: bool
) -> None:
    """On day 21 nothing is left to do: without a payment nobody looks at the case any more."""
    invoice, gateway = suspended(sandbox, world), slow(world)
    declines(sandbox, invoice.attempts[-1].method_id, None)
    payment_id = is_under_way(world, gateway, on_page=on_page)
    assert dunned_on(world, "2026-02-23", "2026-02-24") == []
    gateway.succeeds(payment_id)
    assert dunned_on(world, "2026-02-25") == ["recovered"]
    assert (the_invoice(world).status, world.taken()) == (InvoiceStatus.PAID, [4900])
    assert the_customer(world).suspended_at is None


@pytest.mark.parametrize("until", [date(2026, 6, 1), None])
def test_a_case_at_rest_asks_about_a_payment_under_way_all_the_same_and_rests_on_if_it_came_back(
    sandbox: RunningSandbox, world: CardWorld, until: date | None
) -> None:
    card, gateway = fails(sandbox, world), slow(world)
    declines(sandbox, card, None)
    dunned_on(world, "2026-02-01")
    payment_id = is_under_way(world, gateway, on_page=True)
    pauses(world, until=until)
    assert dunned_on(world, "2026-02-03", "2026-02-04") == []
    gateway.fails(payment_id)
    world.stripe.calls.clear()
    assert dunned_on(world, "2026-02-05", "2026-02-06", "2026-02-07") == []
    assert the_invoice(world).page_payment_id == ""
    assert (the_case(world).pause is not None, world.stripe.calls) == (True, ["payment"])


def test_who_paid_on_a_page_that_nobody_told_of_gets_no_reminder(sandbox: RunningSandbox, world: CardWorld) -> None:
    """Day 3 would remind of 49.00, and would charge nothing, as the card has expired."""
    fails(sandbox, world, code="expired_card")
    dunned_on(world, "2026-02-01")
    pays_on_page(world)
    assert dunned_on(world, "2026-02-04") == ["recovered"]
    assert (the_invoice(world).status, world.taken()) == (InvoiceStatus.PAID, [4900])
    assert "payment_reminder" not in world.sent.kinds()


def test_who_pays_on_a_page_after_the_end_of_the_schedule_gets_the_service_back_though_nobody_tells(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    """Opened on day 22 and asked about, paid on day 23."""
    suspended(sandbox, world)
    world.travels_to("2026-02-23T00:30")
    page = opens_page(world)
    assert dunned_on(world, "2026-02-23") == []
    assert browse(page.url, CARD).status == 303
    assert dunned_on(world, "2026-02-24") == ["recovered"]
    assert (the_invoice(world).status, world.taken()) == (InvoiceStatus.PAID, [4900])
    assert the_customer(world).suspended_at is None


@pytest.mark.parametrize("until", [date(2026, 6, 1), None])
def test_who_pays_on_a_page_while_its_case_is_paused_has_paid_by_the_next_run(
    sandbox: RunningSandbox, world: CardWorld, until: date | None
) -> None:
    fails(sandbox, world, code="expired_card")
    dunned_on(world, "2026-02-01")
    pauses(world, until=until)
    assert dunned_on(world, "2026-02-02") == []
    pays_on_page(world)
    assert dunned_on(world, "2026-02-03") == ["recovered"]
    assert (the_invoice(world).status, world.taken()) == (InvoiceStatus.PAID, [4900])


def test_a_page_is_asked_about_each_day_until_it_has_expired_and_no_more(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    suspended(sandbox, world)
    world.travels_to("2026-02-23T00:30")
    page = opens_page(world)
    world.stripe.calls.clear()
    assert dunned_on(world, "2026-02-23", "2026-02-24") == []
    assert (the_invoice(world).checkout_id, the_case(world).next_at) == (page.id, utc("2026-02-25T01:00"))
    world.stripe.inner.expire_checkout(page.id)
    assert dunned_on(world, "2026-02-25", "2026-02-26", "2026-02-27") == []
    assert (the_invoice(world).checkout_id, the_case(world).next_at) == ("", None)
    assert world.stripe.calls == ["checkout", "checkout", "checkout"]


def test_a_page_holds_up_no_rest_once_the_tenant_has_no_gateway(sandbox: RunningSandbox, world: CardWorld) -> None:
    suspended(sandbox, world)
    opens_page(world)
    world.gateway = None
    assert dunned_on(world, "2026-02-23") == []
    assert the_case(world).next_at is None


@pytest.mark.parametrize("fault", ["drop_before", "lose_answer"])
def test_at_the_end_of_the_schedule_a_card_saved_while_the_gateway_is_away_pays_by_the_next_run(
    sandbox: RunningSandbox, world: CardWorld, fault: str
) -> None:
    """The charge was never made, or was and nobody told of it."""
    suspended(sandbox, world)
    news = saves(world)
    sandbox.control("POST", "faults", {"kind": fault, "path": INTENTS, "times": 3})
    tells(world, news[0])
    assert [each.status for each in the_invoice(world).attempts][-1:] == [AttemptStatus.UNKNOWN]
    sandbox.control("DELETE", "faults")
    assert dunned_on(world, "2026-02-23") == ["recovered"]
    assert (the_invoice(world).status, world.taken()) == (InvoiceStatus.PAID, [4900])
    assert the_customer(world).suspended_at is None


def test_a_page_that_nobody_paid_on_holds_no_step_back(sandbox: RunningSandbox, world: CardWorld) -> None:
    fails(sandbox, world, code="expired_card")
    dunned_on(world, "2026-02-01")
    opens_page(world)
    assert dunned_on(world, "2026-02-04") == ["reminder"]
