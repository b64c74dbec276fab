"""What a book says of a subscription, seen from where billing has moved it meanwhile."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar

from billing.domain.billing_cycle import period_around
from billing.domain.coupon import Discount
from billing.domain.subscription import OneTimeCharge, Subscription

T = TypeVar("T", Discount, OneTimeCharge)

_MOMENT = timedelta(microseconds=1)


def as_moved_on(given: Subscription, stored: Subscription) -> Subscription:
    """The book's subscription with the stored coupons and one-time charges, and after them its own that are missing.

    A coupon is compared by itself, so a stored use of it counts as the same. What a run has billed is missing for a
    good reason; what somebody added beside the book is not the book's to say, nor are plan, add-ons and end of one that
    was changed by command since.
    """
    if stored.changed_at is not None:
        given = replace(given, phases=stored.phases, items=stored.items, end=stored.end)
    discounts = {each.id: each for each in given.discounts} | {each.id: each for each in stored.discounts}
    known = {each.id: each for each in stored.one_time}
    one_time = {each.id: each for each in given.one_time if each.id in known or not _is_billed(stored, each)}
    return replace(given, discounts=_after(stored.discounts, discounts), one_time=_after(stored.one_time, one_time))


def _after(stored: tuple[T, ...], given: Mapping[str, T]) -> tuple[T, ...]:
    """What is stored, as the book says it where it does, and then what only the book says."""
    return tuple(({each.id: each for each in stored} | dict(given)).values())


def _is_billed(stored: Subscription, one_time: OneTimeCharge) -> bool:
    """Whether the charge was due with a bill before the one that is due next."""
    due = stored.next_billing_at
    if due is None or due <= stored.start:
        return due is None
    before = period_around(stored, due - _MOMENT).start
    was_bill = before > stored.start or bool(stored.recent)  # the start is one in advance only
    return was_bill and one_time.charged_at <= before
