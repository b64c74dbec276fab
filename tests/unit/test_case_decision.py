"""What a person decides about a case: pauses, the ways out of the queue, and what is refused with which way out.

The invoice's card was declined on Sunday 1 March 2026, day 0; the default policy has steps on days 0, 3, 7 and 14.
"""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from billing.domain.case_decision import (
    CaseIsOver,
    Decided,
    NotChased,
    NothingAhead,
    NotInReview,
    back_on_schedule,
    concluded,
    extended,
    is_concluded,
    queued_case,
    rested,
    running_case,
    went_on,
)
from billing.domain.dunning import Act, Rest, decide
from billing.domain.dunning_case import (
    CaseCause,
    CaseResolution,
    DunningCase,
    PauseReason,
    StepOutcome,
    StepRecord,
    entered,
    left,
    stepped,
    under_review,
)
from billing.domain.dunning_policies import DEFAULT_POLICY
from billing.domain.dunning_policy import CaseState
from billing.domain.errors import InvalidInput
from billing.domain.invoice import Invoice, InvoiceStatus
from tests.builders import Account, a_customer, a_fee, a_plan, utc

DAY_0 = utc("2026-03-01T09:00")
DAY_4 = utc("2026-03-05T09:00")
REMINDED = stepped(
    entered(CaseCause.PAYMENT_FAILED, on=date(2026, 3, 1), at=DAY_0),
    StepRecord(day=3, at=utc("2026-03-04"), outcome=StepOutcome.DONE, state=CaseState.REMINDER_SENT, notice="sent"),
    on=date(2026, 3, 4),
)
STOLEN = under_review(
    entered(CaseCause.PAYMENT_FAILED, on=date(2026, 3, 1), at=DAY_0), reason="declined as stolen_card", at=DAY_0
)
AT_THE_END = under_review(
    stepped(
        REMINDED,
        StepRecord(day=14, at=utc("2026-03-15"), outcome=StepOutcome.DONE, state=CaseState.MANUAL_REVIEW),
        on=date(2026, 3, 15),
    ),
    reason="day 14",
    at=utc("2026-03-15"),
)
BY = Decided(note="asked for it", actor="ada", at=DAY_4)


def an_invoice(case: DunningCase | None, **changes: Any) -> Invoice:  # noqa: ANN401 - any field of the dataclass
    """49.00 US dollars, issued on 1 March 2026, with that case."""
    bill = Account.opened(a_plan(fees=[a_fee("49.00")]), start="2026-02-01").bill()
    return replace(bill, **({"number": "INV-1", "status": InvoiceStatus.ISSUED, "dunning": case} | changes))


def case_of(invoice: Invoice) -> DunningCase:
    assert invoice.dunning is not None
    return invoice.dunning


def acts(invoice: Invoice, on: str) -> tuple[int | None, str]:
    """What is done on a day: the schedule's day of the step, and why a person has to look; (None, "") for nothing."""
    customer = a_customer(active_subscriptions=0)
    decision = decide(DEFAULT_POLICY, invoice, customer, as_of=utc(f"{on}T09:00"))
    if isinstance(decision, Rest):
        return None, ""
    assert isinstance(decision, Act)
    return None if decision.step is None else decision.step.day, decision.review


def test_a_promise_of_five_days_moves_the_next_step_by_exactly_five_days() -> None:
    after = rested(an_invoice(REMINDED), PauseReason.PROMISE, until=date(2026, 3, 10), by=BY)
    pause = case_of(after).pause
    assert pause is not None
    assert (pause.from_on, pause.until_on, pause.note) == (date(2026, 3, 5), date(2026, 3, 10), "asked for it")
    assert case_of(after).next_at == DAY_4  # day 7 would have been 8 March
    assert [acts(after, f"2026-03-{day}") for day in ("08", "09", "10", "12")] == [(None, "")] * 4
    assert acts(after, "2026-03-13") == (7, "")


def test_resumed_after_three_days_the_next_step_moves_by_three() -> None:
    paused = rested(an_invoice(REMINDED), PauseReason.PROMISE, until=date(2026, 3, 30), by=BY)
    after = went_on(paused, at=utc("2026-03-08T09:00"))
    assert (case_of(after).pause, case_of(after).paused_days) == (None, 3)
    assert [acts(after, f"2026-03-{day}") for day in ("10", "11")] == [(None, ""), (7, "")]


def test_a_dispute_rests_until_it_is_resumed() -> None:
    after = rested(an_invoice(REMINDED), PauseReason.DISPUTE, until=None, by=BY)
    assert acts(after, "2026-12-31") == (None, "")
    assert acts(went_on(after, at=utc("2026-12-31T09:00")), "2027-01-03") == (7, "")


def test_the_same_pause_again_changes_nothing_and_another_one_takes_its_place() -> None:
    once = rested(an_invoice(REMINDED), PauseReason.PROMISE, until=date(2026, 3, 10), by=BY)
    later = replace(BY, at=utc("2026-03-06T09:00"))
    assert rested(once, PauseReason.PROMISE, until=date(2026, 3, 10), by=later) == once
    other = rested(once, PauseReason.PROMISE, until=date(2026, 3, 12), by=later)
    assert (case_of(other).paused_days, case_of(other).date_of(7)) == (1, date(2026, 3, 15))


