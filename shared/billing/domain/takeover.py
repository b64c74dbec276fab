"""Taking over a subscription that was billed elsewhere until now."""

from dataclasses import replace

from billing.domain.billing_cycle import cycle_at
from billing.domain.catalog import Billed
from billing.domain.charge import ChargeFacts
from billing.domain.fee_charges import fees_in_advance
from billing.domain.money import Rounding
from billing.domain.subscription import Plans, Subscription, plan_of
from billing.domain.tax import TaxCategory, TaxTreatment


def taken_over(subscription: Subscription, plans: Plans) -> Subscription:
    """The subscription with the period before its `next_billing_at` marked as paid ahead elsewhere.

    Without the mark a plan in advance would be charged for that period again, as if its fees were new. The mark has no
    amount: there is no invoice of ours that a credit for unused time could refer to.
    """
    due = subscription.next_billing_at
    period = None if due is None else cycle_at(subscription, plans, bill_for_date=due).arrears
    if period is None or plan_of(subscription.phase_at(period.start), plans).billed is Billed.IN_ARREARS:
        return subscription
    facts = ChargeFacts(
        subscription=subscription,
        plans=plans,
        usage={},
        invoice_id="",
        currency=plan_of(subscription.phases[0], plans).currency,
        rounding=Rounding.HALF_UP,
        treatment=lambda _: TaxTreatment(category=TaxCategory.OUTSIDE),
    )
    marks = [each.prepaid for each in fees_in_advance(facts, period) if each.prepaid is not None]
    return replace(subscription, prepaid=tuple(replace(mark, amount=0) for mark in marks))
