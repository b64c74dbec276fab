"""Revenue by customer: who was invoiced most for a month, and how that changed (semantics 12)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from billing.domain.growth import growth_percent


class CustomerRevenue(NamedTuple):
    """What a customer was invoiced for a month without tax, and what credit notes took off, in minor units."""

    invoiced: int = 0
    credited: int = 0

    @property
    def revenue(self) -> int:
        """What is left."""
        return self.invoiced - self.credited


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedCustomer:
    """A customer's place; amounts in minor units without tax, `revenue` = `invoiced` - `credited`.

    `before` is its revenue of the month before, None where it had none; `change` is in per cent.
    """

    rank: int
    customer_id: str
    invoiced: int
    credited: int
    revenue: int
    before: int | None
    change: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingSection:
    """The greatest customers of one currency, and the revenue of them all, in minor units."""

    currency: str
    rows: tuple[RankedCustomer, ...]
    customers: int
    revenue: int
    revenue_before: int
    change: Decimal | None


def ranking_section(
    now: Mapping[str, CustomerRevenue], *, before: Mapping[str, CustomerRevenue], currency: str, top: int
) -> RankingSection:
    """The `top` customers of a month by revenue, of two alike the lesser id first; and the sums of all of them."""
    order = sorted(now, key=lambda customer_id: (-now[customer_id].revenue, customer_id))
    total, total_before = (sum(each.revenue for each in month.values()) for month in (now, before))
    return RankingSection(
        currency=currency,
        rows=tuple(
            _ranked(customer_id, rank=rank, now=now[customer_id], before=before.get(customer_id))
            for rank, customer_id in enumerate(order[:top], 1)
        ),
        customers=len(now),
        revenue=total,
        revenue_before=total_before,
        change=growth_percent(total, before=total_before),
    )


def _ranked(customer_id: str, *, rank: int, now: CustomerRevenue, before: CustomerRevenue | None) -> RankedCustomer:
    return RankedCustomer(
        rank=rank,
        customer_id=customer_id,
        invoiced=now.invoiced,
        credited=now.credited,
        revenue=now.revenue,
        before=None if before is None else before.revenue,
        change=None if before is None else growth_percent(now.revenue, before=before.revenue),
    )
