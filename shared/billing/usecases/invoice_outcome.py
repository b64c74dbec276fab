"""What the steps of an invoice came to, and what that makes of the invoice, whoever changed it meanwhile."""

from dataclasses import dataclass, replace

from billing.domain.attempt import PaymentAttempt
from billing.domain.audit import AuditRecord
from billing.domain.charging import with_attempt
from billing.domain.invoice import Attachment, Invoice, SettlementStep
from billing.domain.invoice_payment import is_open, paid
from billing.domain.open_ends import asked_to_the_end
from billing.domain.payment import Owed, Payment
from billing.domain.run_report import SettlementFailure
from billing.store.collection import Stored
from billing.usecases.call import Call
from billing.usecases.charge_result import ChargeResult
from billing.usecases.record_payment import NewPayment, booking_records, payment_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The steps that were done of an invoice as it was read, and what came of them.

    `attachments` are the files where they were just made; `refused` the mails that nobody will take; `adds` are steps
    that this calls for.
    """

    invoice: Stored[Invoice]
    done: frozenset[SettlementStep] = frozenset()
    attachments: tuple[Attachment, ...] | None = None
    charge: ChargeResult | None = None
    refused: tuple[SettlementFailure, ...] = ()
    adds: tuple[SettlementStep, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """An outcome written onto the invoice: as it was read, as it will be, the payment to book and the audit records."""

    before: Stored[Invoice]
    after: Invoice
    payment: Payment | None
    records: tuple[AuditRecord, ...]

    @property
    def changes_anything(self) -> bool:
        """Whether there is anything to write."""
        return self.payment is not None or self.after != self.before.value


def planned(outcome: Outcome, *, is_booked: bool, call: Call) -> Planned:
    """What an outcome makes of the invoice that it carries; money that `is_booked` already is not booked again."""
    before = after = outcome.invoice.value
    payment, records, is_news = None, list[AuditRecord](), False
    charge = outcome.charge or ChargeResult()
    if charge.payment is not None and not is_booked:
        payment, after = _booked(before, charge.payment)
        changes = [] if after is before else [(before, after)]
        records += booking_records(payment, changes, call=call)
    if charge.attempt is not None:
        attempted = with_attempt(after, charge.attempt, at=call.recorded_at)
        is_news = attempted != after
        if is_news:  # that is what there is to tell now, and no payment on a page that came back before
            attempted = replace(attempted, page_payment_failed=None)
            records.append(_attempted(attempted, charge.attempt, call=call))
        after = attempted
    records += [_refused(outcome.invoice.value, each, call=call) for each in outcome.refused]
    after = _steps_off(after, outcome)
    if payment is not None or is_news:  # be it that somebody closed it meanwhile
        number = 0 if charge.attempt is None else charge.attempt.number
        after = asked_to_the_end(after, payment_id="" if payment is None else payment.gateway_id, attempt=number)
    return Planned(before=outcome.invoice, after=after, payment=payment, records=tuple(records))


def _booked(invoice: Invoice, new: NewPayment) -> tuple[Payment, Invoice]:
    """The payment applied to what is still owed; what comes for an invoice that is paid or void becomes credit."""
    owed = [Owed(invoice_id=invoice.id, amount_due=invoice.amount_due)] if is_open(invoice) else []
    payment = payment_of(new, owed)
    for application in payment.applications:
        invoice = paid(invoice, application.amount, at=new.received_at)
    return payment, invoice


def _steps_off(invoice: Invoice, outcome: Outcome) -> Invoice:
    left = [step for step in invoice.pending if step not in outcome.done]
    left += [step for step in outcome.adds if step not in left]
    is_filed = outcome.attachments is not None and SettlementStep.RENDER in invoice.pending
    return replace(
        invoice,
        pending=tuple(left),
        attachments=outcome.attachments if is_filed and outcome.attachments else invoice.attachments,
    )


def _attempted(invoice: Invoice, attempt: PaymentAttempt, *, call: Call) -> AuditRecord:
    reason = f"attempt {attempt.number}" + (f": {attempt.code}" if attempt.code else "")
    return call.record(f"invoices/{invoice.id}", "invoice.payment_attempted", after=attempt.status.value, reason=reason)


def _refused(invoice: Invoice, refused: SettlementFailure, *, call: Call) -> AuditRecord:
    status = invoice.status.value
    return call.record(f"invoices/{invoice.id}", "invoice.mail_refused", after=status, reason=refused.message)
