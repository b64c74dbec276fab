"""Verify that each subscription has a bill for every period that was due, or a reason for none that holds today."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from billing.domain.bill_id import late_bill_of
from billing.domain.billed_cycles import before_cycle, billed_cycles, is_bill_for_date
from billing.domain.billing_cycle import BillingCycle, next_bill_for
from billing.domain.errors import BillingError
from billing.domain.figures import amount
from billing.domain.finding import FindingKind
from billing.domain.invoice import InvoiceStatus, LineKind
from billing.domain.invoicing import CreditDraft, Draft, InvoiceFacts, Skip, SkipReason, draft_invoice, open_cycle
from billing.domain.period import local_date
from billing.domain.proration import without
from billing.domain.rebilling import item_of
from billing.domain.rollup import month_of
from billing.domain.subscription import Subscription
from billing.store.codec import BrokenDocument
from billing.store.collection import Stored
from billing.store.subscriptions import decode_subscription
from billing.usecases.gather_facts import DueCase, gather_facts
from billing.usecases.paid_ahead import Bill, in_order, paid_ahead_of
from billing.usecases.recompute_page import facts_of
from billing.usecases.refusal import foreseen
from billing.usecases.verification import Verification

_MOST_REVISIONS = 20


def verify_periods(verification: Verification) -> None:
    """Walk the bill-for dates of the subscriptions that may have some in the verified periods, and look at those."""
    queries = verification.context.subscriptions.not_over(verification.request.since)
    for page in verification.pages("subscriptions", *queries, may_pause=True):
        for document in page:
            entity = f"subscriptions/{document.id}"
            try:
                _verify_subscription(verification, decode_subscription(document))
            except BrokenDocument as error:
                verification.find(FindingKind.UNREADABLE, entity, str(error))
            except Exception as error:  # noqa: BLE001 - one subscription's facts must not hide what is wrong elsewhere
                verification.find(FindingKind.NOT_COMPUTABLE, entity, f"{document.id}: {foreseen(error)}")


def _verify_subscription(verification: Verification, stored: Stored[Subscription]) -> None:
    subscription = stored.value
    plans = verification.plans_of(subscription)
    due = subscription.next_billing_at
    if due is not None and not is_bill_for_date(subscription, plans, due):
        _find_date(
            verification, subscription, f"its next bill is due {due.isoformat()}, which is no bill-for date of it"
        )
    elif due is not None and _is_billed_already(verification, open_cycle(subscription, plans), subscription):
        _find_date(verification, subscription, f"its next bill is due {due.isoformat()}, and that period is billed")
    for each in _unbilled(verification, subscription, billed_cycles(subscription, plans)):
        _verify_reason(verification, stored, each)


def _find_date(verification: Verification, subscription: Subscription, message: str) -> None:
    entity = f"subscriptions/{subscription.id}"
    verification.find(
        FindingKind.BILLING_DATE_WRONG, entity, f"subscription {subscription.id}: {message}", name=subscription.id
    )


def _unbilled(
    verification: Verification, subscription: Subscription, cycles: Iterator[BillingCycle]
) -> Iterator[BillingCycle]:
    """The cycles of verified months without a document."""
    for cycle in cycles:
        month = month_of(cycle.period.start, zone=subscription.zone)
        if verification.request.wants(month) and not _documents_of(verification, subscription, cycle):
            yield cycle


def _documents_of(verification: Verification, subscription: Subscription, cycle: BillingCycle) -> list[str]:
    """The ids of the invoices of any revision, or of the credit note, that stand for a cycle."""
    ids = (f"{subscription.id}.{cycle.key}.r{revision}" for revision in range(_MOST_REVISIONS))
    known = verification.known
    return [each for each in ids if f"invoices/{each}" in known or f"credit_notes/{each}" in known]


def _is_billed_already(verification: Verification, cycle: BillingCycle, subscription: Subscription) -> bool:
    """Whether a document other than a void invoice stands for a cycle."""
    ids = _documents_of(verification, subscription, cycle)
    found = verification.context.invoices.get(ids)
    return any(each is None or each.value.status is not InvoiceStatus.VOID for each in found)


def _verify_reason(verification: Verification, stored: Stored[Subscription], cycle: BillingCycle) -> None:
    subscription = stored.value
    bills: list[Bill] = [each.value for each in verification.context.invoices.of_subscription(subscription.id)]
    if _is_billed_at(cycle, bills):
        return
    notes = verification.context.credit_notes.of_subscription(subscription.id)
    bills += [note for note in notes if not note.is_by_hand]
    if _is_billed_at(cycle, bills):
        return
    reason = "it is not due yet, and was passed over"
    if cycle.bill_for_date <= verification.request.as_of:
        outcome = _outcome(verification, stored, cycle, bills)
        verification.read["skips_recomputed"] += 1
        if _is_reason(verification, outcome) or _is_left_to_later(subscription, cycle, outcome, bills):
            return
        reason = _in_words(outcome)
    period = cycle.period
    first, end = (local_date(each, zone=subscription.zone) for each in (period.start, period.end))
    message = f"subscription {subscription.id} has no bill for {first} to {end}: {reason}"
    entity = f"subscriptions/{subscription.id}"
    verification.find(FindingKind.PERIOD_NOT_BILLED, entity, message, name=f"{subscription.id}.{cycle.key}")


def _is_billed_at(cycle: BillingCycle, bills: Sequence[Bill]) -> bool:
    """Whether one was made then, under the key that the cycle had before the subscription was changed."""
    return any(each.bill_for_date == cycle.bill_for_date and not late_bill_of(each.id) for each in bills)


def _is_reason(verification: Verification, outcome: Draft | CreditDraft | Skip | BillingError) -> bool:
    if not isinstance(outcome, Skip):
        return False
    return (
        outcome.reason in (SkipReason.NOTHING_TO_BILL, SkipReason.SUSPENDED, SkipReason.PAUSED)
        or verification.context.tenant.skip_zero_invoices
    )


def _is_left_to_later(
    subscription: Subscription,
    cycle: BillingCycle,
    outcome: Draft | CreditDraft | Skip | BillingError,
    bills: Sequence[Bill],
) -> bool:
    """Whether a bill was passed over before a change of the period that follows, and a later one charges that time.

    Only what is charged ahead can be left so: by a bill that is made, or by the next one where nobody was paid for it.
    """
    at = cycle.bill_for_date
    begun = [phase.start for phase in subscription.phases[1:]] + [item.start for item in subscription.items]
    is_changed = subscription.changed_at is not None or any(cycle.period.contains(each) for each in begun)
    if not isinstance(outcome, Draft) or not is_changed:
        return False
    later = [line for bill in bills if bill.bill_for_date > at for line in bill.lines if line.kind is LineKind.FLAT]
    is_to_come = subscription.next_billing_at == next_bill_for(subscription, after=at) and not subscription.prepaid
    return all(
        each.kind in (LineKind.FLAT, LineKind.PRORATION)
        and each.period.start >= at
        and (is_to_come or not without(each.period, [line.period for line in later if item_of(line) == item_of(each)]))
        for each in outcome.invoice.lines
    )


def _in_words(outcome: Draft | CreditDraft | Skip | BillingError) -> str:
    match outcome:
        case Draft(invoice=document) | CreditDraft(credit_note=document):
            return f"by the stored facts it comes to {amount(document.total, document.currency)} {document.currency}"
        case Skip(reason=reason):
            return f"by the stored facts it is {reason.value}, which is no reason for this tenant"
        case _:
            return f"and whether it needs one can't be told: {outcome}"


def _outcome(
    verification: Verification,
    stored: Stored[Subscription],
    cycle: BillingCycle,
    bills: Sequence[Bill],
) -> Draft | CreditDraft | Skip | BillingError:
    """What the cycle comes to by the facts that are stored now, with what the bill before it had paid ahead."""
    try:
        paid = paid_ahead_of(verification.context, cycle, in_order(bills)) or ()
        before = replace(before_cycle(stored.value, cycle), prepaid=paid)
        [case] = gather_facts(verification.context, [replace(stored, value=before)])
        if not isinstance(case, DueCase):
            return case[1]
        facts = facts_of(verification.context, case, invoice_id="")
        return draft_invoice(
            InvoiceFacts(
                tenant=facts.tenant,
                customer=case.customer.value,
                subscription=facts.subscription,
                plans=facts.plans,
                usage=facts.usage,
                taxes=facts.taxes,
                exchange=verification.context.exchange,
                issued_at=verification.request.as_of,
            )
        )
    except Exception as error:  # noqa: BLE001 - it is told as the reason
        return foreseen(error)
