"""Recurring lines: plan fees and add-ons, prorated by their share of the period, and credits for unused time."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from billing.domain.billing_cycle import whole_period
from billing.domain.catalog import Billed, Plan, Proration, RecurringCharge
from billing.domain.charge import Charge, ChargeFacts, Origin, charge, stamp, taxed
from billing.domain.exact import times
from billing.domain.explanation import CreditStep, FlatStep, ProrationStep, amount_of
from billing.domain.invoice import LineKind
from billing.domain.money import Money
from billing.domain.period import Cycle, Period, Unit
from billing.domain.proration import Share, as_first_period, measured_by, share_of
from billing.domain.rating import RatedPart
from billing.domain.subscription import Item, Prepaid, UnknownPlan, plan_of

ONE = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fee:
    """A recurring charge in force over `span`, its stretch of one phase within a period."""

    item_id: str
    charge: RecurringCharge
    quantity: Decimal
    plan: Plan
    span: Period


def fees_in_arrears(facts: ChargeFacts, period: Period) -> Iterator[Charge]:
    """What the past period owes: fees billed in arrears, and those opened after its advance invoice was made."""
    paid = {(prepaid.item_id, prepaid.plan) for prepaid in facts.subscription.prepaid}
    for fee in _fees(facts, period):
        if fee.plan.billed is Billed.IN_ARREARS or (fee.item_id, fee.plan.ref) not in paid:
            yield from _fee_charges(facts, fee, period=period)


def fees_in_advance(facts: ChargeFacts, period: Period) -> Iterator[Charge]:
    """What the coming period owes, each charge with the memory of what it pays ahead."""
    for fee in _fees(facts, period):
        yield from _fee_charges(facts, fee, period=period)


def credits_for_unused(facts: ChargeFacts, period: Period) -> Iterator[Charge]:
    """What was billed ahead for the past period and not used, with the tax that it was billed with (semantics 5)."""
    used_until = {(fee.item_id, fee.plan.ref): fee.span.end for fee in _fees(facts, period)}
    for prepaid in facts.subscription.prepaid:
        end = used_until.get((prepaid.item_id, prepaid.plan), prepaid.period.start)
        if end < prepaid.period.end and prepaid.proration is not Proration.NONE:
            yield from _credit(facts, prepaid, unused=Period(start=end, end=prepaid.period.end), period=period)


def _fees(facts: ChargeFacts, period: Period) -> Iterator[_Fee]:
    for phase, span in facts.subscription.spans(period):
        plan = plan_of(phase, facts.plans)
        for fee in plan.fees:
            yield _Fee(item_id=fee.charge_id, charge=fee, quantity=ONE, plan=plan, span=span)
        for item in facts.subscription.items:
            if (stretch := item.within(span)) is not None:
                yield _Fee(item_id=item.id, charge=_addon(plan, item), quantity=item.quantity, plan=plan, span=stretch)


def _addon(plan: Plan, item: Item) -> RecurringCharge:
    addon = plan.addon(item.charge_id)
    if addon is None:
        raise UnknownPlan("addon_id", expected=f"an add-on of {plan.ref}", given=item.charge_id)
    return addon


def _fee_charges(facts: ChargeFacts, fee: _Fee, *, period: Period) -> Iterator[Charge]:
    whole = whole_period(facts.subscription, at=fee.span.start)
    starts_subscription = fee.span.start == facts.subscription.start
    active = as_first_period(fee.span, whole, plan=fee.plan, started=starts_subscription)
    if active is None:
        return
    proration = measured_by(fee.charge, fee.plan)
    share = share_of(active, whole, proration=proration, zone=facts.subscription.zone)
    if share.active == 0:
        return
    full, *rest = [
        charge(facts, part, line_id=f"{fee.item_id}:{stamp(fee.span.start)}:{kind.value}", origin=origin)
        for kind, part in _parts(facts, fee, share)
        for origin in [
            Origin(kind=kind, plan=fee.plan.ref, span=fee.span, period=period, tax_inclusive=fee.charge.tax_inclusive)
        ]
    ]
    prepaid = Prepaid(
        item_id=fee.item_id,
        name=fee.charge.name,
        plan=fee.plan.ref,
        invoice_id=facts.invoice_id,
        price=times(fee.quantity, fee.charge.unit_price),
        period=active,
        whole=whole,
        proration=proration,
        amount=sum(each.line.amount for each in (full, *rest)),
        treatment=full.treatment,
        tax_inclusive=fee.charge.tax_inclusive,
    )
    yield replace(full, prepaid=prepaid)
    yield from rest


def _parts(facts: ChargeFacts, fee: _Fee, share: Share) -> Iterator[tuple[LineKind, RatedPart]]:
    """The full price, and for a part of a period the negative line that brings it to the prorated price."""
    name, unit_price = fee.charge.name, fee.charge.unit_price
    flat = FlatStep(quantity=fee.quantity, unit_price=unit_price)
    description = f"{name} ({cycle_name(fee.plan.cycle)})"
    yield LineKind.FLAT, RatedPart(description=description, quantity=fee.quantity, unit_price=unit_price, step=flat)
    if not share.is_full:
        price = times(fee.quantity, unit_price)
        step = ProrationStep(price=price, active=share.active, whole=share.whole, unit=share.unit)
        yield LineKind.PRORATION, _one_of(facts, f"{name} - proration", step)


def _credit(facts: ChargeFacts, prepaid: Prepaid, *, unused: Period, period: Period) -> Iterator[Charge]:
    zone, start = facts.subscription.zone, prepaid.period.start
    whole = share_of(prepaid.whole, prepaid.whole, proration=prepaid.proration, zone=zone)
    used = 0
    if unused.start > start:
        used_span = Period(start=start, end=unused.start)
        used = share_of(used_span, prepaid.whole, proration=prepaid.proration, zone=zone).active
    step = CreditStep(
        invoice_id=prepaid.invoice_id,
        price=prepaid.price,
        billed=prepaid.amount,
        used=used,
        whole=whole.whole,
        unit=whole.unit,
    )
    part = _one_of(facts, f"{prepaid.name} - credit for unused time", step)
    if part.unit_price:
        inclusive = prepaid.tax_inclusive
        origin = Origin(kind=LineKind.PRORATION, plan=prepaid.plan, span=unused, period=period, tax_inclusive=inclusive)
        line_id = f"{prepaid.item_id}:{stamp(start)}:credit"
        yield taxed(facts, part, line_id=line_id, origin=origin, treatment=prepaid.treatment)


def _one_of(facts: ChargeFacts, description: str, step: ProrationStep | CreditStep) -> RatedPart:
    """A line that is one amount: its unit price is the amount itself."""
    amount = amount_of(step, facts.currency, rounding=facts.rounding)
    price = Money(amount, facts.currency).amount
    return RatedPart(description=description, quantity=ONE, unit_price=price, step=step)


def cycle_name(cycle: Cycle) -> str:
    """A cycle in words: monthly, or every 3 months."""
    if cycle.every == 1:
        return "daily" if cycle.unit is Unit.DAY else f"{cycle.unit.value}ly"
    return f"every {cycle.every} {cycle.unit.value}s"
