"""Billing runs in processes of their own, which can be killed: `python -m tests.scenarios.billing_process`.

One line of JSON in asks for runs, one line out says what became of each: done, killed, or its exit code. The process
imports everything once and forks for every run, so that a run starts at once and dies alone.
"""

import json
import os
import signal
import sys
import time
import traceback
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from billing.adapters.firestore import FirestoreDocuments
from billing.adapters.maildir import MaildirMailer
from billing.adapters.objects import ObstoreObjects
from billing.adapters.sqlite import SqliteDocuments
from billing.adapters.stripe_gateway import StripeGateway
from billing.ports import Documents
from billing.store.indexes import INDEXES
from billing.store.tenants import Tenants
from billing.usecases.approve_invoices import approve_invoices
from billing.usecases.call import Call
from billing.usecases.collect import Collecting
from billing.usecases.deliver import Mailing
from billing.usecases.generate_invoices import RunOptions, generate_invoices
from billing.usecases.run_context import RunRequest
from billing.usecases.settle_invoices import Settlement, settle_invoices, sweep
from tests.builders import utc
from tests.collecting import plain_mail
from tests.covered_documents import CoveredDocuments
from tests.world import plain_pdfs

_PULSE = 0.0005


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request: `run_ids` start at once; each is killed `kill_after` seconds later unless that is None.

    With `approves` each approves everything that waits, in place of billing what is due.
    `stripe` is the key and the address of a sandbox that charges cards, `mails` the Maildir that mails go to.
    The store is the SQLite file `sqlite`, or the project `project` of the Firestore emulator at `emulator`.
    """

    tenant_id: str
    as_of: str
    run_ids: list[str]
    folder: str
    sqlite: str | None = None
    project: str | None = None
    emulator: str = ""
    kill_after: float | None = None
    approves: bool = False
    stripe: tuple[str, str] | None = None
    mails: str = ""


def main() -> None:
    """Answer requests until there are no more."""
    for line in sys.stdin:
        asked = Asked(**json.loads(line))
        started = time.monotonic()
        children = [_forked(asked, run_id) for run_id in asked.run_ids]
        outcomes = [_outcome(child, asked, started) for child in children]
        sys.stdout.write(json.dumps({"outcomes": outcomes, "seconds": time.monotonic() - started}) + "\n")
        sys.stdout.flush()


def _forked(asked: Asked, run_id: str) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        (_approve if asked.approves else _bill)(asked, run_id)
        code = 0
    except BaseException:  # noqa: BLE001 - a forked child must never return into the loop above
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _outcome(child: int, asked: Asked, started: float) -> str:
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            return {0: "done", -signal.SIGKILL: "killed"}.get(code, str(code))
        if asked.kill_after is not None and time.monotonic() - started >= asked.kill_after:
            os.kill(child, signal.SIGKILL)
        time.sleep(_PULSE)


def _bill(asked: Asked, run_id: str) -> None:
    documents = CoveredDocuments(_documents(asked))
    settlement = _settlement(asked, documents)
    as_of = utc(asked.as_of)
    request = RunRequest(tenant_id=asked.tenant_id, as_of=as_of, recorded_at=as_of, run_id=run_id, actor="scheduler")
    options = RunOptions(settle=partial(settle_invoices, settlement))
    report = generate_invoices(documents, request, options)
    report.add_settled(sweep(settlement, out_of_time=lambda: False))
    if report.failures or report.settlement_failures:
        raise RuntimeError(report.failures, report.settlement_failures)


def _approve(asked: Asked, _run_id: str) -> None:
    documents = CoveredDocuments(_documents(asked))
    settlement = _settlement(asked, documents)
    call = Call(tenant_id=asked.tenant_id, actor="ada", recorded_at=utc(asked.as_of))
    options = RunOptions(settle=partial(settle_invoices, settlement))
    report = approve_invoices(documents, None, call=call, options=options)
    report.settled += sweep(settlement, out_of_time=lambda: False)
    if report.failures or report.settled.failures:
        raise RuntimeError(report.failures, report.settled.failures)


def _settlement(asked: Asked, documents: Documents) -> Settlement:
    return Settlement(
        documents=documents,
        objects=ObstoreObjects.folder(Path(asked.folder)),
        tenant_id=asked.tenant_id,
        render=plain_pdfs,
        now=lambda: utc(asked.as_of),
        collecting=_collecting(asked, documents),
        mailing=_mailing(asked, documents),
    )


def _collecting(asked: Asked, documents: Documents) -> Collecting | None:
    if asked.stripe is None:
        return None
    key, url = asked.stripe
    gateway = StripeGateway(key, base_url=url, timeout_seconds=5)
    return Collecting(documents=documents, gateway=lambda: gateway, tenant_id=asked.tenant_id)


def _mailing(asked: Asked, documents: Documents) -> Mailing | None:
    if not asked.mails:
        return None
    tenant = Tenants(documents).get(asked.tenant_id)
    return Mailing(mailer=MaildirMailer(Path(asked.mails)), compose=plain_mail, tenant=tenant)


def _documents(asked: Asked) -> Documents:
    if asked.sqlite is not None:
        return SqliteDocuments(asked.sqlite, indexes=INDEXES)
    assert asked.project is not None
    os.environ["FIRESTORE_EMULATOR_HOST"] = asked.emulator
    return FirestoreDocuments(asked.project)


if __name__ == "__main__":
    main()
