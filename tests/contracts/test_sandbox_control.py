"""What Stripe has not: time that moves, faults on demand, cards that go bad or are renewed; and a state that stays."""

import http.client
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import stripe

from billing.domain.errors import InvalidInput, Unavailable
from billing.sandbox.server import RunningSandbox, running_sandbox
from tests.sandbox_client import (
    OFF_SESSION,
    USD_10,
    Client,
    StandingClock,
    browse,
    client_of,
    customer_with,
    error_of,
    event_types,
)

MARCH = datetime(2026, 3, 1, tzinfo=UTC)
INTENTS = "/v1/payment_intents"


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(clock=StandingClock(MARCH)) as running:
        yield running


@pytest.fixture
def client(sandbox: RunningSandbox) -> Client:
    return client_of(sandbox)


def test_time_moves_on_by_seconds_or_to_an_instant(client: Client, sandbox: RunningSandbox) -> None:
    assert client.v1.customers.create().created == int(MARCH.timestamp())
    assert sandbox.control("POST", "clock", {"advance": 86_400})["now"] == "2026-03-02T00:00:00+00:00"
    assert sandbox.control("POST", "clock", {"set": "2026-03-05T00:00:00+01:00"})["epoch"] == 1772665200
    assert client.v1.customers.create().created == 1772665200


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"advance": 0},
        {"advance": -5},
        {"advance": "1"},
        {"set": "2026-02-01T00:00:00Z"},
        {"set": "2026-04-01"},
        {"advance": 1, "set": 1772665200},
        {"forward": 1},
    ],
)
def test_time_never_moves_back_or_by_nonsense(sandbox: RunningSandbox, given: dict) -> None:
    with pytest.raises(InvalidInput):
        sandbox.control("POST", "clock", given)
    assert sandbox.control("GET", "clock")["now"] == MARCH.isoformat()


def test_an_answer_is_lost_after_the_money_was_taken(client: Client, sandbox: RunningSandbox) -> None:
    customer, method = customer_with(client)
    given = {**USD_10, **OFF_SESSION, "customer": customer, "payment_method": method}
    sandbox.control("POST", "faults", {"kind": "lose_answer", "path": INTENTS})
    with pytest.raises(stripe.APIConnectionError):
        client.v1.payment_intents.create(given, {"idempotency_key": "k"})
    [taken] = client.v1.payment_intents.list({"customer": customer}).data
    assert taken.status == "succeeded"
    assert client.v1.payment_intents.create(given, {"idempotency_key": "k"}).id == taken.id
    assert len(client.v1.charges.list().data) == 1


def test_a_connection_drops_before_anything_was_done(client: Client, sandbox: RunningSandbox) -> None:
    sandbox.control("POST", "faults", {"kind": "drop_before", "path": INTENTS, "times": 2})
    for _ in range(2):
        with pytest.raises(stripe.APIConnectionError):
            client.v1.payment_intents.create(USD_10, {"idempotency_key": "k"})
    assert client.v1.payment_intents.list().data == []
    assert client.v1.payment_intents.create(USD_10, {"idempotency_key": "k"}).amount == 1000


def test_the_librarys_own_retries_bridge_a_dropped_connection_and_a_conflict(sandbox: RunningSandbox) -> None:
    sandbox.control("POST", "faults", {"kind": "drop_before", "path": INTENTS})
    patient = stripe.StripeClient("sk_test_patient", base_addresses={"api": sandbox.url}, max_network_retries=2)
    patient.v1.payment_intents.create({"amount": 1000, "currency": "usd"})
    assert len(patient.v1.payment_intents.list().data) == 1


def test_stripe_breaks_before_and_after_execution(client: Client, sandbox: RunningSandbox) -> None:
    sandbox.control("POST", "faults", {"kind": "server_error", "path": INTENTS})
    with pytest.raises(stripe.APIError) as raised:
        client.v1.payment_intents.create(USD_10, {"idempotency_key": "k"})
    assert raised.value.http_status == 500
    assert client.v1.payment_intents.list().data == []
    sandbox.control("POST", "faults", {"kind": "fail_after", "path": INTENTS})
    for _ in range(2):  # a 500 after execution is kept for the key, as the documentation says
        with pytest.raises(stripe.APIError):
            client.v1.payment_intents.create(USD_10, {"idempotency_key": "k"})
    assert len(client.v1.payment_intents.list().data) == 1


