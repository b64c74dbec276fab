"""What is done about an unpaid invoice on which day: the default policy, runs that come late, reviews.

The card is declined on Sunday 1 March 2026, day 0; the default policy has steps on days 0, 3, 7 and 14 (semantics 9).
"""

from dataclasses import replace
from datetime import date

import pytest

from billing.domain.attempt import AttemptStatus
from billing.domain.charging import with_attempt
from billing.domain.dunning import Act, Rest, decide
from billing.domain.dunning_case import (
    CaseResolution,
    PauseReason,
    StepOutcome,
    paused,
    resolved,
    resumed,
    under_review,
)
from billing.domain.dunning_policies import DEFAULT_POLICY
from billing.domain.dunning_policy import CaseState, DunningPolicy, DunningStep
from billing.domain.invoice import InvoiceStatus
from billing.domain.invoice_life import voided
from billing.domain.invoice_payment import credited, paid, taken_back, written_off
from tests.builders import utc
from tests.chasing import Chase, a_payer, an_attempt, an_invoice, case_of, declined

NO_SUSPENSION = replace(DEFAULT_POLICY, suspend_after_days=None, suspend_after_reminders=None)


def test_insufficient_funds_are_retried_on_day_3_and_7_and_a_person_looks_on_day_14() -> None:
    chase = Chase.declined(policy=NO_SUSPENSION)

    did = {day: done for day in range(1, 29) if (done := chase.runs(f"2026-03-{day:02}T09:00"))}

    assert did == {
        4: ["retry", "payment_reminder"],
        8: ["retry", "urgent_notice"],
        15: ["review: day 14: unpaid after 2 retries and 2 notices"],
    }
    assert [(each.day, each.outcome) for each in chase.case.history] == [
        (day, StepOutcome.DONE) for day in (0, 3, 7, 14)
    ]
    assert chase.case.next_at is None


def test_a_transfer_that_does_not_come_is_reminded_of_and_nothing_is_charged() -> None:
    chase = Chase.by_transfer()
    chase.policy = NO_SUSPENSION

    did = {day: done for day in range(1, 29) if (done := chase.runs(f"2026-03-{day:02}T09:00"))}

    assert did == {
        4: ["payment_reminder"],
        8: ["urgent_notice"],
        15: ["review: day 14: unpaid after 0 retries and 2 notices"],
    }


def test_an_expired_card_is_told_of_and_never_tried_again() -> None:
    chase = Chase.declined("expired_card")

    assert chase.runs("2026-03-01T09:00") == []
    assert chase.runs("2026-03-04T09:00") == ["payment_reminder"]
    assert chase.runs("2026-03-08T09:00") == ["urgent_notice"]


def test_a_bank_that_could_not_be_asked_is_asked_again_on_the_same_day() -> None:
    assert Chase.declined("issuer_not_available").runs("2026-03-01T09:00") == ["retry"]


@pytest.mark.parametrize("code", ["stolen_card", "lost_card", "fraudulent"])
def test_a_card_that_was_stolen_goes_to_a_person_at_once(code: str) -> None:
    chase = Chase.declined(code, policy=NO_SUSPENSION)

    assert chase.runs("2026-03-01T05:00") == [f"review: the payment was declined as {code}"]
    assert chase.case.state is CaseState.MANUAL_REVIEW
    assert [chase.runs(f"2026-03-{day:02}T05:00") for day in range(2, 29)] == [[]] * 27


def test_after_an_outage_from_day_2_to_day_8_only_the_urgent_notice_is_sent_and_both_are_recorded() -> None:
    chase = Chase.declined()
    chase.runs("2026-03-01T09:00")

    assert chase.runs("2026-03-09T09:00") == ["passed over 3", "retry", "urgent_notice"]

    assert [(each.day, each.outcome, each.notice) for each in chase.case.history] == [
        (0, StepOutcome.DONE, ""),
        (3, StepOutcome.PASSED_OVER, ""),
        (7, StepOutcome.DONE, "urgent_notice"),
    ]
    assert chase.case.state is CaseState.URGENT_NOTICE
    assert chase.case.reminded_on == (date(2026, 3, 9),)


def test_a_run_that_comes_after_the_last_day_leaves_the_case_to_a_person_without_a_word() -> None:
    chase = Chase.declined(policy=NO_SUSPENSION)

    assert chase.runs("2026-06-01T09:00") == [
        "passed over 0",
        "passed over 3",
        "passed over 7",
        "review: day 14: unpaid after 0 retries and 0 notices",
    ]


