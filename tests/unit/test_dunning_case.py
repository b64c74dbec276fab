"""A case and the money of its invoice: what opens one, what ends it, and that it only ever moves forward."""

from dataclasses import replace
from datetime import date, datetime

import pytest

from billing.domain.attempt import AttemptSource, AttemptStatus
from billing.domain.charging import with_attempt
from billing.domain.dunning_case import (
    CaseCause,
    CaseResolution,
    Claim,
    PauseReason,
    StepOutcome,
    StepRecord,
    attempted_again,
    claimed,
    ended,
    entered,
    left,
    paused,
    resolved,
    restored,
    resumed,
    stepped,
    suspended,
    under_review,
)
from billing.domain.dunning_policy import CaseState
from billing.domain.errors import InvalidInput
from billing.domain.invoice import InvoiceStatus
from billing.domain.invoice_life import voided
from billing.domain.invoice_payment import credited, overdue, paid, taken_back, written_off
from tests.builders import utc
from tests.chasing import an_attempt, an_invoice, case_of, declined

AT = utc("2026-03-01T04:00")
LATER = utc("2026-03-05T10:00")
CASE = entered(CaseCause.PAYMENT_FAILED, on=date(2026, 3, 1), at=AT)
STATES = [state for state in CaseState if not state.is_over]


def a_record(
    state: CaseState, *, day: int = 3, outcome: StepOutcome = StepOutcome.DONE, notice: str = ""
) -> StepRecord:
    return StepRecord(day=day, at=LATER, outcome=outcome, state=state, notice=notice)


@pytest.mark.parametrize("status", [AttemptStatus.DECLINED, AttemptStatus.REQUIRES_ACTION])
def test_the_first_charge_that_fails_opens_a_case_that_is_looked_at_at_once(status: AttemptStatus) -> None:
    late_evening = utc("2026-03-01T23:30")  # half past midnight in Berlin
    invoice = with_attempt(an_invoice(zone="Europe/Berlin"), an_attempt(status), at=late_evening)

    assert case_of(invoice) == entered(CaseCause.PAYMENT_FAILED, on=date(2026, 3, 2), at=late_evening)
    assert (case_of(invoice).state, case_of(invoice).next_at) == (CaseState.PAYMENT_ATTEMPTED, late_evening)


@pytest.mark.parametrize(
    "status", [AttemptStatus.STARTED, AttemptStatus.UNKNOWN, AttemptStatus.PENDING, AttemptStatus.SUCCEEDED]
)
def test_a_charge_that_did_not_fail_opens_none(status: AttemptStatus) -> None:
    assert with_attempt(an_invoice(), an_attempt(status), at=AT).dunning is None


@pytest.mark.parametrize("source", [AttemptSource.SAVED_METHOD, AttemptSource.STAFF, AttemptSource.SCHEDULE])
def test_another_charge_that_fails_does_not_restart_the_clock(source: AttemptSource) -> None:
    chased = replace(declined(), dunning=stepped(CASE, a_record(CaseState.REMINDER_SENT), on=date(2026, 3, 4)))
    again = replace(an_attempt(AttemptStatus.DECLINED, code="generic_decline"), number=2, source=source)
    after = with_attempt(chased, again, at=LATER)

    assert replace(case_of(after), next_at=None) == replace(case_of(chased), next_at=None)
    assert case_of(after).next_at == AT  # it was due before that already


def test_a_case_that_waits_is_looked_at_when_another_charge_fails() -> None:
    resting = replace(CASE, next_at=utc("2026-03-08"))

    assert attempted_again(resting, at=LATER).next_at == LATER
    assert attempted_again(replace(CASE, next_at=None), at=LATER).next_at == LATER
    assert attempted_again(replace(CASE, state=CaseState.ISSUED), at=LATER).state is CaseState.PAYMENT_ATTEMPTED


@pytest.mark.parametrize(
    ("status", "paid_already"), [(InvoiceStatus.PAID, 4900), (InvoiceStatus.VOID, 0), (InvoiceStatus.UNCOLLECTIBLE, 0)]
)
def test_a_charge_that_failed_late_chases_nobody_for_what_is_settled_or_given_up(
    status: InvoiceStatus, paid_already: int
) -> None:
    settled = an_invoice(status=status, amount_paid=paid_already)

    assert with_attempt(settled, an_attempt(AttemptStatus.DECLINED), at=LATER).dunning is None


