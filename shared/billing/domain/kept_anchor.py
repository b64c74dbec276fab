"""A plan of another interval on the anchor that a subscription has: what keeping it comes to (semantics 2 and 5)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import time
from enum import StrEnum
from itertools import pairwise

from billing.domain.catalog import Plan
from billing.domain.errors import InvalidInput
from billing.domain.period import Schedule, Unit
from billing.domain.subscription import Phase


class Anchor(StrEnum):
    """What a plan of another interval makes of the cycle: `restart` at the change, or `keep` the anchor that it has."""

    RESTART = "restart"
    KEEP = "keep"


def with_anchor_kept(schedule: Schedule, plan: Plan) -> Schedule:
    """The plan's boundaries counted from the anchor of a schedule; the schedule itself where they are the same.

    A fixed day of month stays, also where the plan names none. Raises InvalidInput for a plan with a day that is not
    the anchor's, and for one by the hour, day or week where the anchor is a day of month.
    """
    day = schedule.anchor_day or schedule.anchor.day
    is_at_midnight = schedule.anchor.time() == time()
    if plan.anchor_day is not None and not (plan.anchor_day == day and is_at_midnight):
        expected = f"restart, as {plan.ref} is billed on day {plan.anchor_day} and the anchor is {schedule.anchor}"
        raise InvalidInput("anchor", expected=expected, given="keep")
    if schedule.anchor_day is not None and plan.cycle.unit not in (Unit.MONTH, Unit.YEAR):
        expected = f"restart, as {plan.ref} is billed by the {plan.cycle.unit} and the anchor is a day of month, {day}"
        raise InvalidInput("anchor", expected=expected, given="keep")
    if plan.cycle == schedule.cycle:
        return schedule
    return replace(schedule, cycle=plan.cycle, anchor_day=plan.anchor_day or schedule.anchor_day)


def with_anchors(phases: Sequence[Phase]) -> Iterator[tuple[Phase, bool]]:
    """Each phase, and whether it has another interval than the one before on the anchor of that."""
    yield phases[0], False
    for before, phase in pairwise(phases):
        yield phase, phase.schedule != before.schedule and phase.schedule.anchor == before.schedule.anchor
