"""Verify invoices and credit notes: each is read once, computed again, replayed, and compared with its files."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from billing.domain.credit import CreditNote
from billing.domain.document_check import Difference, differing_lines, differing_sums
from billing.domain.errors import BillingError, NotFound
from billing.domain.finding import FindingKind
from billing.domain.invoice import Invoice, InvoiceStatus
from billing.domain.invoicing import number_day
from billing.domain.number_check import NumberCheck
from billing.domain.paid_parts import PaidParts
from billing.domain.recomputed import differing
from billing.domain.rollup import month_of
from billing.ports import Document
from billing.store.codec import BrokenDocument, decode
from billing.store.invoices import NO_REVENUE
from billing.usecases.recompute_page import Recomputed, recompute_page
from billing.usecases.verification import Verification
from billing.usecases.verify_files import verify_files
from billing.usecases.verify_payments import payments_of, read_payments, verify_paid
from billing.usecases.verify_reissues import verify_reissued

_AT_ONCE = 100
_MISSING = {"subscription": FindingKind.SUBSCRIPTION_MISSING, "customer": FindingKind.CUSTOMER_MISSING}

D = TypeVar("D", Invoice, CreditNote)


def verify_invoices(verification: Verification) -> None:
    """The invoices of the periods, drafts that wait for a decision included; void ones where all are verified."""
    periods = verification.request.periods
    parts = read_payments(verification) if periods is None else None
    for page in verification.pages("invoices", *verification.context.invoices.in_months(periods), may_pause=True):
        verify_read(verification, page, parts=parts)


def verify_read(verification: Verification, page: Sequence[Document], *, parts: PaidParts | None = None) -> None:
    """A page of invoices, those of other periods left out. `parts`: what all payments come to, where they were read."""
    read = [each for each in _decoded(verification, page, Invoice) if _is_wanted(verification, each[1])]
    _verify_page(verification, [invoice for _, invoice in read], collection="invoices")
    if parts is None:
        parts = payments_of(verification, [invoice.id for _, invoice in read])
    for document, invoice in read:
        _verify_indexed(verification, document, invoice)
        verify_paid(verification, invoice, parts=parts)


def verify_credit_notes(verification: Verification) -> None:
    """The credit notes of the periods."""
    query = verification.context.credit_notes.in_months(verification.request.periods)
    credited = Counter[str]()
    for page in verification.pages("credit_notes", query):
        read = [note for _, note in _decoded(verification, page, CreditNote)]
        wanted = [each for each in read if _is_wanted(verification, each)]
        _verify_page(verification, wanted, collection="credit_notes")
        for note in [note for note in wanted if note.is_by_hand]:
            credited[note.invoice_id] += note.total
    _verify_credited(verification, credited)


def learn_bills(verification: Verification) -> None:
    """Read what the periods were billed, where earlier slices of the time verified it: which there are, and numbers."""
    context, periods = verification.context, verification.request.periods
    for each in context.invoices.in_months(periods):
        for page in verification.all_of(each):
            for document in page:
                _learn(verification, document, Invoice, check=verification.invoice_numbers)
    for page in verification.all_of(context.credit_notes.in_months(periods)):
        for document in page:
            _learn(verification, document, CreditNote, check=verification.credit_note_numbers)


def _learn(
    verification: Verification, document: Document, kind: type[Invoice] | type[CreditNote], *, check: NumberCheck
) -> None:
    try:
        bill = decode(document.fields, kind)
    except BrokenDocument:  # the slice that verified it named it
        return
    if _is_wanted(verification, bill):
        verification.known["/".join(document.path.split("/")[-2:])] = bool(bill.number)
        if bill.number:
            check.add(bill.number, day=number_day(bill, verification.context.tenant))


def _is_wanted(verification: Verification, document: Invoice | CreditNote) -> bool:
    return verification.request.wants(month_of(document.period.start, zone=document.zone))


def _verify_page(verification: Verification, documents: Sequence[Invoice | CreditNote], *, collection: str) -> None:
    sound: dict[str, bool] = {}
    page = recompute_page(verification.context, documents)
    for each in page:
        document, entity, before = each.document, f"{collection}/{each.document.id}", verification.findings.total
        verification.known[entity] = bool(document.number)
        _verify_computation(verification, each, entity)
        _verify_arithmetic(verification, document, entity)
        if document.number:
            _verify_number(verification, document, entity)
        elif not isinstance(document, Invoice) or document.status is not InvoiceStatus.DRAFT:
            verification.find(FindingKind.NUMBER_MALFORMED, entity, f"{document.id} is issued without a number")
        sound[entity] = verification.findings.total == before
    verify_reissued(verification, page)
    if verification.request.objects:
        issued = [each for each in documents if each.number]
        verify_files(verification, [(f"{collection}/{each.id}", each) for each in issued], sound=sound)


def _decoded(verification: Verification, page: Sequence[Document], kind: type[D]) -> Iterator[tuple[Document, D]]:
    for document in page:
        entity = "/".join(document.path.split("/")[-2:])
        try:
            value = decode(document.fields, kind)
        except BrokenDocument as error:
            verification.find(FindingKind.UNREADABLE, entity, str(error))
            continue
        if value.id != document.id:
            message = f"{entity} says that it is {value.id}"
            verification.find(FindingKind.INVOICE_DIFFERS, entity, message, name=value.number)
        yield document, value


def _verify_computation(verification: Verification, recomputed: Recomputed, entity: str) -> None:
    document, outcome = recomputed.document, recomputed.outcome
    name = document.number
    match outcome:
        case None if isinstance(document, CreditNote) and document.is_by_hand:
            verification.read["by_hand"] += 1
        case None:
            verification.read["not_recomputable"] += 1
        case NotFound() if outcome.kind in _MISSING:
            message = f"{name or document.id}: its {outcome.kind} {outcome.key} does not exist"
            verification.find(_MISSING[outcome.kind], entity, message, name=name)
        case BillingError():
            message = f"{name or document.id} can't be computed again: {outcome}"
            verification.find(FindingKind.NOT_COMPUTABLE, entity, message, name=name)
        case _:
            verification.read["recomputed"] += 1
            what = f"{name or document.id}, computed again from the stored facts"
            for each in differing(document, outcome):
                verification.find_difference(FindingKind.INVOICE_DIFFERS, entity, each, name=name, what=what)


def _verify_arithmetic(verification: Verification, document: Invoice | CreditNote, entity: str) -> None:
    checks: tuple[tuple[FindingKind, Callable[[Invoice | CreditNote], Iterator[Difference]], str], ...] = (
        (FindingKind.EXPLANATION_DIFFERS, differing_lines, "by its own explanation"),
        (FindingKind.INVOICE_DOES_NOT_ADD_UP, differing_sums, "by its own figures"),
    )
    for kind, check, basis in checks:
        for each in check(document):
            what = f"{document.number or document.id}, {basis}"
            verification.find_difference(kind, entity, each, name=document.number, what=what)


def _verify_number(verification: Verification, document: Invoice | CreditNote, entity: str) -> None:
    is_invoice = isinstance(document, Invoice)
    check = verification.invoice_numbers if is_invoice else verification.credit_note_numbers
    day = number_day(document, verification.context.tenant)
    if not check.add(document.number, day=day):
        expected = check.numbers.number(day, 1)
        message = f"number {document.number} is not one of its series, whose first is {expected}"
        verification.find(FindingKind.NUMBER_MALFORMED, entity, message, name=document.number)


def _verify_credited(verification: Verification, credited: Mapping[str, int]) -> None:
    """What credit notes took off an invoice must be what the invoice says, and no more than it was."""
    ids = sorted(credited)
    for start in range(0, len(ids), _AT_ONCE):
        part = ids[start : start + _AT_ONCE]
        paths = [verification.context.invoices.path(each) for each in part]
        for invoice_id, document in zip(part, verification.documents.get_many(paths), strict=True):
            fields = {} if document is None else document.fields
            stored, expected = fields.get("amount_credited"), credited[invoice_id]
            total = fields.get("total")
            if stored != expected or not isinstance(total, int) or total < expected:
                difference = Difference(field="amount credited", stored=f"{stored} of {total}", expected=str(expected))
                what, name = f"{fields.get('number')}, by its credit notes", str(fields.get("number", ""))
                entity = f"invoices/{invoice_id}"
                verification.find_difference(FindingKind.INVOICE_DIFFERS, entity, difference, name=name, what=what)


def _verify_indexed(verification: Verification, document: Document, invoice: Invoice) -> None:
    """The fields that queries and server-side sums go by must say what the invoice says."""
    for field, expected in (
        ("amount_due", invoice.amount_due),
        ("month", None if invoice.status in NO_REVENUE else month_of(invoice.period.start, zone=invoice.zone)),
        ("country", invoice.buyer.country),
    ):
        stored = document.fields.get(field)
        if field == "amount_due" and invoice.overpaid and stored == -invoice.overpaid:
            continue  # the version before kept it below 0 until the refund was made
        if stored != expected:
            difference = Difference(field=field, stored=str(stored), expected=str(expected))
            what = f"{invoice.number or invoice.id}, what queries go by"
            entity = f"invoices/{document.id}"
            verification.find_difference(
                FindingKind.INVOICE_DIFFERS, entity, difference, name=invoice.number, what=what
            )
