"""What a book says of a subscription, seen from where billing has moved it meanwhile."""

from dataclasses import replace
from datetime import timedelta

from billing.domain.billing_cycle import period_around
from billing.domain.coupon import Discount
from billing.domain.subscription import OneTimeCharge, Subscription

_MOMENT = timedelta(microseconds=1)


def as_moved_on(given: Subscription, stored: Subscription) -> Subscription:
    """The book's subscription with the stored coupons and one-time charges, and after them its own that are missing.

    What a run has billed is missing for a good reason; what somebody added beside the book is not the book's to say.
    """
    discounts = [each for each in given.discounts if not _has(stored, each)]
    one_time = [each for each in given.one_time if each not in stored.one_time and not _is_billed(stored, each)]
    return replace(
        given,
        discounts=(*stored.discounts, *discounts),
        one_time=(*stored.one_time, *one_time),
    )


def _has(stored: Subscription, given: Discount) -> bool:
    return any((each.coupon, each.start) == (given.coupon, given.start) for each in stored.discounts)


def _is_billed(stored: Subscription, one_time: OneTimeCharge) -> bool:
    """Whether the charge was due with a bill before the one that is due next."""
    due = stored.next_billing_at
    if due is None:
        return True
    return due > stored.start and one_time.charged_at <= period_around(stored, due - _MOMENT).start
