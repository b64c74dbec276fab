"""Whether a step charges the card again: declines, methods that changed, limits, and when the next charge is."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from billing.domain.attempt import AttemptStatus
from billing.domain.charging import with_attempt
from billing.domain.customer import CardTry
from billing.domain.decline import Advice
from billing.domain.dunning_case import CaseCause, PauseReason, left, paused, under_review
from billing.domain.dunning_policies import DEFAULT_POLICY
from billing.domain.dunning_policy import CaseState, DunningPolicy, DunningStep
from billing.domain.dunning_retry import card_tries, next_retry_on, tried_advice, why_not_retried
from billing.domain.invoice import CollectionMethod, Invoice
from billing.domain.invoice_payment import overdue, paid, taken_back
from tests.builders import utc
from tests.chasing import CARD, Chase, a_payer, an_attempt, an_invoice, case_of, declined

DAY_0, DAY_3, DAY_7, DAY_14 = DEFAULT_POLICY.steps
NOON = utc("2026-03-04T12:00")
DAILY = DunningPolicy(
    steps=(
        *(DunningStep(day=day, state=CaseState.RETRY_SCHEDULED, retry=True) for day in range(1, 13)),
        DunningStep(day=14, state=CaseState.MANUAL_REVIEW),
    ),
    suspend_after_days=None,
    suspend_after_reminders=None,
)
"""A charge on each of twelve days: more than any card may be tried."""


def why_not(invoice: Invoice, *, step: DunningStep = DAY_3, policy: DunningPolicy = DEFAULT_POLICY) -> str:
    return why_not_retried(policy, invoice, a_payer(), step=step, as_of=NOON)


@pytest.mark.parametrize(
    ("code", "step", "why"),
    [
        ("insufficient_funds", DAY_0, "insufficient_funds: declined today, to be tried again later"),
        ("insufficient_funds", DAY_3, ""),
        ("insufficient_funds", DAY_7, ""),
        ("insufficient_funds", DAY_14, "the step has no retry"),
        ("processing_error", DAY_0, ""),
        ("processing_error", DAY_3, ""),
        ("expired_card", DAY_3, "expired_card: it waits for another payment method"),
        ("stolen_card", DAY_3, "stolen_card: a person has to look at it"),
        ("a_code_of_next_year", DAY_0, "a_code_of_next_year: declined today, to be tried again later"),
        ("a_code_of_next_year", DAY_3, ""),
    ],
)
def test_a_decline_says_whether_the_card_is_tried_again(code: str, step: DunningStep, why: str) -> None:
    assert why_not(declined(code), step=step) == why


def refused(code: str, *, at: str = "2026-03-01T04:00") -> Invoice:
    """Refused by the gateway itself at its issue, and overdue on 4 March."""
    invoice = with_attempt(
        an_invoice(due_on=date(2026, 3, 3)), an_attempt(AttemptStatus.DECLINED, code=code, at=at), at=NOON
    )
    assert invoice.dunning is None
    return overdue(invoice, at=NOON)


@pytest.mark.parametrize("code", ["amount_too_small", "amount_too_large", "invalid_charge_amount"])
def test_no_card_is_charged_an_amount_that_the_gateway_refuses_until_another_is_due(code: str) -> None:
    invoice, other_card = refused(code), a_payer(payment_method_id="pm_2")

    assert why_not(invoice, step=DAY_0) == f"{code}: no card is charged this amount"
    assert why_not_retried(DEFAULT_POLICY, invoice, other_card, step=DAY_0, as_of=NOON) == why_not(invoice)
    assert next_retry_on(DEFAULT_POLICY, invoice) is None
    assert why_not(paid(invoice, 900, at=NOON), step=DAY_0) == ""


def test_what_the_gateway_refused_for_another_reason_is_tried_on_another_day() -> None:
    assert why_not(refused("gateway_refused"), step=DAY_0) == ""
    today = refused("gateway_refused", at="2026-03-04T04:00")
    assert why_not(today, step=DAY_0) == "gateway_refused: refused today, to be tried again later"


def test_a_policy_has_no_say_in_what_the_gateway_refused() -> None:
    policy = replace(DEFAULT_POLICY, declines={"amount_too_small": Advice.REVIEW})
    assert tried_advice(policy, refused("amount_too_small").attempts[-1]) is None


def test_a_network_that_forbids_it_is_obeyed_whatever_the_code() -> None:
    forbidden = replace(an_attempt(AttemptStatus.DECLINED, code="do_not_honor"), network_advice=Advice.UPDATE_METHOD)
    invoice = with_attempt(an_invoice(), forbidden, at=utc("2026-03-01T04:00"))

    assert why_not(invoice) == "do_not_honor: it waits for another payment method"
    assert next_retry_on(DEFAULT_POLICY, invoice) is None


@pytest.mark.parametrize("code", ["expired_card", "stolen_card", "insufficient_funds"])
def test_a_method_that_was_saved_since_was_not_declined(code: str) -> None:
    customer = a_payer(payment_method_id="pm_2")

    assert why_not_retried(DEFAULT_POLICY, declined(code), customer, step=DAY_0, as_of=NOON) == ""


def test_nor_was_one_that_was_saved_after_there_was_none() -> None:
    nothing = replace(an_attempt(AttemptStatus.DECLINED, code="no_payment_method"), method_id="")
    invoice = with_attempt(an_invoice(), nothing, at=utc("2026-03-01T04:00"))

    assert why_not(invoice) == ""
    bare = a_payer(payment_method_id="")
    assert why_not_retried(DEFAULT_POLICY, invoice, bare, step=DAY_3, as_of=NOON) == "no payment method is saved"


def test_a_method_that_is_gone_at_the_gateway_is_waited_for() -> None:
    assert why_not(declined("no_payment_method")) == "no_payment_method: it waits for another payment method"


def test_a_payment_that_the_customer_has_to_confirm_is_not_charged_over_its_head() -> None:
    waits = with_attempt(an_invoice(), an_attempt(AttemptStatus.REQUIRES_ACTION), at=utc("2026-03-01T04:00"))

    assert why_not(waits) == "the customer has to confirm the payment"
    assert next_retry_on(DEFAULT_POLICY, waits) is None


@pytest.mark.parametrize("status", [AttemptStatus.UNKNOWN, AttemptStatus.STARTED])
@pytest.mark.parametrize("step", DEFAULT_POLICY.steps)
def test_a_time_out_is_no_decline_and_is_looked_up_whatever_the_step_says(
    status: AttemptStatus, step: DunningStep
) -> None:
    unanswered = with_attempt(
        declined("stolen_card"), replace(an_attempt(status), number=2), at=utc("2026-03-02T04:00")
    )

    assert why_not(unanswered, step=step) == ""


def test_who_pays_by_transfer_is_not_charged() -> None:
    owed = an_invoice(collection_method=CollectionMethod.SEND_INVOICE, due_on=date(2026, 2, 28))

    assert why_not(overdue(owed, at=utc("2026-03-01T04:00"))) == "the customer pays by transfer"


def test_a_card_that_was_never_charged_is_charged_by_the_step() -> None:
    assert why_not(overdue(an_invoice(), at=utc("2026-03-01T04:00"))) == ""


def test_an_invoice_without_a_case_has_no_retry() -> None:
    assert why_not(an_invoice()) == "the step has no retry"
    assert next_retry_on(DEFAULT_POLICY, an_invoice()) is None


def test_what_a_bank_took_back_is_not_charged_again() -> None:
    money_back = taken_back(paid(an_invoice(), 4900, at=utc("2026-03-02")), 4900, at=utc("2026-03-03"))

    assert why_not(money_back) == "the payment was taken back"


@pytest.mark.parametrize(("tries", "why"), [(7, ""), (8, "the invoice was tried as often as is allowed: 8")])
def test_an_invoice_is_tried_eight_times_and_no_more(tries: int, why: str) -> None:
    invoice = declined()
    spent = replace(invoice, dunning=replace(case_of(invoice), tries=tries))

    assert why_not(spent) == why
    assert next_retry_on(DEFAULT_POLICY, spent) == (None if why else date(2026, 3, 4))


def test_a_policy_may_allow_fewer() -> None:
    none = replace(DEFAULT_POLICY, most_tries=0)

    assert why_not(declined(), policy=none) == "the invoice was tried as often as is allowed: 0"


def test_twelve_daily_steps_try_the_card_eight_times() -> None:
    chase = Chase.declined(policy=DAILY)
    done = [what for day in range(1, 32) for what in chase.runs(f"2026-03-{day:02}T12:00")]

    assert done == ["retry"] * 8 + ["review: day 14: unpaid after 8 retries and 0 notices"]


def test_one_card_is_tried_fifteen_times_in_thirty_days_whatever_the_invoices() -> None:
    first, second = Chase.declined(policy=DAILY), Chase.declined(policy=DAILY)
    for day in range(1, 15):
        for chase, other in ((first, second), (second, first)):
            chase.runs(f"2026-03-{day:02}T12:00")
            other.customer = chase.customer

    tried = [what for chase in (first, second) for _, what in chase.diary if what == "retry"]
    assert len(tried) == 15
    assert why_not_retried(DAILY, second.invoice, second.customer, step=DAILY.steps[0], as_of=utc("2026-03-15")) == (
        "the card was tried as often as is allowed in 30 days: 15"
    )


def test_a_try_is_forgotten_after_thirty_days_and_another_card_has_its_own() -> None:
    tried = utc("2026-03-01T12:00")
    customer = a_payer(card_tries=(CardTry(method_id=CARD, at=tried), CardTry(method_id="pm_2", at=tried)))

    assert card_tries(customer, as_of=tried + timedelta(days=30, seconds=-1)) == 1
    assert card_tries(customer, as_of=tried + timedelta(days=30)) == 0
    assert card_tries(replace(customer, payment_method_id="pm_3"), as_of=tried) == 0


def test_a_policy_may_allow_a_card_fewer_tries() -> None:
    customer = a_payer(card_tries=(CardTry(method_id=CARD, at=NOON - timedelta(days=1)),))
    strict = replace(DEFAULT_POLICY, most_card_tries=1)

    assert why_not_retried(strict, declined(), customer, step=DAY_3, as_of=NOON) == (
        "the card was tried as often as is allowed in 30 days: 1"
    )


@pytest.mark.parametrize(
    ("code", "behind", "on"),
    [
        ("insufficient_funds", -1, date(2026, 3, 4)),  # not on day 0
        ("insufficient_funds", 0, date(2026, 3, 4)),
        ("insufficient_funds", 3, date(2026, 3, 8)),
        ("insufficient_funds", 7, None),
        ("processing_error", -1, date(2026, 3, 1)),
        ("processing_error", 0, date(2026, 3, 4)),
        ("expired_card", 0, None),
        ("stolen_card", 0, None),
    ],
)
def test_the_next_charge_has_a_day_where_there_is_one(code: str, behind: int, on: date | None) -> None:
    invoice = declined(code)

    assert next_retry_on(DEFAULT_POLICY, replace(invoice, dunning=replace(case_of(invoice), last_day=behind))) == on


STOPS: dict[str, Callable[[Invoice], Invoice]] = {
    "a person": lambda invoice: replace(
        invoice, dunning=under_review(case_of(invoice), reason="", at=utc("2026-03-02"))
    ),
    "no end": lambda invoice: replace(
        invoice,
        dunning=paused(
            case_of(invoice), PauseReason.DISPUTE, on=date(2026, 3, 2), until=None, at=utc("2026-03-02"), note=""
        ),
    ),
    "over": lambda invoice: replace(invoice, dunning=left(case_of(invoice), CaseState.PAID, at=utc("2026-03-02"))),
    "taken back": lambda invoice: replace(invoice, dunning=replace(case_of(invoice), cause=CaseCause.REVERSED)),
}


@pytest.mark.parametrize("stop", STOPS)
def test_no_day_is_promised_while_nobody_knows_one(stop: str) -> None:
    assert next_retry_on(DEFAULT_POLICY, STOPS[stop](declined())) is None


def test_a_promise_moves_the_day_of_the_next_charge() -> None:
    case = paused(
        case_of(declined()),
        PauseReason.PROMISE,
        on=date(2026, 3, 2),
        until=date(2026, 3, 12),
        at=utc("2026-03-02"),
        note="",
    )

    assert next_retry_on(DEFAULT_POLICY, replace(declined(), dunning=case)) == date(2026, 3, 14)
