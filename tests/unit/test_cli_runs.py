"""`billing runs`: what is left of runs, and which tasks were given up, is told with its reason and an exit code."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from billing.domain.dunning_report import DunningReport
from billing.ports import Documents, Fields
from billing.store.fan_outs import DeadLetter, FanOut, FanOuts, PartRecords
from billing.store.runs import Runs
from billing.store.subscriptions import Subscriptions
from billing.wiring import local_engine
from tests.builders import a_fee, a_plan, a_subscription, utc
from tests.command_line import billing
from tests.functions.small_tenants import AS_OF, add_tenant
from tests.functions.stepped_doors import stepped_doors

NIGHT = utc("2026-03-01T00:05")
FAN_OUT = "20260301T000500Z-01234567"


def records(documents: Documents) -> PartRecords:
    base: Fields = {"job": "generate_invoices", "actor": "scheduler", "recorded_at": NIGHT, "as_of": NIGHT}
    return PartRecords(documents=documents, tenant_id="acme", fan_out_id=FAN_OUT, base=base)


@pytest.fixture
def books(tmp_path: Path) -> Path:
    """Two shards of a large tenant are done, and the task of the third was given up."""
    documents = local_engine(tmp_path, payment_link_base="http://127.0.0.1:8080").documents
    add_tenant(documents, "acme", shards=3)
    asked = {"job": "generate_invoices", "actor": "scheduler", "recorded_at": NIGHT, "as_of": "2026-03-01"}
    FanOuts(documents).begin(FanOut(id=FAN_OUT, tenants=300, **asked))  # type: ignore[arg-type]
    FanOuts(documents).note_enqueued(FAN_OUT, taken=300, of=300)
    noted = records(documents)
    noted.begin(shards=3)
    noted.done("shard_0", at=NIGHT)
    noted.done("shard_1", at=NIGHT)
    message = "the run of tenant 'acme' could not proceed"
    noted.dead(DeadLetter(tenant_id="acme", part="shard_2", code="run_failed", message=message, at=NIGHT))
    return tmp_path


def test_a_task_that_was_given_up_is_shown_with_its_call_and_fails_the_command(books: Path) -> None:
    shown = billing("runs", "fan-outs", "--dir", str(books))

    assert shown.exit_code == 1
    assert [line.split() for line in shown.stdout.splitlines()] == [
        ["Fan-out", "Job", "As", "of", "Tenants", "Enqueued", "Given", "up"],
        [FAN_OUT, "generate_invoices", "2026-03-01", "300", "300", "1"],
        f"{FAN_OUT}: acme, shard_2: the run of tenant 'acme' could not proceed".split(),
    ]


def test_the_same_as_json(books: Path) -> None:
    shown = billing("runs", "fan-outs", "--dir", str(books), "--json")

    [fan_out] = json.loads(shown.stdout)["fan_outs"]
    assert (shown.exit_code, fan_out["id"], fan_out["enqueued"]) == (1, FAN_OUT, 300)
    assert [(each["part"], each["code"]) for each in fan_out["dead_letters"]] == [("shard_2", "run_failed")]


def test_a_tenants_run_says_which_of_its_parts_is_missing_until_it_is_done(books: Path) -> None:
    shown = billing("runs", "list", "--dir", str(books), "--unfinished")
    assert shown.exit_code == 0
    assert f"{FAN_OUT}  fan out  2026-03-01  no" in shown.stdout
    assert f"{FAN_OUT}: shard_2: the run of tenant 'acme' could not proceed" in shown.stdout
    assert "stays due: mend what is named, and the next run of the job does it" in shown.stderr

    noted = records(local_engine(books, payment_link_base="http://127.0.0.1:8080").documents)
    noted.waiting("shard_2")
    noted.done("shard_2", at=NIGHT)
    noted.done("closing", at=NIGHT)

    assert "No runs." in billing("runs", "list", "--dir", str(books), "--unfinished").stderr
    [run] = json.loads(billing("runs", "list", "--dir", str(books), "--json").stdout)["runs"]
    assert (run["complete"], run["failed"]) == (True, 0)
    assert run["counts"] == {"shards": 3, "parts_done": 4, "parts_waiting": 0}
    assert billing("runs", "fan-outs", "--dir", str(books)).exit_code == 0


def test_a_part_that_went_on_after_its_last_try_is_shown_as_waiting_until_it_is_done(tmp_path: Path) -> None:
    documents = local_engine(tmp_path, payment_link_base="http://127.0.0.1:8080").documents
    add_tenant(documents, "acme")
    noted = records(documents)
    noted.last_try("tenant", at=NIGHT)
    noted.waiting("tenant")

    shown = billing("runs", "list", "--dir", str(tmp_path), "--unfinished")
    assert "parts_waiting 1" in shown.stdout
    assert 'call the function with {"fan_out": true}' in shown.stderr

    noted.done("tenant", at=NIGHT)
    assert billing("runs", "list", "--dir", str(tmp_path), "--unfinished").stdout == ""


def test_the_latest_runs_are_found_without_reading_the_others(tmp_path: Path) -> None:
    documents = local_engine(tmp_path, payment_link_base="http://127.0.0.1:8080").counted().documents
    runs = Runs.of(documents, "acme")
    for day in (3, 1, 4, 2):
        report = DunningReport(run_id=f"run-{9 - day}", tenant_id="acme", as_of=NIGHT, dry_run=False)
        documents.commit([runs.dunning_record(report, actor="cron", recorded_at=NIGHT + timedelta(days=day))])
    assert [each.id for each in runs.latest(limit=2)] == ["run-5", "run-6"]
    assert documents.counts.reads == 2
    [latest] = runs.latest(limit=1)
    assert latest.fields["expires_at"] == NIGHT + timedelta(days=404)


@pytest.mark.parametrize("shards", [1, 2])
def test_slices_that_were_continued_are_not_unfinished_once_the_last_is_done(tmp_path: Path, shards: int) -> None:
    """26 months are due, and a run makes 24 bills of one subscription."""
    doors = stepped_doors(tmp_path)
    add_tenant(doors.documents, "acme", shards=shards)
    behind = replace(a_subscription(a_plan(fees=[a_fee("49.00")]), start="2024-01-01"), id="behind")
    doors.documents.commit([Subscriptions.of(doors.documents, "acme").creation(behind)])
    doors.post({"fan_out": True, "as_of": AS_OF})

    assert doors.call(doors.waiting.pop().task) == 200
    assert billing("runs", "list", "--dir", str(tmp_path), "--unfinished").stdout != ""

    doors.run_all()
    assert len(doors.invoices("acme")) == 1 + 26
    assert billing("runs", "list", "--dir", str(tmp_path), "--unfinished").stdout == ""
