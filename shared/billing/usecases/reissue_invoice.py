"""Invoice a void period again: a new revision with a new number, computed from what is known of that cycle now."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from billing.domain.audit import AuditRecord
from billing.domain.errors import InvalidInput
from billing.domain.guard import with_latest
from billing.domain.invoice import Invoice, InvoiceStatus
from billing.domain.invoice_life import InvoiceNotVoid, RevisionExists, is_newest, next_revision_id
from billing.domain.invoicing import Draft
from billing.domain.rebilling import before_bill, charged_after, discounts_with, discounts_without, named_as
from billing.domain.subscription import Subscription
from billing.ports import Documents, Write
from billing.store.collection import Stored
from billing.usecases.again import again_while_others_write
from billing.usecases.call import Call
from billing.usecases.draft_page import draft_cases
from billing.usecases.gather_facts import gather_facts
from billing.usecases.number_page import number_invoices
from billing.usecases.one_invoice import context_of, subscription_of
from billing.usecases.one_off_draft import as_said_before, is_one_off
from billing.usecases.paid_ahead import bills_of, paid_ahead
from billing.usecases.run_context import RunContext
from billing.usecases.use_balance import with_balances
from billing.usecases.version_check import VersionCheck, any_version


def reissue_invoice(
    documents: Documents,
    id_or_number: str,
    *,
    call: Call,
    payment_url: Callable[[str], str] = lambda _invoice_id: "",
    seen: VersionCheck = any_version,
) -> Stored[Invoice]:
    """Issue the next revision of a void invoice, to be settled by the caller; it is dated now and names the old number.

    Plan versions, items, usage, customer and taxes are those of now. What the void invoice consumed (what was paid
    ahead before it, discounts, one-time charges) is not consumed again, what later invoices charged of its period stays
    theirs, and the subscription does not move. Nobody has to approve it: asking for it is the decision. Raises
    NotFound, InvoiceNotVoid, RevisionExists, what keeps the cycle from being billed, and whatever `seen` raises of the
    void invoice's version.
    """
    return again_while_others_write(
        lambda: _reissue(context_of(documents, call=call, payment_url=payment_url), id_or_number, call, seen=seen)
    )


def _reissue(context: RunContext, id_or_number: str, call: Call, *, seen: VersionCheck) -> Stored[Invoice]:
    stored = context.invoices.named(id_or_number)
    seen(stored.version)
    void = stored.value
    [revision] = context.invoices.get([next_revision_id(void)])
    if revision is not None:
        raise RevisionExists(void, revision=revision.value)
    if void.status is not InvoiceStatus.VOID:
        raise InvoiceNotVoid(void)
    subscription = subscription_of(context, void)
    draft, last = _draft(context, void, subscription), dict[str, int]()
    made = as_said_before(draft.invoice, void) if is_one_off(subscription.value) else draft.invoice
    numbered = number_invoices(context, [replace(made, replaces=void.number)], last=last)
    at_issue = with_balances(context, numbered)
    [invoice] = at_issue.invoices
    writes = [*at_issue.writes]
    writes += [context.series.advance(context.counters[each], to=number) for each, number in last.items()]
    writes.append(context.invoices.creation(invoice, shard=subscription.value.shard))
    again = _billed_again(subscription.value, void, invoice, draft)
    writes.append(context.subscriptions.moved_on(subscription, again))
    writes.append(_audit(context, invoice, call, beside=at_issue.records))
    versions = dict(zip([write.path for write in writes], context.documents.commit(writes), strict=True))
    return Stored(invoice, versions[context.invoices.path(invoice.id)])


def _draft(context: RunContext, void: Invoice, subscription: Stored[Subscription]) -> Draft:
    before = named_as(before_bill(subscription.value, void), void)
    bills = bills_of(context, void.subscription_id)
    page = [Stored(replace(before, prepaid=paid_ahead(context, void, bills)), subscription.version)]
    drafted = draft_cases(
        context, page, gather_facts(context, page), revision=void.revision + 1, charged=charged_after(void, bills)
    )
    for _, error in drafted.refused:
        raise error
    [each] = drafted.drafted
    if not isinstance(each.draft, Draft):
        raise InvalidInput("invoice", expected="a cycle that there is something to invoice for", given=void.number)
    if each.draft.invoice.id != next_revision_id(void):
        given = f"{each.draft.invoice.id} in place of {next_revision_id(void)}"
        raise InvalidInput("invoice", expected="the cycle that the void one was made for", given=given)
    return each.draft


def _billed_again(subscription: Subscription, void: Invoice, invoice: Invoice, draft: Draft) -> Subscription:
    """The subscription where it stands; what its newest bill pays ahead is what is paid ahead now.

    Coupons count the new invoice in place of the void one.
    """
    newest = is_newest(invoice, subscription)
    return replace(
        subscription,
        recent=with_latest(subscription.recent, invoice.subtotal),
        prepaid=draft.subscription.prepaid if newest else subscription.prepaid,
        discounts=discounts_with(discounts_without(subscription.discounts, void), invoice),
    )


def _audit(context: RunContext, invoice: Invoice, call: Call, *, beside: Sequence[AuditRecord]) -> Write:
    record = call.record(
        f"invoices/{invoice.id}",
        "invoice.issued",
        after=invoice.status.value,
        reason=f"{invoice.number} in place of {invoice.replaces}",
    )
    return context.audit.batch([record, *beside], batch_id=f"reissue-{invoice.id}", recorded_at=call.recorded_at)
