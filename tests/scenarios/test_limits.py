"""A run that stops early says so, and the next one goes on where it stopped: the end is the same."""

from itertools import count

from tests.builders import a_fee, a_meter, a_plan
from tests.world import World

PLAN = a_plan(fees=[a_fee("49.00")], metered=[a_meter("1.00")], anchor_day=1)


def a_world() -> World:
    world = World()
    world.book(450, to=world.plan(PLAN), on="2026-01-01")
    world.uses("sub-c0007", "calls", "12", on="2026-01-31")
    world.travels_to("2026-02-01")
    return world


def billed(world: World) -> dict[str, object]:
    """The final state but for the runs' own records and how their commits were cut."""
    return {
        path: fields
        for path, (fields, _) in world.everything().items()
        if "/runs/" not in path and "/audit/" not in path
    }


def undisturbed() -> dict[str, object]:
    world = a_world()
    world.runs_billing()
    return billed(world)


def test_a_run_stops_at_its_limit_and_the_next_ones_continue() -> None:
    world = a_world()
    reports = [world.runs_billing(limit=170) for _ in range(4)]
    assert [(len(each.invoices), each.complete) for each in reports] == [
        (170, False),
        (170, False),
        (110, True),
        (0, True),
    ]
    assert [each.fields["complete"] for each in world.collection("runs")] == [False, False, True, True]
    assert billed(world) == undisturbed()


def test_a_limit_that_is_just_met_leaves_nothing_to_continue() -> None:
    report = a_world().runs_billing(limit=450)
    assert (len(report.invoices), report.complete) == (450, True)


def test_a_run_out_of_time_stops_between_pages_and_the_next_one_continues() -> None:
    world = a_world()
    asked = count(1)
    first = world.runs_billing(out_of_time=lambda: next(asked) > 1)
    assert (len(first.invoices), first.complete) == (200, False)
    second = world.runs_billing()
    assert (len(second.invoices), second.complete) == (250, True)
    assert billed(world) == undisturbed()


def test_a_run_without_any_time_changes_nothing_but_its_own_record() -> None:
    world = a_world()
    before = world.everything()
    report = world.runs_billing(out_of_time=lambda: True)
    assert (report.invoices, report.complete) == ([], False)
    assert {path: each for path, each in world.everything().items() if "/runs/" not in path} == before
