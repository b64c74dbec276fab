"""Invoices and payments that older clients send, as the product's own."""

from collections.abc import Sequence
from decimal import Decimal

from billing.api.customer_billing.bodies import GivenInvoice, GivenLineItem, GivenRecordPayment, local_day
from billing.api.customer_billing.invoice_entries import TRANSFERS
from billing.api.routes.books import Books
from billing.domain.currency import exponent
from billing.domain.customer import Customer
from billing.domain.errors import InvalidInput, NotFound
from billing.domain.invoice import Invoice, InvoiceStatus
from billing.domain.invoice_payment import is_collectible
from billing.domain.money import Money, to_minor
from billing.domain.payment import PaymentSource
from billing.domain.typed_id import typed_id
from billing.store.customers import Customers
from billing.store.ids import checked_id
from billing.store.invoices import Invoices
from billing.usecases.bill_by_hand import HandBill, HandLine
from billing.usecases.record_payment import NewPayment

_STATUSES = {"paid": InvoiceStatus.PAID, "cancelled": InvoiceStatus.VOID}


def customer_of(books: Books, customer_id: str) -> Customer:
    """The customer, or NotFound; of an id that none can have as well."""
    try:
        [found] = Customers.of(books.documents, books.tenant_id).get([checked_id("customerId", customer_id)])
    except InvalidInput:
        found = None
    if found is None:
        raise NotFound("customer", customer_id)
    return found.value


def hand_bill(given: GivenInvoice, customer: Customer, *, zone: str) -> HandBill:
    """The invoice that is asked for. InvalidInput for a day that is none, and lines that don't come to the amount."""
    total = minor_of("amount", given.amount, currency=customer.currency)
    lines = [_line(place, each, currency=customer.currency) for place, each in enumerate(given.line_items or ())]
    lines = lines or [HandLine(description=given.invoice_number, quantity=Decimal(1), unit_price=given.amount)]
    _require_sum(lines, total=total, currency=customer.currency)
    return HandBill(
        customer_id=customer.id,
        given_number=given.invoice_number,
        due_on=local_day("dueDate", given.due_date, zone=zone),
        lines=tuple(lines),
        total=total,
        status=_STATUSES.get(given.status or "", InvoiceStatus.ISSUED),
    )


def new_payment(given: GivenRecordPayment, customer: Customer, books: Books) -> NewPayment:
    """The payment that is recorded: one of a `transactionId` is the same however often it is sent.

    NotFound for an invoice that the customer has none of by that id or number.
    """
    minor = minor_of("amount", given.amount, currency=customer.currency)
    said, method = given.transaction_id or "", given.method or ""
    return NewPayment(
        id=typed_id(customer.id, said) if said else books.access.new_id("pay"),
        amount=minor,
        currency=customer.currency,
        source=PaymentSource.BANK_TRANSFER if method.lower() in TRANSFERS else PaymentSource.MANUAL,
        received_at=books.call.recorded_at,
        customer_id=customer.id,
        invoice_ids=tuple(each.id for each in _paid(given.invoice_id, customer, books)),
        method=method,
        reference=said,
        is_for_any=not given.invoice_id,
    )


def minor_of(field: str, amount: Decimal, *, currency: str) -> int:
    """Major units as minor ones; InvalidInput for an amount with more decimals than the currency has."""
    minor = to_minor(amount, currency)
    if Decimal(minor).scaleb(-exponent(currency)) != amount:
        raise InvalidInput(
            field, expected=f"at most {exponent(currency)} decimals, as in {currency}", given=str(amount)
        )
    return minor


def _paid(invoice_id: str | None, customer: Customer, books: Books) -> Sequence[Invoice]:
    """The invoice that was named by its id, its number or its maker's; or all that are owed, the first due first.

    What was given up is paid by money that names it alone.
    """
    theirs = Invoices.of(books.documents, books.tenant_id).of_customer(customer.id)
    if not invoice_id:
        return [each for each in theirs if is_collectible(each)]
    for name in ("id", "number", "given_number"):
        for each in theirs:
            if getattr(each, name) == invoice_id:
                return [each]
    raise NotFound("invoice", invoice_id)


def _line(place: int, given: GivenLineItem, *, currency: str) -> HandLine:
    """A line; one with a total alone is one of that price."""
    field = f"lineItems[{place}]"
    total = None if given.total is None else minor_of(f"{field}.total", given.total, currency=currency)
    if given.unit_price is None:
        if given.total is None:
            raise InvalidInput(f"{field}.unitPrice", expected="a price, or a total", given=None)
        return HandLine(description=given.description, quantity=Decimal(1), unit_price=given.total)
    line = HandLine(description=given.description, quantity=given.quantity, unit_price=given.unit_price)
    if total is not None and total != _amount(line, currency=currency):
        expected = f"{given.quantity:f} times {given.unit_price:f}"
        raise InvalidInput(f"{field}.total", expected=expected, given=str(given.total))
    return line


def _require_sum(lines: Sequence[HandLine], *, total: int, currency: str) -> None:
    if (come_to := sum(_amount(each, currency=currency) for each in lines)) != total:
        expected = f"lines that add up to the amount, {Money(total, currency)}"
        raise InvalidInput("lineItems", expected=expected, given=str(Money(come_to, currency)))


def _amount(line: HandLine, *, currency: str) -> int:
    return to_minor(line.quantity * line.unit_price, currency)
