"""What was paid ahead beyond the end of a subscription, where a credit note of its own gives it back (semantics 5)."""

from collections.abc import Iterator
from dataclasses import dataclass

from billing.domain.credit_request import LineCredit
from billing.domain.explanation import CreditStep, amount_of
from billing.domain.invoice import Invoice, LineItem, LineKind
from billing.domain.money import Rounding
from billing.domain.period import Period
from billing.domain.proration import Share, share_of
from billing.domain.subscription import Prepaid, Subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusedTime:
    """What was paid ahead, and how many minor units of it were for time beyond the end, less coupons, as billed."""

    prepaid: Prepaid
    amount: int


def unused_time(subscription: Subscription, *, currency: str, rounding: Rounding) -> tuple[UnusedTime, ...]:
    """What of the fees paid ahead is for time beyond the end, by the same arithmetic as a credit on a bill."""
    found = (
        UnusedTime(prepaid=each, amount=_unused(subscription, each, currency=currency, rounding=rounding))
        for each in subscription.prepaid
        if subscription.end is not None and each.period.end > subscription.end
        if subscription.comes_back(each, since=subscription.end)
    )
    return tuple([each for each in found if each.amount])


def line_credits(unused: tuple[UnusedTime, ...], invoice: Invoice) -> tuple[LineCredit, ...]:
    """The charges of an invoice that billed this time, each with the part that is given back."""
    return tuple(
        [
            LineCredit(line_id=line.id, amount=each.amount)
            for each in unused
            for line in _fee_lines(invoice, each.prepaid)
        ]
    )


def _unused(subscription: Subscription, prepaid: Prepaid, *, currency: str, rounding: Rounding) -> int:
    beyond = Period(start=max(subscription.end or prepaid.period.end, prepaid.period.start), end=prepaid.period.end)
    billed, unused = (_share(subscription, prepaid, stretch) for stretch in (prepaid.period, beyond))
    step = CreditStep(
        invoice_id=prepaid.invoice_id,
        price=prepaid.price,
        billed=prepaid.amount,
        used=billed.active - unused.active,
        whole=billed.whole,
        unit=billed.unit,
        discount=prepaid.discount,
    )
    return -amount_of(step, currency, rounding=rounding)


def _share(subscription: Subscription, prepaid: Prepaid, stretch: Period) -> Share:
    return share_of(stretch, prepaid.whole, proration=prepaid.proration, zone=subscription.zone)


def _fee_lines(invoice: Invoice, prepaid: Prepaid) -> Iterator[LineItem]:
    for line in invoice.lines:
        is_fee = line.kind is LineKind.FLAT and line.id.rsplit(":", 2)[0] == prepaid.item_id
        if is_fee and line.explanation.plan == prepaid.plan and prepaid.period.contains(line.period.start):
            yield line
