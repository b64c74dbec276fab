"""Issue a page of invoices: numbers, invoices, moved-on subscriptions, closed usage and audit in one atomic commit.

What can go wrong has one answer each. Only a number series moved: number again and commit again, nothing is re-rated.
Anything else moved: read what is left again. Still failing: split the page until the culprit stands alone; park it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from billing.domain.errors import BillingError, Conflict
from billing.domain.invoice import Invoice
from billing.domain.invoicing import Skip
from billing.domain.run_report import Failure
from billing.domain.subscription import Subscription
from billing.ports import CommitTooLarge, WriteConflict
from billing.store.collection import Stored
from billing.usecases.draft_page import Drafted, draft_page
from billing.usecases.number_page import NumberedPage, advance_counters, number_page
from billing.usecases.page_writes import page_writes
from billing.usecases.run_context import RunContext

_ATTEMPTS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class PageResult:
    """What a page came to: its invoices as they stand in the store, and the subscriptions that moved on."""

    invoices: Sequence[Stored[Invoice]] = ()
    moved_on: Sequence[Subscription] = ()


def commit_page(context: RunContext, page: Sequence[Stored[Subscription]]) -> PageResult:
    """Bill a page of due subscriptions; its invoices come back in the order of their numbers.

    Skips and failures of single subscriptions are put on the report. StoreUnavailable is raised: whether the commit
    took place is then unknown, and the next run finds out by reading.
    """
    problem: BillingError = Conflict()
    for _ in range(_ATTEMPTS):
        drafted, refused = draft_page(context, page)
        try:
            numbered, versions = _commit(context, drafted)
        except CommitTooLarge as error:
            return _split(context, page, error)
        except WriteConflict as error:
            problem, page = error, _still_due(context, page)
            continue
        _report(context, numbered, [_failure(subscription, error) for subscription, error in refused])
        return PageResult(
            invoices=[Stored(*each) for each in zip(numbered.invoices, versions, strict=True)],
            moved_on=[each.draft.subscription for each in drafted],
        )
    return _split(context, page, problem)


def _commit(context: RunContext, drafted: Sequence[Drafted]) -> tuple[NumberedPage, Sequence[str]]:
    """Number and commit, again and again while only the number series moved; the versions of the invoices.

    A dry run does everything but the commit.
    """
    for attempt in count(1):
        page = number_page(context, drafted)
        series = [counter.series for counter, _ in page.series]
        try:
            versions = [""] * (len(series) + len(page.invoices))
            if drafted and not context.request.dry_run:
                versions = context.documents.commit(page_writes(context, page))
        except WriteConflict:
            if attempt == _ATTEMPTS or not context.load_counters(series, again=True):
                raise
            continue
        advance_counters(context, page, versions=versions[: len(series)])
        return page, versions[len(series) : len(series) + len(page.invoices)]
    raise AssertionError  # count never ends


def _still_due(context: RunContext, page: Sequence[Stored[Subscription]]) -> list[Stored[Subscription]]:
    """Those of the page whose bill nobody else has made meanwhile, as they stand now."""
    now = context.subscriptions.get([each.value.id for each in page])
    return [
        new
        for old, new in zip(page, now, strict=True)
        if new is not None and new.value.next_billing_at == old.value.next_billing_at
    ]


def _split(context: RunContext, page: Sequence[Stored[Subscription]], problem: BillingError) -> PageResult:
    """Halve a page that can't be committed, down to the one subscription that is parked with its error."""
    if len(page) <= 1:
        context.report.failures += [_failure(each, problem) for each in page]
        return PageResult()
    middle = len(page) // 2
    first, second = commit_page(context, page[:middle]), commit_page(context, page[middle:])
    return PageResult(invoices=[*first.invoices, *second.invoices], moved_on=[*first.moved_on, *second.moved_on])


def _failure(subscription: Stored[Subscription], error: BillingError) -> Failure:
    return Failure(subscription_id=subscription.value.id, code=error.code, message=str(error))


def _report(context: RunContext, page: NumberedPage, failures: Sequence[Failure]) -> None:
    for invoice in page.invoices:
        context.report.add(invoice)
    context.report.skipped.update(each.draft.reason.value for each in page.drafted if isinstance(each.draft, Skip))
    context.report.failures += failures
