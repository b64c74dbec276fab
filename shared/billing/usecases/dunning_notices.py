"""The notices of a dunning step: to the customer, and to the tenant's own people (semantics 9)."""

from collections.abc import Sequence
from dataclasses import dataclass

from billing.domain.attempt import AttemptStatus, PaymentAttempt
from billing.domain.customer import Customer
from billing.domain.dunning_policy import Channel, DunningStep, StepTemplate
from billing.domain.invoice import Invoice
from billing.domain.notice import Notice, NoticeKind
from billing.usecases.deliver import Mailing, deliver
from billing.usecases.dunning_run import DunningRun
from billing.usecases.invoice_notices import case_notice


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Which of the customer's notices was sent ("" for none), and why one was not."""

    notice: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """A case whose step is told of: `ahead` is the invoice as it will be once the step is behind.

    `day` is the schedule's day, or a negative number of its own where no step says it: it tells mails apart.
    """

    run: DunningRun
    ahead: Invoice
    customer: Customer

    @property
    def unheard(self) -> str:
        """Why the customer gets no mail, in words; "" where it does."""
        if self.run.parts.mailing is None:
            return "no mails are sent for this tenant"
        return "" if self.ahead.buyer.email else "the customer has no e-mail address"

    def tell_customer(self, kind: NoticeKind, *, day: int) -> Told:
        """Send a notice to the customer; what the mail server will never take is noted. Raises what else fails."""
        mailing = self.run.parts.mailing
        if mailing is None or self.unheard:
            return Told(note=self.unheard)
        notice = self._notice(mailing, kind, day=day, pdf=self.run.parts.pdf(self.ahead))
        delivery = deliver(mailing, [notice])
        if delivery.error is not None:
            raise delivery.error
        return (
            Told(notice=kind.value)
            if delivery.sent
            else Told(note="; ".join(each.message for each in delivery.refused))
        )

    def tell_tenant(self, kinds: Sequence[NoticeKind], *, day: int, reason: str) -> None:
        """Tell the tenant's billing contact, where there is one."""
        mailing = self.run.parts.mailing
        if mailing is None or not kinds:
            return
        delivery = deliver(mailing, [self._notice(mailing, kind, day=day, reason=reason) for kind in kinds])
        if delivery.error is not None:
            raise delivery.error

    def _notice(self, mailing: Mailing, kind: NoticeKind, *, day: int, pdf: bytes = b"", reason: str = "") -> Notice:
        return case_notice(
            kind,
            tenant=mailing.tenant,
            customer=self.customer,
            invoice=self.ahead,
            sent_at=self.run.parts.now(),
            step_day=day,
            reason=reason,
            pdf=pdf,
        )


def customer_kind(step: DunningStep) -> NoticeKind | None:
    """What a step says to the customer by e-mail; None where it says nothing, or the tenant's own system does."""
    if step.template is StepTemplate.NONE or step.channel is not Channel.EMAIL:
        return None
    return NoticeKind(step.template.value)


def failed_kinds(attempt: PaymentAttempt | None) -> list[NoticeKind]:
    """A failed charge is told to the tenant too."""
    failed = (AttemptStatus.DECLINED, AttemptStatus.REQUIRES_ACTION)
    return [NoticeKind.TENANT_PAYMENT_FAILED] if attempt is not None and attempt.status in failed else []
