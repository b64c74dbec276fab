"""What reports are made from: the documents of a month or a shard, counted and added up by the server, or read."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from billing.domain.invoice import InvoiceStatus
from billing.ports import Document, Documents, Filter, Order, Query, Value
from billing.store.all_of import all_of
from billing.store.collection import Collection
from billing.store.marks import MARK
from billing.store.report_rollups import Made

_UNPAID = [InvoiceStatus.ISSUED.value, InvoiceStatus.OVERDUE.value]


@dataclass(frozen=True, slots=True)
class ReportSources:
    """The queries of reports in one tenant's documents."""

    documents: Documents
    tenant_id: str

    def invoices(self, *, month: str, currency: str) -> Query:
        """Invoices of the service of a month (yyyy-mm) in a currency; drafts and void ones stand in no month."""
        return self._of("invoices", month, currency, fields=("customer_id", "subtotal", "total", "usage_amount", MARK))

    def usage_billed(self, *, month: str, currency: str) -> Query:
        """Invoices with usage of a month: where fees are billed in advance these are the next month's invoices."""
        filters = Filter("usage_month", "==", month), Filter("currency", "==", currency)
        return Query(self._path("invoices"), filters=filters, fields=("usage_amount", MARK))

    def credit_notes(self, *, month: str, currency: str) -> Query:
        """Credit notes for the service of a month in a currency, whenever they were issued."""
        return self._of("credit_notes", month, currency, fields=("customer_id", "subtotal", MARK))

    def usage(self, *, month: str) -> Query:
        """Roll-ups of usage of a month."""
        fields = "subscription_id", "meter", "used", MARK
        return Query(self._path("usage"), filters=(Filter("month", "==", month),), fields=fields)

    def subscriptions(self, *, shard: int) -> Query:
        """Every subscription of a shard, ended ones too."""
        return Query(self._path("subscriptions"), filters=(Filter("shard", "==", shard),))

    def unpaid(self, *, shard: int, currency: str, first: date | None, last: date | None) -> Query:
        """Issued and overdue invoices of a shard and currency that are due from `first` to `last`."""
        since = () if first is None else (Filter("due_on", ">=", first.isoformat()),)
        until = () if last is None else (Filter("due_on", "<=", last.isoformat()),)
        return Query(
            self._path("invoices"),
            filters=(
                Filter("shard", "==", shard),
                Filter("status", "in", [*_UNPAID]),
                Filter("currency", "==", currency),
                *since,
                *until,
            ),
            order=(Order("due_on"), Order("amount_due")),  # as indexed, so that one index serves count and sum
        )

    def due_of_issued_by(self, unpaid: Query, *, day: date) -> Iterator[int]:
        """What is due on each invoice of `unpaid` that was issued on a local day or before it.

        They are read: no store adds up what lies in a range of two dates, of issue and due.
        """
        for each in all_of(self.documents, replace(unpaid, fields=("issued_on", "due_on", "amount_due"))):
            if str(each.fields["issued_on"]) <= day.isoformat():
                yield int(str(each.fields["amount_due"]))

    def currencies(self) -> list[str]:
        """What is billed in: the currencies of all plan versions, sorted; one read for each, and one."""
        found: list[str] = []
        while page := self.documents.query(_after(Query(self._path("plans"), limit=1, fields=("currency",)), found)):
            found.append(str(page[0].fields["currency"]))
        return found

    def made(self, query: Query) -> Made:
        """How many documents a query finds and the sum of their marks, both by the server."""
        whole = replace(query, fields=None)  # Firestore adds up nothing through a projection
        return Made(count=self.documents.count(whole), marks=self.documents.sum(whole, field=MARK))

    def read(self, query: Query) -> Iterator[Document]:
        """The documents themselves, page by page in the order of their ids."""
        return all_of(self.documents, query)

    def completed(
        self, documents: Sequence[Document], *, field: str, of: Callable[[Document], Value]
    ) -> Iterator[Document]:
        """The documents with a field that older ones lack: those are read as a whole, and `of` derives it."""
        older = [each.path for each in documents if field not in each.fields]
        whole = {each.path: each for each in self.documents.get_many(older) if each is not None} if older else {}
        for each in documents:
            said = {} if field in each.fields else {field: of(whole.get(each.path, each))}
            yield replace(each, fields={**each.fields, **said}) if said else each

    def _of(self, name: str, month: str, currency: str, *, fields: tuple[str, ...]) -> Query:
        filters = Filter("month", "==", month), Filter("currency", "==", currency)
        return Query(self._path(name), filters=filters, fields=fields)

    def _path(self, name: str) -> str:
        return Collection(self.documents, self.tenant_id, name).path


def made_from(documents: list[Document]) -> Made:
    """What `ReportSources.made` says of just these documents. One that was stored before marks has none."""
    marks = [each.fields.get(MARK) for each in documents]
    return Made(count=len(documents), marks=sum(mark for mark in marks if isinstance(mark, int)))


def _after(query: Query, found: list[str]) -> Query:
    beyond = (Filter("currency", ">", found[-1]),) if found else ()
    return replace(query, filters=beyond, order=(Order("currency"),))
