"""What was removed, added or replaced below a seal is found and named, and so is a seal that was changed."""

from typing import Any

import pytest

from billing.domain.seal import Seal, SealTally
from billing.ports import Delete, Documents, Put, Query
from billing.store.audit import AuditLog
from billing.usecases.verify_audit_log import AuditVerification, verify_audit_log
from tests.builders import utc
from tests.either_store import documents as store
from tests.either_store import firestore
from tests.sealed_log import (
    FIFTH,
    FIRST,
    FOURTH,
    LAST,
    MARGIN,
    STRETCH_2,
    THIRD,
    batch,
    changes,
    documents,
    found,
    removes,
    rewritten,
    seal,
    seals_at,
    stored,
)
from tests.watched_documents import Once, WatchedDocuments

__all__ = ["documents", "firestore", "store"]


# as it was written


def test_an_untouched_log_is_clean_and_says_what_is_not_sealed_yet(documents: Documents) -> None:
    verified = verify_audit_log(documents, "acme")
    assert verified.findings.kept == []
    assert verified == AuditVerification(
        tenant_id="acme",
        batches=6,
        records=10,
        seals=3,
        sealed_until=utc("2026-01-04"),
        unsealed_batches=1,
        unsealed_records=2,
        kept=None,
        findings=verified.findings,
    )


def test_seals_follow_each_other_and_count_their_stretch(documents: Documents) -> None:
    seals = [seal(documents, number) for number in (1, 2, 3)]
    assert [(each.since, each.until, each.batches, each.records) for each in seals] == [
        (None, utc("2026-01-02"), 2, 4),
        (utc("2026-01-02"), utc("2026-01-03"), 2, 3),
        (utc("2026-01-03"), utc("2026-01-04"), 1, 1),
    ]
    assert [each.previous for each in seals[1:]] == [each.digest for each in seals[:-1]]


def test_a_kept_digest_is_found_again_in_whatever_case_it_was_written(documents: Documents) -> None:
    kept = seal(documents, 2)
    verified = verify_audit_log(documents, "acme", kept_digest=kept.digest.upper())
    assert (verified.kept, verified.findings.kept) == (kept, [])


def test_nothing_new_is_not_sealed_and_what_is_younger_than_the_margin_waits(documents: Documents) -> None:
    assert seals_at(documents, utc("2026-01-04T10:59")) is None
    assert seals_at(documents, utc("2026-01-04T11:00")) is None  # 09:00 itself is not before 09:00
    late = seals_at(documents, utc("2026-01-04T11:01"))
    assert late is not None
    assert (late.number, late.batches, late.records) == (4, 1, 2)
    assert seals_at(documents, utc("2026-01-02T00:00")) is None  # a clock that was set back
    assert verify_audit_log(documents, "acme").unsealed_batches == 0


def test_of_two_that_seal_at_once_one_wins_and_the_other_is_fine_with_it(documents: Documents) -> None:
    first: list[Seal | None] = []
    at_once = Once("audit_seals", lambda: first.append(seals_at(documents, utc("2026-01-04T12:00"))))
    second = seals_at(WatchedDocuments(documents, before=at_once), utc("2026-01-04T13:00"))
    [won] = first
    assert won == seal(documents, 4)
    assert second is None
    assert found(documents) == []


def test_sealing_reads_what_is_new_and_not_the_log(documents: Documents) -> None:
    view = WatchedDocuments(documents)
    assert seals_at(view, utc("2026-01-05")) is not None
    assert view.reads == []
    [latest, new] = view.queries
    assert (latest.collection, latest.limit) == ("tenants/acme/audit_seals", 1)
    assert (new.collection, new.start_after, new.fields) == (
        "tenants/acme/audit",
        ("20260104T000000.000000Z",),
        ("count", "hash"),
    )


