"""What a change of an invoice and of its dunning case means to others, found by comparing before and after."""

from dataclasses import replace
from datetime import date

from billing.domain.dunning_case import CaseCause, DunningCase, StepOutcome, StepRecord, entered, stepped, under_review
from billing.domain.dunning_events import dunning_events
from billing.domain.dunning_policy import CaseState
from billing.domain.event import Event
from billing.domain.invoice import Invoice, InvoiceStatus
from billing.domain.invoice_events import invoice_events
from tests.builders import utc
from tests.chasing import an_invoice

AT, ON = utc("2026-03-05T09:00"), date(2026, 3, 5)
ISSUED = an_invoice(status=InvoiceStatus.ISSUED)


def types(before: Invoice | None, after: Invoice) -> list[str]:
    return [each.type.value for each in invoice_events(before, after, at=AT)]


def test_a_draft_is_told_to_nobody_and_its_approval_is_its_issue() -> None:
    draft = replace(ISSUED, status=InvoiceStatus.DRAFT, number="")
    assert types(None, draft) == []
    assert types(draft, ISSUED) == ["invoice.issued"]


def test_what_changes_nothing_that_is_told_is_no_event() -> None:
    assert types(ISSUED, replace(ISSUED, checkout_id="cs_1", pending=())) == []


def test_each_time_that_an_invoice_is_paid_has_an_id_of_its_own_and_the_same_one_again() -> None:
    def paid(case: DunningCase | None) -> Event:
        after = replace(ISSUED, status=InvoiceStatus.PAID, dunning=case)
        [event] = invoice_events(ISSUED, after, at=AT)
        return event

    reversed_ = entered(CaseCause.REVERSED, on=ON, at=AT)
    cases = [
        None,
        entered(CaseCause.PAYMENT_FAILED, on=ON, at=AT),
        reversed_,
        replace(reversed_, started_at=utc("2026-04-01")),
    ]
    assert len({paid(each).id for each in cases}) == 4
    assert [paid(each).id for each in cases] == [paid(each).id for each in cases]


def step(day: int, outcome: StepOutcome) -> StepRecord:
    return StepRecord(day=day, at=AT, outcome=outcome, state=CaseState.REMINDER_SENT, notice="payment_reminder")


def test_a_case_tells_of_the_steps_that_were_done_and_of_a_review_once() -> None:
    case = entered(CaseCause.OVERDUE, on=ON, at=AT)
    later = stepped(case, step(3, StepOutcome.PASSED_OVER), on=ON)
    later = under_review(stepped(later, step(7, StepOutcome.DONE), on=ON), reason="day 7", at=AT)
    told = list(dunning_events(case, ISSUED, later, at=AT))
    assert [each.type.value for each in told] == ["dunning.step", "dunning.manual_review"]
    assert (told[0].fields["day"], told[1].fields["reason"]) == (7, "day 7")
    assert list(dunning_events(later, ISSUED, later, at=AT)) == []
