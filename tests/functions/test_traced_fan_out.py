"""One trigger, one trace: whatever tasks and further slices a run of all tenants leads to."""

from pathlib import Path

from tests.functions.fanned_out import FannedOut, fanned_out
from tests.functions.small_tenants import AS_OF, add_tenant

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CAME_WITH = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}


def traces(doors: FannedOut) -> set[str]:
    return {task.headers["traceparent"].split("-")[1] for task in doors.tasks.values()}


def test_every_task_of_a_trigger_belongs_to_its_trace_those_that_tasks_made_too(tmp_path: Path) -> None:
    with fanned_out(tmp_path, slice_seconds=300) as doors:
        doors.ticks = lambda: doors.engine.operations.writes  # time goes by with what is written: 200 bills are a slice
        add_tenant(doors.documents, "acme")
        add_tenant(doors.documents, "large", accounts=450)
        doors.post({"fan_out": True, "as_of": AS_OF}, headers=CAME_WITH)
        done = doors.wait(seconds=60)
    assert max(each.slice for each in done) > 0  # the queue was asked for more by a task itself
    assert traces(doors) == {TRACE}


def test_another_trigger_has_another_trace(tmp_path: Path) -> None:
    with fanned_out(tmp_path) as doors:
        add_tenant(doors.documents, "acme")
        doors.post({"fan_out": True, "as_of": AS_OF}, headers=CAME_WITH)
        doors.wait()
        doors.post({"fan_out": True, "as_of": AS_OF}, job="run_dunning")
        doors.wait()
    assert len(traces(doors)) == 2
