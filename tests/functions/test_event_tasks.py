"""The queue's door for events: who may, what a pass leaves for the next one, and that a laptop delivers by itself."""

import json
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from billing.api.identity import Trusted
from billing.api.oidc import OidcTrust, TokenVerifier
from billing.domain.event import Event, EventType, event_of
from billing.domain.event_delivery import EventDelivery, EventStatus
from billing.domain.member import Role
from billing.ports.tasks import TASK_HEADER
from billing.store.event_turns import EventTurn, EventTurns
from billing.store.events import Events
from billing.store.tenants import Tenants
from billing.usecases.event_turn import TURN
from billing.wiring import local_engine
from tests.builders import a_fee, a_plan, a_tenant
from tests.event_receiver import SECRET, Receiver, receiving
from tests.functions.api_door import ApiDoor, running_api_door
from tests.functions.running_door import KEY, Answered
from tests.functions.served_app import START
from tests.kept_tasks import KeptTasks
from tests.oidc_issuer import OidcIssuer
from tests.served import ENVIRON, serving
from tests.world import World

PATH = "/tasks/events"
AUDIENCE, QUEUE = "https://proxy.example.com", "tasks@billing.iam.gserviceaccount.com"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def queue() -> KeptTasks:
    return KeptTasks()


@pytest.fixture
def issuer() -> Iterator[OidcIssuer]:
    with OidcIssuer() as running:
        yield running


@pytest.fixture
def door(tmp_path: Path, queue: KeptTasks, receiver: Receiver, issuer: OidcIssuer) -> Iterator[ApiDoor]:
    """`acme` has an address, `umbra` has none; the door's own clock stands."""
    trust = OidcTrust(
        audiences=(AUDIENCE,), issuers=(issuer.url,), service_accounts=frozenset({QUEUE}), certs_url=issuer.certs_url
    )
    trusted = Trusted(machines=TokenVerifier(trust))
    with running_api_door(tmp_path, tasks=queue, trusted=trusted, event_secrets={"EVENT_SECRET": SECRET}) as running:
        running.documents.commit([Tenants(running.documents).saving(a_tenant(id="acme", event_url=receiver.url))])
        yield running


def happens(door: ApiDoor, customer: str, *, tenant: str = "acme") -> Event:
    event = event_of(EventType.CUSTOMER_SUSPENDED, subject=f"customers/{customer}", occurred_at=START, fields={})
    door.documents.commit([Events.of(door.documents, tenant).creation(event)])
    return event


def delivery(door: ApiDoor, event: Event) -> EventDelivery:
    return Events.of(door.documents, "acme").get(event.id).value.delivery


def does(door: ApiDoor, queue: KeptTasks, *, number: int = -1) -> Answered:
    """Call as the queue does for one of its tasks."""
    task = list(queue.tasks.values())[number]
    sent = {**task.headers, TASK_HEADER: task.name, "x-internal-key": KEY}
    return door.ask("POST", task.path, body=b"{}", tenant=None, sent=sent)


def test_the_task_of_a_commit_delivers_its_events(door: ApiDoor, queue: KeptTasks, receiver: Receiver) -> None:
    events = [happens(door, name) for name in ("c1", "c2")]
    answered = does(door, queue)
    assert (answered.status, answered.json) == (200, {"delivered": 2, "failed": 0})
    assert sorted(receiver.ids) == sorted(each.id for each in events)
    assert (does(door, queue, number=0).json, len(queue.tasks)) == ({"delivered": 0, "failed": 0}, 2)


def test_what_a_receiver_got_is_found_in_the_api_by_its_id_with_the_same_data(
    door: ApiDoor, receiver: Receiver
) -> None:
    door.documents.commit([Tenants(door.documents).saving(a_tenant(id="umbra", event_url=receiver.url))])
    for tenant in ("acme", "umbra"):
        sent = door.ask("POST", "/api/billing/events/test", tenant=tenant, sent={"x-internal-key": KEY})
        assert sent.json["status"] == "delivered"
        taken = receiver.taken[-1]
        shown = door.ask(
            "GET",
            f"/api/billing/events/{taken.headers['webhook-id']}",
            tenant=tenant,
            sent={"x-internal-key": KEY},
        ).json
        assert shown["id"] == sent.json["id"] == taken.headers["webhook-id"]
        assert shown["data"] == json.loads(taken.body)["data"]
    assert len(set(receiver.ids)) == 2  # one receiver may serve several tenants, at one instant


