"""Draft an invoice that somebody makes by hand: of a subscription of its own, of one day and ended.

So it is taxed, explained and verified as any other, and no run ever bills that subscription again.
"""

import hashlib
import re
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from billing.domain.catalog import Plan
from billing.domain.customer import Customer
from billing.domain.errors import BillingError, NotFound
from billing.domain.invoice import Invoice
from billing.domain.invoice_life import due
from billing.domain.invoicing import CreditDraft, Draft, InvoiceFacts, Skip, draft_invoice
from billing.domain.period import Cycle, Schedule, Unit, local_date, local_midnight
from billing.domain.plan_name import BY_HAND
from billing.domain.sharding import shard_of
from billing.domain.subscription import OneTimeCharge, Phase, Subscription
from billing.domain.tenant import Tenant
from billing.ports import Write
from billing.usecases.call import Call
from billing.usecases.publish_plans import PlanPublished
from billing.usecases.run_context import RunContext
from billing.usecases.set_service import by_hand_prefix

_A_DAY = timedelta(days=1)
_OWN_PLAN = re.compile(r"by-hand\.[a-z]{3}@1")
_DIGEST = re.compile("[0-9a-f]{16}")


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOffLine:
    """A line: a quantity of an exact price in major units, tax on top unless `tax_inclusive`; below 0 a discount."""

    description: str
    quantity: Decimal
    unit_price: Decimal
    tax_inclusive: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOff:
    """What is to be invoiced once. `key` makes it one for its customer: the same again is known.

    `due_on` is the tenant's local day (None: by the tenant's terms), `reference` the buyer's own ("": the customer's),
    `given_number` what its maker calls it.
    """

    customer_id: str
    key: str
    lines: tuple[OneOffLine, ...]
    due_on: date | None = None
    reference: str = ""
    notes: tuple[str, ...] = ()
    given_number: str = ""

    @property
    def subscription_id(self) -> str:
        """The id of the subscription that stands for it."""
        return f"{by_hand_prefix(self.customer_id)}{hashlib.sha256(self.key.encode()).hexdigest()[:16]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOffDraft:
    """What it comes to, and the writes that it rests on: of its plan, where that is still to be published."""

    outcome: Draft | CreditDraft | Skip
    writes: tuple[Write, ...]


def draft_one_off(context: RunContext, asked: OneOff, customer: Customer, *, tenant: Tenant, call: Call) -> OneOffDraft:
    """Rate and tax what is asked for, dated now, by the tenant's settings as they are given.

    A suspended service keeps nobody from being invoiced by hand. Raises MissingParticular.
    """
    plan, is_new = _plan(context, currency=customer.currency)
    outcome = draft_invoice(
        InvoiceFacts(
            tenant=tenant,
            customer=replace(customer, suspended_at=None, suspensions=()),
            subscription=_subscription(asked, plan, tenant=tenant, call=call),
            plans={plan.ref: plan},
            usage={},
            taxes=context.taxes,
            exchange=context.exchange,
            issued_at=call.recorded_at,
        )
    )
    if isinstance(outcome, Draft):
        outcome = replace(outcome, invoice=_as_asked(outcome.invoice, asked))
    return OneOffDraft(outcome=outcome, writes=(context.plan_versions.publication(plan),) if is_new else ())


def as_said_before(draft: Invoice, void: Invoice) -> Invoice:
    """The draft in place of a void invoice made by hand, with what its maker said beside the lines."""
    said = replace(draft, notes=void.notes, given_number=void.given_number, buyer_reference=void.buyer_reference)
    return due(said, on=max(void.due_on, said.issued_on)) if void.due_on_given else said


def is_one_off(subscription: Subscription) -> bool:
    """Whether a subscription stands for an invoice made by hand: just what is drafted here, whatever else has its name.

    Rejecting one deletes it, so a subscription that goes on must never be taken for one.
    """
    name = subscription.id.removeprefix(by_hand_prefix(subscription.customer_id))
    return (
        _DIGEST.fullmatch(name) is not None
        and [_OWN_PLAN.fullmatch(phase.plan) is not None for phase in subscription.phases] == [True]
        and subscription.end is not None
        and not subscription.items
    )


def _subscription(asked: OneOff, plan: Plan, *, tenant: Tenant, call: Call) -> Subscription:
    """A subscription of today alone, to which the lines are one-time charges."""
    zone = tenant.zone
    today = local_date(call.recorded_at, zone=zone)
    start, end = local_midnight(today, zone=zone), local_midnight(today + _A_DAY, zone=zone)
    charges = [
        OneTimeCharge(
            id=f"line-{number}",
            name=line.description,
            quantity=line.quantity,
            unit_price=line.unit_price,
            charged_at=start,
            tax_inclusive=line.tax_inclusive,
        )
        for number, line in enumerate(asked.lines, start=1)
    ]
    return Subscription(
        id=asked.subscription_id,
        customer_id=asked.customer_id,
        zone=zone,
        phases=(Phase(plan=plan.ref, start=start, schedule=Schedule.anniversary(plan.cycle, start, zone)),),
        end=end,
        one_time=tuple(charges),
        next_billing_at=end,
        shard=shard_of(asked.customer_id, shards=tenant.shards),
    )


def _as_asked(draft: Invoice, asked: OneOff) -> Invoice:
    """The draft with what its maker says beside the lines."""
    said = replace(
        draft,
        notes=(*draft.notes, *asked.notes),
        given_number=asked.given_number,
        buyer_reference=asked.reference or draft.buyer_reference,
    )
    return said if asked.due_on is None else due(said, on=asked.due_on)


def _plan(context: RunContext, *, currency: str) -> tuple[Plan, bool]:
    """The plan without prices that these subscriptions are of, and whether it is still to be published.

    Raises PlanPublished where the tenant gave that name to a plan of its own: `verify` could not tell them apart.
    """
    plan = Plan(
        plan_id=f"{BY_HAND}{currency.lower()}", version=1, name="By hand", currency=currency, cycle=Cycle(1, Unit.DAY)
    )
    [found] = context.plan_versions.get([plan.ref])
    if isinstance(found, BillingError) and not isinstance(found, NotFound):
        raise found
    if isinstance(found, Plan) and found != plan:
        raise PlanPublished(plan)
    return plan, isinstance(found, NotFound)
