"""A payment that the bank holds back lets the cases of its invoices rest until the dispute is decided (semantics 9)."""

from dataclasses import replace
from datetime import datetime

from billing.domain.dunning_case import PauseReason, paused, resumed
from billing.domain.invoice import Invoice
from billing.domain.period import local_date


def resting(invoice: Invoice, payment_id: str, *, at: datetime) -> Invoice:
    """The invoice with its case, where one is open, paused from a UTC instant on until that payment is decided."""
    case, on = invoice.dunning, local_date(at, invoice.zone)
    if case is None or case.state.is_over:
        return invoice
    case = paused(case, PauseReason.DISPUTE, on=on, until=None, at=at, note=_note(payment_id))
    return replace(invoice, dunning=case)


def going_on(invoice: Invoice, payment_id: str, *, at: datetime) -> Invoice:
    """The invoice with its case going on, where it rests for that payment; a pause of somebody else's stays."""
    case = invoice.dunning
    if case is None or case.pause is None or case.pause.note != _note(payment_id):
        return invoice
    return replace(invoice, dunning=resumed(case, on=local_date(at, invoice.zone), at=at))


def _note(payment_id: str) -> str:
    return f"payment {payment_id}"