def test_a_failure_is_an_answer_and_its_next_try_a_task_of_its_own(
    door: ApiDoor, queue: KeptTasks, receiver: Receiver
) -> None:
    """Ten tries with pauses of 30 seconds, 90 seconds, and so on: three times as long each time."""
    receiver.statuses = [500]
    event, pauses = happens(door, "c1"), list[float]()
    for number in range(10):
        answered = does(door, queue)
        assert (answered.status, answered.json) == (200, {"delivered": 0, "failed": 1})
        due = list(queue.tasks.values())[-1].due
        if due is not None and len(queue.tasks) == number + 2:
            pauses.append((due - door.clock.at).total_seconds())
            door.clock.at = due
    assert pauses == [30.0 * 3**tries for tries in range(9)]
    assert (delivery(door, event).status, delivery(door, event).tries) == (EventStatus.FAILED, 10)
    assert len(queue.tasks) == 10, "what was given up has no further task"


def test_a_task_that_comes_too_early_changes_nothing_and_asks_for_the_same_again(
    door: ApiDoor, queue: KeptTasks, receiver: Receiver
) -> None:
    receiver.statuses = [500, 204]
    event = happens(door, "c1")
    does(door, queue)
    does(door, queue, number=0)
    assert (len(receiver.taken), len(queue.tasks)) == (1, 2)
    door.clock.at += timedelta(seconds=30)
    assert does(door, queue).json == {"delivered": 1, "failed": 0}
    assert delivery(door, event).status is EventStatus.DELIVERED


def test_a_next_try_that_comes_before_its_time_has_a_task_again(
    door: ApiDoor, queue: KeptTasks, receiver: Receiver
) -> None:
    """By a function's clock that is a little behind the queue's; the queue takes no name twice within the hour."""
    receiver.statuses = [500, 204]
    event = happens(door, "c1")
    does(door, queue)
    for number in (2, 3):
        door.clock.at = START + timedelta(seconds=30) - timedelta(milliseconds=50)
        does(door, queue)
        assert (len(receiver.taken), len(queue.tasks)) == (1, number + 1)
    door.clock.at = START + timedelta(seconds=30)
    assert does(door, queue).json == {"delivered": 1, "failed": 0}
    assert delivery(door, event).status is EventStatus.DELIVERED


def test_a_call_that_may_take_little_time_delivers_as_well(
    tmp_path: Path, queue: KeptTasks, receiver: Receiver
) -> None:
    """Less than one event may take (RUN_DEADLINE_SECONDS): else each task would leave another, and deliver nothing."""
    secrets = {"EVENT_SECRET": SECRET}
    with running_api_door(tmp_path, tasks=queue, event_secrets=secrets, seconds=20) as door:
        door.documents.commit([Tenants(door.documents).saving(a_tenant(id="acme", event_url=receiver.url))])
        happens(door, "c1")
        assert does(door, queue).json == {"delivered": 1, "failed": 0}


def test_who_finds_the_turn_taken_has_the_queue_come_again_once_it_is_over(
    door: ApiDoor, queue: KeptTasks, receiver: Receiver
) -> None:
    """The holder may have been killed; many who come, also those of the same name, ask for one task."""
    happens(door, "c1")
    turns, until = EventTurns.of(door.documents, "acme"), datetime.now(UTC) + TURN
    door.documents.commit([turns.taking(EventTurn(holder=f"{1:032x}", until=until), over=None)])
    for _ in range(3):
        assert does(door, queue, number=0).json == {"delivered": 0, "failed": 0}
    assert ([each.due for each in queue.tasks.values()], receiver.taken) == ([None, until], [])


def test_passes_of_one_caller_under_one_request_id_are_told_apart(
    door: ApiDoor, queue: KeptTasks, receiver: Receiver
) -> None:
    """The actor is the same for many, and whoever calls chooses the id of the request."""
    happens(door, "c1")
    sent = {"x-internal-key": KEY, "x-request-id": "the-same", TASK_HEADER: "the-same"}
    receiver.silent_for = 60
    with ThreadPoolExecutor(1) as other:
        first = other.submit(door.ask, "POST", PATH, body=b"{}", sent=sent)
        deadline = time.monotonic() + 10
        while not receiver.taken and time.monotonic() < deadline:
            time.sleep(0.01)
        second = door.ask("POST", PATH, body=b"{}", sent=sent)
        receiver.done.set()
        assert (first.result().json, second.json) == (
            {"delivered": 1, "failed": 0},
            {"delivered": 0, "failed": 0},
        )
    assert len(receiver.taken) == 1


def tokens(issuer: OidcIssuer, **changed: object) -> dict[str, str]:
    claims = {"audience": AUDIENCE, "email": QUEUE, "now": datetime.now(UTC), **changed}
    return {"Authorization": f"Bearer {issuer.token(**claims)}"}  # type: ignore[arg-type]


