"""What money does to an invoice: it is paid when nothing is due any more, and open again when money goes back."""

from dataclasses import replace
from datetime import datetime, timedelta

from billing.domain.dunning_case import CaseCause, entered, left
from billing.domain.dunning_policy import CaseState
from billing.domain.errors import InvalidInput
from billing.domain.invoice import Invoice, InvoiceStatus
from billing.domain.period import local_date

_OPEN = frozenset({InvoiceStatus.ISSUED, InvoiceStatus.OVERDUE, InvoiceStatus.UNCOLLECTIBLE})


def is_open(invoice: Invoice) -> bool:
    """Whether money that comes in may be applied to the invoice."""
    return invoice.status in _OPEN and invoice.amount_due > 0


def is_collectible(invoice: Invoice) -> bool:
    """Whether anybody may be asked for it, or charged: it is owed, and it was not given up."""
    return is_open(invoice) and invoice.status is not InvoiceStatus.UNCOLLECTIBLE


def paid(invoice: Invoice, amount: int, *, at: datetime) -> Invoice:
    """The invoice with `amount` minor units more paid, at a UTC instant. InvalidInput for more than is due."""
    _require(0 < amount <= invoice.amount_due and invoice.status in _OPEN, invoice, amount)
    more = replace(invoice, amount_paid=invoice.amount_paid + amount, page_payment_failed=None)
    return _settled(more, at=at)


def credited(invoice: Invoice, amount: int, *, at: datetime) -> Invoice:
    """The invoice with a credit note of `amount` against it. What was paid already may then be more than is owed."""
    _require(0 < amount <= invoice.total - invoice.amount_credited, invoice, amount)
    return _settled(replace(invoice, amount_credited=invoice.amount_credited + amount), at=at)


def taken_back(invoice: Invoice, amount: int, *, at: datetime) -> Invoice:
    """The invoice with `amount` less paid: reversed or refunded at a UTC instant, whose local day decides on overdue.

    One that was paid is a dunning case of its own then, which a person looks at before anybody is chased. A service
    that was not back yet waits for that case now.
    """
    _require(0 < amount <= invoice.amount_paid, invoice, amount)
    less = replace(invoice, amount_paid=invoice.amount_paid - amount)
    if less.amount_due <= 0 or invoice.status is not InvoiceStatus.PAID:
        return less
    on = local_date(at, invoice.zone)
    status = InvoiceStatus.OVERDUE if invoice.due_on < on else InvoiceStatus.ISSUED
    last = invoice.dunning
    case = replace(
        entered(CaseCause.REVERSED, on=on, at=at),
        started_at=_start_of_its_own(invoice, at=at),
        suspended_at=last.suspended_at if last is not None and last.awaits_restoring else None,
    )
    return replace(less, status=status, paid_at=None, dunning=case)


def overdue(invoice: Invoice, *, at: datetime) -> Invoice:
    """An issued invoice that was due before the local day of a UTC instant; it is a case from its first day overdue."""
    case = invoice.dunning or entered(CaseCause.OVERDUE, on=invoice.due_on + timedelta(days=1), at=at)
    return replace(invoice, status=InvoiceStatus.OVERDUE, dunning=case)


def written_off(invoice: Invoice, *, at: datetime) -> Invoice:
    """The invoice given up at a UTC instant: nobody is chased any more, and money that comes all the same is applied.

    InvalidInput for one that nothing is owed of.
    """
    if not is_open(invoice):
        raise InvalidInput("invoice", expected="one that money is owed of", given=invoice.status.value)
    case = left(invoice.dunning, CaseState.WRITTEN_OFF, at=at)
    return replace(invoice, status=InvoiceStatus.UNCOLLECTIBLE, dunning=case)


def _settled(invoice: Invoice, *, at: datetime) -> Invoice:
    if invoice.amount_due > 0 or invoice.status not in _OPEN:
        return invoice
    return replace(invoice, status=InvoiceStatus.PAID, paid_at=at, dunning=left(invoice.dunning, CaseState.PAID, at=at))


def _start_of_its_own(invoice: Invoice, *, at: datetime) -> datetime:
    """When a case begins: cases are told apart by it, and one import may reverse and pay an invoice time and again."""
    last = invoice.dunning
    if last is None or last.cause is not CaseCause.REVERSED:
        return at
    return max(at, last.started_at + timedelta(microseconds=1))


def _require(fits: bool, invoice: Invoice, amount: int) -> None:  # noqa: FBT001 - the condition itself
    if not fits:
        expected = f"more than 0 and no more than {invoice.number} allows ({invoice.amount_due} due)"
        raise InvalidInput("amount", expected=expected, given=amount)
