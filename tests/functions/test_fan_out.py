"""A run spread over tasks: a tenant each, a shard each where there are several, slice by slice, to the last file."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import monotonic

import pytest

from billing.api.job_request import InvalidFields
from billing.api.jobs_in_process import JobsInProcess
from billing.api.routes.runs import run_answer
from billing.domain.invoice import InvoiceStatus
from billing.ports import Delete, Put, Query
from billing.ports.jobs import JobCall
from billing.store.fan_outs import FanOuts, PartRecords
from billing.store.invoices import Invoices
from billing.store.subscriptions import Subscriptions
from tests.builders import a_fee, a_plan, a_subscription
from tests.functions.fanned_out import NIGHT, FannedOut, fanned_out
from tests.functions.small_tenants import AS_OF, add_tenant

PART: dict = {"fan_out": "20260301T000500Z-01234567", "part": "tenant", "slice": 0}
PLAN = a_plan(fees=[a_fee("49.00")])
SCHEDULED = {"X-CloudScheduler-ScheduleTime": "2026-03-01T00:05:00.000Z"}


@pytest.fixture
def doors(tmp_path: Path) -> Iterator[FannedOut]:
    with fanned_out(tmp_path) as doors:
        yield doors


def run_records(doors: FannedOut, tenant_id: str) -> list[dict]:
    found = [each.fields for each in doors.documents.query(Query(f"tenants/{tenant_id}/runs"))]
    return [each for each in found if each.get("kind") != "fan_out"]


def parts(doors: FannedOut, tenant_id: str) -> dict:
    runs: list[dict] = [each.fields for each in doors.documents.query(Query(f"tenants/{tenant_id}/runs"))]
    [found] = [each for each in runs if each.get("kind") == "fan_out"]
    return {name: state["state"] for name, state in found.items() if name.startswith("part_")}


def test_each_tenant_has_a_task_of_its_own_and_is_billed(doors: FannedOut) -> None:
    for tenant_id in ("acme", "beta", "gamma"):
        add_tenant(doors.documents, tenant_id, accounts=2)

    answered = doors.post({"fan_out": True, "as_of": AS_OF}, headers=SCHEDULED)

    assert answered.status == 202
    told = {name: answered.json[name] for name in ("tenants", "enqueued", "as_of")}
    assert told == {"tenants": 3, "enqueued": 3, "as_of": "2026-03-01"}
    assert answered.json["fan_out"].startswith("20260301T000500Z-")
    assert [(each.tenant, each.part, each.status) for each in doors.wait()] == [
        ("acme", "tenant", 200),
        ("beta", "tenant", 200),
        ("gamma", "tenant", 200),
    ]
    for tenant_id in ("acme", "beta", "gamma"):
        assert doors.invoices(tenant_id) == ["INV-2026-02-0001", "INV-2026-02-0002"]


def test_every_task_works_as_of_the_same_instant_in_the_name_of_who_asked(doors: FannedOut) -> None:
    add_tenant(doors.documents, "acme")

    answered = doors.post({"fan_out": True})
    doors.wait()

    [record] = run_records(doors, "acme")
    assert record["as_of"] == doors.clock.instant
    assert record["fan_out"] == answered.json["fan_out"]
    assert record["actor"] == "internal-key"


def test_a_doubled_trigger_does_nothing(doors: FannedOut) -> None:
    add_tenant(doors.documents, "acme")
    first = doors.post({"fan_out": True}, headers=SCHEDULED)

    again = doors.post({"fan_out": True}, headers=SCHEDULED)
    next_night = doors.post({"fan_out": True}, headers={"X-CloudScheduler-ScheduleTime": "2026-03-02T00:05:00Z"})

    assert (first.json["enqueued"], again.json["enqueued"], next_night.json["enqueued"]) == (1, 0, 1)
    assert again.json["note"] == "1 of them were enqueued before, by the same trigger"
    assert first.json["fan_out"] == again.json["fan_out"] != next_night.json["fan_out"]
    assert len(doors.wait()) == 2
    recorded = FanOuts(doors.documents).latest(limit=10)
    assert [(each.id, each.enqueued) for each in recorded] == [
        (next_night.json["fan_out"], 1),
        (first.json["fan_out"], 1),
    ]


def test_calls_by_hand_are_one_within_a_minute_if_they_ask_for_the_same(doors: FannedOut) -> None:
    add_tenant(doors.documents, "acme")

    asked = [{"fan_out": True}, {"fan_out": True}, {"fan_out": True, "as_of": AS_OF}]
    assert [doors.post(body).json["enqueued"] for body in asked] == [1, 0, 1]
    assert doors.post({"fan_out": True}, job="run_dunning").json["enqueued"] == 1
    assert doors.post({"fan_out": True}, tenant="acme").json["enqueued"] == 1
    doors.clock.instant = doors.clock.instant.replace(minute=6)
    assert doors.post({"fan_out": True}).json["enqueued"] == 1
    doors.wait()


def test_a_tenant_in_shards_has_a_task_for_each_its_files_tasks_by_the_hundred_and_an_end(doors: FannedOut) -> None:
    add_tenant(doors.documents, "large", accounts=230, shards=2)

    doors.post({"fan_out": True, "as_of": AS_OF})
    done = doors.wait()

    kinds = Counter(each.part for each in done)
    assert kinds["tenant"] == kinds["shard 1"] == kinds["closing"] == 1
    assert kinds["settle"] >= 3
    assert done[-1].part == "closing"
    assert len(doors.invoices("large")) == 230
    assert parts(doors, "large") == {"part_shard_0": "done", "part_shard_1": "done", "part_closing": "done"}
    assert sum(each["generated"] for each in run_records(doors, "large")) == 230
    assert sum(each["customers"] for each in run_records(doors, "large")) == 230


def test_the_rest_of_a_large_tenant_waits_behind_all_others(tmp_path: Path) -> None:
    with fanned_out(tmp_path, slice_seconds=300) as doors:
        doors.ticks = lambda: doors.engine.operations.writes  # time goes by with what is written: 200 bills are a slice
        add_tenant(doors.documents, "a-large", accounts=450)
        for tenant_id in ("b", "c", "d", "e"):
            add_tenant(doors.documents, tenant_id)
        doors.post({"fan_out": True, "as_of": AS_OF})
        done = doors.wait()

    order = [f"{each.tenant} {each.slice}" for each in done]
    assert order[:6] == ["a-large 0", "b 0", "c 0", "d 0", "e 0", "a-large 1"]
    assert len(doors.invoices("a-large")) == 450
    assert {tenant: len(doors.invoices(tenant)) for tenant in "bcde"} == dict.fromkeys("bcde", 1)


def test_dunning_goes_shard_by_shard_too_and_seals_once_at_the_end(doors: FannedOut) -> None:
    add_tenant(doors.documents, "large", accounts=6, shards=3)
    add_tenant(doors.documents, "small", accounts=1)
    doors.post({"fan_out": True, "as_of": AS_OF})
    billed = len(doors.wait())
    doors.clock.instant = doors.clock.instant.replace(month=4, day=2)

    doors.post({"fan_out": True}, job="run_dunning")
    done = doors.wait()

    assert [(each.tenant, each.part) for each in done[billed:]] == [
        ("large", "tenant"),
        ("small", "tenant"),
        ("large", "shard 1"),
        ("large", "shard 2"),
        ("large", "closing"),
    ]
    for tenant_id, number in (("large", 6), ("small", 1)):
        found = [*Invoices.of(doors.documents, tenant_id).all()]
        assert [each.status for each in found] == [InvoiceStatus.OVERDUE] * number
        assert len(doors.documents.query(Query(f"tenants/{tenant_id}/audit_seals"))) == 1
    records = [each for each in run_records(doors, "large") if each.get("kind") == "dunning"]
    assert sum(each["overdue"] for each in records) == 6
    assert len(records) == 3


def test_a_task_that_fails_is_tried_again_and_in_the_end_is_a_dead_letter_that_costs_nobody_else_anything(
    doors: FannedOut,
) -> None:
    for tenant_id in ("acme", "broken", "gamma"):
        add_tenant(doors.documents, tenant_id)
    [tenant] = doors.documents.get_many(["tenants/broken"])
    assert tenant is not None
    doors.documents.commit([Put("tenants/broken", {"id": "broken"})])

    fan_out = doors.post({"fan_out": True, "as_of": AS_OF}).json["fan_out"]
    done = doors.wait()

    assert [(each.tenant, each.tries, each.status) for each in done] == [
        ("acme", 0, 200),
        ("broken", 0, 500),
        ("gamma", 0, 200),
        ("broken", 1, 500),
        ("broken", 2, 500),
    ]
    assert len(doors.invoices("acme")) == len(doors.invoices("gamma")) == 1
    [letter] = FanOuts(doors.documents).dead_letters(fan_out)
    assert (letter.tenant_id, letter.part, letter.code) == ("broken", "tenant", "run_failed")
    assert parts(doors, "broken") == {"part_tenant": "dead"}
    [line] = [each for each in doors.log if each["event"] == "dead_letter"]
    assert (line["severity"], line["tenant"], line["fan_out"]) == ("ERROR", "broken", fan_out)


def test_a_part_that_recovers_at_its_last_try_leaves_no_dead_letter(doors: FannedOut) -> None:
    add_tenant(doors.documents, "acme")
    [tenant] = doors.documents.get_many(["tenants/acme"])
    assert tenant is not None
    doors.documents.commit([Put("tenants/acme", {"id": "acme"})])
    doors.before_try = lambda tries: tries == 2 and doors.documents.commit([Put("tenants/acme", tenant.fields)])

    fan_out = doors.post({"fan_out": True, "as_of": AS_OF}).json["fan_out"]

    assert [each.status for each in doors.wait()] == [500, 500, 200]
    assert len(doors.invoices("acme")) == 1
    assert FanOuts(doors.documents).dead_letters(fan_out) == []
    assert parts(doors, "acme") == {"part_tenant": "done"}


def test_a_call_without_fan_out_answers_with_its_counts_as_before(doors: FannedOut) -> None:
    add_tenant(doors.documents, "acme")

    answered = doors.post({"fan_out": False, "as_of": AS_OF})

    assert (answered.status, answered.json["generated"], doors.tasks) == (200, 1, {})


def test_a_try_beyond_the_last_that_goes_well_takes_the_dead_letter_back(doors: FannedOut) -> None:
    add_tenant(doors.documents, "acme")
    [tenant] = doors.documents.get_many(["tenants/acme"])
    assert tenant is not None
    doors.documents.commit([Put("tenants/acme", {"id": "acme"})])
    queue = {"x-cloudtasks-taskname": "t", "x-cloudtasks-taskretrycount": "2"}
    assert doors.post({"as_of": AS_OF, "task": PART}, tenant="acme", headers=queue).status == 500
    assert len(FanOuts(doors.documents).dead_letters(PART["fan_out"])) == 1
    doors.documents.commit([Put("tenants/acme", tenant.fields)])

    queue["x-cloudtasks-taskretrycount"] = "3"
    assert doors.post({"as_of": AS_OF, "task": PART}, tenant="acme", headers=queue).status == 200

    assert FanOuts(doors.documents).dead_letters(PART["fan_out"]) == []
    assert parts(doors, "acme") == {"part_tenant": "done"}


def test_a_tenant_that_is_gone_is_given_up_at_once(doors: FannedOut) -> None:
    add_tenant(doors.documents, "acme")
    doors.before_try = lambda _tries: doors.documents.commit([Delete("tenants/acme")])

    fan_out = doors.post({"fan_out": True, "as_of": AS_OF}).json["fan_out"]

    assert [(each.tries, each.status) for each in doors.wait()] == [(0, 200)]
    [letter] = FanOuts(doors.documents).dead_letters(fan_out)
    assert (letter.tenant_id, letter.code) == ("acme", "not_found")
    assert doors.documents.query(Query("tenants/acme/runs")) == []


def test_a_part_that_is_continued_without_end_is_given_up(doors: FannedOut) -> None:
    add_tenant(doors.documents, "acme")
    part = {"fan_out": "20260301T000500Z-01234567", "part": "tenant", "slice": 2001}

    answered = doors.post({"as_of": AS_OF, "task": part}, tenant="acme", headers={"x-cloudtasks-taskname": "t"})

    assert (answered.status, answered.json["dead_letter"]["code"]) == (200, "no_end_in_sight")
    assert parts(doors, "acme") == {"part_tenant": "dead"}
    assert [*Invoices.of(doors.documents, "acme").all()] == []


def test_a_last_try_that_ends_without_a_word_is_a_dead_letter(doors: FannedOut) -> None:
    add_tenant(doors.documents, "acme")
    records = PartRecords(
        documents=doors.documents,
        tenant_id="acme",
        fan_out_id="20260301T000500Z-01234567",
        base={"job": "generate_invoices", "actor": "scheduler", "recorded_at": NIGHT, "as_of": NIGHT},
    )

    records.last_try("tenant", at=NIGHT)

    [record] = [run_answer(each) for each in doors.documents.query(Query("tenants/acme/runs"))]
    assert (record.kind, record.complete, record.failed) == ("fan_out", False, 1)
    [failure] = record.failures
    assert (failure.subject, failure.code) == ("tenant", "no_answer")
    assert failure.message == "the last try, begun at 2026-03-01 00:05:30 UTC, has not come to an end"
    records.waiting("tenant")
    records.done("tenant", at=NIGHT)
    [record] = [run_answer(each) for each in doors.documents.query(Query("tenants/acme/runs"))]
    assert (record.complete, record.failed) == (True, 0)
    assert FanOuts(doors.documents).dead_letters("20260301T000500Z-01234567") == []


def test_what_stopped_for_another_reason_than_its_time_is_looked_at_again_in_five_minutes(doors: FannedOut) -> None:
    """38 months are due, and a run makes 24 bills of one subscription."""
    add_tenant(doors.documents, "acme")
    behind = replace(a_subscription(PLAN, start="2023-01-01"), id="behind")
    doors.documents.commit([Subscriptions.of(doors.documents, "acme").creation(behind)])

    doors.post({"fan_out": True, "as_of": AS_OF})
    done = doors.wait()

    assert [(each.part, each.slice) for each in done] == [("tenant", 0), ("tenant", 1)]
    assert [each.due for each in doors.tasks.values()] == [None, NIGHT + timedelta(minutes=5)]
    assert len(doors.invoices("acme")) == 1 + 38


@pytest.mark.parametrize("body", [{"fan_out": True}, {"task": PART}], ids=["fan_out", "task"])
def test_who_calls_through_the_api_can_spread_nothing_and_is_no_queue(doors: FannedOut, body: dict) -> None:
    add_tenant(doors.documents, "acme")

    answered = doors.post(body, tenant="acme", headers={"x-billing-actor": "clerk@acme.example"})

    assert (answered.status, answered.json["errors"][0]["field"]) == (422, next(iter(body)))
    assert doors.tasks == {}
    assert [*Invoices.of(doors.documents, "acme").all()] == []


@pytest.mark.parametrize("body", [{"fan_out": True}, {"task": PART}], ids=["fan_out", "task"])
def test_nor_where_the_api_runs_jobs_in_its_own_process(doors: FannedOut, body: dict) -> None:
    add_tenant(doors.documents, "acme")
    jobs = JobsInProcess(
        engine=doors.engine.counted,
        clock=doors.clock,
        monotonic=monotonic,
        new_id=lambda: "0123456789abcdef",
        log=lambda _event, _fields: None,
    )
    asked = JobCall(
        job="generate_invoices",
        tenant_id="acme",
        body=json.dumps(body).encode(),
        actor="clerk",
        request_id="r-1",
        seconds=60,
    )

    with pytest.raises(InvalidFields, match=f"{next(iter(body))}: expected"):
        jobs.call(asked)


def test_without_a_queue_the_way_to_one_is_named(doors: FannedOut) -> None:
    doors.queue, queue = None, doors.queue

    answered = doors.post({"fan_out": True})

    assert answered.status == 422
    assert answered.json["errors"][0]["detail"].startswith(
        "fan_out: expected a queue: this function has none (set BILL"
    )
    doors.queue = queue


@pytest.mark.parametrize(
    "part",
    [
        {**PART, "fan_out": "../x"},
        {**PART, "slice": -1},
        {**PART, "more": 1},
        {**PART, "part": "closing", "after": "a b"},
        {**PART, "part": "closing", "after": 7},
        {**PART, "sweep_from": "plans/x"},
        {**PART, "sweep_from": "invoices/../x"},
        {**PART, "part": "shard"},
        {**PART, "part": "shard", "shard": 10_000},
        {**PART, "part": "settle", "invoices": []},
        {**PART, "part": "settle", "invoices": ["a"] * 101},
        {**PART, "part": "settle", "invoices": ["../../x"]},
        {**PART, "part": "settle", "invoices": [7]},
        "tenant",
    ],
)
def test_a_part_that_this_service_never_wrote_is_refused(doors: FannedOut, part: object) -> None:
    add_tenant(doors.documents, "acme")

    answered = doors.post({"task": part}, tenant="acme", headers={"x-cloudtasks-taskname": "t"})

    assert (answered.status, {each["field"] for each in answered.json["errors"]}) == (422, {"task"})


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"fan_out": "yes"}, "fan_out"),
        ({"fan_out": True, "dry_run": True}, "fan_out"),
        ({"fan_out": True, "limit": 5}, "fan_out"),
        ({"task": {"fan_out": "20260301T000500Z-01234567", "part": "tenant", "slice": 0}}, "task"),
        ({"task": {"part": "tenant"}}, "task"),
    ],
)
def test_what_cannot_be_spread_is_refused_by_name(doors: FannedOut, body: dict, field: str) -> None:
    add_tenant(doors.documents, "acme")

    answered = doors.post(body)

    assert (answered.status, [each["field"] for each in answered.json["errors"]]) == (422, [field])
    assert doors.tasks == {}
