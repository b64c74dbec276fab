"""What a policy does, by date, if nobody pays: dates worked out from semantics 9 with a calendar."""

from dataclasses import replace
from datetime import UTC, date, datetime, time

import pytest

from billing.domain.attempt import AttemptStatus
from billing.domain.customer import CardTry, Customer
from billing.domain.dunning_case import CaseCause, PauseReason, StepOutcome, StepRecord, paused, stepped
from billing.domain.dunning_example import EXAMPLE_CUSTOMER, example_invoice
from billing.domain.dunning_policies import DEFAULT_POLICY
from billing.domain.dunning_policy import CaseState, Channel, DunningPolicy, DunningStep, QuietHours, StepTemplate
from billing.domain.dunning_preview import PreviewRow, preview
from billing.domain.invoice import Invoice, InvoiceStatus

BERLIN = "Europe/Berlin"
MARCH = date(2026, 3, 1)


def example(*, code: str = "insufficient_funds", cause: CaseCause = CaseCause.PAYMENT_FAILED) -> Invoice:
    return example_invoice(EXAMPLE_CUSTOMER, started_on=MARCH, zone=BERLIN, cause=cause, code=code)


def rows(
    policy: DunningPolicy = DEFAULT_POLICY,
    *,
    invoice: Invoice | None = None,
    customer: Customer = EXAMPLE_CUSTOMER,
    as_of: datetime | None = None,
    **means: bool,
) -> tuple[PreviewRow, ...]:
    given = invoice or example()
    assert given.dunning is not None
    return preview(policy, given, customer, as_of=as_of or given.dunning.started_at, **means)


def shown(found: tuple[PreviewRow, ...]) -> list[tuple[int, str, bool, str, str]]:
    return [(each.day, f"{each.on:%m-%d}", each.retry, each.notice, each.state.value) for each in found]


def test_a_soft_decline_is_retried_on_days_3_and_7_and_suspended_on_day_21() -> None:
    found = rows()
    assert shown(found) == [
        (0, "03-01", False, "", "retry_scheduled"),
        (3, "03-04", True, "payment_reminder", "reminder_sent"),
        (7, "03-08", True, "urgent_notice", "urgent_notice"),
        (14, "03-15", False, "", "manual_review"),
        (21, "03-22", False, "service_suspended", "suspended"),
    ]
    assert [each.note for each in found] == [
        "insufficient_funds: declined today, to be tried again later",
        "",
        "",
        "day 14: unpaid after 2 retries and 2 notices",
        "the service stops",
    ]


def test_a_bank_that_could_not_say_is_asked_again_on_day_0() -> None:
    assert [each.retry for each in rows(invoice=example(code="try_again_later"))] == [True, True, True, False, False]


def test_an_expired_card_is_never_retried_and_waits_for_another() -> None:
    found = rows(invoice=example(code="expired_card"))
    assert [(each.retry, each.state.value) for each in found[:3]] == [
        (False, "payment_attempted"),
        (False, "reminder_sent"),
        (False, "urgent_notice"),
    ]
    assert found[1].note == "expired_card: it waits for another payment method"


def test_a_stolen_card_goes_to_a_person_at_once() -> None:
    assert shown(rows(invoice=example(code="stolen_card"))) == [
        (0, "03-01", False, "", "manual_review"),
        (21, "03-22", False, "service_suspended", "suspended"),
    ]


def test_a_payment_that_is_taken_back_goes_to_a_person_at_once() -> None:
    found = rows(invoice=example(cause=CaseCause.REVERSED))
    assert (found[0].state, found[0].note) == (CaseState.MANUAL_REVIEW, "the payment was taken back")


def test_a_transfer_is_reminded_of_and_never_charged() -> None:
    found = rows(invoice=example(cause=CaseCause.OVERDUE))
    assert shown(found)[:2] == [
        (0, "03-01", False, "", "issued"),
        (3, "03-04", False, "payment_reminder", "reminder_sent"),
    ]
    assert found[1].note == "the customer pays by transfer"


def test_three_notices_suspend_before_day_21_after_the_days_of_grace() -> None:
    """Notices on days 1, 3 and 5 and two days of grace: the service stops on day 7, 8 March."""
    told = [(1, StepTemplate.REMINDER), (3, StepTemplate.URGENT), (5, StepTemplate.FINAL)]
    steps = [DunningStep(day=day, template=template, state=CaseState.URGENT_NOTICE) for day, template in told]
    policy = DunningPolicy(steps=(*steps, DunningStep(day=20, state=CaseState.MANUAL_REVIEW)), access_grace_days=2)
    assert [(each.day, each.notice) for each in rows(policy)] == [
        (1, "payment_reminder"),
        (3, "urgent_notice"),
        (5, "final_notice"),
        (7, "service_suspended"),
        (20, ""),
    ]


