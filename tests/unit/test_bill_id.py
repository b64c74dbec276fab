"""What is read from the id of a bill; a subscription's own id may look like a part of it."""

import pytest

from billing.domain.bill_id import late_bill_of, revision_of


@pytest.mark.parametrize(
    ("document_id", "revision", "late_bill"),
    [
        ("sub-1.20260201T000000Z.r0", 0, 0),
        ("a.r7.20260201T000000Z.r12", 12, 0),
        ("sub-late-7.20260101T000000Z.r1", 1, 0),
        ("sub-late-7.20260101T000000Z-late-2.r0", 0, 2),
        ("x", 0, 0),
    ],
)
def test_the_revision_and_the_late_bill_are_read_from_the_id(document_id: str, revision: int, late_bill: int) -> None:
    assert (revision_of(document_id), late_bill_of(document_id)) == (revision, late_bill)
