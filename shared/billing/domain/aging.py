"""Outstanding: what is still to be paid, by how many days past due it is (semantics 12)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from billing.domain.growth import shares


class AgingBucket(StrEnum):
    """How late: due today or later, then by days past due; the 60th day belongs to the third."""

    CURRENT = "current"
    DAYS_1_TO_30 = "days_1_to_30"
    DAYS_31_TO_60 = "days_31_to_60"
    OVER_60 = "over_60"


class DueSpan(NamedTuple):
    """The due dates of a bucket, both included; None has no bound."""

    first: date | None
    last: date | None


class Unpaid(NamedTuple):
    """So many invoices with so much due, in minor units."""

    invoices: int
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgedAmount:
    """A bucket's invoices, what is due on them in minor units, and their share of the amount in per cent."""

    bucket: AgingBucket
    invoices: int
    amount: int
    share: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class OutstandingSection:
    """What is due in one currency, in minor units: each bucket, and all of them."""

    currency: str
    buckets: tuple[AgedAmount, ...]
    invoices: int
    amount: int


def due_span(bucket: AgingBucket, *, on: date) -> DueSpan:
    """The due dates that are in a bucket on a local day: one that is due today is not past due yet."""
    first, last = _DAYS_PAST_DUE[bucket]
    return DueSpan(
        None if last is None else on - timedelta(days=last), None if first is None else on - timedelta(days=first)
    )


def outstanding_section(unpaid: Mapping[AgingBucket, Unpaid], *, currency: str) -> OutstandingSection:
    """The section of a currency; the shares add up to 100 (largest remainder), and are 0 where nothing is due."""
    parts = shares([unpaid[bucket].amount for bucket in AgingBucket])
    return OutstandingSection(
        currency=currency,
        buckets=tuple(
            AgedAmount(bucket=bucket, invoices=unpaid[bucket].invoices, amount=unpaid[bucket].amount, share=share)
            for bucket, share in zip(AgingBucket, parts, strict=True)
        ),
        invoices=sum(each.invoices for each in unpaid.values()),
        amount=sum(each.amount for each in unpaid.values()),
    )


_DAYS_PAST_DUE: dict[AgingBucket, tuple[int | None, int | None]] = {
    AgingBucket.CURRENT: (None, 0),
    AgingBucket.DAYS_1_TO_30: (1, 30),
    AgingBucket.DAYS_31_TO_60: (31, 60),
    AgingBucket.OVER_60: (61, None),
}
