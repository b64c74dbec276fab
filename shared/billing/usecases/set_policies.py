"""Set a tenant's dunning policies: the setting with its audit record, then the open cases that are due earlier now."""

from dataclasses import dataclass, replace

from billing.domain.dunning_policies import DunningPolicies
from billing.domain.tenant_settings import SettingChange
from billing.ports import Documents
from billing.store.tenants import Tenants
from billing.usecases.call import Call
from billing.usecases.change_tenant import change_tenant
from billing.usecases.look_earlier import look_earlier
from billing.usecases.policy_effect import PolicyEffect, open_cases, policy_effects
from billing.usecases.version_check import VersionCheck, any_version


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPolicies:
    """What differs in the setting and its version now, what that does to open cases, how many are looked at earlier."""

    changes: tuple[SettingChange, ...]
    version: str
    effects: tuple[PolicyEffect, ...]
    earlier: int


def set_policies(
    documents: Documents,
    policies: DunningPolicies,
    *,
    call: Call,
    dry_run: bool = False,
    seen: VersionCheck = any_version,
) -> SetPolicies:
    """Set the policies, and have each open case looked at no later than its policy says now.

    A case keeps the instant at which it is looked at next, so one that is due earlier would be found too late. Setting
    the same again does what is left where a call was interrupted. Raises NotFound, WriteConflict, and whatever `seen`
    raises of the version of the tenant's settings.
    """
    before = Tenants(documents).get(call.tenant_id).dunning
    cases = list(open_cases(documents, call.tenant_id))
    effects = policy_effects(cases, before=before, after=policies, as_of=call.recorded_at)
    changed = change_tenant(
        documents, lambda tenant: replace(tenant, dunning=policies), call=call, dry_run=dry_run, seen=seen
    )
    earlier = look_earlier(documents, cases, policies, call=call, dry_run=dry_run)
    return SetPolicies(changes=changed.changes, version=changed.version, effects=effects, earlier=earlier)