def test_a_second_run_in_the_same_instant_does_nothing() -> None:
    chase = Chase.declined()
    chase.runs("2026-03-04T09:00")

    assert chase.runs("2026-03-04T09:00") == []
    assert decide(chase.policy, chase.invoice, chase.customer, as_of=utc("2026-03-04T09:00")) == Rest(
        next_at=utc("2026-03-08")
    )


def test_a_step_is_due_from_the_first_second_of_its_local_day() -> None:
    chase = Chase.declined()
    chase.runs("2026-03-01T09:00")

    assert decide(chase.policy, chase.invoice, chase.customer, as_of=utc("2026-03-03T23:59:59")) == Rest(
        next_at=utc("2026-03-04")
    )
    assert chase.runs("2026-03-04T00:00") == ["retry", "payment_reminder"]


@pytest.mark.parametrize("way", ["paid", "credited", "void", "written off"])
def test_nothing_is_done_a_second_after_the_invoice_is_settled_or_given_up(way: str) -> None:
    at, due = utc("2026-03-04T08:59:59"), declined()
    over = {
        "paid": paid(due, 4900, at=at),
        "credited": credited(due, 4900, at=at),
        "void": voided(due, at=at),
        "written off": written_off(due, at=at),
    }[way]

    assert decide(DEFAULT_POLICY, over, a_payer(), as_of=utc("2026-03-04T09:00")) == Rest(next_at=None)


def test_a_part_of_the_money_changes_nothing_of_the_steps() -> None:
    chase = Chase.declined()
    chase.runs("2026-03-01T09:00")
    chase.invoice = paid(chase.invoice, 4800, at=utc("2026-03-02"))

    assert chase.runs("2026-03-04T09:00") == ["retry", "payment_reminder"]


def test_an_invoice_without_a_case_is_nobody_s_business() -> None:
    assert decide(DEFAULT_POLICY, an_invoice(), a_payer(), as_of=utc("2026-03-04")) == Rest(next_at=None)


def test_money_that_may_be_on_its_way_is_waited_for() -> None:
    pending = replace(an_attempt(AttemptStatus.PENDING), number=2)
    invoice = with_attempt(declined(), pending, at=utc("2026-03-03T10:00"))

    assert decide(DEFAULT_POLICY, invoice, a_payer(), as_of=utc("2026-03-30T09:00")) == Rest(
        next_at=utc("2026-03-31T09:00")
    )


def test_a_charge_under_way_that_the_gateway_does_not_know_is_looked_at_once_unless_its_case_is_paused() -> None:
    unknown = replace(an_attempt(AttemptStatus.PENDING), number=2, message="No such payment_intent")
    chase = Chase(invoice=with_attempt(declined(), replace(unknown, payment_id="pi_2"), at=utc("2026-03-03T10:00")))
    rests = paused(
        chase.case, PauseReason.DISPUTE, on=date(2026, 3, 3), until=None, at=utc("2026-03-03T10:00"), note=""
    )
    at_rest = replace(chase.invoice, dunning=rests)

    assert decide(DEFAULT_POLICY, at_rest, a_payer(), as_of=utc("2026-03-04")) == Rest(next_at=utc("2026-03-05"))
    reason = "the gateway does not know the payment pi_2, which is under way: No such payment_intent"
    assert chase.runs("2026-03-04T09:00") == [f"review: {reason}"]
    assert chase.runs("2026-12-31T10:00") == []


def test_a_payment_that_was_taken_back_is_looked_at_before_anybody_hears_of_it() -> None:
    money_back = taken_back(paid(an_invoice(), 4900, at=utc("2026-03-05T10:00")), 4900, at=utc("2026-04-20T10:00"))
    chase = Chase(invoice=money_back)

    assert chase.runs("2026-04-20T10:00") == ["review: the payment was taken back"]
    assert chase.runs("2026-12-31T10:00") == []  # nor does the service stop for what nobody has looked at
    assert chase.case.next_at is None


def test_a_reversed_payment_that_somebody_sent_back_to_the_schedule_is_chased_without_charging() -> None:
    at = utc("2026-04-21T10:00")
    money_back = taken_back(paid(an_invoice(), 4900, at=utc("2026-03-05T10:00")), 4900, at=utc("2026-04-20T10:00"))
    chase = Chase(invoice=money_back)
    chase.runs("2026-04-20T10:00")
    chase.becomes(replace(resolved(chase.case, CaseResolution.RESUMED, note="theirs", actor="ada", at=at), next_at=at))

    assert chase.runs("2026-04-23T10:00") == ["passed over 0", "payment_reminder"]
    assert chase.runs("2026-04-27T10:00") == ["urgent_notice"]


