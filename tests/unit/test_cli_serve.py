"""`billing serve`: the pay pages of a directory's books, paid through the sandbox, until it is interrupted."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.sandbox_client import browse

BILLING = [sys.executable, "-c", "from billing.cli import app; app()"]
CARD = {"number": "4242424242424242", "expiry": "12/30", "cvc": "123", "email": "ap@example.test"}
ENVIRON = {name: value for name, value in os.environ.items() if not name.startswith(("STRIPE_", "BILLING_"))}


def billing(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*BILLING, *arguments], env=ENVIRON, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_an_invoice_of_the_demo_is_paid_in_a_browser_s_steps(tmp_path: Path) -> None:
    book = str(tmp_path / "demo")
    assert billing("demo", "--dir", book).returncode == 0
    assert billing("tenants", "set", "gateway=stripe", "--dir", book).returncode == 0
    command = [*BILLING, "serve", "--dir", book, "--port", "0", "--with-sandbox", "--json"]
    with subprocess.Popen(
        command, env=ENVIRON, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as serving:
        try:
            assert serving.stdout is not None
            said = json.loads(serving.stdout.readline())
            assert said["example"].startswith(f"{said['url']}/pay/")
            with urlopen(said["example"]) as page:
                assert b"<h1>Pay invoice INV-" in page.read()
            hosted = browse(f"{said['example']}/checkout", {})
            assert hosted.location.startswith(said["sandbox"])
            thanks = browse(browse(hosted.location, CARD).location)
            assert "<h1>Thank you</h1>" in thanks.text
        finally:
            os.kill(serving.pid, signal.SIGINT)
            _, log = serving.communicate(timeout=20)
    assert serving.returncode == 0
    routes = [json.loads(line)["route"] for line in log.splitlines()]
    assert "/pay/{token}/thanks" in routes


def test_where_cards_are_taken_it_wants_to_know_who_takes_them(tmp_path: Path) -> None:
    book = str(tmp_path / "books")
    assert billing("import", "samples/february-2026", "--dir", book).returncode == 0
    assert billing("tenants", "set", "gateway=stripe", "--dir", book).returncode == 0
    refused = billing("serve", "--dir", book, "--port", "0")
    assert refused.returncode == 2
    assert "say --with-sandbox, or --stripe-key" in refused.stderr


def test_a_directory_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    refused = billing("serve", "--dir", str(tmp_path), "--port", "0")
    assert (refused.returncode, refused.stderr.startswith("billing: no books in")) == (2, True)
    assert [each.name for each in tmp_path.iterdir()] == ["notes.txt"]
