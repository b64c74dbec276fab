"""Which policies make sense, which are refused, and which customer follows which."""

from dataclasses import replace
from datetime import UTC, time
from typing import Any

import pytest

from billing.domain.decline import Advice
from billing.domain.dunning_policies import DEFAULT_POLICY, DunningPolicies
from billing.domain.dunning_policy import CaseState, DunningPolicy, DunningStep, QuietHours, StepTemplate
from billing.domain.dunning_report import DunningAction, DunningDetail, DunningReport
from billing.domain.errors import InvalidInput
from tests.builders import a_customer, utc

LAST = DunningStep(day=14, state=CaseState.MANUAL_REVIEW)


def a_step(day: int, state: CaseState = CaseState.REMINDER_SENT) -> DunningStep:
    return DunningStep(day=day, state=state, template=StepTemplate.REMINDER)


def test_the_default_policy_is_the_one_of_the_rules() -> None:
    assert [(each.day, each.retry, each.template.value, each.state.value) for each in DEFAULT_POLICY.steps] == [
        (0, True, "", "retry_scheduled"),
        (3, True, "payment_reminder", "reminder_sent"),
        (7, True, "urgent_notice", "urgent_notice"),
        (14, False, "", "manual_review"),
    ]
    limits = (DEFAULT_POLICY.suspend_after_days, DEFAULT_POLICY.suspend_after_reminders)
    assert limits == (21, 3)
    assert (DEFAULT_POLICY.most_tries, DEFAULT_POLICY.most_card_tries) == (8, 15)
    assert DEFAULT_POLICY.review_day == 14


@pytest.mark.parametrize(
    ("steps", "field", "expected"),
    [
        ((), "steps", "manual_review"),
        ((a_step(3),), "steps", "manual_review"),
        ((a_step(-1), LAST), "steps[0].day", "0 to 365"),
        ((a_step(3), replace(LAST, day=366)), "steps[1].day", "0 to 365"),
        ((a_step(3), a_step(3), LAST), "steps[1].day", "a day after 3"),
        ((a_step(7), a_step(3), LAST), "steps[1].day", "a day after 7"),
        ((a_step(3, CaseState.PAID), LAST), "steps[0].state", "retry_scheduled"),
        ((a_step(3, CaseState.SUSPENDED), LAST), "steps[0].state", "retry_scheduled"),
        ((a_step(3, CaseState.ISSUED), LAST), "steps[0].state", "retry_scheduled"),
        ((a_step(3, CaseState.URGENT_NOTICE), a_step(7), LAST), "steps[1].state", "urgent_notice or later"),
        ((a_step(3, CaseState.MANUAL_REVIEW), LAST), "steps[1].state", "manual_review or later"),
    ],
)
def test_steps_without_an_end_with_falling_days_or_loops_are_refused(
    steps: tuple[DunningStep, ...], field: str, expected: str
) -> None:
    with pytest.raises(InvalidInput) as raised:
        DunningPolicy(steps=steps)

    assert field in str(raised.value)
    assert expected in str(raised.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("suspend_after_days", 0),
        ("suspend_after_days", 366),
        ("suspend_after_reminders", 0),
        ("suspend_after_reminders", 105),
        ("access_grace_days", -1),
        ("access_grace_days", 366),
        ("most_tries", -1),
        ("most_tries", 9),
        ("most_card_tries", -1),
        ("most_card_tries", 16),
    ],
)
def test_limits_beyond_what_is_allowed_are_refused(field: str, value: int) -> None:
    change: dict[str, Any] = {field: value}
    with pytest.raises(InvalidInput, match=field):
        replace(DEFAULT_POLICY, **change)


@pytest.mark.parametrize(
    "changes",
    [
        {"suspend_after_days": None, "suspend_after_reminders": None},
        {"suspend_after_days": 1, "suspend_after_reminders": 1, "access_grace_days": 365},
        {"most_tries": 0, "most_card_tries": 0},
        {"steps": (replace(LAST, day=0),)},
        {"steps": (a_step(1), a_step(2), a_step(3), replace(LAST, day=365))},
    ],
)
def test_policies_at_their_limits_are_taken(changes: dict[str, Any]) -> None:
    assert replace(DEFAULT_POLICY, **changes) == replace(DEFAULT_POLICY, **changes)


