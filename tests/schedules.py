"""A schedule by its anchor on the wall clock of a zone, and the days of its boundaries."""

from datetime import datetime

from billing.domain.period import Cycle, Schedule


def schedule(cycle: Cycle, anchor: str, zone: str = "UTC", anchor_day: int | None = None) -> Schedule:
    return Schedule(cycle=cycle, anchor=datetime.fromisoformat(anchor), zone=zone, anchor_day=anchor_day)


def days(row: Schedule, count: int) -> list[str]:
    return [str(row.boundary(k).date()) for k in range(count)]