def test_batches_that_do_not_say_how_they_end_are_sealed_by_their_records(documents: Documents) -> None:
    older = stored(documents, f"audit/{LAST}")
    plain = {name: value for name, value in older.fields.items() if name not in {"count", "hash"}}
    documents.commit([Put(older.path, plain)])
    made = seals_at(documents, utc("2026-01-05"))
    assert made is not None
    assert (made.batches, made.records) == (1, 2)
    assert found(documents) == []
    removes(documents, f"audit/{LAST}")
    [(kind, _, message)] = found(documents)
    assert (kind, message.partition("): ")[2]) == ("audit_stretch_differs", "1 batch with 2 records removed")


def test_a_commit_whose_batch_has_nothing_to_tell_is_no_finding(documents: Documents) -> None:
    documents.commit([batch(documents, "nothing", at="2026-01-04T10:00", records=0)])
    assert found(documents) == []


# what only the seals know


def test_a_removed_batch_is_named_with_its_stretch_and_its_records(documents: Documents) -> None:
    removes(documents, f"audit/{THIRD}")
    message = f"{STRETCH_2}: 1 batch with 2 records removed"
    assert found(documents) == [("audit_stretch_differs", "audit_seals/0000000002", message)]


def test_an_inserted_batch_is_named_with_its_stretch(documents: Documents) -> None:
    documents.commit([batch(documents, "x", at="2026-01-02T23:59", records=1)])
    message = f"{STRETCH_2}: 1 batch with 1 record inserted"
    assert found(documents) == [("audit_stretch_differs", "audit_seals/0000000002", message)]


def test_a_stretch_that_lost_everything_is_named(documents: Documents) -> None:
    for each in (FIFTH, LAST):
        removes(documents, f"audit/{each}")
    [(kind, entity, message)] = found(documents)
    assert (kind, entity) == ("audit_stretch_differs", "audit_seals/0000000003")
    assert message.endswith("1 batch with 1 record removed")


def test_a_batch_moved_to_another_day_shows_in_both_stretches(documents: Documents) -> None:
    moved = stored(documents, f"audit/{FIFTH}")
    fields = {**moved.fields, "recorded_at": utc("2026-01-02T09:00")}
    documents.commit([Delete(moved.path), Put("tenants/acme/audit/20260102T090000.000000Z-e", fields)])
    assert [(entity, message.partition("): ")[2]) for _, entity, message in found(documents)] == [
        ("audit_seals/0000000002", "1 batch with 1 record inserted"),
        ("audit_seals/0000000003", "1 batch with 1 record removed"),
    ]


def test_a_batch_rewritten_with_all_its_hashes_shows(documents: Documents) -> None:
    rewritten(documents, THIRD, lambda records: [{**each, "actor": "nobody"} for each in records])
    [(kind, _, message)] = found(documents)
    assert kind == "audit_stretch_differs"
    assert message == f"{STRETCH_2}: a batch was changed or replaced, or the seal was"


def test_a_batch_rewritten_with_a_record_less_shows(documents: Documents) -> None:
    rewritten(documents, THIRD, lambda records: records[:1])
    [(_, _, message)] = found(documents)
    assert message == f"{STRETCH_2}: 2 batches with 2 records where 2 batches with 3 records were sealed"


def test_a_swap_of_two_batches_shows(documents: Documents) -> None:
    one, other = (stored(documents, f"audit/{each}") for each in (THIRD, FOURTH))
    documents.commit([Put(one.path, other.fields), Put(other.path, one.fields)])
    kinds = [kind for kind, _, _ in found(documents)]
    assert kinds == ["audit_altered", "audit_altered", "audit_stretch_differs"]


def test_what_is_removed_after_the_last_seal_is_not_found_as_the_guide_says(documents: Documents) -> None:
    removes(documents, f"audit/{LAST}")
    assert found(documents) == []


# what is wrong with the seals


