"""`billing run`: one tenant or all of them, really or dry."""

from dataclasses import dataclass
from pathlib import Path

from billing.adapters.system_clock import SystemClock
from billing.cli.all_tenants import for_each_tenant
from billing.cli.billing_run import BillingRun, bill, new_run_id
from billing.cli.directory import ACTOR, checked_pay_base, instant_of, open_directory, the_tenant
from billing.cli.errors import DONE, HAD_FAILURES, Refused
from billing.cli.local_gateway import LocalStripe, taking_cards
from billing.cli.run_json import run_json
from billing.cli.screen import answers, watching, write_json
from billing.cli.summary import print_summary
from billing.config import local_workers
from billing.domain.tenant import Tenant
from billing.engine import Engine
from billing.usecases.run_context import RunRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class RunChoice:
    """What was typed: `as_of` is still text, because a date depends on the tenant's zone."""

    tenant: str | None
    all_tenants: bool
    as_of: str
    dry_run: bool
    limit: int | None
    compare: bool = False


def run_tenants(choice: RunChoice, *, directory: Path, pay_base: str, as_json: bool) -> int:
    """Bill and print; the exit code."""
    if choice.all_tenants and choice.tenant is not None:
        message = "use --tenant or --all, not both"
        raise Refused(message)
    if choice.compare and not choice.dry_run:
        message = "--compare looks before anything is issued: use it with --dry-run"
        raise Refused(message)
    engine = open_directory(directory, payment_link_base=checked_pay_base(pay_base), workers=local_workers())
    if not choice.all_tenants:
        tenant = the_tenant(engine, choice.tenant)
        run = _run(engine, tenant, choice, directory=directory)
        if as_json:
            write_json(run_json(run, directory=directory))
        else:
            _print(run, tenant=tenant, directory=directory)
        return exit_code(run)
    return _run_all(engine, choice, directory=directory, as_json=as_json)


def _run_all(engine: Engine, choice: RunChoice, *, directory: Path, as_json: bool) -> int:
    """Bill tenant after tenant: one that can't be billed is named and stops no other."""
    instant_of(choice.as_of, zone="UTC")  # a mistyped date bills nobody
    runs: list[BillingRun] = []

    def act(tenant: Tenant) -> None:
        runs.append(_run(engine, tenant, choice, directory=directory))
        if not as_json:
            _print(runs[-1], tenant=tenant, directory=directory)

    errors = for_each_tenant(engine, act)
    if as_json:
        write_json({"tenants": [run_json(run, directory=directory) for run in runs], "errors": errors})
    return HAD_FAILURES if errors else exit_code(*runs)


def watched_bill(engine: Engine, request: RunRequest, *, title: str, compare: bool = False) -> BillingRun:
    """Run with a line of progress: how many files stand so far."""
    before = engine.operations.objects
    with watching(title, state=lambda: f"{(engine.operations.objects - before) // 2:,} invoices filed"):
        return bill(engine, request, compare=compare)


def exit_code(*runs: BillingRun) -> int:
    """1 where something could not be billed or filed."""
    reports = [run.report for run in runs]
    return HAD_FAILURES if any(each.failures or each.unsettled or each.lost_workers for each in reports) else DONE


def _run(engine: Engine, tenant: Tenant, choice: RunChoice, *, directory: Path) -> BillingRun:
    request = RunRequest(
        tenant_id=tenant.id,
        as_of=instant_of(choice.as_of, zone=tenant.zone),
        recorded_at=SystemClock().now(),
        run_id=new_run_id(),
        actor=ACTOR,
        dry_run=choice.dry_run,
        limit=choice.limit,
    )
    title = f"Billing {tenant.id} as of {choice.as_of}"
    if choice.dry_run or not tenant.gateway:
        return watched_bill(engine, request, title=title, compare=choice.compare)
    stripe = LocalStripe(key=None, url=None)
    with taking_cards(engine, tenant=tenant, directory=directory, stripe=stripe) as able:
        return watched_bill(able, request, title=title)


def _print(run: BillingRun, *, tenant: Tenant, directory: Path) -> None:
    console = answers()
    console.print(f"[bold]{tenant.seller.name}[/] ({tenant.id}), as of {run.report.as_of:%Y-%m-%d %H:%M} UTC")
    console.print()
    print_summary(run, directory=directory, console=console)
