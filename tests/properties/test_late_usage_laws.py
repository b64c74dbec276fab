"""Laws of late usage: whenever usage comes, a period costs in the end what it would have cost in time."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from billing.domain.catalog import (
    Aggregation,
    GraduatedPrice,
    MeteredCharge,
    PackagePrice,
    PerUnitPrice,
    StairstepPrice,
    UsagePrice,
    VolumePrice,
)
from billing.domain.invoice import Invoice
from billing.domain.invoicing import CreditDraft, Draft, draft_invoice
from billing.domain.late_usage import LateBuckets
from billing.domain.usage import Bucket, Buckets, LastReading, all_joined
from tests.builders import Account, a_meter, a_plan, tiers, utc

PRICES: tuple[UsagePrice, ...] = (
    PerUnitPrice(unit_price=Decimal("0.0137")),
    GraduatedPrice(tiers=tiers(("10", "0"), ("50", "0.333"), (None, "0.0127", "5"))),
    VolumePrice(tiers=tiers(("20", "1.25", "3"), (None, "0.8"))),
    PackagePrice(size=Decimal(7), unit_price=Decimal("2.49")),
    StairstepPrice(tiers=tiers(("5", "0", "1"), ("60", "0", "20"), (None, "0", "99"))),
)
FEBRUARY = utc("2026-02-01")


def bucket(kind: Aggregation, day: int, quantity: Decimal) -> Bucket:
    match kind:
        case Aggregation.LAST:
            return LastReading(occurred_at=FEBRUARY + timedelta(days=day), event_id=f"{quantity}", quantity=quantity)
        case Aggregation.UNIQUE:
            return frozenset({f"{quantity}"})
        case _:
            return quantity


@st.composite
def parts(draw: st.DrawFn) -> tuple[MeteredCharge, Sequence[Buckets]]:
    """A meter, and its usage of February in the three parts in which it arrives; sums may be corrected."""
    kind, price = draw(st.sampled_from(Aggregation)), draw(st.sampled_from(PRICES))
    least = -30 if kind is Aggregation.SUM else 0
    quantities = st.decimals(min_value=least, max_value=40, places=2)
    drawn = draw(st.lists(st.dictionaries(st.integers(0, 27), quantities, max_size=5), min_size=3, max_size=3))
    meter = a_meter(price, aggregation=kind)
    return meter, [
        {FEBRUARY + timedelta(days=day): bucket(kind, day, quantity) for day, quantity in part.items()}
        for part in drawn
    ]


def usage_total(account: Account, *, usage: Buckets, late: Mapping[str, LateBuckets] | None = None) -> int:
    """What the usage lines of the next bill come to, whatever document it is."""
    outcome = draft_invoice(account.facts(usage={"calls": usage}, late=late or {}))
    match outcome:
        case Draft(invoice=Invoice() as invoice):
            return sum(line.amount for line in invoice.lines)
        case CreditDraft(credit_note=note):
            return -sum(line.amount for line in note.lines)
        case _:
            return 0


@given(parts())
def test_usage_in_three_parts_costs_what_it_costs_in_one(drawn: tuple[MeteredCharge, Sequence[Buckets]]) -> None:
    meter, (timely, late, later) = drawn
    account = Account.opened(a_plan(metered=[meter], anchor_day=1), start="2026-02-01")
    march, april = account.billed(), account.billed(2)
    nothing: dict[datetime, Bucket] = {}
    own = usage_total(march, usage=nothing)  # what an empty month costs by itself
    both = all_joined(meter.aggregation, (timely, late))
    first = usage_total(account, usage=timely)
    second = usage_total(march, usage=nothing, late={"calls": LateBuckets(billed=timely, late=late)}) - own
    third = usage_total(april, usage=nothing, late={"calls": LateBuckets(billed=both, late=later)}) - own
    whole = all_joined(meter.aggregation, (both, later))
    assert first + second + third == usage_total(account, usage=whole)
