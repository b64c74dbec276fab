"""One unpaid invoice that is chased in memory, as a run does it: decided, charged, told, put behind; and a diary of it.

    chase = Chase.declined("insufficient_funds", on="2026-03-01")
    assert chase.runs("2026-03-04T09:00") == ["retry", "payment_reminder"]

It has no store, no gateway and no mail: what it shows is what the domain decides.
"""

from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Self

from billing.domain.attempt import AttemptSource, AttemptStatus, PaymentAttempt
from billing.domain.charging import is_answered, next_attempt, with_attempt
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
from billing.domain.dunning_policies import DEFAULT_POLICY
from billing.domain.dunning_policy import DunningPolicy, DunningStep
from billing.domain.dunning_retry import why_not_retried
from billing.domain.invoice import CollectionMethod, Invoice, InvoiceStatus
from billing.domain.invoice_payment import overdue, paid
from billing.domain.period import local_date
from tests.builders import Account, a_customer, a_fee, a_plan, utc

CARD = "pm_1"
_MOST_TURNS = 12


def an_invoice(**changes: Any) -> Invoice:  # noqa: ANN401 - any field of the dataclass
    """49.00 US dollars, issued on 1 March 2026 at 04:00 in UTC, with a card to be charged."""
    bill = Account.opened(a_plan(fees=[a_fee("49.00")]), start="2026-02-01").bill()
    usual: dict[str, Any] = {
        "number": "INV-1",
        "status": InvoiceStatus.ISSUED,
        "zone": "UTC",
        "collection_method": CollectionMethod.CHARGE_AUTOMATICALLY,
    }
    return replace(bill, **(usual | changes))


def a_payer(**changes: Any) -> Customer:  # noqa: ANN401 - any field of the dataclass
    """A customer with a saved card and a subscription that goes on."""
    return replace(a_customer(payment_method_id=CARD, active_subscriptions=1), **changes)


def an_attempt(status: AttemptStatus, *, code: str = "", at: str = "2026-03-01T04:00") -> PaymentAttempt:
    """The first charge of the saved card."""
    return PaymentAttempt(
        number=1, attempted_at=utc(at), amount=4900, status=status, code=code, method_id=CARD, payment_id="pi_1"
    )


def declined(code: str = "insufficient_funds", *, at: str = "2026-03-01T04:00", **changes: Any) -> Invoice:  # noqa: ANN401
    """The invoice with its card declined at an instant, which is day 0; `changes` are the invoice's."""
    attempt = an_attempt(AttemptStatus.DECLINED, code=code, at=at)
    return with_attempt(an_invoice(**changes), attempt, at=utc(at))


def case_of(invoice: Invoice) -> DunningCase:
    """The invoice's case, which it has."""
    assert invoice.dunning is not None
    return invoice.dunning


@dataclass(slots=True, kw_only=True)
class Chase:
    """The invoice as it is by now. `answer` is how the gateway declines the next charge; "" takes the money."""

    invoice: Invoice
    customer: Customer = field(default_factory=a_payer)
    policy: DunningPolicy = DEFAULT_POLICY
    answer: str = "insufficient_funds"
    diary: list[tuple[datetime, str]] = field(default_factory=list)

    @classmethod
    def declined(
        cls,
        code: str = "insufficient_funds",
        *,
        policy: DunningPolicy = DEFAULT_POLICY,
        customer: Customer | None = None,
    ) -> Self:
        """Declined on 1 March 2026, and again with the same code whenever it is tried."""
        return cls(invoice=declined(code), answer=code, policy=policy, customer=customer or a_payer())

    @classmethod
    def by_transfer(cls) -> Self:
        """To be paid by transfer and not paid by the last day of February: day 0 is 1 March 2026."""
        owed = an_invoice(collection_method=CollectionMethod.SEND_INVOICE, due_on=date(2026, 2, 28))
        return cls(invoice=overdue(owed, at=utc("2026-03-01T04:00")))

    @property
    def case(self) -> DunningCase:
        """The case as it stands."""
        return case_of(self.invoice)

    @property
    def is_over(self) -> bool:
        """Whether nobody is chased any more."""
        return self.case.state.is_over

    def runs(self, at: str | datetime) -> list[str]:
        """A run at an instant: what it does. Like a run it only looks at a case whose time has come."""
        now = utc(at) if isinstance(at, str) else at
        before = len(self.diary)
        if self.is_over or self.case.next_at is None or self.case.next_at > now:
            return []
        for _ in range(_MOST_TURNS):
            decision = decide(self.policy, self.invoice, self.customer, as_of=now)
            if isinstance(decision, Rest):
                if not self.is_over:
                    self.becomes(replace(self.case, next_at=decision.next_at))
                return [what for _, what in self.diary[before:]]
            self._acts(decision, at=now)
        msg = f"the case never rests: {self.diary[before:]}"
        raise AssertionError(msg)

    def charges(self, at: datetime, *, source: AttemptSource = AttemptSource.STAFF) -> None:
        """A charge of the saved card that the gateway answers at once."""
        status = AttemptStatus.DECLINED if self.answer else AttemptStatus.SUCCEEDED
        attempt = PaymentAttempt(
            number=next_attempt(self.invoice),
            attempted_at=at,
            amount=self.invoice.amount_due,
            status=status,
            code=self.answer,
            method_id=self.customer.payment_method_id,
            source=source,
        )
        self.invoice = with_attempt(self.invoice, attempt, at=at)
        if not self.answer:
            self.invoice = paid(self.invoice, self.invoice.amount_due, at=at)

    def becomes(self, case: DunningCase) -> None:
        """The invoice with the case as it is now."""
        self.invoice = replace(self.invoice, dunning=case)

    def _acts(self, act: Act, *, at: datetime) -> None:
        assert act.on == local_date(at, self.invoice.zone)
        self.becomes(unpaused(self.case, on=act.on))
        for step in act.passed_over:
            record = StepRecord(day=step.day, at=at, outcome=StepOutcome.PASSED_OVER, state=step.state)
            self.becomes(stepped(self.case, record, on=act.on))
            self._notes(at, f"passed over {step.day}")
        if act.step is not None:
            self._takes(act.step, on=act.on, at=at)
        if self.is_over:
            return
        if act.review:
            self.becomes(under_review(self.case, reason=act.review, at=at))
            self._notes(at, f"review: {act.review}")
        if act.suspend:
            self.becomes(suspended(self.case, at=at))
            self._notes(at, "suspended")

    def _takes(self, step: DunningStep, *, on: date, at: datetime) -> None:
        if not why_not_retried(self.policy, self.invoice, self.customer, step=step, as_of=at):
            is_looked_up = bool(self.invoice.attempts) and not is_answered(self.invoice.attempts[-1])
            self._notes(at, "looked up" if is_looked_up else "retry")
            if not is_looked_up:
                tries = (*self.customer.card_tries, CardTry(method_id=self.customer.payment_method_id, at=at))
                self.customer = replace(self.customer, card_tries=tries)
                self.becomes(replace(self.case, tries=self.case.tries + 1))
            self.charges(at, source=AttemptSource.SCHEDULE)
        notice = "" if self.is_over else step.template.value
        if notice:
            self._notes(at, notice)
        record = StepRecord(day=step.day, at=at, outcome=StepOutcome.DONE, state=step.state, notice=notice)
        self.becomes(stepped(self.case, record, on=on))

    def _notes(self, at: datetime, what: str) -> None:
        self.diary.append((at, what))
