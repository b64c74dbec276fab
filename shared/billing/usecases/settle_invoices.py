"""Settle issued invoices: file what is made of them, charge, send mails, and then write what came of it in one commit.

A crash anywhere leaves the steps on the invoices, and the next run's sweep does them again. Doing them again is
harmless: objects are written only if absent, a charge has its key and is looked up first, a mail is the same mail.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from types import MappingProxyType

from billing.domain.collected import Collected
from billing.domain.customer import Customer
from billing.domain.errors import BillingError
from billing.domain.invoice import Invoice, InvoiceStatus
from billing.domain.run_report import Settled
from billing.ports import Documents, Objects
from billing.ports.trace import in_this_trace
from billing.store.collection import Stored
from billing.store.invoices import Invoices, decode_invoice
from billing.usecases.call import Call
from billing.usecases.close_other_ways import close_other_ways
from billing.usecases.collect import Collecting
from billing.usecases.commit_outcomes import Committed, commit_outcomes
from billing.usecases.deliver import Mailing
from billing.usecases.file_document import Files
from billing.usecases.finish_refunds import sweep_refunds
from billing.usecases.invoice_steps import Case, Done, Steps, do_steps, has_steps
from billing.usecases.issued_json import filed_under, issued_json
from billing.usecases.settle_credit_notes import CreditSettlement, RenderCreditNotes, sweep_credit_notes
from billing.usecases.settle_documents import Desk, file_all, sweep_all

Render = Callable[[Sequence[Invoice]], Iterable[Files]]
"""Makes the files of invoices, in their order: the same bytes for the same invoice."""

_AT_ONCE = 10
_ACTOR = "settlement"
_NOBODY: Mapping[str, Customer] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """Where and how one tenant's documents are settled; steps that there is nothing for (None) wait.

    `now` tells the present UTC instant, `has_listener` whether the tenant has an address for events (None: not read).
    """

    documents: Documents
    objects: Objects
    tenant_id: str
    now: Callable[[], datetime]
    render: Render
    render_credit_notes: RenderCreditNotes | None = None
    collecting: Collecting | None = None
    mailing: Mailing | None = None
    has_listener: bool | None = None

    @property
    def invoices(self) -> Desk[Invoice]:
        """How the tenant's invoices are settled."""
        return Desk(
            documents=self.documents,
            objects=self.objects,
            collection=Invoices.of(self.documents, self.tenant_id).collection,
            decode=decode_invoice,
            as_issued=as_issued,
            render=self.render,
            json=invoice_json,
            key=lambda invoice: filed_under("invoices", self.tenant_id, invoice),
        )

    @property
    def steps(self) -> Steps:
        """How the steps of one invoice are done."""
        return Steps(
            documents=self.documents,
            objects=self.objects,
            collecting=self.collecting,
            mailing=self.mailing,
            call=self.call,
        )

    @property
    def credit_notes(self) -> CreditSettlement | None:
        """How the tenant's credit notes are settled, where they are."""
        if self.render_credit_notes is None:
            return None
        return CreditSettlement(
            documents=self.documents,
            objects=self.objects,
            tenant_id=self.tenant_id,
            render=self.render_credit_notes,
            call=self.call,
            gateway=None if self.collecting is None else self.collecting.gateway,
            mailing=self.mailing,
        )

    def call(self) -> Call:
        """Who writes what came of the steps, now."""
        return Call(tenant_id=self.tenant_id, actor=_ACTOR, recorded_at=self.now(), has_listener=self.has_listener)


def settle_invoices(
    settlement: Settlement, invoices: Sequence[Stored[Invoice]], customers: Mapping[str, Customer] = _NOBODY
) -> Settled:
    """Do the pending steps of issued invoices; one that can't be settled keeps its steps and stops no other.

    `customers` (by id) are those that this process has just issued the invoices to: what the others wait for may have
    been done before, so their charges are looked up first.
    """
    filed, unfiled = file_all(settlement.invoices, invoices)
    files, failed = {each.document.value.id: each for each in filed}, {each.invoice_id for each in unfiled}
    cases = [
        Case(invoice=each, filed=files.get(each.value.id), customer=customers.get(each.value.customer_id))
        for each in invoices
        if each.value.id not in failed
    ]
    done = _do_all(settlement, cases)
    call = settlement.call()
    committed = commit_outcomes(settlement.documents, [each.outcome for each in done], call=call)
    _close_other_ways(settlement, committed, call=call)
    failures = [*unfiled, *(each.failure for each in done if each.failure is not None), *committed.failures]
    failed = {each.invoice_id for each in failures}
    return Settled(
        done=[each.after.id for each in committed.written if each.after.id not in failed],
        failures=failures,
        refused=[refused for each in done for refused in each.outcome.refused],
        collected=_collected(done, committed),
    )


