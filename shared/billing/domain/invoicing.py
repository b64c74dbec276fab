"""From facts to an invoice, without I/O: the heart of a billing run, and the page to read first.

A run gathers `InvoiceFacts` for a subscription that is due and asks `draft_invoice` what its earliest open cycle comes
to. The answer is a `Draft` (an invoice still without a number), a `CreditDraft` (credits exceed charges: a credit note)
or a `Skip` (nothing to bill, and why). Each carries the subscription as it stands afterwards, moved on to its next
bill-for date.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import partial

from billing.domain.accounting_tax import with_accounting_tax
from billing.domain.basis import basis_of
from billing.domain.billing_cycle import BillingCycle, cycle_at, late_cycle, next_bill_for
from billing.domain.charge import Charge, ChargeFacts, taxable_lines
from billing.domain.charged_stretch import ChargedStretch
from billing.domain.commitment import true_ups
from billing.domain.credit import CreditNote, credit_note_of
from billing.domain.customer import Customer
from billing.domain.discounts import discounted, discounts_left
from billing.domain.errors import InvalidInput
from billing.domain.exchange import ExchangeTable
from billing.domain.fee_charges import credits_for_unused, fees_in_advance, fees_in_arrears
from billing.domain.guard import with_latest
from billing.domain.invoice import Invoice, InvoiceStatus, SettlementStep
from billing.domain.late_charges import covering, late_charges
from billing.domain.late_usage import LateBuckets, without_late_usage
from billing.domain.numbering import NumberMonth
from billing.domain.one_time_charges import charges_to_come, one_time_charges
from billing.domain.particulars import require_particulars
from billing.domain.period import Period, local_date
from billing.domain.review import Hold, why_held
from billing.domain.subscription import Plans, Subscription, SubscriptionStatus, plan_of
from billing.domain.suspension import billable, billable_late, is_left_out, is_left_out_ahead, is_paused, leaving_out
from billing.domain.tax import TaxTable, TaxTreatment, net_total, tax_lines, total_tax, treatment
from billing.domain.tenant import Tenant
from billing.domain.usage import Buckets
from billing.domain.usage_charges import unused_charge, usage_charges

_MOMENT, _STEPS = timedelta(microseconds=1), (SettlementStep.RENDER,)


class SkipReason(StrEnum):
    """Why a cycle that is due brings no invoice."""

    NOTHING_TO_BILL = "nothing_to_bill"
    ZERO_TOTAL = "zero_total"
    SUSPENDED = "suspended"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceFacts:
    """Everything an invoice rests on. `usage` holds each meter's buckets; `issued_at` is the run's UTC instant.

    `late` is what came too late for earlier invoices, `exchange` the rates to the tenant's tax currency. `cycle` is
    `open_cycle` of the subscription where the caller needed it before; `charged` is what later bills charged of it.
    """

    tenant: Tenant
    customer: Customer
    subscription: Subscription
    plans: Plans
    usage: Mapping[str, Buckets]
    taxes: TaxTable
    issued_at: datetime
    revision: int = 0
    cycle: BillingCycle | None = None
    late: Mapping[str, LateBuckets] = field(default_factory=dict)
    exchange: ExchangeTable = field(default_factory=ExchangeTable)
    charged: tuple[ChargedStretch, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An invoice without a number, the cycle it bills, the subscription moved on, and why it is not issued at once."""

    invoice: Invoice
    cycle: BillingCycle
    subscription: Subscription
    hold: Hold | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditDraft:
    """A credit note without a number in place of an invoice, the cycle it bills, and the subscription moved on."""

    credit_note: CreditNote
    cycle: BillingCycle
    subscription: Subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """A cycle without an invoice, and the subscription moved on."""

    reason: SkipReason
    cycle: BillingCycle
    subscription: Subscription


