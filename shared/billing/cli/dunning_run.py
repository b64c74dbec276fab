"""`billing dunning run`: the dunning run of one tenant or of all, really or dry."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from billing.adapters.system_clock import SystemClock
from billing.cli.all_tenants import for_each_tenant
from billing.cli.billing_run import new_run_id
from billing.cli.directory import ACTOR, instant_of, open_directory, the_tenant
from billing.cli.dunning_run_page import dunning_run_json, print_dunning_run
from billing.cli.errors import DONE, HAD_FAILURES, Refused
from billing.cli.local_gateway import LocalStripe, taking_cards
from billing.cli.screen import watching, write_json
from billing.domain.dunning_report import DunningReport
from billing.domain.tenant import Tenant
from billing.engine import Engine
from billing.usecases.dunning_run import DunningRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class RunChoice:
    """What was typed: `as_of` is still text, because a date depends on the tenant's zone."""

    tenant: str | None
    all_tenants: bool
    as_of: str | None
    dry_run: bool
    limit: int | None


def run_tenants(choice: RunChoice, *, directory: Path, as_json: bool) -> int:
    """Chase and print; the exit code."""
    if choice.all_tenants and choice.tenant is not None:
        message = "use --tenant or --all, not both"
        raise Refused(message)
    engine = open_directory(directory)
    if choice.all_tenants:
        return _run_all(engine, choice, directory=directory, as_json=as_json)
    tenant = the_tenant(engine, choice.tenant)
    report = _run(engine, tenant, choice, directory=directory)
    if as_json:
        write_json(dunning_run_json(report))
    else:
        print_dunning_run(report, tenant=tenant)
    return HAD_FAILURES if report.failures else DONE


def _run_all(engine: Engine, choice: RunChoice, *, directory: Path, as_json: bool) -> int:
    """Tenant after tenant: a mistyped date chases nobody."""
    if choice.as_of is not None:
        instant_of(choice.as_of, zone="UTC")
    reports: list[DunningReport] = []

    def act(tenant: Tenant) -> None:
        reports.append(_run(engine, tenant, choice, directory=directory))
        if not as_json:
            print_dunning_run(reports[-1], tenant=tenant)

    errors = for_each_tenant(engine, act)
    if as_json:
        write_json({"tenants": [dunning_run_json(each) for each in reports], "errors": errors})
    return HAD_FAILURES if errors or any(each.failures for each in reports) else DONE


def _run(engine: Engine, tenant: Tenant, choice: RunChoice, *, directory: Path) -> DunningReport:
    request = DunningRequest(
        tenant_id=tenant.id,
        as_of=_as_of(choice, tenant=tenant),
        run_id=new_run_id(),
        actor=ACTOR,
        dry_run=choice.dry_run,
        limit=choice.limit,
    )
    if choice.dry_run or not tenant.gateway:
        return _watched(engine, request)
    with taking_cards(engine, tenant=tenant, directory=directory, stripe=LocalStripe(key=None, url=None)) as able:
        return _watched(able, request)


def _watched(engine: Engine, request: DunningRequest) -> DunningReport:
    """Run with a line of progress: how much was written so far."""
    before = engine.operations.writes
    title = f"Chasing what is unpaid of {request.tenant_id}"
    with watching(title, state=lambda: f"{engine.operations.writes - before:,} documents written"):
        return engine.run_dunning(request)


def _as_of(choice: RunChoice, *, tenant: Tenant) -> datetime:
    """The instant that was typed, or now. Refused where a real run would take steps before their day."""
    now = SystemClock().now()
    if choice.as_of is None:
        return now
    as_of = instant_of(choice.as_of, zone=tenant.zone)
    if as_of > now and not choice.dry_run:
        message = f"--as-of {choice.as_of} is to come, and a run takes no step before its day; --dry-run looks ahead"
        raise Refused(message)
    return as_of
