"""Void an issued invoice that nothing was paid of: it keeps number and PDF, and is owed no more (semantics 7)."""

from collections.abc import Iterable
from dataclasses import replace

from billing.domain.errors import InvalidInput
from billing.domain.explanation import CreditStep
from billing.domain.guard import without
from billing.domain.invoice import Invoice, InvoiceStatus
from billing.domain.invoice_life import InvoiceNotVoidable, voided
from billing.domain.rebilling import not_billed_any_more
from billing.domain.run_report import Settled
from billing.ports import Documents
from billing.store.collection import Stored
from billing.store.invoices import Invoices
from billing.usecases.again import again_while_others_write
from billing.usecases.call import Call
from billing.usecases.generate_invoices import Settle
from billing.usecases.invoice_trace import invoice_trace
from billing.usecases.one_invoice import context_of, subscription_of
from billing.usecases.restore_at_once import restore_at_once
from billing.usecases.run_context import RunContext
from billing.usecases.version_check import VersionCheck, any_version


def void_invoice(
    documents: Documents,
    id_or_number: str,
    *,
    reason: str,
    call: Call,
    settle: Settle = lambda *_: Settled(),
    seen: VersionCheck = any_version,
) -> Invoice:
    """The invoice, void now or before. Nothing it had billed ahead is credited later, nor is it compared with any more.

    `settle` closes what it could still be paid by; where that fails it is pending, and the next run does it. Raises
    NotFound, InvoiceNotVoidable with what to do instead, InvalidInput for an empty reason, and whatever `seen` raises.
    """
    if not reason.strip():
        raise InvalidInput("reason", expected="why the invoice is void", given=reason)
    void = again_while_others_write(
        lambda: _void(context_of(documents, call=call), id_or_number, reason, call, seen=seen)
    )
    if not void.value.pending:
        return void.value
    settle([void], {})
    return Invoices.of(documents, call.tenant_id).named(void.value.id).value


def _void(context: RunContext, id_or_number: str, reason: str, call: Call, *, seen: VersionCheck) -> Stored[Invoice]:
    invoice = context.invoices.named(id_or_number)
    seen(invoice.version)
    if invoice.value.status is InvoiceStatus.VOID:
        return invoice
    after = voided(invoice.value, at=call.recorded_at)
    subscription = subscription_of(context, after)  # read before its bills: a bill made meanwhile moves it on
    _require_not_credited(context, invoice)
    unclaimed = replace(
        subscription.value,
        prepaid=not_billed_any_more(subscription.value.prepaid, after.id),
        recent=without(subscription.value.recent, after.subtotal),
    )
    record = call.record(
        f"invoices/{after.id}",
        "invoice.voided",
        before=invoice.value.status.value,
        after=after.status.value,
        reason=f"{after.number}: {reason}",
    )
    trace = invoice_trace(context.documents, [(invoice.value, after)], call=context.call)
    records = [record, *trace.records]
    version, *_ = context.documents.commit(
        [
            context.invoices.changed(invoice, after),
            context.subscriptions.moved_on(subscription, unclaimed),
            *trace.writes,
            context.audit.batch(records, batch_id=f"void-{after.id}", recorded_at=call.recorded_at),
        ]
    )
    restore_at_once(context.documents, [after], call=call)
    return Stored(after, version)


def _require_not_credited(context: RunContext, invoice: Stored[Invoice]) -> None:
    """Refuse to void what a later bill has given a part of back: that bill would rest on nothing."""
    bills = [each.value for each in context.invoices.of_subscription(invoice.value.subscription_id)]
    crediting = [each.number or each.id for each in bills if _credits(each, invoice.value.id)]
    crediting += [each.number for each in context.credit_notes.of_invoice(invoice.value.id)]
    if crediting:
        raise InvoiceNotVoidable(
            invoice.value,
            reason=f"{' and '.join(crediting)} credited a part of it",
            way_out=_way_out(bills, crediting),
        )


def _credits(bill: Invoice, invoice_id: str) -> bool:
    steps = (line.explanation.step for line in bill.lines)
    return bill.status is not InvoiceStatus.VOID and any(
        isinstance(step, CreditStep) and step.invoice_id == invoice_id for step in steps
    )


def _way_out(bills: Iterable[Invoice], crediting: list[str]) -> str:
    invoices = {each.number or each.id for each in bills}
    return "void that one first" if all(each in invoices for each in crediting) else "write a credit note for the rest"
