"""Settle issued invoices: do what is still pending outside the database, then take the steps off in one commit.

A crash anywhere leaves the steps on the invoice, and the next run's sweep does them again. Doing a step again is
harmless: objects are written only if absent, from bytes that are the same every time.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

import orjson

from billing.domain.errors import BillingError, InvalidInput
from billing.domain.invoice import Attachment, Invoice, InvoiceStatus, SettlementStep
from billing.domain.run_report import Settled, SettlementFailure
from billing.ports import Documents, Objects, StoredObject, WriteConflict
from billing.store.codec import BrokenDocument, converter, encode
from billing.store.collection import Stored
from billing.store.invoices import Invoices, decode_invoice
from billing.usecases.refusal import foreseen

_SWEEP_PAGE = 100
_ATTEMPTS = 4

Render = Callable[[Sequence[Invoice]], Iterable[bytes]]
"""Makes the PDFs of invoices, in their order: the same bytes for the same invoice."""

_Filed = tuple[Stored[Invoice], tuple[Attachment, ...]]


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


def settle_invoices(settlement: Settlement, invoices: Sequence[Stored[Invoice]]) -> Settled:
    """Do the pending steps of issued invoices, as they were just committed or read.

    One that can't be settled keeps its steps and is named with its error; it stops no other.
    """
    waiting = [each for each in invoices if SettlementStep.RENDER in each.value.pending]
    done: list[_Filed] = []
    failures: list[SettlementFailure] = []
    for invoice, pdf in zip(
        waiting, _rendered(settlement.render, [as_issued(each.value) for each in waiting]), strict=True
    ):
        filed = _filed(settlement, invoice, pdf)
        if isinstance(filed, SettlementFailure):
            failures.append(filed)
        else:
            done.append(filed)
    return Settled(failures=failures) + _take_off(settlement, done)


def sweep(settlement: Settlement, *, out_of_time: Callable[[], bool]) -> Settled:
    """Settle what earlier runs left, a page at a time."""
    settled, after = Settled(), None
    while not out_of_time() and (page := settlement.invoices.unsettled(limit=_SWEEP_PAGE, after_id=after)):
        invoices: list[Stored[Invoice]] = []
        for document in page:
            try:
                invoices.append(decode_invoice(document))
            except BrokenDocument as error:
                settled += Settled(failures=[_failure(document.id, error)])
        settled += settle_invoices(settlement, invoices)
        after = page[-1].id
    return settled


def object_key(tenant_id: str, invoice: Invoice, *, suffix: str) -> str:
    """Where an invoice's file stands; a number's slash must not open a folder."""
    return f"invoices/{tenant_id}/{invoice.issued_on.year}/{quote(invoice.number, safe='')}.{suffix}"


def _rendered(render: Render, invoices: Sequence[Invoice]) -> Iterator[bytes | Exception]:
    """The PDF of each invoice in order, or the error of one that can't be drawn; the others are drawn all the same."""
    drawn = 0
    while drawn < len(invoices):
        pdfs = _one_by_one(render, invoices[drawn:])
        pdf: bytes | Exception = b""
        while drawn < len(invoices) and not isinstance(pdf, Exception):
            pdf = _next(pdfs)
            drawn += 1
            yield pdf


def _one_by_one(render: Render, invoices: Sequence[Invoice]) -> Iterator[bytes]:
    yield from render(invoices)


def _next(pdfs: Iterator[bytes]) -> bytes | Exception:
    try:
        pdf = next(pdfs, None)
    except Exception as error:  # noqa: BLE001 - whatever one invoice does to the drawing costs no other its PDF
        return error
    return ValueError("the renderer made no PDF of it") if pdf is None else pdf


def _filed(settlement: Settlement, invoice: Stored[Invoice], pdf: bytes | Exception) -> _Filed | SettlementFailure:
    """Put the PDF and the invoice as JSON beside each other in the object store."""
    if isinstance(pdf, Exception):
        return _failure(invoice.value.id, pdf)
    files = (("pdf", pdf, "application/pdf"), ("json", invoice_json(invoice.value), "application/json"))
    try:
        attachments = [
            _attachment(
                settlement.objects.put_new(
                    object_key(settlement.tenant_id, invoice.value, suffix=suffix), body, content_type=content_type
                ),
                content_type,
            )
            for suffix, body, content_type in files
        ]
    except BillingError as error:
        return _failure(invoice.value.id, error)
    return invoice, tuple(attachments)


def as_issued(invoice: Invoice) -> Invoice:
    """The invoice as it was when it was issued: a file made late, or again, says nothing of what happened since."""
    status = InvoiceStatus.PAID if invoice.total == 0 else InvoiceStatus.ISSUED
    return replace(invoice, status=status, amount_paid=0, pending=(), attachments=())


def invoice_json(invoice: Invoice) -> bytes:
    """The invoice as it was issued, as JSON: amounts in minor units, exact decimals as text, keys sorted."""
    issued = as_issued(invoice)
    fields: dict[str, object] = {**encode(issued)}
    for moving in ("pending", "attachments"):
        del fields[moving]
    fields["lines"] = [
        {**line, "explanation": orjson.Fragment(line["explanation"])} for line in converter().unstructure(issued.lines)
    ]
    if issued.basis is not None:
        fields["basis"] = orjson.Fragment(converter().unstructure(issued.basis))
    return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2)


def _attachment(stored: StoredObject, content_type: str) -> Attachment:
    return Attachment(key=stored.key, content_type=content_type, size=stored.size, sha256=stored.sha256)


def _take_off(settlement: Settlement, done: Sequence[_Filed], *, attempt: int = 1) -> Settled:
    """Take the finished steps off, together if nothing else happened to the invoices meanwhile."""
    if not done:
        return Settled()
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
    except (WriteConflict, InvalidInput) as error:
        if isinstance(error, WriteConflict) and attempt < _ATTEMPTS:
            left, unreadable = _read_again(settlement, done)
            return Settled(failures=unreadable) + _take_off(settlement, left, attempt=attempt + 1)
        if len(done) == 1:
            return Settled(failures=[_failure(done[0][0].value.id, error)])
        middle = len(done) // 2
        halves = _take_off(settlement, done[:middle], attempt=attempt)
        return halves + _take_off(settlement, done[middle:], attempt=attempt)
    return Settled(done=[invoice.value.id for invoice, _ in done])


def _read_again(settlement: Settlement, done: Sequence[_Filed]) -> tuple[list[_Filed], list[SettlementFailure]]:
    """Those whose steps nobody has taken off meanwhile, as they stand now, and those that can't be read any more."""
    left: list[_Filed] = []
    failures: list[SettlementFailure] = []
    documents = settlement.invoices.collection.get([invoice.value.id for invoice, _ in done])
    for (_, attachments), document in zip(done, documents, strict=True):
        if document is None:
            continue
        try:
            now = decode_invoice(document)
        except BrokenDocument as error:
            failures.append(_failure(document.id, error))
            continue
        if SettlementStep.RENDER in now.value.pending:
            left.append((now, attachments))
    return left, failures


def _failure(invoice_id: str, error: Exception) -> SettlementFailure:
    known = foreseen(error)
    return SettlementFailure(invoice_id=invoice_id, code=known.code, message=str(known))
