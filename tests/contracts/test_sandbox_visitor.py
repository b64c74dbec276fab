"""A card is left on a hosted page, and the events of it are fetched, as a browser and a webhook would."""

from collections.abc import Iterator

import pytest

from billing.domain.errors import Unavailable
from billing.sandbox.server import RunningSandbox, running_sandbox
from billing.sandbox.visitor import events_since, leave_card
from tests.builders import utc
from tests.sandbox_client import Resource, StandingClock, client_of

KEY = "sk_test_visitor"
MARCH = int(utc("2026-03-01").timestamp())


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(clock=StandingClock()) as running:
        yield running


def a_page(sandbox: RunningSandbox) -> Resource:
    client = client_of(sandbox, key=KEY)
    customer = client.v1.customers.create().id
    order = {"mode": "setup", "currency": "usd", "customer": customer, "success_url": "https://shop.test/ok"}
    return client.v1.checkout.sessions.create(order)


def types(sandbox: RunningSandbox, epoch: int) -> list[str]:
    return [each["type"] for each in events_since(sandbox.url, epoch, key=KEY)]


def test_a_card_that_was_left_is_told_by_the_events_since_then_the_oldest_first(sandbox: RunningSandbox) -> None:
    page = a_page(sandbox)
    sandbox.control("POST", "clock", {"advance": 60})
    leave_card(page.url, number="5555555555554444", email="ap@acme.test")

    told = types(sandbox, MARCH + 60)
    assert "customer.created" in types(sandbox, MARCH)
    assert "customer.created" not in told
    assert told.index("setup_intent.succeeded") < told.index("checkout.session.completed")
    assert types(sandbox, MARCH + 61) == []


def test_a_page_that_is_closed_already_is_left_alone(sandbox: RunningSandbox) -> None:
    page = a_page(sandbox)
    leave_card(page.url, number="5555555555554444", email="ap@acme.test")
    before = types(sandbox, MARCH)

    leave_card(page.url, number="5555555555554444", email="ap@acme.test")

    assert types(sandbox, MARCH) == before


def test_a_card_that_the_page_refuses_and_a_key_that_is_none_are_told(sandbox: RunningSandbox) -> None:
    page = a_page(sandbox)
    with pytest.raises(Unavailable, match="answered 402"):
        leave_card(page.url, number="4000000000000002", email="ap@acme.test")
    with pytest.raises(Unavailable, match="answered 401"):
        events_since(sandbox.url, MARCH, key="none")
