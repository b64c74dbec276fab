"""Approve held invoices: they get their numbers, consecutive and in the order of a run, and are issued as of now.

A page of them is one commit with the counter, so that a number and its invoice never part; killed in between, the rest
waits for the next call. An invoice that somebody decided on meanwhile is left alone.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from billing.domain.errors import BillingError, InvalidInput, NotFound
from billing.domain.guard import with_latest
from billing.domain.invoice import Invoice, InvoiceStatus
from billing.domain.invoice_life import InvoiceNotDraft, dated
from billing.domain.numbering import NumberOrder
from billing.domain.review import Resolution, Review, ReviewStatus
from billing.domain.run_report import InvoiceSummary, Settled, summary_of
from billing.ports import Documents, Write, WriteConflict
from billing.store.codec import BrokenDocument
from billing.store.collection import Stored
from billing.usecases.call import Call
from billing.usecases.generate_invoices import RunOptions
from billing.usecases.number_page import number_invoices
from billing.usecases.one_invoice import context_of
from billing.usecases.run_context import RunContext
from billing.usecases.use_balance import AtIssue, with_balances
from billing.usecases.version_check import ABSENT, VersionCheck, any_version

_PAGE = 100
_ATTEMPTS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalFailure:
    """An invoice that could not be issued: a held one waits on."""

    invoice_id: str
    error: BillingError


@dataclass(slots=True, kw_only=True)
class ApprovalReport:
    """The invoices that were issued in the order of their numbers, and the ids of those that had been before."""

    approved: list[InvoiceSummary] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    failures: list[ApprovalFailure] = field(default_factory=list)
    settled: Settled = field(default_factory=Settled)


def approve_invoices(
    documents: Documents,
    invoice_ids: Sequence[str] | None,
    *,
    call: Call,
    options: RunOptions,
    seen: VersionCheck = any_version,
) -> ApprovalReport:
    """Issue the held invoices of these ids, or (None) all that wait; oldest bill first, then as the tenant says.

    Approving again changes nothing. One that fails stops no other: NotFound for an id that there is no invoice of,
    InvoiceNotDraft for one that never waited, and what keeps one from being issued are `failures` of the report. Raises
    StoreUnavailable, and whatever `seen` raises of a version. Of `options` the pay links and `settle` count.
    """
    context = context_of(documents, call=call, payment_url=options.payment_url)
    approval = _Approval(context=context, call=call, report=ApprovalReport(), seen=seen)
    cases = approval.open_cases(invoice_ids)
    for start in range(0, len(cases), _PAGE):
        if issued := approval.issue(cases[start : start + _PAGE]):
            approval.report.settled += options.settle(issued, {})
    return approval.report


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    """A held invoice with its case, both as they were read."""

    review: Stored[Review]
    draft: Stored[Invoice]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Approval:
    context: RunContext
    call: Call
    report: ApprovalReport
    seen: VersionCheck

    def open_cases(self, invoice_ids: Sequence[str] | None) -> list[Stored[Review]]:
        """The cases to approve, in the order of their numbers to be."""
        if invoice_ids is None:
            cases = list(self.context.reviews.list(status=ReviewStatus.OPEN))
        else:
            cases = self._cases_of(list(dict.fromkeys(invoice_ids)))
        by_customer = self.context.tenant.numbers.order is NumberOrder.CUSTOMER
        held = [each for each in cases if each.value.bill_for_date is not None]
        held.sort(key=lambda each: each.value.entity)
        held.sort(key=lambda each: (str(each.value.bill_for_date), each.value.customer_id if by_customer else ""))
        return held

    def _cases_of(self, invoice_ids: Sequence[str]) -> list[Stored[Review]]:
        cases = self.context.reviews.about(f"invoices/{each}" for each in invoice_ids)
        waiting = [each for each in cases if each.value.status is ReviewStatus.OPEN]
        others = [each for each in invoice_ids if each not in {case.value.invoice_id for case in waiting}]
        approved = {each.value.invoice_id for each in cases if each.value.resolution is Resolution.APPROVED}
        for invoice_id, invoice in zip(others, self.context.invoices.get(others), strict=True):
            error = _why_not(invoice_id, invoice, approved=approved)
            if invoice is not None:
                self.seen(invoice.version)
            if error is None:
                self.report.unchanged.append(invoice_id)
            else:
                self.report.failures.append(ApprovalFailure(invoice_id=invoice_id, error=error))
        return waiting

    def issue(self, cases: Sequence[Stored[Review]], *, attempt: int = 1) -> list[Stored[Invoice]]:
        """Issue a page in one commit; what can't be is split off until it stands alone with its error."""
        try:
            waiting = self._waiting(cases)
            return self._commit(waiting) if waiting else []
        except WriteConflict as error:
            if attempt < _ATTEMPTS:
                return self.issue(self._still_open(cases), attempt=attempt + 1)
            return self._split(cases, error)
        except (InvalidInput, BrokenDocument) as error:
            return self._split(cases, error)

    def _still_open(self, cases: Sequence[Stored[Review]]) -> list[Stored[Review]]:
        now = self.context.reviews.get([each.value.id for each in cases])
        return [each for each in now if each is not None and each.value.status is ReviewStatus.OPEN]

    def _split(self, cases: Sequence[Stored[Review]], error: BillingError) -> list[Stored[Invoice]]:
        if len(cases) == 1:
            self.report.failures.append(ApprovalFailure(invoice_id=cases[0].value.invoice_id, error=error))
            return []
        middle = len(cases) // 2
        return self.issue(cases[:middle]) + self.issue(cases[middle:])

    def _waiting(self, cases: Sequence[Stored[Review]]) -> list[_Waiting]:
        drafts = self.context.invoices.get([each.value.invoice_id for each in cases])
        for each in drafts:
            self.seen(ABSENT if each is None else each.version)
        return [
            _Waiting(review=case, draft=draft)
            for case, draft in zip(cases, drafts, strict=True)
            if draft is not None and draft.value.status is InvoiceStatus.DRAFT
        ]

    def _commit(self, waiting: Sequence[_Waiting]) -> list[Stored[Invoice]]:
        context, last = self.context, dict[str, int]()
        context.counters.clear()
        redated = [dated(each.draft.value, at=self.call.recorded_at, tenant=context.tenant) for each in waiting]
        at_issue = with_balances(context, number_invoices(context, redated, last=last))
        issued = at_issue.invoices
        drafts = {each.draft.value.id: each.draft for each in waiting}
        writes: list[Write] = [
            context.series.advance(context.counters[each], to=number) for each, number in last.items()
        ]
        writes += [context.invoices.changed(drafts[each.id], each) for each in issued]
        writes += [self._resolving(each.review) for each in waiting]
        writes += [*at_issue.writes, *self._billed(issued)]
        writes.append(self._audit(at_issue))
        versions = dict(zip([write.path for write in writes], context.documents.commit(writes), strict=True))
        self.report.approved += [summary_of(each) for each in issued]
        return [Stored(each, versions[context.invoices.path(each.id)]) for each in issued]

    def _resolving(self, review: Stored[Review]) -> Write:
        return self.context.reviews.resolving(
            review, Resolution.APPROVED, note="", actor=self.call.actor, resolved_at=self.call.recorded_at
        )

    def _billed(self, issued: Sequence[Invoice]) -> Iterator[Write]:
        """The subscriptions, which from now on are compared with these invoices too."""
        by_subscription: dict[str, list[Invoice]] = defaultdict(list)
        for each in issued:
            by_subscription[each.subscription_id].append(each)
        found = self.context.subscriptions.get(list(by_subscription))
        for subscription, invoices in zip(found, by_subscription.values(), strict=True):
            if subscription is None:
                raise InvalidInput("subscription_id", expected="a subscription", given=invoices[0].subscription_id)
            recent = subscription.value.recent
            for invoice in invoices:
                recent = with_latest(recent, invoice.subtotal)
            yield self.context.subscriptions.moved_on(subscription, replace(subscription.value, recent=recent))

    def _audit(self, at_issue: AtIssue) -> Write:
        records = [
            self.call.record(
                f"invoices/{each.id}",
                "invoice.issued",
                before=InvoiceStatus.DRAFT.value,
                after=each.status.value,
                reason=f"{each.number} on approval",
            )
            for each in at_issue.invoices
        ]
        records += at_issue.records
        batch_id = f"approval-{at_issue.invoices[0].id}"
        return self.context.audit.batch(records, batch_id=batch_id, recorded_at=self.call.recorded_at)


def _why_not(invoice_id: str, invoice: Stored[Invoice] | None, *, approved: Collection[str]) -> BillingError | None:
    """Why an invoice without an open case can't be approved; None for one that was approved before."""
    if invoice is None:
        return NotFound("invoice", invoice_id)
    if invoice.value.status is InvoiceStatus.DRAFT:
        return NotFound("review", invoice_id)
    return None if invoice_id in approved else InvoiceNotDraft(invoice.value)
