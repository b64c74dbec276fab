"""Discounts: coupons lower what an invoice charges, each on what the one before left, before tax (semantics 1, 6).

Usage, fees and one-time charges are lowered. A credit is not: what it gives back was lowered when it was billed. Late
usage is not: it belongs to an earlier invoice. Nor is the line that fills up a minimum commitment: a coupon makes what
was bought cheaper, not what was agreed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from billing.domain.billing_cycle import BillingCycle
from billing.domain.charge import Charge, ChargeFacts, Origin, one_amount, taxed
from billing.domain.coupon import Coupon, Discount
from billing.domain.errors import InvalidInput
from billing.domain.explanation import (
    CommitmentStep,
    CreditStep,
    DiscountStep,
    ProrationStep,
    discount_parts,
)
from billing.domain.invoice import LineKind
from billing.domain.money import to_minor
from billing.domain.stamp import stamp
from billing.domain.subscription import Plans, Subscription, plan_of, require_bill_to_come
from billing.domain.tax import TaxTreatment


@dataclass(frozen=True, slots=True, kw_only=True)
class _Base:
    """A charge that coupons lower: a line, or a fee's line with its proration; `place` is that of its first line."""

    place: int
    amount: int
    treatment: TaxTreatment
    inclusive: bool


def discounted(facts: ChargeFacts, cycle: BillingCycle, charges: Sequence[Charge]) -> list[Charge]:
    """The charges with a negative line for each coupon and tax treatment; what is paid ahead remembers its part.

    Raises InvalidInput for a coupon whose amount is in another currency than the bill.
    """
    coupons = [each for each in facts.subscription.discounts if each.is_left and each.start <= cycle.bill_for_date]
    if not coupons:
        return list(charges)
    bases = _bases(charges)
    left, lines = [base.amount for base in bases], list[Charge]()
    for discount in coupons:
        step = _step(facts, discount.coupon, left)
        lines += _lines(facts, discount, step, bases=bases, cycle=cycle)
        parts = discount_parts(step, rounding=facts.rounding)
        left = [before - part for before, part in zip(left, parts, strict=True)]
    lowered = {base.place: base.amount - rest for base, rest in zip(bases, left, strict=True)}
    return [*(_remembering(each, lowered.get(place, 0)) for place, each in enumerate(charges)), *lines]


def discounts_left(discounts: Sequence[Discount], charges: Sequence[Charge]) -> tuple[Discount, ...]:
    """The subscription's coupons after a bill: those that lowered it were used once more."""
    steps = [each.line.explanation.step for each in charges]
    lowering = {step.coupon for step in steps if isinstance(step, DiscountStep)}
    return tuple([replace(each, used=each.used + 1) if each.id in lowering else each for each in discounts])


def with_coupon(subscription: Subscription, coupon: Coupon, *, start: datetime, plans: Plans) -> Subscription:
    """The subscription with a coupon on its bills from the first bill-for date at or after `start` (UTC).

    Raises InvalidInput where it has that coupon, is in another currency, or has had its last bill.
    """
    require_bill_to_come(subscription)
    if coupon.coupon_id in {each.id for each in subscription.discounts}:
        raise InvalidInput("coupon_id", expected="a coupon that the subscription does not have", given=coupon.coupon_id)
    for phase in subscription.phases:
        coupon.require_currency(plan_of(phase, plans).currency)
    return replace(subscription, discounts=(*subscription.discounts, Discount(coupon=coupon, start=start)))


def without_coupon(subscription: Subscription, coupon_id: str) -> Subscription:
    """The subscription without a coupon from its next bill on; InvalidInput where it has none of that id."""
    left = tuple(each for each in subscription.discounts if each.id != coupon_id)
    if len(left) == len(subscription.discounts):
        known = ", ".join(each.id for each in left) or "none"
        raise InvalidInput("coupon_id", expected=f"a coupon of the subscription ({known})", given=coupon_id)
    return replace(subscription, discounts=left)


def _bases(charges: Sequence[Charge]) -> list[_Base]:
    """What can be lowered; a line of 0 or less has nothing to take off."""
    bases: list[_Base] = []
    for place, each in enumerate(charges):
        line = each.line
        match line.explanation.step:
            case ProrationStep():  # it stands right below its fee
                bases[-1] = replace(bases[-1], amount=bases[-1].amount + line.amount)
            case CreditStep() | CommitmentStep():
                pass
            case _:
                bases.append(
                    _Base(place=place, amount=line.amount, treatment=each.treatment, inclusive=line.tax_inclusive)
                )
    return [base for base in bases if base.amount > 0]


def _step(facts: ChargeFacts, coupon: Coupon, weights: Sequence[int]) -> DiscountStep:
    """One coupon on all that is left; of whose line it is `own` tells later."""
    coupon.require_currency(facts.currency)
    amount = None if coupon.amount is None else to_minor(coupon.amount, coupon.currency)
    return DiscountStep(coupon=coupon.coupon_id, percent=coupon.percent, amount=amount, weights=tuple(weights), own=())


def _lines(
    facts: ChargeFacts, discount: Discount, step: DiscountStep, *, bases: Sequence[_Base], cycle: BillingCycle
) -> Iterator[Charge]:
    alike: dict[tuple[TaxTreatment, bool], list[int]] = {}
    for place, base in enumerate(bases):
        alike.setdefault((base.treatment, base.inclusive), []).append(place)
    plan = facts.subscription.phase_at(cycle.period.start).plan
    for index, ((treatment, inclusive), own) in enumerate(alike.items()):
        part = one_amount(facts, f"{discount.coupon.name} - discount", replace(step, own=tuple(own)))
        if part.unit_price:
            origin = Origin(
                kind=LineKind.DISCOUNT, plan=plan, span=cycle.period, period=cycle.period, tax_inclusive=inclusive
            )
            line_id = f"{step.coupon}:{stamp(cycle.period.start)}:{origin.kind}:{index}"
            yield taxed(facts, part, line_id=line_id, origin=origin, treatment=treatment)


def _remembering(charge: Charge, discount: int) -> Charge:
    if charge.prepaid is None or not discount:
        return charge
    return replace(charge, prepaid=replace(charge.prepaid, discount=discount))
