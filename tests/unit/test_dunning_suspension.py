"""When the service is suspended for an unpaid invoice: after days, after reminders, with grace, or not at all."""

from dataclasses import replace
from datetime import date

import pytest

from billing.domain.dunning import suspension_day
from billing.domain.dunning_case import PauseReason, paused, resumed
from billing.domain.dunning_policies import DEFAULT_POLICY
from billing.domain.dunning_policy import CaseState, DunningPolicy, DunningStep, StepTemplate
from tests.builders import utc
from tests.chasing import Chase, a_payer

WEEKLY = DunningPolicy(
    steps=(
        *(
            DunningStep(day=day, state=CaseState.REMINDER_SENT, template=StepTemplate.REMINDER)
            for day in (0, 7, 14, 28)
        ),
        DunningStep(day=40, state=CaseState.MANUAL_REVIEW),
    )
)
"""A reminder on day 0, 7, 14 and 28; suspension on day 21 or after three of them, as ever."""


def told(policy: DunningPolicy, *, until: int = 31) -> Chase:
    """An expired card from 1 March on, with a run at noon of each day up to a day of March."""
    chase = Chase.declined("expired_card", policy=policy)
    for day in range(1, until + 1):
        chase.runs(f"2026-03-{day:02}T12:00")
    return chase


def stopped_on(chase: Chase) -> list[date]:
    return [at.date() for at, what in chase.diary if what == "suspended"]


def test_the_default_policy_stops_the_service_on_day_21() -> None:
    chase = told(DEFAULT_POLICY)

    assert stopped_on(chase) == [date(2026, 3, 22)]
    assert (chase.case.state, chase.case.suspended_at) == (CaseState.SUSPENDED, utc("2026-03-22T12:00"))


def test_the_third_reminder_stops_it_before_day_21() -> None:
    assert stopped_on(told(WEEKLY)) == [date(2026, 3, 15)]


def test_reminders_that_were_not_sent_are_not_counted() -> None:
    silent = replace(WEEKLY, steps=tuple(replace(each, template=StepTemplate.NONE) for each in WEEKLY.steps))

    assert stopped_on(told(silent)) == [date(2026, 3, 22)]


@pytest.mark.parametrize(
    ("policy", "on"),
    [
        (replace(DEFAULT_POLICY, access_grace_days=5), date(2026, 3, 27)),
        (replace(WEEKLY, access_grace_days=5), date(2026, 3, 20)),
        (replace(DEFAULT_POLICY, suspend_after_days=16), date(2026, 3, 17)),
        (replace(DEFAULT_POLICY, suspend_after_days=5), date(2026, 3, 6)),
        (replace(WEEKLY, suspend_after_days=None, suspend_after_reminders=2), date(2026, 3, 8)),
        (replace(WEEKLY, suspend_after_reminders=None), date(2026, 3, 22)),
    ],
)
def test_grace_and_thresholds_are_the_policy_s(policy: DunningPolicy, on: date) -> None:
    assert stopped_on(told(policy)) == [on]


def test_a_tenant_may_turn_it_off() -> None:
    assert stopped_on(told(replace(WEEKLY, suspend_after_days=None, suspend_after_reminders=None))) == []


def test_a_customer_without_a_subscription_that_goes_on_has_nothing_to_stop_and_is_chased_all_the_same() -> None:
    chase = Chase.declined("expired_card", customer=a_payer(active_subscriptions=0))

    did = {day: done for day in range(1, 32) if (done := chase.runs(f"2026-03-{day:02}T12:00"))}

    assert [*did] == [4, 8, 15]
    assert suspension_day(DEFAULT_POLICY, chase.case, chase.customer) is None


def test_a_service_that_stands_still_is_not_stopped_again_and_the_steps_go_on() -> None:
    chase = told(replace(DEFAULT_POLICY, suspend_after_days=1))

    assert [what for _, what in chase.diary] == [
        "suspended",
        "payment_reminder",
        "urgent_notice",
        "review: day 14: unpaid after 0 retries and 2 notices",
    ]
    assert chase.case.state is CaseState.SUSPENDED  # it never goes back
    assert chase.case.in_review
    assert suspension_day(chase.policy, chase.case, chase.customer) is None


def test_a_promise_shifts_the_day_of_suspension_by_its_days() -> None:
    chase = told(DEFAULT_POLICY, until=10)
    chase.becomes(
        paused(
            chase.case,
            PauseReason.PROMISE,
            on=date(2026, 3, 10),
            until=date(2026, 3, 20),
            at=utc("2026-03-10T12:00"),
            note="",
        )
    )

    assert suspension_day(DEFAULT_POLICY, chase.case, chase.customer) == date(2026, 4, 1)


def test_a_promise_in_the_days_of_grace_shifts_a_suspension_after_reminders_too() -> None:
    policy = replace(WEEKLY, access_grace_days=5)
    chase = told(policy, until=16)  # the third reminder was on the 15th
    assert suspension_day(policy, chase.case, chase.customer) == date(2026, 3, 20)

    promised = paused(
        chase.case, PauseReason.PROMISE, on=date(2026, 3, 17), until=date(2026, 3, 27), at=utc("2026-03-17"), note=""
    )

    assert suspension_day(policy, promised, chase.customer) == date(2026, 3, 30)
    kept_short = resumed(promised, on=date(2026, 3, 19), at=utc("2026-03-19"))
    assert suspension_day(policy, kept_short, chase.customer) == date(2026, 3, 22)


def test_a_late_run_reminds_and_stops_the_service_in_one_go_where_both_are_due() -> None:
    chase = Chase.declined("expired_card", policy=replace(DEFAULT_POLICY, suspend_after_days=6))

    assert chase.runs("2026-03-10T12:00") == ["passed over 0", "passed over 3", "urgent_notice", "suspended"]
