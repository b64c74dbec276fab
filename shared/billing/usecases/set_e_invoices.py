"""Turn a tenant's e-invoices on or off: from the next bill on, as issued documents keep the files that they have."""

from collections.abc import Sequence
from dataclasses import replace

from billing.domain.errors import NotFound
from billing.domain.tenant import EInvoiceFormat, Tenant
from billing.ports import Documents
from billing.store.audit import AuditLog
from billing.store.codec import decode
from billing.store.ids import tenant_path
from billing.store.tenants import Tenants
from billing.usecases.call import Call
from billing.usecases.one_invoice import again_while_others_write


def set_e_invoices(documents: Documents, formats: Sequence[EInvoiceFormat], *, call: Call) -> Tenant:
    """The tenant with exactly these forms on (none: off). Setting what is set writes nothing. NotFound: no tenant."""
    return again_while_others_write(lambda: _set(documents, tuple(dict.fromkeys(formats)), call))


def _set(documents: Documents, formats: tuple[EInvoiceFormat, ...], call: Call) -> Tenant:
    [stored] = documents.get_many([tenant_path(call.tenant_id)])
    if stored is None:
        raise NotFound("tenant", call.tenant_id)
    before = decode(stored.fields, Tenant)
    after = replace(before, e_invoices=formats)
    if after == before:
        return before
    record = call.record(
        "settings/e_invoices", "setting.changed", before=_said(before), after=_said(after), reason="e-invoices"
    )
    write = replace(Tenants(documents).saving(after), expected=stored.version)
    audit = AuditLog.of(documents, call.tenant_id).batch([record], batch_id="e-invoices", recorded_at=call.recorded_at)
    documents.commit([write, audit])
    return after


def _said(tenant: Tenant) -> str:
    return ",".join(each.value for each in tenant.e_invoices)
