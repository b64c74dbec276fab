"""`billing plans publish` and `correct`: new versions, and subscriptions put on the right one."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from billing.adapters.book_files.error_log import ErrorLog
from billing.adapters.book_files.plan_files import read_plans
from billing.cli.confirmation import confirm
from billing.cli.directory import call_on, instant_of, open_call, open_place
from billing.cli.errors import DONE, HAD_FAILURES
from billing.cli.place import Place
from billing.cli.screen import answers, complaints, write_json
from billing.usecases.correct_plan import CorrectionReport, correct_plan
from billing.usecases.publish_plans import publish_plans


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """Which version is to be replaced by which, of whom, and since when as it was typed."""

    wrong: str
    right: str
    subscription_ids: Sequence[str] | None
    since: str | None
    yes: bool
    dry_run: bool


def run_publish(file: Path, *, place: Place) -> None:
    """Publish and say what was new; BookErrors says what is wrong with the file."""
    log = ErrorLog()
    plans = list(read_plans([file], log=log).by_ref.values())
    log.raise_if_any()
    engine, tenant, call = open_call(place)
    done = publish_plans(engine.documents, plans, call=call)
    if place.as_json:
        write_json({"tenant_id": tenant.id, "published": [*done.published], "unchanged": [*done.unchanged]})
        return
    for ref in done.published:
        answers().print(f"Published {ref}", markup=False)
    for ref in done.unchanged:
        answers().print(f"{ref} was published before", markup=False)


def run_correct(asked: Correction, *, place: Place) -> int:
    """Put subscriptions on the right version and say how many; the exit code."""
    engine, tenant = open_place(place)
    since = None if asked.since is None else instant_of(asked.since, zone=tenant.zone, option="--since")
    confirm(f"Put subscriptions on {asked.right} in place of {asked.wrong}?", yes=asked.yes or asked.dry_run)
    report = correct_plan(
        engine.documents,
        wrong=asked.wrong,
        right=asked.right,
        call=call_on(tenant),
        since=since,
        subscription_ids=asked.subscription_ids,
        dry_run=asked.dry_run,
    )
    _answer(report, asked, tenant_id=tenant.id, as_json=place.as_json)
    return HAD_FAILURES if report.failures else DONE


def _answer(report: CorrectionReport, asked: Correction, *, tenant_id: str, as_json: bool) -> None:
    if as_json:
        errors = [
            {"subscription_id": each.subscription_id, "code": each.error.code, "message": str(each.error)}
            for each in report.failures
        ]
        answer = {"tenant_id": tenant_id, "dry_run": asked.dry_run, "corrected": report.corrected, "errors": errors}
        write_json(answer)
        return
    done = "that would be put" if asked.dry_run else "put"
    answers().print(f"Subscriptions {done} on {asked.right}: {len(report.corrected):,}", markup=False)
    for each in report.failures:
        complaints().print(f"{each.subscription_id}: {each.error}", style="red", markup=False)
