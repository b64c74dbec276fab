"""The sandbox as most contracts find it, and the gateway on it: its clock stands, and each test has its own account."""

from collections.abc import Iterator
from itertools import count

import pytest

from billing.adapters.stripe_gateway import StripeGateway
from billing.ports import Gateway
from billing.sandbox.server import RunningSandbox, running_sandbox
from tests.sandbox_client import Client, StandingClock, client_of

_accounts = count(1)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(clock=StandingClock()) as running:
        yield running


@pytest.fixture
def client(sandbox: RunningSandbox) -> Client:
    return client_of(sandbox)


@pytest.fixture
def key() -> str:
    """Stripe's key of an account that no other test has."""
    return f"sk_test_gateway{next(_accounts)}"


@pytest.fixture
def gateway(sandbox: RunningSandbox, key: str) -> Gateway:
    return StripeGateway(key, base_url=sandbox.url, timeout_seconds=2)