def test_the_queue_s_own_account_may_and_nobody_else(door: ApiDoor, issuer: OidcIssuer) -> None:
    door.clock.at = datetime.now(UTC)
    happens(door, "c1")
    key = door.key(Role.ADMIN)
    refused: list[tuple[Mapping[str, str], int]] = [
        ({}, 401),
        ({"x-internal-key": f"{KEY}x"}, 401),
        ({"Authorization": f"Bearer {key}"}, 401),
        (tokens(issuer, audience="https://elsewhere.example.com"), 401),
        (tokens(issuer, email="mallory@evil.iam.gserviceaccount.com"), 403),
    ]
    for sent, status in refused:
        assert door.ask("POST", PATH, body=b"", sent=sent).status == status
    assert door.ask("POST", PATH, body=b"", sent=tokens(issuer)).json == {"delivered": 1, "failed": 0}


@pytest.mark.parametrize(("tenant", "status"), [(None, 400), ("nobody", 404), ("a/b", 422)])
def test_a_call_without_a_tenant_that_there_is_delivers_nothing(
    door: ApiDoor, tenant: str | None, status: int, receiver: Receiver
) -> None:
    happens(door, "c1")
    assert door.ask("POST", PATH, body=b"", tenant=tenant, sent={"x-internal-key": KEY}).status == status
    assert receiver.taken == []


def test_a_tenant_without_an_address_is_answered_like_any_other(door: ApiDoor) -> None:
    happens(door, "c1", tenant="umbra")
    answered = door.ask("POST", PATH, body=b"", tenant="umbra", sent={"x-internal-key": KEY})
    assert (answered.status, answered.json) == (200, {"delivered": 0, "failed": 0})


def as_staff(door: ApiDoor, method: str, path: str, body: object = None) -> Answered:
    token = door.key(Role.STAFF, "events:read", "events:write")
    return door.ask(method, f"/api/billing/events{path}", body=body, token=token)


def test_the_log_of_an_event_shows_each_try_and_a_bad_hour_is_sent_again(door: ApiDoor, receiver: Receiver) -> None:
    receiver.statuses = [500, 204]
    event = happens(door, "c1")
    assert as_staff(door, "POST", f"/{event.id}/retry").json["status"] == "undelivered"
    told = as_staff(door, "POST", f"/{event.id}/retry").json
    assert (told["status"], [each["status"] for each in told["log"]]) == ("delivered", [500, 204])
    door.clock.at += timedelta(minutes=1)
    again = {"since": "2026-03-01T00:00:00Z", "status": ["delivered"]}
    assert as_staff(door, "POST", "/retry", again).json == {"put_back": 1}
    assert [each["status"] for each in as_staff(door, "GET", f"/{event.id}").json["log"]] == [500, 204, 204]
    assert as_staff(door, "POST", "/retry", {"since": "2026-03-01T00:00:00Z"}).json == {"put_back": 0}
    assert as_staff(door, "POST", "/retry", {"since": "2027-03-01T00:00:00Z"}).status == 422


def test_a_test_event_is_answered_with_what_came_of_it(door: ApiDoor, receiver: Receiver) -> None:
    receiver.statuses = [410, 204]
    refused = as_staff(door, "POST", "/test")
    door.clock.at += timedelta(minutes=1)
    taken = as_staff(door, "POST", "/test")
    assert (refused.status, refused.json["status"], refused.json["log"][0]["status"]) == (200, "failed", 410)
    assert (taken.json["type"], taken.json["status"], taken.json["subject"]) == ("test", "delivered", "tests/acme")
    nowhere = door.ask("POST", "/api/billing/events/test", tenant="umbra", sent={"x-internal-key": KEY})
    assert (nowhere.status, nowhere.json["errors"][0]["field"]) == (422, "event_url")


def test_on_a_laptop_an_event_is_out_as_soon_as_it_happens(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody calls `billing events deliver`: the server's own queue does what Cloud Tasks does."""
    monkeypatch.setitem(ENVIRON, "EVENT_SECRET", SECRET)
    books = local_engine(tmp_path, payment_link_base="")
    world = World(documents=books.documents, objects=books.objects, tenant=a_tenant(event_url=receiver.url))
    world.subscribes("ada", to=world.plan(a_plan(fees=[a_fee("49.00")], anchor_day=1)), on="2026-01-01")
    with serving(tmp_path) as server:
        body = {"as_of": "2026-02-01"}
        status, run = server.call("POST", "/generate_invoices", sent=server.as_machine, body=body)
        assert (status, run["generated"]) == (200, 1)
        deadline = time.monotonic() + 10
        while not receiver.taken and time.monotonic() < deadline:
            time.sleep(0.01)
        code, log = server.stop()
    [taken] = receiver.taken
    told = Webhook(SECRET).verify(taken.body, taken.headers)
    assert (told["type"], told["data"]["total"], told["data"]["customer_id"]) == ("invoice.issued", 4900, "ada")
    [line] = [each for each in log if each.get("route") == PATH]
    assert (code, line["status"], line["delivered"]) == (0, 200, 1)
