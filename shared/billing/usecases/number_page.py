"""Give a page's drafts their numbers: consecutive in each series, oldest bill first, then as the tenant says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from billing.domain.invoice import Invoice
from billing.domain.invoicing import Draft, issue, number_day
from billing.domain.numbering import NumberOrder
from billing.store.counters import Counter
from billing.usecases.draft_page import Drafted
from billing.usecases.run_context import RunContext


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedPage:
    """The invoices in the order of their numbers, and each series' counter as read and the last number it goes to."""

    drafted: Sequence[Drafted]
    invoices: Sequence[Invoice]
    series: Sequence[tuple[Counter, int]]


def number_page(context: RunContext, drafted: Sequence[Drafted]) -> NumberedPage:
    """Number the drafts from the counters that the run holds; nothing is written and no counter moves yet."""
    drafts = sorted((each.draft for each in drafted if isinstance(each.draft, Draft)), key=_order(context))
    days = [number_day(draft.invoice, context.tenant) for draft in drafts]
    numbers = context.tenant.numbers
    context.load_counters({numbers.series_of(day) for day in days})
    last: dict[str, int] = {}
    invoices = []
    for draft, day in zip(drafts, days, strict=True):
        series = numbers.series_of(day)
        last[series] = last.get(series, context.counters[series].last) + 1
        url = context.payment_url(draft.invoice.id)
        invoices.append(issue(draft.invoice, number=numbers.number(day, last[series]), payment_url=url))
    moved = [(context.counters[series], number) for series, number in last.items()]
    return NumberedPage(drafted=drafted, invoices=invoices, series=moved)


def advance_counters(context: RunContext, page: NumberedPage, *, versions: Sequence[str]) -> None:
    """Remember where the committed series stand, so that the next page need not read them."""
    for (counter, last), version in zip(page.series, versions, strict=True):
        context.counters[counter.series] = replace(counter, last=last, version=version)


def _order(context: RunContext) -> Callable[[Draft], tuple[datetime, str, str]]:
    by_customer = context.tenant.numbers.order is NumberOrder.CUSTOMER

    def key(draft: Draft) -> tuple[datetime, str, str]:
        invoice = draft.invoice
        return invoice.bill_for_date, invoice.customer_id if by_customer else "", invoice.subscription_id

    return key
