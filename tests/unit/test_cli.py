"""The command line as a whole: refusals without books, plans to check, help, version, colours."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line import BOOK, DUE, answer, billing


def test_no_book_and_no_directory_are_told_apart(tmp_path: Path) -> None:
    no_book = billing("import", tmp_path / "none", "--dir", tmp_path)
    assert (no_book.exit_code, "there is no such folder" in no_book.stderr) == (2, True)
    no_store = billing("run", *DUE, "--dir", tmp_path)
    assert (no_store.exit_code, no_store.stdout) == (2, "")
    assert f"`billing import BOOK --dir {tmp_path}`" in no_store.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_store_is_exit_code_3(tmp_path: Path) -> None:
    (tmp_path / "billing.sqlite3").write_bytes(b"not a database, " * 100)
    broken = billing("invoices", "list", "--dir", tmp_path)
    assert (broken.exit_code, broken.stdout) == (3, "")
    assert broken.stderr == "billing: SQLite did not answer: file is not a database\n"


def test_a_plan_is_checked_and_its_prices_worked_out() -> None:
    """100,001 calls: 10,000 free, 90,000 at 0.001 and 1 at 0.0005 come to 90.00; twice 100,000 to 140.00."""
    checked = answer(billing("plans", "check", BOOK / "plan.json", "--json"))
    examples = {each["quantity"]: each["amount"] for each in checked["plans"][0]["examples"]}
    assert examples == {
        "1": "0.00",
        "10000": "0.00",
        "10001": "0.00",
        "100000": "90.00",
        "100001": "90.00",
        "200000": "140.00",
    }
    told = billing("plans", "check", BOOK / "plan.json")
    assert told.exit_code == 0
    assert "Premium support (premium-support)" in told.stdout


def test_a_plan_with_overlapping_tiers_is_refused_at_its_place(tmp_path: Path) -> None:
    plan = json.loads((BOOK / "plan.json").read_text(encoding="utf-8"))
    plan["usage"][0]["tiers"][1]["up_to"] = 9000
    (tmp_path / "plan.json").write_text(json.dumps(plan, indent=1), encoding="utf-8")
    refused = billing("plans", "check", tmp_path / "plan.json")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "plan.json" in refused.stderr
    assert "tiers[1].up_to" in refused.stderr


@pytest.mark.parametrize("arguments", [[], ["demo"], ["import"], ["run"], ["invoices", "show"], ["plans", "check"]])
def test_help_has_examples(arguments: list[str]) -> None:
    helped = billing(*arguments, "--help")
    assert helped.exit_code == 0
    assert helped.stdout.count("  billing ") >= 1


def test_help_loads_nothing_heavy() -> None:
    program = "import sys; from billing.cli import app; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    heavy = {"reportlab", "google.auth", "grpc", "fastapi", "obstore", "sqlite3", "babel", "billing.wiring", "jwt"}
    assert heavy & set(run.stdout.split()) == set()


def test_the_version_is_the_package_s() -> None:
    assert billing("version").stdout == "billing 0.1.0\n"
    assert answer(billing("version", "--json")) == {"version": "0.1.0"}


def test_no_color_is_respected_on_a_terminal() -> None:
    """FORCE_COLOR makes rich think that it writes on a terminal; NO_COLOR then leaves the colours out."""
    command = [sys.executable, "-c", "from billing.cli import app; app()", "plans", "check", str(BOOK / "plan.json")]
    environ = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    colours = subprocess.run(command, capture_output=True, text=True, check=True, env={**environ, "FORCE_COLOR": "1"})
    plain = {**environ, "FORCE_COLOR": "1", "NO_COLOR": "1"}
    without = subprocess.run(command, capture_output=True, text=True, check=True, env=plain)
    assert "\x1b[36m" in colours.stdout or "\x1b[32m" in colours.stdout
    assert "\x1b[3" not in without.stdout