def test_too_many_requests_are_told_when_to_come_back(client: Client, sandbox: RunningSandbox) -> None:
    sandbox.control("POST", "faults", {"kind": "rate_limit", "path": "/v1/customers*", "method": "*", "retry_after": 7})
    with pytest.raises(stripe.RateLimitError) as raised:
        client.v1.customers.list()
    assert (raised.value.http_status, error_of(raised).code) == (429, "rate_limit")
    assert raised.value.headers is not None
    assert raised.value.headers["retry-after"] == "7"
    assert client.v1.customers.list().data == []


def test_faults_are_listed_and_cleared(client: Client, sandbox: RunningSandbox) -> None:
    sandbox.control("POST", "faults", {"kind": "server_error", "path": INTENTS, "times": 5})
    with pytest.raises(stripe.APIError):
        client.v1.payment_intents.create(USD_10)
    [fault] = sandbox.control("GET", "faults")["faults"]
    assert (fault["kind"], fault["times"], fault["met"]) == ("server_error", 5, 1)
    assert sandbox.control("DELETE", "faults") == {"faults": []}
    assert client.v1.payment_intents.create(USD_10).status == "requires_payment_method"


@pytest.mark.parametrize(
    "given", [{}, {"kind": "explode"}, {"kind": "latency", "times": "2"}, {"kind": "latency", "pth": "/v1"}]
)
def test_a_fault_that_makes_no_sense_is_refused(sandbox: RunningSandbox, given: dict) -> None:
    with pytest.raises(InvalidInput):
        sandbox.control("POST", "faults", given)
    assert sandbox.control("GET", "faults") == {"faults": []}


def test_a_good_card_goes_bad_and_is_renewed(client: Client, sandbox: RunningSandbox) -> None:
    customer, method = customer_with(client)
    given = {**USD_10, **OFF_SESSION, "customer": customer, "payment_method": method}
    assert client.v1.payment_intents.create(given).status == "succeeded"
    sandbox.control("POST", f"payment_methods/{method}/decline", {"code": "expired_card"})
    with pytest.raises(stripe.CardError) as raised:
        client.v1.payment_intents.create(given)
    assert (error_of(raised).code, error_of(raised).param) == ("expired_card", "exp_month")
    renewed = {"exp_month": 4, "exp_year": 2030, "number": "5555555555554444"}
    sandbox.control("POST", f"payment_methods/{method}/renew", renewed)
    assert client.v1.payment_intents.create(given).status == "succeeded"
    card = client.v1.payment_methods.retrieve(method).card
    assert (card.exp_month, card.exp_year, card.brand, card.last4) == (4, 2030, "mastercard", "4444")
    assert "payment_method.automatically_updated" in event_types(client)


@pytest.mark.parametrize(
    ("path", "given"),
    [
        ("payment_methods/pm_none/decline", {"code": None}),
        ("charges/ch_none/dispute", {}),
        ("charges/ch_none/dispute", {"reason": "no"}),
        ("charges/ch_none/dispute", {"amount": 0}),
        ("disputes/du_none/close", {"outcome": "draw"}),
        ("refunds/re_none/settle", {"status": "lost"}),
        ("events/evt_none/resend", {}),
        ("events/evt_none/resend", {"x": 1}),
        ("nothing", {}),
    ],
)
def test_a_control_call_that_makes_no_sense_is_refused(sandbox: RunningSandbox, path: str, given: dict) -> None:
    with pytest.raises(InvalidInput):
        sandbox.control("POST", path, given)


@pytest.mark.parametrize(("kind", "body"), [("text/plain", '{"advance": 5}'), ("application/json", "[5]")])
def test_control_takes_json_objects_only(sandbox: RunningSandbox, kind: str, body: str) -> None:
    connection = http.client.HTTPConnection(sandbox.url.removeprefix("http://"), timeout=10)
    connection.request("POST", "/v1/_sandbox/clock", body, {"Content-Type": kind})
    response = connection.getresponse()
    assert (response.status, json.loads(response.read())["error"]["code"]) == (400, "invalid_input")
    connection.close()


