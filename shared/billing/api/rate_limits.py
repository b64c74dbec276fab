"""How many calls a caller and a tenant may make: a token bucket for each, in the memory of this one process.

Honest about its reach: each instance of the function counts for itself, so the limit of all is this one times the
instances that run. It protects an instance and its database from one caller; it is no quota that could be billed.
"""

import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from time import monotonic_ns

from billing.api.problem import TooManyRequests

_REMEMBERED = 10_000
_NANO = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So many calls a second in the long run, and so many at once after a rest."""

    per_second: int
    burst: int


class RateLimits:
    """The limits of a door; None is no limit. Keep it between requests: it holds the counts."""

    def __init__(
        self, *, caller: Rate | None = None, tenant: Rate | None = None, clock_ns: Callable[[], int] = monotonic_ns
    ) -> None:
        """`caller` is for each key and user, `tenant` for all callers of a tenant together."""
        self._callers = None if caller is None else Buckets(caller, clock_ns=clock_ns)
        self._tenants = None if tenant is None else Buckets(tenant, clock_ns=clock_ns)
        self._known: OrderedDict[bytes, str] = OrderedDict()
        self._knowing = Lock()

    def count_caller(self, caller: str, *, proof: bytes) -> None:
        """Count a call of a key or user. Raises TooManyRequests, and then it does not count.

        `proof` is a digest of what the caller was known by just now.
        """
        with self._knowing:
            self._known[proof] = caller
            self._known.move_to_end(proof)
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        _count(self._callers, caller, whose="caller")

    def count_known(self, proof: bytes) -> bool:
        """Count a call by the proof of an earlier one, before anything is looked up; False where it was never heard of.

        So a caller far above its rate costs next to nothing. Raises TooManyRequests, and then it does not count.
        """
        with self._knowing:
            caller = self._known.get(proof)
        if caller is not None:
            _count(self._callers, caller, whose="caller")
        return caller is not None

    def count_tenant(self, tenant_id: str) -> None:
        """Count a call for a tenant. Raises TooManyRequests, and then it does not count."""
        _count(self._tenants, tenant_id, whose="tenant")


class Buckets:
    """One bucket for each key that calls, those that were quiet the longest forgotten first. Safe between threads."""

    def __init__(self, rate: Rate, *, clock_ns: Callable[[], int]) -> None:
        """`clock_ns` is a monotonic clock in nanoseconds."""
        self._rate = rate
        self._clock = clock_ns
        self._full_at: OrderedDict[str, int] = OrderedDict()
        self._lock = Lock()

    def seconds_to_wait(self, key: str) -> int:
        """Count a call: 0 where it may go on, else the whole seconds until the next one may; that one is not counted.

        Kept of a bucket is only when it will be full again (GCRA): a call moves that on by what one call takes.
        """
        one, whole = _NANO // self._rate.per_second, _NANO * self._rate.burst // self._rate.per_second
        with self._lock:
            now = self._clock()
            full_at = max(self._full_at.get(key, now), now) + one
            if full_at - now > whole:
                return math.ceil((full_at - now - whole) / _NANO)
            self._full_at[key] = full_at
            self._full_at.move_to_end(key)
            if len(self._full_at) > _REMEMBERED:
                self._full_at.popitem(last=False)
            return 0


def _count(buckets: Buckets | None, key: str, *, whose: str) -> None:
    seconds = 0 if buckets is None else buckets.seconds_to_wait(key)
    if seconds:
        raise TooManyRequests(whose, retry_after=seconds)
