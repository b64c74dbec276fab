"""Issue an invoice that somebody makes by hand and knows by a number of their own, at once and in one commit."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from billing.domain.errors import InvalidInput, NotFound
from billing.domain.invoice import Invoice, InvoiceStatus
from billing.domain.invoice_payment import is_open
from billing.domain.invoicing import Draft
from billing.ports import Documents
from billing.store.collection import Stored
from billing.store.invoices import Invoices
from billing.store.payments import Payments
from billing.usecases.again import again_while_others_write
from billing.usecases.asked_before import OtherInvoice
from billing.usecases.call import Call
from billing.usecases.commit_one_off import HandBilled, issue_one_off
from billing.usecases.generate_invoices import RunOptions, Settle
from billing.usecases.numbered_before import numbered_before
from billing.usecases.one_invoice import context_of
from billing.usecases.one_off_draft import OneOff, OneOffLine, draft_one_off
from billing.usecases.record_payment import record_payment
from billing.usecases.run_context import RunContext
from billing.usecases.stand_at_issue import payment_in_full
from billing.usecases.void_invoice import void_invoice

__all__ = ["HandBill", "HandBilled", "HandLine", "bill_by_hand"]


_OPTIONS = RunOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class HandLine:
    """A line: a quantity of an exact price in major units, with its tax in it."""

    description: str
    quantity: Decimal
    unit_price: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class HandBill:
    """What is to be invoiced. `given_number` is what its maker calls it, which makes it one: the same again is known.

    `total` is what the lines come to, in minor units. `status` is ISSUED, PAID where its money came already, or VOID
    where it was cancelled before.
    """

    customer_id: str
    given_number: str
    due_on: date
    lines: tuple[HandLine, ...]
    total: int
    status: InvoiceStatus = InvoiceStatus.ISSUED

    @property
    def one_off(self) -> OneOff:
        """The same, as what is invoiced once."""
        lines = [
            OneOffLine(
                description=each.description,
                quantity=each.quantity,
                unit_price=each.unit_price,
                tax_inclusive=True,
            )
            for each in self.lines
        ]
        return OneOff(
            customer_id=self.customer_id,
            key=self.given_number,
            lines=tuple(lines),
            due_on=self.due_on,
            notes=(f"Ref. {self.given_number}",),
            given_number=self.given_number,
        )


def bill_by_hand(
    documents: Documents,
    bill: HandBill,
    *,
    call: Call,
    options: RunOptions = _OPTIONS,
) -> HandBilled:
    """Issue the invoice with the next number of the tenant's series, dated now, to be settled by the caller.

    Nobody has to approve it: asking for it is the decision. One that is paid has its payment in the same commit; one
    that was made before is paid, or void, from now on. `options` make its pay link, and settle it where it is made
    void. The number of a document of ours is that invoice too. Raises NotFound for an unknown customer, InvalidInput
    for lines that don't add up to the total, OtherInvoice, NumberTaken, InvoiceNotVoidable, and MissingParticular.
    """
    made = again_while_others_write(
        lambda: _bill(context_of(documents, call=call, payment_url=options.payment_url), bill, call=call)
    )
    if not made.known:
        return made
    return replace(made, invoice=_as_asked(documents, made.invoice, bill, settle=options.settle, call=call))


def _bill(context: RunContext, bill: HandBill, *, call: Call) -> HandBilled:
    asked = bill.one_off
    [customer] = context.customers.get([bill.customer_id])
    if customer is None:
        raise NotFound("customer", bill.customer_id)
    if made := _made_before(context, bill, asked):
        if made.value.total != bill.total:
            raise OtherInvoice(bill.given_number, made.value)
        return HandBilled(invoice=made, known=True)
    tenant = replace(context.tenant, skip_zero_invoices=False)
    drafted = draft_one_off(context, asked, customer.value, tenant=tenant, call=call)
    draft = drafted.outcome
    if not isinstance(draft, Draft) or draft.invoice.total != bill.total:
        given = draft.invoice.total if isinstance(draft, Draft) else None
        raise InvalidInput("lineItems", expected=f"lines that add up to {bill.total} minor units", given=given)
    reason = f"by hand, as {bill.given_number}"
    issued = issue_one_off(context, draft, drafted.writes, call=call, reason=reason, status=bill.status)
    return HandBilled(invoice=issued)


def _made_before(context: RunContext, bill: HandBill, asked: OneOff) -> Stored[Invoice] | None:
    """What was made for that number, or bears it as its own."""
    made = context.invoices.of_subscription(asked.subscription_id)
    return made[-1] if made else numbered_before(context, bill.given_number, customer_id=bill.customer_id)


def _as_asked(
    documents: Documents, made: Stored[Invoice], bill: HandBill, *, settle: Settle, call: Call
) -> Stored[Invoice]:
    """An invoice that was made before, paid or void where that is asked for now: each once, however often it is."""
    invoice = made.value
    match bill.status:
        case InvoiceStatus.PAID if invoice.status in (InvoiceStatus.VOID, InvoiceStatus.DRAFT):
            raise OtherInvoice(bill.given_number, invoice, differs=["status"])
        case InvoiceStatus.PAID if is_open(invoice):
            payment = payment_in_full(invoice, call=call)
            if Payments.of(documents, call.tenant_id).get([payment.id]) == [None]:
                record_payment(documents, payment, call=call)
        case InvoiceStatus.VOID:
            reason = f"cancelled as {bill.given_number}"
            void_invoice(documents, invoice.id, reason=reason, call=call, settle=settle)
        case _:
            return made
    [stands] = Invoices.of(documents, call.tenant_id).get([invoice.id])
    return stands or made
