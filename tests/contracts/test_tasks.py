"""What every queue keeps: a named call is made once it is due, again until it is answered with 2xx, and named once."""

import json
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Condition

import pytest

from billing.adapters.local_tasks import LocalTasks, Retries
from billing.adapters.system_clock import SystemClock
from billing.domain.errors import InvalidInput
from billing.ports.tasks import Task, Tasks, TasksUnavailable, task_name
from tests.task_queues import ATTEMPTS, TASK, Function, cloud, function, issuer, server, tasks

__all__ = ["cloud", "function", "issuer", "server", "tasks"]


def test_a_task_is_a_post_of_its_body_with_its_headers_and_its_name(tasks: Tasks, function: Function) -> None:
    headers = {"X-Tenant-ID": "acme", "X-Request-ID": "r-1"}
    body = {"as_of": "2026-03-01", "shards": [0, 1]}

    assert tasks.enqueue([replace(TASK, headers=headers, body=body)]) == 1

    [call] = function.wait_for(1)
    assert call.path == "/generate_invoices"
    assert json.loads(call.body) == body
    assert call.headers["content-type"] == "application/json"
    assert call.headers["x-tenant-id"] == "acme"
    assert call.headers["x-request-id"] == "r-1"
    assert (call.name, call.tries) == ("bill-acme", 0)


def test_each_function_is_called_at_its_own_address_and_path(tasks: Tasks, function: Function) -> None:
    tasks.enqueue(
        [
            Task(name="dun", queue="runs", function="run_dunning"),
            Task(name="tell", queue="events", function="apiProxy", path="/api/internal/events"),
        ]
    )

    assert sorted(call.path for call in function.wait_for(2)) == ["/api/internal/events", "/run_dunning"]


def test_a_name_is_taken_once_whether_the_task_waits_or_is_done(tasks: Tasks, function: Function) -> None:
    assert tasks.enqueue([TASK, TASK, replace(TASK, name="bill-other")]) == 2
    function.wait_for(2)

    assert tasks.enqueue([TASK]) == 0
    assert tasks.enqueue([replace(TASK, name="last")]) == 1

    assert Counter(call.name for call in function.wait_for(3)) == {"bill-acme": 1, "bill-other": 1, "last": 1}


def test_nothing_is_called_before_it_is_due(tasks: Tasks, function: Function) -> None:
    due = datetime.now(UTC) + timedelta(seconds=0.4)

    assert tasks.enqueue([replace(TASK, due=due), replace(TASK, name="at-once")]) == 2

    assert [call.name for call in function.wait_for(2)] == ["at-once", "bill-acme"]
    assert function.arrived[1].at >= due


def test_a_call_is_made_again_until_it_is_taken_and_says_how_often_it_was_tried(
    tasks: Tasks, function: Function
) -> None:
    function.statuses = [503, 302, 204]

    tasks.enqueue([TASK])

    assert [call.tries for call in function.wait_for(3)] == [0, 1, 2]


def test_after_the_last_try_a_queue_gives_up(tasks: Tasks, function: Function) -> None:
    function.statuses = [500] * ATTEMPTS

    tasks.enqueue([TASK])
    function.wait_for(ATTEMPTS)
    tasks.enqueue([replace(TASK, name="next", due=datetime.now(UTC) + timedelta(seconds=0.3))])

    assert [call.name for call in function.wait_for(ATTEMPTS + 1)] == ["bill-acme"] * ATTEMPTS + ["next"]


def test_a_task_without_a_name_that_queues_take_cannot_be_built() -> None:
    for name in ("", "a/b", "a.b", "ä", "x" * 501):
        with pytest.raises(InvalidInput, match="name: expected 1 to 500 letters"):
            Task(name=name, queue="runs", function="run_dunning")


def test_a_name_stands_for_its_parts_and_for_no_others() -> None:
    parts = [("ab", "c"), ("a", "bc"), ("a.b", "c"), ("a-b", "c"), ("ab", "c", ""), ("a" * 600, "b"), ("a" * 600, "c")]

    names = [task_name(*each) for each in parts]

    assert len(set(names)) == len(parts)
    assert names[0] == task_name("ab", "c")
    assert names[0].endswith("-ab-c")
    assert [Task(name=name, queue="runs", function="run_dunning").name for name in names] == names


def test_a_queue_in_threads_ends_after_what_is_under_way_and_takes_nothing_more() -> None:
    begun, may_end = Condition(), Condition()
    done: list[str] = []

    def deliver(task: Task, _tries: int) -> bool:
        with begun:
            begun.notify_all()
        with may_end:
            may_end.wait(0.2)
        done.append(task.name)
        return True

    with ExitStack() as stack:
        tasks = stack.enter_context(LocalTasks(deliver, clock=SystemClock(), threads=1))
        with begun:
            tasks.enqueue(
                [TASK, replace(TASK, name="waits"), replace(TASK, name="later", due=datetime.max.replace(tzinfo=UTC))]
            )
            begun.wait(5)

    assert done == ["bill-acme"]
    with pytest.raises(TasksUnavailable, match="it is ending"):
        tasks.enqueue([TASK])


def test_a_name_is_free_again_an_hour_after_its_task_was_done() -> None:
    class Clock:
        instant = datetime(2026, 3, 1, tzinfo=UTC)

        def now(self) -> datetime:
            return self.instant

    clock, done, changed = Clock(), list[str](), Condition()

    def deliver(task: Task, _tries: int) -> bool:
        with changed:
            done.append(task.name)
            changed.notify_all()
        return True

    with LocalTasks(deliver, clock=clock) as tasks, changed:
        tasks.enqueue([TASK])
        assert changed.wait_for(lambda: len(done) == 1, timeout=5)
        clock.instant += timedelta(minutes=59)
        assert tasks.enqueue([TASK]) == 0
        clock.instant += timedelta(minutes=2)
        assert tasks.enqueue([TASK]) == 1
        assert changed.wait_for(lambda: len(done) == 2, timeout=5)


def test_what_raises_is_tried_again_after_a_wait_that_grows() -> None:
    retries = Retries(shortest=timedelta(seconds=1), longest=timedelta(seconds=5))
    assert [retries.wait_after(tries).total_seconds() for tries in (1, 2, 3, 4, 100)] == [1, 2, 4, 5, 5]

    tried, changed = list[int](), Condition()

    def deliver(_task: Task, tries: int) -> bool:
        with changed:
            tried.append(tries)
            changed.notify_all()
        raise RuntimeError

    with LocalTasks(deliver, clock=SystemClock(), retries=Retries(attempts=3, shortest=timedelta())) as tasks, changed:
        tasks.enqueue([TASK])
        assert changed.wait_for(lambda: len(tried) == 3, timeout=5)
    assert tried == [0, 1, 2]
