"""Recurring lines: plan fees and add-ons, prorated by their share of the period, and credits for unused time."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal

from billing.domain.billing_cycle import anchored_period, is_short_first_period, lasting_since
from billing.domain.catalog import Billed, FirstPeriod, Plan, Proration, RecurringCharge
from billing.domain.charge import Charge, ChargeFacts, Origin, charge, one_amount, taxed
from billing.domain.exact import times
from billing.domain.explanation import CreditStep, FlatStep, ProrationStep
from billing.domain.invoice import LineKind
from billing.domain.period import Cycle, Period, Unit
from billing.domain.proration import Share, as_first_period, has_a_day, measured_by, share_of, without
from billing.domain.rating import RatedPart
from billing.domain.stamp import stamp
from billing.domain.subscription import Item, Prepaid, Subscription, UnknownAddon, Unused, plan_of

ONE = Decimal(1)
_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fee:
    """A recurring charge in force over `span`, its stretch of one phase within a period.

    It owes its share `owed` of `whole`, the anchored period, not clipped. The two stretches differ only in a short
    first period that is billed in full.
    """

    item_id: str
    charge: RecurringCharge
    quantity: Decimal
    plan: Plan
    span: Period
    owed: Period
    whole: Period


def fees_in_arrears(facts: ChargeFacts, period: Period) -> Iterator[Charge]:
    """What the past period owes: fees billed in arrears, and stretches in advance that no invoice has paid ahead.

    Time in which the service was suspended or the subscription paused is left out.
    """
    for fee in _fees_to_bill(facts, period):
        taken = [*facts.subscription.left_out]
        if fee.plan.billed is Billed.IN_ADVANCE:
            if fee.charge.proration is Proration.NONE and _is_paid(facts, fee, period):
                continue
            taken += [each.period for each in facts.subscription.prepaid if _is_for(each, fee)]
        for left in _left(facts, fee, taken):
            yield from _fee_charges(facts, _part(fee, left), period=period)


def fees_in_advance(facts: ChargeFacts, period: Period) -> Iterator[Charge]:
    """What the coming period owes, each fee's first line with the memory of what it pays ahead.

    A plan in arrears that is to follow within the period is left to the bill after it; a pause that is known is not
    billed, nor is what a later bill has charged.
    """
    ahead = [fee for fee in _fees_to_bill(facts, period) if fee.plan.billed is Billed.IN_ADVANCE]
    served = [_part(fee, left) for fee in ahead for left in _left_ahead(facts, fee)]
    for fee in served:
        charges = list(_fee_charges(facts, fee, period=period))
        yield from [replace(each, prepaid=_prepaid(facts, fee, charges)) for each in charges[:1]]
        yield from charges[1:]


def credits_for_unused(facts: ChargeFacts, period: Period) -> Iterator[Charge]:
    """What was billed ahead for the past period and not used, with the tax that it was billed with (semantics 5).

    Not what lies beyond the end of a subscription whose `unused` part is not credited by its last bill, nor what a void
    invoice had billed.
    """
    for prepaid, unused in _unused(facts, period):
        if not prepaid.void:
            yield from _credit(facts, prepaid, unused=unused, period=period)


def unused_ahead(facts: ChargeFacts, period: Period) -> Iterator[tuple[Prepaid, CreditStep]]:
    """What was billed ahead for the past period and not used, whatever is credited of it.

    A coupon may have left nothing of it to give back; what a void invoice had billed, its reissue doesn't.
    """
    for prepaid, unused in _unused(facts, period):
        yield prepaid, _credit_step(facts, prepaid, unused=unused)


def _unused(facts: ChargeFacts, period: Period) -> Iterator[tuple[Prepaid, list[Period]]]:
    subscription = facts.subscription
    fees = list(_fees(facts, period)) if subscription.prepaid else []
    for prepaid in subscription.prepaid:
        used = [part for fee in fees if _is_for(prepaid, fee) for part in _owing(facts, fee, subscription.paused)]
        unused = without(prepaid.period, [*used, *_not_credited(subscription, prepaid, period)])
        if unused == [prepaid.period] or (unused and prepaid.proration is not Proration.NONE):
            yield prepaid, unused


def _fees_to_bill(facts: ChargeFacts, period: Period) -> Iterator[_Fee]:
    """The fees of a period; one without proration is owed once, so not where its plan was in force before."""
    for fee in _fees(facts, period):
        if fee.charge.proration is not Proration.NONE or not _was_owed(facts, fee):
            yield fee


def _was_owed(facts: ChargeFacts, fee: _Fee) -> bool:
    """Whether an earlier stretch of the fee's period owes it, on this bill or another."""
    begun = lasting_since(facts.subscription, fee.span, fee.whole)
    before = _fees(facts, Period(start=begun, end=fee.span.start)) if begun < fee.span.start else ()
    return any(
        _owing(facts, each, facts.subscription.left_out)
        for each in before
        if (each.item_id, each.plan.ref) == (fee.item_id, fee.plan.ref)
    )


