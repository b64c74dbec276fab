"""An invoice that is given up: neither chased nor charged any more, and money that comes all the same is booked."""

import pytest

from billing.domain.dunning_policy import CaseState
from billing.domain.errors import InvalidInput, NotFound
from billing.domain.event import EventType
from billing.domain.invoice import CollectionMethod, InvoiceStatus
from billing.sandbox.server import RunningSandbox
from billing.store.events import Events
from billing.usecases.charge_invoice import charge_invoice
from billing.usecases.follow_checkout import follow_checkout
from billing.usecases.write_off_invoice import write_off_invoice
from tests.collected_invoice import (
    CARD,
    bills,
    opened_page,
    pay_by_transfer,
    running,
    sandbox,
    the_invoice,
    unknown,
)
from tests.collecting import CardWorld
from tests.crediting import pays
from tests.sandbox_client import browse
from tests.unpaid import NUMBER, declines, dunned_on, fails, pages, recorded, the_case, told, world

__all__ = ["running", "sandbox", "world"]


def write_off(world: CardWorld, *, reason: str = "insolvent") -> InvoiceStatus:
    return write_off_invoice(world.documents, NUMBER, reason=reason, call=world.call()).status


def test_written_off_twice_is_once_with_its_record_and_its_event(sandbox: RunningSandbox, world: CardWorld) -> None:
    fails(sandbox, world)
    assert [write_off(world), write_off(world, reason="again")] == [InvoiceStatus.UNCOLLECTIBLE] * 2
    [record] = recorded(world, of="invoice.written_off")
    assert (record.before, record.after, record.actor, record.reason) == (
        "issued",
        "uncollectible",
        "ada",
        "49.00 USD: insolvent",
    )
    assert told(world).count(EventType.INVOICE_WRITTEN_OFF) == 1
    [event] = [
        each.value.event
        for each in Events.of(world.documents, "acme").list(limit=10)
        if each.value.event.type is EventType.INVOICE_WRITTEN_OFF
    ]
    assert event.subject == f"invoices/{the_invoice(world).id}"
    assert event.fields == {
        "invoice_number": NUMBER,
        "customer_id": "lumen",
        "subscription_id": "sub-lumen",
        "status": "uncollectible",
        "currency": "USD",
        "total": 4900,
        "amount_paid": 0,
        "amount_due": 4900,
        "due_on": "2026-03-03",
    }


def test_what_comes_late_is_booked_and_ends_the_case_as_paid(sandbox: RunningSandbox, world: CardWorld) -> None:
    fails(sandbox, world)
    write_off(world)
    world.travels_to("2026-05-01")
    pay_by_transfer(world, the_invoice(world))
    assert (the_invoice(world).status, the_invoice(world).amount_due) == (InvoiceStatus.PAID, 0)
    assert (the_case(world).state, world.balance("lumen")) == (CaseState.PAID, 0)
    left = [(each.before, each.after) for each in recorded(world) if each.event == "dunning.left"]
    assert left == [("payment_attempted", "written_off"), ("written_off", "paid")]


def test_a_part_that_comes_late_leaves_the_rest_written_off(sandbox: RunningSandbox, world: CardWorld) -> None:
    fails(sandbox, world)
    pays(world, 900)
    write_off(world)
    [record] = recorded(world, of="invoice.written_off")
    assert record.reason == "40.00 USD: insolvent"
    pays(world, 1000, id="p2")
    assert (the_invoice(world).status, the_invoice(world).amount_due) == (InvoiceStatus.UNCOLLECTIBLE, 3000)
    assert dunned_on(world, "2026-02-05", "2026-02-22") == []


def test_a_hosted_page_that_was_open_is_booked_where_the_customer_pays_on_it_all_the_same(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    fails(sandbox, world)
    page = opened_page(world, the_invoice(world))
    write_off(world)
    assert browse(page, CARD).status == 303
    follow_checkout(world.documents, pages(world), the_invoice(world).checkout_id, call=world.call())
    assert (the_invoice(world).status, len(world.payments())) == (InvoiceStatus.PAID, 1)


def test_it_is_not_charged_by_hand(sandbox: RunningSandbox, world: CardWorld) -> None:
    declines(sandbox, fails(sandbox, world), None)
    write_off(world)
    assert world.gateway is not None
    charged = charge_invoice(world.documents, the_invoice(world).id, gateway=world.gateway, call=world.call())
    assert (charged.attempt, world.taken()) == (None, [])


@pytest.mark.parametrize(("fault", "status"), [("lose_answer", InvoiceStatus.PAID), ("drop_before", None)])
def test_a_charge_without_an_answer_is_looked_up_by_the_next_settlement_and_not_made(
    sandbox: RunningSandbox, world: CardWorld, fault: str, status: InvoiceStatus | None
) -> None:
    """What the gateway took is booked on the invoice, since it may not be lost; what it never got is not asked for."""
    unknown(sandbox, world, fault)
    write_off(world)
    world.runs_billing()
    assert the_invoice(world).status is (status or InvoiceStatus.UNCOLLECTIBLE)
    assert sum(world.taken()) == (4900 if status else 0)


def test_without_a_case_there_is_none_afterwards(world: CardWorld) -> None:
    world.joins("lumen", collection_method=CollectionMethod.SEND_INVOICE)
    bills(world)
    assert the_invoice(world).dunning is None
    world.travels_to("2026-02-02")
    assert write_off(world) is InvoiceStatus.UNCOLLECTIBLE
    assert (the_invoice(world).dunning, told(world)[-1:]) == (None, [EventType.INVOICE_WRITTEN_OFF])


def test_nothing_is_mailed_about_it_that_waited_to_be_sent(sandbox: RunningSandbox, world: CardWorld) -> None:
    world.sent.fails += ["451 try later"] * 10
    fails(sandbox, world)
    world.sent.fails.clear()
    write_off(world)
    world.runs_billing()
    assert (world.sent.sent, the_invoice(world).pending) == ([], ())


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_reason_is_needed(sandbox: RunningSandbox, world: CardWorld, reason: str) -> None:
    fails(sandbox, world)
    with pytest.raises(InvalidInput, match="reason: expected why the invoice is written off"):
        write_off(world, reason=reason)


def test_what_is_paid_or_unknown_is_refused(sandbox: RunningSandbox, world: CardWorld) -> None:
    with pytest.raises(NotFound, match=NUMBER):
        write_off(world)
    fails(sandbox, world)
    pay_by_transfer(world, the_invoice(world))
    with pytest.raises(InvalidInput, match="invoice: expected one that money is owed of, got 'paid'"):
        write_off(world)
