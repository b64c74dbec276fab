"""Settle issued invoices: do what is still pending outside the database, then take the steps off in one commit.

A crash anywhere leaves the steps on the invoice, and the next run's sweep does them again. Doing a step again is
harmless: objects are written only if absent, from bytes that are the same every time.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

import orjson

from billing.domain.invoice import Attachment, Invoice, SettlementStep
from billing.ports import Documents, Objects, StoredObject, WriteConflict
from billing.store.codec import encode
from billing.store.collection import Stored
from billing.store.invoices import Invoices

_SWEEP_PAGE = 100

Render = Callable[[Sequence[Invoice]], Iterable[bytes]]
"""Makes the PDFs of invoices, in their order: the same bytes for the same invoice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """Where and how one tenant's invoices are settled."""

    documents: Documents
    objects: Objects
    tenant_id: str
    render: Render

    @property
    def invoices(self) -> Invoices:
        """The tenant's invoices."""
        return Invoices.of(self.documents, self.tenant_id)


def settle_invoices(settlement: Settlement, invoices: Sequence[Stored[Invoice]]) -> int:
    """Do the pending steps of issued invoices, as they were just committed or read; how many are settled afterwards."""
    waiting = [each for each in invoices if SettlementStep.RENDER in each.value.pending]
    pdfs = settlement.render([each.value for each in waiting])
    attachments = [_filed(settlement, each.value, pdf) for each, pdf in zip(waiting, pdfs, strict=True)]
    return _take_off(settlement, list(zip(waiting, attachments, strict=True)))


def sweep(settlement: Settlement, *, out_of_time: Callable[[], bool]) -> int:
    """Settle what earlier runs left, a page at a time; how many."""
    settled, after = 0, None
    while not out_of_time() and (page := settlement.invoices.unsettled(limit=_SWEEP_PAGE, after_id=after)):
        settled += settle_invoices(settlement, page)
        after = page[-1].value.id
    return settled


def object_key(tenant_id: str, invoice: Invoice, *, suffix: str) -> str:
    """Where an invoice's file stands; a number's slash must not open a folder."""
    return f"invoices/{tenant_id}/{invoice.issued_on.year}/{quote(invoice.number, safe='')}.{suffix}"


def _filed(settlement: Settlement, invoice: Invoice, pdf: bytes) -> tuple[Attachment, ...]:
    """Put the PDF and the invoice as JSON beside each other in the object store."""
    files = (("pdf", pdf, "application/pdf"), ("json", invoice_json(invoice), "application/json"))
    return tuple(
        _attachment(
            settlement.objects.put_new(
                object_key(settlement.tenant_id, invoice, suffix=suffix), body, content_type=content_type
            ),
            content_type,
        )
        for suffix, body, content_type in files
    )


def invoice_json(invoice: Invoice) -> bytes:
    """The invoice as it was issued, as JSON: amounts in minor units, exact decimals as text, keys sorted."""
    fields = {key: value for key, value in encode(invoice).items() if key not in ("pending", "attachments")}
    return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2)


def _attachment(stored: StoredObject, content_type: str) -> Attachment:
    return Attachment(key=stored.key, content_type=content_type, size=stored.size, sha256=stored.sha256)


def _take_off(settlement: Settlement, done: Sequence[tuple[Stored[Invoice], tuple[Attachment, ...]]]) -> int:
    """Take the finished steps off; an invoice that changed meanwhile keeps them and is swept later."""
    if not done:
        return 0
    writes = [
        settlement.invoices.settled(
            invoice,
            pending=tuple(step for step in invoice.value.pending if step is not SettlementStep.RENDER),
            attachments=attachments,
        )
        for invoice, attachments in done
    ]
    try:
        settlement.documents.commit(writes)
    except WriteConflict:
        if len(done) == 1:
            return 0
        middle = len(done) // 2
        return _take_off(settlement, done[:middle]) + _take_off(settlement, done[middle:])
    return len(done)
