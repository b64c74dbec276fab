"""The door of the dunning run over HTTP: what older clients read, what may be asked, what is refused."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest

from billing.ports import Put
from billing.sandbox.server import RunningSandbox, running_sandbox
from tests.functions.inbox import Inbox, mail_server
from tests.functions.laptop import Laptop, laptop_door
from tests.functions.running_door import RunningDoor
from tests.functions.unpaid_book import UnpaidBook, unpaid_book
from tests.sandbox_client import StandingClock

DAY_3, DAY_21 = "2026-02-05", "2026-02-23"
TENANTS = 20

_numbers = count(1)


@dataclass(frozen=True, kw_only=True)
class Chasing:
    """The door, its Stripe and its mail server."""

    laptop: Laptop
    sandbox: RunningSandbox
    inbox: Inbox

    @property
    def door(self) -> RunningDoor:
        return self.laptop.door

    def owed(self, tenant_id: str = "", *, each: int = 1) -> tuple[str, UnpaidBook]:
        """A new tenant with unpaid invoices."""
        tenant_id = tenant_id or f"t{next(_numbers)}"
        documents, objects = self.laptop.documents, self.laptop.objects
        return tenant_id, unpaid_book(self.sandbox, tenant_id, documents=documents, objects=objects, each=each)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(clock=StandingClock()) as running:
        yield running


def chasing(folder: Path, sandbox: RunningSandbox, *, tenants: tuple[str, ...]) -> Iterator[Chasing]:
    keys = {f"STRIPE_API_KEY_{tenant.upper()}": f"sk_test_{tenant}" for tenant in tenants}
    with ExitStack() as running:
        inbox = running.enter_context(mail_server())
        parts = {"BILLING_MAIL": inbox.url, "STRIPE_BASE_URL": sandbox.url}
        laptop = running.enter_context(laptop_door(folder, function="run_dunning", more=parts | keys))
        yield Chasing(laptop=laptop, sandbox=sandbox, inbox=inbox)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, sandbox: RunningSandbox) -> Iterator[Chasing]:
    """For the tests that look at one tenant only."""
    tenants = tuple(f"t{number}" for number in range(1, TENANTS + 1))
    yield from chasing(tmp_path_factory.mktemp("laptop"), sandbox, tenants=tenants)


@pytest.fixture
def own(tmp_path: Path, sandbox: RunningSandbox) -> Iterator[Chasing]:
    """With no tenants but the test's own: a, b and c."""
    yield from chasing(tmp_path, sandbox, tenants=("a", "b", "c"))


def test_an_older_client_reads_who_was_reminded_and_how_often(shared: Chasing) -> None:
    tenant, _ = shared.owed()

    answered = shared.door.post({"as_of": DAY_3}, tenant=tenant)

    assert answered.status == 200
    assert answered.headers["content-type"] == "application/json"
    read = [(each["customerId"], each["action"], each["reminderCount"]) for each in answered.json["details"]]
    assert answered.json["processed"] == len(read) == 6
    assert sorted(read) == [
        ("broke-0", "overdue", 0),
        ("broke-0", "reminder", 1),
        ("recovering-0", "overdue", 0),
        ("recovering-0", "recovered", 0),
        ("wire-0", "overdue", 0),
        ("wire-0", "reminder", 1),
    ]


def test_each_detail_and_the_report_stand_beside_them(shared: Chasing) -> None:
    tenant, _ = shared.owed()

    report = shared.door.post({"as_of": DAY_3}, tenant=tenant).json

    details = {each["customerId"]: each for each in report["details"] if each["action"] != "overdue"}
    assert details["wire-0"] == {
        "customerId": "wire-0",
        "action": "reminder",
        "reminderCount": 1,
        "invoice_id": "sub-wire-0.20260101T000000Z.r0",
        "number": "INV-2026-01-0003",
        "before": "issued",
        "after": "reminder_sent",
        "day": 3,
        "notice": "payment_reminder",
        "charged": Decimal("0.00"),
        "passed_over": [0],
        "amount_due": Decimal("49.00"),
        "currency": "USD",
        "note": "the customer pays by transfer",
    }
    recovered = details["recovering-0"]
    assert (recovered["charged"], recovered["amount_due"], recovered["after"]) == (Decimal("49.00"), Decimal(0), "paid")
    assert (report["tenant"], report["as_of"], report["dry_run"]) == (tenant, f"{DAY_3}T00:00:00+00:00", False)
    assert (report["complete"], report["overdue"], report["busy"], report["failures"]) == (True, 3, 0, [])
    assert report["actions"] == {"overdue": 3, "recovered": 1, "reminder": 2}
    assert report["mailed"] == 1  # the receipt
    assert list(report)[:2] == ["processed", "details"]
    assert list(report)[-2:] == ["operations", "seconds"]


