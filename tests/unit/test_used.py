"""All that a month's roll-up holds, as one quantity."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from billing.domain.catalog import Aggregation
from billing.domain.rollup import LateBill, UsageRollup, used
from tests.builders import utc


def a_rollup(aggregation: Aggregation = Aggregation.SUM, **changes: Any) -> UsageRollup:  # noqa: ANN401 - any field of the dataclass
    empty = UsageRollup(subscription_id="sub-1", meter="calls", month="2026-02", aggregation=aggregation)
    return replace(empty, **changes)


def test_usage_in_time_late_and_billed_late_counts_once_each() -> None:
    rollup = a_rollup(
        buckets={utc("2026-02-01"): Decimal(5), utc("2026-02-28"): Decimal("0.5")},
        late={utc("2026-02-01"): Decimal(7)},
        late_billed=(LateBill(invoice_id="i1", buckets={utc("2026-02-02"): Decimal(11)}),),
    )
    assert used(rollup) == Decimal("23.5")


def test_who_came_on_several_days_is_one() -> None:
    days = {utc("2026-02-01"): frozenset({"ada", "bob"}), utc("2026-02-02"): frozenset({"ada"})}
    assert used(a_rollup(Aggregation.UNIQUE, buckets=days)) == 2


def test_an_empty_roll_up_holds_nothing() -> None:
    assert used(a_rollup()) == 0