def test_a_notice_that_goes_by_event_is_no_mail() -> None:
    told = DunningStep(day=3, template=StepTemplate.URGENT, channel=Channel.EVENT, state=CaseState.URGENT_NOTICE)
    policy = DunningPolicy(steps=(told, DunningStep(day=4, state=CaseState.MANUAL_REVIEW)), suspend_after_days=None)
    [first, _] = rows(policy)
    assert (first.notice, first.note) == ("", "urgent_notice by event")


def test_without_mail_nothing_is_sent_and_without_a_gateway_nothing_charged() -> None:
    found = rows(has_gateway=False, has_mail=False)
    assert [(each.retry, each.notice) for each in found] == [(False, "")] * 5
    assert found[1].note == "the tenant has no gateway; payment_reminder can't be mailed"


def test_a_customer_without_a_subscription_has_no_service_to_suspend() -> None:
    assert rows(customer=replace(EXAMPLE_CUSTOMER, active_subscriptions=0))[-1].state is CaseState.MANUAL_REVIEW


def test_tries_end_at_the_policies_limit_and_at_the_cards() -> None:
    """One try is allowed: day 3 makes it. Of a card that others were charged to 14 times, day 3 makes the fifteenth."""
    assert [each.retry for each in rows(replace(DEFAULT_POLICY, most_tries=1))] == [False, True, False, False, False]
    tried = tuple(CardTry(method_id="card", at=datetime(2026, 2, 20, tzinfo=UTC)) for _ in range(14))
    found = rows(customer=replace(EXAMPLE_CUSTOMER, card_tries=tried))
    assert [each.retry for each in found] == [False, True, False, False, False]
    assert found[2].note == "the card was tried as often as is allowed in 30 days: 15"


def test_quiet_hours_move_no_step_to_another_day() -> None:
    quiet = replace(DEFAULT_POLICY, quiet_hours=QuietHours(start=time(20), end=time(8)))
    assert shown(rows(quiet)) == shown(rows())


def test_a_promise_moves_what_is_after_it_by_its_days() -> None:
    """Promised on 2 March until 12 March: ten days, so day 3 is 14 March and day 21 is 1 April."""
    given = example()
    assert given.dunning is not None
    record = StepRecord(day=0, at=given.dunning.started_at, outcome=StepOutcome.DONE, state=CaseState.PAYMENT_ATTEMPTED)
    case = stepped(given.dunning, record, on=MARCH)
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    case = paused(case, PauseReason.PROMISE, on=date(2026, 3, 2), until=date(2026, 3, 12), at=at, note="")
    found = rows(invoice=replace(given, dunning=case), as_of=at)
    assert [(each.day, f"{each.on:%m-%d}") for each in found] == [
        (3, "03-14"),
        (7, "03-18"),
        (14, "03-25"),
        (21, "04-01"),
    ]


def test_a_case_that_rests_until_it_is_resumed_has_nothing_ahead() -> None:
    given = example()
    assert given.dunning is not None
    at = datetime(2026, 3, 1, 9, tzinfo=UTC)
    case = paused(given.dunning, PauseReason.DISPUTE, on=MARCH, until=None, at=at, note="")
    assert rows(invoice=replace(given, dunning=case), as_of=at) == ()


def test_a_run_that_comes_late_takes_the_latest_step_and_names_the_others() -> None:
    """After an outage the first run is on 9 March, day 8."""
    found = rows(as_of=datetime(2026, 3, 9, 9, tzinfo=UTC))
    assert [(each.day, f"{each.on:%m-%d}", each.note[:11]) for each in found[:4]] == [
        (0, "03-09", "passed over"),
        (3, "03-09", "passed over"),
        (7, "03-09", ""),
        (14, "03-15", "day 14: unp"),
    ]


def test_nothing_is_ahead_of_what_is_paid_or_being_paid_or_no_case() -> None:
    given = example()
    under_way = replace(given.attempts[0], status=AttemptStatus.PENDING)
    assert rows(invoice=replace(given, attempts=(under_way,))) == ()
    assert rows(invoice=replace(given, status=InvoiceStatus.PAID)) == ()
    bare = replace(given, dunning=None)
    assert preview(DEFAULT_POLICY, bare, EXAMPLE_CUSTOMER, as_of=datetime(2026, 3, 1, tzinfo=UTC)) == ()


@pytest.mark.parametrize("status", [AttemptStatus.STARTED, AttemptStatus.UNKNOWN])
def test_a_charge_without_an_answer_is_finished_and_counts_once(status: AttemptStatus) -> None:
    """Day 0 looks it up; it was declined as nobody knows why, so that days 3 and 7 try again: two tries of its own."""
    given = example()
    open_one = replace(given.attempts[0], status=status, code="")
    found = rows(invoice=replace(given, attempts=(open_one,)))
    assert [each.retry for each in found] == [True, True, True, False, False]
    assert found[3].note == "day 14: unpaid after 2 retries and 2 notices"
