"""The attempts of an invoice: which one comes next, and what is known of each."""

from dataclasses import replace

from billing.domain.attempt import AttemptStatus, PaymentAttempt
from billing.domain.invoice import Invoice

_OPEN = frozenset({AttemptStatus.STARTED, AttemptStatus.UNKNOWN})
_FINAL = frozenset({AttemptStatus.SUCCEEDED, AttemptStatus.DECLINED})


def is_answered(attempt: PaymentAttempt) -> bool:
    """Whether the gateway said what became of it, be it that the payment is under way."""
    return attempt.status not in _OPEN


def attempt_of(invoice: Invoice, number: int) -> PaymentAttempt | None:
    """The attempt of that number, or None where there was none."""
    return next((each for each in invoice.attempts if each.number == number), None)


def next_attempt(invoice: Invoice) -> int:
    """The number of the attempt to make or to finish: the last one's where it has no answer, else the one after."""
    if not invoice.attempts:
        return 1
    last = invoice.attempts[-1]
    return last.number + 1 if is_answered(last) else last.number


def with_attempt(invoice: Invoice, attempt: PaymentAttempt) -> Invoice:
    """The invoice with what is known of an attempt now; what the gateway said for good stays, and so does its time."""
    known = attempt_of(invoice, attempt.number)
    if known is not None:
        if known.status in _FINAL or (is_answered(known) and not is_answered(attempt)):
            return invoice
        attempt = replace(attempt, attempted_at=known.attempted_at)
    others = [each for each in invoice.attempts if each.number != attempt.number]
    return replace(invoice, attempts=tuple(sorted([*others, attempt], key=lambda each: each.number)))
