"""The days and months of a report, in the tenant's time zone."""

from datetime import datetime, timedelta

from billing.domain.period import Cycle, Schedule, Unit, local_date


def closed_months(as_of: datetime, *, zone: str, count: int) -> tuple[str, ...]:
    """The last `count` local months (yyyy-mm) that are over at a UTC instant, the latest one last."""
    first = local_date(as_of, zone).replace(day=1)
    months: list[str] = []
    for _ in range(count):
        first = (first - timedelta(days=1)).replace(day=1)
        months.append(f"{first:%Y-%m}")
    return tuple(reversed(months))


def weeks_until(as_of: datetime, *, zone: str, count: int) -> tuple[datetime, ...]:
    """The UTC instants at the same wall time of this and the `count` - 1 weeks before, the latest one last."""
    weeks = Schedule.anniversary(Cycle(1, Unit.WEEK), started_at=as_of, zone=zone)
    return (*(weeks.boundary(-back) for back in range(count - 1, 0, -1)), as_of)


def a_month_before(as_of: datetime, *, zone: str) -> datetime:
    """The UTC instant at the same wall time one month earlier, on the month's last day where it is shorter."""
    return Schedule.anniversary(Cycle(1, Unit.MONTH), started_at=as_of, zone=zone).boundary(-1)