def draft_invoice(facts: InvoiceFacts) -> Draft | CreditDraft | Skip:
    """Rate, prorate and tax the subscription's earliest open cycle.

    Raises UnknownPlan, MissingParticular where the invoice may not be issued as it is, or InvalidInput for a mix of
    currencies and for a `next_billing_at` that is no bill-for date: then nothing moves on, and the subscription is
    tried again by the next run.
    """
    cycle = facts.cycle or open_cycle(facts.subscription, facts.plans)
    invoice_id = invoice_id_of(facts.subscription.id, cycle, revision=facts.revision)
    facts = _as_suspended(facts, cycle)
    charges = _charges(facts, cycle, invoice_id)
    cycle = covering(charges, cycle)
    moved_on = partial(_moved_on, without_late_usage(facts.subscription, facts.late), cycle, charges)
    if not charges:
        return Skip(reason=_why_nothing(facts, cycle), cycle=cycle, subscription=moved_on())
    invoice = _invoice(facts, cycle, invoice_id, charges)
    invoice = with_accounting_tax(invoice, tenant=facts.tenant, rates=facts.exchange)
    if invoice.total < 0:
        require_particulars(invoice, tenant=facts.tenant)
        return CreditDraft(credit_note=credit_note_of(invoice), cycle=cycle, subscription=moved_on())
    if facts.tenant.skip_zero_invoices and not any(line.amount for line in invoice.lines):
        return Skip(reason=SkipReason.ZERO_TOTAL, cycle=cycle, subscription=moved_on())
    require_particulars(invoice, tenant=facts.tenant)
    hold = why_held(invoice, buyer=facts.customer.tax, recent=facts.subscription.recent, tenant=facts.tenant)
    issued = invoice.subtotal if hold is None else None
    return Draft(invoice=invoice, cycle=cycle, subscription=moved_on(issued=issued), hold=hold)


def open_cycle(subscription: Subscription, plans: Plans) -> BillingCycle:
    """The earliest cycle of a subscription that is not invoiced; InvalidInput where it has had its last bill."""
    due = subscription.next_billing_at
    if due is None:
        raise InvalidInput("next_billing_at", expected="a subscription with a bill to come", given=None)
    cycle = cycle_at(subscription, plans, bill_for_date=due)
    is_late = subscription.late_bills and due == subscription.end
    return late_cycle(cycle, number=subscription.late_bills) if is_late else cycle


def issue(invoice: Invoice, *, number: str, payment_url: str = "", steps: Sequence[SettlementStep] = _STEPS) -> Invoice:
    """Give a draft its number: from here on it never changes. A total of 0 is paid at once (semantics 3)."""
    status = InvoiceStatus.PAID if invoice.total == 0 else InvoiceStatus.ISSUED
    return replace(invoice, number=number, status=status, payment_url=payment_url, pending=tuple(steps))


def issue_credit_note(
    credit_note: CreditNote, *, number: str, pending: Sequence[SettlementStep] = _STEPS
) -> CreditNote:
    """Give a credit note its number, from the tenant's `credit_numbers`: from here on it never changes."""
    return replace(credit_note, number=number, pending=tuple(pending))


def invoice_id_of(subscription_id: str, cycle: BillingCycle, *, revision: int) -> str:
    """The id that makes an invoice unique: subscription, period, revision."""
    return f"{subscription_id}.{cycle.key}.r{revision}"


def number_day(document: Invoice | CreditNote, tenant: Tenant) -> date:
    """The local day whose year and month the number of an invoice or credit note shows."""
    series = tenant.credit_numbers if isinstance(document, CreditNote) else tenant.numbers
    if series.month_of is NumberMonth.ISSUE_DATE:
        return document.issued_on
    return local_date(document.period.start, zone=document.zone)


def _as_suspended(facts: InvoiceFacts, cycle: BillingCycle) -> InvoiceFacts:
    """The facts without suspended and paused time; a bill that is made again leaves out what the first one left out."""
    subscription = facts.subscription
    if facts.revision == 0:
        subscription = leaving_out(subscription, cycle, tenant=facts.tenant, customer=facts.customer)
    if not subscription.left_out:
        return facts
    return replace(
        facts,
        subscription=subscription,
        usage={meter: billable(subscription, buckets) for meter, buckets in facts.usage.items()},
        late={meter: billable_late(subscription, late) for meter, late in facts.late.items()},
    )


def _why_nothing(facts: InvoiceFacts, cycle: BillingCycle) -> SkipReason:
    if not _is_left_out(facts, cycle):
        return SkipReason.NOTHING_TO_BILL
    ends, begins = (
        is_paused(facts.subscription, at=cycle.bill_for_date - before) for before in (_MOMENT, timedelta(0))
    )
    return SkipReason.PAUSED if ends or begins or not facts.subscription.unbilled else SkipReason.SUSPENDED


def _is_left_out(facts: InvoiceFacts, cycle: BillingCycle) -> bool:
    """Whether the cycle has a period that is not billed because the service was suspended or paused."""
    past = cycle.arrears is not None and is_left_out(facts.subscription, cycle.arrears)
    return past or is_left_out_ahead(facts.subscription, cycle, is_again=facts.revision > 0)