def settle_by_id(settlement: Settlement, invoice_ids: Sequence[str]) -> Settled:
    """Do the pending steps of these invoices, whoever issued them; those that have none are left alone."""
    found = Invoices.of(settlement.documents, settlement.tenant_id).get(invoice_ids)
    return settle_invoices(settlement, [each for each in found if each is not None and each.value.pending])


def sweep(settlement: Settlement, *, out_of_time: Callable[[], bool], sweep_from: str = "") -> Settled:
    """Settle what earlier runs left, every credit note that waits and every refund that nobody knows the end of.

    A page at a time; `sweep_from` is where an earlier slice of the same sweep says that it goes on.
    """
    collection, _, after = sweep_from.partition("/")
    parts = {"invoices": partial(sweep_all, settlement.invoices, settle=partial(settle_invoices, settlement))}
    parts["credit_notes"] = partial(_sweep_credit_notes, settlement)
    parts["payments"] = partial(_sweep_refunds, settlement)
    settled, names = Settled(), list(parts)
    for name in names[names.index(collection) if collection in parts else 0 :]:
        settled += parts[name](out_of_time=out_of_time, after=after)
        if settled.sweep_from:
            break
        after = ""
    return settled


def _sweep_credit_notes(settlement: Settlement, *, out_of_time: Callable[[], bool], after: str) -> Settled:
    credit_notes = settlement.credit_notes
    return Settled() if credit_notes is None else sweep_credit_notes(credit_notes, out_of_time=out_of_time, after=after)


def _sweep_refunds(settlement: Settlement, *, out_of_time: Callable[[], bool], after: str) -> Settled:
    collecting, documents = settlement.collecting, settlement.documents
    if collecting is None:
        return Settled()
    return sweep_refunds(documents, collecting.gateway, call=settlement.call, out_of_time=out_of_time, after=after)


def as_issued(invoice: Invoice) -> Invoice:
    """The invoice as it was when it was issued: a file made late, or again, says nothing of what happened since.

    What the credit balance paid was paid at issue.
    """
    status = InvoiceStatus.PAID if invoice.total == invoice.balance_applied else InvoiceStatus.ISSUED
    return replace(
        invoice,
        status=status,
        amount_paid=invoice.balance_applied,
        amount_credited=0,
        attempts=(),
        checkout_id="",
        page_payment_id="",
        page_payment_failed=None,
        paid_at=None,
        dunning=None,
        pending=(),
        attachments=(),
    )


def invoice_json(invoice: Invoice) -> bytes:
    """The invoice as it was issued, as JSON: amounts in minor units, exact decimals as text, keys sorted."""
    return issued_json(as_issued(invoice))


def _do_all(settlement: Settlement, cases: Sequence[Case]) -> list[Done]:
    steps = settlement.steps
    if not any(has_steps(steps, each) for each in cases):
        return [do_steps(steps, each) for each in cases]
    with ThreadPoolExecutor(_AT_ONCE) as pool:  # each waits for the gateway and the mail server, not for the others
        return list(pool.map(in_this_trace(partial(do_steps, steps)), cases))


def _collected(done: Sequence[Done], committed: Committed) -> Collected:
    """What was collected and is written; the rest is found by the next sweep, and counts there."""
    unwritten = {each.invoice_id for each in committed.failures}
    return sum((each.collected for each in done if each.outcome.invoice.value.id not in unwritten), Collected())


def _close_other_ways(settlement: Settlement, committed: Committed, *, call: Call) -> None:
    """What was just paid can't be paid again; a page that can't be closed now is asked about by the next sweep."""
    collecting, documents = settlement.collecting, settlement.documents
    for each in committed.written:
        if collecting is None or each.payment is None or not each.after.checkout_id:
            continue
        try:
            gateway, paid_by = collecting.gateway(), each.payment.gateway_id
            close_other_ways(documents, gateway, each.after.id, paid_by=paid_by, call=call)
        except BillingError:  # the step that asks is still on the invoice
            continue
