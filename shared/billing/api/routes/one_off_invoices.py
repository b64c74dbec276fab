"""`/api/billing/invoices`: to invoice a customer once, beside all periods, at once or as a draft."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from fastapi import Response
from pydantic import Field

from billing.api.routes.books import Books, changing
from billing.api.routes.invoice_actions import unsettled
from billing.api.routes.invoice_answers import InvoiceAnswer, SettledInvoiceAnswer, invoice_answer
from billing.api.routes.models import GivenModel, Id, OneLine, Reason, in_range
from billing.api.routes.noun import noun
from billing.domain.invoice import InvoiceStatus
from billing.domain.run_report import Settled
from billing.store.invoices import Invoices
from billing.usecases.invoice_once import MOST_LINES, invoice_once, preview_once
from billing.usecases.one_off_draft import OneOff, OneOffLine

router = noun("invoices")
Changing = Annotated[Books, changing("invoices")]


class GivenInvoiceLine(GivenModel):
    """So many of something at an exact price in the major unit; a price below 0 is a discount.

    Tax comes on top unless the price has it in it.
    """

    description: OneLine
    quantity: Annotated[Decimal, Field(gt=0, max_digits=24, decimal_places=12)] = Decimal(1)
    unit_price: Annotated[Decimal, Field(max_digits=24, decimal_places=12)]
    tax_inclusive: bool = False


class GivenOneOff(GivenModel):
    """What to invoice whom. Due by the tenant's terms without `due_on`; `reference` is the buyer's own, as `PO-7`.

    A `draft` waits in the review queue, to be approved or rejected.
    """

    customer_id: Id
    lines: Annotated[tuple[GivenInvoiceLine, ...], Field(min_length=1, max_length=MOST_LINES)]
    due_on: date | None = None
    reference: OneLine | None = None
    note: Reason | None = None
    draft: bool = False


@router.post("", status_code=201)
def create(given: GivenOneOff, books: Changing, response: Response) -> SettledInvoiceAnswer:
    """Invoice a customer once: with the next number, or as a draft that waits for approval.

    It is taxed, filed, sent and charged as a run's invoice. The same Idempotency-Key is the same invoice.
    """
    options = books.engine.run_options(books.tenant_id)
    made = invoice_once(
        books.documents, _asked(given, books), call=books.call, draft=given.draft, payment_url=options.payment_url
    )
    is_held = made.invoice.value.status is InvoiceStatus.DRAFT
    settled = Settled() if made.known or is_held else options.settle([made.invoice], {})
    invoice = Invoices.of(books.documents, books.tenant_id).named(made.invoice.value.id).value
    response.headers["Location"] = f"/api/billing/invoices/{invoice.id}"
    return SettledInvoiceAnswer(invoice=invoice_answer(invoice), unsettled=unsettled(settled))


@router.post("/preview")
def preview_one_off(given: GivenOneOff, books: Changing) -> InvoiceAnswer:
    """The invoice as it would be, without a number; nothing is written."""
    return invoice_answer(preview_once(books.documents, _asked(given, books), call=books.call))


def _asked(given: GivenOneOff, books: Books) -> OneOff:
    lines = [OneOffLine(**each.model_dump()) for each in given.lines]
    return OneOff(
        customer_id=given.customer_id,
        key=books.access.new_id("one-off"),
        lines=tuple(lines),
        due_on=None if given.due_on is None else in_range("due_on", given.due_on),
        reference=given.reference or "",
        notes=() if given.note is None else (given.note,),
    )
