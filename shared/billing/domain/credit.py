"""The credit note: what a customer gets back, with the tax that it was billed with (semantics 5, 8)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime

from billing.domain.basis import Basis
from billing.domain.explanation import CreditStep, LateUsageStep
from billing.domain.invoice import AccountingTax, Attachment, Invoice, LineItem, Party, SettlementStep
from billing.domain.payment import RefundTarget
from billing.domain.period import Period
from billing.domain.tax import TaxLine
from billing.domain.tenant import Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditRefund:
    """`amount` minor units of a payment of the credited invoice that go back, and where to."""

    payment_id: str
    amount: int
    target: RefundTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditNote:
    """Everything the document says. Amounts are minor units of `currency` in the customer's favour, so `total` > 0.

    One of two kinds. A bill that came out below zero: its lines with their signs turned (credits are positive, what was
    charged against them negative), and `basis` to compute it from again. Or one asked for against an issued invoice:
    the lines credited, the `reason`, and the `refunds` of what was paid beyond the invoice's lowered amount due.

    A line's amount is the negative of its explanation replayed. `invoice_id` is the invoice that billed what is
    credited; `balance_added` is what goes to the customer's credit balance. `number` is given at issue ("" while
    draft).
    """

    id: str
    number: str
    customer_id: str
    subscription_id: str
    invoice_id: str
    currency: str
    locale: str
    zone: str
    period: Period
    bill_for_date: datetime
    issued_at: datetime
    issued_on: date
    seller: Party
    buyer: Party
    lines: tuple[LineItem, ...]
    tax_lines: tuple[TaxLine, ...]
    subtotal: int
    tax: int
    total: int
    balance_added: int
    notes: tuple[str, ...] = ()
    pending: tuple[SettlementStep, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    buyer_reference: str = ""
    accounting_tax: AccountingTax | None = None
    basis: Basis | None = None
    reason: str = ""
    refunds: tuple[CreditRefund, ...] = ()

    @property
    def is_by_hand(self) -> bool:
        """Whether it was asked for against an issued invoice, and is no bill that came out below zero."""
        return bool(self.reason)

    @property
    def to_method(self) -> int:
        """What goes back to payment methods, in minor units."""
        return sum(each.amount for each in self.refunds if each.target is RefundTarget.METHOD)


def credit_steps(
    credit_note: CreditNote, tenant: Tenant, *, invoice: Invoice | None = None
) -> tuple[SettlementStep, ...]:
    """What has to happen to a credit note after its issue, in order: drawn, money given back, mailed.

    With the money, whatever is open at the gateway to pay the credited `invoice` by is closed.
    """
    is_payable = invoice is not None and bool(tenant.gateway) and (invoice.checkout_id or invoice.attempts)
    wanted = {
        SettlementStep.RENDER: True,
        SettlementStep.REFUND: bool(credit_note.refunds or is_payable),
        SettlementStep.DELIVER: bool(tenant.mail_sender),
    }
    return tuple(step for step, is_wanted in wanted.items() if is_wanted)


def credit_note_of(invoice: Invoice) -> CreditNote:
    """The credit note in place of an invoice whose total is below zero: everything that it said, turned around."""
    return CreditNote(
        id=invoice.id,
        number="",
        customer_id=invoice.customer_id,
        subscription_id=invoice.subscription_id,
        invoice_id=_credited_invoice(invoice.lines),
        currency=invoice.currency,
        locale=invoice.locale,
        zone=invoice.zone,
        period=invoice.period,
        bill_for_date=invoice.bill_for_date,
        issued_at=invoice.issued_at,
        issued_on=invoice.issued_on,
        seller=invoice.seller,
        buyer=invoice.buyer,
        lines=tuple(map(_turned_line, invoice.lines)),
        tax_lines=tuple(replace(line, base=-line.base, tax=-line.tax) for line in invoice.tax_lines),
        subtotal=-invoice.subtotal,
        tax=-invoice.tax,
        total=-invoice.total,
        balance_added=-invoice.total,
        notes=invoice.notes,
        buyer_reference=invoice.buyer_reference,
        accounting_tax=_turned(invoice.accounting_tax),
        basis=invoice.basis,
    )


def _turned(tax: AccountingTax | None) -> AccountingTax | None:
    return None if tax is None else replace(tax, tax=-tax.tax)


def _credited_invoice(lines: Iterable[LineItem]) -> str:
    """The invoice whose charges are credited: that of the greatest credit, for time unused or usage corrected.

    None ("") where the lines below 0 credit no earlier bill.
    """
    credited = [
        (line.amount, line.explanation.step.invoice_id)
        for line in lines
        if isinstance(line.explanation.step, CreditStep | LateUsageStep)
    ]
    return min(credited, default=(0, ""))[1]


def _turned_line(line: LineItem) -> LineItem:
    """The line with its amount's sign turned; of quantity and price the one that was below zero is turned as well."""
    if line.quantity < 0:
        return replace(line, quantity=-line.quantity, amount=-line.amount)
    return replace(line, unit_price=-line.unit_price, amount=-line.amount)
