"""`/api/billing/subscriptions`: who uses which plan since when, and what is charged once or taken off."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated

from fastapi import Query, Response
from pydantic import AliasChoices, Field

from billing.api.routes.books import Books, changing, reading
from billing.api.routes.conditions import Seen, entity_tag
from billing.api.routes.models import (
    LONGEST_ID,
    AnswerModel,
    Exact,
    GivenModel,
    Id,
    LocalDayOrInstant,
    NamedId,
    OneLine,
    TimeZone,
)
from billing.api.routes.noun import noun
from billing.api.routes.paging import Paged, Paging, Several, any_of
from billing.domain.errors import NotFound
from billing.domain.subscription import OneTimeCharge, Subscription, SubscriptionStatus
from billing.store.pages import page_by_id
from billing.store.subscriptions import Subscriptions, decode_subscription
from billing.usecases.change_subscription import add_one_time_charge, apply_coupon, remove_coupon

router = noun("subscriptions")
Reading = Annotated[Books, reading("subscriptions")]
Changing = Annotated[Books, changing("subscriptions")]
Amount = Annotated[Decimal, Field(ge=0, max_digits=24, decimal_places=12)]


class PhaseAnswer(AnswerModel):
    """From `start` until the next phase it is on this plan version."""

    plan: str
    start: datetime


class ItemAnswer(AnswerModel):
    """So much of an add-on, from `start` until `end`; null is open."""

    id: str
    charge_id: str
    quantity: Exact
    start: datetime
    end: datetime | None


class PauseAnswer(AnswerModel):
    """A stretch in which nothing recurring is charged; null is open."""

    start: datetime
    end: datetime | None


class OneTimeAnswer(AnswerModel):
    """A charge that waits for the next invoice; `unit_price` is in the major unit."""

    id: str
    name: str
    quantity: Exact
    unit_price: Exact
    charged_at: datetime
    tax_inclusive: bool


class CouponAnswer(AnswerModel):
    """A coupon that lowers invoices to come, from the first bill-for date at or after `start`; `used` says how many."""

    coupon_id: Annotated[str, Field(validation_alias=AliasChoices("coupon_id", "id"))]
    start: datetime
    used: int


class SubscriptionAnswer(AnswerModel):
    """A subscription; `next_billing_at` is the earliest bill-for date that is not invoiced yet."""

    id: str
    customer_id: str
    time_zone: TimeZone
    status: SubscriptionStatus
    start: datetime
    end: datetime | None
    trial_start: datetime | None
    next_billing_at: datetime | None
    phases: list[PhaseAnswer]
    items: list[ItemAnswer]
    pauses: list[PauseAnswer]
    one_time: list[OneTimeAnswer]
    coupons: Annotated[list[CouponAnswer], Field(validation_alias=AliasChoices("coupons", "discounts"))]


class GivenCharge(GivenModel):
    """Something to charge once, on the first invoice whose bill-for date is not before `charged_at` (now)."""

    id: Id | None = None
    name: OneLine
    quantity: Amount = Decimal(1)
    unit_price: Amount
    charged_at: LocalDayOrInstant | None = None
    tax_inclusive: bool = False


class GivenCoupon(GivenModel):
    """The coupon, and from when on; without it, from the next invoice."""

    coupon_id: Id
    start: LocalDayOrInstant | None = None


@router.get("")
def list_subscriptions(
    books: Reading,
    paging: Paging,
    *,
    customer_id: Annotated[str | None, Query(min_length=1, max_length=LONGEST_ID)] = None,
    status: Several[SubscriptionStatus],
) -> Paged[SubscriptionAnswer]:
    """List subscriptions in the order of their ids."""
    found = page_by_id(
        Subscriptions.of(books.documents, books.tenant_id).collection,
        paging.wanted,
        read=lambda each: decode_subscription(each).value,
        equals={"customer_id": customer_id, "status": any_of(status)},
    )
    return paging.answer(found, SubscriptionAnswer, id_of=lambda each: each.id)


@router.get("/{subscription_id}")
def get_subscription(subscription_id: NamedId, books: Reading, response: Response) -> SubscriptionAnswer:
    """One subscription, with its version as ETag."""
    return as_it_stands(books, subscription_id, response)


@router.post("/{subscription_id}/charges", status_code=201)
def add_charge(
    subscription_id: NamedId, given: GivenCharge, books: Changing, response: Response, seen: Seen
) -> SubscriptionAnswer:
    """Charge something once, on one of the next invoices; with If-Match only over what was read (412)."""
    at, now = given.charged_at, books.call.recorded_at
    charged_at = now if at is None else books.instant_of(subscription_id, "charged_at", at)
    charge = OneTimeCharge(
        id=given.id or books.access.new_id("charge"),
        name=given.name,
        quantity=given.quantity,
        unit_price=given.unit_price,
        charged_at=charged_at,
        tax_inclusive=given.tax_inclusive,
    )
    add_one_time_charge(books.documents, subscription_id, one_time=charge, call=books.call, seen=seen)
    return as_it_stands(books, subscription_id, response)


@router.post("/{subscription_id}/coupons", status_code=201)
def add_coupon(
    subscription_id: NamedId, given: GivenCoupon, books: Changing, response: Response, seen: Seen
) -> SubscriptionAnswer:
    """Lower the invoices to come by a published coupon; with If-Match only over what was read (412)."""
    start = None if given.start is None else books.instant_of(subscription_id, "start", given.start)
    coupon_id = given.coupon_id
    apply_coupon(books.documents, subscription_id, coupon_id=coupon_id, call=books.call, start=start, seen=seen)
    return as_it_stands(books, subscription_id, response)


@router.delete("/{subscription_id}/coupons/{coupon_id}")
def take_coupon_off(
    subscription_id: NamedId, coupon_id: NamedId, books: Changing, response: Response, seen: Seen
) -> SubscriptionAnswer:
    """Leave a coupon out of the invoices to come; those that it lowered stay as they are.

    With If-Match only over what was read (412).
    """
    remove_coupon(books.documents, subscription_id, coupon_id=coupon_id, call=books.call, seen=seen)
    return as_it_stands(books, subscription_id, response)


def as_it_stands(books: Books, subscription_id: str, response: Response) -> SubscriptionAnswer:
    """The subscription as it is stored, with its version as the answer's ETag; NotFound where there is none."""
    [stored] = Subscriptions.of(books.documents, books.tenant_id).get([subscription_id])
    if stored is None:
        raise NotFound("subscription", subscription_id)
    response.headers["ETag"] = entity_tag(stored.version)
    return subscription_answer(stored.value)


def subscription_answer(subscription: Subscription) -> SubscriptionAnswer:
    """A subscription as it is answered."""
    return SubscriptionAnswer.model_validate(subscription)
