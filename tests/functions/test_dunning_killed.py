"""The dunning run killed at fifty moments and called again, and called twice at once: each step is done once.

A month of dunning is called day by day, as the Scheduler calls it, until each day is complete. A claim of a process
that died ends after a second.
"""

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import count, pairwise
from pathlib import Path
from threading import Barrier

import pytest

from billing.domain.dunning_case import DunningCase
from billing.domain.dunning_policy import CaseState
from billing.sandbox.server import RunningSandbox
from billing.usecases.verify_audit_log import verify_audit_log
from tests.firestore_emulator import firestore
from tests.functions.cloud import Cloud, cloud_doors
from tests.functions.inbox import Inbox
from tests.functions.killed_door import KilledDoor, killed_door
from tests.functions.outside_parts import inbox, sandbox
from tests.functions.running_door import RunningDoor
from tests.functions.unpaid_book import DAYS, UnpaidBook, unpaid_book

__all__ = ["firestore", "inbox", "sandbox"]

pytestmark = [pytest.mark.emulator, pytest.mark.slow]

KILLS = 50
EACH = 4
IN_FLIGHT = 0.5
TENANTS = 24
CHASED = ["payment_reminder", "service_suspended", "urgent_notice"]

_numbers = count(1)


@pytest.fixture
def parts(sandbox: RunningSandbox, inbox: Inbox) -> dict[str, str]:
    """The variables that name the outside parts, with the key of each tenant's account."""
    keys = {f"STRIPE_API_KEY_M{number}": f"sk_test_m{number}" for number in range(1, TENANTS + 1)}
    return {"STRIPE_BASE_URL": sandbox.url, "BILLING_MAIL": inbox.url, **keys}


def a_book(cloud: Cloud, sandbox: RunningSandbox, inbox: Inbox) -> UnpaidBook:
    """Unpaid invoices of a tenant of its own; what came for others before is forgotten."""
    inbox.arrived.clear()
    tenant = f"m{next(_numbers)}"
    return unpaid_book(sandbox, tenant, documents=cloud.documents, objects=cloud.bucket, each=EACH)


def everything_happened_once(book: UnpaidBook, inbox: Inbox, *, killed: bool = False) -> None:
    """`killed` may have cut off the record of a step whose charge had ended the case: its attempt is the record."""
    world = book.world
    assert world.taken() == [4900] * EACH
    tries = Counter(each.customer_id for each in world.invoices() for _ in each.attempts)
    assert tries == {**dict.fromkeys(book.recovering, 2), **dict.fromkeys(book.broke, 3)}
    assert len(list(world.account.v1.payment_intents.list({"limit": 100}).auto_paging_iter())) == sum(tries.values())
    assert len(world.payments()) == EACH
    for name in book.recovering:
        assert history(book.case(name)) == [(0, ""), (3, "")] or (killed and history(book.case(name)) == [(0, "")])
        assert (book.case(name).state, book.case(name).tries) == (CaseState.PAID, 1)
        assert inbox.kinds(f"{name}@kunde.test") == ["receipt"]
    for name in (*book.broke, *book.by_transfer):
        assert history(book.case(name)) == [(0, ""), (3, "payment_reminder"), (7, "urgent_notice"), (14, "")]
        assert (book.case(name).state, book.case(name).claim) == (CaseState.SUSPENDED, None)
        assert inbox.kinds(f"{name}@kunde.test") == CHASED
    told = inbox.kinds("owner@acme.test")
    assert Counter(told) == {"tenant_payment_failed": 2 * EACH, "tenant_review_needed": 2 * EACH}
    assert verify_audit_log(world.documents, world.tenant.id).findings.kept == []


def history(case: DunningCase) -> list[tuple[int, str]]:
    """The days whose steps were done, and what was sent."""
    assert {each.outcome.value for each in case.history} == {"done"}
    return [(each.day, each.notice) for each in case.history]


def copies(inbox: Inbox) -> list[list[float]]:
    """When each mail came, of those that came more than once."""
    times: dict[str, list[float]] = {}
    for each in inbox.arrived:
        times.setdefault(each.message_id, []).append(each.at)
    return [each for each in times.values() if len(each) > 1]


