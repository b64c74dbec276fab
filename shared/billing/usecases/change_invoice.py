"""One change of an issued invoice's payment fields, in a commit that loses to any other change in between."""

from collections.abc import Callable

from billing.domain.errors import NotFound
from billing.domain.invoice import Invoice
from billing.ports import Documents
from billing.store.audit import AuditLog
from billing.store.invoices import Invoices
from billing.usecases.again import again_while_others_write
from billing.usecases.call import Call
from billing.usecases.commit_name import commit_name
from billing.usecases.invoice_trace import invoice_trace


def change_invoice(
    documents: Documents, invoice_id: str, decide: Callable[[Invoice], Invoice], *, event: str, call: Call
) -> Invoice:
    """Read the invoice, decide on it and write; again where somebody was quicker. An equal one is not written.

    Attempts, the open hosted page, money and pending steps alone are written; `event` goes into the audit log. Raises
    NotFound, whatever `decide` raises, and WriteConflict where somebody is quicker time and again.
    """
    invoices = Invoices.of(documents, call.tenant_id)

    def changed() -> Invoice:
        [stored] = invoices.get([invoice_id])
        if stored is None:
            raise NotFound("invoice", invoice_id)
        after = decide(stored.value)
        if after == stored.value:
            return after
        record = call.record(
            f"invoices/{invoice_id}",
            event,
            before=stored.value.status.value,
            after=after.status.value,
            reason=_reason(stored.value, after),
        )
        batch_id = commit_name(event.removeprefix("invoice."), invoice_id, stored.version)
        trace = invoice_trace(documents, [(stored.value, after)], call=call)
        audit = AuditLog.of(documents, call.tenant_id).batch(
            [record, *trace.records], batch_id=batch_id, recorded_at=call.recorded_at
        )
        documents.commit([invoices.collected(stored, after), *trace.writes, audit])
        return after

    return again_while_others_write(changed)


def _reason(before: Invoice, after: Invoice) -> str:
    attempts = [each for each in after.attempts if each not in before.attempts]
    told = [f"attempt {each.number}: {each.status.value} {each.code}".strip() for each in attempts]
    if after.checkout_id != before.checkout_id:
        told.append(f"page {after.checkout_id or before.checkout_id}")
    if after.page_payment_id != before.page_payment_id:
        is_new = bool(after.page_payment_id)
        told.append(
            f"payment {after.page_payment_id} is under way" if is_new else f"payment {before.page_payment_id} ended"
        )
    told += [f"to {each.value}" for each in after.pending if each not in before.pending]
    return ", ".join(told)
