"""Say which dunning policy a customer follows: one of its own, or its segment's."""

from dataclasses import dataclass, replace

from billing.domain.customer import Customer
from billing.domain.errors import NotFound
from billing.ports import Documents
from billing.store.audit import AuditLog
from billing.store.collection import Stored
from billing.store.customers import Customers
from billing.store.ids import checked_id
from billing.store.tenants import Tenants
from billing.usecases.again import again_while_others_write
from billing.usecases.call import Call
from billing.usecases.commit_name import commit_name
from billing.usecases.look_earlier import look_earlier
from billing.usecases.policy_effect import open_cases_of
from billing.usecases.version_check import VersionCheck, any_version


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """The customer since, with its version, the policy that it follows, and how many cases are looked at earlier."""

    customer: Stored[Customer]
    policy: str
    earlier: int


def assign_policy(
    documents: Documents,
    customer_id: str,
    *,
    policy: str | None = None,
    segment: str | None = None,
    call: Call,
    seen: VersionCheck = any_version,
) -> Assigned:
    """Give a customer a policy or a segment; "" takes it away, None leaves it. Doing it again changes nothing.

    Raises NotFound, InvalidInput for a policy that the tenant has not or a segment that is no id, WriteConflict, and
    whatever `seen` raises of the version of the customer.
    """
    dunning = Tenants(documents).get(call.tenant_id).dunning
    if policy:
        dunning.named(policy)
    if segment:
        checked_id("segment", segment)
    customer = again_while_others_write(lambda: _assign(documents, customer_id, policy, segment, call=call, seen=seen))
    cases = open_cases_of(documents, call.tenant_id, customer_id)
    earlier = look_earlier(documents, cases, dunning, call=call)
    return Assigned(customer=customer, policy=dunning.of(customer.value).name, earlier=earlier)


def _assign(
    documents: Documents,
    customer_id: str,
    policy: str | None,
    segment: str | None,
    *,
    call: Call,
    seen: VersionCheck,
) -> Stored[Customer]:
    customers = Customers.of(documents, call.tenant_id)
    [stored] = customers.get([customer_id])
    if stored is None:
        raise NotFound("customer", customer_id)
    seen(stored.version)
    before = stored.value
    after = replace(
        before,
        dunning_policy=before.dunning_policy if policy is None else policy,
        segment=before.segment if segment is None else segment,
    )
    version = stored.version
    if after != before:
        record = call.record(
            f"customers/{customer_id}", "customer.policy_assigned", before=_said(before), after=_said(after)
        )
        name = commit_name("assign", customer_id, stored.version)
        audit = AuditLog.of(documents, call.tenant_id).batch([record], batch_id=name, recorded_at=call.recorded_at)
        following = customers.following(stored, dunning_policy=after.dunning_policy, segment=after.segment)
        [version, _] = documents.commit([following, audit])
    return Stored(after, version)


def _said(customer: Customer) -> str:
    return f"policy {customer.dunning_policy or '-'}, segment {customer.segment or '-'}"
