"""What a subscription gets back for a bill that is made again: everything that the first one had consumed."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from billing.domain.basis import Basis
from billing.domain.bill_id import late_bill_of
from billing.domain.catalog import Billed
from billing.domain.charged_stretch import ChargedStretch
from billing.domain.coupon import Discount
from billing.domain.credit import CreditNote
from billing.domain.errors import InvalidInput
from billing.domain.explanation import DiscountStep
from billing.domain.invoice import Invoice, InvoiceStatus, LineItem, LineKind
from billing.domain.invoice_life import cycle_id
from billing.domain.rollup import UsageRollup
from billing.domain.stamp import stamp
from billing.domain.subscription import Prepaid, Subscription, SubscriptionStatus
from billing.domain.usage import all_joined

T = TypeVar("T")


def taken_back(subscription: Subscription, draft: Invoice) -> Subscription:
    """The subscription before its newest bill, a draft that is rejected; what was added to it since stays on it."""
    basis = _basis(draft)
    return replace(
        before_bill(subscription, draft),
        discounts=_and_new(basis.discounts, subscription.discounts, key=lambda each: each.coupon.coupon_id),
        one_time=_and_new(basis.one_time, subscription.one_time, key=lambda each: each.id),
        late_usage=_and_new(basis.late_usage, subscription.late_usage, key=str),
    )


def before_bill(subscription: Subscription, invoice: Invoice) -> Subscription:
    """The subscription as one of its bills found it, on the plans and with the items that it has now.

    Its coupons were used as often as they are now without that bill.
    """
    basis = _basis(invoice)
    used = {each.id: each.used for each in discounts_without(subscription.discounts, invoice)}
    return replace(
        subscription,
        next_billing_at=invoice.bill_for_date,
        status=SubscriptionStatus.ACTIVE,
        prepaid=basis.prepaid,
        discounts=tuple([replace(each, used=used.get(each.id, each.used)) for each in basis.discounts]),
        one_time=basis.one_time,
        late_usage=basis.late_usage,
        late_bills=late_bill_of(invoice.id),
    )


def named_as(subscription: Subscription, void: Invoice) -> Subscription:
    """The subscription whose bill has the void one's name again, also where it has ended since at that bill's date.

    That bill was made in advance, and named by the period that was to follow.
    """
    at = void.bill_for_date
    kept = tuple([each for each in subscription.phases if each.start < at])
    if not kept or subscription.end != at or cycle_id(void) != f"{void.subscription_id}.{stamp(at)}":
        return subscription
    return replace(subscription, phases=(*kept, replace(kept[-1], start=at, bill_made=Billed.IN_ADVANCE)))


def discounts_without(discounts: Iterable[Discount], void: Invoice) -> tuple[Discount, ...]:
    """A subscription's coupons as if that bill had not been made: each that lowered it was used once less."""
    return _used(discounts, void, once=-1)


def discounts_with(discounts: Iterable[Discount], again: Invoice | CreditNote) -> tuple[Discount, ...]:
    """The coupons after a bill that was made again."""
    return _used(discounts, again, once=1)


def _used(discounts: Iterable[Discount], bill: Invoice | CreditNote, *, once: int) -> tuple[Discount, ...]:
    steps = (line.explanation.step for line in bill.lines)
    lowering = {step.coupon for step in steps if isinstance(step, DiscountStep)}
    return tuple([replace(each, used=max(0, each.used + once * (each.id in lowering))) for each in discounts])


def not_billed_any_more(prepaid: Iterable[Prepaid], invoice_id: str) -> tuple[Prepaid, ...]:
    """What is paid ahead, with what an invoice that is now void had billed left to its reissue."""
    return tuple(replace(each, void=True) if each.invoice_id == invoice_id else each for each in prepaid)


def charged_after(void: Invoice, bills: Iterable[Invoice | CreditNote]) -> tuple[ChargedStretch, ...]:
    """What later bills in force have charged of fees and items: the time that a void bill's reissue leaves out.

    That is time until the first of them, also where a plan that was to come had ended the void bill's period before.
    `bills` are all of the subscription, credit notes in place of invoices included.
    """
    later = [each for each in bills if each.bill_for_date > void.bill_for_date and is_in_force(each)]
    until = min([each.bill_for_date for each in later], default=void.period.end)
    return tuple(
        [
            ChargedStretch(item_id=item_of(line), period=line.period)
            for each in later
            for line in each.lines
            if line.kind is LineKind.FLAT and line.period.start < until
        ]
    )


def is_in_force(bill: Invoice | CreditNote) -> bool:
    """Whether what a bill says is charged, or will be when it is approved."""
    return not (isinstance(bill, Invoice) and bill.status is InvoiceStatus.VOID)


def item_of(line: LineItem) -> str:
    """The id of the plan's fee or of the item that a recurring line charges."""
    return line.id.rsplit(":", 2)[0]


def reopened(rollup: UsageRollup, *, since: datetime) -> UsageRollup:
    """The roll-up before its buckets from `since` (UTC) were billed; what came late for them is in time again."""
    in_time = {start: bucket for start, bucket in rollup.late.items() if start >= since}
    return replace(
        rollup,
        buckets=all_joined(rollup.aggregation, (rollup.buckets, in_time)),
        late={start: bucket for start, bucket in rollup.late.items() if start < since},
        closed_until=since,
    )


def _basis(invoice: Invoice) -> Basis:
    """What the invoice consumed; InvalidInput for one of before that was kept."""
    if invoice.basis is None:
        raise InvalidInput("invoice", expected="one that keeps what it was computed from", given=invoice.id)
    return invoice.basis


def _and_new(before: Sequence[T], now: Sequence[T], *, key: Callable[[T], str]) -> tuple[T, ...]:
    known = {key(each) for each in before}
    return (*before, *[each for each in now if key(each) not in known])
