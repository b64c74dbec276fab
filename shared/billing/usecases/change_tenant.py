"""Change a tenant's settings: from the next run on, as what is issued keeps what it said."""

from collections.abc import Callable
from dataclasses import dataclass

from billing.domain.tenant import Tenant
from billing.domain.tenant_settings import SettingChange, changes_between, require_changeable
from billing.ports import Documents
from billing.store.audit import AuditLog
from billing.store.counters import Counters
from billing.store.tenants import Tenants
from billing.usecases.again import again_while_others_write
from billing.usecases.call import Call
from billing.usecases.commit_name import commit_name
from billing.usecases.version_check import VersionCheck, any_version


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedTenant:
    """The tenant as it stands now (or would), each setting that differs, and the version that stands now."""

    tenant: Tenant
    changes: tuple[SettingChange, ...]
    version: str


def change_tenant(
    documents: Documents,
    change: Callable[[Tenant], Tenant],
    *,
    call: Call,
    dry_run: bool = False,
    seen: VersionCheck = any_version,
) -> ChangedTenant:
    """Write what `change` makes of the tenant, over exactly what it was made of; each setting is one audit record.

    What changes nothing writes nothing. Raises NotFound, whatever `seen` and `change` raise, FixedSetting for what must
    stay as it is, and WriteConflict where somebody is quicker time and again.
    """
    return again_while_others_write(lambda: _change(documents, change, call, dry_run=dry_run, seen=seen))


def _change(
    documents: Documents, change: Callable[[Tenant], Tenant], call: Call, *, dry_run: bool, seen: VersionCheck
) -> ChangedTenant:
    before = Tenants(documents).stored(call.tenant_id)
    seen(before.version)
    after = change(before.value)
    changes = changes_between(before.value, after)
    counters = Counters.of(documents, call.tenant_id)
    require_changeable(
        changes,
        invoices_numbered=counters.gave(before.value.numbers.counter),
        notes_numbered=counters.gave(before.value.credit_numbers.counter),
    )
    version = before.version
    if changes and not dry_run:
        records = [
            call.record(f"settings/{each.setting.name}", "setting.changed", before=each.before, after=each.after)
            for each in changes
        ]
        name = commit_name("settings", call.tenant_id, before.version)
        audit = AuditLog.of(documents, call.tenant_id).batch(records, batch_id=name, recorded_at=call.recorded_at)
        [version, _] = documents.commit([Tenants(documents).saving(after, expected=before.version), audit])
    return ChangedTenant(tenant=after, changes=changes, version=version)
