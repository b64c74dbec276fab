"""A seal's digest is that of text which anybody can put together again."""

import hashlib

from billing.domain.seal import SealTally, first_digest
from tests.builders import utc


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def test_the_digest_is_over_the_one_before_each_batch_in_its_order_and_the_end() -> None:
    tally = SealTally("aa")
    tally.add("20260101T000000.000000Z-run-1", records=3, batch_hash="bb")
    tally.add("20260102T000000.000000Z-run-2", records=1, batch_hash="cc")
    lines = (
        "aa\n"
        "20260101T000000.000000Z-run-1 bb\n"
        "20260102T000000.000000Z-run-2 cc\n"
        "2026-01-03T00:00:00+00:00\n"
    )  # fmt: skip
    assert tally.digest(utc("2026-01-03")) == sha256(lines)
    assert (tally.batches, tally.records) == (2, 4)


def test_asking_for_the_digest_ends_nothing() -> None:
    tally = SealTally("aa")
    tally.add("one", records=1, batch_hash="bb")
    before = tally.digest(utc("2026-01-03"))
    assert tally.digest(utc("2026-01-03")) == before
    tally.add("two", records=1, batch_hash="cc")
    assert tally.digest(utc("2026-01-03")) == sha256("aa\none bb\ntwo cc\n2026-01-03T00:00:00+00:00\n")


def test_an_empty_stretch_has_a_digest_too() -> None:
    assert SealTally("aa").digest(utc("2026-01-03")) == sha256("aa\n2026-01-03T00:00:00+00:00\n")


def test_a_chain_begins_with_its_tenant() -> None:
    assert first_digest("acme") == sha256("acme/audit_seals")
    assert first_digest("acme") != first_digest("other")
