"""`billing runs`: the records of a tenant's runs, and of calls that were spread over tasks."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.markup import escape

from billing.api.routes.runs import RunAnswer, run_answer
from billing.cli.directory import open_directory, open_place
from billing.cli.errors import DONE, HAD_FAILURES
from billing.cli.place import Place
from billing.cli.screen import Json, answers, columns, complaints, write_json
from billing.store.fan_outs import KIND, DeadLetter, FanOut, FanOuts
from billing.store.runs import Runs

_REMEDY = (
    "What a spread run did not come to stays due: mend what is named, and the next run of the job does it. "
    'To begin one now, call the function with {"fan_out": true}.'
)

_LOOKED_AT = 2_000
"""So many of the latest runs are asked what is left of them: a year of a small tenant."""


def show_runs(limit: int, *, unfinished: bool, place: Place) -> None:
    """Print the latest runs of a tenant, or those that something is left of."""
    engine, tenant = open_place(place)
    number = _LOOKED_AT if unfinished else limit
    found = [run_answer(each) for each in Runs.of(engine.documents, tenant.id).latest(limit=number)]
    if unfinished:
        ended = _ended(found)
        found = [each for each in found if each.failed or not (each.complete or each.fan_out in ended)]
    latest = found[:limit]
    if place.as_json:
        write_json({"tenant_id": tenant.id, "runs": [each.model_dump(mode="json") for each in latest]})
    else:
        _print_runs(latest)


def _ended(runs: Sequence[RunAnswer]) -> set[str | None]:
    """The spread runs that came to their end: a slice of one stopped early, but the next went on."""
    records = {each.id: each.complete for each in runs if each.kind == KIND}
    return {each.fan_out for each in runs if each.fan_out and records.get(each.fan_out, each.complete)}


def show_fan_outs(limit: int, *, directory: Path, as_json: bool) -> int:
    """Print the latest calls that were spread over tasks; the exit code."""
    records = FanOuts(open_directory(directory, payment_link_base="").documents)
    found = [(each, records.dead_letters(each.id)) for each in records.latest(limit=limit)]
    if as_json:
        write_json({"fan_outs": [_fan_out_json(each, letters) for each, letters in found]})
    else:
        _print_fan_outs(found)
    return HAD_FAILURES if any(letters for _, letters in found) else DONE


def _print_runs(runs: Sequence[RunAnswer]) -> None:
    if not runs:
        complaints().print("No runs.")
        return
    table = columns("", "", "", "", "", "", right=(5,))
    table.add_row("Run", "Kind", "As of", "Complete", "Outcome", "Failed", style="dim")
    for each in runs:
        outcome = ", ".join(f"{name} {number}" for name, number in each.counts.items() if number)
        complete = "yes" if each.complete else "no"
        day = f"{each.as_of:%Y-%m-%d}"
        table.add_row(each.id, each.kind.replace("_", " "), day, complete, outcome or "-", str(each.failed))
    answers().print(table)
    for each in runs:
        for failure in each.failures:
            answers().print(escape(f"{each.id}: {failure.subject}: {failure.message}"), soft_wrap=True)
    _print_remedy(any(each.kind == KIND and not each.complete for each in runs))


def _print_fan_outs(found: Sequence[tuple[FanOut, Sequence[DeadLetter]]]) -> None:
    if not found:
        complaints().print("Nothing was spread over tasks.")
        return
    table = columns("", "", "", "", "", "", right=(3, 4, 5))
    table.add_row("Fan-out", "Job", "As of", "Tenants", "Enqueued", "Given up", style="dim")
    for each, letters in found:
        counts = (str(each.tenants), str(each.enqueued), str(len(letters)))
        table.add_row(each.id, each.job, each.as_of[:16], *counts)
    answers().print(table)
    for each, letters in found:
        for letter in letters:
            told = f"{each.id}: {letter.tenant_id}, {letter.part}: {letter.message}"
            answers().print(escape(told), soft_wrap=True)
    _print_remedy(any(letters for _, letters in found))


def _print_remedy(is_something_left: bool) -> None:  # noqa: FBT001
    if is_something_left:
        complaints().print(_REMEDY, soft_wrap=True)


def _fan_out_json(fan_out: FanOut, letters: Sequence[DeadLetter]) -> Json:
    told = asdict(fan_out) | {"recorded_at": fan_out.recorded_at.isoformat()}
    return {**told, "dead_letters": [asdict(each) | {"at": each.at.isoformat()} for each in letters]}
