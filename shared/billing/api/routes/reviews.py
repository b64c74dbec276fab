"""`/api/billing/reviews`: what waits for a decision; the decisions are made on the invoice itself."""

from datetime import datetime
from typing import Annotated

from billing.api.routes.books import Books, reading
from billing.api.routes.models import AnswerModel, NamedId
from billing.api.routes.noun import noun
from billing.api.routes.paging import Paged, Paging, Several, any_of
from billing.domain.errors import NotFound
from billing.domain.invoice import Invoice
from billing.domain.review import Resolution, Review, ReviewKind, ReviewStatus, review_of_case
from billing.store.codec import decode
from billing.store.dunning_cases import DunningCases
from billing.store.invoices import Invoices, decode_invoice
from billing.store.pages import page_by_id
from billing.store.reviews import Reviews

router = noun("reviews")
Reading = Annotated[Books, reading("reviews")]


class ReviewAnswer(AnswerModel):
    """What is held back or waits, why, and what became of it; `figures` say what the reason rests on."""

    id: str
    kind: ReviewKind
    entity: str
    invoice_id: str
    customer_id: str
    reason: str
    figures: dict[str, str]
    opened_at: datetime
    status: ReviewStatus
    resolution: Resolution | None
    note: str
    actor: str
    resolved_at: datetime | None


@router.get("")
def list_reviews(
    books: Reading, paging: Paging, *, status: Several[ReviewStatus], kind: Several[ReviewKind]
) -> Paged[ReviewAnswer]:
    """List what is or was held back before issue, in the order of ids."""
    found = page_by_id(
        Reviews.of(books.documents, books.tenant_id).collection,
        paging.wanted,
        read=lambda each: decode(each.fields, Review),
        equals={"status": any_of(status), "kind": any_of(kind)},
    )
    return paging.answer(found, ReviewAnswer, id_of=lambda each: each.id)


@router.get("/unpaid")
def list_unpaid(books: Reading, paging: Paging) -> Paged[ReviewAnswer]:
    """List the unpaid invoices whose dunning case waits for a person, in the order of the invoices' ids."""
    found = page_by_id(
        DunningCases.of(books.documents, books.tenant_id).collection,
        paging.wanted,
        read=lambda each: decode_invoice(each).value,
        equals={"dunning_review": True},
    )
    return paging.shown(found, as_answer=_unpaid, id_of=lambda each: each.id)


@router.get("/{review_id}")
def get_review(review_id: NamedId, books: Reading) -> ReviewAnswer:
    """One case, by its own id or the latest about the invoice of that id."""
    reviews = Reviews.of(books.documents, books.tenant_id)
    [found] = reviews.get([review_id])
    if found is not None:
        return ReviewAnswer.model_validate(found.value)
    about = [each.value for each in reviews.about([f"invoices/{review_id}"])]
    [invoice] = Invoices.of(books.documents, books.tenant_id).get([review_id])
    unpaid = None if invoice is None else review_of_case(invoice.value)
    if unpaid is not None:  # what is unpaid was issued, so nothing about it was held back later
        about.append(unpaid)
    if not about:
        raise NotFound("review", review_id)
    return ReviewAnswer.model_validate(about[-1])


def _unpaid(invoice: Invoice) -> ReviewAnswer:
    return ReviewAnswer.model_validate(review_of_case(invoice))
