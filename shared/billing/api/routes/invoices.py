"""`/api/billing/invoices`: to find them, read them, explain them, and see the next one."""

from datetime import datetime
from typing import Annotated

from fastapi import Query, Request, Response

from billing.api.file_door import FILES
from billing.api.file_link import file_link
from billing.api.pay_page import PAYMENT_LINK_KEY
from billing.api.routes.books import Books, reading
from billing.api.routes.conditions import entity_tag
from billing.api.routes.documents import ExplainedAnswer
from billing.api.routes.invoice_answers import InvoiceAnswer, InvoiceRow, invoice_answer
from billing.api.routes.models import LONGEST_ID, AnswerModel, DayOrInstant, Month, NamedId, PeriodAnswer
from billing.api.routes.noun import noun
from billing.api.routes.paging import Paged, Paging, Several, any_of
from billing.domain.credit import CreditNote
from billing.domain.errors import InvalidInput, NotFound
from billing.domain.invoice import Invoice, InvoiceStatus
from billing.domain.payment_link import LinkedInvoice
from billing.store.ids import checked_id
from billing.store.invoices import Invoices, decode_invoice
from billing.store.pages import page_by_id
from billing.usecases.explain_invoice import explain_invoice
from billing.usecases.file_document import filed_pdf
from billing.usecases.preview_invoice import Preview, preview_invoices

router = noun("invoices")
Reading = Annotated[Books, reading("invoices")]
PDF = "application/pdf"
PDF_SCHEMA = {"schema": {"type": "string", "contentMediaType": PDF}}
GivenId = Annotated[str | None, Query(min_length=1, max_length=LONGEST_ID)]


class PreviewedDocument(AnswerModel):
    """What the next bill would come to, in minor units of `currency`."""

    currency: str
    period: PeriodAnswer
    subtotal: int
    tax: int
    total: int


class PreviewAnswer(AnswerModel):
    """The next bill of a subscription: an invoice, a credit note, or why there is none."""

    subscription_id: str
    bill_for_date: datetime
    invoice: PreviewedDocument | None = None
    credit_note: PreviewedDocument | None = None
    skipped: str | None = None


class PreviewsAnswer(AnswerModel):
    """The next bills, as they stand at an instant."""

    at: datetime
    data: list[PreviewAnswer]


class FileLinkAnswer(AnswerModel):
    """Where the file is, until when."""

    url: str
    expires_at: datetime


@router.get("")
def list_invoices(
    books: Reading,
    paging: Paging,
    *,
    status: Several[InvoiceStatus],
    customer_id: GivenId = None,
    subscription_id: GivenId = None,
    month: Month = None,
    number: GivenId = None,
) -> Paged[InvoiceRow]:
    """List invoices in the order of their ids: by subscription, then by period. All conditions must hold."""
    found = page_by_id(
        Invoices.of(books.documents, books.tenant_id).collection,
        paging.wanted,
        read=lambda each: decode_invoice(each).value,
        equals={
            "status": any_of(status),
            "customer_id": customer_id,
            "subscription_id": subscription_id,
            "month": month,
            "number": number,
        },
    )
    return paging.answer(found, InvoiceRow, id_of=lambda each: each.id)


@router.get("/preview")
def preview_next(
    books: Reading, *, customer_id: GivenId = None, subscription_id: GivenId = None, at: DayOrInstant | None = None
) -> PreviewsAnswer:
    """Work out the next bill of one subscription, or of each of a customer's; nothing is written."""
    if (customer_id is None) == (subscription_id is None):
        given = {"customer_id": customer_id, "subscription_id": subscription_id}
        raise InvalidInput("customer_id", expected="either a customer_id or a subscription_id", given=given)
    instant = books.instant("at", at) or books.call.recorded_at
    previews = preview_invoices(
        books.documents,
        tenant_id=books.tenant_id,
        at=instant,
        customer_id=None if customer_id is None else checked_id("customer_id", customer_id),
        subscription_id=None if subscription_id is None else checked_id("subscription_id", subscription_id),
    )
    return PreviewsAnswer(at=instant, data=[preview_answer(each) for each in previews])


@router.get("/{id_or_number}")
def get_invoice(id_or_number: NamedId, books: Reading, response: Response) -> InvoiceAnswer:
    """One invoice, by its id or its number."""
    stored = Invoices.of(books.documents, books.tenant_id).named(id_or_number)
    response.headers["ETag"] = entity_tag(stored.version)
    return invoice_answer(stored.value)


@router.get("/{id_or_number}/explanation")
def get_explanation(id_or_number: NamedId, books: Reading) -> ExplainedAnswer:
    """Every figure of an invoice (or credit note), from its price and usage to the total, replayed."""
    return ExplainedAnswer.model_validate(explain_invoice(books.documents, id_or_number, tenant_id=books.tenant_id))


@router.get("/{id_or_number}/pdf", response_class=Response, responses={200: {"content": {PDF: PDF_SCHEMA}}})
def get_pdf(id_or_number: NamedId, books: Reading) -> Response:
    """The PDF of an invoice as it was filed; 404 where none was made yet."""
    invoice = Invoices.of(books.documents, books.tenant_id).named(id_or_number).value
    pdf = filed_pdf(books.engine.objects, invoice)
    if not pdf:
        raise NotFound("PDF of invoice", id_or_number)  # noqa: TRY003 - a kind, not a message
    return Response(pdf, media_type=PDF, headers={"Content-Disposition": f'inline; filename="{invoice.number}.pdf"'})


@router.get("/{id_or_number}/pdf-link")
def get_pdf_link(id_or_number: NamedId, books: Reading, request: Request) -> FileLinkAnswer:
    """An address that opens the PDF for ten minutes without a key, as a browser needs it."""
    invoice = Invoices.of(books.documents, books.tenant_id).named(id_or_number).value
    keys = books.engine.secrets.get(PAYMENT_LINK_KEY)
    if not keys or not filed_pdf(books.engine.objects, invoice):
        raise NotFound("PDF of invoice", id_or_number)  # noqa: TRY003 - a kind, not a message
    file = LinkedInvoice(tenant_id=books.tenant_id, invoice_id=invoice.id)
    link = file_link(file, key=keys[0], now=books.call.recorded_at)
    base = books.engine.payment_link_base or str(request.base_url).rstrip("/")
    return FileLinkAnswer(url=f"{base}{FILES}/{link.token}", expires_at=link.expires_at)


def preview_answer(preview: Preview) -> PreviewAnswer:
    """A bill to come as it is answered."""
    told = PreviewAnswer(subscription_id=preview.subscription_id, bill_for_date=preview.bill_for_date)
    match preview.outcome:
        case Invoice() as invoice:
            return told.model_copy(update={"invoice": PreviewedDocument.model_validate(invoice)})
        case CreditNote() as note:
            return told.model_copy(update={"credit_note": PreviewedDocument.model_validate(note)})
        case reason:
            return told.model_copy(update={"skipped": reason})
