"""A token bucket for each caller: so many calls at once after a rest, then as many as its rate; no other notices."""

import pytest

from billing.api.problem import TooManyRequests, problem_of
from billing.api.rate_limits import Buckets, Rate, RateLimits

SECOND = 1_000_000_000


class Watch:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.nanoseconds = 5 * SECOND

    def __call__(self) -> int:
        return self.nanoseconds


def test_a_burst_is_let_in_and_then_one_call_for_each_interval() -> None:
    watch = Watch()
    buckets = Buckets(Rate(per_second=2, burst=3), clock_ns=watch)
    assert [buckets.seconds_to_wait("ada") for _ in range(5)] == [0, 0, 0, 1, 1]
    watch.nanoseconds += SECOND // 2
    assert [buckets.seconds_to_wait("ada") for _ in range(2)] == [0, 1]
    watch.nanoseconds += 60 * SECOND
    assert [buckets.seconds_to_wait("ada") for _ in range(4)] == [0, 0, 0, 1]


def test_a_refused_call_does_not_count() -> None:
    watch = Watch()
    buckets = Buckets(Rate(per_second=1, burst=1), clock_ns=watch)
    assert buckets.seconds_to_wait("ada") == 0
    assert [buckets.seconds_to_wait("ada") for _ in range(100)] == [1] * 100
    watch.nanoseconds += SECOND
    assert buckets.seconds_to_wait("ada") == 0


def test_callers_have_a_bucket_each() -> None:
    buckets = Buckets(Rate(per_second=1, burst=1), clock_ns=Watch())
    assert [buckets.seconds_to_wait(caller) for caller in ("ada", "ada", "grace")] == [0, 1, 0]


def test_what_is_remembered_is_bounded() -> None:
    """The one that was quiet the longest is forgotten, which only gives it a full bucket again."""
    buckets = Buckets(Rate(per_second=1, burst=1), clock_ns=Watch())
    for number in range(10_001):
        buckets.seconds_to_wait(f"caller-{number}")
    assert buckets.seconds_to_wait("caller-10000") == 1
    assert buckets.seconds_to_wait("caller-0") == 0


def test_too_many_calls_are_told_when_to_come_again() -> None:
    limits = RateLimits(caller=Rate(per_second=1, burst=1), tenant=Rate(per_second=1, burst=1), clock_ns=Watch())
    limits.count_caller("key:1", proof=b"1")
    limits.count_tenant("acme")
    with pytest.raises(TooManyRequests, match="too many requests of this caller") as refused:
        limits.count_caller("key:1", proof=b"1")
    with pytest.raises(TooManyRequests, match="too many requests of this tenant"):
        limits.count_tenant("acme")
    answer = problem_of(refused.value)
    assert (answer.status, answer.headers["Retry-After"]) == (429, "1")


def test_without_a_rate_nothing_is_limited() -> None:
    limits = RateLimits()
    for _ in range(1000):
        limits.count_caller("key:1", proof=b"1")
        limits.count_tenant("acme")


def test_a_caller_that_is_known_by_its_proof_is_counted_before_it_is_looked_up() -> None:
    watch = Watch()
    limits = RateLimits(caller=Rate(per_second=1, burst=2), clock_ns=watch)
    assert limits.count_known(b"1") is False
    limits.count_caller("key:1", proof=b"1")
    assert limits.count_known(b"1") is True
    with pytest.raises(TooManyRequests):
        limits.count_known(b"1")
    assert limits.count_known(b"never seen") is False
    with pytest.raises(TooManyRequests):  # another way to say the same key
        limits.count_caller("key:1", proof=b"2")
    watch.nanoseconds += SECOND
    assert limits.count_known(b"2") is True


def test_the_proofs_that_are_remembered_are_bounded() -> None:
    limits = RateLimits()
    for number in range(10_001):
        limits.count_caller("key:1", proof=str(number).encode())
    assert [limits.count_known(each) for each in (b"0", b"1", b"10000")] == [False, True, True]
