"""`billing events`: the outbox of a directory's book, delivered to a real server on this machine."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks import Webhook
from typer.testing import CliRunner, Result

from billing.cli import app
from billing.domain.event import Event, EventType, event_of
from billing.domain.event_delivery import EventDelivery, EventStatus
from billing.ports import Documents
from billing.store.event_turns import EventTurn, EventTurns
from billing.store.events import Events
from billing.store.tenants import Tenants
from billing.usecases.event_turn import TURN
from billing.wiring import local_engine
from tests.builders import a_tenant, utc
from tests.event_receiver import SECRET, Receiver, receiving

SUSPENDED, RESTORED = (
    event_of(type_, subject="customers/c1", occurred_at=utc(f"2026-03-{day}T09:00"), fields={"reason": "unpaid"})
    for type_, day in ((EventType.CUSTOMER_SUSPENDED, "15"), (EventType.CUSTOMER_RESTORED, "20"))
)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def documents(tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> Documents:
    """A seller whose system listens, and the secret that both have."""
    monkeypatch.setenv("EVENT_SECRET", SECRET)
    engine = local_engine(tmp_path, payment_link_base="http://127.0.0.1:8080")
    engine.documents.commit([Tenants(engine.documents).saving(a_tenant(event_url=receiver.url))])
    return engine.documents


def write(documents: Documents, *events: Event) -> None:
    documents.commit([Events.of(documents, "acme").creation(each) for each in events])


def run(*arguments: str, directory: Path) -> Result:
    return CliRunner().invoke(app, ["events", *arguments, "--dir", str(directory)])


def answer(*arguments: str, directory: Path, code: int = 0) -> dict:
    result = run(*arguments, "--json", directory=directory)
    assert result.exit_code == code, result.stderr
    return json.loads(result.stdout)


def test_without_events_there_is_nothing_to_list_or_deliver(tmp_path: Path, documents: Documents) -> None:
    assert run("list", directory=tmp_path).stdout == "No events.\n"
    assert run("deliver", directory=tmp_path).stdout == "0 delivered\n"


def test_what_is_due_is_delivered_and_listed(tmp_path: Path, documents: Documents, receiver: Receiver) -> None:
    write(documents, SUSPENDED, RESTORED)
    assert answer("deliver", directory=tmp_path) == {
        "tenant_id": "acme",
        "delivered": 2,
        "not_wanted": 0,
        "next_at": None,
        "errors": [],
    }
    said = [Webhook(SECRET).verify(each.body, each.headers)["type"] for each in receiver.taken]
    assert said == ["customer.suspended", "customer.restored"]
    listed = answer("list", "--limit", "1", directory=tmp_path)["events"]
    assert [(each["id"], each["status"], each["tries"]) for each in listed] == [(RESTORED.id, "delivered", 1)]
    shown = run("list", directory=tmp_path).stdout
    assert "2026-03-15 09:00" in shown
    assert SUSPENDED.id in shown


def test_where_another_pass_delivers_it_is_said_until_when_it_may(
    tmp_path: Path, documents: Documents, receiver: Receiver
) -> None:
    write(documents, SUSPENDED)
    turns, until = EventTurns.of(documents, "acme"), datetime.now(UTC) + TURN
    documents.commit([turns.taking(EventTurn(holder="another", until=until), over=None)])
    told = answer("deliver", directory=tmp_path)
    assert (told["delivered"], datetime.fromisoformat(told["next_at"])) == (0, until)
    assert f"more is due from {until:%Y-%m-%d %H:%M:%S} UTC on" in run("deliver", directory=tmp_path).stdout
    assert receiver.taken == []


def test_what_is_not_taken_is_said_with_what_comes_next(
    tmp_path: Path, documents: Documents, receiver: Receiver
) -> None:
    write(documents, SUSPENDED)
    receiver.statuses = [500]
    result = run("deliver", directory=tmp_path)
    due = Events.of(documents, "acme").get(SUSPENDED.id).value.delivery.next_try_at
    said = f"0 delivered\nmore is due from {due:%Y-%m-%d %H:%M:%S} UTC on\n"
    assert (result.exit_code, result.stdout) == (1, said)
    assert result.stderr == (
        f"customers/c1: the event {SUSPENDED.id} was not taken: its receiver answered with status 500"
        " (it will be tried again)\n"
    )
    [listed] = answer("list", directory=tmp_path)["events"]
    assert (listed["status"], listed["tries"], listed["error"]) == (
        "undelivered",
        1,
        "its receiver answered with status 500",
    )
    assert answer("list", "--failed", directory=tmp_path)["events"] == []


def test_what_was_given_up_is_listed_and_retried(tmp_path: Path, documents: Documents, receiver: Receiver) -> None:
    write(documents, SUSPENDED)
    events = Events.of(documents, "acme")
    given_up = EventDelivery(status=EventStatus.FAILED, tries=10, tried_at=utc("2026-03-18"), error="status 500")
    documents.commit([events.changed(events.get(SUSPENDED.id), given_up)])
    [failed] = answer("list", "--failed", directory=tmp_path)["events"]
    assert (failed["id"], failed["tries"]) == (SUSPENDED.id, 10)
    assert answer("deliver", directory=tmp_path)["delivered"] == 0
    assert answer("retry", SUSPENDED.id, directory=tmp_path)["delivered"] == 1
    assert answer("retry", SUSPENDED.id, directory=tmp_path)["delivered"] == 1, "its receiver may have lost it"
    assert receiver.ids == [SUSPENDED.id] * 2


def test_an_event_that_does_not_exist_can_not_be_retried(tmp_path: Path, documents: Documents) -> None:
    result = run("retry", "evt_none", directory=tmp_path)
    assert (result.exit_code, result.stderr) == (2, "billing: no event 'evt_none'\n")
    assert run("retry", "../evt", directory=tmp_path).exit_code == 2


def test_without_an_address_nothing_is_delivered_and_a_retry_says_how_to_get_one(
    tmp_path: Path, documents: Documents
) -> None:
    documents.commit([Tenants(documents).saving(a_tenant())])
    write(documents, SUSPENDED)
    assert "event_url=https://" in run("retry", SUSPENDED.id, directory=tmp_path).stderr
    assert run("deliver", directory=tmp_path).stdout == "0 delivered\n1 not wanted: acme has no event_url\n"
    assert "not wanted" in run("list", directory=tmp_path).stdout


def test_a_tenant_s_own_secret_goes_by_its_name(
    tmp_path: Path, documents: Documents, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = replace(Tenants(documents).get("acme"), event_secret_name="ACME")
    documents.commit([Tenants(documents).saving(tenant)])
    write(documents, SUSPENDED)
    missing = answer("deliver", directory=tmp_path, code=1)["errors"]
    assert [(each["code"], each["status"]) for each in missing] == [("unusable_event_secret", "undelivered")]
    assert "EVENT_SECRET_ACME is not set" in missing[0]["message"]
    monkeypatch.setenv("EVENT_SECRET_ACME", "whsec_" + "B" * 32)
    assert answer("deliver", directory=tmp_path)["delivered"] == 1
    [taken] = receiver.taken
    assert Webhook("B" * 32).verify(taken.body, taken.headers)["type"] == "customer.suspended"


def test_one_event_is_shown_with_each_try(tmp_path: Path, documents: Documents, receiver: Receiver) -> None:
    write(documents, SUSPENDED)
    receiver.statuses = [503]
    run("deliver", directory=tmp_path)
    shown = run("show", SUSPENDED.id, directory=tmp_path).stdout.splitlines()
    assert shown[:3] == [
        "customer.suspended of customers/c1, 2026-03-15 09:00:00 UTC",
        "  reason: unpaid",
        "undelivered",
    ]
    assert shown[3].endswith("ms: its receiver answered with status 503")
    assert shown[4].endswith("UTC or later: the next try")
    told = answer("show", SUSPENDED.id, directory=tmp_path)
    assert [(each["status"], each["error"]) for each in told["log"]] == [(503, "its receiver answered with status 503")]
    assert run("show", "evt_none", directory=tmp_path).exit_code != 0


def test_a_developer_tries_the_receiver_while_others_wait(
    tmp_path: Path, documents: Documents, receiver: Receiver
) -> None:
    write(documents, SUSPENDED)
    told = answer("test", directory=tmp_path)
    assert (told["type"], told["status"], told["subject"], told["tries"]) == ("test", "delivered", "tests/acme", 1)
    [taken] = receiver.taken
    assert Webhook(SECRET).verify(taken.body, taken.headers)["type"] == "test"
    receiver.statuses = [404]
    refused = run("test", directory=tmp_path)
    assert refused.exit_code == 1
    assert "its receiver answered with status 404" in refused.stdout
    receiver.statuses = [204]
    assert answer("deliver", directory=tmp_path)["delivered"] == 1, "a test is never tried again"


def test_without_an_address_nothing_can_be_tried(tmp_path: Path, documents: Documents) -> None:
    documents.commit([Tenants(documents).saving(a_tenant())])
    for command in (["test"], ["retry", "--since", "2026-03-15"]):
        refused = run(*command, directory=tmp_path)
        assert refused.exit_code != 0
        assert "has no address for events" in refused.stderr


def test_those_of_a_time_are_put_back_together(tmp_path: Path, documents: Documents, receiver: Receiver) -> None:
    write(documents, SUSPENDED, RESTORED)
    run("deliver", directory=tmp_path)
    assert run("retry", "--since", "2026-03-01", directory=tmp_path).stdout == "0 put back\n0 delivered\n"
    some = run("retry", "--since", "2026-03-15T09:00:00Z", "--until", "2026-03-16", "--all", directory=tmp_path)
    assert some.stdout == "1 put back\n1 delivered\n"
    assert answer("retry", "--since", "2026-03-01", "--all", directory=tmp_path)["delivered"] == 2
    assert len(receiver.taken) == 5


def test_a_retry_says_which(tmp_path: Path, documents: Documents) -> None:
    for arguments in ([], [SUSPENDED.id, "--since", "2026-03-01"]):
        refused = run("retry", *arguments, directory=tmp_path)
        assert refused.exit_code != 0
        assert "name one event, or a time with --since" in refused.stderr
