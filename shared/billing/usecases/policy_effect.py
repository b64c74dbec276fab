"""What other dunning policies mean for the cases that are open: which they follow, and when each is due then."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from billing.domain.customer import Customer
from billing.domain.dunning_case import DunningCase
from billing.domain.dunning_policies import DunningPolicies
from billing.domain.dunning_policy import CaseState, DunningPolicy
from billing.domain.dunning_preview import preview
from billing.domain.errors import NotFound
from billing.domain.invoice import Invoice
from billing.domain.period import local_date
from billing.ports import Documents
from billing.store.collection import Stored
from billing.store.customers import Customers
from billing.store.dunning_cases import DunningCases
from billing.store.invoices import Invoices

_PART = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyEffect:
    """What a change of policies does to the open cases that follow one of them then.

    `moved` counts those whose steps come on other days or do something else, `suspended` those whose service stops
    with the next run and would not have, `left_over` those whose customer names a policy that there is no more.
    """

    policy: str
    cases: int = 0
    moved: int = 0
    suspended: int = 0
    left_over: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCase:
    """An invoice whose case is not over, and its customer."""

    invoice: Stored[Invoice]
    customer: Customer

    @property
    def case(self) -> DunningCase:
        """The case."""
        assert self.invoice.value.dunning is not None  # noqa: S101 - only those with a case are read
        return self.invoice.value.dunning


def open_cases(documents: Documents, tenant_id: str) -> Iterator[OpenCase]:
    """Every case that is not over, by state and id."""
    cases = DunningCases.of(documents, tenant_id)
    for state in CaseState:
        if not state.is_over:
            yield from _with_customers(documents, tenant_id, cases.in_state(state))


def open_cases_of(documents: Documents, tenant_id: str, customer_id: str) -> list[OpenCase]:
    """The customer's cases that are not over, by id."""
    found = DunningCases.of(documents, tenant_id).of_customer(customer_id)
    chased = [each for each in found if each.value.dunning is not None and not each.value.dunning.state.is_over]
    return list(_with_customers(documents, tenant_id, chased))


def open_case(documents: Documents, tenant_id: str, invoice_id: str) -> OpenCase | None:
    """The case of one invoice as it stands, or None where it has none or is over."""
    [stored] = Invoices.of(documents, tenant_id).get([invoice_id])
    if stored is None or stored.value.dunning is None or stored.value.dunning.state.is_over:
        return None
    return next(_with_customers(documents, tenant_id, [stored]))


def policy_effects(
    cases: Iterable[OpenCase], *, before: DunningPolicies, after: DunningPolicies, as_of: datetime
) -> tuple[PolicyEffect, ...]:
    """The effect on each policy of `after`, in their order; `as_of` is the instant of the next run."""
    counts = {each.name: dict.fromkeys(("cases", "moved", "suspended", "left_over"), 0) for each in after.policies}
    for each in cases:
        old, new = before.of(each.customer), after.of(each.customer)
        count = counts[new.name]
        count["cases"] += 1
        count["moved"] += _course(each, old) != _course(each, new)
        count["suspended"] += _suspends(each, new, as_of=as_of) and not _suspends(each, old, as_of=as_of)
        named = each.customer.dunning_policy
        count["left_over"] += bool(named) and named not in counts
    return tuple(PolicyEffect(policy=name, **count) for name, count in counts.items())


def _with_customers(documents: Documents, tenant_id: str, found: list[Stored[Invoice]]) -> Iterator[OpenCase]:
    for start in range(0, len(found), _PART):
        part = found[start : start + _PART]
        ids = sorted({each.value.customer_id for each in part})
        customers = dict(zip(ids, Customers.of(documents, tenant_id).get(ids), strict=True))
        for each in part:
            customer = customers[each.value.customer_id]
            if customer is None:
                raise NotFound("customer", each.value.customer_id)
            yield OpenCase(invoice=each, customer=customer.value)


def _course(each: OpenCase, policy: DunningPolicy) -> object:
    """The steps to come as if every run were on time, so that today's date makes no difference."""
    return preview(policy, each.invoice.value, each.customer, as_of=each.case.started_at)


def _suspends(each: OpenCase, policy: DunningPolicy, *, as_of: datetime) -> bool:
    """Whether a run at that instant would stop the service, whatever else it does before."""
    if each.case.suspended_at is not None:
        return False
    on = local_date(as_of, each.invoice.value.zone)
    coming = preview(policy, each.invoice.value, each.customer, as_of=as_of)
    return any(row.on == on and row.state is CaseState.SUSPENDED for row in coming)
