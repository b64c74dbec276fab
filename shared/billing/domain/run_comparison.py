"""A run compared with the invoices before it: who jumps, who drops to nothing, who is new, who is missing."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import groupby
from operator import attrgetter

from billing.domain.exact import divide
from billing.domain.invoice import Invoice
from billing.domain.money import Rounding


class Change(StrEnum):
    """How a bill differs from the one before it."""

    NEW = "new"
    MISSING = "missing"
    SUSPENDED = "suspended"
    DROPPED_TO_ZERO = "dropped_to_zero"
    UP = "up"
    DOWN = "down"
    SAME = "same"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedBill:
    """A subscription's bill beside the one before it: subtotals in minor units, None where there is no such bill.

    `suspended` tells that there is none as the customer's service is suspended.
    """

    subscription_id: str
    customer_id: str
    currency: str
    before: int | None
    now: int | None
    suspended: bool = False

    @property
    def change(self) -> Change:
        """Which kind of change it is."""
        if self.before is None:
            return Change.NEW
        if self.now is None:
            return Change.SUSPENDED if self.suspended else Change.MISSING
        if self.now == self.before:
            return Change.SAME
        if self.now == 0:
            return Change.DROPPED_TO_ZERO
        return Change.UP if self.now > self.before else Change.DOWN

    @property
    def difference(self) -> int:
        """By how many minor units the bill changed; a bill that is not there counts as 0."""
        return (self.now or 0) - (self.before or 0)

    @property
    def factor(self) -> Decimal | None:
        """How many times the bill before it is, to two digits; None where there is nothing to divide by."""
        if not self.before or self.now is None:
            return None
        return Decimal(divide(100 * self.now, self.before, rounding=Rounding.HALF_UP)).scaleb(-2)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunComparison:
    """All bills of a run and those that are missing in it, the greatest change first; sums by currency."""

    bills: Sequence[ComparedBill]

    def counts(self) -> dict[Change, int]:
        """How many bills there are of each kind of change."""
        return {change: sum(each.change is change for each in self.bills) for change in Change}

    def currencies(self) -> list[str]:
        """The currencies that bills are in."""
        return sorted({each.currency for each in self.bills})

    def totals(self, currency: str) -> tuple[int, int]:
        """The subtotals of the bills before and of those now, in minor units."""
        mine = [each for each in self.bills if each.currency == currency]
        return sum(each.before or 0 for each in mine), sum(each.now or 0 for each in mine)


def compare(
    invoices: Iterable[Invoice], *, latest: Mapping[str, int], missing: Iterable[ComparedBill] = ()
) -> RunComparison:
    """Each invoice beside its subscription's one before it: in this run, or else the `latest` subtotal by id."""
    bills = list(missing)
    ordered = sorted(invoices, key=attrgetter("subscription_id", "bill_for_date"))
    for subscription_id, group in groupby(ordered, key=attrgetter("subscription_id")):
        before = latest.get(subscription_id)
        for invoice in group:
            bills.append(
                ComparedBill(
                    subscription_id=subscription_id,
                    customer_id=invoice.customer_id,
                    currency=invoice.currency,
                    before=before,
                    now=invoice.subtotal,
                )
            )
            before = invoice.subtotal
    return RunComparison(bills=sorted(bills, key=lambda each: (-abs(each.difference), each.subscription_id)))
