"""Issue a credit note against an invoice: its number, the invoice's lower amount due and the audit in one commit."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from billing.domain.audit import AuditRecord
from billing.domain.credit import CreditNote, credit_steps
from billing.domain.credit_left import credit_left
from billing.domain.credit_note_events import credit_note_issued
from billing.domain.credit_refunds import on_balance, paid_too_much, plan_refunds
from billing.domain.credit_request import CreditRequest
from billing.domain.credited_again import is_credited_by
from billing.domain.credited_ahead import with_credited
from billing.domain.crediting import credit, credit_note_id
from billing.domain.errors import Conflict
from billing.domain.invoice import Invoice, InvoiceStatus, LineItem
from billing.domain.invoice_payment import credited
from billing.domain.invoicing import number_day
from billing.domain.money import Money
from billing.domain.open_ends import asked_to_the_end
from billing.domain.period import local_date
from billing.ports import Documents, Write
from billing.store.collection import Stored
from billing.usecases.again import again_while_others_write
from billing.usecases.call import Call
from billing.usecases.invoice_trace import invoice_trace
from billing.usecases.one_invoice import context_of, subscription_of
from billing.usecases.restore_at_once import restore_at_once
from billing.usecases.run_context import RunContext


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedCredit:
    """A credit note as it stands in the store; `known` where the same request had issued it before."""

    credit_note: Stored[CreditNote]
    known: bool = False


class OtherCreditNote(Conflict):
    """Under this key something else was credited: the same request can't be two credit notes."""

    code: ClassVar[str] = "other_credit_note"
    retryable: ClassVar[bool] = False

    def __init__(self, issued: CreditNote, request: CreditRequest) -> None:
        self.issued = issued
        said = f"{Money(issued.total, issued.currency)}, {issued.reason!r}"
        super().__init__(f"key {request.key!r} is that of {issued.number} ({said}): another credit needs another key")


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedCredit:
    """A numbered credit note, its invoice with the lower amount due, and what is to be written and recorded of both."""

    credit_note: CreditNote
    invoice: Invoice
    writes: tuple[Write, ...]
    records: tuple[AuditRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """The invoice, the credit notes against it, and the lines of other bills of its subscription."""

    invoice: Stored[Invoice]
    earlier: Sequence[CreditNote]
    later: Sequence[LineItem]


def issue_credit_note(documents: Documents, id_or_number: str, request: CreditRequest, *, call: Call) -> IssuedCredit:
    """Credit a part of an issued invoice, or all that is left; to be settled by the caller (semantics 8).

    It lowers the amount due first; what was paid beyond it is refunded by the settlement, as the note says. The same
    request again, at once or after a crash, is the same note. Raises NotFound, InvoiceNotCreditable with the way out,
    InvalidInput for more than is left, OtherCreditNote where the key is taken.
    """
    return again_while_others_write(lambda: _issue(context_of(documents, call=call), id_or_number, request, call))


def _issue(context: RunContext, id_or_number: str, request: CreditRequest, call: Call) -> IssuedCredit:
    invoice = context.invoices.named(id_or_number)
    [known] = context.credit_notes.get([credit_note_id(invoice.value.id, request.key)])
    if known is not None:
        _require_same(context, known.value, request, invoice)
        return IssuedCredit(credit_note=known, known=True)
    facts = _facts(context, invoice)
    prepared = _prepared(context, facts, request, call)
    writes: list[Write] = [*prepared.writes, *_prepaid_lowered(context, facts, prepared.credit_note)]
    batch_id = f"credit-{hashlib.sha256(prepared.credit_note.id.encode()).hexdigest()[:16]}"
    writes.append(context.audit.batch(prepared.records, batch_id=batch_id, recorded_at=call.recorded_at))
    versions = dict(zip([write.path for write in writes], context.documents.commit(writes), strict=True))
    restore_at_once(context.documents, [prepared.invoice], call=call)
    version = versions[context.credit_notes.collection.document(prepared.credit_note.id)]
    return IssuedCredit(credit_note=Stored(prepared.credit_note, version))


def prepare_credit_note(
    context: RunContext, invoice: Stored[Invoice], request: CreditRequest, *, call: Call
) -> PreparedCredit:
    """What issuing a new credit note writes, for a commit that changes the subscription itself in the same step.

    Nothing is taken off what the subscription may credit later of the same charges: that is the caller's to do. Raises
    InvoiceNotCreditable and InvalidInput.
    """
    return _prepared(context, _facts(context, invoice), request, call)


def _prepared(context: RunContext, facts: _Facts, request: CreditRequest, call: Call) -> PreparedCredit:
    before = facts.invoice.value
    draft = credit(
        before,
        request,
        earlier=facts.earlier,
        later=facts.later,
        at=call.recorded_at,
        on=local_date(call.recorded_at, zone=context.tenant.zone),
    )
    after = asked_to_the_end(credited(before, draft.total, at=call.recorded_at))
    refunded = _with_refunds(context, draft, facts, after=after, request=request)
    numbered, advance = _numbered(context, refunded, before)
    happened = [credit_note_issued(numbered, at=call.recorded_at)]
    trace = invoice_trace(context.documents, [(before, after)], call=context.call, beside=happened)
    creation, moved = context.credit_notes.creation(numbered), context.invoices.collected(facts.invoice, after)
    return PreparedCredit(
        credit_note=numbered,
        invoice=after,
        writes=(advance, creation, moved, *trace.writes),
        records=(*_records(before, after, numbered, call), *trace.records),
    )


def _require_same(context: RunContext, known: CreditNote, request: CreditRequest, invoice: Stored[Invoice]) -> None:
    facts = _facts(context, invoice)
    until = [each for each in facts.earlier if (each.issued_at, each.number) <= (known.issued_at, known.number)]
    if not is_credited_by(known, request, left=credit_left(invoice.value, earlier=until, later=facts.later)):
        raise OtherCreditNote(known, request)


def _facts(context: RunContext, invoice: Stored[Invoice]) -> _Facts:
    """Read after the invoice, whose version the commit expects: another note or payment in between makes it fail."""
    value = invoice.value
    bills = [each.value for each in context.invoices.of_subscription(value.subscription_id)]
    notes = context.credit_notes.of_subscription(value.subscription_id)
    lines = [line for bill in bills if bill.status is not InvoiceStatus.VOID for line in bill.lines]
    turned = [replace(line, amount=-line.amount) for note in notes if not note.is_by_hand for line in note.lines]
    earlier = [note for note in notes if note.is_by_hand and note.invoice_id == value.id]
    return _Facts(invoice=invoice, earlier=earlier, later=[*lines, *turned])


def _with_refunds(
    context: RunContext, draft: CreditNote, facts: _Facts, *, after: Invoice, request: CreditRequest
) -> CreditNote:
    amount = paid_too_much(facts.invoice.value, after)
    if not amount:
        return draft
    refunds = plan_refunds(
        after,
        amount,
        payments=[each.value for each in context.payments.of_invoice(after.id)],
        earlier=facts.earlier,
        to=request.refund_to,
        by_gateway=bool(context.tenant.gateway),
    )
    return replace(draft, refunds=refunds, balance_added=on_balance(refunds))


def _numbered(context: RunContext, draft: CreditNote, invoice: Invoice) -> tuple[CreditNote, Write]:
    numbers, day = context.tenant.credit_numbers, number_day(draft, context.tenant)
    [counter] = context.series.get([numbers.series_of(day)])
    sequence = counter.last + 1
    number, pending = numbers.number(day, sequence), credit_steps(draft, context.tenant, invoice=invoice)
    return replace(draft, number=number, pending=pending), context.series.advance(counter, to=sequence)


def _prepaid_lowered(context: RunContext, facts: _Facts, note: CreditNote) -> list[Write]:
    """The subscription, where it may credit unused time of the invoice later: what is credited now is not, then."""
    invoice = facts.invoice.value
    before, after = (
        credit_left(invoice, earlier=notes, later=facts.later).charges
        for notes in (facts.earlier, [*facts.earlier, note])
    )
    subscription = subscription_of(context, invoice)
    prepaid = with_credited(subscription.value.prepaid, invoice_id=invoice.id, before=before, after=after)
    if prepaid == subscription.value.prepaid:
        return []
    return [context.subscriptions.moved_on(subscription, replace(subscription.value, prepaid=prepaid))]


def _records(before: Invoice, after: Invoice, note: CreditNote, call: Call) -> list[AuditRecord]:
    total = Money(note.total, note.currency)
    issued = f"{note.number} over {total} against {before.number}: {note.reason}"
    return [
        call.record(f"credit_notes/{note.id}", "credit_note.issued", after="issued", reason=issued),
        call.record(
            f"invoices/{before.id}",
            "invoice.credited",
            before=before.status.value,
            after=after.status.value,
            reason=f"{total} by {note.number}",
        ),
    ]
