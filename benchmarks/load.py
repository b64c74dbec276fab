"""What the API answers under load: `apiProxy` under functions-framework, over the Firestore emulator, on this machine.

Three phases: at a rate that it holds, at twice that rate with the limits of calls as they are deployed (429), and at
more than it can do without such limits (503). Server, emulator and clients share the cores.

    python -m benchmarks load                      # or: python -m benchmarks.load --rate 40 --seconds 30
"""

import argparse
import asyncio
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from secrets import token_urlsafe
from time import process_time

import psutil

from benchmarks.book import DUE, TENANT, seed
from benchmarks.open_loop import Asked, Measured, drive, percentile, request
from billing.adapters.firestore import FirestoreDocuments
from billing.domain.member import Role
from billing.usecases.api_keys import WantedKey, create_api_key
from billing.usecases.call import Call
from billing.usecases.generate_invoices import RunOptions, generate_invoices
from billing.usecases.run_context import RunRequest
from tests.firestore_emulator import firestore_emulator
from tests.functions.running_door import KEY, RunningDoor, running_door

PROJECT = "bench-load"
SUBSCRIPTIONS = 500
RATE = 40.0
A_KEY = 40
"""Calls a second of one API key in the first phase: below the limit of 50 as deployed, and above it at twice that."""

OVERLOAD = 8
CONNECTIONS = 256
NO_LIMITS = {"RATE_LIMIT_CALLER": "0", "RATE_LIMIT_TENANT": "0"}


@dataclass(frozen=True, slots=True)
class Book:
    """What requests are about."""

    keys: list[str]
    invoices: list[str]

    def ask(self, run: str, number: int) -> Asked:
        """The request of a number: of ten seven read, three write; one of fifty is a report."""
        headers = {"Authorization": f"Bearer {self.keys[number % len(self.keys)]}"}
        invoice = self.invoices[number * 7 % len(self.invoices)]
        match number % 10:
            case 0 | 3 | 6:
                return request("read", "GET", "/api/billing/invoices?limit=20", headers=headers)
            case 1 | 4 | 7:
                return request("read", "GET", f"/api/billing/invoices/{invoice}", headers=headers)
            case 2 if number % 50 == 2:
                return request("report", "GET", "/api/billing/mrr", headers=headers)
            case 2:
                return request("read", "GET", f"/api/billing/customers/{_customer(number)}", headers=headers)
            case 5:
                return request("write", "POST", "/api/billing/usage/events", headers=headers, body=_usage(run, number))
            case 8:
                body = _payment(run, number, invoice)
                return request("write", "POST", "/api/billing/payments", headers=headers, body=body)
            case _:
                headers |= {"Idempotency-Key": f"{run}-{number}"}
                return request("write", "POST", "/api/billing/customers", headers=headers, body=_CUSTOMER)


_CUSTOMER = {"party": {"name": "Load GmbH", "country": "DE", "city": "Köln"}, "currency": "USD"}


def _customer(number: int) -> str:
    return f"acct-{number * 17 % SUBSCRIPTIONS:07}"


def _usage(run: str, number: int) -> object:
    now, subscription = datetime.now(UTC).isoformat(), f"sub-{number * 13 % SUBSCRIPTIONS:07}"
    events = [
        {"id": f"{run}-{number}-{each}", "subscription_id": subscription, "meter": "api_calls", "occurred_at": now}
        for each in range(20)
    ]
    return {"events": events}


def _payment(run: str, number: int, invoice: str) -> object:
    now = datetime.now(UTC).isoformat()
    return {"id": f"{run}-{number}", "amount": 1, "currency": "USD", "received_at": now, "invoices": [invoice]}


