"""The days that `billing demo --through` plays: when the scheduler's two jobs run, and which customers do what."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType

from billing.cli.directory import day_of, instant_of
from billing.domain.errors import InvalidInput
from billing.domain.period import local_date, local_midnight, zone_named
from billing.domain.tenant import Tenant

BILLING_AT, DUNNING_AT, CUSTOMERS_AT, LAST_MINUTE = time(0, 5), time(1), time(10), time(23, 59)
"""Wall times in the tenant's zone: the two jobs, when customers read their mail, and the end of a day."""

NEW_CARD = "5555555555554444"
SAVED_ON_DAY: Mapping[str, int] = MappingProxyType({"acct-1040": 1, "acct-1055": 3, "acct-1138": 5, "acct-1035": 6})
"""The day after the first one on which a customer of the February book leaves a new card: the three whose card has
expired, and one who had no money left on the old one. acct-1097 and acct-1175 have changed banks and do nothing."""

_LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """A tenant's days from that of the first run to a last one, both local days and both played."""

    tenant_id: str
    zone: str
    first: date
    through: date

    def at(self, day: date, wall: time) -> datetime:
        """A wall time of a day as a UTC instant."""
        return datetime.combine(day, wall, zone_named(self.zone)).astimezone(UTC)

    def days_from(self, day: date) -> Iterator[date]:
        """The days that are left to be played from that one on."""
        while day <= self.through:
            yield day
            day += timedelta(days=1)

    def savers(self, day: date) -> list[str]:
        """The customers who have a new card by that day, whether they have left it already or not."""
        return [each for each, after in SAVED_ON_DAY.items() if day >= self.first + timedelta(days=after)]


def story_of(tenant: Tenant, *, as_of: str, through: str) -> Story:
    """What was typed as a story: `as_of` is its first day, `through` its last.

    InvalidInput where either is no day, the last is before the first, or more than a year after it.
    """
    instant = instant_of(as_of, zone=tenant.zone)
    first = local_date(instant, tenant.zone)
    if instant != local_midnight(first, tenant.zone):
        raise InvalidInput("--as-of", expected="a date: with --through whole days are played", given=as_of)
    last = day_of(through, option="--through")
    if not first <= last <= first + _LONGEST:
        expected = f"{first}, the day of the run, or a later one within a year"
        raise InvalidInput("--through", expected=expected, given=through)
    return Story(tenant_id=tenant.id, zone=tenant.zone, first=first, through=last)
