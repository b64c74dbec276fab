"""Minimum commitments: what a plan's period comes to at least, and the line that fills it up (semantics 4).

Towards it count, without tax and before discounts, the usage and the recurring charges of the period: fees billed
ahead for it as well, as far as they were used: what a coupon had paid too, and what a void invoice had billed ahead,
whose reissue bills it, whenever it is made. One-time charges and late usage of earlier periods do not count.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta

from billing.domain.billing_cycle import anchored_period
from billing.domain.catalog import Plan, Proration
from billing.domain.charge import Charge, ChargeFacts, Origin, charge, one_amount
from billing.domain.explanation import CommitmentStep, CreditStep, amount_of, prorated
from billing.domain.fee_charges import owed_stretch, unused_ahead
from billing.domain.invoice import LineKind
from billing.domain.period import Period
from billing.domain.proration import Share, measured_by, share_of, without
from billing.domain.stamp import stamp
from billing.domain.subscription import Phase, Prepaid, plan_of
from billing.domain.tax import TaxableLine, net_total

_MOMENT = timedelta(microseconds=1)


def true_ups(facts: ChargeFacts, period: Period, charges: Sequence[Charge]) -> Iterator[Charge]:
    """A line for each plan of the past period whose `charges` fall short of its commitment.

    For a part of the period, and without suspended and paused time, a share of the commitment is due, by local days (by
    the second in cycles of hours); a short first period owes what the plan says of it.
    """
    if not any(plan.minimum_commitment for plan in facts.plans.values()):
        return
    spans: dict[str, list[tuple[Phase, Period]]] = {}
    for phase, span in facts.subscription.spans(period):
        spans.setdefault(phase.plan, []).append((phase, span))
    for of_plan in spans.values():
        plan = plan_of(of_plan[0][0], facts.plans)
        if plan.minimum_commitment:
            yield from _true_up(facts, plan, of_plan, period=period, charges=charges)


def _true_up(
    facts: ChargeFacts,
    plan: Plan,
    spans: Sequence[tuple[Phase, Period]],
    *,
    period: Period,
    charges: Sequence[Charge],
) -> Iterator[Charge]:
    share = _share(facts, plan, spans, period=period)
    if share is None or plan.minimum_commitment is None:
        return
    charged = _charged(facts, plan, charges, period=period)
    step = CommitmentStep(
        price=plan.minimum_commitment, charged=charged, active=share.active, whole=share.whole, unit=share.unit
    )
    part = one_amount(facts, f"{plan.name} - minimum commitment", step)
    if part.unit_price:
        span = Period(start=spans[0][1].start, end=spans[-1][1].end)
        origin = Origin(kind=LineKind.COMMITMENT, plan=plan.ref, span=span, period=period, tax_inclusive=False)
        yield charge(facts, part, line_id=f"{plan.ref}:{stamp(span.start)}:{origin.kind}", origin=origin)


def _share(facts: ChargeFacts, plan: Plan, spans: Sequence[tuple[Phase, Period]], *, period: Period) -> Share | None:
    """The plan's part of the period, or None where nothing of it is owed."""
    shares = []
    for phase, span in spans:
        whole = anchored_period(phase.schedule, period.end - _MOMENT)
        owed = owed_stretch(facts.subscription, span, whole, rule=plan.first_period)
        for served in [] if owed is None else without(owed, facts.subscription.left_out):
            proration = measured_by(Proration.DAY, plan)
            shares.append(share_of(served, whole, proration=proration, zone=facts.subscription.zone))
    return replace(shares[0], active=sum([share.active for share in shares])) if shares else None


def _charged(facts: ChargeFacts, plan: Plan, charges: Sequence[Charge], *, period: Period) -> int:
    """What counts towards the commitment, in minor units without tax."""
    own = [each for each in charges if each.line.explanation.plan == plan.ref]
    lines = [
        TaxableLine(amount=each.line.amount, inclusive=each.line.tax_inclusive, treatment=each.treatment)
        for each in own
        if not isinstance(each.line.explanation.step, CreditStep)
    ]
    ahead = [
        TaxableLine(amount=_billed_ahead(facts, each), inclusive=each.tax_inclusive, treatment=each.treatment)
        for each in facts.subscription.prepaid
        if each.plan == plan.ref
    ]
    not_used = [
        TaxableLine(amount=_before_discount(facts, step), inclusive=each.tax_inclusive, treatment=each.treatment)
        for each, step in unused_ahead(facts, period)
        if each.plan == plan.ref
    ]
    return net_total([*lines, *ahead, *not_used], rounding=facts.rounding)


def _before_discount(facts: ChargeFacts, step: CreditStep) -> int:
    """A credit for what coupons had lowered, as if they had not."""
    return amount_of(replace(step, discount=0), facts.currency, rounding=facts.rounding)


def _billed_ahead(facts: ChargeFacts, prepaid: Prepaid) -> int:
    """What was billed ahead for the period; elsewhere (there is no invoice of ours) what we would have billed."""
    if prepaid.invoice_id:
        return prepaid.amount
    share = share_of(prepaid.period, prepaid.whole, proration=prepaid.proration, zone=facts.subscription.zone)
    return prorated(prepaid.price, share.active, share.whole, currency=facts.currency, rounding=facts.rounding)
