"""What was invoiced for the service of a month: all of it, and by customer, from one roll-up a month and currency."""

from collections import defaultdict
from collections.abc import Sequence
from functools import partial

from billing.domain.invoice import LineKind
from billing.domain.mrr import InvoicedMonth
from billing.domain.revenue_ranking import CustomerRevenue
from billing.ports import Document
from billing.store.invoices import decode_invoice
from billing.store.report_rollups import Row
from billing.store.report_sources import ReportSources
from billing.usecases.roll_up import rolled_up


def invoiced_month(sources: ReportSources, *, month: str, currency: str) -> InvoicedMonth:
    """The sums of a month (yyyy-mm) in a currency, in minor units."""
    (usage, subtotal, total, invoices), *_ = _rows(sources, month=month, currency=currency, head=True)
    return InvoicedMonth(month=month, usage=usage, subtotal=subtotal, total=total, invoices=invoices)


def customer_revenue(sources: ReportSources, *, month: str, currency: str) -> dict[str, CustomerRevenue]:
    """Each customer's revenue of a month in a currency, without tax, in minor units."""
    _, *customers = _rows(sources, month=month, currency=currency)
    return {customer_id: CustomerRevenue(invoiced, credited) for customer_id, invoiced, credited in customers}


def _rows(sources: ReportSources, *, month: str, currency: str, head: bool = False) -> list[Row]:
    """The sums first, then the customers."""
    all_of = sources.invoices, sources.credit_notes, sources.usage_billed
    queries = [each(month=month, currency=currency) for each in all_of]
    name = f"revenue.{month}.{currency}"
    return rolled_up(sources, name, of=queries, rows=partial(_made, sources), head=head)


def _made(sources: ReportSources, documents: Sequence[list[Document]]) -> list[Row]:
    invoices, credit_notes, with_usage = documents
    older = [each for each in invoices if "usage_amount" not in each.fields]
    billed = (*with_usage, *sources.completed(older, field="usage_amount", of=_usage_of))
    customers: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for place, part in enumerate((invoices, credit_notes)):
        for document in part:
            customers[str(document.fields["customer_id"])][place] += _integer(document, "subtotal")
    sums = [
        sum(_integer(each, "usage_amount") for each in billed),
        sum(_integer(each, "subtotal") for each in invoices),
        sum(_integer(each, "total") for each in invoices),
        len(invoices),
    ]
    return [sums, *([customer_id, *amounts] for customer_id, amounts in sorted(customers.items()))]


def _usage_of(document: Document) -> int:
    """Of an invoice that was stored before it said so."""
    lines = decode_invoice(document).value.lines
    return sum(line.amount for line in lines if line.kind is LineKind.USAGE)


def _integer(document: Document, name: str) -> int:
    value = document.fields[name]
    assert isinstance(value, int)  # noqa: S101 - what the store's own encoding writes there
    return value
