"""What the bill before another one has billed ahead for its past period, as that bill stands now."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from billing.domain.bill_id import revision_of
from billing.domain.billing_cycle import BillingCycle
from billing.domain.credit import CreditNote
from billing.domain.credit_left import credit_left
from billing.domain.credited_ahead import with_credited
from billing.domain.invoice import Invoice
from billing.domain.invoicing import CreditDraft, Draft, Skip
from billing.domain.rebilling import is_in_force, not_billed_any_more
from billing.domain.subscription import Prepaid
from billing.usecases.recompute_page import recompute_page
from billing.usecases.run_context import RunContext

Bill: TypeAlias = Invoice | CreditNote


def bills_of(context: RunContext, subscription_id: str, *, since: datetime | None = None) -> list[Bill]:
    """A subscription's bills of any state: its invoices, and the credit notes in place of some; oldest bill first.

    With `since` (UTC) no invoices of the periods that start before.
    """
    notes = context.credit_notes.of_subscription(subscription_id)
    bills: list[Bill] = [each.value for each in context.invoices.of_subscription(subscription_id, since=since)]
    bills += [note for note in notes if not note.is_by_hand]
    return in_order(bills)


def in_order(bills: Iterable[Bill]) -> list[Bill]:
    """The bills of a subscription, the oldest first, and of a bill and its reissues the newest last."""
    return sorted(bills, key=lambda each: (each.bill_for_date, revision_of(each.id)))


def bill_before(at: datetime, bills: Sequence[Bill]) -> Bill | None:
    """The newest revision of the bill before a UTC instant, of all bills of the subscription in their order."""
    return next((each for each in reversed(bills) if each.bill_for_date < at), None)


def paid_ahead(context: RunContext, bill: Bill, bills: Sequence[Bill]) -> tuple[Prepaid, ...]:
    """What was billed ahead for the past period of a bill, by the newest revision of the one before.

    Where that one is void it is left to its reissue. A bill before that does not tell is taken as the bill found it.
    """
    for each in recompute_page(context, [bill]):
        if isinstance(each.outcome, Draft | CreditDraft | Skip):
            found = paid_ahead_of(context, each.outcome.cycle, bills)
            if found is not None:
                return found
    return _left_to_reissues(() if bill.basis is None else bill.basis.prepaid, bills)


def paid_ahead_of(context: RunContext, cycle: BillingCycle, bills: Sequence[Bill]) -> tuple[Prepaid, ...] | None:
    """What the bill at the start of a cycle's past period billed ahead for that; None where none was or it can't tell.

    One from before a bill that was passed over pays nothing of it.
    """
    since = [each for each in bills if cycle.arrears is not None and each.bill_for_date >= cycle.arrears.start]
    before = bill_before(cycle.bill_for_date, since)
    for each in recompute_page(context, [] if before is None else [before]):
        if isinstance(each.outcome, Draft | CreditDraft) and each.outcome.cycle.advance is not None:
            return _as_it_stands(context, each.document, each.outcome.subscription.prepaid)
    return None


def _as_it_stands(context: RunContext, before: Bill, prepaid: tuple[Prepaid, ...]) -> tuple[Prepaid, ...]:
    if not is_in_force(before):
        return not_billed_any_more(prepaid, before.id)
    notes = [] if isinstance(before, CreditNote) else context.credit_notes.of_invoice(before.id)
    if isinstance(before, CreditNote) or not notes:
        return prepaid
    charges = [credit_left(before, earlier=earlier).charges for earlier in ((), notes)]
    return with_credited(prepaid, invoice_id=before.id, before=charges[0], after=charges[1])


def _left_to_reissues(prepaid: tuple[Prepaid, ...], bills: Iterable[Bill]) -> tuple[Prepaid, ...]:
    void = {each.id for each in bills if not is_in_force(each)}
    return tuple([replace(each, void=each.void or each.invoice_id in void) for each in prepaid])
