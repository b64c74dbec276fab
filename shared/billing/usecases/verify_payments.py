"""Verify what invoices say was paid: it is what the payments that are applied to them come to, less refunds."""

from billing.domain.document_check import Difference
from billing.domain.finding import FindingKind
from billing.domain.invoice import Invoice
from billing.domain.money import Money
from billing.domain.paid_parts import PaidParts
from billing.domain.payment import Payment
from billing.ports import Query
from billing.store.codec import BrokenDocument, decode
from billing.store.payments import Payments
from billing.usecases.verification import Verification


def read_payments(verification: Verification) -> PaidParts:
    """What all payments come to, by invoice; one that can't be read is a finding."""
    parts = PaidParts()
    query = Query(Payments.of(verification.documents, verification.request.tenant_id).collection.path)
    for page in verification.pages("payments", query):
        for document in page:
            try:
                parts.add(decode(document.fields, Payment))
            except BrokenDocument as error:
                verification.find(FindingKind.UNREADABLE, f"payments/{document.id}", str(error))
    return parts


def verify_paid(verification: Verification, invoice: Invoice, *, parts: PaidParts) -> None:
    """Compare an invoice with the payments as they were read; what seems to differ is read once more, as money moves.

    Nothing is said of an invoice that does not hold still meanwhile, or whose payments can't be read.
    """
    if not _differences(invoice, parts):
        return
    for each in _differences_now(verification, invoice.id):
        what = f"{invoice.number or invoice.id}, by its payments"
        entity = f"invoices/{invoice.id}"
        verification.find_difference(FindingKind.PAYMENTS_DIFFER, entity, each, name=invoice.number, what=what)


def _differences_now(verification: Verification, invoice_id: str) -> list[Difference]:
    """The invoice is read before and after its payments: whatever moves its money gives it another version."""
    invoices, parts = verification.context.invoices, PaidParts()
    [before] = invoices.get([invoice_id])
    try:
        for payment in Payments.of(verification.documents, verification.request.tenant_id).of_invoice(invoice_id):
            parts.add(payment.value)
    except BrokenDocument:  # named already
        return []
    [after] = invoices.get([invoice_id])
    if before is None or after is None or before.version != after.version:
        return []
    return _differences(after.value, parts)


def _differences(invoice: Invoice, parts: PaidParts) -> list[Difference]:
    figures = (
        ("amount paid", invoice.amount_paid, parts.paid[invoice.id]),
        ("part from the balance", invoice.balance_applied, parts.from_balance[invoice.id]),
    )
    return [
        Difference(
            field=field, stored=str(Money(stored, invoice.currency)), expected=str(Money(expected, invoice.currency))
        )
        for field, stored, expected in figures
        if stored != expected
    ]
