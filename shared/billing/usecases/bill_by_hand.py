"""Issue an invoice that somebody makes by hand, beside all periods, at once and in one commit."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import ClassVar

from billing.domain.catalog import Plan
from billing.domain.customer import Customer
from billing.domain.errors import BillingError, Conflict, InvalidInput, NotFound
from billing.domain.invoice import Invoice
from billing.domain.invoicing import Draft, InvoiceFacts, draft_invoice
from billing.domain.money import Money
from billing.domain.period import Cycle, Schedule, Unit, local_date, local_midnight
from billing.domain.sharding import shard_of
from billing.domain.subscription import OneTimeCharge, Phase, Subscription
from billing.ports import Documents, Write
from billing.store.collection import Stored
from billing.usecases.call import Call
from billing.usecases.number_page import number_invoices
from billing.usecases.one_invoice import again_while_others_write, context_of
from billing.usecases.run_context import RunContext
from billing.usecases.set_service import by_hand_prefix
from billing.usecases.use_balance import with_balances

_A_DAY = timedelta(days=1)
_PLAN = "by-hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandLine:
    """A line: a quantity of an exact price in major units, with its tax in it."""

    description: str
    quantity: Decimal
    unit_price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class HandBill:
    """What is to be invoiced. `given_number` is what its maker calls it, which makes it one: the same again is known.

    `total` is what the lines come to, in minor units.
    """

    customer_id: str
    given_number: str
    due_on: date
    lines: tuple[HandLine, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HandBilled:
    """The invoice as it stands; `known` where it was made before."""

    invoice: Stored[Invoice]
    known: bool = False


class OtherInvoice(Conflict):
    """Under that number of the caller's another invoice of the customer was made."""

    code: ClassVar[str] = "other_invoice"
    retryable: ClassVar[bool] = False

    def __init__(self, given_number: str, invoice: Invoice) -> None:
        total = Money(invoice.total, invoice.currency)
        super().__init__(f"{given_number} was invoiced as {invoice.number} with {total}: what is issued is not changed")


def bill_by_hand(
    documents: Documents,
    bill: HandBill,
    *,
    call: Call,
    payment_url: Callable[[str], str] = lambda _invoice_id: "",
) -> HandBilled:
    """Issue the invoice with the next number of the tenant's series, dated now, to be settled by the caller.

    Nobody has to approve it: asking for it is the decision. It stands on a subscription of its own, of one day and
    ended, so that it is explained, verified and taxed as any other. Raises NotFound for an unknown customer,
    InvalidInput for lines that don't add up to the total, OtherInvoice, and MissingParticular.
    """
    return again_while_others_write(
        lambda: _bill(context_of(documents, call=call, payment_url=payment_url), bill, call=call)
    )


def _bill(context: RunContext, bill: HandBill, *, call: Call) -> HandBilled:
    subscription_id = f"{by_hand_prefix(bill.customer_id)}{_digest(bill.given_number)}"
    [customer] = context.customers.get([bill.customer_id])
    if customer is None:
        raise NotFound("customer", bill.customer_id)
    made = context.invoices.of_subscription(subscription_id)
    if made:
        if made[-1].value.total != bill.total:
            raise OtherInvoice(bill.given_number, made[-1].value)
        return HandBilled(invoice=made[-1], known=True)
    draft, plan_writes = _draft(context, bill, customer.value, subscription_id=subscription_id, call=call)
    last = dict[str, int]()
    numbered = number_invoices(context, [_as_asked(draft.invoice, bill)], last=last)
    [invoice], writes = with_balances(context, numbered)
    writes += plan_writes
    writes += [context.series.advance(context.counters[each], to=number) for each, number in last.items()]
    writes.append(context.invoices.creation(invoice, shard=draft.subscription.shard))
    writes.append(context.subscriptions.creation(draft.subscription))
    writes.append(_audit(context, invoice, bill, call=call))
    versions = dict(zip([write.path for write in writes], context.documents.commit(writes), strict=True))
    return HandBilled(invoice=Stored(invoice, versions[context.invoices.path(invoice.id)]))


def _draft(
    context: RunContext, bill: HandBill, customer: Customer, *, subscription_id: str, call: Call
) -> tuple[Draft, list[Write]]:
    plan, is_new = _plan(context, currency=customer.currency)
    draft = draft_invoice(
        InvoiceFacts(
            tenant=replace(context.tenant, skip_zero_invoices=False),
            customer=replace(customer, suspended_at=None, suspensions=()),
            subscription=_subscription(context, bill, plan, subscription_id=subscription_id, call=call),
            plans={plan.ref: plan},
            usage={},
            taxes=context.taxes,
            exchange=context.exchange,
            issued_at=call.recorded_at,
        )
    )
    if not isinstance(draft, Draft) or draft.invoice.total != bill.total:
        given = draft.invoice.total if isinstance(draft, Draft) else None
        raise InvalidInput("lineItems", expected=f"lines that add up to {bill.total} minor units", given=given)
    published: list[Write] = [context.plan_versions.publication(plan)] if is_new else []
    return draft, published


def _subscription(context: RunContext, bill: HandBill, plan: Plan, *, subscription_id: str, call: Call) -> Subscription:
    """A subscription of today alone, to which the lines are one-time charges; prices contain their tax."""
    zone = context.tenant.zone
    today = local_date(call.recorded_at, zone=zone)
    start, end = local_midnight(today, zone=zone), local_midnight(today + _A_DAY, zone=zone)
    charges = [
        OneTimeCharge(
            id=f"line-{number}",
            name=line.description,
            quantity=line.quantity,
            unit_price=line.unit_price,
            charged_at=start,
            tax_inclusive=True,
        )
        for number, line in enumerate(bill.lines, start=1)
    ]
    return Subscription(
        id=subscription_id,
        customer_id=bill.customer_id,
        zone=zone,
        phases=(Phase(plan=plan.ref, start=start, schedule=Schedule.anniversary(plan.cycle, start, zone)),),
        end=end,
        one_time=tuple(charges),
        next_billing_at=end,
        shard=shard_of(bill.customer_id, shards=context.tenant.shards),
    )


def _as_asked(draft: Invoice, bill: HandBill) -> Invoice:
    """The draft with the day when it is due, and under the number that its maker knows it by as well."""
    terms = max(0, (bill.due_on - draft.issued_on).days)
    notes = (*draft.notes, f"Ref. {bill.given_number}")
    return replace(draft, due_on=bill.due_on, payment_terms_days=terms, notes=notes, given_number=bill.given_number)


def _plan(context: RunContext, *, currency: str) -> tuple[Plan, bool]:
    """The plan without prices that these subscriptions are of, and whether it is still to be published."""
    plan = Plan(
        plan_id=f"{_PLAN}.{currency.lower()}", version=1, name="By hand", currency=currency, cycle=Cycle(1, Unit.DAY)
    )
    [found] = context.plan_versions.get([plan.ref])
    if isinstance(found, BillingError) and not isinstance(found, NotFound):
        raise found
    return plan, isinstance(found, NotFound)


def _audit(context: RunContext, invoice: Invoice, bill: HandBill, *, call: Call) -> Write:
    records = [
        call.record(
            f"invoices/{invoice.id}",
            "invoice.issued",
            after=invoice.status.value,
            reason=f"{invoice.number} by hand, as {bill.given_number}",
        ),
        call.record(f"subscriptions/{invoice.subscription_id}", "subscription.created", after="ended"),
    ]
    return context.audit.batch(records, batch_id=f"by-hand-{invoice.id}", recorded_at=call.recorded_at)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
