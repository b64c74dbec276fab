"""One decision of a person on a dunning case, in a commit that loses to any other change in between."""

from collections.abc import Callable

from billing.domain.invoice import Invoice
from billing.ports import Documents
from billing.store.audit import AuditLog
from billing.store.dunning_cases import DunningCases
from billing.store.invoices import Invoices
from billing.usecases.again import again_while_others_write
from billing.usecases.call import Call
from billing.usecases.commit_name import commit_name
from billing.usecases.invoice_trace import invoice_trace


def change_case(
    documents: Documents, id_or_number: str, decide: Callable[[Invoice], Invoice], *, call: Call, note: str = ""
) -> Invoice:
    """Read the invoice, decide on its case and write that; again where somebody was quicker. An equal one stays.

    The case's fields alone are written, with the audit records and events of the change; `note` goes into the records
    of what keeps none itself. Raises NotFound, whatever `decide` raises, and WriteConflict where somebody is quicker
    time and again.
    """
    return again_while_others_write(lambda: _changed(documents, id_or_number, decide, call=call, note=note))


def _changed(
    documents: Documents, id_or_number: str, decide: Callable[[Invoice], Invoice], *, call: Call, note: str
) -> Invoice:
    stored = Invoices.of(documents, call.tenant_id).named(id_or_number)
    after = decide(stored.value)
    if after == stored.value:
        return after
    trace = invoice_trace(documents, [(stored.value, after)], call=call, note=note)
    audit = AuditLog.of(documents, call.tenant_id)
    batch_id = commit_name("case", after.id, stored.version)
    documents.commit(
        [
            DunningCases.of(documents, call.tenant_id).changed(stored, after),
            *trace.writes,
            audit.batch(trace.records, batch_id=batch_id, recorded_at=call.recorded_at),
        ]
    )
    return after
