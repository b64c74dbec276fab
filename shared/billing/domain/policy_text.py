"""Dunning policies in words, for people and the audit log: two that differ in anything never read the same."""

from billing.domain.dunning_policies import DunningPolicies
from billing.domain.dunning_policy import (
    CARD_DAYS,
    MOST_CARD_TRIES,
    MOST_TRIES,
    CaseState,
    Channel,
    DunningPolicy,
    DunningStep,
    StepTemplate,
)

_USUAL = {
    StepTemplate.REMINDER: CaseState.REMINDER_SENT,
    StepTemplate.URGENT: CaseState.URGENT_NOTICE,
    StepTemplate.FINAL: CaseState.URGENT_NOTICE,
    StepTemplate.NONE: CaseState.RETRY_SCHEDULED,
}


def policies_text(policies: DunningPolicies) -> tuple[str, ...]:
    """A line for each policy and each segment: `default: 0 retry, 3 payment_reminder+retry, 14 manual_review; ...`."""
    return (
        *(f"{each.name}: {policy_text(each)}" for each in policies.policies),
        *(f"segment {segment} follows {name}" for segment, name in sorted(policies.segments.items())),
    )


def policy_text(policy: DunningPolicy) -> str:
    """The policy on one line, without its name: its steps, and its terms."""
    return "; ".join((", ".join(map(step_text, policy.steps)), *policy_terms(policy)))


def policy_terms(policy: DunningPolicy) -> tuple[str, ...]:
    """What holds beside the steps: when it suspends; limits, quiet hours and declines that are not the house's own."""
    quiet, tries, card_tries = policy.quiet_hours, policy.most_tries, policy.most_card_tries
    declines = ", ".join(f"{code}={advice.value}" for code, advice in sorted(policy.declines.items()))
    terms = (
        suspension_text(policy),
        f"quiet from {quiet.start:%H:%M} to {quiet.end:%H:%M}" if quiet else "",
        f"at most {_counted(tries, 'charge')}" if tries != MOST_TRIES else "",
        f"at most {_counted(card_tries, 'charge')} of a card in {CARD_DAYS} days"
        if card_tries != MOST_CARD_TRIES
        else "",
        f"declines {declines}" if declines else "",
    )
    return tuple(term for term in terms if term)


def step_text(step: DunningStep) -> str:
    """One step: `3 payment_reminder+retry`, with the state where it is not what such a step leads to."""
    done = [step.template.value] if step.template else []
    done += ["retry"] if step.retry else []
    if not done or step.state is not _USUAL[step.template]:
        done.append(step.state.value)
    by_event = " by event" if step.channel is Channel.EVENT else ""
    return f"{step.day} {'+'.join(done)}{by_event}"


def suspension_text(policy: DunningPolicy) -> str:
    """When the service is suspended: `suspends after 21 days or 3 notices, 2 days of grace`."""
    days, notices, grace = policy.suspend_after_days, policy.suspend_after_reminders, policy.access_grace_days
    after = [_counted(days, "day") if days is not None else "", _counted(notices, "notice") if notices else ""]
    threshold = " or ".join(filter(None, after))
    text = f"suspends after {threshold}" if threshold else "never suspends"
    return f"{text}, {_counted(grace, 'day')} of grace" if grace else text


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
