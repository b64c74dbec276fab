"""A roll-up beside the raw usage that it was made of: equal day by day, however each meter adds up."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import pytest

from billing.domain.catalog import Aggregation
from billing.domain.rollup import LateBill, UsageRollup
from billing.domain.usage import Bucket, LastReading
from billing.domain.usage_check import differing_days
from tests.builders import utc

FIRST, SECOND = date(2026, 2, 1), date(2026, 2, 2)


def rollup(buckets: Mapping[str, Bucket], *, aggregation: Aggregation = Aggregation.SUM) -> UsageRollup:
    return UsageRollup(
        subscription_id="sub-1",
        meter="calls",
        month="2026-02",
        aggregation=aggregation,
        buckets={utc(start): bucket for start, bucket in buckets.items()},
    )


def said(kept: UsageRollup, *recorded: tuple[date, Bucket], since: date = FIRST, zone: str = "UTC") -> list[str]:
    found = differing_days(kept, recorded, zone=zone, since=since)
    return [f"{each.day}: {each.rolled_up} / {each.recorded}" for each in found]


def test_events_of_a_day_are_added_up_whatever_boundary_cuts_the_day() -> None:
    kept = rollup({"2026-02-01": Decimal(3), "2026-02-01T12:00": Decimal(4)})
    assert said(kept, (FIRST, Decimal(2)), (FIRST, Decimal(5))) == []
    assert said(kept, (FIRST, Decimal(2)), (FIRST, Decimal(6))) == ["2026-02-01: 7 / 8"]


def test_what_came_late_counts_whether_it_is_billed_or_waits() -> None:
    kept = UsageRollup(
        subscription_id="sub-1",
        meter="calls",
        month="2026-02",
        aggregation=Aggregation.SUM,
        buckets={utc("2026-02-01"): Decimal(1)},
        late={utc("2026-02-01"): Decimal(2)},
        late_billed=(LateBill(invoice_id="x.r0", buckets={utc("2026-02-02"): Decimal(4)}),),
    )
    assert said(kept, (FIRST, Decimal(3)), (SECOND, Decimal(4))) == []


def test_a_day_of_the_one_that_the_other_lacks_is_nothing_there() -> None:
    assert said(rollup({"2026-02-01": Decimal(3)})) == ["2026-02-01: 3 / 0"]
    assert said(rollup({}), (SECOND, Decimal(3))) == ["2026-02-02: 0 / 3"]
    assert said(rollup({"2026-02-01": Decimal(0)})) == []


def test_days_before_events_are_kept_are_left_out() -> None:
    assert said(rollup({"2026-02-01": Decimal(3)}), since=SECOND) == []


def test_a_day_is_the_local_one() -> None:
    # 23:00 UTC on 31 January is midnight of 1 February in Berlin
    assert said(rollup({"2026-01-31T23:00": Decimal(3)}), (FIRST, Decimal(3)), zone="Europe/Berlin") == []


@pytest.mark.parametrize(
    ("aggregation", "kept", "recorded", "words"),
    [
        (Aggregation.MAX, Decimal(5), [Decimal(4), Decimal(6)], "5 / 6"),
        (
            Aggregation.UNIQUE,
            frozenset({"a"}),
            [frozenset({"a"}), frozenset({"b"})],
            "1 different values / 2 different values",
        ),
        (
            Aggregation.LAST,
            LastReading(occurred_at=utc("2026-02-01T01:00"), event_id="1", quantity=Decimal(5)),
            [LastReading(occurred_at=utc("2026-02-01T02:00"), event_id="2", quantity=Decimal(6))],
            "5 at 2026-02-01T01:00:00+00:00 / 6 at 2026-02-01T02:00:00+00:00",
        ),
    ],
)
def test_each_kind_of_meter_says_what_it_keeps(
    aggregation: Aggregation, kept: Bucket, recorded: list[Bucket], words: str
) -> None:
    found = said(rollup({"2026-02-01": kept}, aggregation=aggregation), *[(FIRST, each) for each in recorded])
    assert found == [f"2026-02-01: {words}"]
