"""Invoices: written once when issued; afterwards only settlement, payment and dunning fields move."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from billing.domain.attempt import PaymentAttempt
from billing.domain.errors import NotFound
from billing.domain.invoice import Attachment, Invoice, InvoiceStatus, LineKind, SettlementStep
from billing.domain.rollup import month_of
from billing.domain.stamp import stamp
from billing.ports import Create, Delete, Document, Documents, Fields, Filter, Order, Query, Update
from billing.store.all_of import all_of
from billing.store.codec import converter, decode, encode, instant_text
from billing.store.collection import Collection, Stored
from billing.store.marks import MARK, mark_of

_OF_ONE_SUBSCRIPTION = 50
_UNPAID = (InvoiceStatus.ISSUED.value, InvoiceStatus.OVERDUE.value)
NO_REVENUE = (InvoiceStatus.DRAFT, InvoiceStatus.VOID)
"""What stands in no month, so that no sum of revenue counts it."""

DueOnCursor = tuple[date, str]
"""The place in the order of due dates: the day, then the invoice's id."""


@dataclass(frozen=True, slots=True)
class Invoices:
    """The tenant's invoices by id (`subscription.period.rN`)."""

    collection: Collection

    @classmethod
    def of(cls, documents: Documents, tenant_id: str) -> "Invoices":
        """The invoices of one tenant."""
        return cls(Collection(documents, tenant_id, "invoices"))

    def creation(self, invoice: Invoice, *, shard: int) -> Create:
        """The write that issues an invoice: it fails if the period was invoiced already."""
        return Create(self.collection.document(invoice.id), invoice_fields(invoice, shard=shard))

    def path(self, invoice_id: str) -> str:
        """The path of an invoice, whether it exists or not."""
        return self.collection.document(invoice_id)

    def get(self, invoice_ids: Sequence[str]) -> list[Stored[Invoice] | None]:
        """The invoices of these ids, in order; None where there is none."""
        found = self.collection.get(invoice_ids)
        return [None if each is None else decode_invoice(each) for each in found]

    def named(self, id_or_number: str) -> Stored[Invoice]:
        """The invoice with that id or number, or NotFound."""
        if not id_or_number:  # what drafts have for a number
            raise NotFound("invoice", id_or_number)
        query = Query(self.collection.path, filters=(Filter("number", "==", id_or_number),), limit=1)
        found = self.collection.documents.query(query) or [
            each for each in self.collection.get([id_or_number]) if each is not None
        ]
        if not found:
            raise NotFound("invoice", id_or_number)
        return decode_invoice(found[0])

    def of_subscription(self, subscription_id: str, *, since: datetime | None = None) -> list[Stored[Invoice]]:
        """Every invoice of a subscription, drafts and void ones too, oldest bill first, then by revision.

        With `since` (UTC) those of the periods that start then or later.
        """
        found: list[Stored[Invoice]] = []
        prefix = f"{subscription_id}."
        after = prefix if since is None else f"{prefix}{stamp(since)}"
        while page := self.collection.documents.query(
            Query(self.collection.path, limit=_OF_ONE_SUBSCRIPTION, start_after=(after,))
        ):
            theirs = [each for each in page if each.id.startswith(prefix)]
            found += [decode_invoice(each) for each in theirs if each.fields["subscription_id"] == subscription_id]
            if len(theirs) < _OF_ONE_SUBSCRIPTION:
                break
            after = page[-1].id
        return sorted(found, key=lambda each: (each.value.bill_for_date, each.value.revision))

    def of_customer(self, customer_id: str) -> list[Invoice]:
        """Every invoice of a customer in the order of the days when they are due; drafts and void ones too."""
        return self._of_customer(customer_id)

    def unpaid_of_customer(self, customer_id: str) -> list[Invoice]:
        """The customer's issued and overdue invoices, the first due first."""
        return self._of_customer(customer_id, Filter("status", "in", [*_UNPAID]))

    def unsettled_of_customer(self, customer_id: str) -> list[Invoice]:
        """The customer's invoices with pending steps, whatever became of them, the first due first."""
        return self._of_customer(customer_id, Filter("unsettled", "==", value=True))

    def all(self) -> Iterator[Invoice]:
        """All invoices by number, then by id, read page by page: drafts, which have no number, come first."""
        query = Query(self.collection.path, order=(Order("number"),))
        return (decode(each.fields, Invoice) for each in all_of(self.collection.documents, query))

    def in_months(self, months: Sequence[str] | None) -> tuple[Query, ...]:
        """What finds the invoices whose period starts in one of some months (yyyy-mm), or all invoices.

        Drafts stand in no month, as they are no revenue: theirs is to be told from the document. Void invoices stand in
        none either and are found among all alone, as they only become more.
        """
        path = self.collection.path
        if months is None:
            return (Query(path),)
        drafts = (Filter("month", "==", None), Filter("status", "==", InvoiceStatus.DRAFT.value))
        return Query(path, filters=(Filter("month", "in", [*months]),)), Query(path, filters=drafts)

    def past_due(
        self, *, before: date, status: InvoiceStatus, shard: int, limit: int, after: DueOnCursor | None = None
    ) -> list[Stored[Invoice]]:
        """A page of one shard's invoices of a status that were due before a day, the longest overdue first."""
        query = Query(
            self.collection.path,
            filters=(
                Filter("shard", "==", shard),
                Filter("status", "==", status.value),
                Filter("due_on", "<", before.isoformat()),
            ),
            order=(Order("due_on"),),
            limit=limit,
            start_after=None if after is None else (after[0].isoformat(), after[1]),
        )
        return [decode_invoice(each) for each in self.collection.documents.query(query)]

    def changed(self, before: Stored[Invoice], after: Invoice) -> Update:
        """The write of what became of an invoice, a draft that is issued or one that is void, over what was read."""
        old, new = (invoice_fields(each, shard=0) for each in (before.value, after))
        fields: Fields = {name: value for name, value in new.items() if value != old[name]}
        return Update(self.collection.document(after.id), fields, expected=before.version)

    def removal(self, draft: Stored[Invoice]) -> Delete:
        """The write that takes a draft back, as it was read."""
        return Delete(self.collection.document(draft.value.id), expected=draft.version)

    def settled(
        self,
        invoice: Stored[Invoice],
        *,
        pending: tuple[SettlementStep, ...],
        attachments: tuple[Attachment, ...],
    ) -> Update:
        """The write that takes finished steps off an invoice, expecting that nobody else changed it meanwhile."""
        fields = _settled_fields(pending, attachments)
        return Update(self.collection.document(invoice.value.id), fields, expected=invoice.version)

    def collected(self, before: Stored[Invoice], after: Invoice) -> Update:
        """The write of what settling came to, the money that it took included, as `settled` and `money_moved`."""
        money = self.money_moved(before, after).fields
        fields = {**money, **_settled_fields(after.pending, after.attachments)}
        return Update(self.collection.document(after.id), fields, expected=before.version)

    def money_moved(self, before: Stored[Invoice], after: Invoice) -> Update:
        """The write of what a payment, credit note, refund or attempt changed, expecting that nobody else wrote."""
        fields: Fields = {
            "status": after.status.value,
            "amount_paid": after.amount_paid,
            "amount_credited": after.amount_credited,
            "amount_due": after.amount_due,
            "paid_at": None if after.paid_at is None else instant_text(after.paid_at),
            "attempts": converter().unstructure(after.attempts, tuple[PaymentAttempt, ...]),
            "checkout_id": after.checkout_id,
            "page_payment_id": after.page_payment_id,
            "page_payment_failed": converter().unstructure(after.page_payment_failed, PaymentAttempt | None),
            **case_fields(after),
        }
        return Update(self.collection.document(after.id), fields, expected=before.version)

    def _of_customer(self, customer_id: str, *conditions: Filter) -> list[Invoice]:
        filters = (Filter("customer_id", "==", customer_id), *conditions)
        found = self.collection.documents.query(Query(self.collection.path, filters=filters))
        return sorted((decode(each.fields, Invoice) for each in found), key=lambda each: (each.due_on, each.id))


