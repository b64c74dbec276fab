"""Whether a step of the dunning schedule charges the card again, and when it will the next time (semantics 9)."""

from datetime import date, datetime, timedelta

from billing.domain.attempt import AttemptStatus, PaymentAttempt
from billing.domain.charging import amount_refused, is_answered
from billing.domain.customer import Customer
from billing.domain.decline import GATEWAY_REFUSED, NO_METHOD, Advice, is_refusal, stricter
from billing.domain.dunning_case import CaseCause, DunningCase
from billing.domain.dunning_policy import CARD_DAYS, DunningPolicy, DunningStep
from billing.domain.invoice import CollectionMethod, Invoice
from billing.domain.period import local_date

_FAILED = frozenset({AttemptStatus.DECLINED, AttemptStatus.REQUIRES_ACTION})


def why_not_retried(
    policy: DunningPolicy, invoice: Invoice, customer: Customer, *, step: DunningStep, as_of: datetime
) -> str:
    """Why a step does not charge the card, in words; "" where it does.

    A charge without an answer is looked up whatever the step says: that is no new try.
    """
    case, last = invoice.dunning, invoice.attempts[-1] if invoice.attempts else None
    if last is not None and not is_answered(last):
        return ""
    if case is None or not step.retry:
        return "the step has no retry"
    return (
        _why_no_card(invoice, case, customer)
        or _why_refused(invoice, last, as_of=as_of)
        or _why_declined(policy, last, customer, step=step)
        or _why_limited(policy, case, customer, as_of=as_of)
    )


def next_retry_on(policy: DunningPolicy, invoice: Invoice) -> date | None:
    """The local day on which the schedule charges the card again as things stand; None for not by itself.

    Nor where it rests until somebody resumes it, or waits for a person: no day can be promised then.
    """
    case, last = invoice.dunning, invoice.attempts[-1] if invoice.attempts else None
    if case is None or case.state.is_over or last is None or not _goes_on(case):
        return None
    advice = tried_advice(policy, last)
    if advice not in (Advice.RETRY, Advice.RETRY_SOON) or case.cause is CaseCause.REVERSED:
        return None
    soft = advice is Advice.RETRY
    days = (each.day for each in policy.steps if each.retry and each.day > max(case.last_day, 0 if soft else -1))
    return next((case.date_of(day) for day in days), None) if case.tries < policy.most_tries else None


def tried_advice(policy: DunningPolicy, attempt: PaymentAttempt) -> Advice | None:
    """What follows from a declined attempt under the policy; None for one that was not declined by a bank.

    Where the card's network forbids another try, no policy allows it.
    """
    if attempt.status is not AttemptStatus.DECLINED or is_refusal(attempt.code):
        return None
    return stricter(policy.advice(attempt.code), attempt.network_advice)


def card_tries(customer: Customer, *, as_of: datetime) -> int:
    """How often the schedule charged the customer's present card in the last 30 days."""
    since = as_of - timedelta(days=CARD_DAYS)
    return sum(each.method_id == customer.payment_method_id and each.at > since for each in customer.card_tries)


def _goes_on(case: DunningCase) -> bool:
    return case.follows_schedule and (case.pause is None or case.pause.until_on is not None)


def _why_no_card(invoice: Invoice, case: DunningCase, customer: Customer) -> str:
    if invoice.collection_method is CollectionMethod.SEND_INVOICE and not invoice.attempts:
        return "the customer pays by transfer"
    if case.cause is CaseCause.REVERSED:
        return "the payment was taken back"
    return "" if customer.payment_method_id else "no payment method is saved"


def _why_refused(invoice: Invoice, last: PaymentAttempt | None, *, as_of: datetime) -> str:
    """Why what the gateway itself refused is not tried: the same amount ever, anything else again on the same day."""
    if last is None:
        return ""
    if amount_refused(invoice):
        return f"{last.code}: no card is charged this amount"
    is_of_today = local_date(last.attempted_at, invoice.zone) == local_date(as_of, invoice.zone)
    is_to_wait = last.code == GATEWAY_REFUSED and is_of_today
    return f"{last.code}: refused today, to be tried again later" if is_to_wait else ""


def _why_declined(policy: DunningPolicy, last: PaymentAttempt | None, customer: Customer, *, step: DunningStep) -> str:
    if last is None or last.status not in _FAILED or _was_another(last, customer):
        return ""
    if last.status is AttemptStatus.REQUIRES_ACTION:
        return "the customer has to confirm the payment"
    match tried_advice(policy, last):
        case Advice.UPDATE_METHOD:
            return f"{last.code}: it waits for another payment method"
        case Advice.REVIEW:
            return f"{last.code}: a person has to look at it"
        case Advice.RETRY if step.day == 0:
            return f"{last.code}: declined today, to be tried again later"
        case _:
            return ""


def _was_another(last: PaymentAttempt, customer: Customer) -> bool:
    """Whether the method that failed is not the one that is saved now: that was not declined."""
    return last.method_id != customer.payment_method_id if last.method_id else last.code == NO_METHOD


def _why_limited(policy: DunningPolicy, case: DunningCase, customer: Customer, *, as_of: datetime) -> str:
    if case.tries >= policy.most_tries:
        return f"the invoice was tried as often as is allowed: {case.tries}"
    tries = card_tries(customer, as_of=as_of)
    too_many = f"the card was tried as often as is allowed in {CARD_DAYS} days: {tries}"
    return too_many if tries >= policy.most_card_tries else ""