def main() -> None:
    """Print the three phases."""
    given = argparse.ArgumentParser(prog="python -m benchmarks.load", description=(__doc__ or "").splitlines()[0])
    given.add_argument("--rate", type=float, default=RATE, help="requests a second of the first phase")
    given.add_argument("--seconds", type=float, default=20.0, help="how long each phase takes")
    asked = given.parse_args()
    with firestore_emulator() as emulator, tempfile.TemporaryDirectory() as folder:
        book = _book(keys=max(1, round(asked.rate / A_KEY)))
        phases = [(1.0, {}), (2.0, {}), (float(OVERLOAD), NO_LIMITS)]
        for number, (times, more) in enumerate(phases):
            with _proxy(Path(folder), emulator, more) as door:
                rate, ports = asked.rate * times, (str(door.port), emulator.rpartition(":")[2])
                _phase(door, partial(book.ask, f"p{number}"), rate=rate, seconds=asked.seconds, ports=ports)


def _phase(
    door: RunningDoor, ask: Callable[[int], Asked], *, rate: float, seconds: float, ports: tuple[str, str]
) -> None:
    asyncio.run(drive(door.port, ask, rate=40, seconds=10, connections=8))  # connected, imported and warm
    before = [*map(_cpu_seconds, ports), process_time()]
    measured = asyncio.run(
        drive(door.port, lambda number: ask(number + 1_000), rate=rate, seconds=seconds, connections=CONNECTIONS)
    )
    after = [*map(_cpu_seconds, ports), process_time()]
    server, store, clients = ((now - then) / (rate * seconds) * 1e3 for then, now in zip(before, after, strict=True))
    print(f"\n{rate:,.0f} requests a second for {seconds:.0f} s, load {os.getloadavg()[0]:.1f}")
    print(f"  answers: {measured.statuses()}")
    print(f"  CPU of each: server {server:.1f} ms, emulator {store:.1f} ms, clients {clients:.1f} ms")
    for kind in ("read", "report", "write"):
        _print(measured, kind)
    if measured.flaws:
        print(f"  flaws: {dict(measured.flaws)}")


def _print(measured: Measured, kind: str) -> None:
    for done, word in ((True, f"{kind}s"), (False, f"{kind}s refused")):
        if found := measured.of(kind, done=done):
            shown = "  ".join(f"{name} {percentile(found, share) * 1e3:,.0f} ms" for name, share in _SHARES)
            print(f"  {word:>15}: {len(found):>6,}  {shown}")


_SHARES = (("median", 0.5), ("p99", 0.99), ("max", 1.0))


def _cpu_seconds(port: str) -> float:
    """What the processes have used that were started with a port."""
    total = 0.0
    for process in psutil.process_iter(["cmdline"]):
        if any(each.rpartition("=")[2] == port for each in process.info["cmdline"] or []):
            times = process.cpu_times()
            total += times.user + times.system
    return total


@contextmanager
def _proxy(folder: Path, emulator: str, more: dict[str, str]) -> Iterator[RunningDoor]:
    environ = {
        "FIRESTORE_EMULATOR_HOST": emulator,
        "GOOGLE_CLOUD_PROJECT": PROJECT,
        "BILLING_STORE": "firestore",
        "BILLING_OBJECTS": f"file://{folder}/objects",
        "INTERNAL_API_KEY": KEY,
        **more,
    }
    with running_door(environ, folder=folder, function="api_proxy") as door:
        yield door


def _book(*, keys: int) -> Book:
    """A billed book in the emulator, and API keys of its tenant."""
    documents = FirestoreDocuments(PROJECT)
    seed(documents, subscriptions=SUBSCRIPTIONS)
    run = RunRequest(tenant_id=TENANT, as_of=DUE, recorded_at=DUE, run_id="bench", actor="benchmark")
    report = generate_invoices(documents, run, RunOptions())
    call = Call(tenant_id=TENANT, actor="benchmark", recorded_at=datetime.now(UTC))
    wanted = WantedKey(name="load", role=Role.ADMIN)
    made = [create_api_key(documents, wanted, new_secret=lambda: token_urlsafe(32), call=call)[1] for _ in range(keys)]
    return Book(keys=made, invoices=[each.id for each in report.invoices])


if __name__ == "__main__":
    main()
