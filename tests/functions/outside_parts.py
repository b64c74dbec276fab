"""What a module's doors have in common: a mail server and a sandbox for Stripe, both real and on this machine."""

from collections.abc import Iterator

import pytest

from billing.sandbox.server import RunningSandbox, running_sandbox
from tests.functions.inbox import Inbox, mail_server
from tests.sandbox_client import StandingClock


@pytest.fixture(scope="module")
def inbox() -> Iterator[Inbox]:
    with mail_server() as running:
        yield running


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(clock=StandingClock()) as running:
        yield running
