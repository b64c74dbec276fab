"""`billing verify`: the books of a tenant computed again, and whatever does not agree."""

from dataclasses import asdict
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.text import Text

from billing.adapters.system_clock import SystemClock
from billing.cli.directory import open_directory, the_tenant
from billing.cli.errors import DONE, HAD_FAILURES
from billing.cli.screen import Json, answers, columns, counting, write_json
from billing.domain.finding import Finding
from billing.usecases.verify import VerifyReport, VerifyRequest, verify

_READ = {
    "plans": "Plan versions",
    "payments": "Payments",
    "invoices": "Invoices",
    "credit_notes": "Credit notes",
    "recomputed": "Computed again",
    "by_hand": "Credit notes asked for by hand",
    "not_recomputable": "From before their basis was kept",
    "objects": "Files",
    "subscriptions": "Subscriptions",
    "skips_recomputed": "Cycles without a bill, asked why",
    "rollups": "Usage roll-ups",
    "events": "Usage events",
    "audit_batches": "Audit batches",
    "audit_seals": "Seals of the audit log",
}


def run_verify(
    *, tenant_id: str | None, directory: Path, period: str | None, objects: bool, events: bool, as_json: bool
) -> int:
    """Verify and print; the exit code, 1 where something was found."""
    engine = open_directory(directory)
    tenant = the_tenant(engine, tenant_id)
    request = VerifyRequest(
        tenant_id=tenant.id,
        as_of=SystemClock().now(),
        periods=None if period is None else (period,),
        objects=objects,
        events=events,
    )
    with counting(f"Verifying {tenant.id}") as progress:
        report = verify(engine.documents, engine.objects, request, progress=progress)
    if as_json:
        write_json(_json(report))
    else:
        _print(report, console=answers())
    return HAD_FAILURES if report.findings.total else DONE


def _print(report: VerifyReport, *, console: Console) -> None:
    console.print(f"[bold]{report.tenant_id}[/], {', '.join(report.periods or ['all periods'])}")
    console.print()
    table = columns("", "", right=(1,))
    for kind, title in _READ.items():
        if kind in report.read:
            table.add_row(title, f"{report.read[kind]:,}")
    console.print(table)
    console.print()
    if not report.findings.total:
        console.print("Nothing found: everything is as it must be.", style="green")
        return
    number = "1 finding" if report.findings.total == 1 else f"{report.findings.total:,} findings"
    console.print(Text(number, style="bold red"))
    for (kind, head), group in groupby(report.findings.kept, key=_head):
        console.print(Text.assemble((f"{kind:<26}", "red"), head), soft_wrap=True)
        for each in group:
            if each.message != head:
                console.print(Text(f"{'':<28}{each.message.removeprefix(head).lstrip(': ')}"), soft_wrap=True)
    if report.findings.total > len(report.findings.kept):
        console.print(f"and {report.findings.total - len(report.findings.kept):,} more")


def _head(finding: Finding) -> tuple[str, str]:
    """The kind, and what the differences of one document have in common."""
    difference = f": {finding.field} is {finding.stored}, expected {finding.expected}"
    return finding.kind.value, finding.message.removesuffix(difference)


def _json(report: VerifyReport) -> Json:
    return {
        "tenant_id": report.tenant_id,
        "period": report.periods[0] if report.periods else None,
        "read": dict(report.read),
        "clean": not report.findings.total,
        "counts": {kind.value: count for kind, count in sorted(report.findings.counts.items())},
        "findings": [asdict(each) for each in report.findings.kept],
        "not_shown": report.findings.total - len(report.findings.kept),
    }
