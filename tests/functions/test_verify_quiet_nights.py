"""Books on which nothing happened since a verification found nothing: a night reads a handful of them, for a week."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from billing.domain.audit import AuditRecord
from billing.ports import Delete, Documents, Put, Query, Update, Write
from billing.store.audit import AuditLog
from tests.functions.fanned_out import FannedOut, fanned_out
from tests.functions.small_tenants import AS_OF, add_tenant

FIRST = datetime(2026, 3, 1, 3, 15, tzinfo=UTC)
RESULTS = ("complete", "invoices", "findings")
IN_FULL = (True, 9, 0)
VERIFIED = "tenants/acme/verified_books/latest"
Change = Callable[[Documents], Sequence[Write]]


@pytest.fixture
def doors(tmp_path: Path) -> Iterator[FannedOut]:
    """A tenant with nine bills for February, which the night of the first of March verified."""
    with fanned_out(tmp_path) as doors:
        add_tenant(doors.documents, "acme", accounts=9)
        assert doors.post({"as_of": AS_OF}, tenant="acme").json["generated"] == 9
        assert verified(doors, FIRST) == IN_FULL
        yield doors


def verified(doors: FannedOut, at: datetime) -> tuple[Any, ...]:
    """What the night's record of the tenant says."""
    doors.clock.instant = at
    fan_out = doors.post({"fan_out": True}, job="verify").json["fan_out"]
    doors.wait()
    runs = [each.fields for each in doors.documents.query(Query("tenants/acme/runs"))]
    [record] = [each for each in runs if each.get("fan_out") == fan_out]
    return (*(record[name] for name in RESULTS), *(["unchanged"] if "unchanged" in record else []))


def operations(doors: FannedOut) -> tuple[int, int]:
    """What the last task read and wrote."""
    counted = [each["operations"] for each in doors.log if each.get("scope") == "part"][-1]
    return counted["reads"], counted["writes"]


def records_a_change(documents: Documents) -> list[Write]:
    at = FIRST + timedelta(hours=6)
    told = AuditRecord(
        entity="customers/acct-1",
        event="customer.changed",
        actor="user:eva",
        at=at,
        before="",
        after="",
        reason="",
        request_id="",
    )
    return [AuditLog.of(documents, "acme").batch([told], batch_id="renaming", recorded_at=at)]


def first(documents: Documents, collection: str) -> str:
    return documents.query(Query(f"tenants/acme/{collection}", limit=1))[0].path


def test_a_quiet_night_reads_a_handful_and_says_that_nothing_changed(doors: FannedOut) -> None:
    in_full, _ = operations(doors)
    assert verified(doors, FIRST + timedelta(days=1)) == (True, 0, 0, "unchanged")
    # bills of the two months, drafts, subscriptions, the last verification, what was recorded since, the tenant, what
    # is due
    assert operations(doors) == (7, 1)
    assert in_full > 40


def test_a_week_after_it_was_verified_it_is_verified_again(doors: FannedOut) -> None:
    nights = [verified(doors, FIRST + timedelta(days=day))[1:] for day in range(1, 9)]
    assert nights == [*[(0, 0, "unchanged")] * 6, (9, 0), (0, 0, "unchanged")]


def test_a_new_month_is_verified_in_full(doors: FannedOut) -> None:
    in_april = datetime(2026, 4, 1, 3, 15, tzinfo=UTC)
    assert verified(doors, in_april - timedelta(days=1)) == IN_FULL
    assert verified(doors, in_april) == (True, 0, 0)  # of March and April: there is no bill


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (records_a_change, IN_FULL),
        (lambda documents: [Delete(first(documents, "invoices"))], (True, 8, 3)),
        (lambda documents: [Delete(first(documents, "subscriptions"))], (True, 9, 1)),
        (lambda documents: [Update(first(documents, "subscriptions"), {"next_billing_at": FIRST})], (True, 9, 1)),
        (lambda _documents: [Update(VERIFIED, {"program": "0.0.1"})], IN_FULL),
        (lambda _documents: [Put(VERIFIED, {"at": "yesterday"})], IN_FULL),
        (lambda _documents: [Delete(VERIFIED)], IN_FULL),
    ],
    ids=["recorded", "bill lost", "subscription lost", "bill due", "another program", "unreadable", "unknown"],
)
def test_whatever_happened_since_is_reason_to_verify(doors: FannedOut, change: Change, found: object) -> None:
    doors.documents.commit([*change(doors.documents)])
    assert verified(doors, FIRST + timedelta(days=1)) == found


def test_books_with_findings_are_verified_every_night(doors: FannedOut) -> None:
    doors.documents.commit([Delete(first(doors.documents, "invoices"))])
    nights = [verified(doors, FIRST + timedelta(days=day)) for day in (1, 2)]
    assert nights == [(True, 8, 3)] * 2


def test_what_is_asked_for_one_tenant_by_hand_is_always_done(doors: FannedOut) -> None:
    doors.clock.instant = FIRST + timedelta(days=1)
    answered = doors.post({}, job="verify", tenant="acme").json
    assert answered["read"]["invoices"] == 9
