"""Decide on a dunning case that waits for a person: retry now, extend, write off, or back to its schedule."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from billing.domain.attempt import PaymentAttempt
from billing.domain.case_decision import (
    BackToSchedule,
    CaseDecision,
    Decided,
    ExtendUntil,
    RetryNow,
    WriteOff,
    back_on_schedule,
    concluded,
    extended,
    is_concluded,
    queued_case,
)
from billing.domain.dunning_case import CaseResolution
from billing.domain.errors import InvalidInput
from billing.domain.invoice import Invoice, InvoiceStatus
from billing.ports import Documents, Gateway
from billing.store.invoices import Invoices
from billing.usecases.call import Call
from billing.usecases.change_case import change_case
from billing.usecases.policy_of import policy_of
from billing.usecases.retry_case import retry_case
from billing.usecases.write_off_invoice import write_off_invoice


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedCase:
    """The invoice as it stands now, and what a retry came to: its case waits on where nothing was paid.

    The attempt is None for other decisions, and where the invoice was paid meanwhile.
    """

    invoice: Invoice
    attempt: PaymentAttempt | None = None


def resolve_case(
    documents: Documents,
    id_or_number: str,
    *,
    resolution: CaseDecision,
    note: str,
    call: Call,
    gateway: Callable[[], Gateway] | None = None,
) -> ResolvedCase:
    """Carry the decision out and take the case out of the queue; the same decision twice is one.

    A retry is charged at once. Declined, or sent to the customer to confirm, it leaves the case in the queue and is
    recorded; without an answer the same call finds out what became of it. Raises NotFound, InvalidInput for an empty
    note and a day that is not to come, NotChased, CaseIsOver, NotInReview, NothingAhead, NothingToCharge, and what
    `charge_invoice` raises.
    """
    if not note.strip():
        raise InvalidInput("note", expected="why it was decided so", given=note)
    by = Decided(note=note.strip(), actor=call.actor, at=call.recorded_at)
    match resolution:
        case RetryNow():
            invoice, attempt = retry_case(documents, id_or_number, by=by, call=call, gateway=gateway)
            return ResolvedCase(invoice=invoice, attempt=attempt)
        case ExtendUntil(until=until):
            after = change_case(documents, id_or_number, lambda each: extended(each, until=until, by=by), call=call)
        case BackToSchedule():
            after = change_case(
                documents,
                id_or_number,
                lambda each: back_on_schedule(policy_of(documents, each, call=call), each, by=by),
                call=call,
                note=by.note,
            )
        case WriteOff():
            after = _written_off(documents, id_or_number, by=by, call=call)
        case _:
            assert_never(resolution)
    return ResolvedCase(invoice=after)


def _written_off(documents: Documents, id_or_number: str, *, by: Decided, call: Call) -> Invoice:
    """Given up first and noted on the case after that: a call that dies in between is finished by the next one."""
    invoice = Invoices.of(documents, call.tenant_id).named(id_or_number).value
    resolution = CaseResolution.WRITTEN_OFF
    if is_concluded(invoice, resolution, by=by):
        return invoice
    if invoice.status is not InvoiceStatus.UNCOLLECTIBLE:
        queued_case(invoice)
        write_off_invoice(documents, invoice.id, reason=by.note, call=call)
    return change_case(documents, invoice.id, lambda each: concluded(each, resolution, by=by), call=call)
