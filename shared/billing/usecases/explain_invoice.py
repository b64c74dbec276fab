"""Explain one invoice or credit note of a tenant, from its document alone."""

from billing.domain.errors import NotFound
from billing.domain.explained import Explained, explain
from billing.ports import Documents
from billing.store.credit_notes import CreditNotes
from billing.store.invoices import Invoices


def explain_invoice(documents: Documents, id_or_number: str, *, tenant_id: str) -> Explained:
    """The explanation of the invoice, or else the credit note, with that id or number; NotFound where there is none."""
    try:
        return explain(Invoices.of(documents, tenant_id).named(id_or_number).value)
    except NotFound:
        found = CreditNotes.of(documents, tenant_id).find(id_or_number)
        if found is None:
            raise
        return explain(found.value)