def test_a_charge_under_way_at_the_write_off_that_fails_later_opens_nothing_again() -> None:
    under_way = with_attempt(declined(), replace(an_attempt(AttemptStatus.PENDING), number=2), at=AT)
    given_up = written_off(under_way, at=LATER)
    after = with_attempt(given_up, replace(an_attempt(AttemptStatus.DECLINED), number=2), at=utc("2026-03-12T10:00"))

    assert after.dunning == given_up.dunning
    assert case_of(after).state is CaseState.WRITTEN_OFF


def test_an_overdue_invoice_is_a_case_from_its_first_day_overdue() -> None:
    invoice = overdue(an_invoice(due_on=date(2026, 3, 31)), at=utc("2026-04-03T04:00"))

    assert invoice.status is InvoiceStatus.OVERDUE
    assert case_of(invoice) == entered(CaseCause.OVERDUE, on=date(2026, 4, 1), at=utc("2026-04-03T04:00"))
    assert case_of(invoice).state is CaseState.ISSUED


def test_a_case_of_a_failed_card_keeps_its_own_days_when_the_invoice_falls_overdue() -> None:
    assert overdue(declined(), at=LATER).dunning == declined().dunning


def test_each_way_of_settling_ends_the_case_at_once() -> None:
    state = {
        "paid": case_of(paid(declined(), 4900, at=LATER)),
        "credited": case_of(credited(declined(), 4900, at=LATER)),
        "void": case_of(voided(declined(), at=LATER)),
        "written off": case_of(written_off(declined(), at=LATER)),
    }

    assert {way: case.state for way, case in state.items()} == {
        "paid": CaseState.PAID,
        "credited": CaseState.PAID,
        "void": CaseState.VOID,
        "written off": CaseState.WRITTEN_OFF,
    }
    assert {case.next_at for case in state.values()} == {None}


def test_a_part_of_the_money_ends_nothing() -> None:
    assert paid(declined(), 4899, at=LATER).dunning == declined().dunning
    assert credited(declined(), 4899, at=LATER).dunning == declined().dunning


def test_money_that_comes_after_the_write_off_pays_the_case_all_the_same() -> None:
    after = paid(written_off(declined(), at=AT), 4900, at=LATER)

    assert (after.status, case_of(after).state) == (InvoiceStatus.PAID, CaseState.PAID)


def test_an_invoice_without_a_case_has_none_to_end() -> None:
    assert paid(an_invoice(), 4900, at=LATER).dunning is None
    assert left(None, CaseState.PAID, at=LATER) is None


@pytest.mark.parametrize("made_at", [utc("2026-03-01T05:00"), LATER])
def test_a_payment_that_is_taken_back_is_a_case_of_its_own_and_no_charge_of_before_moves_it(made_at: datetime) -> None:
    after = taken_back(paid(declined(), 4900, at=utc("2026-03-02")), 4900, at=LATER)
    assert case_of(after) == entered(CaseCause.REVERSED, on=date(2026, 3, 5), at=LATER)

    of_before = replace(an_attempt(AttemptStatus.DECLINED, code="x"), number=2, attempted_at=made_at)
    assert with_attempt(after, of_before, at=utc("2026-03-06")).dunning == after.dunning


def test_a_service_that_is_not_back_when_its_payment_is_taken_back_waits_for_the_new_case() -> None:
    stopped = paid(replace(declined(), dunning=suspended(CASE, at=AT)), 4900, at=LATER)
    again = taken_back(stopped, 4900, at=utc("2026-03-06"))
    assert case_of(again).suspended_at == AT
    assert case_of(paid(again, 4900, at=utc("2026-03-07"))).awaits_restoring

    was_back = replace(stopped, dunning=restored(case_of(stopped), at=LATER))
    assert case_of(taken_back(was_back, 4900, at=utc("2026-03-06"))).suspended_at is None


def test_a_part_that_is_taken_back_of_what_is_owed_anyway_leaves_the_case_alone() -> None:
    partly = paid(declined(), 900, at=LATER)

    assert taken_back(partly, 900, at=LATER).dunning == partly.dunning


@pytest.mark.parametrize("later", [AttemptStatus.DECLINED, AttemptStatus.UNKNOWN])
def test_what_the_gateway_said_for_good_stays(later: AttemptStatus) -> None:
    assert with_attempt(declined(), an_attempt(later, code="another"), at=LATER) == declined()


def test_an_answer_that_comes_late_keeps_the_time_at_which_the_charge_was_made() -> None:
    begun = with_attempt(an_invoice(), an_attempt(AttemptStatus.UNKNOWN), at=AT)
    answered = with_attempt(begun, an_attempt(AttemptStatus.DECLINED, code="x", at="2026-03-05T10:00"), at=LATER)

    assert [each.attempted_at for each in answered.attempts] == [AT]
    assert case_of(answered).started_on == date(2026, 3, 5)  # day 0 is the day of the failure