def test_a_removed_seal_is_named_and_the_others_still_hold_their_stretches(documents: Documents) -> None:
    removes(documents, "audit_seals/0000000002")
    message = "seal 2 is missing; seal 3 came after it"
    assert found(documents) == [("audit_seal_missing", "audit_seals/0000000002", message)]
    verified = verify_audit_log(documents, "acme")
    assert (verified.unsealed_batches, verified.unsealed_records) == (3, 5)  # those of the second day, and the last
    removes(documents, f"audit/{FIFTH}")
    assert [entity for _, entity, _ in found(documents)] == ["audit_seals/0000000002", "audit_seals/0000000003"]


def test_the_first_seal_is_missed_too(documents: Documents) -> None:
    removes(documents, "audit_seals/0000000001")
    assert found(documents) == [
        ("audit_seal_missing", "audit_seals/0000000001", "seal 1 is missing; seal 2 came after it")
    ]


def test_a_removed_last_seal_shows_by_the_digest_that_was_kept(documents: Documents) -> None:
    kept = seal(documents, 3).digest
    removes(documents, "audit_seals/0000000003")
    assert found(documents) == []
    assert found(documents, kept_digest=kept) == [
        (
            "audit_seal_missing",
            "audit_seals",
            f"no seal has the digest {kept}: seals were removed or made anew since it was kept",
        )
    ]


def test_a_log_that_was_rewritten_whole_shows_by_the_digest_that_was_kept(documents: Documents) -> None:
    kept = seal(documents, 3).digest
    rewritten(documents, FIRST, lambda records: records[:1])
    for number in (1, 2, 3):
        removes(documents, f"audit_seals/{number:010}")
    for day in ("2026-01-02", "2026-01-03", "2026-01-04"):
        assert seals_at(documents, utc(day) + MARGIN) is not None
    assert found(documents) == []
    assert [kind for kind, _, _ in found(documents, kept_digest=kept)] == ["audit_seal_missing"]


@pytest.mark.parametrize(
    ("field", "value", "kind"),
    [
        ("digest", "0" * 64, "audit_seal_altered"),  # the next one knows better
        ("batches", 3, "audit_seal_altered"),
        ("records", 2, "audit_seal_altered"),
        ("since", "2026-01-01T12:00:00+00:00", "audit_seal_altered"),
        ("until", "2026-01-02T23:00:00+00:00", "audit_stretch_differs"),
        ("previous", "0" * 64, "audit_stretch_differs"),
        ("number", 7, "audit_seal_altered"),
        ("until", "soon", "audit_seal_altered"),
    ],
)
def test_a_changed_seal_is_named(documents: Documents, field: str, value: Any, kind: str) -> None:  # noqa: ANN401
    changes(documents, "audit_seals/0000000002", lambda fields: fields.update({field: value}))
    assert [(kind, entity) for kind, entity, _ in found(documents)] == [(kind, "audit_seals/0000000002")]


def test_a_seal_that_holds_its_stretch_and_follows_another_chain_is_named(documents: Documents) -> None:
    tally = SealTally("0" * 64)
    for head in AuditLog.of(documents, "acme").heads(start=utc("2026-01-02"), end=utc("2026-01-03")):
        tally.add(head.id, records=head.records, batch_hash=head.hash)
    forged = {"previous": "0" * 64, "digest": tally.digest(utc("2026-01-03"))}
    changes(documents, "audit_seals/0000000002", lambda fields: fields.update(forged))
    message = "seal 2 does not follow the seal before it"
    assert found(documents) == [("audit_seal_altered", "audit_seals/0000000002", message)]


def test_another_tenant_s_seals_prove_nothing_here(documents: Documents) -> None:
    for each in documents.query(Query("tenants/acme/audit")):
        documents.commit([Put(each.path.replace("acme", "other"), each.fields)])
    for each in documents.query(Query("tenants/acme/audit_seals")):
        documents.commit([Put(each.path.replace("acme", "other"), each.fields)])
    verified = verify_audit_log(documents, "other")
    assert {each.kind.value for each in verified.findings.kept} == {"audit_altered", "audit_seal_altered"}
