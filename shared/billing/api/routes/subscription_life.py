"""`/api/billing/subscriptions/...`: to open one and to change its life; each change can be previewed first."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from fastapi import Response
from pydantic import Field

from billing.adapters.book_files.cell_types import Zone
from billing.api.routes.books import Books, changing, reading
from billing.api.routes.conditions import Condition, OverRead
from billing.api.routes.credit_notes import CreditNoteAnswer
from billing.api.routes.field_names import by_name, said_of
from billing.api.routes.invoices import PreviewAnswer, PreviewedDocument, preview_answer
from billing.api.routes.life_bodies import (
    GivenCancellation,
    GivenChange,
    GivenItems,
    GivenPause,
    GivenPlanChange,
    GivenResume,
    GivenUndo,
    change_of,
    field_of,
)
from billing.api.routes.models import AnswerModel, GivenModel, Id, LocalDayOrInstant, NamedId, day_or_instant
from billing.api.routes.noun import noun
from billing.api.routes.subscriptions import SubscriptionAnswer, as_it_stands, subscription_answer
from billing.domain.new_subscription import NewSubscription
from billing.usecases.change_life import change_life
from billing.usecases.create_subscription import create_subscription, preview_subscription
from billing.usecases.preview_life import preview_life

router = noun("subscriptions")
Changing = Annotated[Books, changing("subscriptions")]
_NAMES = by_name({"addon_id": "items.{given}"})
Reading = Annotated[Books, reading("subscriptions")]
Quantity = Annotated[Decimal, Field(ge=0, max_digits=24, decimal_places=12)]


class GivenSubscription(GivenModel):
    """A plan version (`plan@version`) for a customer from `start` on (now); add-ons by id, coupons in their order.

    `time_zone` is the IANA name of its days (the tenant's), `start`'s too. `backdated` says that periods which are over
    already are to be billed too.
    """

    id: Id | None = None
    customer_id: Id
    plan: Id
    start: LocalDayOrInstant | None = None
    time_zone: Zone | None = None
    items: Annotated[dict[Id, Quantity], Field(max_length=100)] = Field(default_factory=dict)
    coupons: Annotated[tuple[Id, ...], Field(max_length=20)] = ()
    backdated: bool = False


class ChangedAnswer(AnswerModel):
    """A subscription after a change, and the credit note for unused time where that is given back at once."""

    subscription: SubscriptionAnswer
    credit_note: CreditNoteAnswer | None


class LifePreviewAnswer(AnswerModel):
    """What the next bills say without the change and with it, from the first that differs on."""

    at: datetime
    subscription: SubscriptionAnswer
    without: list[PreviewAnswer]
    bills: list[PreviewAnswer]
    credit_note: PreviewedDocument | None


class BillsAnswer(AnswerModel):
    """The bills that a subscription would have."""

    data: list[PreviewAnswer]


@router.post("", status_code=201)
def create(given: GivenSubscription, books: Changing, response: Response) -> SubscriptionAnswer:
    """Open a subscription; the runs bill it. The same id or Idempotency-Key again is the same subscription."""
    with said_of(_NAMES):
        created = create_subscription(books.documents, _new(given, books), call=books.call)
    response.headers["Location"] = f"/api/billing/subscriptions/{created.subscription.id}"
    return as_it_stands(books, created.subscription.id, response)


@router.post("/preview")
def preview_new(given: GivenSubscription, books: Changing) -> BillsAnswer:
    """The bills that a subscription would have up to now, or its first one; nothing is written."""
    with said_of(_NAMES):
        previews = preview_subscription(books.documents, _new(given, books), call=books.call)
    return BillsAnswer(data=[preview_answer(each) for each in previews])


@router.post("/{subscription_id}/preview")
def preview_change(subscription_id: NamedId, given: GivenChange, books: Changing) -> LifePreviewAnswer:
    """What the next bills say without a change and with it; nothing is written."""
    change = change_of(given, books, subscription_id)
    with said_of(field_of(given)):
        found = preview_life(books.documents, subscription_id, change, call=books.call)
    return LifePreviewAnswer(
        at=found.at,
        subscription=subscription_answer(found.after),
        without=[preview_answer(each) for each in found.without],
        bills=[preview_answer(each) for each in found.bills],
        credit_note=None if found.credit_note is None else PreviewedDocument.model_validate(found.credit_note),
    )


@router.post("/{subscription_id}/items")
def change_items(subscription_id: NamedId, given: GivenItems, books: Changing, over: OverRead) -> ChangedAnswer:
    """So many of each add-on from then on; 0 ends it."""
    return _changed(books, subscription_id, given, over)


@router.post("/{subscription_id}/plan")
def change_plan(subscription_id: NamedId, given: GivenPlanChange, books: Changing, over: OverRead) -> ChangedAnswer:
    """Another plan version from then on. The plan in force takes back a change still to come."""
    return _changed(books, subscription_id, given, over)


@router.post("/{subscription_id}/cancel")
def cancel(subscription_id: NamedId, given: GivenCancellation, books: Changing, over: OverRead) -> ChangedAnswer:
    """End it, at the period's end unless told otherwise; `unused` says what becomes of what was paid ahead."""
    return _changed(books, subscription_id, given, over)


@router.post("/{subscription_id}/cancel/undo")
def undo_cancel(subscription_id: NamedId, books: Changing, over: OverRead) -> ChangedAnswer:
    """Take an end back that is still to come."""
    return _changed(books, subscription_id, GivenUndo(change="undo_cancel"), over)


@router.post("/{subscription_id}/pause")
def pause(subscription_id: NamedId, given: GivenPause, books: Changing, over: OverRead) -> ChangedAnswer:
    """Charge nothing recurring from then on, until an instant or until it is resumed."""
    return _changed(books, subscription_id, given, over)


@router.post("/{subscription_id}/resume")
def resume(subscription_id: NamedId, given: GivenResume, books: Changing, over: OverRead) -> ChangedAnswer:
    """Charge again from then on."""
    return _changed(books, subscription_id, given, over)


def _new(given: GivenSubscription, books: Books) -> NewSubscription:
    zone, now = given.time_zone or books.tenant.zone, books.call.recorded_at.replace(microsecond=0)
    return NewSubscription(
        id=given.id or books.access.new_id("sub"),
        customer_id=given.customer_id,
        plan=given.plan,
        start=now if given.start is None else day_or_instant("start", given.start, zone=zone),
        quantities=given.items,
        coupons=given.coupons,
        backdated=given.backdated,
        zone=zone,
    )


def _changed(books: Books, subscription_id: str, given: GivenChange, over: Condition) -> ChangedAnswer:
    """The change over what was read, where If-Match names that (412 otherwise), and the subscription since."""
    change = change_of(given, books, subscription_id)
    with said_of(field_of(given)):
        done = change_life(books.documents, subscription_id, change, call=books.call, seen=over.seen)
    if done.credit_note is not None:
        books.engine.settle_credit_notes(books.tenant, [done.credit_note])
    note = None if done.credit_note is None else CreditNoteAnswer.model_validate(done.credit_note.value)
    return ChangedAnswer(subscription=as_it_stands(books, subscription_id, over.response), credit_note=note)
