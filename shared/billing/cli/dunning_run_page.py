"""A dunning run as a person reads it, and as JSON: what was done about each invoice, and what could not be."""

from rich.console import Console
from rich.markup import escape

from billing.cli.run_json import invoice_amount, scope_json
from billing.cli.screen import Json, answers, columns, complaints
from billing.domain.dunning_report import DunningDetail, DunningReport
from billing.domain.figures import amount
from billing.domain.tenant import Tenant

_SHOWN = 50


def print_dunning_run(report: DunningReport, *, tenant: Tenant) -> None:
    """Print the run on stdout, and what could not be done on stderr."""
    console = answers()
    dry = "; dry run: nothing was done" * report.dry_run
    console.print(f"[bold]{escape(tenant.seller.name)}[/] ({tenant.id}), as of {report.as_of:%Y-%m-%d %H:%M} UTC{dry}")
    _details(report, console)
    console.print(_counts(report))
    if not report.complete:
        why = f"{report.busy} cases are at another run" if report.busy else "Stopped at the limit"
        console.print(f"{why}; run again for the rest.", style="yellow")
    if report.undelivered_events:
        told = f"{report.undelivered_events} events were not taken; the next run tries again"
        console.print(told, style="yellow")
    for failure in report.failures:
        complaints().print(f"{failure.invoice_id}: {failure.message} ({failure.code})", style="red", markup=False)


def dunning_run_json(report: DunningReport) -> Json:
    """The run's report with every detail, amounts as decimal text."""
    return {
        **scope_json(report),
        "processed": report.processed,
        "actions": dict(sorted(report.actions.items())),
        "overdue": report.entered,
        "busy": report.busy,
        "mailed": report.mailed,
        "undelivered_events": report.undelivered_events,
        "errors": [
            {"invoice_id": each.invoice_id, "code": each.code, "message": each.message} for each in report.failures
        ],
        "details": [_detail(each) for each in report.details],
    }


def _detail(detail: DunningDetail) -> Json:
    return {
        "invoice_id": detail.invoice_id,
        "number": detail.number,
        "customer_id": detail.customer_id,
        "action": detail.action.value,
        "before": detail.before.value,
        "after": detail.after.value,
        "day": detail.day,
        "notice": detail.notice,
        "reminder_count": detail.reminder_count,
        "charged": invoice_amount(detail.charged, detail.currency),
        "passed_over": list(detail.passed_over),
        "amount_due": invoice_amount(detail.amount_due, detail.currency),
        "currency": detail.currency,
        "note": detail.note,
    }


def _details(report: DunningReport, console: Console) -> None:
    if not report.details:
        return
    table = columns("", "", "bold", "", "", "", "dim", right=(3, 5))
    table.add_row("Invoice", "Customer", "Done", "Day", "State", "To pay", "", style="dim")
    for each in report.details[:_SHOWN]:
        table.add_row(
            each.number,
            escape(each.customer_id),
            _words(each.action.value),
            "" if each.day is None else str(each.day),
            _words(each.after.value),
            f"{amount(each.amount_due, each.currency)} {each.currency}",
            escape(_note(each)),
        )
    console.print()
    console.print(table)
    if (hidden := len(report.details) - _SHOWN) > 0:
        console.print(f"and {hidden:,} more; --json names them all", style="dim")
    console.print()


def _note(detail: DunningDetail) -> str:
    """What else there is to say."""
    passed = ", ".join(map(str, detail.passed_over))
    told = (
        f"{amount(detail.charged, detail.currency)} charged" if detail.charged else "",
        f"passed over: day {passed}" if passed else "",
        detail.note,
    )
    return "; ".join(filter(None, told))


def _counts(report: DunningReport) -> str:
    if not report.details:
        return "Nothing is due." if report.complete else "Nothing was done."
    return ", ".join(f"{_words(action)}: {number}" for action, number in sorted(report.actions.items()))


def _words(name: str) -> str:
    return name.replace("_", " ")
