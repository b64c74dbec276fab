"""Dunning: what is done about an unpaid invoice now (semantics 9). Pure; the effects are `usecases/run_dunning.py`'s.

A case moves only forward, and is over from any state when its invoice is paid, void or written off:

issued -> payment_attempted -> retry_scheduled -> reminder_sent -> urgent_notice -> manual_review -> suspended
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TypeAlias

from billing.domain.attempt import PaymentAttempt
from billing.domain.charging import awaits_payment, under_way
from billing.domain.customer import Customer
from billing.domain.decline import Advice
from billing.domain.dunning_case import CaseCause, CaseResolution, CaseReview, DunningCase, PauseReason
from billing.domain.dunning_policy import CaseState, DunningPolicy, DunningStep, StepTemplate
from billing.domain.dunning_retry import tried_advice
from billing.domain.invoice import Invoice
from billing.domain.invoice_payment import is_open
from billing.domain.period import local_date, local_midnight, zone_named

_A_DAY = timedelta(days=1)
_LOOKED_AT_AGAIN = frozenset({CaseResolution.EXTENDED, CaseResolution.RETRIED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rest:
    """Nothing is done now; the case is looked at again at the UTC instant `next_at`, or never."""

    next_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """What is done now, on the local day `on`: the latest step that is due, with those that are passed over for it.

    `review` is why a person has to look at the case ("" where nobody has to), `suspend` that the service stops.
    """

    on: date
    step: DunningStep | None = None
    passed_over: tuple[DunningStep, ...] = ()
    review: str = ""
    suspend: bool = False


Decision: TypeAlias = Rest | Act


def decide(policy: DunningPolicy, invoice: Invoice, customer: Customer, *, as_of: datetime) -> Decision:
    """What is done about an invoice at a UTC instant. Asked again after that is done, until it says to rest.

    Days are local days of the invoice's zone, quiet hours the customer's.
    """
    case = invoice.dunning
    if case is None or case.state.is_over or not is_open(invoice):
        return Rest(next_at=None)
    on = local_date(as_of, invoice.zone)
    pause = case.pause
    is_paused = pause is not None and (pause.until_on is None or on < pause.until_on)
    if awaits_payment(invoice):  # money may be on its way; what becomes of it is heard before
        reason = "" if is_paused else _why_unheard(invoice, case)
        return Act(on=on, review=reason) if reason else Rest(next_at=as_of + _A_DAY)
    if pause is not None and is_paused:
        return Rest(next_at=None if pause.until_on is None else local_midnight(pause.until_on, invoice.zone))
    if reason := _early_review(policy, invoice, case):
        return Act(on=on, review=reason)
    due = _due_steps(policy, case, on=on)
    suspend_on = suspension_day(policy, case, customer)
    suspend = suspend_on is not None and suspend_on <= on
    if not due and not suspend:
        return Rest(next_at=_next_look(policy, invoice, case, suspend_on=suspend_on))
    heard_on = [case.date_of(each.day) for each in due[-1:] if each.template is not StepTemplate.NONE]
    heard_on += [suspend_on] if suspend_on is not None and suspend else []
    quiet_until = _quiet_until(policy, invoice, customer, since=min(heard_on), as_of=as_of) if heard_on else None
    return Rest(next_at=quiet_until) if quiet_until is not None else _act(case, due, on=on, suspend=suspend)


def suspension_day(policy: DunningPolicy, case: DunningCase, customer: Customer) -> date | None:
    """The local day on which the service is suspended as the case stands; None for never, or where it is already.

    A customer without a subscription that goes on has no service to suspend, and one whose payment was taken back
    loses it only after somebody has looked at that: nobody has told it anything yet.
    """
    if case.suspended_at is not None or not customer.active_subscriptions:
        return None
    if case.cause is CaseCause.REVERSED and not _was_looked_at(case):
        return None
    days: list[int] = []
    if policy.suspend_after_days is not None:
        days.append(policy.suspend_after_days)
    if (count := policy.suspend_after_reminders) is not None and len(case.reminded_days) >= count:
        days.append(case.reminded_days[count - 1])
    return case.date_of(min(days) + policy.access_grace_days) if days else None


def _act(case: DunningCase, due: tuple[DunningStep, ...], *, on: date, suspend: bool) -> Act:
    if not due:
        return Act(on=on, suspend=suspend)
    tried = f"{_times(case.tries, 'retry', 'retries')} and {_times(len(case.reminded_on), 'notice', 'notices')}"
    is_last = due[-1].state is CaseState.MANUAL_REVIEW
    review = f"day {due[-1].day}: unpaid after {tried}" if is_last else ""
    return Act(on=on, step=due[-1], passed_over=due[:-1], review=review, suspend=suspend)


def _due_steps(policy: DunningPolicy, case: DunningCase, *, on: date) -> tuple[DunningStep, ...]:
    """The steps that are due and not behind; none while a person decides."""
    if not case.follows_schedule:
        return ()
    today = case.day_of(on)
    return tuple(each for each in policy.steps if case.last_day < each.day <= today)


def _why_unheard(invoice: Invoice, case: DunningCase) -> str:
    """Why a person has to say what became of a charge under way: the gateway does not know it. "" for all others."""
    last = under_way(invoice)
    if last is None or not last.message or case.in_review or _was_seen(case.review, last):
        return ""
    return f"the gateway does not know the payment {last.payment_id}, which is under way: {last.message}"


def _early_review(policy: DunningPolicy, invoice: Invoice, case: DunningCase) -> str:
    """Why a person has to look at the case whatever day it is: a decline that says so, or a decision that ran out.

    Or a policy that is shorter by now than the case is old: what nobody looks at would be unpaid for ever.
    """
    if case.in_review:
        return ""
    seen = case.review
    if seen is None and case.cause is CaseCause.REVERSED:
        return "the payment was taken back"
    last = invoice.attempts[-1] if invoice.attempts else None
    if last is not None and tried_advice(policy, last) is Advice.REVIEW and not _was_seen(seen, last):
        return f"the payment was declined as {last.code}"
    if case.follows_schedule and case.last_day >= policy.review_day:
        return f"day {case.last_day}: the schedule has no step left"
    if seen is None or seen.resolution not in _LOOKED_AT_AGAIN:
        return ""
    if case.pause is not None and case.pause.reason is PauseReason.PROMISE:
        return f"not paid by {case.pause.until_on}, as was promised"
    return f"still unpaid after it was {seen.resolution.value}"


def _was_looked_at(case: DunningCase) -> bool:
    return case.review is not None and case.review.resolution is not None


def _was_seen(review: CaseReview | None, attempt: PaymentAttempt) -> bool:
    return review is not None and review.opened_at >= attempt.attempted_at


def _next_look(
    policy: DunningPolicy, invoice: Invoice, case: DunningCase, *, suspend_on: date | None
) -> datetime | None:
    days = [] if suspend_on is None else [suspend_on]
    if case.follows_schedule:
        days += [case.date_of(each.day) for each in policy.steps if each.day > case.last_day]
    return local_midnight(min(days), invoice.zone) if days else None


def _quiet_until(
    policy: DunningPolicy, invoice: Invoice, customer: Customer, *, since: date, as_of: datetime
) -> datetime | None:
    """When the quiet hours end that it is in now; None where there are none, or they have held this for a day.

    A scheduler that only ever calls in quiet hours would otherwise never chase anybody.
    """
    if policy.quiet_hours is None or as_of >= local_midnight(since, invoice.zone) + _A_DAY:
        return None
    local = as_of.astimezone(zone_named(customer.time_zone or invoice.zone))
    if not policy.quiet_hours.hold(local.time()):
        return None
    end = policy.quiet_hours.end
    ends = local.replace(hour=end.hour, minute=end.minute, second=0, microsecond=0)  # in this pass of a repeated hour
    return (ends if ends > local else ends + _A_DAY).astimezone(UTC)


def _times(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"
