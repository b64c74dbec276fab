"""Issue a page of invoices: numbers, invoices, moved-on subscriptions, closed usage and audit in one atomic commit.

What can go wrong has one answer each. Only a number series moved: number again and commit again, nothing is re-rated.
Anything else moved: read what is left again. Still failing: split the page until the culprit stands alone; park it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from billing.domain.customer import Customer
from billing.domain.errors import BillingError, InvalidInput
from billing.domain.invoice import Invoice
from billing.domain.invoicing import Skip, SkipReason
from billing.domain.run_report import Failure
from billing.domain.subscription import Subscription
from billing.ports import Write, WriteConflict
from billing.store.codec import BrokenDocument
from billing.store.collection import Stored
from billing.store.subscriptions import decode_subscription
from billing.usecases.draft_page import Drafted, DraftedPage, draft_page
from billing.usecases.number_page import NumberedPage, advance_counters, number_page
from billing.usecases.page_writes import page_writes
from billing.usecases.run_context import RunContext

_ATTEMPTS = 8
_RACES = 50
"""Against the other parts of a run each loses some races for the next numbers; a lost one costs little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageResult:
    """What a page came to: its invoices as they stand in the store, their customers, and who moved on."""

    invoices: Sequence[Stored[Invoice]] = ()
    moved_on: Sequence[Stored[Subscription]] = ()
    customers: Mapping[str, Customer] = field(default_factory=dict)

    def __add__(self, other: "PageResult") -> "PageResult":
        """Both, in this order."""
        return PageResult(
            invoices=[*self.invoices, *other.invoices],
            moved_on=[*self.moved_on, *other.moved_on],
            customers={**self.customers, **other.customers},
        )


def commit_page(context: RunContext, drafted: DraftedPage, *, attempt: int = 1) -> PageResult:
    """Bill a page of due subscriptions; its invoices come back in the order of their numbers.

    Skips and failures of single subscriptions are put on the report. StoreUnavailable is raised: whether the commit
    took place is then unknown, and the next run finds out by reading.
    """
    try:
        with context.turn():
            numbered, versions = _commit(context, drafted.drafted)
    except (InvalidInput, BrokenDocument) as error:
        return _split(context, drafted.page, error)
    except WriteConflict as error:
        if attempt == _ATTEMPTS:
            return _split(context, drafted.page, error)
        left, moved_on = _read_again(context, drafted.page)
        return PageResult(moved_on=moved_on) + commit_page(context, draft_page(context, left), attempt=attempt + 1)
    _report(context, numbered, drafted)
    return _result(context, numbered, versions)


def _commit(context: RunContext, drafted: Sequence[Drafted]) -> tuple[NumberedPage, Mapping[str, str]]:
    """Number and commit, again and again while only the number series moved; the new versions by path.

    A dry run does everything but the commit, and is refused what the commit would be refused.
    """
    if context.request.shards is not None and not context.request.dry_run:
        context.counters.clear()  # others number at the same time: read late, lose seldom
    for attempt in count(1):
        page = number_page(context, drafted)
        writes = page_writes(context, page)
        try:
            committed = _written(context, writes)
        except WriteConflict:
            series = [counter.series for counter, _ in page.series]
            if attempt == _RACES or not context.load_counters(series, again=True):
                raise
            continue
        versions = {write.path: version for write, version in zip(writes, committed, strict=False)}
        advance_counters(context, page, versions=versions)
        return page, versions
    raise AssertionError  # count never ends


def _written(context: RunContext, writes: Sequence[Write]) -> Sequence[str]:
    """The new version of each write, none in a dry run."""
    if context.request.dry_run:
        context.documents.check(writes)
        return []
    return context.documents.commit(writes) if writes else []


def _read_again(
    context: RunContext, page: Sequence[Stored[Subscription]]
) -> tuple[list[Stored[Subscription]], list[Stored[Subscription]]]:
    """Those whose bill nobody has made meanwhile, as they stand now, and those that somebody moved on."""
    left: list[Stored[Subscription]] = []
    moved_on: list[Stored[Subscription]] = []
    documents = context.subscriptions.collection.get([each.value.id for each in page])
    for before, document in zip(page, documents, strict=True):
        if document is None:
            continue
        try:
            now = decode_subscription(document)
        except BrokenDocument as error:
            context.report.failures.append(_failure(before, error))
            continue
        (left if now.value.next_billing_at == before.value.next_billing_at else moved_on).append(now)
    return left, moved_on


def _split(context: RunContext, page: Sequence[Stored[Subscription]], problem: BillingError) -> PageResult:
    """Halve a page that can't be committed, down to the one subscription that is parked with its error."""
    if len(page) <= 1:
        context.report.failures += [_failure(each, problem) for each in page]
        return PageResult()
    middle = len(page) // 2
    halves = (page[:middle], page[middle:])
    first, second = (commit_page(context, draft_page(context, half)) for half in halves)
    return first + second


def _failure(subscription: Stored[Subscription], error: BillingError) -> Failure:
    return Failure(subscription_id=subscription.value.id, code=error.code, message=str(error))


def _report(context: RunContext, page: NumberedPage, drafted: DraftedPage) -> None:
    for invoice in page.invoices:
        context.report.add(invoice)
        context.on_invoice(invoice)
    for invoice, hold in page.held:
        context.report.add_held(invoice, hold)
        context.on_invoice(invoice)
    for credit_note in page.credit_notes:
        context.report.add_credit_note(credit_note)
    context.report.skipped.update(each.draft.reason.value for each in page.drafted if isinstance(each.draft, Skip))
    if drafted.waiting:
        context.report.skipped[SkipReason.SUSPENDED.value] += len(drafted.waiting)
    context.report.failures += [_failure(subscription, error) for subscription, error in drafted.refused]


def _result(context: RunContext, page: NumberedPage, versions: Mapping[str, str]) -> PageResult:
    return PageResult(
        invoices=[Stored(each, versions.get(context.invoices.path(each.id), "")) for each in page.invoices],
        moved_on=[
            Stored(each.draft.subscription, versions.get(context.subscriptions.path(each.draft.subscription.id), ""))
            for each in page.drafted
        ],
        customers={each.case.customer.value.id: each.case.customer.value for each in page.drafted},
    )
