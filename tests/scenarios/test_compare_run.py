"""A dry run beside the last invoices: who is up or down, who is new, who is missing."""

from billing.domain.invoice import Invoice
from billing.domain.run_comparison import Change, RunComparison
from billing.domain.subscription_changes import end_subscription
from billing.store.subscriptions import subscription_fields
from billing.usecases.compare_run import compare_run
from billing.usecases.generate_invoices import RunOptions, generate_invoices
from tests.builders import a_fee, a_meter, a_plan, a_tenant, utc
from tests.reviewing import void
from tests.world import World

PLAN = a_plan(fees=[a_fee("49.00")], metered=[a_meter("1.00")], anchor_day=1)


def compared(world: World) -> RunComparison:
    drafted: list[Invoice] = []
    request = world.request(dry_run=True)
    report = generate_invoices(world.documents, request, RunOptions(on_invoice=drafted.append))
    return compare_run(world.documents, drafted, tenant_id="acme", as_of=world.now, complete=report.complete)


def changes(world: World) -> dict[str, tuple[Change, int]]:
    return {each.customer_id: (each.change, each.difference) for each in compared(world).bills}


def a_second_month() -> World:
    """January is billed for three; the run of February is to come."""
    world = World()
    plan = world.plan(PLAN)
    for name in ("ada", "bob", "cal"):
        world.subscribes(name, to=plan, on="2026-01-01")
        world.uses(f"sub-{name}", "calls", "10", on="2026-01-10")
    world.travels_to("2026-02-01")
    world.runs_billing()
    world.uses("sub-bob", "calls", "500", on="2026-02-10")
    world.uses("sub-cal", "calls", "10", on="2026-02-10")
    world.travels_to("2026-03-01")
    return world


def test_each_bill_is_compared_with_the_last_invoice_and_who_is_new_has_none() -> None:
    world = a_second_month()
    world.subscribes("new", to=PLAN, on="2026-02-01")
    assert changes(world) == {
        "ada": (Change.DOWN, -1000),
        "bob": (Change.UP, 49_000),
        "cal": (Change.SAME, 0),
        "new": (Change.NEW, 4900),
    }
    found = compared(world)
    assert [each.customer_id for each in found.bills[:2]] == ["bob", "new"]
    assert found.totals("USD") == (3 * 5900, 4900 + 54_900 + 5900 + 4900)


def test_who_ended_with_the_run_before_is_missing_and_who_ended_earlier_is_not() -> None:
    world = World()
    plan = world.plan(PLAN)
    for name, until in (("ada", None), ("old", "2026-01-20"), ("gone", "2026-02-20")):
        world.subscribes(name, to=plan, on="2026-01-01", until=until)
    world.travels_to("2026-03-01")
    world.runs_billing()
    world.travels_to("2026-04-01")
    bills = {each.customer_id: each for each in compared(world).bills}
    assert set(bills) == {"ada", "gone"}
    # the last bill, 20 February, had 19 of 28 days of 49.00: 33.25
    assert (bills["gone"].change, bills["gone"].before, bills["gone"].currency) == (Change.MISSING, 3325, "USD")


def test_who_can_t_be_billed_is_missing() -> None:
    world = a_second_month()
    world.damages(
        "subscriptions/sub-ada",
        {
            "items": [
                {"id": "x", "charge_id": "none", "quantity": "1", "start": "2026-01-01T00:00:00+00:00", "end": None}
            ]
        },
    )
    assert changes(world)["ada"] == (Change.MISSING, -5900)


def test_in_a_run_that_stops_early_nobody_is_missing() -> None:
    world = a_second_month()
    found = compare_run(world.documents, [], tenant_id="acme", as_of=world.now, complete=False)
    assert found.bills == []


def test_a_subscription_that_does_not_remember_is_compared_with_its_last_invoice_in_force() -> None:
    world = a_second_month()
    world.damages("subscriptions/sub-ada", {"recent": []})
    assert changes(world)["ada"] == (Change.DOWN, -1000)
    void(world, "INV-2026-01-0001")
    assert changes(world)["ada"] == (Change.NEW, 4900)


def test_held_invoices_are_compared_too() -> None:
    world = World(tenant=a_tenant(approval=True))
    world.subscribes("ada", to=world.plan(PLAN), on="2026-01-01")
    world.travels_to("2026-02-01")
    assert changes(world) == {"ada": (Change.NEW, 4900)}


def test_an_end_that_lies_ahead_changes_nothing() -> None:
    world = a_second_month()
    ended = end_subscription(world.subscription("sub-ada"), at=utc("2026-03-10"))
    world.damages("subscriptions/sub-ada", subscription_fields(ended))
    assert changes(world)["ada"] == (Change.DOWN, -1000)
