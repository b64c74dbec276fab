"""What a month of invoices costs on Google Cloud: counted operations at list prices (docs/guides/costs.md).

A month of 10 and one of 1,000 invoices are billed here with their files, and the night after it is counted as it is
with something to verify; 100,000 is worked out from what the second takes more than the first. Half of the invoices are
paid by card and 3 % of these fail: what that adds is what tests/scenarios/test_run_operations.py and
test_dunning_operations.py count. Then a tenant sleeps for a week, and what stands there is read from its declaration.
"""

import tempfile
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from pathlib import Path

from benchmarks.book import DUE, seed
from benchmarks.machine import timed
from benchmarks.nights import A_TRIGGER, TRIGGERS, Night, bill, night, times
from benchmarks.standing_costs import standing, standing_lines
from billing.engine import Engine
from billing.ports import OperationCounts
from billing.ports.operation_cost import NANO_USD, PRICES_OF
from billing.wiring import local_engine

NIGHTS, WEEK = 30, 7
CARDS, FAILING, STEPS = 0.5, 0.03, 3
A_CHARGE = OperationCounts(writes=1)
A_STEP = OperationCounts(reads=16, writes=10)
"""With a retry that recovers; a reminder alone takes half of it."""

AN_EVENT = OperationCounts(reads=7, writes=1)
"""What Stripe tells of a charge that the books have already: looked up, and noted as known."""

A_PAYMENT_VERIFIED = OperationCounts(reads=1)

SECONDS_A_CHARGE, AT_ONCE = 1.0, 10
"""A gateway takes about a second to charge a card; so many are asked at once."""

FREE_A_DAY = {"reads": 50_000, "writes": 20_000, "deletes": 20_000, "objects": 0}
"""Firestore's free quota of a day, which a named database has no more than others of its project."""

VCPU_SECOND, GIB_SECOND, GIB = 0.000_024, 0.000_002_5, 0.5
FREE_VCPU_SECONDS, FREE_GIB_SECONDS = 180_000, 360_000
TASK_CALL, FREE_TASK_CALLS = 0.40 / 1_000_000, 1_000_000
STORED_GIB, BUCKET_GIB, FREE_STORED_GIB = 0.18, 0.026, 1.0
DOCUMENT_KB, FILES_KB = 14, 40
"""What an invoice adds to the database with its indexes, and to the bucket."""

