"""What is allowed in dunning policies and yet likely a mistake: said when they are checked, set or imported."""

from collections.abc import Iterator

from billing.domain.decline import DECLINE_CODES
from billing.domain.dunning_policies import DunningPolicies
from billing.domain.dunning_policy import Channel, DunningPolicy, StepTemplate


def policy_warnings(policies: DunningPolicies) -> tuple[str, ...]:
    """A sentence for each doubt, the policy's name before it."""
    return tuple(f"{policy.name}: {doubt}" for policy in policies.policies for doubt in _doubts(policy))


def _doubts(policy: DunningPolicy) -> Iterator[str]:
    for code in sorted(policy.declines.keys() - DECLINE_CODES.keys()):
        yield f"declines.{code} is no decline code that is known; it counts where a gateway says it"
    mailed = sum(step.template is not StepTemplate.NONE and step.channel is Channel.EMAIL for step in policy.steps)
    wanted = policy.suspend_after_reminders
    if policy.suspend_after_days is None and wanted is not None and wanted > mailed:
        yield f"suspend_after_reminders is {wanted} and its steps mail only {mailed}: no service is ever suspended"
