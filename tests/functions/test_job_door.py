"""What the door of a job does with time and with failing parts: a real request, a made-up engine and clock."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import flask
import pytest
from werkzeug.test import EnvironBuilder

from billing.adapters.environment_secrets import EnvironmentSecrets
from billing.adapters.sqlite import SqliteDocuments
from billing.api.billing_job import BILLING
from billing.api.job_door import JobDoor, JobParts
from billing.api.oidc import OidcTrust, TokenVerifier
from billing.domain.errors import BillingError, InvalidInput
from billing.domain.run_report import Failure, RunReport, Settled
from billing.ports import Objects, OperationCounts, StoreUnavailable, WriteConflict
from billing.store.indexes import INDEXES
from billing.store.tenants import Tenants
from billing.usecases.run_context import RunRequest
from tests.builders import a_tenant
from tests.functions.running_door import KEY

NOW = datetime(2026, 3, 1, 4, tzinfo=UTC)


class StandingClock:
    def now(self) -> datetime:
        return NOW


@dataclass
class Engine:
    """Runs that take the seconds and end as the test says, by tenant."""

    documents: SqliteDocuments
    seconds: float = 0
    ends: dict[str, Exception] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)
    passed: float = 1000
    asked: list[RunRequest] = field(default_factory=list)
    out_of_time: list[bool] = field(default_factory=list)
    operations: OperationCounts = field(default_factory=OperationCounts)

    @property
    def objects(self) -> Objects:
        raise NotImplementedError

    def settle(self, tenant_id: str, invoice_ids: Sequence[str]) -> Settled:
        raise NotImplementedError

    def settle_rest(self, tenant_id: str, *, out_of_time: Callable[[], bool], sweep_from: str) -> Settled:
        raise NotImplementedError

    def generate_invoices(self, request: RunRequest, *, out_of_time: Callable[[], bool]) -> RunReport:
        self.asked.append(request)
        self.passed += self.seconds
        self.out_of_time.append(out_of_time())
        if request.tenant_id in self.ends:
            raise self.ends[request.tenant_id]
        return RunReport(
            run_id=request.run_id,
            tenant_id=request.tenant_id,
            as_of=request.as_of,
            dry_run=False,
            currency="USD",
            failures=self.failures,
        )


@dataclass(frozen=True, kw_only=True)
class Answered:
    status: int
    headers: Any
    json: Any
    log: list[dict[str, Any]]


def engine_of(*tenant_ids: str, **changed: Any) -> Engine:  # noqa: ANN401
    documents = SqliteDocuments(":memory:", indexes=INDEXES)
    for tenant_id in tenant_ids:
        documents.commit([Tenants(documents).saving(a_tenant(id=tenant_id))])
    return Engine(documents=documents, **changed)


def post(engine: Engine, *, tenant: str | None = None, deadline: int = 100) -> Answered:
    log: list[dict[str, Any]] = []
    door = JobDoor(
        job=BILLING,
        parts=lambda: JobParts(
            tokens=TokenVerifier(OidcTrust()),
            secrets=EnvironmentSecrets({"INTERNAL_API_KEY": KEY}),
            engine=lambda: engine,
            max_body_bytes=1024,
            run_deadline_seconds=deadline,
            revision="r1",
        ),
        clock=StandingClock(),
        monotonic=lambda: engine.passed,
        new_id=lambda: "0123456789abcdef",
        log=lambda event, fields: log.append({"event": event, **fields}),
    )
    headers = {"x-internal-key": KEY} | ({"X-Tenant-ID": tenant} if tenant else {})
    response = door(flask.Request(EnvironBuilder(method="POST", headers=list(headers.items())).get_environ()))
    return Answered(status=response.status_code, headers=response.headers, json=json.loads(response.data), log=log)


def test_the_run_is_asked_with_the_callers_name_and_the_instant() -> None:
    engine = engine_of("acme")

    answered = post(engine, tenant="acme")

    [asked] = engine.asked
    assert (asked.tenant_id, asked.as_of, asked.recorded_at) == ("acme", NOW, NOW)
    assert (asked.actor, asked.request_id, asked.limit) == ("internal-key", "0123456789abcdef", None)
    assert asked.run_id == answered.json["run_id"] == "20260301T040000Z-01234567"


@pytest.mark.parametrize(
    ("deadline", "seconds", "out"),
    [(100, 74, False), (100, 75, True), (540, 479, False), (540, 480, True), (1, 0, False), (1, 1, True)],
)
def test_a_run_is_told_to_stop_a_quarter_before_the_deadline_at_most_a_minute(
    deadline: int, seconds: int, out: bool
) -> None:
    engine = engine_of("acme", seconds=seconds)

    post(engine, tenant="acme", deadline=deadline)

    assert engine.out_of_time == [out]


def test_tenants_for_whom_no_time_is_left_are_left_to_the_next_call() -> None:
    engine = engine_of("a", "b", "c", seconds=40)

    report = post(engine, deadline=100).json

    assert [each.tenant_id for each in engine.asked] == ["a", "b"]
    assert (report["tenants"], report["complete"]) == (3, False)
    assert "call again" in report["note"]


def test_all_tenants_share_one_run_id() -> None:
    engine = engine_of("a", "b")

    report = post(engine).json

    assert {each.run_id for each in engine.asked} == {report["run_id"]}


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (StoreUnavailable("Firestore", reason="at db.internal.example"), 503, "store_unavailable"),
        (WriteConflict("tenants/acme/counters/x", reason="others kept writing it"), 409, "write_conflict"),
        (InvalidInput("zone", expected="an IANA name", given="Mars"), 500, "run_failed"),
        (BillingError("unforeseen"), 500, "billing_error"),
        (ZeroDivisionError("by anna@example.com"), 500, "internal_error"),
    ],
)
def test_a_run_that_cannot_proceed_is_answered_by_its_reason(error: Exception, status: int, code: str) -> None:
    answered = post(engine_of("acme", ends={"acme": error}), tenant="acme")

    assert (answered.status, answered.json["code"]) == (status, code)
    assert ("Retry-After" in answered.headers) == (status == 503)
    assert "db.internal" not in answered.json["error"]
    assert answered.log[0]["severity"] == ("ERROR" if status >= 500 else "WARNING")


def test_a_bug_leaves_its_trace_in_the_log_without_anybodys_address() -> None:
    answered = post(engine_of("acme", ends={"acme": ZeroDivisionError("by anna@example.com")}), tenant="acme")

    reason = answered.log[0]["reason"]
    assert "ZeroDivisionError: by ***@***" in reason
    assert "job_door.py" in reason
    assert "anna" not in json.dumps(answered.log)


@pytest.mark.parametrize("ends", [StoreUnavailable("Firestore", reason="away"), KeyError("a bug")])
def test_one_tenants_failure_does_not_stop_the_others(ends: Exception) -> None:
    engine = engine_of("a", "b", "c", ends={"b": ends})

    answered = post(engine)

    assert answered.status == 200
    assert [each["tenant"] for each in answered.json["results"]] == ["a", "c"]
    assert [each["tenantId"] for each in answered.json["errors"]] == ["b"]
    assert (answered.log[0]["severity"], answered.log[0]["errors"][0]["tenant"]) == ("ERROR", "b")


def test_a_store_that_is_away_for_every_tenant_asks_to_call_again_later() -> None:
    away = StoreUnavailable("Firestore", reason="away")

    answered = post(engine_of("a", "b", ends={"a": away, "b": away}))

    assert (answered.status, answered.headers["Retry-After"]) == (503, "30")


def test_no_tenant_at_all_is_no_failure() -> None:
    answered = post(engine_of())

    assert (answered.status, answered.json["tenants"], answered.json["generated"]) == (200, 0, 0)
