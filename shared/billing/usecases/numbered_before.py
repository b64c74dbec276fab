"""Which document of ours somebody means who gives its number as the one of their own invoice."""

from typing import ClassVar

from billing.domain.bank import squeezed
from billing.domain.errors import Conflict
from billing.domain.invoice import Invoice
from billing.domain.invoice_life import cycle_id
from billing.domain.reference import printed_number
from billing.store.collection import Stored
from billing.store.payables import Payables
from billing.usecases.asked_before import OtherInvoice
from billing.usecases.run_context import RunContext


class NumberTaken(Conflict):
    """The number is that of a credit note or of another customer's invoice, and one number is one document."""

    code: ClassVar[str] = OtherInvoice.code
    retryable: ClassVar[bool] = False

    def __init__(self, given: str, whose: str) -> None:
        super().__init__(f"{given} is the number of {whose}: an invoice needs a number of its own")


def numbered_before(context: RunContext, given: str, *, customer_id: str) -> Stored[Invoice] | None:
    """The customer's invoice of that number, the newest revision of its period; None where the number is nobody's.

    A number is known as a transfer that quotes it is matched: whatever case, blanks and punctuation (semantics 8).
    Raises NumberTaken for the number of a credit note, and of another customer's invoice.
    """
    text = squeezed(given)
    if not text:
        return None
    payables = Payables.of(context.documents, context.tenant.id)
    series = context.tenant.numbers, context.tenant.credit_numbers
    numbers = sorted({given, *(printed_number(text, each) for each in series)} - {""})
    if payables.credit_notes_numbered(numbers):
        raise NumberTaken(given, "a credit note")
    owed = context.invoices.unpaid_of_customer(customer_id)
    theirs = {each.id for each in owed if squeezed(each.number) == text}  # as an earlier format of numbers left them
    for each in payables.numbered(numbers):
        if each.customer_id != customer_id:
            raise NumberTaken(given, f"an invoice of customer {each.customer_id}")
        theirs.add(each.invoice_id)
    return _newest(context, min(theirs)) if theirs else None


def _newest(context: RunContext, invoice_id: str) -> Stored[Invoice]:
    invoice = context.invoices.named(invoice_id).value
    revisions = context.invoices.of_subscription(invoice.subscription_id)
    return [each for each in revisions if cycle_id(each.value) == cycle_id(invoice)][-1]
