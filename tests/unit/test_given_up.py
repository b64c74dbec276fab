"""What is written off is neither charged nor a case again; cases of one invoice are told apart by their start."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from billing.domain.attempt import AttemptStatus, PaymentAttempt
from billing.domain.charging import waits_for_method, with_attempt
from billing.domain.decline import Advice
from billing.domain.dunning_case import (
    CaseCause,
    CaseResolution,
    DunningCase,
    PauseReason,
    entered,
    paused,
    resolved,
    under_review,
)
from billing.domain.dunning_policy import CaseState
from billing.domain.errors import InvalidInput
from billing.domain.invoice import Invoice, InvoiceStatus
from billing.domain.invoice_payment import is_collectible, is_open, paid, taken_back, written_off
from billing.usecases.settle_invoices import invoice_json
from tests.builders import Account, a_fee, a_plan, utc

AT, LATER = utc("2026-02-01T09:00"), utc("2026-02-02T09:00")


def issued() -> Invoice:
    """An invoice of 49.00."""
    bill = Account.opened(a_plan(fees=[a_fee("49.00")]), start="2026-01-01").bill()
    return replace(bill, number="INV-1", status=InvoiceStatus.ISSUED)


def attempt(status: AttemptStatus = AttemptStatus.DECLINED, *, number: int = 1, method: str = "pm_1") -> PaymentAttempt:
    return PaymentAttempt(
        number=number,
        attempted_at=AT,
        amount=4900,
        status=status,
        code="expired_card" if status is AttemptStatus.DECLINED else "",
        advice=Advice.UPDATE_METHOD if status is AttemptStatus.DECLINED else None,
        method_id=method,
    )


def declined() -> Invoice:
    """The same after its first charge failed: a case since then."""
    return with_attempt(issued(), attempt(), at=AT)


def case_of(invoice: Invoice) -> DunningCase:
    assert invoice.dunning is not None
    return invoice.dunning


def reversed_case() -> DunningCase:
    return entered(CaseCause.REVERSED, on=date(2026, 2, 2), at=LATER)


def test_what_is_written_off_takes_money_and_is_not_asked_for() -> None:
    given_up = written_off(declined(), at=LATER)
    assert (is_open(issued()), is_collectible(issued())) == (True, True)
    assert (is_open(given_up), is_collectible(given_up)) == (True, False)
    assert (given_up.status, case_of(given_up).state) == (InvoiceStatus.UNCOLLECTIBLE, CaseState.WRITTEN_OFF)


def test_a_decline_heard_of_after_the_write_off_is_noted_and_opens_no_case() -> None:
    given_up = written_off(with_attempt(declined(), attempt(AttemptStatus.PENDING, number=2), at=AT), at=LATER)
    heard = with_attempt(given_up, attempt(number=2), at=LATER)
    assert heard.attempts[-1].status is AttemptStatus.DECLINED
    assert heard.dunning == given_up.dunning


def test_without_a_case_a_write_off_leaves_none() -> None:
    assert written_off(issued(), at=LATER).dunning is None


def test_what_is_paid_can_t_be_written_off() -> None:
    with pytest.raises(InvalidInput, match="invoice: expected one that money is owed of, got 'paid'"):
        written_off(paid(issued(), 4900, at=AT), at=LATER)


def test_an_invoice_reversed_twice_at_one_instant_has_two_cases() -> None:
    once = taken_back(paid(declined(), 4900, at=LATER), 4900, at=LATER)
    assert (case_of(once).cause, case_of(once).started_at) == (CaseCause.REVERSED, LATER)
    twice = taken_back(paid(once, 4900, at=LATER), 4900, at=LATER)
    assert case_of(twice).started_at == LATER + timedelta(microseconds=1)
    assert case_of(taken_back(paid(twice, 4900, at=LATER), 4900, at=utc("2026-02-03"))).started_at == utc("2026-02-03")


@pytest.mark.parametrize("status", [AttemptStatus.DECLINED, AttemptStatus.REQUIRES_ACTION])
def test_a_failed_charge_waits_for_any_other_method_and_not_for_its_own(status: AttemptStatus) -> None:
    failed = with_attempt(issued(), attempt(status), at=AT)
    assert [waits_for_method(failed, each) for each in ("pm_2", "pm_1", "")] == [True, False, False]


def test_a_charge_without_an_answer_is_to_be_looked_up_whatever_the_method() -> None:
    begun = with_attempt(declined(), attempt(AttemptStatus.STARTED, number=2, method="pm_2"), at=LATER)
    unknown = with_attempt(declined(), attempt(AttemptStatus.UNKNOWN, number=2), at=LATER)
    assert [waits_for_method(each, "pm_2") for each in (begun, unknown)] == [True, True]


@pytest.mark.parametrize("status", [AttemptStatus.PENDING, AttemptStatus.SUCCEEDED])
def test_a_charge_that_may_still_succeed_or_did_waits_for_nothing(status: AttemptStatus) -> None:
    assert not waits_for_method(with_attempt(issued(), attempt(status), at=AT), "pm_2")


def test_what_was_never_charged_is_paid_or_is_written_off_waits_for_nothing() -> None:
    for invoice in (issued(), paid(declined(), 4900, at=LATER), written_off(declined(), at=LATER)):
        assert not waits_for_method(invoice, "pm_2")


def test_a_payment_that_was_taken_back_is_charged_once_somebody_has_looked_at_it() -> None:
    queued = under_review(reversed_case(), reason="the payment was taken back", at=LATER)
    decided = resolved(queued, CaseResolution.RESUMED, note="a mistake", actor="ada", at=LATER)
    cases = (reversed_case(), queued, decided)
    assert [waits_for_method(replace(declined(), dunning=each), "pm_2") for each in cases] == [False, False, True]


@pytest.mark.parametrize(("reason", "waits"), [(PauseReason.DISPUTE, False), (PauseReason.REQUEST, True)])
def test_what_is_disputed_is_not_charged_and_what_else_rests_is(reason: PauseReason, waits: bool) -> None:
    rests = paused(case_of(declined()), reason, on=date(2026, 2, 2), until=None, at=LATER, note="")
    assert waits_for_method(replace(declined(), dunning=rests), "pm_2") is waits


def test_before_dunning_was_kept_a_failed_charge_waits_all_the_same() -> None:
    assert waits_for_method(replace(declined(), dunning=None), "pm_2")


def test_a_file_that_is_made_late_says_nothing_of_the_case() -> None:
    assert invoice_json(declined()) == invoice_json(issued())
    assert invoice_json(written_off(declined(), at=LATER)) == invoice_json(issued())
