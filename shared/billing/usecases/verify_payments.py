"""Verify what invoices say was paid: it is what the payments that are applied to them come to, less refunds."""

from collections.abc import Sequence

from billing.domain.document_check import Difference
from billing.domain.finding import FindingKind
from billing.domain.invoice import Invoice
from billing.domain.money import Money
from billing.domain.paid_parts import PaidParts
from billing.domain.payment import Payment
from billing.ports import Document, Query
from billing.store.codec import BrokenDocument, decode
from billing.store.payments import MOST_INVOICES, Payments
from billing.usecases.verification import Verification


def read_payments(verification: Verification) -> PaidParts:
    """What all payments come to, by invoice; one that can't be read is a finding."""
    parts = PaidParts()
    for page in verification.pages("payments", Query(_payments(verification).collection.path)):
        _add(verification, page, parts=parts)
    return parts


def payments_of(verification: Verification, invoice_ids: Sequence[str]) -> PaidParts:
    """What the payments of a page of invoices come to; one that can't be read is a finding."""
    parts, seen = PaidParts(), set[str]()
    for start in range(0, len(invoice_ids), MOST_INVOICES):
        query = _payments(verification).of_invoices(invoice_ids[start : start + MOST_INVOICES])
        for page in verification.all_of(query):
            _add(verification, [each for each in page if each.id not in seen], parts=parts)
            seen |= {each.id for each in page}
    verification.read["payments"] += len(seen)
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
        for payment in _payments(verification).of_invoice(invoice_id):
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


def _add(verification: Verification, page: Sequence[Document], *, parts: PaidParts) -> None:
    for document in page:
        try:
            parts.add(decode(document.fields, Payment))
        except BrokenDocument as error:
            verification.find(FindingKind.UNREADABLE, f"payments/{document.id}", str(error))


def _payments(verification: Verification) -> Payments:
    return Payments.of(verification.documents, verification.request.tenant_id)
