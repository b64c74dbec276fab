"""Policies in words: what a person and the audit log read, and doubts about what is allowed."""

from dataclasses import replace
from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.decline import Advice
from billing.domain.dunning_policies import DEFAULT_POLICY, DunningPolicies
from billing.domain.dunning_policy import (
    STEP_STATES,
    CaseState,
    Channel,
    DunningPolicy,
    DunningStep,
    QuietHours,
    StepTemplate,
)
from billing.domain.policy_text import policies_text, policy_text, step_text, suspension_text
from billing.domain.policy_warnings import policy_warnings

LAST = DunningStep(day=40, state=CaseState.MANUAL_REVIEW)
steps = st.builds(
    DunningStep,
    day=st.integers(0, 39),
    state=st.sampled_from(STEP_STATES[:3]),
    retry=st.booleans(),
    template=st.sampled_from(StepTemplate),
    channel=st.sampled_from(Channel),
)
policies = st.builds(
    DunningPolicy,
    steps=st.one_of(st.just((LAST,)), steps.map(lambda step: (step, LAST))),
    quiet_hours=st.none() | st.just(QuietHours(start=time(20), end=time(8))),
    suspend_after_days=st.none() | st.integers(1, 3),
    suspend_after_reminders=st.none() | st.integers(1, 3),
    access_grace_days=st.integers(0, 2),
    most_tries=st.integers(6, 8),
    most_card_tries=st.integers(13, 15),
    declines=st.dictionaries(st.sampled_from(["expired_card", "lost_card"]), st.sampled_from(Advice)),
)


def test_the_default_policy_is_one_line() -> None:
    assert policies_text(DunningPolicies()) == (
        (
            "default: 0 retry, 3 payment_reminder+retry, 7 urgent_notice+retry, 14 manual_review; "
            "suspends after 21 days or 3 notices"
        ),
    )


def test_whatever_is_not_the_houses_own_is_said() -> None:
    policy = replace(
        DEFAULT_POLICY,
        steps=(DunningStep(day=1, state=CaseState.URGENT_NOTICE, template=StepTemplate.FINAL), LAST),
        quiet_hours=QuietHours(start=time(20), end=time(8, 30)),
        suspend_after_days=1,
        suspend_after_reminders=None,
        access_grace_days=2,
        most_tries=4,
        most_card_tries=6,
        declines={"lost_card": Advice.RETRY, "expired_card": Advice.REVIEW},
    )
    assert policy_text(policy) == (
        "1 final_notice, 40 manual_review; suspends after 1 day, 2 days of grace; quiet from 20:00 to 08:30; "
        "at most 4 charges; at most 6 charges of a card in 30 days; declines expired_card=review, lost_card=retry"
    )


def test_a_step_that_leads_elsewhere_than_usual_says_where() -> None:
    step = DunningStep(day=3, retry=True, template=StepTemplate.REMINDER, state=CaseState.URGENT_NOTICE)
    assert step_text(replace(step, channel=Channel.EVENT)) == "3 payment_reminder+retry+urgent_notice by event"


def test_no_threshold_is_never() -> None:
    assert suspension_text(replace(DEFAULT_POLICY, suspend_after_days=None, suspend_after_reminders=None)) == (
        "never suspends"
    )


def test_segments_follow_their_policies() -> None:
    both = DunningPolicies(
        policies=(DEFAULT_POLICY, replace(DEFAULT_POLICY, name="b")), segments={"z": "b", "a": "default"}
    )
    assert policies_text(both)[2:] == ("segment a follows default", "segment z follows b")


@given(policies, policies)
def test_two_policies_that_differ_never_read_the_same(one: DunningPolicy, other: DunningPolicy) -> None:
    assert (policy_text(one) == policy_text(other)) == (one == other)


@pytest.mark.parametrize(("channel", "doubts"), [(Channel.EMAIL, 0), (Channel.EVENT, 1)])
def test_a_threshold_that_no_step_reaches_is_doubted(channel: Channel, doubts: int) -> None:
    reminder = DunningStep(day=3, state=CaseState.REMINDER_SENT, template=StepTemplate.REMINDER, channel=channel)
    policy = DunningPolicy(steps=(reminder, LAST), suspend_after_days=None, suspend_after_reminders=1)
    said = "default: suspend_after_reminders is 1 and its steps mail only 0: no service is ever suspended"
    assert policy_warnings(DunningPolicies(policies=(policy,))) == (said,) * doubts


def test_the_default_policy_and_known_codes_are_not_doubted() -> None:
    known = replace(DEFAULT_POLICY, declines={"expired_card": Advice.RETRY})
    assert policy_warnings(DunningPolicies(policies=(known,))) == ()
