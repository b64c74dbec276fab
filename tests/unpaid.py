"""What tests of unpaid invoices share: a first charge that fails, the run of a day, a service that is suspended."""

import pytest

from billing.api.pay_engine import hosted_pages
from billing.domain.audit import AuditRecord
from billing.domain.customer import Customer
from billing.domain.dunning_case import DunningCase
from billing.domain.event import EventType
from billing.domain.invoice import Invoice
from billing.sandbox.server import RunningSandbox
from billing.store.audit import AuditLog
from billing.store.customers import Customers
from billing.store.events import Events
from billing.usecases.follow_checkout import HostedPages
from tests.collected_invoice import bills, the_invoice
from tests.collecting import CardWorld, card_world

NUMBER = "INV-2026-01-0001"
ADDRESS = "lumen@kunde.test"


@pytest.fixture
def world(sandbox: RunningSandbox) -> CardWorld:
    """One whose tenant has an address for events."""
    return card_world(sandbox, event_url="https://app.acme.test/events")


def fails(sandbox: RunningSandbox, world: CardWorld, *, code: str = "insufficient_funds") -> str:
    """An invoice of 49.00 whose first charge, on 1 February, is declined; the gateway's id of the card."""
    world.joins("lumen", card=None)
    card = world.saves_card("lumen")
    declines(sandbox, card, code)
    bills(world)
    return card


def declines(sandbox: RunningSandbox, card: str, code: str | None) -> None:
    """What a card answers from now on; None where it is good."""
    sandbox.control("POST", f"payment_methods/{card}/decline", {"code": code})


def dunned_on(world: CardWorld, *days: str) -> list[str]:
    """What the runs of these days did, each at one o'clock: the actions."""
    actions: list[str] = []
    for day in days:
        world.travels_to(f"{day}T01:00")
        actions += [each.action.value for each in world.runs_dunning().details]
    return actions


def suspended(sandbox: RunningSandbox, world: CardWorld) -> Invoice:
    """That invoice on day 21, with the service suspended for it."""
    fails(sandbox, world)
    dunned_on(world, "2026-02-01", "2026-02-04", "2026-02-08", "2026-02-15", "2026-02-22")
    assert the_customer(world).suspended_at == world.now
    return the_invoice(world)


def the_case(world: CardWorld, name: str = "lumen") -> DunningCase:
    case = the_invoice(world, name).dunning
    assert case is not None
    return case


def the_customer(world: CardWorld, name: str = "lumen") -> Customer:
    [stored] = Customers.of(world.documents, world.tenant.id).get([name])
    assert stored is not None
    return stored.value


def recorded(world: CardWorld, *, of: str = "dunning.") -> list[AuditRecord]:
    """What the audit log says of the case, the oldest first."""
    found = AuditLog.of(world.documents, world.tenant.id).about(f"invoices/{the_invoice(world).id}")
    return [each for each in found if each.event.startswith(of)]


def told(world: CardWorld) -> list[EventType]:
    """What the tenant's own system is told, the oldest first."""
    found = Events.of(world.documents, world.tenant.id).list(limit=100)
    return [each.value.event.type for each in reversed(found)]


def pages(world: CardWorld) -> HostedPages:
    """What the end of a hosted page leads to, as the doors have it."""
    stripe = world.gateway
    assert stripe is not None
    return hosted_pages(world.documents, stripe, call=world.call())
