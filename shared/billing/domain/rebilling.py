"""What a subscription gets back for a bill that is made again: everything that the first one had consumed."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from billing.domain.basis import Basis
from billing.domain.errors import InvalidInput
from billing.domain.invoice import Invoice, InvoiceStatus, LineItem, LineKind
from billing.domain.invoice_life import cycle_id, late_number
from billing.domain.rollup import UsageRollup
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
    """The subscription as one of its bills found it, on the plans and with the items that it has now."""
    basis = _basis(invoice)
    return replace(
        subscription,
        next_billing_at=invoice.bill_for_date,
        status=SubscriptionStatus.ACTIVE,
        prepaid=basis.prepaid,
        discounts=basis.discounts,
        one_time=basis.one_time,
        late_usage=basis.late_usage,
        late_bills=late_number(invoice),
    )


def not_billed_any_more(prepaid: Iterable[Prepaid], invoice_id: str) -> tuple[Prepaid, ...]:
    """What is paid ahead, without a claim to a credit for what an invoice that is now void had billed."""
    return tuple(replace(each, amount=0) if each.invoice_id == invoice_id else each for each in prepaid)


def as_billed_now(prepaid: Iterable[Prepaid], invoices: Sequence[Invoice]) -> tuple[Prepaid, ...]:
    """What was paid ahead as its invoices stand now: nothing by a void one, else what the one in its place billed.

    `invoices` are all of the subscription.
    """
    void = {each.id: cycle_id(each) for each in invoices if each.status is InvoiceStatus.VOID}
    in_force = {cycle_id(each): each for each in invoices if each.status is not InvoiceStatus.VOID}
    return tuple(
        _billed_by(each, in_force.get(void[each.invoice_id])) if each.invoice_id in void else each for each in prepaid
    )


def _billed_by(prepaid: Prepaid, invoice: Invoice | None) -> Prepaid:
    if invoice is None:
        return replace(prepaid, amount=0)
    amount = sum([line.amount for line in invoice.lines if _pays(line, prepaid)])
    return replace(prepaid, invoice_id=invoice.id, amount=amount)


def _pays(line: LineItem, prepaid: Prepaid) -> bool:
    in_period = prepaid.period.start <= line.period.start < prepaid.period.end
    return in_period and line.id.rsplit(":", 2)[0] == prepaid.item_id and line.kind in _FEES


_FEES = (LineKind.FLAT, LineKind.PRORATION)


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
