"""`billing sandbox` as a process: it says where it is, answers there, and ends when it is interrupted."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from billing.cli import app
from billing.sandbox.server import RunningSandbox
from tests.sandbox_client import client_of

BILLING = [sys.executable, "-c", "from billing.cli import app; app()"]


def test_it_runs_until_it_is_interrupted_and_keeps_its_state(tmp_path: Path) -> None:
    command = [*BILLING, "sandbox", "--port", "0", "--dir", str(tmp_path), "--clock", "2026-03-01", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        said = json.loads("".join(running.stdout.readline() for _ in range(5)))
        sandbox = RunningSandbox(url=said["url"])
        assert said == {
            "url": sandbox.url,
            "file": str(tmp_path / "sandbox.sqlite3"),
            "webhook_secret": None,
        }
        assert sandbox.control("GET", "clock")["now"].startswith("2026-03-01T00:0")
        client_of(sandbox).v1.customers.create()
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=20) == 0
        assert running.stderr is not None
        assert running.stderr.read() == ""
    assert (tmp_path / "sandbox.sqlite3").stat().st_size > 0


def test_what_was_answered_before_a_kill_is_there_after_it(tmp_path: Path) -> None:
    command = [*BILLING, "sandbox", "--port", "0", "--dir", str(tmp_path), "--json"]
    customers: list[str] = []
    for _ in range(2):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
            assert running.stdout is not None
            said = json.loads("".join(running.stdout.readline() for _ in range(5)))
            client = client_of(RunningSandbox(url=said["url"]), key="sk_test_killed")
            known = [each.id for each in client.v1.customers.list().data]
            assert known == customers
            customers = [client.v1.customers.create().id, *known]
            running.kill()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--memory", "--webhook-secret", "whsec_x"], "--webhook-secret needs --webhook-url"),
        (["--memory", "--webhook-url", "https://example.com/x"], "webhooks to other machines"),
        (["--memory", "--clock", "soon"], "--clock"),
        (["--memory", "--port", "70000"], "--port"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: list[str], message: str) -> None:
    done = CliRunner().invoke(app, ["sandbox", *arguments])
    assert done.exit_code == 2
    assert message in done.output