@pytest.mark.parametrize(
    ("resolution", "reason"),
    [
        (CaseResolution.RETRIED, "still unpaid after it was retried"),
        (CaseResolution.EXTENDED, "still unpaid after it was extended"),
    ],
)
def test_a_decision_that_did_not_bring_the_money_brings_the_case_back(resolution: CaseResolution, reason: str) -> None:
    at = utc("2026-03-16T10:00")
    chase = Chase.declined()
    chase.runs("2026-03-15T09:00")
    chase.becomes(replace(resolved(chase.case, resolution, note="", actor="ada", at=at), next_at=at))

    assert chase.runs(at) == [f"review: {reason}"]
    assert chase.runs(at) == []


def test_a_promise_made_in_the_queue_that_is_not_kept_brings_the_case_back_on_its_day() -> None:
    at = utc("2026-03-16T10:00")
    chase = Chase.declined()
    chase.runs("2026-03-15T09:00")
    case = resolved(chase.case, CaseResolution.EXTENDED, note="", actor="ada", at=at)
    chase.becomes(paused(case, PauseReason.PROMISE, on=date(2026, 3, 16), until=date(2026, 3, 20), at=at, note=""))

    assert chase.runs("2026-03-16T10:00") == []
    assert chase.case.next_at == utc("2026-03-20")
    assert chase.runs("2026-03-20T00:00") == ["review: not paid by 2026-03-20, as was promised"]


def test_a_stolen_card_that_somebody_looked_at_does_not_come_back_for_the_same_charge() -> None:
    at = utc("2026-03-05T10:00")
    chase = Chase.declined("stolen_card")
    chase.runs("2026-03-01T04:00")  # the very instant of the decline
    chase.becomes(replace(resolved(chase.case, CaseResolution.RESUMED, note="", actor="ada", at=at), next_at=at))

    assert chase.runs(at) == ["passed over 0", "payment_reminder"]
    chase.charges(utc("2026-03-06T10:00"))  # by hand, and declined as stolen once more
    assert chase.runs("2026-03-06T10:00") == ["review: the payment was declined as stolen_card"]


def test_a_policy_that_is_shorter_by_now_leaves_no_case_that_nobody_looks_at() -> None:
    long = replace(NO_SUSPENSION, steps=(*DEFAULT_POLICY.steps[:3], DunningStep(day=60, state=CaseState.MANUAL_REVIEW)))
    chase = Chase.declined(policy=long)
    chase.runs("2026-03-08T09:00")
    assert chase.case.last_day == 7

    chase.policy = DunningPolicy(steps=(DunningStep(day=5, state=CaseState.MANUAL_REVIEW),))
    chase.becomes(replace(chase.case, next_at=utc("2026-03-09")))

    assert chase.runs("2026-03-09T09:00") == ["review: day 7: the schedule has no step left"]


def test_a_case_at_rest_until_somebody_resumes_it_is_never_looked_at() -> None:
    case = paused(
        case_of(declined()), PauseReason.DISPUTE, on=date(2026, 3, 2), until=None, at=utc("2026-03-02"), note=""
    )
    invoice = replace(declined(), dunning=case)

    assert decide(DEFAULT_POLICY, invoice, a_payer(), as_of=utc("2026-12-31")) == Rest(next_at=None)
    resting = replace(invoice, dunning=resumed(case, on=date(2026, 12, 31), at=utc("2026-12-31")))
    decision = decide(NO_SUSPENSION, resting, a_payer(), as_of=utc("2026-12-31"))
    assert isinstance(decision, Act)
    assert decision.step == DEFAULT_POLICY.steps[0]  # day 1: the pause began the day after day 0


def test_a_case_in_the_queue_is_not_put_there_twice() -> None:
    case = under_review(case_of(declined("stolen_card")), reason="seen", at=utc("2026-03-01T04:00"))
    invoice = replace(declined("stolen_card"), dunning=case)

    assert decide(NO_SUSPENSION, invoice, a_payer(), as_of=utc("2026-03-05")) == Rest(next_at=None)


def test_an_overdue_invoice_is_chased_like_an_issued_one() -> None:
    chase = Chase.declined()
    chase.invoice = replace(chase.invoice, status=InvoiceStatus.OVERDUE)

    assert chase.runs("2026-03-04T09:00") == ["passed over 0", "retry", "payment_reminder"]
