"""What is noted of a tenant's parts lets the end come: also where the whole's own task had no second try."""

from billing.ports import Fields
from billing.store.fan_outs import WHOLE, DeadLetter, PartRecords, TenantParts, shard_part
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
