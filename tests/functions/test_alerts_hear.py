"""Which runs the declared alerts count: those of all tenants, triggered or done, and nobody's single run."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from billing.ports import Tasks
from billing.ports.jobs import RunName
from billing.ports.tasks import Task, TasksUnavailable
from tests.functions.fanned_out import FannedOut, fanned_out
from tests.functions.small_tenants import AS_OF, add_tenant

ROOT = Path(__file__).parents[2]
DECLARED = yaml.safe_load((ROOT / "infra/billing.yaml").read_text())
MISSED: dict[RunName, str] = {
    "generate_invoices": "no-billing-run",
    "run_dunning": "no-dunning-run",
    "verify": "no-verification",
}
_SELECTOR = re.compile(r"user_(?P<metric>\w+)\{(?P<matchers>[^}]*)\}")
_MATCHER = re.compile(r'(?P<label>\w+)(?P<op>=~|!~|!=|=)"(?P<value>[^"]*)"')
_PAYLOAD = re.compile(r'jsonPayload\.(?P<name>\w+)(?P<op>>|=)(?P<value>"[^"]*"|\w+)')
_HOLDS: dict[str, Callable[[str, str], bool]] = {
    "=": lambda given, wanted: given == wanted,
    "!=": lambda given, wanted: given != wanted,
    "=~": lambda given, wanted: re.fullmatch(wanted, given) is not None,
    "!~": lambda given, wanted: re.fullmatch(wanted, given) is None,
}


def counted(line: dict[str, Any], metric: str) -> dict[str, str] | None:
    """The labels that a metric counts a line of the log with, None where its filter leaves the line out."""
    declared = DECLARED["metrics"][metric]
    for name, op, wanted in _PAYLOAD.findall(declared["filter"]):
        given = line.get(name)
        if op == ">" and not (isinstance(given, int) and given > int(wanted)):
            return None
        if op == "=" and str(given).lower() != wanted.strip('"').lower():
            return None
    labels = {
        name: how.removeprefix("EXTRACT(jsonPayload.").rstrip(")") for name, how in declared.get("labels", {}).items()
    }
    return {name: str(line.get(field, "")) for name, field in labels.items()} | {
        "monitored_resource": "cloud_run_revision"
    }


def numbers(alert: str, lines: list[dict[str, Any]]) -> list[int]:
    """For each selector of an alert's query, in its order, how many of these lines it counts."""
    found = []
    for metric, matchers in _SELECTOR.findall(DECLARED["alerts"][alert]["query"]):
        labels = [told for line in lines if (told := counted(line, metric)) is not None]
        wanted = _MATCHER.findall(matchers)
        found.append(sum(all(_HOLDS[op](each[name], value) for name, op, value in wanted) for each in labels))
    return found


@pytest.fixture
def doors(tmp_path: Path) -> Iterator[FannedOut]:
    with fanned_out(tmp_path) as doors:
        yield doors


@pytest.mark.parametrize("job", MISSED)
def test_a_trigger_is_heard_where_there_is_no_tenant_yet_and_no_part_is_waited_for(
    doors: FannedOut, job: RunName
) -> None:
    assert doors.post({"fan_out": True}, job=job).json["tenants"] == 0

    begun, spread, parts = numbers(MISSED[job], doors.log)
    assert (begun, spread, parts) == (1, 0, 0)


@pytest.mark.parametrize("job", MISSED)
def test_a_run_of_all_tenants_is_heard_as_begun_and_by_its_parts(doors: FannedOut, job: RunName) -> None:
    for tenant_id in ("acme", "beta"):
        add_tenant(doors.documents, tenant_id)
    doors.post({"fan_out": True}, job=job)
    doors.wait()

    assert numbers(MISSED[job], doors.log) == [1, 1, 2]


@pytest.mark.parametrize("job", MISSED)
def test_a_run_of_one_tenant_by_hand_silences_nothing(doors: FannedOut, job: RunName) -> None:
    add_tenant(doors.documents, "acme")
    assert doors.post({"as_of": AS_OF}, job=job, tenant="acme").status == 200
    assert doors.post({"fan_out": True}, job=job, tenant="acme").status == 202
    begun, spread, _ = numbers(MISSED[job], doors.log)
    doors.wait()

    assert (begun, spread) == (0, 0)


@pytest.mark.parametrize("job", MISSED)
def test_a_run_of_all_tenants_in_one_call_is_heard_and_a_dry_one_is_not(doors: FannedOut, job: RunName) -> None:
    add_tenant(doors.documents, "acme")
    doors.post({"as_of": AS_OF, "dry_run": True}, job=job)
    assert numbers(MISSED[job], doors.log)[0] == 0
    doors.post({"as_of": AS_OF}, job=job)
    assert numbers(MISSED[job], doors.log)[0] == 1


class Away:
    """A queue that takes nothing."""

    def enqueue(self, tasks: list[Task]) -> int:
        raise TasksUnavailable("runs", reason=f"it is away with {len(tasks)}")


def test_a_trigger_that_the_queue_did_not_take_is_a_run_that_failed(tmp_path: Path) -> None:
    with fanned_out(tmp_path) as doors:
        add_tenant(doors.documents, "acme")
        doors.queue, queue = _away(), doors.queue
        assert doors.post({"fan_out": True}).status == 503
        doors.queue = queue

    assert numbers("no-billing-run", doors.log)[0] == 0
    [line] = [each for each in doors.log if each["event"] == "run_report"]
    assert (line["outcome"], line["severity"], line["code"]) == ("failed", "ERROR", "tasks_unavailable")
    assert numbers("run-failed", doors.log) == [1]


def _away() -> Tasks:
    return Away()  # type: ignore[return-value]


def test_a_verification_that_was_not_complete_and_books_that_differ_are_heard(doors: FannedOut) -> None:
    line = {"event": "run_report", "job": "verify", "dry_run": False, "scope": "all"}
    cut_off = {**line, "outcome": "partly_failed", "complete": False, "findings": 0}
    differing = {**line, "outcome": "succeeded", "complete": True, "findings": 2}

    assert numbers("verification-incomplete", [cut_off, differing]) == [1]
    assert numbers("books-differ", [cut_off, differing]) == [1]
    assert numbers("run-failed", [cut_off, differing]) == [0]
    assert doors.log == []