def test_the_service_of_who_never_pays_is_suspended(shared: Chasing) -> None:
    tenant, book = shared.owed()
    shared.door.post({"as_of": DAY_3}, tenant=tenant)

    suspended = shared.door.post({"as_of": DAY_21}, tenant=tenant).json

    read = {each["customerId"]: (each["action"], each["passed_over"]) for each in suspended["details"]}
    assert read == {"broke-0": ("suspended", [7]), "wire-0": ("suspended", [7])}
    assert book.case("wire-0").suspended_at is not None
    assert book.case("recovering-0").suspended_at is None


def test_customers_and_the_seller_get_their_mails(own: Chasing) -> None:
    own.owed("a")

    own.door.post({"as_of": DAY_3}, tenant="a")

    assert own.inbox.kinds("recovering-0@kunde.test") == ["receipt"]
    assert own.inbox.kinds("broke-0@kunde.test") == ["payment_reminder"]
    assert own.inbox.kinds("wire-0@kunde.test") == ["payment_reminder"]
    assert own.inbox.kinds("owner@acme.test") == ["tenant_payment_failed"]
    [mail] = [each.mail for each in own.inbox.arrived if each.mail["To"] == "wire-0@kunde.test"]
    assert [each.get_content_type() for each in mail.iter_attachments()] == ["application/pdf"]


def test_a_second_call_does_nothing_twice(shared: Chasing) -> None:
    tenant, book = shared.owed()
    shared.door.post({"as_of": DAY_3}, tenant=tenant)
    before, mails = book.world.everything(), len(shared.inbox.arrived)

    again = shared.door.post({"as_of": DAY_3}, tenant=tenant).json

    assert (again["processed"], again["details"], again["complete"]) == (0, [], True)
    assert len(shared.inbox.arrived) == mails
    assert book.world.taken() == [4900]
    changed = {path for path, stood in book.world.everything().items() if before.get(path) != stood}
    assert {path.split("/")[2] for path in changed} <= {"runs", "audit_seals"}


def test_a_dry_run_tells_the_steps_of_a_day_to_come_and_takes_none(shared: Chasing) -> None:
    tenant, book = shared.owed()
    before, mails = book.world.everything(), len(shared.inbox.arrived)

    report = shared.door.post({"as_of": ahead(days=30), "dry_run": True}, tenant=tenant).json

    assert (report["dry_run"], report["overdue"]) == (True, 3)
    assert {each["customerId"] for each in report["details"]} == {"broke-0", "recovering-0", "wire-0"}
    assert (book.world.everything(), len(shared.inbox.arrived), book.world.taken()) == (before, mails, [])


@pytest.mark.parametrize("every_tenant", [False, True], ids=["one tenant", "all"])
@pytest.mark.parametrize("kind", ["day", "instant"])
def test_a_run_as_of_a_time_to_come_is_refused_and_takes_no_step(
    shared: Chasing, kind: str, every_tenant: bool
) -> None:
    tenant, book = shared.owed()
    before = book.world.everything()
    as_of = ahead(days=2) if kind == "day" else f"{ahead(days=2)}T00:00:00Z"

    refused = shared.door.post({"as_of": as_of}, tenant=None if every_tenant else tenant)

    assert (refused.status, refused.json["code"]) == (422, "invalid_input")
    assert [each["field"] for each in refused.json["errors"]] == ["as_of"]
    assert "as only a dry run may look ahead" in refused.json["error"]
    assert book.world.everything() == before


def test_a_limit_stops_early_and_the_next_call_goes_on(shared: Chasing) -> None:
    tenant, _ = shared.owed()

    first = shared.door.post({"as_of": DAY_3, "limit": 1}, tenant=tenant).json
    rest = shared.door.post({"as_of": DAY_3}, tenant=tenant).json

    assert (len({each["invoice_id"] for each in first["details"]}), first["complete"]) == (1, False)
    assert "call again" in first["note"]
    assert rest["complete"]
    assert first["processed"] + rest["processed"] == 6


