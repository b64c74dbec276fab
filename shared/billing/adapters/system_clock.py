"""The one place that reads the machine's clock."""

from datetime import UTC, datetime


class SystemClock:
    """The Clock of production; tests hand in one that stands still."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        return datetime.now(UTC)
