"""Days past due: the edges of each bucket."""

from datetime import date
from decimal import Decimal

import pytest

from billing.domain.aging import AgingBucket, Unpaid, due_span, outstanding_section

ON = date(2026, 3, 31)


def bucket_of(due_on: date) -> list[AgingBucket]:
    spans = {bucket: due_span(bucket, on=ON) for bucket in AgingBucket}
    return [
        bucket
        for bucket, (first, last) in spans.items()
        if (first is None or first <= due_on) and (last is None or due_on <= last)
    ]


@pytest.mark.parametrize(
    ("due_on", "bucket"),
    [
        ("2026-04-30", AgingBucket.CURRENT),
        ("2026-03-31", AgingBucket.CURRENT),  # due today: day 0
        ("2026-03-30", AgingBucket.DAYS_1_TO_30),  # day 1
        ("2026-03-01", AgingBucket.DAYS_1_TO_30),  # day 30
        ("2026-02-28", AgingBucket.DAYS_31_TO_60),  # day 31
        ("2026-01-30", AgingBucket.DAYS_31_TO_60),  # day 60
        ("2026-01-29", AgingBucket.OVER_60),  # day 61
        ("2020-01-01", AgingBucket.OVER_60),
    ],
)
def test_each_due_date_is_in_one_bucket(due_on: str, bucket: AgingBucket) -> None:
    assert bucket_of(date.fromisoformat(due_on)) == [bucket]


def test_the_section_has_each_bucket_s_share_and_the_sum() -> None:
    amounts = dict(
        zip(AgingBucket, [Unpaid(7, 6_970_00), Unpaid(2, 984_00), Unpaid(1, 246_00), Unpaid(0, 0)], strict=True)
    )
    section = outstanding_section(amounts, currency="USD")
    assert (section.invoices, section.amount) == (10, 8_200_00)
    assert [each.share for each in section.buckets] == [Decimal(each) for each in ("85.0", "12.0", "3.0", "0.0")]
    assert [each.bucket for each in section.buckets] == list(AgingBucket)
