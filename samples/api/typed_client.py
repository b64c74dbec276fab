"""The same as client.py with types: what is sent and answered are the models that a generator made of the document.

    datamodel-codegen --preset standard-py311-20261027 --disable-warnings --input-file-type openapi \
        --input docs/openapi.json --output samples/api/billing_models.py
    BILLING_API=https://... BILLING_KEY=bk_... python typed_client.py
"""

import os
import sys
from collections.abc import Iterator, Sequence
from typing import TypeVar

from billing_models import GivenPayment, Invoice, InvoiceAnswer, InvoiceRow, PagedInvoiceRow, RecordedAnswer
from client import OPEN, Billing, Refused
from pydantic import BaseModel

Answer = TypeVar("Answer", bound=BaseModel)


class TypedBilling(Billing):
    """The API in the document's models: a field that is not there is found before anything is sent."""

    def get(self, path: str, answer: type[Answer], **query: str | Sequence[str]) -> Answer:
        """What a GET answers."""
        return answer.model_validate(self.call("GET", path, **query))

    def post(self, path: str, given: BaseModel, answer: type[Answer], *, once: str) -> Answer:
        """What a POST of a body answers; `once` is its Idempotency-Key."""
        body = given.model_dump(mode="json", exclude_unset=True)
        return answer.model_validate(self.call("POST", path, body=body, once=once))

    def owed(self) -> Iterator[InvoiceRow]:
        """Every invoice that is open, whatever its pages."""
        page = self.get("/invoices", PagedInvoiceRow, status=OPEN)
        yield from page.data
        while page.next_cursor is not None:
            page = self.get("/invoices", PagedInvoiceRow, status=OPEN, cursor=page.next_cursor)
            yield from page.data


def main() -> None:
    """Book a transfer of 5.00 on the first invoice that is owed, and print what is left of it."""
    billing = TypedBilling(os.environ["BILLING_API"], key=os.environ["BILLING_KEY"])
    invoice = next(billing.owed())
    payment = GivenPayment(
        amount=500,
        currency=invoice.currency,
        received_at="2026-03-02",
        invoices=[Invoice(invoice.number)],
        reference=f"{invoice.number} once more",
    )
    recorded = billing.post("/payments", payment, RecordedAnswer, once=f"typed-{invoice.number}")
    left = billing.get(f"/invoices/{invoice.id}", InvoiceAnswer)
    print(f"booked {recorded.payment.amount} of {invoice.amount_due}, {left.amount_due} left until {left.due_on}")


if __name__ == "__main__":
    try:
        main()
    except Refused as refused:
        sys.exit(str(refused))
