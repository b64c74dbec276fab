"""The sandbox as most of its contracts find it: a clock that stands still, and an account of its own for each test."""

from collections.abc import Iterator

import pytest

from billing.sandbox.server import RunningSandbox, running_sandbox
from tests.sandbox_client import Client, StandingClock, client_of


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(clock=StandingClock()) as running:
        yield running


@pytest.fixture
def client(sandbox: RunningSandbox) -> Client:
    return client_of(sandbox)
