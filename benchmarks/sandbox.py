"""How many payment intents a second the sandbox takes: raw over HTTP, and through the stripe library."""

import http.client
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from time import perf_counter
from urllib.parse import urlencode

import psutil
import stripe

COUNT = 3_000
KEY = "sk_test_benchmark"
WANTED = 500


def main() -> int:
    """One line a way; 1 where the server alone would not manage what is wanted, whatever else the machine does."""
    capacities = []
    with tempfile.TemporaryDirectory() as folder:
        for kept, arguments in (("memory", ["--memory"]), ("SQLite", ["--dir", folder])):
            with _sandbox(arguments) as (url, server):
                client = stripe.StripeClient(KEY, base_addresses={"api": url}, max_network_retries=0)
                given = _payment(client)
                capacities.append(_measured(f"raw HTTP, keep-alive, {kept}", server, partial(_raw, url, given)))
                capacities.append(_measured(f"stripe library, {kept}", server, partial(_library, client, given)))
    return int(min(capacities) < WANTED)


def _measured(way: str, server: psutil.Process, run: Callable[[], None]) -> float:
    """How many payment intents a second the server's own CPU allows; printed beside what the wall clock saw."""
    before, began = server.cpu_times(), perf_counter()
    run()
    rate = COUNT / (perf_counter() - began)
    after = server.cpu_times()
    cpu = (after.user + after.system - before.user - before.system) / COUNT * 1000
    print(f"{way:<30} {rate:>6,.0f} payment intents/s; server CPU {cpu:.2f} ms each")
    return 1000 / cpu


def _payment(client: stripe.StripeClient) -> dict[str, object]:
    customer = client.v1.customers.create({"email": "ap@acme.test"}).id
    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer}).id
    return {
        "amount": 31291,
        "currency": "usd",
        "customer": customer,
        "payment_method": method,
        "off_session": True,
        "confirm": True,
        "metadata": {"invoice": "INV-2026-02-0047"},
    }


def _raw(url: str, given: dict[str, object]) -> None:
    connection = http.client.HTTPConnection(url.removeprefix("http://"))
    flat = {name: str(value).lower() for name, value in given.items() if name != "metadata"}
    flat |= {"customer": str(given["customer"]), "payment_method": str(given["payment_method"])}
    body = urlencode(flat | {"metadata[invoice]": "INV-2026-02-0047"})
    head = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/x-www-form-urlencoded"}
    for number in range(COUNT):
        connection.request("POST", "/v1/payment_intents", body, head | {"Idempotency-Key": f"raw-{number}"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status  # noqa: S101  # a fast refusal is no payment
    connection.close()


def _library(client: stripe.StripeClient, given: dict[str, object]) -> None:
    for number in range(COUNT):
        client.v1.payment_intents.create(given, {"idempotency_key": f"library-{number}"})  # type: ignore[arg-type]


@contextmanager
def _sandbox(arguments: list[str]) -> Iterator[tuple[str, psutil.Process]]:
    command = [sys.executable, "-c", "from billing.cli import app; app()", "sandbox", "--port", "0", "--json"]
    with subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, text=True) as running:
        said = "".join(iter(running.stdout.readline, "}\n")) if running.stdout else ""
        try:
            yield json.loads(f"{said}}}")["url"], psutil.Process(running.pid)
        finally:
            running.send_signal(signal.SIGINT)


if __name__ == "__main__":
    sys.exit(main())