def test_a_case_that_does_not_rest_or_no_longer_goes_on_as_it_was() -> None:
    assert went_on(an_invoice(REMINDED), at=DAY_4) == an_invoice(REMINDED)
    ran_out = rested(an_invoice(REMINDED), PauseReason.PROMISE, until=date(2026, 3, 6), by=BY)
    assert went_on(ran_out, at=utc("2026-03-06T00:00")) == ran_out
    again = rested(ran_out, PauseReason.PROMISE, until=date(2026, 3, 9), by=replace(BY, at=utc("2026-03-08T00:00")))
    assert case_of(again).paused_days == 1


def test_a_promise_needs_a_day_and_the_day_has_to_come() -> None:
    with pytest.raises(InvalidInput, match="until: expected the day until which the customer promised to pay"):
        rested(an_invoice(REMINDED), PauseReason.PROMISE, until=None, by=BY)
    with pytest.raises(InvalidInput, match="until: expected a day after 2026-03-05 and within a year"):
        rested(an_invoice(REMINDED), PauseReason.REQUEST, until=date(2026, 3, 5), by=BY)
    with pytest.raises(InvalidInput, match="until: expected a day after 2026-03-05"):
        extended(an_invoice(STOLEN), until=date(2026, 3, 5), by=BY)


def test_extended_it_is_left_alone_and_unpaid_on_the_day_it_is_back_with_the_reason() -> None:
    after = extended(an_invoice(AT_THE_END), until=date(2026, 3, 25), by=replace(BY, at=utc("2026-03-16T09:00")))
    review = case_of(after).review
    assert review is not None
    assert (review.resolution, review.note, review.actor) == (CaseResolution.EXTENDED, "asked for it", "ada")
    assert not case_of(after).in_review
    assert acts(after, "2026-03-24") == (None, "")
    assert acts(after, "2026-03-25") == (None, "not paid by 2026-03-25, as was promised")


def test_extended_and_resumed_early_it_is_back_in_the_queue() -> None:
    after = extended(an_invoice(AT_THE_END), until=date(2026, 3, 25), by=replace(BY, at=utc("2026-03-16T09:00")))
    assert acts(went_on(after, at=utc("2026-03-17T09:00")), "2026-03-17") == (
        None,
        "still unpaid after it was extended",
    )


def test_the_same_extension_twice_is_one_and_another_finds_nobody_waiting() -> None:
    once = extended(an_invoice(STOLEN), until=date(2026, 3, 25), by=BY)
    assert extended(once, until=date(2026, 3, 25), by=replace(BY, at=utc("2026-03-06"))) == once
    with pytest.raises(NotInReview, match=r"INV-1 does not wait for a decision \(ada decided: extended\)"):
        extended(once, until=date(2026, 3, 26), by=BY)
    resumed = went_on(once, at=utc("2026-03-07"))
    with pytest.raises(NotInReview):
        extended(resumed, until=date(2026, 3, 25), by=BY)


def test_back_on_its_schedule_the_steps_that_are_left_follow() -> None:
    after = back_on_schedule(DEFAULT_POLICY, an_invoice(STOLEN), by=BY)
    assert acts(after, "2026-03-05") == (3, "")
    assert back_on_schedule(DEFAULT_POLICY, after, by=BY) == after


def test_back_on_its_schedule_its_pause_is_over() -> None:
    disputed = rested(an_invoice(STOLEN), PauseReason.DISPUTE, until=None, by=replace(BY, at=DAY_0))
    assert case_of(disputed).in_review
    after = back_on_schedule(DEFAULT_POLICY, disputed, by=BY)
    assert (case_of(after).pause, case_of(after).paused_days) == (None, 4)
    assert [acts(after, f"2026-03-0{day}") for day in (5, 7, 8)] == [(0, ""), (0, ""), (3, "")]


def test_a_case_without_a_step_ahead_stays_in_the_queue_as_it_would_be_forgotten() -> None:
    with pytest.raises(NothingAhead, match="no step after day 14: retry it, extend it until a day, or write it off"):
        back_on_schedule(DEFAULT_POLICY, an_invoice(AT_THE_END), by=BY)


def test_a_decision_that_was_carried_out_is_written_on_a_case_that_is_over_by_it_and_only_once() -> None:
    over = an_invoice(left(STOLEN, CaseState.PAID, at=DAY_4), status=InvoiceStatus.PAID)
    assert not is_concluded(over, CaseResolution.RETRIED, by=BY)
    after = concluded(over, CaseResolution.RETRIED, by=BY)
    assert is_concluded(after, CaseResolution.RETRIED, by=BY)
    assert not is_concluded(after, CaseResolution.RETRIED, by=replace(BY, note="other words"))
    assert concluded(after, CaseResolution.WRITTEN_OFF, by=BY) == after


@pytest.mark.parametrize("case", [None, REMINDED])
def test_what_never_waited_for_a_person_takes_no_decision(case: DunningCase | None) -> None:
    assert concluded(an_invoice(case), CaseResolution.RETRIED, by=BY) == an_invoice(case)
    assert not is_concluded(an_invoice(case), CaseResolution.RETRIED, by=BY)


def test_an_invoice_without_a_case_or_whose_case_is_over_says_so() -> None:
    with pytest.raises(NotChased, match="invoice INV-1 is issued and nobody is chased for it"):
        running_case(an_invoice(None))
    over = an_invoice(left(REMINDED, CaseState.WRITTEN_OFF, at=DAY_4), status=InvoiceStatus.UNCOLLECTIBLE)
    with pytest.raises(CaseIsOver, match="the case of invoice INV-1 is over, as it is written off"):
        queued_case(over)
    with pytest.raises(NotInReview, match=r"\(it follows its schedule\): pause it or resume it, or write the invoice"):
        queued_case(an_invoice(REMINDED))
