"""One-time charges: what a subscription owes once, on the first invoice whose bill-for date is not before it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from billing.domain.billing_cycle import BillingCycle
from billing.domain.charge import Charge, ChargeFacts, Origin, charge
from billing.domain.errors import InvalidInput
from billing.domain.explanation import FlatStep
from billing.domain.invoice import LineKind
from billing.domain.rating import RatedPart
from billing.domain.stamp import stamp
from billing.domain.subscription import OneTimeCharge, Subscription, require_bill_to_come

_TOO_MUCH = Decimal(10) ** 12
"""Major units: 10^15 of the smallest minor unit, which no payment reaches."""


def one_time_charges(facts: ChargeFacts, cycle: BillingCycle) -> Iterator[Charge]:
    """A line for each charge that is due with this bill, taxed as the bill's period is (semantics 6)."""
    plan = facts.subscription.phase_at(cycle.period.start).plan
    for each in facts.subscription.one_time:
        if each.charged_at <= cycle.bill_for_date:
            origin = Origin(
                kind=LineKind.ONE_TIME,
                plan=plan,
                span=cycle.period,
                period=cycle.period,
                tax_inclusive=each.tax_inclusive,
            )
            yield charge(facts, _part(each), line_id=f"{each.id}:{stamp(each.charged_at)}:{origin.kind}", origin=origin)


def charges_to_come(waiting: Sequence[OneTimeCharge], cycle: BillingCycle) -> tuple[OneTimeCharge, ...]:
    """The charges that wait for a later bill than this one."""
    return tuple([each for each in waiting if each.charged_at > cycle.bill_for_date])


def with_one_time_charge(subscription: Subscription, one_time: OneTimeCharge) -> Subscription:
    """The subscription with one more charge to come.

    Raises InvalidInput for an id that is waiting already, for a subscription without a bill to come, for a charge after
    its end, which no bill would take up, for a price below 0: what is given back is a credit note, and for too much.
    """
    require_bill_to_come(subscription)
    require_payable(one_time)
    if one_time.unit_price < 0:
        raise InvalidInput("unit_price", expected="0 or more", given=str(one_time.unit_price))
    if one_time.id in {each.id for each in subscription.one_time}:
        raise InvalidInput("charge_id", expected="an id that no charge to come has", given=one_time.id)
    if subscription.end is not None and one_time.charged_at > subscription.end:
        expected = f"an instant until the subscription's end, {subscription.end.isoformat()}"
        raise InvalidInput("charged_at", expected=expected, given=one_time.charged_at.isoformat())
    return replace(subscription, one_time=(*subscription.one_time, one_time))


def require_payable(one_time: OneTimeCharge) -> None:
    """Refuse, with InvalidInput, what comes to 10^12 in the major unit: no bill could hold it, and it would wait."""
    if abs(one_time.quantity * one_time.unit_price) >= _TOO_MUCH:
        given = f"{one_time.quantity} x {one_time.unit_price}"
        raise InvalidInput("unit_price", expected="a price that times the quantity is below 10^12", given=given)


def _part(one_time: OneTimeCharge) -> RatedPart:
    step = FlatStep(quantity=one_time.quantity, unit_price=one_time.unit_price)
    return RatedPart(description=one_time.name, quantity=one_time.quantity, unit_price=one_time.unit_price, step=step)
