"""Of which time a job may be asked: a run takes no step before its day, wherever in the world its tenant is."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

import pytest

from billing.adapters.sqlite import SqliteDocuments
from billing.api.dunning_job import DUNNING
from billing.api.job_request import InvalidFields, JobRequest
from billing.api.job_run import JobRun
from billing.domain.dunning_report import DunningReport
from billing.ports import Objects, OperationCounts
from billing.store.tenants import Tenants
from billing.usecases.dunning_run import DunningRequest
from tests.builders import a_tenant, utc
from tests.world import sqlite_in_memory

NOON = utc("2026-03-01T12:00")


@dataclass
class Engine:
    """Notes what it is asked; each run finds so many cases that another run is at."""

    busy: int = 0
    documents: SqliteDocuments = field(default_factory=sqlite_in_memory)
    asked: list[DunningRequest] = field(default_factory=list)
    operations: OperationCounts = field(default_factory=OperationCounts)

    @property
    def objects(self) -> Objects:
        raise NotImplementedError

    def run_dunning(self, request: DunningRequest, *, out_of_time: Callable[[], bool]) -> DunningReport:
        assert not out_of_time()
        self.asked.append(request)
        return DunningReport(
            run_id=request.run_id, tenant_id=request.tenant_id, as_of=request.as_of, dry_run=False, busy=self.busy
        )

    def close_dunning(self, request: DunningRequest, report: DunningReport, *, out_of_time: Callable[[], bool]) -> None:
        raise NotImplementedError


@pytest.fixture
def engine() -> Engine:
    engine = Engine()
    zones = {"auckland": "Pacific/Auckland", "berlin": "Europe/Berlin"}
    tenants = Tenants(engine.documents)
    engine.documents.commit([tenants.saving(a_tenant(id=name, zone=zone)) for name, zone in zones.items()])
    return engine


def a_run(engine: Engine, as_of: date | None, *, dry_run: bool = False) -> JobRun[Engine, DunningReport]:
    return JobRun(
        job=DUNNING,
        engine=engine,
        request=JobRequest(tenant_id=None, as_of=as_of, dry_run=dry_run),
        run_id="run-1",
        actor="scheduler",
        request_id="req-1",
        now=NOON,
        out_of_time=lambda: False,
    )


def test_a_day_that_has_begun_for_one_tenant_and_not_for_another_is_run_for_the_one(engine: Engine) -> None:
    """At noon UTC on 1 March it is one o'clock on 2 March in Auckland."""
    done = a_run(engine, date(2026, 3, 2)).of_all()

    assert [(each.tenant_id, each.as_of) for each in engine.asked] == [("auckland", utc("2026-03-01T11:00"))]
    [failure] = done.failures
    assert (failure.tenant_id, failure.code) == ("berlin", "invalid_input")
    assert failure.message == (
        "as_of: expected a time that has come by 2026-03-01T12:00:00Z, as only a dry run may look ahead, "
        "got '2026-03-01T23:00:00+00:00'"
    )


@pytest.mark.parametrize("as_of", [date(2026, 3, 3), NOON + timedelta(seconds=1)])
def test_what_is_to_come_everywhere_is_refused_before_anybody_s_turn(engine: Engine, as_of: datetime) -> None:
    with pytest.raises(InvalidFields, match="as_of: expected a time that has come"):
        a_run(engine, as_of).of_all()
    with pytest.raises(InvalidFields, match="as_of: expected a time that has come"):
        a_run(engine, as_of).of("auckland", limit=None)
    assert engine.asked == []


@pytest.mark.parametrize("as_of", [None, NOON, date(2026, 3, 1), date(2025, 12, 31)])
def test_now_and_what_has_been_is_run(engine: Engine, as_of: date | None) -> None:
    assert a_run(engine, as_of).of_all().failures == []
    assert [each.tenant_id for each in engine.asked] == ["auckland", "berlin"]


def test_a_dry_run_may_look_ahead(engine: Engine) -> None:
    a_run(engine, date(2026, 6, 1), dry_run=True).of_all()

    assert [(each.dry_run, each.as_of) for each in engine.asked] == [
        (True, utc("2026-05-31T12:00")),
        (True, utc("2026-05-31T22:00")),
    ]


def test_the_limit_of_a_call_is_shared_by_its_tenants(engine: Engine) -> None:
    engine.busy = 2
    run = a_run(engine, None)

    replace(run, request=replace(run.request, limit=5)).of_all()

    assert [each.limit for each in engine.asked] == [5, 3]
