"""What the review queue shows of an unpaid invoice."""

from dataclasses import replace
from datetime import date

import pytest

from billing.domain.dunning_case import CaseCause, CaseResolution, DunningCase, entered, resolved, under_review
from billing.domain.invoice import InvoiceStatus
from billing.domain.review import ReviewKind, ReviewStatus, review_of_case
from tests.builders import Account, a_fee, a_plan, utc

AT = utc("2026-03-01T09:00")
BILL = Account.opened(a_plan(fees=[a_fee("49.00")]), start="2026-02-01").bill()
NEW = entered(CaseCause.PAYMENT_FAILED, on=date(2026, 3, 1), at=AT)
WAITING = under_review(NEW, reason="day 14: unpaid", at=utc("2026-03-15"))
DECIDED = resolved(WAITING, CaseResolution.EXTENDED, note="x", actor="ada", at=utc("2026-03-16"))


def test_a_case_that_waits_is_an_open_review_with_what_is_due() -> None:
    invoice = replace(BILL, number="INV-1", status=InvoiceStatus.ISSUED, amount_paid=900, dunning=WAITING)
    review = review_of_case(invoice)
    assert review is not None
    assert (review.kind, review.status, review.invoice_id) == (ReviewKind.DUNNING, ReviewStatus.OPEN, BILL.id)
    assert (review.reason, review.opened_at) == ("day 14: unpaid", utc("2026-03-15"))
    assert review.figures == {"number": "INV-1", "due": "40.00", "currency": "USD"}


@pytest.mark.parametrize("case", [None, NEW, DECIDED])
def test_what_waits_for_nobody_is_none(case: DunningCase | None) -> None:
    assert review_of_case(replace(BILL, dunning=case)) is None
