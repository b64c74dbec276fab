"""How long a month's bills take in the cloud, by Firestore's documented limits: a model, and which limit binds when.

`python -m benchmarks.firestore_limits` measures what one instance does on the emulator, checks what the model foretells
of a larger run by a second measurement, and prints ten million invoices for several numbers of tenants and instances.
With `--rate N` nothing is measured: an instance then bills N invoices a second.

The limits, all documented (https://cloud.google.com/firestore/docs/best-practices, .../quotas,
https://cloud.google.com/tasks/docs/quotas, https://docs.stripe.com/rate-limits):
- traffic to a collection begins at 500 operations a second and grows by half every 5 minutes at most;
- a document takes one write a second for long (bursts are fine): the counter of a number series, once a page of bills;
- a collection whose indexed values rise takes 500 writes a second: each shard is one such range of the due index;
- a queue dispatches 500 tasks a second;
- a payment account takes 100 calls a second in live mode.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

from benchmarks.book import DUE, TENANT, seed
from benchmarks.machine import describe, timed
from billing.adapters.counting import CountingDocuments
from billing.adapters.firestore import FirestoreDocuments
from billing.domain.sharding import shard_count
from billing.usecases.generate_invoices import RunOptions, generate_invoices
from billing.usecases.run_context import RunRequest
from tests.firestore_emulator import firestore_emulator

RAMP_START, RAMP_FACTOR, RAMP_SECONDS = 500, 1.5, 300
WRITES_A_DOCUMENT = 1
WRITES_A_RISING_RANGE = 500
TASKS_A_SECOND = 500
CHARGES_A_SECOND = 100
PAGE = 200
BUSIEST = 2
"""Operations an invoice on the collection that has most of them: its subscription is read and written."""

INVOICES = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What is to be billed and by whom: an instance alone bills `rate` invoices a second.

    `charged` is the part of them that is paid by card, through one payment account a tenant.
    """

    invoices: int
    tenants: int
    instances: int
    rate: float
    charged: float = 0.0

    @property
    def shards(self) -> int:
        """The shards of a tenant, as an import would choose them."""
        return shard_count(self.invoices // self.tenants)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Five minutes or less at one rate, with the limit that binds."""

    seconds: float
    rate: float
    bound: str


def limits(load: Load, *, minute: float) -> dict[str, float]:
    """Invoices a second that each limit allows, after so many minutes."""
    at_once = min(load.tenants * load.shards, load.instances)
    return {
        "instances": at_once * load.rate,
        "ramp of Firestore": RAMP_START * RAMP_FACTOR ** int(minute * 60 // RAMP_SECONDS) / BUSIEST,
        "number series": load.tenants * WRITES_A_DOCUMENT * PAGE,
        "due index of a shard": at_once * WRITES_A_RISING_RANGE,
        "dispatch of tasks": TASKS_A_SECOND * load.invoices / (load.tenants * load.shards),
    }


def steps(load: Load) -> Iterator[Step]:
    """The run in steps of five minutes, the last one shorter."""
    left, second = float(load.invoices), 0.0
    while left > 0:
        allowed = limits(load, minute=second / 60)
        bound = min(allowed, key=allowed.__getitem__)
        seconds = min(RAMP_SECONDS, left / allowed[bound])
        yield Step(seconds=seconds, rate=allowed[bound], bound=bound)
        left -= seconds * allowed[bound]
        second += seconds


def charging_seconds(load: Load) -> float:
    """What charging the cards takes: it begins with the first invoice and is bound by the payment accounts alone."""
    return load.invoices * load.charged / (load.tenants * CHARGES_A_SECOND)


def measured(subscriptions: int, *, name: str) -> float:
    """Seconds that one instance takes for so many on the emulator, without PDFs."""
    documents = CountingDocuments(FirestoreDocuments(name))
    seed(documents, subscriptions=subscriptions)
    request = RunRequest(tenant_id=TENANT, as_of=DUE, recorded_at=DUE, run_id="bench", actor="benchmark")
    return timed(partial(generate_invoices, documents, request, RunOptions(work_ahead=True))).wall


def _checked_rate() -> float:
    """An instance's rate from runs of 1,000, and how well it foretells a run of 3,000."""
    with firestore_emulator():
        for round_ in range(2):
            measured(1_000, name=f"warm-{round_}")
        rate = 1_000 / min(measured(1_000, name=f"rate-{round_}") for round_ in range(3))
        foretold = sum(
            step.seconds for step in steps(Load(invoices=3_000, tenants=1, instances=1, rate=min(rate, 10_000)))
        )
        alone, took = 3_000 / rate, measured(3_000, name="check")
    print(f"one instance on the emulator: {rate:,.0f} invoices/s; 3,000 foretold in {alone:.1f} s, took {took:.1f} s")
    print(f"(with the cloud's limits a run of 3,000 on a cold database is foretold to take {foretold:.1f} s)")
    return rate


def _line(load: Load) -> str:
    done = list(steps(load))
    seconds, bound = sum(each.seconds for each in done), dict[str, float]()
    for each in done:
        bound[each.bound] = bound.get(each.bound, 0.0) + each.seconds
    shares = ", ".join(f"{name} {part / seconds:.0%}" for name, part in bound.items())
    charged = charging_seconds(replace(load, charged=0.5)) / 60
    return (
        f"{load.tenants:>8,} {load.shards:>7} {load.instances:>10,} {seconds / 60:>9,.0f} "
        f"{load.invoices / seconds:>9,.0f} {charged:>9,.0f}   {shares}"
    )


def main(rate: float | None) -> None:
    """Print the table."""
    each = _checked_rate() if rate is None else rate
    print(f"\n{INVOICES:,} invoices without PDFs, each instance {each:,.0f}/s; minutes of charging if half pay by card")
    print(f"{'tenants':>8} {'shards':>7} {'instances':>10} {'minutes':>9} {'a second':>9} {'charging':>9}   bound by")
    for tenants in (1, 100, 1_000, 100_000):
        for instances in (1, 20, 100, 1_000):
            print(_line(Load(invoices=INVOICES, tenants=tenants, instances=instances, rate=each)))


if __name__ == "__main__":
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--rate", type=float, default=None)
    print(describe())
    main(given.parse_args().rate)
