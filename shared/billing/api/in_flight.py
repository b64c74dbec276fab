"""More requests at once than an instance can do are refused at the door, before any work is done for them.

What is let in is answered in a time that clients wait for; without a limit every request would wait behind all others,
until the clients have gone and the work is for nobody.
"""

from dataclasses import KW_ONLY, dataclass, field

from starlette.types import ASGIApp, Receive, Scope, Send

from billing.api.problem import TooManyRequests

MOST_IN_FLIGHT = 80
"""As many as Cloud Run sends to an instance unless told otherwise; on one core about half a second of work."""

RETRY_AFTER_SECONDS = 1
_HEALTH = ("/health", "/healthz")


@dataclass(slots=True, eq=False)
class InFlight:
    """An application of which `most` requests are under way at a time; 0 is no limit. Health is always answered."""

    app: ASGIApp
    _: KW_ONLY
    most: int = MOST_IN_FLIGHT
    _now: int = field(default=0, init=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on. Raises TooManyRequests above the limit."""
        if scope["type"] != "http" or scope["path"] in _HEALTH:
            await self.app(scope, receive, send)
            return
        if 0 < self.most <= self._now:
            raise TooManyRequests("instance", retry_after=RETRY_AFTER_SECONDS)
        self._now += 1
        try:
            await self.app(scope, receive, send)
        finally:
            self._now -= 1
