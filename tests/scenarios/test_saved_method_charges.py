"""A customer saves a method: everything of its that waited for one is charged at once, the first due first, once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count, permutations

import pytest

from billing.domain.attempt import AttemptSource, AttemptStatus
from billing.domain.dunning_case import CaseCause
from billing.domain.dunning_policy import CaseState
from billing.domain.errors import NotFound
from billing.domain.invoice import Invoice, InvoiceStatus
from billing.ports import CheckoutStatus, EventAbout, GatewayEvent, GatewayUnavailable
from billing.sandbox.server import RunningSandbox
from billing.usecases.apply_gateway_event import apply_gateway_event
from billing.usecases.charge_waiting import charge_waiting
from billing.usecases.open_payment import WayBack, open_method_page
from billing.usecases.record_payment import record_payment
from billing.usecases.reverse_payment import reverse_payment
from billing.usecases.write_off_invoice import write_off_invoice
from tests.collected_invoice import CARD, INTENTS, running, sandbox, world
from tests.collecting import CardWorld
from tests.paying import cheque
from tests.sandbox_client import browse
from tests.unpaid import declines, dunned_on, fails, pages, recorded, the_case, the_customer

__all__ = ["running", "sandbox", "world"]

BACK = WayBack(success_url="https://pay.example/saved", cancel_url="https://pay.example")
DECLINED, SUCCEEDED = AttemptStatus.DECLINED, AttemptStatus.SUCCEEDED
BAD_CARD = {**CARD, "number": "4000000000000341"}  # can be saved, and is declined when it is charged
_events = count(1)


class Crash(BaseException):
    """The process is gone: nothing in the product may catch it."""


def two_unpaid(sandbox: RunningSandbox, world: CardWorld) -> tuple[Invoice, Invoice]:
    """Invoices of January and February whose charges, on the first of the next month, were declined."""
    fails(sandbox, world, code="expired_card")
    world.travels_to("2026-03-01")
    world.runs_billing()
    first, second = world.invoices("lumen")
    assert [each.status for each in (*first.attempts, *second.attempts)] == [DECLINED, DECLINED]
    world.travels_to("2026-03-05")
    return first, second


def saves(world: CardWorld, card: dict[str, str] = CARD) -> tuple[GatewayEvent, GatewayEvent]:
    """The customer saves a card on the hosted page of its first invoice: the two events that tell of it."""
    assert world.gateway is not None
    visit, invoice = f"visit-{next(_events)}", world.invoices("lumen")[0]
    page = open_method_page(world.documents, world.gateway, invoice.id, back=BACK, visit=visit, call=world.call())
    assert browse(page.url, card).status == 303
    assert world.gateway.checkout(page.id).status is CheckoutStatus.COMPLETE
    return an_event(EventAbout.CHECKOUT, page.id), an_event(EventAbout.CUSTOMER, the_customer(world).gateway_id)


def an_event(about: EventAbout, subject: str) -> GatewayEvent:
    return GatewayEvent(id=f"evt_{next(_events)}", type="something.happened", about=about, subject=subject)


def tells(world: CardWorld, event: GatewayEvent) -> None:
    apply_gateway_event(world.documents, pages(world), event, call=world.call())


def tried(world: CardWorld) -> list[list[AttemptStatus]]:
    return [[attempt.status for attempt in each.attempts] for each in world.invoices("lumen")]


def charges(world: CardWorld) -> int:
    return world.stripe.calls.count("charge")


def test_a_saved_card_pays_both_unpaid_invoices_the_first_due_first_and_both_cases_are_over(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    two_unpaid(sandbox, world)
    before = charges(world)
    for event in saves(world):
        tells(world, event)
    first, second = world.invoices("lumen")
    for invoice in (first, second):
        assert (invoice.status, invoice.attempts[-1].source) == (InvoiceStatus.PAID, AttemptSource.SAVED_METHOD)
        assert invoice.dunning is not None
        assert invoice.dunning.state is CaseState.PAID
    assert (world.taken(), charges(world) - before) == ([4900, 4900], 2)
    intents = world.account.v1.payment_intents.list({"limit": 2}).data
    assert [each.metadata.invoice_id for each in reversed(intents)] == [first.id, second.id]


@pytest.mark.parametrize("order", [*permutations((0, 1)), (1, 0, 1, 0), (0, 0, 1, 1)])
@pytest.mark.parametrize("card", [CARD, BAD_CARD], ids=["good", "bad"])
def test_however_often_and_in_whatever_order_it_is_told_each_invoice_is_charged_once(
    sandbox: RunningSandbox, world: CardWorld, card: dict[str, str], order: tuple[int, ...]
) -> None:
    two_unpaid(sandbox, world)
    before, events = charges(world), saves(world, card)
    for each in order:
        tells(world, an_event(events[each].about, events[each].subject))
    outcome = SUCCEEDED if card is CARD else DECLINED
    assert tried(world) == [[DECLINED, outcome]] * 2
    assert charges(world) - before == 2


@pytest.mark.parametrize("card", [CARD, BAD_CARD], ids=["good", "bad"])
def test_told_by_four_at_once_each_invoice_is_tried_once(
    sandbox: RunningSandbox, world: CardWorld, card: dict[str, str]
) -> None:
    two_unpaid(sandbox, world)
    events = saves(world, card)
    told = [an_event(each.about, each.subject) for each in (*events, *events)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda event: tells(world, event), told))
    outcome = SUCCEEDED if card is CARD else DECLINED
    assert tried(world) == [[DECLINED, outcome]] * 2
    assert sum(world.taken()) == (9800 if card is CARD else 0)
    assert len(world.account.v1.payment_intents.list({"limit": 100}).data) == 4


def test_what_was_heard_of_a_customer_before_its_new_card_is_asked_for_again(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    two_unpaid(sandbox, world)
    (saved, changed), heard = saves(world), count(1)

    def meanwhile(verb: str) -> None:
        if verb == "saved_method" and next(heard) == 1:
            tells(world, saved)

    world.stripe.after = meanwhile
    tells(world, changed)
    assert tried(world) == [[DECLINED, SUCCEEDED]] * 2
    assert the_customer(world).payment_method_id == world.invoices("lumen")[0].attempts[-1].method_id


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("verb", ["save_method", "charge"])
@pytest.mark.parametrize("charge", [1, 2])
def test_killed_anywhere_the_event_that_comes_again_finishes_it(
    sandbox: RunningSandbox, world: CardWorld, moment: str, verb: str, charge: int
) -> None:
    two_unpaid(sandbox, world)
    (saved, _), calls = saves(world), count(1)

    def dies(called: str) -> None:
        if called == verb and next(calls) == (1 if verb == "save_method" else charge):
            raise Crash

    setattr(world.stripe, moment, dies)
    with pytest.raises(Crash):
        tells(world, saved)
    tells(world, saved)
    assert tried(world) == [[DECLINED, SUCCEEDED]] * 2
    assert (world.taken(), len(world.payments())) == ([4900, 4900], 2)


def test_killed_between_saving_and_charging_the_customer_s_own_event_charges(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    two_unpaid(sandbox, world)
    (saved, changed), moved = saves(world), count(1)

    def dies(verb: str) -> None:
        if verb == "charge" and next(moved) == 1:
            raise Crash

    world.stripe.before = dies
    with pytest.raises(Crash):
        tells(world, saved)
    tells(world, changed)
    assert (tried(world), world.taken()) == ([[DECLINED, SUCCEEDED]] * 2, [4900, 4900])


def test_killed_for_good_the_schedule_charges_the_new_card_on_its_day(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    fails(sandbox, world, code="expired_card")
    dunned_on(world, "2026-02-01", "2026-02-04")
    saved, _ = saves(world)
    died = count(1)

    def dies(verb: str) -> None:
        if verb == "charge" and next(died) == 1:
            raise Crash

    world.stripe.before = dies
    with pytest.raises(Crash):
        tells(world, saved)
    assert tried(world) == [[DECLINED, AttemptStatus.STARTED]]
    assert dunned_on(world, "2026-02-08") == ["recovered"]
    assert (tried(world), world.taken()) == ([[DECLINED, SUCCEEDED]], [4900])


def test_one_that_can_t_be_charged_stops_no_other_and_the_event_comes_again(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    two_unpaid(sandbox, world)
    (saved, _), down = saves(world), count(1)

    def unavailable(verb: str) -> None:
        if verb == "charge" and next(down) == 1:
            raise GatewayUnavailable("stripe", reason="away")

    world.stripe.before = unavailable
    with pytest.raises(GatewayUnavailable):
        tells(world, saved)
    assert tried(world) == [[DECLINED, AttemptStatus.STARTED], [DECLINED, SUCCEEDED]]
    tells(world, saved)
    assert (tried(world), world.taken()) == ([[DECLINED, SUCCEEDED]] * 2, [4900, 4900])


def test_a_charge_that_was_under_way_with_the_old_card_is_looked_up_and_then_the_new_one_charged(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    """The answer of the first charge was lost; it was declined. The new card is tried in its own attempt."""
    world.joins("lumen", card=None)
    declines(sandbox, world.saves_card("lumen"), "expired_card")
    sandbox.control("POST", "faults", {"kind": "lose_answer", "path": INTENTS, "times": 3})
    world.travels_to("2026-02-01")
    world.runs_billing(sweeps=False)
    sandbox.control("DELETE", "faults")
    assert tried(world) == [[AttemptStatus.UNKNOWN]]
    old = the_customer(world).payment_method_id
    for event in saves(world):
        tells(world, event)
    first, second = world.invoices("lumen")[0].attempts
    assert (first.status, first.method_id, first.source) == (DECLINED, old, AttemptSource.ISSUE)
    assert (second.status, second.source, world.taken()) == (SUCCEEDED, AttemptSource.SAVED_METHOD, [4900])


def test_a_card_that_is_declined_too_leaves_the_clock_and_the_schedule_s_tries_as_they_were(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    fails(sandbox, world)
    dunned_on(world, "2026-02-01", "2026-02-04")
    before = the_case(world)
    world.travels_to("2026-02-06")
    for event in saves(world, BAD_CARD):
        tells(world, event)
    after = the_case(world)
    assert (after.started_on, after.last_day, after.tries, after.state) == (
        before.started_on,
        3,
        before.tries,
        CaseState.REMINDER_SENT,
    )
    assert dunned_on(world, "2026-02-07", "2026-02-08") == ["urgent_notice"]


def test_what_waits_for_nothing_is_not_charged(sandbox: RunningSandbox, world: CardWorld) -> None:
    """The first is written off, the second's payment was taken back and nobody has looked at that yet."""
    first, second = two_unpaid(sandbox, world)
    write_off_invoice(world.documents, first.number, reason="insolvent", call=world.call())
    record_payment(world.documents, cheque(world, 4900, second.id), call=world.call())
    reverse_payment(world.documents, "cheque-1", reason="bounced", call=world.call())
    before = charges(world)
    for event in saves(world):
        tells(world, event)
    assert (tried(world), charges(world)) == ([[DECLINED], [DECLINED]], before)
    case = world.invoices("lumen")[1].dunning
    assert case is not None
    assert case.cause is CaseCause.REVERSED


def test_a_card_that_was_removed_charges_nothing(sandbox: RunningSandbox, world: CardWorld) -> None:
    two_unpaid(sandbox, world)
    world.account.v1.payment_methods.detach(the_customer(world).payment_method_id)
    before = charges(world)
    tells(world, an_event(EventAbout.CUSTOMER, the_customer(world).gateway_id))
    assert (the_customer(world).payment_method_id, charges(world)) == ("", before)


def test_nobody_s_method_charges_nothing(world: CardWorld) -> None:
    nothing: Callable[[str], None] = lambda _invoice_id: None  # noqa: E731
    with pytest.raises(NotFound, match="no customer 'nobody'"):
        charge_waiting(world.documents, "nobody", nothing, call=world.call())


def test_the_way_into_and_out_of_dunning_is_recorded(sandbox: RunningSandbox, world: CardWorld) -> None:
    fails(sandbox, world, code="expired_card")
    world.travels_to("2026-02-02")
    for event in saves(world):
        tells(world, event)
    assert [(each.before, each.after) for each in recorded(world)] == [
        ("issued", "payment_attempted"),
        ("payment_attempted", "paid"),
    ]
