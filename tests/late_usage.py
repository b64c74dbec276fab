"""What tests of late usage share: books that are verified when a test ends, usage, and the lines that it makes."""

from collections.abc import Iterator
from typing import Any

import pytest

from billing.domain.catalog import GraduatedPrice, MeteredCharge, Plan
from billing.domain.invoice import Invoice
from billing.domain.subscription import Subscription
from billing.domain.subscription_changes import change_plan
from billing.store.subscriptions import subscription_fields
from billing.usecases.record_usage import EventOutcome, OutcomeStatus, ReportedUsage, record_usage
from billing.usecases.verify import VerifyRequest, verify
from tests.builders import a_meter, a_plan, shown, tiers, utc
from tests.world import World

ACCEPTED, DUPLICATE = OutcomeStatus.ACCEPTED, OutcomeStatus.DUPLICATE

# the first 100 cost 1.00 each, all further ones 0.10
STEPPED = a_meter(GraduatedPrice(tiers=tiers(("100", "1.00"), (None, "0.10"))))
BOOKS: list[World] = []


@pytest.fixture(autouse=True)
def each_book_verifies() -> Iterator[None]:
    """Whatever a test does, each of its invoices can be computed again, and its roll-ups hold the recorded usage."""
    BOOKS.clear()
    yield
    for world in BOOKS:
        request = VerifyRequest(tenant_id="acme", as_of=world.now, objects=False)
        assert verify(world.documents, world.objects, request).findings.kept == []


def opened(plan: Plan, *, on: str = "2026-02-01", until: str | None = None, world: World | None = None) -> World:
    """A world with acme on that plan."""
    world = world or World()
    BOOKS.append(world)
    world.subscribes("acme", to=world.plan(plan), on=on, until=until)
    return world


FEBRUARY = "Calls - late usage 2026-02-01 to 2026-02-28"


def monthly(*meters: MeteredCharge, version: int = 1) -> Plan:
    return a_plan(metered=list(meters) or [STEPPED], anchor_day=1, version=version)


def event(event_id: str, quantity: str | int = 1, *, on: str, meter: str = "calls", **more: Any) -> ReportedUsage:  # noqa: ANN401 - any other field
    return ReportedUsage(
        id=event_id, subscription_id="sub-acme", meter=meter, occurred_at=utc(on), quantity=quantity, **more
    )


def record(world: World, *events: ReportedUsage) -> tuple[EventOutcome, ...]:
    return record_usage(world.documents, tenant_id="acme", events=events, recorded_at=world.now)


def bills(world: World, on: str) -> Invoice:
    """The one invoice that a run on that day makes."""
    world.travels_to(on)
    before = {each.id for each in world.invoices()}
    report = world.runs_billing()
    assert report.failures == []
    [invoice] = [each for each in world.invoices() if each.id not in before]
    return invoice


def late_lines(invoice: Invoice) -> list[tuple[str, str, str, int]]:
    return shown([line for line in invoice.lines if "late usage" in line.description])


def changes_plan(world: World, plan: Plan, *, at: str) -> Subscription:
    changed = change_plan(world.subscription("sub-acme"), plan=world.plan(plan), plans=world.plans, at=utc(at))
    world.damages("subscriptions/sub-acme", subscription_fields(changed))
    return changed
