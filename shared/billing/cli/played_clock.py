"""The clock of days that are played: it stands where the story is."""

from datetime import datetime, timedelta
from threading import Lock

_TICK = timedelta(microseconds=100)


class PlayedClock:
    """Each look at it is a little later, so that what happens one after the other is recorded in its order."""

    def __init__(self, instant: datetime) -> None:
        self._instant = instant
        self._lock = Lock()

    def now(self) -> datetime:
        """The present instant of the story, in UTC."""
        with self._lock:
            self._instant += _TICK
            return self._instant

    def move_to(self, instant: datetime) -> None:
        """Go on to an instant; never back."""
        with self._lock:
            self._instant = max(self._instant, instant)
