"""The verification as a job: what it does for one tenant, and how that is counted."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from billing.api.job import Job, JobEngine, Members, TenantWork
from billing.api.version import VERSION
from billing.domain.finding import FindingKind
from billing.ports import Put
from billing.store.ids import tenant_path
from billing.store.runs import Runs
from billing.store.verified_books import Verifications
from billing.usecases.unchanged_books import are_unchanged, books_now
from billing.usecases.verify import VerifyRequest, verify


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyScope:
    """What is verified: these periods (yyyy-mm), None for the running month of `as_of` and the one before.

    `objects` and `events` say whether files are read and raw usage is added up again. What was found is `recorded`
    among the tenant's runs.
    """

    periods: tuple[str, ...] | None = None
    objects: bool = False
    events: bool = False
    recorded: bool = True


@dataclass(slots=True, kw_only=True)
class Verified:
    """What a verification of one tenant came to: `kinds` of findings, and what was `read`, by kind of document.

    Nothing was read where the books are `unchanged` since a verification that found nothing.
    """

    tenant_id: str
    complete: bool
    sweep_from: str
    periods: tuple[str, ...]
    kinds: Counter[FindingKind]
    read: Counter[str]
    unchanged: bool = False

    @property
    def findings(self) -> int:
        """How much does not agree."""
        return self.kinds.total()

    @property
    def named_kinds(self) -> dict[str, int]:
        """How many of each kind, by its name."""
        return {kind.value: self.kinds[kind] for kind in sorted(self.kinds)}


def verify_job(scope: VerifyScope) -> Job[JobEngine, Verified]:
    """The job that verifies that much of each tenant."""

    def run(engine: JobEngine, work: TenantWork) -> Verified:
        tenant_path(work.tenant_id)
        periods = scope.periods or two_months(work.as_of)
        if _is_of_a_night(work):
            return _night(scope, engine, work, periods)
        verified = _verify(scope, engine, work, periods)
        if scope.recorded and not work.dry_run:
            engine.documents.commit([_record(engine, work, verified)])
        return verified

    return replace(_VERIFY, run=run, close=run)


def _is_of_a_night(work: TenantWork) -> bool:
    """Whether it is a tenant's part of a spread run, from its beginning: what is asked for by hand is always done."""
    return bool(work.fan_out) and not work.sweep_from and not work.dry_run


def _night(scope: VerifyScope, engine: JobEngine, work: TenantWork, periods: tuple[str, ...]) -> Verified:
    """Verify unless nothing has changed since the last time; what a first slice finds in order is kept for that."""
    documents = engine.documents
    books = books_now(documents, work.tenant_id, now=work.now, periods=periods, program=VERSION)
    if are_unchanged(documents, work.tenant_id, books, as_of=work.as_of):
        verified = replace(_nothing(engine, work), periods=periods, unchanged=True)
        documents.commit([_record(engine, work, verified)])
        return verified
    verified = _verify(scope, engine, work, periods)
    in_order = verified.complete and not verified.findings
    kept = [Verifications.of(documents, work.tenant_id).saving(books)] if in_order else []
    documents.commit([_record(engine, work, verified), *kept])
    return verified


def _verify(scope: VerifyScope, engine: JobEngine, work: TenantWork, periods: tuple[str, ...]) -> Verified:
    asked = VerifyRequest(
        tenant_id=work.tenant_id, as_of=work.as_of, periods=periods, objects=scope.objects, events=scope.events
    )
    found = verify(engine.documents, engine.objects, asked, out_of_time=work.out_of_time, start=work.sweep_from)
    return Verified(
        tenant_id=found.tenant_id,
        complete=not found.goes_on_from,
        sweep_from=found.goes_on_from,
        periods=periods,
        kinds=found.findings.counts,
        read=found.read,
    )


def two_months(as_of: datetime) -> tuple[str, ...]:
    """The month (yyyy-mm) before the one of an instant, and that one."""
    month = as_of.replace(day=1)
    return f"{month - timedelta(days=1):%Y-%m}", f"{month:%Y-%m}"


def _record(engine: JobEngine, work: TenantWork, verified: Verified) -> Put:
    counts = {"invoices": verified.read["invoices"], "findings": verified.findings}
    return Runs.of(engine.documents, work.tenant_id).verification_record(
        work.run_id,
        actor=work.actor,
        recorded_at=work.now,
        as_of=work.as_of,
        complete=verified.complete,
        counts=counts | ({"unchanged": 1} if verified.unchanged else {}),
        kinds=verified.named_kinds,
        fan_out=work.fan_out,
    )


def _nothing(_engine: JobEngine, work: TenantWork) -> Verified:
    return Verified(tenant_id=work.tenant_id, complete=True, sweep_from="", periods=(), kinds=Counter(), read=Counter())


def _own(report: Verified) -> Members:
    return {"findings": report.findings}


def _listed(reports: Sequence[Verified]) -> Members:
    return {"findings": sum(report.findings for report in reports)}


def _result(report: Verified) -> Members:
    return {
        "tenant_id": report.tenant_id,
        "complete": report.complete,
        "periods": [*report.periods],
        "kinds": report.named_kinds,
        "read": dict(report.read),
    }


def _tallies(reports: Sequence[Verified]) -> Mapping[str, int]:
    return {
        "findings": sum(report.findings for report in reports),
        "verified": sum(report.complete for report in reports),
        "unchanged": sum(report.unchanged for report in reports),
        "failures": 0,
    }


_VERIFY: Job[JobEngine, Verified] = Job(
    name="verify",
    run=_nothing,
    made=lambda _report: 1,
    own=_own,
    listed=_listed,
    result=_result,
    tallies=_tallies,
    again="stopped early: call again, and what was not reached is verified",
    looks_ahead=False,
    left=lambda _report: (),
    settle=None,
    close=_nothing,
    nothing=_nothing,
    by_shard=False,
    must_finish=True,
)

VERIFY = verify_job(VerifyScope())