SLEEPING = (1, 100, 1_000, 10_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """What a month asks for: operations of the run's day, those of any other, seconds of the functions."""

    invoices: int
    run: OperationCounts
    day: OperationCounts
    seconds: float

    @property
    def whole(self) -> OperationCounts:
        """All operations of the month."""
        return self.run + times(self.day, NIGHTS)

    @property
    def paid(self) -> dict[str, float]:
        """US dollars by what they are paid for, after the free quotas."""
        vcpu, gib = max(0.0, self.seconds - FREE_VCPU_SECONDS), max(0.0, self.seconds * GIB - FREE_GIB_SECONDS)
        calls = max(0, self.invoices - FREE_TASK_CALLS)
        stored = max(0.0, self.invoices * DOCUMENT_KB / 2**20 - FREE_STORED_GIB) * STORED_GIB
        return {
            "operations": a_day(self.run + self.day) + (NIGHTS - 1) * a_day(self.day),
            "functions": vcpu * VCPU_SECOND + gib * GIB_SECOND,
            "queue": calls * TASK_CALL,
            "storage": stored + self.invoices * FILES_KB / 2**20 * BUCKET_GIB,
        }


def a_day(counts: OperationCounts) -> float:
    """US dollars for the operations of one day, after the free ones."""
    numbers = asdict(counts)
    return float(sum(max(0, numbers[name] - FREE_A_DAY[name]) * price for name, price in NANO_USD.items())) / 1e9


def measured(invoices: int) -> Month:
    """A month of so many, really billed; every night finds something to verify, as money comes in every day."""
    with tempfile.TemporaryDirectory() as folder:
        engine = _engine(folder, invoices)
        run = engine.counted()
        timing = timed(lambda: bill(run, DUE))
        after = night(engine, DUE + timedelta(days=1))
        day = after.whole + times(A_TRIGGER, TRIGGERS)
        return Month(invoices=invoices, run=run.operations, day=day, seconds=timing.cpu)


def asleep(subscriptions: int) -> tuple[Night, OperationCounts]:
    """An ordinary night of a tenant for whom nothing is due, and the mean of a week, in which one verifies in full."""
    with tempfile.TemporaryDirectory() as folder:
        engine = _engine(folder, subscriptions)
        bill(engine, DUE)
        night(engine, DUE + timedelta(days=1))
        nights = [night(engine, DUE + timedelta(days=2 + number)) for number in range(WEEK)]
        whole = sum((each.whole for each in nights), OperationCounts())
        return nights[0], times(whole, 1 / WEEK)


def with_cards(month: Month) -> Month:
    """The month with what charging and chasing adds."""
    charged = round(month.invoices * CARDS)
    steps = round(charged * FAILING * STEPS)
    return replace(
        month,
        run=month.run + times(A_CHARGE, charged) + times(AN_EVENT, charged) + times(A_STEP, steps),
        day=month.day + times(A_PAYMENT_VERIFIED, charged),
        seconds=month.seconds + (charged + steps) * SECONDS_A_CHARGE / AT_ONCE,
    )


def scaled(small: Month, large: Month, *, invoices: int) -> Month:
    """A month of more, from what the larger of two took more than the smaller."""
    factor = (invoices - large.invoices) / (large.invoices - small.invoices)
    return Month(
        invoices=invoices,
        run=large.run + times(large.run - small.run, factor),
        day=large.day + times(large.day - small.day, factor),
        seconds=large.seconds + (large.seconds - small.seconds) * factor,
    )


def main() -> None:
    """Print the tables."""
    print(f"prices of {PRICES_OF}; half by card, {FAILING:.0%} of these fail; US dollars a month, free quotas used")
    print(
        f"{'invoices':>9} {'reads':>10} {'writes':>9} {'objects':>9} {'seconds':>8}   operations functions storage  all"
    )
    small, large = measured(10), measured(1_000)
    for month in (small, large, scaled(small, large, invoices=100_000)):
        whole = with_cards(month)
        every, paid = whole.whole, whole.paid
        print(
            f"{whole.invoices:>9,} {every.reads:>10,} {every.writes:>9,} {every.objects:>9,} {whole.seconds:>8,.0f}   "
            f"{paid['operations']:>10.2f} {paid['functions']:>9.2f} {paid['storage']:>7.2f} {sum(paid.values()):>5.2f}"
        )
    _print_asleep(subscriptions=10)
    print(*standing_lines(standing()), sep="\n")


def _print_asleep(*, subscriptions: int) -> None:
    ordinary, mean = asleep(subscriptions)
    runs, verification = ordinary.runs, ordinary.verification
    print(
        f"a sleeping tenant of {subscriptions} subscriptions, a night: runs and sweeps {runs.reads} read, "
        f"{runs.writes} written; verification {verification.reads} and {verification.writes}; "
        f"listed {TRIGGERS} times; mean of a week {mean.reads} read, {mean.writes} written"
    )
    for tenants in SLEEPING:
        day = times(mean, tenants) + times(A_TRIGGER, TRIGGERS)
        print(f"{tenants:>9,} sleep: {day.reads:>9,} read, {day.writes:>7,} written a day, ${NIGHTS * a_day(day):.2f}")


def _engine(folder: str, subscriptions: int) -> Engine:
    engine = local_engine(Path(folder), payment_link_base="https://pay.example")
    seed(engine.documents, subscriptions=subscriptions)
    return engine


if __name__ == "__main__":
    main()
