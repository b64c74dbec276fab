"""A Secret Manager of a test's own, and a clock for who keeps what it answers."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tests.google_servers import SecretManagerServer


class Clock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.instant = datetime(2026, 3, 1, 0, 5, tzinfo=UTC)

    def now(self) -> datetime:
        return self.instant


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def server() -> Iterator[SecretManagerServer]:
    with SecretManagerServer() as server:
        yield server
