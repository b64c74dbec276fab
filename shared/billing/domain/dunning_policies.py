"""The dunning policies of a tenant, and which customer follows which (semantics 9)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from billing.domain.customer import Customer
from billing.domain.dunning_policy import DEFAULT_NAME, CaseState, DunningPolicy, DunningStep, StepTemplate
from billing.domain.errors import InvalidInput

DEFAULT_POLICY = DunningPolicy(
    steps=(
        DunningStep(day=0, retry=True, state=CaseState.RETRY_SCHEDULED),
        DunningStep(day=3, retry=True, template=StepTemplate.REMINDER, state=CaseState.REMINDER_SENT),
        DunningStep(day=7, retry=True, template=StepTemplate.URGENT, state=CaseState.URGENT_NOTICE),
        DunningStep(day=14, state=CaseState.MANUAL_REVIEW),
    )
)
"""0 retry, 3 reminder, 7 urgent notice, 14 manual review (semantics 9)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DunningPolicies:
    """A tenant's policies by name, one of them `default`, and which segment of customers follows which.

    Raises InvalidInput for a name twice, no default, or a segment that follows none of them.
    """

    policies: tuple[DunningPolicy, ...] = (DEFAULT_POLICY,)
    segments: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what leaves some customer without a policy."""
        names = [each.name for each in self.policies]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise InvalidInput("dunning.policies", expected="each name once", given=repeated)
        if DEFAULT_NAME not in names:
            raise InvalidInput("dunning.policies", expected=f"one with the name {DEFAULT_NAME}", given=names)
        for segment, name in self.segments.items():
            if name not in names:
                raise InvalidInput(f"dunning.segments.{segment}", expected=f"one of {names}", given=name)

    def named(self, name: str) -> DunningPolicy:
        """The policy of that name, or InvalidInput."""
        found = next((each for each in self.policies if each.name == name), None)
        if found is None:
            raise InvalidInput("policy", expected=f"one of {[each.name for each in self.policies]}", given=name)
        return found

    def of(self, customer: Customer) -> DunningPolicy:
        """The customer's own policy, else its segment's, else the default; one that is gone counts as not named."""
        wanted = (customer.dunning_policy, self.segments.get(customer.segment, ""), DEFAULT_NAME)
        by_name = {each.name: each for each in self.policies}
        return next(by_name[name] for name in wanted if name in by_name)
