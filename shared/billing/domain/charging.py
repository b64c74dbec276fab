"""The attempts of an invoice: which one comes next, and what is known of each."""

from dataclasses import replace
from datetime import datetime

from billing.domain.attempt import AttemptStatus, PaymentAttempt
from billing.domain.decline import AMOUNT_CODES, is_refusal
from billing.domain.dunning_case import CaseCause, DunningCase, PauseReason, attempted_again, entered, looked_at
from billing.domain.invoice import Invoice, SettlementStep
from billing.domain.invoice_payment import is_collectible
from billing.domain.period import local_date

_OPEN = frozenset({AttemptStatus.STARTED, AttemptStatus.UNKNOWN})
_ENDLESS = _OPEN | {AttemptStatus.PENDING}
_FAILED = frozenset({AttemptStatus.DECLINED, AttemptStatus.REQUIRES_ACTION})
_FINAL = frozenset({AttemptStatus.SUCCEEDED, AttemptStatus.DECLINED})


def is_answered(attempt: PaymentAttempt) -> bool:
    """Whether the gateway said what became of it, be it that the payment is under way."""
    return attempt.status not in _OPEN


def attempt_of(invoice: Invoice, number: int) -> PaymentAttempt | None:
    """The attempt of that number, or None where there was none."""
    return next((each for each in invoice.attempts if each.number == number), None)


def under_way(invoice: Invoice) -> PaymentAttempt | None:
    """The last attempt, where the gateway has it and does not know yet what becomes of it."""
    last = invoice.attempts[-1] if invoice.attempts else None
    return last if last is not None and last.status is AttemptStatus.PENDING else None


def awaits_payment(invoice: Invoice) -> bool:
    """Whether a payment of it is under way: a charge, or one that its customer made on a hosted page."""
    return under_way(invoice) is not None or bool(invoice.page_payment_id)


def awaiting(invoice: Invoice, *, at: datetime) -> Invoice:
    """The invoice, of which a charge or another payment began at a UTC instant: its case asks about that from then on.

    Whatever else there is to do about the case, and be it at the end of its schedule.
    """
    case = invoice.dunning
    return invoice if case is None or case.state.is_over else replace(invoice, dunning=looked_at(case, at=at))


def amount_refused(invoice: Invoice) -> bool:
    """Whether the gateway charges no such amount as is due: it said so of the last charge, and no less is due now."""
    last = invoice.attempts[-1] if invoice.attempts else None
    return last is not None and last.code in AMOUNT_CODES and last.amount == invoice.amount_due


def next_attempt(invoice: Invoice) -> int:
    """The number of the attempt to make or to finish: the last one's where it has no answer, else the one after."""
    if not invoice.attempts:
        return 1
    last = invoice.attempts[-1]
    return last.number + 1 if is_answered(last) else last.number


def waits_for_method(invoice: Invoice, method_id: str) -> bool:
    """Whether the method that its customer has saved is to be charged at once: the last charge failed with another.

    A charge without an answer is looked up first. What a bank took back, or disputes, waits for a person (semantics 9),
    and while a payment made on a hosted page is under way nothing is charged.
    """
    if invoice.page_payment_id:
        return False
    last = invoice.attempts[-1] if invoice.attempts else None
    if last is None or not method_id or not is_collectible(invoice) or _waits_for_a_person(invoice.dunning, last):
        return False
    if amount_refused(invoice):
        return False
    return not is_answered(last) or (last.status in _FAILED and last.method_id != method_id)


def with_attempt(invoice: Invoice, attempt: PaymentAttempt, *, at: datetime) -> Invoice:
    """The invoice with what is known of an attempt at a UTC instant; what the gateway said for good stays.

    So does the attempt's own time. The first one that fails makes the invoice a dunning case (semantics 9), unless it
    was given up, or the gateway itself refused: then its customer is asked to pay it and has until it is due.
    """
    known = attempt_of(invoice, attempt.number)
    if known is not None:
        if known.status in _FINAL or (is_answered(known) and not is_answered(attempt)):
            return invoice
        attempt = replace(attempt, attempted_at=known.attempted_at)
    others = [each for each in invoice.attempts if each.number != attempt.number]
    attempts = tuple(sorted([*others, attempt], key=lambda each: each.number))
    after = replace(invoice, attempts=attempts)
    if attempt.status in _ENDLESS:
        return after if known is not None and known.status is attempt.status else awaiting(after, at=at)
    if attempt.status not in _FAILED or not is_collectible(after):
        return after
    if is_refusal(attempt.code):
        return _heard_of_now(after, at=at)
    return replace(after, dunning=_case(after, attempt, at=at))


def _case(invoice: Invoice, attempt: PaymentAttempt, *, at: datetime) -> DunningCase:
    case = invoice.dunning
    if case is None or case.state.is_over:
        return entered(CaseCause.PAYMENT_FAILED, on=local_date(at, invoice.zone), at=at)
    return case if _is_of_before(case, attempt) else attempted_again(case, at=at)


def _heard_of_now(invoice: Invoice, *, at: datetime) -> Invoice:
    """The invoice after a refusal. Where it kept the invoice from being sent until it was overdue, day 0 is today."""
    case, on = invoice.dunning, local_date(at, invoice.zone)
    is_news = case is not None and case.cause is CaseCause.OVERDUE and not case.history and case.started_on < on
    if not is_news or SettlementStep.DELIVER not in invoice.pending:
        return invoice
    return replace(invoice, dunning=entered(CaseCause.OVERDUE, on=on, at=at))


def _is_of_before(case: DunningCase, attempt: PaymentAttempt) -> bool:
    """Whether the attempt was made before the payment came that was taken back since."""
    return case.cause is CaseCause.REVERSED and attempt.attempted_at <= case.started_at


def _waits_for_a_person(case: DunningCase | None, last: PaymentAttempt) -> bool:
    if case is None:
        return False
    is_disputed = case.pause is not None and case.pause.reason is PauseReason.DISPUTE
    return is_disputed or (_is_of_before(case, last) and not case.was_resolved)
