"""The nightly verification, a task for each tenant: what it finds, what it leaves in the log and among the runs."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from billing.ports import Delete, Put, Query
from billing.store.fan_outs import FanOuts
from tests.functions.fanned_out import FannedOut, fanned_out
from tests.functions.small_tenants import AS_OF, add_tenant

SCHEDULED = {"X-CloudScheduler-ScheduleTime": "2026-03-01T03:15:00Z"}


@pytest.fixture
def doors(tmp_path: Path) -> Iterator[FannedOut]:
    """Three tenants, one of them in shards, who billed February."""
    with fanned_out(tmp_path) as doors:
        billed(doors, "acme", "beta")
        yield doors


def billed(doors: FannedOut, *tenant_ids: str, accounts: int = 2, shards: int = 1) -> None:
    for tenant_id in tenant_ids:
        add_tenant(doors.documents, tenant_id, accounts=accounts, shards=shards)
        assert doors.post({"as_of": AS_OF}, tenant=tenant_id).json["generated"] == accounts


def lines(doors: FannedOut, scope: str) -> list[dict[str, Any]]:
    found = [each for each in doors.log if each["event"] == "run_report" and each["job"] == "verify"]
    return [each for each in found if each["scope"] == scope]


def records(doors: FannedOut, tenant_id: str) -> list[dict[str, Any]]:
    runs = doors.documents.query(Query(f"tenants/{tenant_id}/runs"))
    return [each.fields for each in runs if each.fields.get("kind") == "verification"]


def test_each_tenant_is_verified_by_a_task_with_a_line_and_a_record_of_its_own(doors: FannedOut) -> None:
    billed(doors, "large", accounts=6, shards=3)

    answered = doors.post({"fan_out": True}, job="verify", headers=SCHEDULED)
    done = doors.wait()

    assert (answered.status, answered.json["tenants"], answered.json["enqueued"]) == (202, 3, 3)
    assert [(each.tenant, each.part, each.status) for each in done] == [
        ("acme", "tenant", 200),
        ("beta", "tenant", 200),
        ("large", "tenant", 200),
    ]
    [trigger] = lines(doors, "all")
    assert (trigger["outcome"], trigger["tenants"], trigger["enqueued"]) == ("succeeded", 3, 3)
    told = [(each["tenant"], each["outcome"], each["complete"], each["findings"]) for each in lines(doors, "part")]
    assert told == [(tenant_id, "succeeded", True, 0) for tenant_id in ("acme", "beta", "large")]
    [record] = records(doors, "large")
    assert record["fan_out"] == answered.json["fan_out"]
    assert (record["complete"], record["invoices"], record["findings"], record["kinds"]) == (True, 6, 0, {})


def test_what_is_missing_is_told_by_its_tenant_s_line_and_record_alone(doors: FannedOut) -> None:
    lost, _ = doors.documents.query(Query("tenants/beta/invoices"))
    doors.documents.commit([Delete(lost.path)])

    doors.post({"fan_out": True}, job="verify")
    doors.wait()

    acme, beta = lines(doors, "part")
    assert (acme["severity"], acme["findings"]) == ("INFO", 0)
    assert (beta["severity"], beta["outcome"]) == ("ERROR", "succeeded")
    [record] = records(doors, "beta")
    assert record["kinds"] == {"invoice_missing": 1, "number_missing": 1, "period_not_billed": 1}
    assert record["findings"] == beta["findings"] == 3


def test_a_tenant_whose_books_take_longer_than_a_slice_is_verified_slice_by_slice(tmp_path: Path) -> None:
    with fanned_out(tmp_path, slice_seconds=10) as doors:
        billed(doors, "acme", "beta", accounts=30)
        lost, *_ = doors.documents.query(Query("tenants/acme/invoices"))
        doors.documents.commit([Delete(lost.path)])
        doors.ticks = lambda: doors.engine.operations.reads  # time goes by with what is read
        doors.post({"fan_out": True}, job="verify")
        done = doors.wait()

    slices = [each.slice for each in done if each.tenant == "acme"]
    assert slices == [*range(len(slices))]
    assert len(slices) > 1
    assert all(each.status == 200 for each in done)
    kept = records(doors, "acme")
    assert sorted(each["complete"] for each in kept) == [False] * (len(slices) - 1) + [True]
    assert sum(each["invoices"] for each in kept) == 29
    assert sum(each["findings"] for each in kept) == 3
    assert {each["outcome"] for each in lines(doors, "part")} == {"succeeded"}


def test_books_that_can_not_be_verified_are_tried_again_and_given_up_aloud(doors: FannedOut) -> None:
    doors.documents.commit([Put("tenants/beta", {"id": "beta"})])

    fan_out = doors.post({"fan_out": True}, job="verify").json["fan_out"]
    done = doors.wait()

    assert [(each.tenant, each.status) for each in done] == [("acme", 200), *[("beta", 500)] * 3]
    [letter] = FanOuts(doors.documents).dead_letters(fan_out)
    assert (letter.tenant_id, letter.code) == ("beta", "run_failed")
    assert [each["outcome"] for each in lines(doors, "part")] == ["succeeded", *["failed"] * 3]


def test_a_doubled_trigger_verifies_nobody_twice(doors: FannedOut) -> None:
    assert doors.post({"fan_out": True}, job="verify", headers=SCHEDULED).json["enqueued"] == 2
    assert doors.post({"fan_out": True}, job="verify", headers=SCHEDULED).json["enqueued"] == 0
    doors.wait()
    assert len(records(doors, "acme")) == 1