def _is_paid(facts: ChargeFacts, fee: _Fee, period: Period) -> bool:
    """Whether something that was paid ahead for the fee, for whatever part of the period, is not given back."""
    subscription = facts.subscription
    returned = [prepaid for prepaid, _ in _unused(facts, period)]
    if subscription.end is not None and subscription.unused is not Unused.NONE:
        returned += [each for each in subscription.prepaid if subscription.comes_back(each, since=subscription.end)]
    return any(_is_for(each, fee) and each not in returned for each in subscription.prepaid)


def _fees(facts: ChargeFacts, period: Period) -> Iterator[_Fee]:
    for phase, span in facts.subscription.spans(period):
        plan, whole = plan_of(phase, facts.plans), anchored_period(phase.schedule, period.end - _MOMENT)
        for item_id, fee, quantity, stretch in _in_force(facts.subscription.items, plan, span):
            owed = owed_stretch(facts.subscription, stretch, whole, rule=plan.first_period)
            if owed is not None:
                yield _Fee(
                    item_id=item_id, charge=fee, quantity=quantity, plan=plan, span=stretch, owed=owed, whole=whole
                )


def _in_force(
    items: Sequence[Item], plan: Plan, span: Period
) -> Iterator[tuple[str, RecurringCharge, Decimal, Period]]:
    for fee in plan.fees:
        yield fee.charge_id, fee, ONE, span
    for item in items:
        if (stretch := item.within(span)) is not None:
            yield item.id, _addon(plan, item), item.quantity, stretch


def _addon(plan: Plan, item: Item) -> RecurringCharge:
    addon = plan.addon(item.charge_id)
    if addon is None:
        raise UnknownAddon("addon_id", expected=f"an add-on of {plan.ref}", given=item.charge_id)
    return addon


def owed_stretch(subscription: Subscription, stretch: Period, whole: Period, *, rule: FirstPeriod) -> Period | None:
    """The stretch of an anchored period that is owed: itself, save in the short first period of calendar billing."""
    if rule is FirstPeriod.PRORATE or not is_short_first_period(subscription, whole):
        return stretch
    return as_first_period(stretch, whole, rule=rule, begun=subscription.start)


def _left(facts: ChargeFacts, fee: _Fee, taken: Sequence[Period]) -> list[Period]:
    """What of a fee's stretch is still to be billed; a fee that is not prorated is billed once, whatever is left."""
    left = _owing(facts, fee, taken)
    return left[:1] if fee.charge.proration is Proration.NONE else left


def _owing(facts: ChargeFacts, fee: _Fee, taken: Iterable[Period]) -> list[Period]:
    """What of a fee's stretch owes it: of one that is not prorated, what has a day of its own."""
    left = without(fee.owed, taken)
    if fee.charge.proration is not Proration.NONE:
        return left
    return [each for each in left if has_a_day(each, cycle=fee.plan.cycle, zone=facts.subscription.zone)]


def _left_ahead(facts: ChargeFacts, fee: _Fee) -> list[Period]:
    """What of a fee's stretch is to be paid ahead: neither paused, nor charged by a later bill."""
    charged = [
        Period(start=fee.owed.start, end=each.period.end) if each.period.start == fee.span.start else each.period
        for each in facts.charged
        if each.item_id == fee.item_id and each.period.intersect(fee.span) is not None
    ]
    if charged and fee.charge.proration is Proration.NONE:
        return []
    return _left(facts, fee, [*facts.subscription.paused, *charged])


def _part(fee: _Fee, left: Period) -> _Fee:
    return fee if left == fee.owed else replace(fee, span=left, owed=left)


def _not_credited(subscription: Subscription, prepaid: Prepaid, period: Period) -> list[Period]:
    """What was paid ahead beyond the end, where something else than the last bill decides on it.

    A bill before the last one credits it unless a credit note did: no end is what leaves it unused, and that one may
    still be taken back.
    """
    end = subscription.end
    if prepaid.void or subscription.unused is Unused.CREDIT or end is None or end >= prepaid.period.end:
        return []
    if subscription.unused is Unused.NONE and period.end < end:
        return []
    return [Period(start=max(end, prepaid.period.start), end=prepaid.period.end)]


