"""What is noted of a tenant's parts lets the end come: also where the whole's own task had no second try."""

from billing.ports import Fields
from billing.store.fan_outs import WHOLE, DeadLetter, FanOut, FanOuts, PartRecords, TenantParts, shard_part
from tests.builders import utc
from tests.world import sqlite_in_memory

AT = utc("2026-03-01T00:05")


def records() -> PartRecords:
    base: Fields = {"job": "generate_invoices", "actor": "scheduler", "recorded_at": AT, "as_of": AT}
    return PartRecords(
        documents=sqlite_in_memory(), tenant_id="acme", fan_out_id="20260301T000500Z-0a1b2c3d", base=base
    )


def found(kept: PartRecords) -> TenantParts:
    parts = kept.find()
    assert parts is not None
    return parts


def test_a_last_try_that_comes_first_hides_no_shard() -> None:
    kept = records()
    kept.last_try(WHOLE, at=AT)
    kept.begin(shards=3)
    kept.waiting(WHOLE)
    assert found(kept).shards == 3
    for shard in range(3):
        assert not found(kept).shards_finished(at=AT)
        kept.done(shard_part(shard), at=AT)
    assert found(kept).shards_finished(at=AT)


def test_where_the_whole_is_given_up_the_end_waits_for_no_first_shard() -> None:
    kept = records()
    kept.begin(shards=3)
    for shard in (1, 2):
        kept.done(shard_part(shard), at=AT)
    assert not found(kept).shards_finished(at=AT)
    kept.dead(DeadLetter(tenant_id="acme", part=WHOLE, code="run_failed", message="it failed", at=AT))
    assert found(kept).shards_finished(at=AT)
    assert not found(kept).complete


def test_a_call_that_found_more_tenants_is_seen_to_lack_them_also_where_the_queue_took_none() -> None:
    calls = FanOuts(sqlite_in_memory())
    calls.begin(
        FanOut(id="c", job="verify", actor="scheduler", recorded_at=AT, as_of=AT.isoformat(), tenants=2, enqueued=0)
    )
    calls.note_enqueued("c", taken=2, of=2)
    calls.note_enqueued("c", taken=0, of=3)

    [call] = calls.latest(limit=1)
    assert (call.tenants, call.enqueued) == (3, 2)