def test_a_policy_says_what_follows_from_a_decline_where_it_knows_better() -> None:
    policy = replace(DEFAULT_POLICY, declines={"do_not_honor": Advice.REVIEW})

    assert policy.advice("do_not_honor") is Advice.REVIEW
    assert policy.advice("insufficient_funds") is Advice.RETRY
    assert policy.advice("a_code_of_next_year") is Advice.RETRY


@pytest.mark.parametrize(
    ("start", "end", "within", "outside"),
    [
        (time(20), time(8), [time(20), time(23, 59), time(0), time(7, 59, 59)], [time(8), time(12), time(19, 59, 59)]),
        (time(12), time(14), [time(12), time(13, 59, 59)], [time(11, 59, 59), time(14), time(0)]),
        (time(0), time(6), [time(0), time(5, 59)], [time(6), time(23, 59)]),
        (time(22), time(0), [time(22), time(23, 59, 59)], [time(0), time(21)]),
    ],
)
def test_quiet_hours_go_over_midnight_or_not(start: time, end: time, within: list[time], outside: list[time]) -> None:
    quiet = QuietHours(start=start, end=end)

    assert [quiet.hold(at) for at in within + outside] == [True] * len(within) + [False] * len(outside)


@pytest.mark.parametrize(
    ("start", "end", "field"),
    [
        (time(8), time(8), "end"),
        (time(8, 0, 1), time(9), "start"),
        (time(8), time(9, 0, 0, 1), "end"),
        (time(8, tzinfo=UTC), time(9), "start"),
    ],
)
def test_quiet_hours_without_length_or_with_seconds_are_refused(start: time, end: time, field: str) -> None:
    with pytest.raises(InvalidInput, match=rf"quiet_hours\.{field}"):
        QuietHours(start=start, end=end)


GENTLE = replace(DEFAULT_POLICY, name="gentle")
STRICT = replace(DEFAULT_POLICY, name="strict")
POLICIES = DunningPolicies(policies=(DEFAULT_POLICY, GENTLE, STRICT), segments={"enterprise": "gentle"})


@pytest.mark.parametrize(
    ("own", "segment", "name"),
    [
        ("", "", "default"),
        ("strict", "", "strict"),
        ("", "enterprise", "gentle"),
        ("strict", "enterprise", "strict"),
        ("", "startup", "default"),
        ("gone", "enterprise", "gentle"),
        ("gone", "", "default"),
    ],
)
def test_a_customer_follows_its_own_policy_else_its_segment_s_else_the_default(
    own: str, segment: str, name: str
) -> None:
    assert POLICIES.of(a_customer(dunning_policy=own, segment=segment)).name == name


def test_a_policy_is_found_by_its_name_or_the_names_are_said() -> None:
    assert POLICIES.named("strict") == STRICT
    with pytest.raises(InvalidInput, match="gentle"):
        POLICIES.named("lenient")


@pytest.mark.parametrize(
    ("policies", "segments", "field"),
    [
        ((DEFAULT_POLICY, GENTLE, GENTLE), {}, "dunning.policies"),
        ((GENTLE,), {}, "dunning.policies"),
        ((DEFAULT_POLICY,), {"enterprise": "gentle"}, "dunning.segments.enterprise"),
    ],
)
def test_policies_that_leave_some_customer_without_one_are_refused(
    policies: tuple[DunningPolicy, ...], segments: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidInput, match=field):
        DunningPolicies(policies=policies, segments=segments)


def test_a_report_counts_what_was_done() -> None:
    report = DunningReport(run_id="run-1", tenant_id="acme", as_of=utc("2026-03-04"), dry_run=False)
    assert (report.processed, dict(report.actions)) == (0, {})

    report.details += [
        DunningDetail(
            invoice_id=f"i-{number}",
            number=f"INV-{number}",
            customer_id="acct-1",
            action=action,
            before=CaseState.PAYMENT_ATTEMPTED,
            after=CaseState.REMINDER_SENT,
            reminder_count=1,
            currency="USD",
            amount_due=4900,
        )
        for number, action in enumerate([DunningAction.REMINDER, DunningAction.REMINDER, DunningAction.SUSPENDED])
    ]
    assert (report.processed, dict(report.actions)) == (3, {"reminder": 2, "suspended": 1})