def _is_for(prepaid: Prepaid, fee: _Fee) -> bool:
    return prepaid.item_id == fee.item_id and prepaid.plan == fee.plan.ref


def _fee_charges(facts: ChargeFacts, fee: _Fee, *, period: Period) -> Iterator[Charge]:
    for kind, part in _parts(facts, fee):
        origin = Origin(
            kind=kind, plan=fee.plan.ref, span=fee.span, period=period, tax_inclusive=fee.charge.tax_inclusive
        )
        yield charge(facts, part, line_id=f"{fee.item_id}:{stamp(fee.span.start)}:{kind}", origin=origin)


def _prepaid(facts: ChargeFacts, fee: _Fee, charges: Sequence[Charge]) -> Prepaid:
    return Prepaid(
        item_id=fee.item_id,
        name=fee.charge.name,
        plan=fee.plan.ref,
        invoice_id=facts.invoice_id,
        price=times(fee.quantity, fee.charge.unit_price),
        period=fee.owed,
        whole=fee.whole,
        proration=measured_by(fee.charge.proration, fee.plan),
        amount=sum([each.line.amount for each in charges]),
        treatment=charges[0].treatment,
        tax_inclusive=fee.charge.tax_inclusive,
    )


def _parts(facts: ChargeFacts, fee: _Fee) -> Iterator[tuple[LineKind, RatedPart]]:
    """The full price, and for a part of a period the negative line that brings it to the prorated price.

    Nothing for a stretch within one day: the day belongs to what follows.
    """
    share = _share(facts, fee)
    if share is not None and share.active == 0:
        return
    name, unit_price = fee.charge.name, fee.charge.unit_price
    flat = FlatStep(quantity=fee.quantity, unit_price=unit_price)
    description = f"{name} ({cycle_name(fee.plan.cycle)})"
    yield LineKind.FLAT, RatedPart(description=description, quantity=fee.quantity, unit_price=unit_price, step=flat)
    if share is not None and not share.is_full:
        price = times(fee.quantity, unit_price)
        step = ProrationStep(price=price, active=share.active, whole=share.whole, unit=share.unit)
        yield LineKind.PRORATION, one_amount(facts, f"{name} - proration", step)


def _share(facts: ChargeFacts, fee: _Fee) -> Share | None:
    """The fee's part of its period, or None where it owes the whole: then there is nothing to measure."""
    if fee.owed == fee.whole:
        return None
    proration = measured_by(fee.charge.proration, fee.plan)
    return share_of(fee.owed, fee.whole, proration=proration, zone=facts.subscription.zone)


def _credit_step(facts: ChargeFacts, prepaid: Prepaid, *, unused: list[Period]) -> CreditStep:
    def share(stretch: Period) -> Share:
        return share_of(stretch, prepaid.whole, proration=prepaid.proration, zone=facts.subscription.zone)

    billed = share(prepaid.period)
    return CreditStep(
        invoice_id=prepaid.invoice_id,
        price=prepaid.price,
        billed=prepaid.amount,
        used=billed.active - sum([share(stretch).active for stretch in unused]),
        whole=billed.whole,
        unit=billed.unit,
        discount=prepaid.discount,
    )


def _credit(facts: ChargeFacts, prepaid: Prepaid, *, unused: list[Period], period: Period) -> Iterator[Charge]:
    step = _credit_step(facts, prepaid, unused=unused)
    part = one_amount(facts, f"{prepaid.name} - credit for unused time", step)
    if part.unit_price:
        origin = Origin(
            kind=LineKind.PRORATION,
            plan=prepaid.plan,
            span=Period(start=unused[0].start, end=unused[-1].end),
            period=period,
            tax_inclusive=prepaid.tax_inclusive,
        )
        line_id = f"{prepaid.item_id}:{stamp(prepaid.period.start)}:credit"
        yield taxed(facts, part, line_id=line_id, origin=origin, treatment=prepaid.treatment)


def cycle_name(cycle: Cycle) -> str:
    """A cycle in words: monthly, or every 3 months."""
    if cycle.every == 1:
        return "daily" if cycle.unit is Unit.DAY else f"{cycle.unit.value}ly"
    return f"every {cycle.every} {cycle.unit.value}s"
