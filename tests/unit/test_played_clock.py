"""The clock of played days: it goes on, a little with each look, and never back."""

from datetime import timedelta

from billing.cli.played_clock import PlayedClock
from tests.builders import utc

NOON = utc("2026-03-01T12:00")


def test_each_look_is_later_than_the_one_before_and_near_it() -> None:
    clock = PlayedClock(NOON)
    looks = [clock.now() for _ in range(1000)]
    assert looks == sorted(set(looks))
    assert looks[0] > NOON
    assert looks[-1] - NOON == timedelta(milliseconds=100)


def test_it_moves_on_and_never_back() -> None:
    clock = PlayedClock(NOON)
    clock.move_to(NOON + timedelta(days=1))
    assert clock.now() > NOON + timedelta(days=1)
    clock.move_to(NOON)
    assert clock.now() > NOON + timedelta(days=1)
