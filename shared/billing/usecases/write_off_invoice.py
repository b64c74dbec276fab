"""Write an invoice off: nobody is chased for it any more, and money that comes all the same is booked (semantics 7)."""

from billing.domain.errors import InvalidInput
from billing.domain.invoice import Invoice, InvoiceStatus
from billing.domain.invoice_payment import written_off
from billing.domain.money import Money
from billing.domain.open_ends import asked_to_the_end
from billing.ports import Documents
from billing.store.audit import AuditLog
from billing.store.invoices import Invoices
from billing.usecases.again import again_while_others_write
from billing.usecases.call import Call
from billing.usecases.commit_name import commit_name
from billing.usecases.invoice_trace import invoice_trace
from billing.usecases.restore_at_once import restore_at_once
from billing.usecases.version_check import VersionCheck, any_version


def write_off_invoice(
    documents: Documents, id_or_number: str, *, reason: str, call: Call, seen: VersionCheck = any_version
) -> Invoice:
    """The invoice, written off now or before. Its number, its PDF and what was paid of it stay.

    A hosted page that is open is left to expire, and asked about until then. Raises NotFound, InvalidInput for an empty
    reason and for an invoice that nothing is owed of, and whatever `seen` raises.
    """
    if not reason.strip():
        raise InvalidInput("reason", expected="why the invoice is written off", given=reason)
    return again_while_others_write(lambda: _write_off(documents, id_or_number, reason.strip(), call, seen=seen))


def _write_off(documents: Documents, id_or_number: str, reason: str, call: Call, *, seen: VersionCheck) -> Invoice:
    invoices = Invoices.of(documents, call.tenant_id)
    invoice = invoices.named(id_or_number)
    seen(invoice.version)
    before = invoice.value
    if before.status is InvoiceStatus.UNCOLLECTIBLE:
        return before
    after = asked_to_the_end(written_off(before, at=call.recorded_at))
    trace = invoice_trace(documents, [(before, after)], call=call)
    record = call.record(
        f"invoices/{after.id}",
        "invoice.written_off",
        before=before.status.value,
        after=after.status.value,
        reason=f"{Money(after.amount_due, after.currency)}: {reason}",
    )
    audit = AuditLog.of(documents, call.tenant_id).batch(
        [record, *trace.records],
        batch_id=commit_name("write-off", after.id, invoice.version),
        recorded_at=call.recorded_at,
    )
    documents.commit([invoices.collected(invoice, after), *trace.writes, audit])
    restore_at_once(documents, [after], call=call)
    return after
