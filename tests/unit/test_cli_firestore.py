"""The demo on the Firestore emulator: the same figures as on SQLite, and again none twice."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from billing.cli import app
from tests.firestore_emulator import firestore

__all__ = ["firestore"]


def demo(directory: Path, *more: str) -> dict:
    run = CliRunner().invoke(app, ["demo", "--dir", str(directory), "--store", "firestore", "--json", *more])
    assert run.exit_code == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.emulator
@pytest.mark.slow
def test_the_demo_comes_to_the_same_on_firestore(firestore: str, tmp_path: Path) -> None:
    first, again, elsewhere = demo(tmp_path / "one"), demo(tmp_path / "one"), demo(tmp_path / "two")

    assert (first["generated"], first["skipped"], first["tax"], first["total"]) == (187, 13, "2145.00", "47829.14")
    assert first["operations"]["objects"] == 2 * 187
    assert (again["generated"], again["total"]) == (0, "0.00")
    assert elsewhere["generated"] == 187
    assert len(list((tmp_path / "one").rglob("*.pdf"))) == 187
    assert not (tmp_path / "one" / "billing.sqlite3").exists()


@pytest.mark.emulator
@pytest.mark.slow
def test_days_are_played_on_firestore_too_and_none_twice(firestore: str, tmp_path: Path) -> None:
    played = demo(tmp_path, "--through", "2026-03-04")

    # by day 3: six declines, three retries scheduled, five reminders, and the first two new cards are charged
    assert played["dunning"] == {"entered": 6, "recovered": 2, "manual_review": 0}
    assert len(played["transitions"]) == 6 + 3 + 5 + 2
    assert demo(tmp_path, "--through", "2026-03-04")["transitions"] == played["transitions"]
