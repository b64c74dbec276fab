"""Invoice a void period again: a new revision with a new number, computed from what is known of that cycle now."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from billing.domain.audit import AuditRecord
from billing.domain.credit import CreditNote
from billing.domain.credit_note_events import credit_note_issued
from billing.domain.errors import InvalidInput
from billing.domain.guard import with_latest
from billing.domain.invoice import Invoice, InvoiceStatus
from billing.domain.invoice_life import InvoiceNotVoid, RevisionExists, is_newest, next_revision_id
from billing.domain.invoicing import CreditDraft, Draft
from billing.domain.rebilling import before_bill, charged_after, discounts_with, discounts_without, named_as
from billing.domain.subscription import Subscription
from billing.ports import Documents, Write
from billing.store.collection import Stored
from billing.usecases.again import again_while_others_write
from billing.usecases.call import Call
from billing.usecases.draft_page import draft_cases
from billing.usecases.gather_facts import gather_facts
from billing.usecases.number_page import number_credit_notes, number_invoices
from billing.usecases.one_invoice import context_of, subscription_of
from billing.usecases.one_off_draft import as_said_before, is_one_off
from billing.usecases.paid_ahead import bills_of, paid_ahead
from billing.usecases.run_context import RunContext
from billing.usecases.tell import told
from billing.usecases.use_balance import with_balances
from billing.usecases.version_check import VersionCheck, any_version


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditedInstead:
    """The credit note that the void invoice of a number is made again as, where that comes out below zero."""

    credit_note: Stored[CreditNote]
    replaces: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """A numbered document, what is written of it and beside it, and what is recorded of others."""

    document: Invoice | CreditNote
    creation: Write
    beside: Sequence[Write]
    records: Sequence[AuditRecord] = ()


def reissue_invoice(
    documents: Documents,
    id_or_number: str,
    *,
    call: Call,
    payment_url: Callable[[str], str] = lambda _invoice_id: "",
    seen: VersionCheck = any_version,
) -> Stored[Invoice] | CreditedInstead:
    """Issue the next revision of a void invoice, to be settled by the caller; it is dated now and names the old number.

    Plan versions, items, usage, customer and taxes are those of now. What the void invoice consumed (what was paid
    ahead before it, discounts, one-time charges) is not consumed again, what later invoices charged of its period stays
    theirs, and the subscription does not move. What comes out below zero is a credit note onto the customer's balance,
    as in a run. Nobody has to approve it: asking for it is the decision. Raises NotFound, InvoiceNotVoid,
    RevisionExists, what keeps the cycle from being billed, and whatever `seen` raises of the void invoice's version.
    """
    return again_while_others_write(
        lambda: _reissue(context_of(documents, call=call, payment_url=payment_url), id_or_number, call, seen=seen)
    )


def _reissue(
    context: RunContext, id_or_number: str, call: Call, *, seen: VersionCheck
) -> Stored[Invoice] | CreditedInstead:
    stored = context.invoices.named(id_or_number)
    seen(stored.version)
    void = stored.value
    _require_no_revision(context, void)
    if void.status is not InvoiceStatus.VOID:
        raise InvoiceNotVoid(void)
    subscription = subscription_of(context, void)
    draft, last = _draft(context, void, subscription), dict[str, int]()
    if isinstance(draft, Draft):
        made = _as_invoice(context, void, draft, subscription.value, last=last)
    else:
        made = _as_credit_note(context, draft, last=last)
    writes = [*made.beside]
    writes += [context.series.advance(context.counters[each], to=number) for each, number in last.items()]
    again = _billed_again(subscription.value, void, made.document, draft)
    writes.append(context.subscriptions.moved_on(subscription, again))
    writes.append(_audit(context, void, made, call))
    version, *_ = context.documents.commit([made.creation, *writes])
    if isinstance(made.document, CreditNote):
        return CreditedInstead(credit_note=Stored(made.document, version), replaces=void.number)
    return Stored(made.document, version)


def _require_no_revision(context: RunContext, void: Invoice) -> None:
    revision_id = [next_revision_id(void)]
    for each in (*context.invoices.get(revision_id), *context.credit_notes.get(revision_id)):
        if each is not None:
            raise RevisionExists(void, revision=each.value)


def _as_invoice(
    context: RunContext, void: Invoice, draft: Draft, subscription: Subscription, *, last: dict[str, int]
) -> _Made:
    made = as_said_before(draft.invoice, void) if is_one_off(subscription) else draft.invoice
    at_issue = with_balances(context, number_invoices(context, [replace(made, replaces=void.number)], last=last))
    [invoice] = at_issue.invoices
    creation = context.invoices.creation(invoice, shard=subscription.shard)
    return _Made(document=invoice, creation=creation, beside=at_issue.writes, records=at_issue.records)


def _as_credit_note(context: RunContext, draft: CreditDraft, *, last: dict[str, int]) -> _Made:
    [note] = number_credit_notes(context, [draft.credit_note], last=last)
    happened = credit_note_issued(note, at=context.call.recorded_at)
    added = context.customers.added(note.customer_id, {"credit_balance": note.balance_added})
    beside = [added, *told(context.documents, [happened], call=context.call)]
    return _Made(document=note, creation=context.credit_notes.creation(note), beside=beside)


def _draft(context: RunContext, void: Invoice, subscription: Stored[Subscription]) -> Draft | CreditDraft:
    before = named_as(before_bill(subscription.value, void), void)
    bills = bills_of(context, void.subscription_id)
    page = [Stored(replace(before, prepaid=paid_ahead(context, void, bills)), subscription.version)]
    drafted = draft_cases(
        context, page, gather_facts(context, page), revision=void.revision + 1, charged=charged_after(void, bills)
    )
    for _, error in drafted.refused:
        raise error
    [each] = drafted.drafted
    if not isinstance(each.draft, Draft | CreditDraft):
        raise InvalidInput("invoice", expected="a cycle that there is something to invoice for", given=void.number)
    document = each.draft.invoice if isinstance(each.draft, Draft) else each.draft.credit_note
    if document.id != next_revision_id(void):
        given = f"{document.id} in place of {next_revision_id(void)}"
        raise InvalidInput("invoice", expected="the cycle that the void one was made for", given=given)
    return each.draft


def _billed_again(
    subscription: Subscription, void: Invoice, document: Invoice | CreditNote, draft: Draft | CreditDraft
) -> Subscription:
    """The subscription where it stands; what its newest bill pays ahead is what is paid ahead now.

    Coupons count the new document in place of the void one.
    """
    is_invoice = isinstance(document, Invoice)
    return replace(
        subscription,
        recent=with_latest(subscription.recent, document.subtotal) if is_invoice else subscription.recent,
        prepaid=draft.subscription.prepaid if is_newest(void, subscription) else subscription.prepaid,
        discounts=discounts_with(discounts_without(subscription.discounts, void), document),
    )


def _audit(context: RunContext, void: Invoice, made: _Made, call: Call) -> Write:
    document, (event, after) = made.document, ("credit_note.issued", "issued")
    entity = f"credit_notes/{document.id}"
    if isinstance(document, Invoice):
        entity, event, after = f"invoices/{document.id}", "invoice.issued", document.status.value
    record = call.record(entity, event, after=after, reason=f"{document.number} in place of {void.number}")
    return context.audit.batch([record, *made.records], batch_id=f"reissue-{document.id}", recorded_at=call.recorded_at)
