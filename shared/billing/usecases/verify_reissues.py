"""Verify that a bill made again and the bill after it charge no part of a period twice (semantics 5, 7)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice

from billing.domain.bill_id import revision_of
from billing.domain.document_check import Difference
from billing.domain.figures import amount
from billing.domain.finding import FindingKind
from billing.domain.invoice import Invoice
from billing.domain.invoicing import CreditDraft, Draft, Skip
from billing.domain.rebilling import is_in_force
from billing.domain.subscription import Prepaid
from billing.store.codec import BrokenDocument
from billing.usecases.paid_ahead import Bill, bill_before, bills_of, paid_ahead
from billing.usecases.recompute_page import Outcome, Recomputed, recompute_page
from billing.usecases.verification import Verification


def verify_reissued(verification: Verification, page: Iterable[Recomputed]) -> None:
    """Of a page those made again: each, and the bill that followed it, by what the bill before it charges.

    Of their subscriptions the bills from the one before on are read, and of no others.
    """
    for each in page:
        bill, outcome = each.document, each.outcome
        if not revision_of(bill.id) or not is_in_force(bill):
            continue
        if isinstance(outcome, Draft | CreditDraft | Skip):
            past = outcome.cycle.arrears
            since = bill.bill_for_date if past is None else past.start
            _verify_around(verification, bill, since=since)


def _verify_around(verification: Verification, again: Bill, *, since: datetime) -> None:
    try:
        bills = bills_of(verification.context, again.subscription_id, since=since)
    except BrokenDocument:  # the page that it stands on names it
        return
    for bill in _rests_on(again, bills):
        _verify_bill(verification, bill, bills)


def _rests_on(again: Bill, bills: Sequence[Bill]) -> Iterator[Bill]:
    """The bill itself and the one after it, unless that was made again too: then it has its own turn."""
    yield again
    in_force = (each for each in bills if each.bill_for_date > again.bill_for_date and is_in_force(each))
    yield from (each for each in islice(in_force, 1) if not revision_of(each.id))


def _verify_bill(verification: Verification, bill: Bill, bills: Sequence[Bill]) -> None:
    before = bill_before(bill.bill_for_date, bills)
    if before is None or bill.basis is None or not is_in_force(before):
        return
    known = {_key(each): each for each in bill.basis.prepaid}
    charged = paid_ahead(verification.context, bill, bills)
    prepaid = tuple([known.get(_key(each), each) for each in charged])
    if prepaid == bill.basis.prepaid:
        return
    now = replace(bill, basis=replace(bill.basis, prepaid=prepaid))
    for each in recompute_page(verification.context, [now]):
        expected, stored = _subtotal(each.outcome), _stored(bill)
        if expected is not None and expected != stored:
            _find(verification, bill, before=before, stored=stored, expected=expected)


def _key(prepaid: Prepaid) -> tuple[object, ...]:
    return prepaid.item_id, prepaid.plan, prepaid.period, prepaid.invoice_id


def _stored(bill: Bill) -> int:
    return bill.subtotal if isinstance(bill, Invoice) else -bill.subtotal


def _subtotal(outcome: Outcome | Exception | None) -> int | None:
    """What the bill comes to without tax; None where that can't be told, which is a finding of its own."""
    match outcome:
        case Draft(invoice=invoice):
            return invoice.subtotal
        case CreditDraft(credit_note=note):
            return -note.subtotal
        case None | Exception():
            return None
        case _:
            return 0


def _find(verification: Verification, bill: Bill, *, before: Bill, stored: int, expected: int) -> None:
    difference = Difference(
        field="subtotal", stored=amount(stored, bill.currency), expected=amount(expected, bill.currency)
    )
    kind = "invoices" if isinstance(bill, Invoice) else "credit_notes"
    what = f"{bill.number or bill.id}, by what {before.number or before.id} charges of the time before it"
    verification.find_difference(
        FindingKind.CHARGED_TWICE, f"{kind}/{bill.id}", difference, name=bill.number, what=what
    )
