"""What a dunning policy does to an invoice, by date, if nobody ever pays: its own decisions, played out ahead.

Nothing is worked out twice: `decide` says what is done when, `why_not_retried` whether a card is charged, and the case
moves on by its own functions. So a preview shows what the runs will do.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import assert_never

from billing.domain.attempt import AttemptSource, AttemptStatus, PaymentAttempt
from billing.domain.charging import attempt_of, awaits_payment, next_attempt, with_attempt
from billing.domain.customer import CardTry, Customer
from billing.domain.dunning import Act, Rest, decide
from billing.domain.dunning_case import (
    DunningCase,
    StepOutcome,
    StepRecord,
    stepped,
    suspended,
    under_review,
    unpaused,
)
from billing.domain.dunning_policy import CaseState, Channel, DunningPolicy, DunningStep, StepTemplate
from billing.domain.dunning_retry import next_retry_on, why_not_retried
from billing.domain.invoice import Invoice
from billing.domain.invoice_payment import is_open

SOFT_DECLINE = "generic_decline"
"""What a charge is declined as where nothing else is known: the commonest, and it may be tried again."""

SUSPENDED_NOTICE = "service_suspended"


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewRow:
    """What is done on the local day `on`, the schedule's `day`: a charge, a notice ("" for none), the state after it.

    `note` says why a charge is not made, or why the state changes.
    """

    day: int
    on: date
    retry: bool
    notice: str
    state: CaseState
    note: str = ""


def preview(
    policy: DunningPolicy,
    invoice: Invoice,
    customer: Customer,
    *,
    as_of: datetime,
    has_gateway: bool = True,
    has_mail: bool = True,
) -> tuple[PreviewRow, ...]:
    """What is still to come of an invoice's case from a UTC instant, if nobody pays and each charge is declined again.

    Nothing where it has no case, where its case rests until somebody resumes it, and while a payment is on its way.
    Without a gateway nothing is charged, without mail no notice is sent (and none counted).
    """
    course = _Course(policy=policy, invoice=invoice, customer=customer, has_gateway=has_gateway, has_mail=has_mail)
    at: datetime | None = as_of
    while at is not None and is_open(invoice) and not course.is_being_paid:
        match decide(policy, course.invoice, course.customer, as_of=at):
            case Rest() as rest:
                at = rest.next_at
            case Act() as act:
                course.go_on(act, at=at)
            case other:
                assert_never(other)
    return tuple(course.rows)


@dataclass(slots=True, kw_only=True)
class _Course:
    """An invoice and its customer as they become step by step, with what was done on the way."""

    policy: DunningPolicy
    invoice: Invoice
    customer: Customer
    has_gateway: bool
    has_mail: bool
    rows: list[PreviewRow] = field(default_factory=list)

    @property
    def is_being_paid(self) -> bool:
        """Whether money is on its way: what becomes of it nobody can say ahead."""
        return awaits_payment(self.invoice)

    @property
    def case(self) -> DunningCase:
        """The case as it stands; nothing is decided on an invoice without one."""
        assert self.invoice.dunning is not None  # noqa: S101
        return self.invoice.dunning

    def go_on(self, act: Act, *, at: datetime) -> None:
        """Do what was decided, in the order of a run."""
        self._becomes(unpaused(self.case, on=act.on))
        for step in act.passed_over:
            record = StepRecord(day=step.day, at=at, outcome=StepOutcome.PASSED_OVER, state=step.state)
            self._becomes(stepped(self.case, record, on=act.on))
            self._note(act, day=step.day, note="passed over, as a later step is due")
        if act.step is not None:
            self._take(act, act.step, at=at)
        elif act.review:
            self._becomes(under_review(self.case, reason=act.review, at=at))
            self._note(act, day=self.case.day_of(act.on), note=act.review)
        if act.suspend:
            day = self.case.day_of(act.on)
            self._becomes(suspended(self.case, at=at))
            self._note(act, day=day, notice=SUSPENDED_NOTICE if self.has_mail else "", note="the service stops")

    def _take(self, act: Act, step: DunningStep, *, at: datetime) -> None:
        refusal = self._why_not_charged(step, at=at)
        if not refusal:
            self._decline(at=at)
        is_mailed = self.has_mail and step.channel is Channel.EMAIL
        notice = step.template.value if is_mailed else ""
        record = StepRecord(
            day=step.day, at=at, outcome=StepOutcome.DONE, state=self._reached(step), notice=notice, note=refusal
        )
        self._becomes(stepped(self.case, record, on=act.on))
        if act.review:
            self._becomes(under_review(self.case, reason=act.review, at=at))
        notes = (refusal if step.retry else "", _untold(step, is_mailed=is_mailed), act.review)
        self._note(act, day=step.day, retry=not refusal, notice=notice, note="; ".join(filter(None, notes)))

    def _why_not_charged(self, step: DunningStep, *, at: datetime) -> str:
        if not self.has_gateway:
            return "the tenant has no gateway"
        return why_not_retried(self.policy, self.invoice, self.customer, step=step, as_of=at)

    def _decline(self, *, at: datetime) -> None:
        """Another charge that fails as the last one did, counted as the schedule's own try."""
        invoice, number = self.invoice, next_attempt(self.invoice)
        attempt = PaymentAttempt(
            number=number,
            attempted_at=at,
            amount=invoice.amount_due,
            status=AttemptStatus.DECLINED,
            code=(invoice.attempts[-1].code if invoice.attempts else "") or SOFT_DECLINE,
            method_id=self.customer.payment_method_id,
            source=AttemptSource.SCHEDULE,
        )
        is_new = attempt_of(invoice, number) is None
        self.invoice = with_attempt(invoice, attempt, at=at)
        if is_new:
            self._becomes(replace(self.case, tries=self.case.tries + 1))
            tried = CardTry(method_id=self.customer.payment_method_id, at=at)
            self.customer = replace(self.customer, card_tries=(*self.customer.card_tries, tried))

    def _reached(self, step: DunningStep) -> CaseState:
        """The state that a step leads to: without a retry ahead none is scheduled."""
        if step.state is not CaseState.RETRY_SCHEDULED:
            return step.state
        ahead = replace(self.invoice, dunning=replace(self.case, last_day=step.day))
        return step.state if next_retry_on(self.policy, ahead) is not None else self.case.state

    def _becomes(self, case: DunningCase) -> None:
        self.invoice = replace(self.invoice, dunning=case)

    def _note(self, act: Act, *, day: int, retry: bool = False, notice: str = "", note: str = "") -> None:
        row = PreviewRow(day=day, on=act.on, retry=retry, notice=notice, state=self.case.state, note=note)
        self.rows.append(row)


def _untold(step: DunningStep, *, is_mailed: bool) -> str:
    """What is said of a notice that no mail carries."""
    if step.template is StepTemplate.NONE or is_mailed:
        return ""
    return (
        f"{step.template.value} by event" if step.channel is Channel.EVENT else f"{step.template.value} can't be mailed"
    )
