"""What a month of invoices costs on Google Cloud: counted operations at list prices (docs/guides/costs.md).

A month of 10 and one of 1,000 invoices are billed here with their files, 30 nights of both jobs included; 100,000 is
worked out from what the second takes more than the first. Half of the invoices are paid by card and 3 % of these fail:
what that adds to an invoice is what tests/scenarios/test_run_operations.py and test_dunning_operations.py count.
"""

import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from benchmarks.book import DUE, TENANT, seed
from benchmarks.machine import timed
from billing.engine import Engine
from billing.ports import OperationCounts
from billing.ports.operation_cost import NANO_USD, PRICES_OF
from billing.usecases.dunning_run import DunningRequest
from billing.usecases.run_context import RunRequest
from billing.wiring import local_engine

NIGHTS = 30
CARDS, FAILING, STEPS = 0.5, 0.03, 3
A_CHARGE = OperationCounts(writes=1)
A_STEP = OperationCounts(reads=16, writes=10)
"""With a retry that recovers; a reminder alone takes half of it."""

AN_EVENT = OperationCounts(reads=7, writes=1)
"""What Stripe tells of a charge that the books have already: looked up, and noted as known."""

SECONDS_A_CHARGE, AT_ONCE = 1.0, 10
"""A gateway takes about a second to charge a card; so many are asked at once."""

FREE_A_DAY = {"reads": 50_000, "writes": 20_000, "deletes": 20_000, "objects": 0}
"""Firestore's free quota of a day; the night of the run is the only one that reaches it."""

VCPU_SECOND, GIB_SECOND, GIB = 0.000_024, 0.000_002_5, 0.5
FREE_VCPU_SECONDS, FREE_GIB_SECONDS = 180_000, 360_000
TASK_CALL, FREE_TASK_CALLS = 0.40 / 1_000_000, 1_000_000
STORED_GIB, BUCKET_GIB, FREE_STORED_GIB = 0.18, 0.026, 1.0
DOCUMENT_KB, FILES_KB = 14, 40
"""What an invoice adds to the database with its indexes, and to the bucket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """What a month asks for: operations of the run's night, those of all other nights, seconds of the functions."""

    invoices: int
    run: OperationCounts
    nights: OperationCounts
    seconds: float

    @property
    def paid(self) -> dict[str, float]:
        """US dollars by what they are paid for, after the free quotas."""
        run = {name: getattr(self.run, name) for name in NANO_USD}
        dear = sum(max(0, number - FREE_A_DAY[name]) * NANO_USD[name] for name, number in run.items()) / 1e9
        vcpu, gib = max(0.0, self.seconds - FREE_VCPU_SECONDS), max(0.0, self.seconds * GIB - FREE_GIB_SECONDS)
        calls = max(0, self.invoices - FREE_TASK_CALLS)
        stored = max(0.0, self.invoices * DOCUMENT_KB / 2**20 - FREE_STORED_GIB) * STORED_GIB
        return {
            "operations": dear,
            "functions": vcpu * VCPU_SECOND + gib * GIB_SECOND,
            "queue": calls * TASK_CALL,
            "storage": stored + self.invoices * FILES_KB / 2**20 * BUCKET_GIB,
        }


def measured(invoices: int) -> Month:
    """A month of so many, really billed."""
    with tempfile.TemporaryDirectory() as folder:
        engine = local_engine(Path(folder), payment_link_base="https://pay.example")
        seed(engine.documents, subscriptions=invoices)
        run = engine.counted()
        timing = timed(lambda: run.generate_invoices(_billing(0)))
        nights = engine.counted()
        for night in range(1, NIGHTS):
            nights.generate_invoices(_billing(night))
            _dun(nights, night)
        return Month(invoices=invoices, run=run.operations, nights=nights.operations, seconds=timing.cpu)


def with_cards(month: Month) -> Month:
    """The month with what charging and chasing adds."""
    charged = round(month.invoices * CARDS)
    steps = round(charged * FAILING * STEPS)
    run = month.run + _times(A_CHARGE, charged) + _times(AN_EVENT, charged) + _times(A_STEP, steps)
    return Month(
        invoices=month.invoices,
        run=run,
        nights=month.nights,
        seconds=month.seconds + (charged + steps) * SECONDS_A_CHARGE / AT_ONCE,
    )


def scaled(small: Month, large: Month, *, invoices: int) -> Month:
    """A month of more, from what the larger of two took more than the smaller."""
    factor = (invoices - large.invoices) / (large.invoices - small.invoices)
    return Month(
        invoices=invoices,
        run=large.run + _times(large.run - small.run, factor),
        nights=large.nights,
        seconds=large.seconds + (large.seconds - small.seconds) * factor,
    )


def main() -> None:
    """Print the table."""
    small, large = measured(10), measured(1_000)
    print(f"prices of {PRICES_OF}; half by card, {FAILING:.0%} of these fail; US dollars a month, free quotas used")
    print(
        f"{'invoices':>9} {'reads':>9} {'writes':>9} {'objects':>9} {'seconds':>8}   operations functions storage  all"
    )
    for month in (small, large, scaled(small, large, invoices=100_000)):
        whole = with_cards(month)
        every, paid = whole.run + whole.nights, whole.paid
        print(
            f"{whole.invoices:>9,} {every.reads:>9,} {every.writes:>9,} {every.objects:>9,} {whole.seconds:>8,.0f}   "
            f"{paid['operations']:>10.2f} {paid['functions']:>9.2f} {paid['storage']:>7.2f} {sum(paid.values()):>5.2f}"
        )
    print(f"a night with nothing due: {_each(small.nights)}")


def _billing(night: int) -> RunRequest:
    at = DUE + timedelta(days=night)
    return RunRequest(tenant_id=TENANT, as_of=at, recorded_at=at, run_id=f"night-{night}", actor="benchmark")


def _dun(engine: Engine, night: int) -> None:
    at = DUE + timedelta(days=night)
    engine.run_dunning(
        DunningRequest(tenant_id=TENANT, as_of=at, run_id=f"dun-{night}", actor="benchmark", request_id="")
    )


def _times(counts: OperationCounts, number: float) -> OperationCounts:
    return OperationCounts(
        reads=round(counts.reads * number),
        writes=round(counts.writes * number),
        deletes=round(counts.deletes * number),
        queries=round(counts.queries * number),
        objects=round(counts.objects * number),
    )


def _each(nights: OperationCounts) -> str:
    number = NIGHTS - 1
    return f"{nights.reads / number:.1f} documents read, {nights.writes / number:.1f} written, for both jobs"


if __name__ == "__main__":
    main()
