"""300 tenants through the queue while calls come twice, late and out of order, and instances are killed."""

import os
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from threading import Event, Thread

import pytest

from billing.adapters.sqlite import SqliteDocuments
from billing.store.fan_outs import FanOuts
from billing.store.indexes import INDEXES
from billing.store.invoices import Invoices
from tests.cloud_tasks_server import CloudTasksServer, Unpleasant
from tests.functions.queued_cloud import queue_settings, scheduler_headers
from tests.functions.running_door import KEY, RunningDoor, running_door
from tests.functions.small_tenants import AMOUNT, AS_OF, add_tenant
from tests.oidc_issuer import OidcIssuer

TENANTS = [f"tenant-{number:03}" for number in range(300)]
KILLED_EVERY = 40  # deliveries, however long they take


class Killer:
    """Kills one of a gunicorn's workers now and then; its master starts the next."""

    def __init__(self, pid_file: Path) -> None:
        self.kills = 0
        self._pid_file = pid_file
        self._random = Random(3)

    @contextmanager
    def at_work(self, queue: CloudTasksServer) -> Iterator[None]:
        """Kill while the block runs, each time that the queue has made so many deliveries more."""
        over = Event()

        def work() -> None:
            while not over.wait(0.01):
                if len(queue.deliveries) >= KILLED_EVERY * (self.kills + 1):
                    self._kill()

        thread = Thread(target=work)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _kill(self) -> None:
        master = int(self._pid_file.read_text())
        children = Path(f"/proc/{master}/task/{master}/children").read_text(encoding="ascii").split()
        if len(children) > 1:
            os.kill(int(self._random.choice(children)), signal.SIGKILL)
            self.kills += 1


@contextmanager
def functions(folder: Path, queue: CloudTasksServer, issuer: OidcIssuer) -> Iterator[RunningDoor]:
    """Three instances of the function behind one address, over one SQLite file."""

    def command(port: int) -> list[str]:
        told = {**queue_settings(queue, issuer, billing=port, dunning=port), "WARM_FUNCTION": "generate_invoices"}
        server = [sys.executable, "-m", "gunicorn", "--preload", "--workers=3", "--threads=2", f"--pid={folder}/pid"]
        bound = ["--log-level=critical", f"--bind=127.0.0.1:{port}", "tests.functions.warm_function:app"]
        return ["env", *(f"{name}={value}" for name, value in told.items()), *server, *bound]

    parts = {"BILLING_STORE": f"sqlite://{folder}/store.db", "BILLING_OBJECTS": f"file://{folder}/objects"}
    environ = parts | {"INTERNAL_API_KEY": KEY}
    with running_door(environ, folder=folder, command=command) as door:
        yield door


@pytest.mark.slow
def test_every_tenant_is_billed_exactly_once_whatever_happens_to_the_calls(tmp_path: Path) -> None:
    killer, unpleasant = Killer(tmp_path / "pid"), Unpleasant(twice=15, late=15)
    with closing(SqliteDocuments(tmp_path / "store.db", indexes=INDEXES)) as documents:
        for tenant_id in TENANTS:
            add_tenant(documents, tenant_id)
        with (
            OidcIssuer() as issuer,
            CloudTasksServer(issuer, max_attempts=8, at_once=6, unpleasant=unpleasant) as queue,
            functions(tmp_path, queue, issuer) as door,
        ):
            asked, due = {"fan_out": True, "as_of": AS_OF}, "2026-03-01T00:05:00Z"
            headers = scheduler_headers(issuer, door, due=due)
            first = door.post(asked, key=None, headers=headers)
            again = door.post(asked, key=None, headers=headers)
            with killer.at_work(queue):
                queue.wait_until_idle(seconds=90)
        assert (first.status, first.json["tenants"], first.json["enqueued"]) == (202, 300, 300)
        assert (again.status, again.json["enqueued"]) == (202, 0)
        _billed_once(documents, tmp_path / "objects")
        assert FanOuts(documents).dead_letters(first.json["fan_out"]) == []

    answers = Counter(each.status for each in queue.deliveries)
    assert killer.kills >= 3
    assert answers[0] >= 1  # calls that nobody answered
    assert sum(answers.values()) >= 300 + 20


def _billed_once(documents: SqliteDocuments, objects: Path) -> None:
    for tenant_id in TENANTS:
        [invoice] = Invoices.of(documents, tenant_id).all()
        assert (invoice.number, invoice.total) == ("INV-2026-02-0001", int(AMOUNT * 100))
        assert not invoice.pending
        [pdf] = (objects / "invoices" / tenant_id).rglob("*.pdf")
        assert pdf.read_bytes().startswith(b"%PDF-")