def test_a_body_over_a_megabyte_is_refused(sandbox: RunningSandbox) -> None:
    connection = http.client.HTTPConnection(sandbox.url.removeprefix("http://"), timeout=10)
    connection.request("POST", "/v1/customers", "a=" + "x" * 1_000_001, {"Authorization": "Bearer sk_test_x"})
    assert connection.getresponse().status == 413
    connection.close()


def test_a_restart_keeps_everything(tmp_path: Path) -> None:
    file = tmp_path / "deeper" / "sandbox.sqlite3"
    with running_sandbox(clock=StandingClock(MARCH), file=file) as sandbox:
        client = client_of(sandbox, key="sk_test_kept")
        customer, method = customer_with(client, "pm_card_authenticationRequiredOnSetup")
        setup = {"customer": customer, "payment_method": method, "confirm": True, "return_url": "https://shop.test"}
        waiting = client.v1.setup_intents.create(setup)
        browse(waiting.next_action.redirect_to_url.url, {"result": "complete"})
        given = {**USD_10, **OFF_SESSION, "customer": customer, "payment_method": method}
        paid = client.v1.payment_intents.create(given, {"idempotency_key": "k"})
        deleted = client.v1.webhook_endpoints.create({"url": f"{sandbox.url}/x", "enabled_events": ["*"]})
        client.v1.webhook_endpoints.delete(deleted.id)
        client.v1.webhook_endpoints.create({"url": "http://127.0.0.1:9/closed", "enabled_events": ["*"]})
        client.v1.customers.create()
        sandbox.control("POST", "clock", {"advance": 3_600})
        before = event_types(client)
    with running_sandbox(clock=StandingClock(MARCH), file=file) as sandbox:
        client = client_of(sandbox, key="sk_test_kept")
        assert sandbox.control("GET", "clock")["epoch"] == int((MARCH + timedelta(hours=1)).timestamp())
        assert event_types(client) == before
        assert client.v1.payment_intents.create(given, {"idempotency_key": "k"}).id == paid.id
        assert client.v1.payment_intents.create(given).status == "succeeded"  # the card is still set up
        assert len(client.v1.webhook_endpoints.list().data) == 1
        pending = [each["status"] for each in sandbox.control("GET", "deliveries")["deliveries"]]
        assert "pending" in pending


def test_a_file_that_another_sandbox_has_or_that_is_none_of_ours_is_refused(tmp_path: Path) -> None:
    file, text = tmp_path / "sandbox.sqlite3", tmp_path / "text.sqlite3"
    text.write_text("not a database, and long enough to be read as one" * 100)
    with running_sandbox(clock=StandingClock(), file=file) as sandbox:
        for refused in (file, text):
            with pytest.raises(Unavailable, match="sqlite3"), running_sandbox(clock=StandingClock(), file=refused):
                pass
        assert client_of(sandbox).v1.customers.create().balance == 0


def test_what_is_kept_in_memory_is_gone_after_a_restart() -> None:
    for _ in range(2):
        with running_sandbox(clock=StandingClock(MARCH)) as sandbox:
            client = client_of(sandbox, key="sk_test_same")
            assert client.v1.customers.list().data == []
            client.v1.customers.create()


def test_a_sandbox_starts_at_an_instant_and_never_before_what_it_remembers(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.sqlite3"
    with running_sandbox(clock=StandingClock(MARCH), file=file, starts_at=MARCH - timedelta(days=30)) as sandbox:
        assert sandbox.control("GET", "clock")["now"] == "2026-01-30T00:00:00+00:00"
    with (
        pytest.raises(InvalidInput),
        running_sandbox(clock=StandingClock(MARCH), file=file, starts_at=datetime(2026, 1, 1, tzinfo=UTC)),
    ):
        pass
    with running_sandbox(clock=StandingClock(MARCH), file=file, starts_at=MARCH) as sandbox:
        assert sandbox.control("GET", "clock")["now"] == MARCH.isoformat()


def test_a_port_in_use_is_said_plainly(sandbox: RunningSandbox) -> None:
    port = int(sandbox.url.rsplit(":", 1)[1])
    with pytest.raises(Unavailable, match=f"port {port}"), running_sandbox(clock=StandingClock(), port=port):
        pass
