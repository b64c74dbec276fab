"""A spread run comes to its end once all before it has: shards, slices, batches, and the sweep of what is left."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest

from billing.api.task_part import PartKind, TaskPart
from billing.ports import Delete, Put, Query, Task, Write
from billing.store.fan_outs import FanOuts
from billing.store.invoices import Invoices
from billing.store.subscriptions import Subscriptions
from tests.builders import a_fee, a_plan, a_subscription
from tests.functions.fanned_out import NIGHT
from tests.functions.small_tenants import AS_OF, add_tenant
from tests.functions.stepped_doors import Died, SteppedDoors, stepped_doors

ASKED = {"fan_out": True, "as_of": AS_OF}


def task_of(doors: SteppedDoors, part: str) -> Task:
    [found] = [each for each in doors.tasks.values() if each.body["task"]["part"] == part]
    return found


def record(doors: SteppedDoors, tenant_id: str, fan_out: str) -> dict[str, Any]:
    [found] = doors.documents.get_many([f"tenants/{tenant_id}/runs/{fan_out}"])
    assert found is not None
    return {name: each["state"] if name.startswith("part_") else each for name, each in found.fields.items()}  # type: ignore[index, call-overload]


def run_while_each_dies(doors: SteppedDoors, *, part: str, before_writing_to: str) -> str:
    """Spread a run and do it all, while every such part dies; the id of the whole."""

    def die(writes: Sequence[Write]) -> None:
        under_way = doors.under_way and doors.under_way.body["task"]["part"]
        if under_way == part and any(before_writing_to in each.path for each in writes):
            raise Died

    doors.before_commit = die
    fan_out: str = doors.post(ASKED).json["fan_out"]
    doors.run_all()
    return fan_out


@pytest.fixture
def overlapping(tmp_path: Path) -> SteppedDoors:
    """While the second shard is at its last try, which will not be its end, the first comes to its own."""
    doors = stepped_doors(tmp_path, slice_seconds=300)
    doors.ticks = lambda: doors.engine.operations.writes  # time goes by with what is written: 200 bills are a slice
    add_tenant(doors.documents, "large", accounts=620, shards=2)
    doors.post(ASKED)
    first = task_of(doors, "tenant")

    def die_once_the_others_are_enqueued(_step: int) -> None:
        if len(doors.tasks) == 2:
            raise Died

    def meanwhile(_step: int) -> None:
        if not any(Invoices.of(doors.documents, "large").all()):
            return
        doors.at_step, doors.ticks = bool, lambda: 0
        assert doors.call(first, tries=1) == 200  # the whole of the first shard
        doors.ticks = lambda: doors.engine.operations.writes

    doors.at_step = die_once_the_others_are_enqueued
    assert doors.call(first) == 0
    doors.at_step = meanwhile
    assert doors.call(task_of(doors, "shard"), tries=2) == 200
    return doors


def test_a_shard_that_goes_on_after_its_last_try_still_has_the_end_after_it(overlapping: SteppedDoors) -> None:
    [fan_out] = FanOuts(overlapping.documents).latest(limit=9)
    found = record(overlapping, "large", fan_out.id)
    assert (found["part_shard_0"], found["part_shard_1"]) == ("done", "waiting")
    rest = next(each for each in overlapping.waiting if each.task.body["task"]["slice"] == 1)
    rest.due += timedelta(minutes=20)  # it waits behind others, for longer than the end does after its last shard
    overlapping.run_all()

    kinds = [part for part, _ in overlapping.statuses]
    assert len(overlapping.invoices("large")) == 620
    assert kinds.index("closing") > len(kinds) - 1 - kinds[::-1].index("shard 1")
    assert record(overlapping, "large", fan_out.id)["part_closing"] == "done"
    assert FanOuts(overlapping.documents).dead_letters(fan_out.id) == []


def test_a_last_try_that_runs_out_of_time_after_others_did_its_work_takes_nothing_back(tmp_path: Path) -> None:
    """The queue took a call for lost and made it again: meanwhile the first one's slices come to the end.

    62 months are due, and a slice makes 24 bills of one subscription.
    """
    doors = stepped_doors(tmp_path)
    add_tenant(doors.documents, "large", shards=2)
    behind = replace(a_subscription(a_plan(fees=[a_fee("49.00")]), start="2021-01-01"), id="behind", shard=1)
    doors.documents.commit([Subscriptions.of(doors.documents, "large").creation(behind)])
    fan_out = doors.post(ASKED).json["fan_out"]
    assert doors.call(doors.waiting.pop(0).task) == 200
    seconds = 0

    def meanwhile(_step: int) -> None:
        nonlocal seconds
        if len([*Invoices.of(doors.documents, "large").all()]) > 3:
            doors.at_step = bool
            doors.run_all()
            seconds = 10_000

    doors.ticks, doors.at_step = lambda: seconds, meanwhile
    assert doors.call(task_of(doors, "shard"), tries=2) == 200
    doors.run_all()

    found = record(doors, "large", fan_out)
    assert (found["part_shard_1"], found["part_closing"]) == ("done", "done")
    assert len(doors.invoices("large")) == 1 + 62
    assert FanOuts(doors.documents).dead_letters(fan_out) == []


def test_a_last_try_that_dies_without_a_word_keeps_the_end_from_nobody_else(tmp_path: Path) -> None:
    doors = stepped_doors(tmp_path, attempts=1)
    add_tenant(doors.documents, "large", accounts=6, shards=2)
    fan_out = run_while_each_dies(doors, part="shard", before_writing_to="/batches/")

    assert doors.statuses[-1] == ("closing", 200)
    assert doors.clock.instant >= NIGHT + timedelta(minutes=35)
    found = record(doors, "large", fan_out)
    assert (found["part_shard_0"], found["part_shard_1"], found["part_closing"]) == ("done", "last_try", "done")
    assert all(not each.pending for each in Invoices.of(doors.documents, "large").all())  # the dead one's too
    [letter] = FanOuts(doors.documents).dead_letters(fan_out)
    assert (letter.part, letter.code) == ("shard_1", "no_answer")


def test_a_batch_that_dies_without_a_word_is_settled_by_the_end_when_nobody_can_be_at_it(tmp_path: Path) -> None:
    doors = stepped_doors(tmp_path, attempts=1)
    add_tenant(doors.documents, "large", accounts=6, shards=2)
    fan_out = run_while_each_dies(doors, part="settle", before_writing_to="/invoices/")

    assert doors.clock.instant >= NIGHT + timedelta(minutes=35)
    assert len(doors.invoices("large")) == 6
    assert record(doors, "large", fan_out)["part_closing"] == "done"
    assert doors.documents.query(Query(f"tenants/large/runs/{fan_out}/batches")) == []
    assert {each.code for each in FanOuts(doors.documents).dead_letters(fan_out)} == {"no_answer"}


def test_the_end_waits_for_every_batch_and_hands_in_again_what_the_queue_never_got(tmp_path: Path) -> None:
    doors = stepped_doors(tmp_path)
    add_tenant(doors.documents, "large", accounts=6, shards=2)
    fan_out = doors.post(ASKED).json["fan_out"]
    doors.waiting.clear()
    assert doors.call(task_of(doors, "tenant")) == doors.call(task_of(doors, "shard")) == 200
    lost = next(each for each in doors.waiting if each.task.body["task"]["part"] == "settle")
    doors.waiting = [each for each in doors.waiting if each is not lost]
    doors.tasks.pop(lost.task.name)  # as after a queue was made anew

    doors.run_all()

    parts = Counter(part for part, _ in doors.statuses)
    assert parts["settle"] == 2
    assert [part for part, _ in doors.statuses[-4:]] == ["settle", "closing", "settle", "closing"]
    assert len(doors.invoices("large")) == 6
    assert record(doors, "large", fan_out)["part_closing"] == "done"
    assert doors.documents.query(Query(f"tenants/large/runs/{fan_out}/batches")) == []


@pytest.mark.parametrize("shards", [1, 2])
def test_what_can_not_be_settled_is_tried_once_in_a_run_however_many_slices_that_takes(
    tmp_path: Path, shards: int
) -> None:
    doors = stepped_doors(tmp_path, slice_seconds=0)  # a page a slice
    add_tenant(doors.documents, "acme", accounts=2, shards=shards)
    unreadable: list[Write] = [
        Put(f"tenants/acme/invoices/a{number:03}", {"id": f"a{number:03}", "unsettled": True}) for number in range(250)
    ]
    doors.documents.commit(unreadable)

    doors.post(ASKED)
    doors.run_all()

    parts = [part for part, _ in doors.statuses]
    assert parts.count("tenant" if shards == 1 else "closing") <= 7
    named = [each for each in doors.log if each["event"] == "run_report"]
    assert sum(each.get("unsettled", 0) for each in named) == 250  # the call's own line has none
    billed = [each for each in doors.documents.query(Query("tenants/acme/invoices")) if not each.id.startswith("a")]
    assert [each.fields["unsettled"] for each in billed] == [False] * 2


def test_a_small_tenant_that_goes_on_after_its_last_try_is_at_its_end_when_it_is(tmp_path: Path) -> None:
    doors = stepped_doors(tmp_path, attempts=1, slice_seconds=300)
    doors.ticks = lambda: doors.engine.operations.writes
    add_tenant(doors.documents, "acme", accounts=250)
    fan_out = doors.post(ASKED).json["fan_out"]
    before = len(doors.statuses)
    doors.attempts = 3
    task = task_of(doors, "tenant")
    doors.waiting.clear()
    assert doors.call(task, tries=2) == 200
    assert record(doors, "acme", fan_out)["part_tenant"] == "waiting"

    doors.run_all()

    assert len(doors.statuses) - before == 2
    assert len(doors.invoices("acme")) == 250
    assert record(doors, "acme", fan_out)["part_tenant"] == "done"


def test_where_the_queue_is_away_at_a_last_try_the_part_is_given_up_aloud_and_the_next_run_goes_on(
    tmp_path: Path,
) -> None:
    doors = stepped_doors(tmp_path, attempts=1)
    add_tenant(doors.documents, "large", accounts=6, shards=2)
    fan_out = doors.post(ASKED).json["fan_out"]
    doors.takes = 0
    doors.run_all()

    [letter] = FanOuts(doors.documents).dead_letters(fan_out)
    assert (letter.tenant_id, letter.part, letter.code) == ("large", "tenant", "tasks_unavailable")
    [line] = [each for each in doors.log if each["event"] == "dead_letter"]
    assert "make the queue" in line["reason"]

    doors.takes = 1000
    doors.clock.instant += timedelta(days=1)
    doors.post(ASKED)
    doors.run_all()
    assert len(doors.invoices("large")) == 6


def test_two_runs_of_one_night_as_of_two_days_take_nothing_from_each_other(tmp_path: Path) -> None:
    doors = stepped_doors(tmp_path)
    add_tenant(doors.documents, "acme", accounts=2)

    asked = [doors.post({"fan_out": True, "as_of": day}).json for day in ("2026-02-28", AS_OF)]
    doors.run_all()

    assert len({each["fan_out"] for each in asked}) == 2
    assert [each["enqueued"] for each in asked] == [1, 1]
    assert doors.invoices("acme") == ["INV-2026-02-0001", "INV-2026-02-0002"]


def test_a_tenant_that_is_taken_away_at_a_last_try_is_not_brought_back_by_its_record(tmp_path: Path) -> None:
    doors = stepped_doors(tmp_path, attempts=1)
    add_tenant(doors.documents, "acme")
    fan_out = doors.post(ASKED).json["fan_out"]
    doors.documents.commit([Delete("tenants/acme")])

    doors.run_all()

    assert doors.documents.query(Query("tenants/acme/runs")) == []
    [letter] = FanOuts(doors.documents).dead_letters(fan_out)
    assert (letter.tenant_id, letter.code) == ("acme", "not_found")


def test_batches_whose_ids_have_one_checksum_have_two_names() -> None:
    """Both have the same CRC-32: a queue that knew batches by it would drop the second."""
    assert crc32(b"inv-29685295") == crc32(b"inv-32060020")
    one, other = (
        TaskPart(fan_out="20260301T000500Z-01234567", kind=PartKind.SETTLE, invoice_ids=(each,))
        for each in ("inv-29685295", "inv-32060020")
    )
    assert one.name != other.name
    assert len(one.name) >= len("settle_") + 16


def test_what_the_queue_took_before_it_failed_is_counted_and_so_is_what_it_knew(tmp_path: Path) -> None:
    doors = stepped_doors(tmp_path)
    for number in range(5):
        add_tenant(doors.documents, f"tenant-{number}")
    doors.takes = 3

    refused = doors.post(ASKED)
    assert refused.status == 503
    assert [each.enqueued for each in FanOuts(doors.documents).latest(limit=1)] == [3]

    doors.takes = 1000
    assert doors.post(ASKED).json["enqueued"] == 2
    assert [(each.tenants, each.enqueued) for each in FanOuts(doors.documents).latest(limit=9)] == [(5, 5)]


def test_a_call_that_dies_before_it_has_counted_is_made_good_by_the_next(tmp_path: Path) -> None:
    doors = stepped_doors(tmp_path)
    for number in range(3):
        add_tenant(doors.documents, f"tenant-{number}")

    def die(_writes: Sequence[Write]) -> None:
        if doors.tasks:
            raise Died

    doors.before_commit = die
    with pytest.raises(Died):
        doors.post(ASKED)
    doors.before_commit = bool

    assert doors.post(ASKED).json["enqueued"] == 0
    assert [each.enqueued for each in FanOuts(doors.documents).latest(limit=9)] == [3]


def test_a_tenant_that_is_made_between_two_calls_of_one_trigger_has_its_task_too(tmp_path: Path) -> None:
    doors = stepped_doors(tmp_path)
    add_tenant(doors.documents, "acme")
    doors.post(ASKED)
    add_tenant(doors.documents, "beta")

    assert doors.post(ASKED).json["enqueued"] == 1
    doors.run_all()
    assert len(doors.invoices("beta")) == 1
    assert [(each.tenants, each.enqueued) for each in FanOuts(doors.documents).latest(limit=9)] == [(2, 2)]


def test_after_a_queue_was_deleted_in_the_middle_the_same_call_goes_on_with_a_new_one(tmp_path: Path) -> None:
    doors = stepped_doors(tmp_path)
    add_tenant(doors.documents, "acme", accounts=2)
    add_tenant(doors.documents, "large", accounts=6, shards=2)
    doors.post(ASKED)
    assert doors.call(next(each for each in doors.tasks.values() if each.headers["X-Tenant-ID"] == "large")) == 200
    doors.tasks.clear()
    doors.waiting.clear()

    assert doors.post(ASKED).json["enqueued"] == 2
    doors.run_all()

    assert (len(doors.invoices("acme")), len(doors.invoices("large"))) == (2, 6)
    assert [(each.tenants, each.enqueued) for each in FanOuts(doors.documents).latest(limit=9)] == [(2, 2)]
