"""A dry run gives the same answer as the run it stands for, and writes nothing."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from billing.adapters.counting import CountingDocuments
from billing.domain.catalog import GraduatedPrice, Tier
from billing.domain.numbering import NumberOrder, NumberSeries, Restart
from billing.domain.run_report import RunReport
from billing.ports import Documents
from tests.builders import a_fee, a_meter, a_plan, a_tenant
from tests.either_store import documents, firestore
from tests.watched_documents import WatchedDocuments
from tests.world import World, sqlite_in_memory

__all__ = ["documents", "firestore"]

PLAN = a_plan(fees=[a_fee("49.00")], metered=[a_meter("1.00")], anchor_day=1)
ANNIVERSARY = a_plan(plan_id="anniversary", metered=[a_meter("1.00")])


def a_mixed_book(world: World) -> None:
    """On time, months behind, years behind, ended, broken, zero, and customers without a subscription."""
    plan, other = world.plan(PLAN), world.plan(ANNIVERSARY)
    world.book(210, to=plan, on="2026-03-01")
    for number in range(7):
        world.subscribes(f"behind-{number}", to=other, on=f"2026-01-{10 + number}")
        world.uses(f"sub-behind-{number}", "calls", "3", on="2026-02-05")
        world.uses(f"sub-behind-{number}", "calls", "4", on="2026-02-20")
    world.subscribes("ancient", to=plan, on="2023-05-17")
    world.subscribes("leaver", to=plan, on="2026-01-01", until="2026-03-20")
    world.subscribes("broken", to=world.plan(replace(PLAN, plan_id="broken")), on="2026-01-01")
    world.damages("plans/broken@1", {"fees": "none"})
    world.subscribes("unreadable", to=plan, on="2026-01-01")
    world.damages("subscriptions/sub-unreadable", {"phases": "none"})
    world.customer("lonely")
    world.travels_to("2026-04-01")


def answer(report: RunReport) -> dict[str, object]:
    """All that a report says of the bills themselves."""
    return {
        name: getattr(report, name)
        for name in ("customers", "complete", "skipped", "failures", "invoices", "credit_notes", "revenue", "as_of")
    }


@pytest.mark.parametrize(
    "numbers",
    [
        NumberSeries(),
        NumberSeries(format="{sequence}", restart=Restart.NEVER),
        NumberSeries(format="{sequence}", restart=Restart.NEVER, order=NumberOrder.SUBSCRIPTION),
    ],
    ids=["by month and customer", "one row by customer", "one row by subscription"],
)
def test_a_dry_run_answers_as_the_run_itself_and_writes_nothing(numbers: NumberSeries) -> None:
    world = World(tenant=a_tenant(numbers=numbers))
    a_mixed_book(world)
    before = world.everything()
    counted = CountingDocuments(world.documents)
    dry = world.runs_billing(dry_run=True, through=counted)
    assert (counted.counts.writes, counted.counts.deletes) == (0, 0)
    assert world.everything() == before
    real = world.runs_billing()
    assert answer(dry) == answer(real)
    # 210 on time, 7 behind (2 bills each), 24 of the ancient one's 36, 3 of the leaver
    assert len(dry.invoices) == 210 + 7 * 2 + 24 + 3
    assert len(dry.failures) == 2
    assert (dry.dry_run, dry.settled) == (True, 0)


def test_a_dry_run_finds_the_bills_that_no_store_can_hold(documents: Documents) -> None:
    """An invoice above 1 MiB and an amount beyond 64 bit stand among others; each fails alone, in either run."""
    world = World(documents=documents)
    tiers = [Tier(up_to=Decimal(bound), unit_price=Decimal("0.01")) for bound in range(1, 4001)]
    long = GraduatedPrice(tiers=(*tiers, Tier(up_to=None, unit_price=Decimal("0.01"))))
    for name, price, used in (("long", long, "4001"), ("high", "1000000000", "1" + "0" * 17), ("sound", "1.00", "5")):
        plan = world.plan(a_plan(plan_id=name, metered=[a_meter(price)], anchor_day=1))
        for number in range(1 + 2 * (name == "sound")):
            world.subscribes(f"{name}-{number}", to=plan, on="2026-02-01")
            world.uses(f"sub-{name}-{number}", "calls", used, on="2026-02-05")
    world.travels_to("2026-03-01")
    before = world.everything()
    dry = world.runs_billing(dry_run=True)
    assert world.everything() == before
    assert answer(dry) == answer(world.runs_billing())
    assert sorted((each.subscription_id, each.code) for each in dry.failures) == [
        ("sub-high-0", "invalid_document"),
        ("sub-long-0", "document_too_large"),
    ]
    assert [each.total for each in dry.invoices] == [500, 500, 500]


def test_the_run_after_a_dry_run_is_as_if_there_had_been_none() -> None:
    def final(prepare: Callable[[World], object]) -> dict:
        world = World(documents=sqlite_in_memory())
        a_mixed_book(world)
        prepare(world)
        world.runs = 5
        world.runs_billing()
        return {path: fields for path, (fields, _) in world.everything().items()}

    assert final(lambda world: world.runs_billing(dry_run=True)) == final(lambda _world: None)


def test_a_dry_run_stops_at_its_limit_like_the_run_itself() -> None:
    world = World()
    a_mixed_book(world)
    dry, real = world.runs_billing(dry_run=True, limit=17), world.runs_billing(limit=17)
    assert answer(dry) == answer(real)
    assert (len(dry.invoices), dry.complete) == (17, False)


def test_a_dry_run_commits_nothing_at_all() -> None:
    world = World()
    a_mixed_book(world)
    view = WatchedDocuments(world.documents)
    world.runs_billing(dry_run=True, through=view)
    assert view.commits == []
