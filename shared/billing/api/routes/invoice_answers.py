"""Invoices as they are answered, in lists and whole."""

from datetime import date, datetime

from billing.api.routes.documents import (
    FileAnswer,
    IssuedAnswer,
    LineAnswer,
    PartyAnswer,
    SettlementFailureAnswer,
    TaxAnswer,
)
from billing.api.routes.models import Amount, AnswerModel, TimeZone
from billing.domain.attempt import AttemptStatus
from billing.domain.invoice import CollectionMethod, Invoice, InvoiceStatus, SettlementStep


class AttemptAnswer(AnswerModel):
    """One try to charge an invoice; `code` is the gateway's word for why it was declined."""

    number: int
    attempted_at: datetime
    amount: int
    status: AttemptStatus
    method: str
    payment_id: str
    code: str


class InvoiceRow(IssuedAnswer):
    """An invoice in a list; amounts in minor units of `currency`, `number` is empty while it is a draft.

    `overpaid` is what was paid beyond what is owed and goes back: by a refund that is under way, or by one to come.
    """

    status: InvoiceStatus
    due_on: date
    amount_paid: Amount
    amount_credited: Amount
    amount_due: Amount
    overpaid: Amount


class InvoiceAnswer(InvoiceRow):
    """A whole invoice. `pending` is what still has to happen to it outside the books."""

    revision: int
    locale: str
    time_zone: TimeZone
    bill_for_date: datetime
    payment_terms_days: int
    collection_method: CollectionMethod
    seller: PartyAnswer
    buyer: PartyAnswer
    lines: list[LineAnswer]
    tax_lines: list[TaxAnswer]
    balance_applied: Amount
    payment_url: str
    payment_reference: str
    notes: list[str]
    replaces: str
    buyer_reference: str
    pending: list[SettlementStep]
    attachments: list[FileAnswer]
    attempts: list[AttemptAnswer]
    paid_at: datetime | None


class SettledInvoiceAnswer(AnswerModel):
    """An invoice as it stands now, and what of it is left to the next run."""

    invoice: InvoiceAnswer
    unsettled: list[SettlementFailureAnswer]


def invoice_answer(invoice: Invoice) -> InvoiceAnswer:
    """The whole invoice."""
    return InvoiceAnswer.model_validate(invoice)