def test_a_case_that_suspended_the_service_is_seen_to_once_more_when_it_is_over() -> None:
    over = left(suspended(CASE, at=AT), CaseState.PAID, at=LATER)
    assert over is not None
    assert (over.next_at, over.awaits_restoring) == (LATER, True)

    back = restored(over, at=LATER)
    assert (back.restored_at, back.next_at, back.awaits_restoring) == (LATER, LATER, False)
    assert ended(back).next_at is None


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("step", STATES)
def test_a_case_only_moves_forward(before: CaseState, step: CaseState) -> None:
    case = replace(CASE, state=before)
    order = ["issued", "payment_attempted", "retry_scheduled", "reminder_sent", "urgent_notice", "manual_review"]
    places = [*order, "suspended"]  # as semantics 9 draws them
    later = max(before, step, key=places.index)

    assert stepped(case, a_record(step), on=date(2026, 3, 4)).state is later
    assert under_review(case, reason="", at=AT).state is max(before, CaseState.MANUAL_REVIEW, key=places.index)
    assert suspended(case, at=AT).state is CaseState.SUSPENDED


def test_a_step_that_was_passed_over_is_behind_and_changes_no_state() -> None:
    passed = a_record(CaseState.REMINDER_SENT, outcome=StepOutcome.PASSED_OVER)
    after = stepped(CASE, passed, on=date(2026, 3, 9))

    assert (after.state, after.last_day, after.history, after.reminded_on) == (CASE.state, 3, (passed,), ())


def test_a_notice_is_counted_on_the_day_it_was_sent() -> None:
    after = stepped(
        replace(CASE, paused_days=2), a_record(CaseState.REMINDER_SENT, notice="payment_reminder"), on=date(2026, 3, 7)
    )

    assert (after.reminded_on, after.reminded_days) == ((date(2026, 3, 7),), (4,))


def test_the_day_behind_never_falls() -> None:
    assert stepped(replace(CASE, last_day=7), a_record(CaseState.REMINDER_SENT), on=date(2026, 3, 9)).last_day == 7


def test_a_service_is_suspended_once() -> None:
    assert suspended(suspended(CASE, at=AT), at=LATER).suspended_at == AT


def test_a_claim_is_written_on_the_case() -> None:
    claim = Claim(day=3, attempt=2, until=LATER, by="run-1")

    assert claimed(CASE, claim).claim == claim


def test_a_case_waits_for_a_person_until_it_is_resolved() -> None:
    waits = under_review(CASE, reason="day 14", at=AT)
    done = resolved(waits, CaseResolution.RESUMED, note="called them", actor="ada", at=LATER)

    assert (CASE.in_review, waits.in_review, done.in_review) == (False, True, False)
    assert (CASE.follows_schedule, waits.follows_schedule, done.follows_schedule) == (True, False, True)
    assert done.review is not None
    assert (done.review.note, done.review.actor, done.review.resolved_at) == ("called them", "ada", LATER)
    over = left(waits, CaseState.PAID, at=LATER)
    assert over is not None
    assert not over.in_review


def test_what_waits_for_nobody_is_not_resolved() -> None:
    with pytest.raises(InvalidInput, match="payment_attempted"):
        resolved(CASE, CaseResolution.RESUMED, note="", actor="ada", at=LATER)


@pytest.mark.parametrize("until", [date(2026, 3, 5), date(2026, 3, 4), date(2027, 3, 6)])
def test_a_pause_ends_after_today_and_within_a_year(until: date) -> None:
    with pytest.raises(InvalidInput, match="until"):
        paused(CASE, PauseReason.REQUEST, on=date(2026, 3, 5), until=until, at=LATER, note="")


def test_a_promise_has_a_day() -> None:
    with pytest.raises(InvalidInput, match="promised"):
        paused(CASE, PauseReason.PROMISE, on=date(2026, 3, 5), until=None, at=LATER, note="")


def test_what_is_over_neither_rests_nor_goes_on() -> None:
    over = replace(CASE, state=CaseState.PAID)
    with pytest.raises(InvalidInput, match="not over"):
        paused(over, PauseReason.REQUEST, on=date(2026, 3, 5), until=None, at=LATER, note="")
    with pytest.raises(InvalidInput, match="not over"):
        resumed(over, on=date(2026, 3, 5), at=LATER)