@pytest.mark.timeout(300)
def test_fifty_kills_do_no_step_twice(
    firestore: str, sandbox: RunningSandbox, inbox: Inbox, parts: dict[str, str], tmp_path: Path
) -> None:
    with killed_door(tmp_path, emulator=firestore, more={**parts, "BILLING_CLAIM_SECONDS": "1"}) as door:
        calm, seconds = a_book(door.cloud, sandbox, inbox), dict[str, float]()
        for as_of in DAYS:
            door.starts_afresh()
            started = time.monotonic()
            assert is_complete(door, as_of, tenant=calm.world.tenant.id)
            seconds[as_of] = time.monotonic() - started
        everything_happened_once(calm, inbox)
        assert copies(inbox) == []

        chance, amid_steps = random.Random(20260201), 0
        while len(door.kills) < KILLS:
            book = a_book(door.cloud, sandbox, inbox)
            for as_of, usual in seconds.items():
                while not is_complete(door, as_of, tenant=book.world.tenant.id, kill_after=chance.uniform(0, usual)):
                    amid_steps += any(each.dunning and each.dunning.claim for each in book.world.invoices())
            everything_happened_once(book, inbox, killed=True)
            for times in copies(inbox):
                assert [pair for pair in pairwise(times) if not was_killed_between(door, *pair)] == []
        assert amid_steps  # kills did hit processes between a claim and its end


def was_killed_between(door: KilledDoor, sent: float, again: float) -> bool:
    """Whether a kill lies between two arrivals. What a process had handed to its socket arrives after its end."""
    return any(sent - IN_FLIGHT < kill < again for kill in door.kills)


def is_complete(door: KilledDoor, as_of: str, *, tenant: str, kill_after: float | None = None) -> bool:
    """One call, killed while there are kills left; whether the day is done."""
    kill_after = kill_after if len(door.kills) < KILLS else None
    answered = door.posts({"as_of": as_of}, tenant=tenant, kill_after=kill_after)
    if answered is None:
        return False
    assert (answered.status, answered.json["failures"]) == (200, [])
    if answered.json["busy"]:
        time.sleep(0.1)  # until the claims of the dead are over
    return bool(answered.json["complete"])


@pytest.mark.parametrize("turn", range(3))
def test_two_processes_at_once_do_a_step_once(
    firestore: str, sandbox: RunningSandbox, inbox: Inbox, parts: dict[str, str], tmp_path: Path, turn: int
) -> None:
    with cloud_doors(tmp_path, emulator=firestore, doors=2, function="run_dunning", more=parts) as cloud:
        book, done = a_book(cloud, sandbox, inbox), Counter[tuple[str, str, int | None]]()
        for as_of in DAYS:
            for report in at_once(cloud, as_of, tenant=book.world.tenant.id):
                done.update((each["customerId"], each["action"], each["day"]) for each in report["details"])
        everything_happened_once(book, inbox)
        # the settlement of what came in claims nothing: both may send a receipt, with its one Message-ID
        assert {each.kind for each in inbox.arrived if inbox.is_repeated(each)} <= {"receipt"}
        assert set(done.values()) == {1}
        # overdue and day 0 of everybody; then a recovery, or the days 3, 7 and 14 and the suspension
        assert len(done) == EACH * (3 * 2 + 1 + 2 * 4)


def at_once(cloud: Cloud, as_of: str, *, tenant: str) -> list[dict]:
    """Every door is called at the same instant, again and again until each has nothing left; all the reports."""
    barrier, reports = Barrier(len(cloud.doors)), list[dict]()

    def call(door: RunningDoor) -> None:
        barrier.wait()
        while True:
            answered = door.post({"as_of": as_of}, key=None, token=cloud.token(), tenant=tenant)
            assert (answered.status, answered.json["failures"]) == (200, [])
            reports.append(answered.json)
            if answered.json["complete"]:
                return

    with ThreadPoolExecutor(len(cloud.doors)) as callers:
        list(callers.map(call, cloud.doors))
    return reports
