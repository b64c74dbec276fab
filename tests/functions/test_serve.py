"""`billing serve`: all three functions on one machine, from an empty directory to the signal that stops it."""

import csv
import json
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from billing.adapters.system_clock import SystemClock
from billing.sandbox.server import running_sandbox
from tests.served import BILLING, ENVIRON, Served, billing, serving

pytestmark = pytest.mark.slow

MARCH = {"as_of": "2026-03-01"}
PAGE = "http://localhost:3000"


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory that was empty when it was served first, and is served no more."""
    directory = tmp_path_factory.mktemp("served") / "books"
    with serving(directory) as server:
        assert server.stop() == (0, [])
    return directory


@pytest.fixture
def books(seeded: Path, tmp_path: Path) -> Path:
    """A copy of it for one test."""
    return Path(shutil.copytree(seeded, tmp_path / "books"))


@pytest.fixture
def server(books: Path) -> Iterator[Served]:
    """A server over that copy, which a page at PAGE may call."""
    with serving(books, CORS_ORIGINS=PAGE) as running:
        yield running


def test_one_line_says_where_it_is_and_what_opens_it(server: Served) -> None:
    assert server.said["url"].startswith("http://127.0.0.1:")
    assert server.said["tenant"] == "acme-api"
    assert server.call("GET", "/healthz") == (200, {"status": "ok", "version": "0.1.0"})
    status, me = server.call("GET", "/api/billing/me", sent=server.as_developer)
    assert (status, me["tenant_id"], me["role"]) == (200, "acme-api", "admin")
    changed = {**server.as_developer, "Authorization": f"{server.as_developer['Authorization'][:-8]}AAAAAAAA"}
    assert server.call("GET", "/api/billing/me", sent=changed)[0] == 401
    assert server.call("POST", "/api/internal/cron/verify", sent=server.as_machine)[0] == 200
    _, log = server.stop()
    assert "run_report" in {line.get("event") for line in log}


def test_a_page_that_is_named_may_call_it(server: Served) -> None:
    asks = {"Origin": PAGE, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    assert server.preflight(asks) == 200
    assert server.preflight(asks | {"Origin": "http://localhost:3001"}) == 400


def test_the_book_is_billed_collected_and_chased_over_http(server: Served) -> None:
    status, run = server.call("POST", "/generate_invoices", sent=server.as_machine, body=MARCH)
    assert (status, run["generated"], run["complete"]) == (200, 187, True)
    # as in the book: of 142 invoices to cards one owes nothing and six fail, which leaves 135 payments
    assert run["collected"]["failed"] == {"expired_card": 3, "insufficient_funds": 2, "generic_decline": 1}
    _, payments = server.call("GET", "/api/billing/payments?status=succeeded&limit=200", sent=server.as_developer)
    assert len(payments["data"]) == 135
    _, again = server.call("POST", "/generate_invoices", sent=server.as_machine, body=MARCH)
    assert again["generated"] == 0
    status, invoices = server.call("GET", "/api/billing/invoices?limit=1", sent=server.as_developer)
    assert (status, invoices["data"][0]["number"]) == (200, "INV-2026-02-0001")
    status, chased = server.call("POST", "/run_dunning", sent=server.as_machine, body={"dry_run": True})
    assert (status, chased["dry_run"], chased["failed"]) == (200, True, 0)
    wrong = {"id": "new", "name": "Ada Byron " * 200, "email": "ada@byron.example.com", "country": "Ada's"}
    assert server.call("POST", "/api/billing/customers", sent=server.as_developer, body=wrong)[0] == 422
    assert server.call("GET", "/paying/Ada/of/nowhere")[0] == 404
    status, verified = server.call("POST", "/generate_invoices/verify", sent=server.as_machine, body=MARCH)
    assert (status, verified["findings"], verified["read"]["invoices"]) == (200, 0, 187)
    _, log = server.stop()
    said = json.dumps(log)
    assert len(log) >= 9
    with (Path(__file__).parents[2] / "samples/february-2026/customers.csv").open() as book:
        people = [text for row in csv.DictReader(book) for text in (row["name"], row["email"], row["street"])]
    secret = [server.said["internal_key"], server.said["token"], "sk_test", "whsec_"]
    assert not [each for each in (*people, *secret, "Byron", "Ada's", "/Ada/") if each in said]


def test_the_doors_of_the_jobs_refuse_as_they_do_in_the_cloud(server: Served) -> None:
    for path in ("/generate_invoices", "/run_dunning"):
        assert server.call("GET", path)[0] == 200
        assert server.call("POST", path)[0] == 401
        assert server.call("PUT", path, sent=server.as_machine)[0] == 405
        assert server.call("POST", path, sent=server.as_machine, body={"dryrun": True})[0] == 422
        assert server.call("POST", path, sent=server.as_machine, body=b" " * 1_100_000)[0] == 413


def test_a_run_that_is_under_way_is_answered_before_the_server_ends(books: Path) -> None:
    with serving(books) as server:
        answers = list[tuple[int, Any]]()

        def run() -> None:
            answers.append(server.call("POST", "/generate_invoices", sent=server.as_machine, body=MARCH))

        caller = Thread(target=run)
        caller.start()
        while not any((books / "objects").rglob("*.pdf")):
            assert caller.is_alive()
        code, log = server.stop()
        caller.join()
    [(status, first)] = answers
    assert (code, status) == (0, 200)
    assert "ERROR" not in {line["severity"] for line in log}
    with serving(books) as server:
        _, second = server.call("POST", "/generate_invoices", sent=server.as_machine, body=MARCH)
    assert first["generated"] + second["generated"] == 187


def test_a_caller_who_never_finishes_does_not_keep_it_from_ending(server: Served) -> None:
    address = ("127.0.0.1", int(server.said["url"].rpartition(":")[2]))
    with socket.create_connection(address) as silent, socket.create_connection(address) as idle:
        silent.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(12) == b"HTTP/1.1 200"
        code, _ = server.stop(signal.SIGINT)
    assert code == 0


def test_the_next_server_has_the_same_books_and_keys(books: Path) -> None:
    with serving(books) as first:
        first.call("POST", "/generate_invoices", sent=first.as_machine, body={**MARCH, "limit": 3})
        assert first.stop()[0] == 0
    with serving(books) as second:
        _, found = second.call("GET", "/api/billing/invoices", sent=first.as_developer)
        assert len(found["data"]) == 3
        assert second.said["internal_key"] == first.said["internal_key"]


def test_a_second_server_of_a_directory_is_told_where_the_first_one_is(server: Served, books: Path) -> None:
    second = billing("serve", "--dir", books, "--port", "0")
    holder = f"{books} is in use by `billing serve` at {server.said['url']}"
    assert second.returncode == 3
    assert second.stderr == f"billing: {holder}; end what else works on {books}, or use another --dir\n"


def test_a_port_that_is_taken_is_named_with_what_to_do(server: Served, tmp_path: Path) -> None:
    port = server.said["url"].rpartition(":")[2]
    refused = billing("serve", "--dir", tmp_path / "other", "--port", port)
    assert refused.returncode == 3
    assert refused.stderr.endswith("Address already in use; choose another --port, or 0 for a free one\n")
    assert not (tmp_path / "other").exists()


def test_a_sandbox_that_another_command_has_is_named_with_what_to_do(books: Path) -> None:
    with running_sandbox(clock=SystemClock(), file=books / "sandbox.sqlite3"):
        refused = billing("serve", "--dir", books, "--port", "0")
    assert refused.returncode == 3
    assert refused.stderr.endswith(f"; end what else works on {books}, or use another --dir\n")


def test_a_seed_that_was_killed_is_finished_by_the_next_server(tmp_path: Path) -> None:
    directory = tmp_path / "books"
    command = [*BILLING, "serve", "--dir", str(directory), "--port", "0"]
    with subprocess.Popen(command, env=ENVIRON, stdout=subprocess.DEVNULL) as killed:
        while not (directory / "billing.sqlite3").exists():
            assert killed.poll() is None
        killed.kill()
    with serving(directory) as server:
        _, run = server.call("POST", "/generate_invoices", sent=server.as_machine, body={**MARCH, "dry_run": True})
        _, cards = server.call("GET", "/api/billing/customers?limit=200", sent=server.as_developer)
    assert not (directory / "seed-unfinished").exists()
    assert run["generated"] == 187
    assert len([each for each in cards["data"] if each["payment_method"]]) == 142
