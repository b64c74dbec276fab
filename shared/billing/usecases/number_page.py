"""Give a page's drafts their numbers: consecutive in each series, oldest bill first, then as the tenant says."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from billing.domain.credit import CreditNote, credit_steps
from billing.domain.credit_balance import use_balances
from billing.domain.invoice import Invoice
from billing.domain.invoicing import CreditDraft, Draft, issue, issue_credit_note, number_day
from billing.domain.numbering import NumberOrder, NumberSeries
from billing.domain.payment import Payment
from billing.domain.review import Hold
from billing.domain.settlement import steps_at_issue
from billing.store.counters import Counter
from billing.usecases.draft_page import Drafted
from billing.usecases.run_context import RunContext


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberedPage:
    """The invoices in the order of their numbers, and each series' counter as read and the last number it goes to.

    `held` are the invoices that wait for a person, without a number, each with why. `payments` are what credit
    balances pay of the invoices, and `used` what that takes from each customer's (minor units).
    """

    drafted: Sequence[Drafted]
    invoices: Sequence[Invoice]
    credit_notes: Sequence[CreditNote]
    series: Sequence[tuple[Counter, int]]
    held: Sequence[tuple[Invoice, Hold]] = ()
    payments: Sequence[Payment] = ()
    used: Mapping[str, int] = field(default_factory=dict)


def number_page(context: RunContext, drafted: Sequence[Drafted]) -> NumberedPage:
    """Number the drafts from the counters that the run holds; nothing is written and no counter moves yet."""
    last = dict[str, int]()
    drafts = [each.draft for each in drafted if isinstance(each.draft, Draft)]
    credit_notes = [each.draft.credit_note for each in drafted if isinstance(each.draft, CreditDraft)]
    numbered = number_invoices(context, [each.invoice for each in drafts if each.hold is None], last=last)
    use = use_balances(numbered, _balances(drafted))
    return NumberedPage(
        drafted=drafted,
        invoices=use.invoices,
        credit_notes=number_credit_notes(context, credit_notes, last=last),
        series=[(context.counters[series], number) for series, number in last.items()],
        held=[(each.invoice, each.hold) for each in drafts if each.hold is not None],
        payments=use.payments,
        used=use.used,
    )


def number_invoices(context: RunContext, invoices: Iterable[Invoice], *, last: dict[str, int]) -> list[Invoice]:
    """Issue drafts in the order of their numbers; `last` keeps the last sequence given in each series."""
    ordered, tenant = sorted(invoices, key=_order(context)), context.tenant
    return [
        issue(
            each,
            number=number,
            payment_url=context.payment_url(each.id),
            steps=steps_at_issue(each, tenant),
        )
        for each, number in zip(ordered, _numbers(context, ordered, tenant.numbers, last=last), strict=True)
    ]


def number_credit_notes(
    context: RunContext, credit_notes: Iterable[CreditNote], *, last: dict[str, int]
) -> list[CreditNote]:
    """Issue credit notes in place of bills in the order of their numbers, from their own series; `last` as above."""
    ordered, tenant = sorted(credit_notes, key=_order(context)), context.tenant
    return [
        issue_credit_note(each, number=number, pending=credit_steps(each, tenant))
        for each, number in zip(ordered, _numbers(context, ordered, tenant.credit_numbers, last=last), strict=True)
    ]


def advance_counters(context: RunContext, page: NumberedPage, *, versions: Mapping[str, str]) -> None:
    """Remember where the committed series stand (`versions` by path), so that the next page need not read them."""
    for counter, last in page.series:
        version = versions.get(context.series.path(counter.series), counter.version)
        context.counters[counter.series] = replace(counter, last=last, version=version)


def _balances(drafted: Sequence[Drafted]) -> dict[str, int]:
    """What the page's customers have to their credit, of those who have anything."""
    customers = [each.case.customer.value for each in drafted]
    return {each.id: each.credit_balance for each in customers if each.credit_balance > 0}


def _numbers(
    context: RunContext, documents: Iterable[Invoice | CreditNote], numbers: NumberSeries, *, last: dict[str, int]
) -> list[str]:
    """The numbers of documents in their order; `last` keeps the last sequence given in each series."""
    days = [number_day(each, context.tenant) for each in documents]
    context.load_counters({numbers.series_of(day) for day in days})
    given = []
    for day in days:
        series = numbers.series_of(day)
        last[series] = last.get(series, context.counters[series].last) + 1
        given.append(numbers.number(day, last[series]))
    return given


def _order(context: RunContext) -> Callable[[Invoice | CreditNote], tuple[datetime, str, str]]:
    by_customer = context.tenant.numbers.order is NumberOrder.CUSTOMER

    def key(document: Invoice | CreditNote) -> tuple[datetime, str, str]:
        return document.bill_for_date, document.customer_id if by_customer else "", document.subscription_id

    return key