def test_without_a_tenant_id_every_tenant_is_chased(own: Chasing) -> None:
    own.owed("a")
    own.owed("b", each=2)

    report = own.door.post({"as_of": DAY_3}).json

    assert (report["tenants"], report["processed"], report["complete"], report["errors"]) == (2, 18, True, [])
    assert [each["tenantId"] for each in report["details"]] == ["a"] * 6 + ["b"] * 12
    assert [(each["tenant"], each["processed"], each["overdue"]) for each in report["results"]] == [
        ("a", 6, 3),
        ("b", 12, 6),
    ]
    assert "details" not in report["results"][0]


def test_a_broken_tenant_does_not_stop_the_others(own: Chasing) -> None:
    own.owed("a")
    own.laptop.documents.commit([Put("tenants/b", {"id": "b", "schema_version": 1})])
    own.owed("c")

    answered = own.door.post({"as_of": DAY_3})

    assert answered.status == 200
    assert {each["tenantId"] for each in answered.json["details"]} == {"a", "c"}
    [error] = answered.json["errors"]
    assert (error["tenantId"], error["code"]) == ("b", "run_failed")
    run, call = own.door.log[-2:]
    assert (run["event"], run["severity"], run["tenants_failed"], call["status"]) == ("run_report", "ERROR", 1, 200)


def test_a_card_s_gateway_that_is_away_leaves_its_steps_due_and_stops_no_other(own: Chasing) -> None:
    _, book = own.owed("a")
    own.sandbox.control("POST", "faults", {"kind": "drop_before", "path": "/v1/payment_intents", "times": 40})
    try:
        failed = own.door.post({"as_of": DAY_3}, tenant="a").json
    finally:
        own.sandbox.control("DELETE", "faults")
    assert {each["customerId"] for each in failed["details"] if each["action"] == "reminder"} == {"wire-0"}
    assert {each["invoice_id"] for each in failed["failures"]} == {
        f"sub-{name}.20260101T000000Z.r0" for name in ("broke-0", "recovering-0")
    }

    later = own.door.post({"as_of": DAY_3}, tenant="a").json

    assert {(each["customerId"], each["action"]) for each in later["details"]} == {
        ("broke-0", "reminder"),
        ("recovering-0", "recovered"),
    }
    assert book.world.taken() == [4900]


@pytest.mark.parametrize(
    "body", [b"{", b'{"dryRun": true}', b'{"limit": 0}', b'{"as_of": "2026-02-30"}', b'{"dry_run": "yes"}']
)
def test_a_body_that_cannot_be_meant_is_refused_and_does_nothing(shared: Chasing, body: bytes) -> None:
    tenant, book = shared.owed()
    before = book.world.everything()

    assert shared.door.post(body, tenant=tenant).status in (400, 422)
    assert book.world.everything() == before


@pytest.mark.parametrize(("tenant", "status"), [("nobody", 404), ("", 400), ("../acme", 400)])
def test_a_tenant_that_there_is_not_is_refused(shared: Chasing, tenant: str, status: int) -> None:
    assert shared.door.post(tenant=tenant).status == status


def test_a_request_id_comes_back_and_stands_in_log_and_audit(shared: Chasing) -> None:
    tenant, book = shared.owed()

    answered = shared.door.post({"as_of": DAY_3}, tenant=tenant, headers={"X-Request-ID": "cron.2026-02-05"})

    assert answered.headers["x-request-id"] == "cron.2026-02-05"
    requests = {record["request_id"] for batch in book.world.collection("audit") for record in batch.fields["records"]}  # type: ignore[union-attr,index,call-overload]
    assert "cron.2026-02-05" in requests
    run, line = shared.door.log[-2:]
    assert (line["event"], line["request_id"], line["severity"]) == ("run_dunning", "cron.2026-02-05", "INFO")
    assert (run["event"], run["request_id"], run["tenant"]) == ("run_report", "cron.2026-02-05", tenant)
    assert (run["processed"], run["failures"], run["complete"]) == (6, 0, True)


def test_anybody_is_told_the_version_and_a_known_caller_how_the_parts_are(shared: Chasing) -> None:
    anybody = shared.door.call("GET", path="/")
    known = shared.door.call("GET", sent={"x-internal-key": "a-key-for-tests-0123456789abcdef"})

    assert (anybody.status, anybody.json) == (200, {"status": "ok", "version": "0.1.0"})
    assert known.json["parts"] == {"documents": "ok", "objects": "ok", "secrets": "ok"}
    assert shared.door.call("GET", sent={"x-internal-key": "wrong"}).status == 401


def ahead(*, days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()