def case_fields(invoice: Invoice) -> Fields:
    """The dunning case, and what queries need of it: when it is next looked at, its state, whether a person has to."""
    case = invoice.dunning
    return {
        "dunning": None if case is None else converter().unstructure(case),
        "dunning_at": None if case is None else case.next_at,
        "dunning_state": "" if case is None else case.state.value,
        "dunning_review": case is not None and case.in_review,
    }


def _settled_fields(pending: tuple[SettlementStep, ...], attachments: tuple[Attachment, ...]) -> Fields:
    return {
        "pending": [step.value for step in pending],
        "unsettled": bool(pending),
        "attachments": converter().unstructure(attachments, tuple[Attachment, ...]),
    }


def decode_invoice(document: Document) -> Stored[Invoice]:
    """An invoice and the version it was read at."""
    return Stored(decode(document.fields, Invoice), document.version)


def invoice_fields(invoice: Invoice, *, shard: int) -> Fields:
    """An invoice as a document, with the fields that queries and server-side sums need."""
    fields = encode(invoice)
    fields["bill_for_date"] = invoice.bill_for_date
    fields["issued_at"] = invoice.issued_at
    fields["amount_due"] = invoice.amount_due
    fields["unsettled"] = bool(invoice.pending)
    fields["shard"] = shard
    fields["month"] = None if invoice.status in NO_REVENUE else month_of(invoice.period.start, zone=invoice.zone)
    fields["country"] = invoice.buyer.country
    used = [line for line in invoice.lines if line.kind is LineKind.USAGE]
    counts = bool(used) and invoice.status not in NO_REVENUE
    latest = max((line.period.start for line in used), default=invoice.period.start)
    fields["usage_month"] = month_of(latest, zone=invoice.zone) if counts else None
    fields["usage_amount"] = amount = sum(line.amount for line in used)
    fields[MARK] = mark_of(invoice.id, invoice.customer_id, invoice.subtotal, invoice.total, amount)
    if invoice.dunning is not None:
        fields |= case_fields(invoice)
    return fields
