"""The sandbox's own time: the machine's, moved by whoever controls the sandbox."""

from collections.abc import Callable
from datetime import datetime, timedelta

from billing.domain.errors import InvalidInput


class SandboxClock:
    """`wall` gives the machine's time; what is added to it grows with every move, and never shrinks."""

    def __init__(self, wall: Callable[[], datetime], *, ahead: timedelta = timedelta()) -> None:
        self._wall = wall
        self.ahead = ahead

    @property
    def instant(self) -> datetime:
        """The present instant of the sandbox, aware."""
        return self._wall() + self.ahead

    @property
    def now(self) -> int:
        """The same as Stripe writes it: whole seconds since 1970."""
        return int(self.instant.timestamp())

    def start_at(self, instant: datetime) -> None:
        """Begin at any instant, before anything has happened."""
        self.ahead = instant - self._wall()

    def advance(self, seconds: int) -> None:
        """Move on by so many seconds; InvalidInput where that is none or back."""
        if seconds <= 0:
            raise InvalidInput("advance", expected="seconds, 1 or more", given=seconds)
        self.ahead += timedelta(seconds=seconds)

    def move_to(self, instant: datetime) -> None:
        """Move on to an instant; InvalidInput where it is past, since what happened can't be undone."""
        if instant < self.instant:
            raise InvalidInput("set", expected=f"an instant after {self.instant.isoformat()}", given=instant)
        self.ahead = instant - self._wall()
