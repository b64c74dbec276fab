"""The other end of `billing_process`: starts it, asks it for runs, and reads what they left."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from billing.ports import Fields
from tests.scenarios.billing_process import Asked
from tests.world import World

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What became of each run that was asked for, and how long that took."""

    outcomes: list[str]
    seconds: float


class BillingProcesses:
    """Runs in processes of their own."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def run(self, asked: Asked) -> Answer:
        """Do what is asked and wait for its end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asdict(asked)) + "\n")
        self._process.stdin.flush()
        return Answer(**json.loads(self._process.stdout.readline()))


@contextmanager
def billing_processes() -> Iterator[BillingProcesses]:
    """The process that forks runs, ended with the block."""
    command = [sys.executable, "-m", "tests.scenarios.billing_process"]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield BillingProcesses(process)
    finally:
        process.kill()
        process.communicate()


def final_state(world: World) -> dict[str, Fields]:
    """Every document but the runs' own records and the audit log, which name the runs and how their work was cut."""
    return {
        path: fields
        for path, (fields, _) in world.everything().items()
        if "/runs/" not in path and "/audit/" not in path
    }


def audited(world: World) -> list[tuple[str, str]]:
    """What the audit log says happened to what, sorted: a change told twice is there twice."""
    records: list = [record for batch in world.collection("audit") for record in batch.fields["records"]]  # type: ignore[union-attr]
    return sorted((record["event"], record["entity"]) for record in records)


def files(folder: Path) -> dict[str, bytes]:
    """Every object by its key. What a killed writer left unfinished (`KEY#1`) never was one: a key has no `#`."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "#" not in path.name
    }