def _charges(facts: InvoiceFacts, cycle: BillingCycle, invoice_id: str) -> Sequence[Charge]:
    inputs = ChargeFacts(
        subscription=facts.subscription,
        plans=facts.plans,
        usage=facts.usage,
        invoice_id=invoice_id,
        currency=_currency(facts),
        rounding=facts.tenant.rounding,
        treatment=_treatment_of(facts),
        late=facts.late,
        charged=facts.charged,
    )
    charges: list[Charge] = list(credits_for_unused(inputs, cycle.period)) if cycle.is_late else []
    if cycle.arrears is not None:
        charges += usage_charges(inputs, cycle.arrears)
        charges += fees_in_arrears(inputs, cycle.arrears)
        charges += credits_for_unused(inputs, cycle.arrears)
        charges += list(true_ups(inputs, cycle.arrears, charges))
    if cycle.advance is not None and not is_left_out_ahead(facts.subscription, cycle, is_again=facts.revision > 0):
        charges += fees_in_advance(inputs, cycle.advance)
    charges += one_time_charges(inputs, cycle)
    if not charges and cycle.arrears is not None and not _is_left_out(facts, cycle):
        charges += unused_charge(inputs, cycle.arrears)
    return [*discounted(inputs, cycle, charges), *late_charges(inputs)]


def _treatment_of(facts: InvoiceFacts) -> Callable[[Period], TaxTreatment]:
    """The buyer's tax treatment at a period's tax point: its last local day (semantics 6)."""
    known: dict[datetime, TaxTreatment] = {}

    def treatment_of(period: Period) -> TaxTreatment:
        if period.end not in known:
            day = local_date(period.end - _MOMENT, zone=facts.subscription.zone)
            known[period.end] = treatment(
                seller_country=facts.tenant.seller.country, buyer=facts.customer.tax, table=facts.taxes, on=day
            )
        return known[period.end]

    return treatment_of


def _currency(facts: InvoiceFacts) -> str:
    """The one currency of the invoice: the plans' and the customer's must be the same (semantics 1)."""
    for phase in facts.subscription.phases:
        plan = plan_of(phase, facts.plans)
        if plan.currency != facts.customer.currency:
            expected = f"{plan.currency}, as plan {plan.ref} is priced"
            raise InvalidInput("currency", expected=expected, given=facts.customer.currency)
    return facts.customer.currency


def _moved_on(
    subscription: Subscription, cycle: BillingCycle, charges: Sequence[Charge], *, issued: int | None = None
) -> Subscription:
    """The subscription after this bill; `issued` is the subtotal of an invoice that is issued at once."""
    following = next_bill_for(subscription, after=cycle.bill_for_date)
    return replace(
        subscription,
        next_billing_at=following,
        status=SubscriptionStatus.ENDED if following is None else subscription.status,
        prepaid=tuple([charge.prepaid for charge in charges if charge.prepaid is not None]),
        discounts=discounts_left(subscription.discounts, charges) if subscription.discounts else (),
        one_time=charges_to_come(subscription.one_time, cycle) if subscription.one_time else (),
        recent=subscription.recent if issued is None else with_latest(subscription.recent, issued),
    )


def _invoice(facts: InvoiceFacts, cycle: BillingCycle, invoice_id: str, charges: Sequence[Charge]) -> Invoice:
    tenant, customer, subscription = facts.tenant, facts.customer, facts.subscription
    taxable = taxable_lines(charges)
    taxes = tax_lines(taxable, currency=customer.currency, rounding=tenant.rounding)
    tax, subtotal = total_tax(taxes), net_total(taxable, rounding=tenant.rounding)
    issued_on = local_date(facts.issued_at, zone=tenant.zone)
    return Invoice(
        id=invoice_id,
        number="",
        revision=facts.revision,
        status=InvoiceStatus.DRAFT,
        customer_id=customer.id,
        subscription_id=subscription.id,
        currency=customer.currency,
        locale=customer.locale or tenant.locale,
        zone=subscription.zone,
        period=cycle.period,
        bill_for_date=cycle.bill_for_date,
        issued_at=facts.issued_at,
        issued_on=issued_on,
        due_on=issued_on + timedelta(days=tenant.payment_terms_days),
        payment_terms_days=tenant.payment_terms_days,
        collection_method=customer.collection_method,
        seller=tenant.seller,
        buyer=customer.party,
        bank=tenant.bank,
        lines=tuple(each.line for each in charges),
        tax_lines=taxes,
        subtotal=subtotal,
        tax=tax,
        total=subtotal + tax,
        notes=tenant.notes,
        buyer_reference=customer.buyer_reference,
        basis=basis_of(subscription, facts.plans, tax=customer.tax, rounding=tenant.rounding, charged=facts.charged),
    )
