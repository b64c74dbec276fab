"""What a customer who opens an invoice's pay link is told: pay this, or why there is nothing to pay."""

from enum import StrEnum

from billing.domain.attempt import AttemptStatus
from billing.domain.invoice import CollectionMethod, Invoice, InvoiceStatus, SettlementStep

_ON_ITS_WAY = frozenset({AttemptStatus.STARTED, AttemptStatus.PENDING, AttemptStatus.UNKNOWN})


class PayState(StrEnum):
    """Where an issued invoice stands for the one who is to pay it; `under_way` is what it paid itself, as by debit."""

    DUE = "due"
    PARTLY_PAID = "partly_paid"
    BEING_CHARGED = "being_charged"
    UNDER_WAY = "under_way"
    PAID = "paid"
    CREDITED = "credited"
    VOID = "void"
    WRITTEN_OFF = "written_off"

    @property
    def is_payable(self) -> bool:
        """Whether the customer may pay it now."""
        return self in (PayState.DUE, PayState.PARTLY_PAID)


def pay_state(invoice: Invoice) -> PayState:
    """The state of an issued invoice. While a charge may still succeed, paying as well would pay twice."""
    if invoice.status is InvoiceStatus.VOID:
        return PayState.VOID
    if invoice.amount_due <= 0:
        return PayState.CREDITED if invoice.amount_credited >= invoice.total > 0 else PayState.PAID
    if invoice.status is InvoiceStatus.UNCOLLECTIBLE:
        return PayState.WRITTEN_OFF
    if invoice.page_payment_id:
        return PayState.UNDER_WAY
    if _is_being_charged(invoice):
        return PayState.BEING_CHARGED
    partly = invoice.amount_paid > 0 or invoice.amount_credited > 0
    return PayState.PARTLY_PAID if partly else PayState.DUE


def _is_being_charged(invoice: Invoice) -> bool:
    if invoice.attempts:
        return invoice.attempts[-1].status in _ON_ITS_WAY
    by_us = invoice.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY
    return by_us and SettlementStep.COLLECT in invoice.pending
