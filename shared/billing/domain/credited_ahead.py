"""What a credit note against an invoice takes off the claim to a later credit for what that invoice billed ahead."""

from collections.abc import Iterable
from dataclasses import replace

from billing.domain.credit_left import LeftCharge
from billing.domain.invoice import LineKind
from billing.domain.subscription import Prepaid


def with_credited(
    prepaid: Iterable[Prepaid], *, invoice_id: str, before: Iterable[LeftCharge], after: Iterable[LeftCharge]
) -> tuple[Prepaid, ...]:
    """What is paid ahead, each entry with what was credited of its charge counted as not paid, like a discount.

    `before` and `after` are the invoice's charges without the note and with it, in the same order. So unused time is
    credited in proportion to what the customer was in the end asked for, and nothing is given back twice.
    """
    taken = [(one, one.left - other.left) for one, other in zip(before, after, strict=True) if one.left != other.left]
    return tuple(_lowered(each, taken) if each.invoice_id == invoice_id else each for each in prepaid)


def _lowered(prepaid: Prepaid, taken: Iterable[tuple[LeftCharge, int]]) -> Prepaid:
    credited = sum(amount for charge, amount in taken if _pays(charge, prepaid))
    return replace(prepaid, discount=min(prepaid.amount, prepaid.discount + credited))


def _pays(charge: LeftCharge, prepaid: Prepaid) -> bool:
    line = charge.line
    in_period = prepaid.period.start <= line.period.start < prepaid.period.end
    return in_period and line.kind is LineKind.FLAT and line.id.rsplit(":", 2)[0] == prepaid.item_id
