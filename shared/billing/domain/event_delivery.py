"""How far the delivery of an event is: tried, given up, delivered, or wanted by nobody."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from billing.domain.event import Event

PAUSES: Final = tuple(
    timedelta(seconds=30) * 3**tries
    for tries in range(9)  # 30 s, 90 s, 4.5 min ... 54.7 h: 82 hours in all
)
"""How long to wait after each failed try; after the last of them there is one try more."""

_KEPT: Final = timedelta(days=30)


class EventStatus(StrEnum):
    """Whether an event still has to be delivered. FAILED ones were given up, NOT_WANTED ones had nowhere to go."""

    UNDELIVERED = "undelivered"
    DELIVERED = "delivered"
    FAILED = "failed"
    NOT_WANTED = "not_wanted"


_TRIES_KEPT: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTry:
    """One try at a UTC instant: the HTTP `status` that answered (0: none did), after so many milliseconds.

    `error` is why it was no delivery, "" where it was one.
    """

    at: datetime
    status: int = 0
    milliseconds: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDelivery:
    """The tries so far: `tried_at` and `error` are of the last one, and there is no other before `next_try_at`.

    Instants are UTC. What needs no more delivery is dropped at `expires_at`; what failed stays until somebody looks.
    `log` holds the latest tries, the oldest first, those before somebody put the event back included; `tries` counts
    those since.
    """

    status: EventStatus = EventStatus.UNDELIVERED
    tries: int = 0
    tried_at: datetime | None = None
    next_try_at: datetime | None = None
    error: str = ""
    expires_at: datetime | None = None
    log: tuple[EventTry, ...] = ()

    def is_due(self, *, at: datetime) -> bool:
        """Whether a try may be made at an instant."""
        return self.status is EventStatus.UNDELIVERED and (self.next_try_at is None or self.next_try_at <= at)

    def failed(self, *, at: datetime, error: str, made: EventTry | None = None) -> "EventDelivery":
        """After a try that the receiver did not take: to be tried again later, or given up."""
        is_last = self.tries >= len(PAUSES)
        return replace(
            self,
            status=EventStatus.FAILED if is_last else EventStatus.UNDELIVERED,
            tries=self.tries + 1,
            tried_at=at,
            next_try_at=None if is_last else at + PAUSES[self.tries],
            error=error,
            log=self._logged(made or EventTry(at=at, error=error)),
        )

    def delivered(self, *, at: datetime, made: EventTry | None = None) -> "EventDelivery":
        """After a try that the receiver took."""
        return EventDelivery(
            status=EventStatus.DELIVERED,
            tries=self.tries + 1,
            tried_at=at,
            expires_at=at + _KEPT,
            log=self._logged(made or EventTry(at=at)),
        )

    def tested(self, *, at: datetime, made: EventTry) -> "EventDelivery":
        """After the only try of a test: delivered, or given up at once and kept no longer than a delivered one."""
        if not made.error:
            return self.delivered(at=at, made=made)
        failed = self.failed(at=at, error=made.error, made=made)
        return replace(failed, status=EventStatus.FAILED, next_try_at=None, expires_at=at + _KEPT)

    def put_back(self) -> "EventDelivery":
        """Due at once, with all its tries before it."""
        return EventDelivery(log=self.log)

    def not_wanted(self, *, at: datetime) -> "EventDelivery":
        """Where the tenant has no address for events."""
        return replace(self, status=EventStatus.NOT_WANTED, next_try_at=None, expires_at=at + _KEPT)

    def _logged(self, made: EventTry) -> tuple[EventTry, ...]:
        return (*self.log, made)[-_TRIES_KEPT:]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingEvent:
    """An event and how far its delivery is."""

    event: Event
    delivery: EventDelivery
