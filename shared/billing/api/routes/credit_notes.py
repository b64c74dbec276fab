"""`/api/billing/credit-notes`: what customers got back, each against an invoice."""

from decimal import Decimal
from typing import Annotated, Literal, assert_never

from fastapi import Query, Response
from pydantic import Field

from billing.api.routes.books import Books, changing, reading
from billing.api.routes.documents import (
    FileAnswer,
    IssuedAnswer,
    LineAnswer,
    PartyAnswer,
    SettlementFailureAnswer,
    TaxAnswer,
)
from billing.api.routes.field_names import FieldOf, said_of
from billing.api.routes.models import LONGEST_ID, AnswerModel, GivenModel, Id, Minor, NamedId, Reason, RefundTo
from billing.api.routes.noun import noun
from billing.api.routes.paging import Paged, Paging
from billing.domain.credit import CreditNote
from billing.domain.credit_request import AmountCredit, CreditRequest, LineCredit, LinesCredit, WholeCredit
from billing.domain.errors import InvalidInput
from billing.domain.invoice import SettlementStep
from billing.domain.payment import RefundTarget
from billing.store.credit_notes import CreditNotes, decode_credit_note
from billing.store.pages import page_by_id
from billing.usecases.issue_credit_note import issue_credit_note

router = noun("credit-notes")
Reading = Annotated[Books, reading("credit-notes")]
Changing = Annotated[Books, changing("credit-notes")]
GivenId = Annotated[str | None, Query(min_length=1, max_length=LONGEST_ID)]


class CreditRefundAnswer(AnswerModel):
    """What of a payment of the credited invoice goes back, and where to."""

    payment_id: str
    amount: int
    refund_to: RefundTo


class CreditNoteAnswer(IssuedAnswer):
    """A credit note. Amounts are in the customer's favour, in minor units of `currency`."""

    invoice_id: str
    seller: PartyAnswer
    buyer: PartyAnswer
    lines: list[LineAnswer]
    tax_lines: list[TaxAnswer]
    balance_added: int
    refunds: list[CreditRefundAnswer]
    reason: str
    notes: list[str]
    pending: list[SettlementStep]
    attachments: list[FileAnswer]


class GivenWhole(GivenModel):
    """All that is left of the invoice."""

    kind: Literal["whole"]


class GivenAmount(GivenModel):
    """So much, taxes included, spread over all charges."""

    kind: Literal["amount"]
    amount: Minor


class GivenLine(GivenModel):
    """All that is left of one line, or an amount or a quantity of it."""

    line_id: Id
    amount: Minor | None = None
    quantity: Annotated[Decimal, Field(gt=0, max_digits=24, decimal_places=12)] | None = None


class GivenLines(GivenModel):
    """Some lines."""

    kind: Literal["lines"]
    lines: Annotated[list[GivenLine], Field(min_length=1, max_length=500)]


class GivenCredit(GivenModel):
    """What to credit of which invoice, and why; `refund_to` is where money goes that was paid already."""

    invoice: Id
    what: Annotated[GivenWhole | GivenAmount | GivenLines, Field(discriminator="kind")]
    reason: Reason
    refund_to: RefundTarget | None = None
    key: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")] | None = None


class IssuedCreditAnswer(AnswerModel):
    """The credit note; `known` says that the same request was done before. The next run does what is unsettled."""

    credit_note: CreditNoteAnswer
    known: bool
    unsettled: list[SettlementFailureAnswer]


@router.get("")
def list_credit_notes(
    books: Reading, paging: Paging, *, customer_id: GivenId = None, invoice_id: GivenId = None, number: GivenId = None
) -> Paged[CreditNoteAnswer]:
    """List credit notes in the order of their ids."""
    found = page_by_id(
        CreditNotes.of(books.documents, books.tenant_id).collection,
        paging.wanted,
        read=lambda each: decode_credit_note(each).value,
        equals={"customer_id": customer_id, "invoice_id": invoice_id, "number": number},
    )
    return paging.answer(found, CreditNoteAnswer, id_of=lambda each: each.id)


@router.get("/{id_or_number}")
def get_credit_note(id_or_number: NamedId, books: Reading) -> CreditNoteAnswer:
    """One credit note, by its id or its number."""
    return CreditNoteAnswer.model_validate(_named(books, id_or_number))


@router.post("", status_code=201)
def issue(given: GivenCredit, books: Changing, response: Response) -> IssuedCreditAnswer:
    """Credit a part of an issued invoice, or all that is left. It lowers the amount due first; the rest is refunded.

    The same `key` against the same invoice is the same note, as is the same Idempotency-Key without one.
    """
    request = CreditRequest(
        key=given.key or books.access.new_id("credit"),
        what=_what(given.what),
        reason=given.reason,
        refund_to=given.refund_to,
    )
    with said_of(_field_of(given.what)):
        issued = issue_credit_note(books.documents, given.invoice, request, call=books.call)
    settled = books.engine.settle_credit_notes(books.tenant, [issued.credit_note])
    note = _named(books, issued.credit_note.value.id)
    response.headers["Location"] = f"/api/billing/credit-notes/{note.id}"
    return IssuedCreditAnswer(
        credit_note=CreditNoteAnswer.model_validate(note),
        known=issued.known,
        unsettled=[SettlementFailureAnswer.model_validate(each) for each in settled.failures],
    )


def _named(books: Books, id_or_number: str) -> CreditNote:
    return CreditNotes.of(books.documents, books.tenant_id).named(id_or_number).value


def _what(given: GivenWhole | GivenAmount | GivenLines) -> WholeCredit | AmountCredit | LinesCredit:
    match given:
        case GivenWhole():
            return WholeCredit()
        case GivenAmount(amount=amount):
            return AmountCredit(amount=amount)
        case GivenLines(lines=lines):
            return LinesCredit(lines=tuple(LineCredit(**each.model_dump()) for each in lines))
        case _:
            assert_never(given)


def _field_of(given: GivenWhole | GivenAmount | GivenLines) -> FieldOf:
    """The rules speak of the amount, of lines by their ids, and of what is credited in all."""
    lines = given.lines if isinstance(given, GivenLines) else []
    places = {each.line_id: place for place, each in enumerate(lines)}

    def field_of(error: InvalidInput) -> str:
        rule, _, line_id = error.field.partition(".")
        if rule == "credited":
            return "what"
        if rule == "amount":
            return "what.amount"
        if rule != "lines":
            return error.field
        if line_id in places:
            value = "quantity" if lines[places[line_id]].quantity is not None else "amount"
            return f"what.lines[{places[line_id]}].{value}"
        wrong = str(error.given).partition(", ")[0]  # the first of those that are no charge, or named twice
        return f"what.lines[{places[wrong]}].line_id" if wrong in places else "what.lines"

    return field_of
