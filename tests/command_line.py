"""The command line within the test's process, the February book, and a copy of it for another seller."""

import json
import shutil
from pathlib import Path

from typer.testing import CliRunner, Result

from billing.cli import app

ROOT = Path(__file__).parents[1]
BOOK = ROOT / "samples" / "february-2026"
DUE = ("--as-of", "2026-03-01")


def billing(*arguments: str | Path, directory: Path | None = None, env: dict[str, str] | None = None) -> Result:
    """`billing` with these words, on what is kept in a directory where one is given."""
    kept = () if directory is None else ("--dir", directory)
    return CliRunner().invoke(app, [str(each) for each in (*arguments, *kept)], env=env or {})


def answer(result: Result) -> dict:
    """The one JSON object on stdout."""
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def asked(*arguments: str | Path, directory: Path) -> dict:
    """The same, of a command that is asked for JSON."""
    return answer(billing(*arguments, "--json", directory=directory))


def a_book(folder: Path, *, tenant_id: str = "acme-api", zone: str = "UTC") -> Path:
    """A copy of the February book for another seller."""
    shutil.copytree(BOOK, folder)
    tenant = json.loads((folder / "tenant.json").read_text(encoding="utf-8"))
    tenant |= {"tenant_id": tenant_id, "time_zone": zone}
    (folder / "tenant.json").write_text(json.dumps(tenant), encoding="utf-8")
    return folder
