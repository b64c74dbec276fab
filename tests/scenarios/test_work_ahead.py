"""Drafting the next page while one is committed changes nothing but the time that a run takes."""

import pytest

from tests.builders import a_fee, a_plan
from tests.world import World

FLAT = a_plan(fees=[a_fee("49.00")], anchor_day=1)


def a_world(*, behind: bool) -> World:
    """Three pages of subscriptions; with `behind`, some of them come back for months that were missed."""
    world = World()
    plan = world.plan(FLAT)
    world.book(450, to=plan, on="2026-03-01")
    for name in ("b1", "b2") if behind else ():
        world.subscribes(name, to=plan, on="2026-01-01")
    world.travels_to("2026-04-01")
    return world


@pytest.mark.parametrize("behind", [False, True])
def test_a_run_that_works_ahead_ends_like_one_that_waits(behind: bool) -> None:
    waiting, ahead = a_world(behind=behind), a_world(behind=behind)
    expected = waiting.runs_billing()
    report = ahead.runs_billing(work_ahead=True)
    assert len(report.invoices) == 450 + (6 if behind else 0)
    assert report == expected
    assert ahead.everything().keys() == waiting.everything().keys()
    assert {path: fields for path, (fields, _) in ahead.everything().items()} == {
        path: fields for path, (fields, _) in waiting.everything().items()
    }


def test_a_page_that_went_stale_while_it_waited_is_read_again() -> None:
    world = a_world(behind=False)
    other = world.subscription("sub-c0449")
    seen: list[int] = []

    def meanwhile() -> bool:
        """Between the first page and the second, which is drafted by then, an item is taken off."""
        seen.append(len(seen))
        if len(seen) == 2:
            world.damages(f"subscriptions/{other.id}", {"items": []})
        return False

    report = world.runs_billing(work_ahead=True, out_of_time=meanwhile)
    assert (len(report.invoices), report.failures) == (450, [])
    assert [each.number[-4:] for each in report.invoices] == [f"{n:04}" for n in range(1, 451)]
