"""What is open at the gateway for invoices that were paid another way is closed, so that nobody pays twice."""

from collections.abc import Callable, Sequence

from billing.api.routes.books import Books
from billing.domain.errors import BillingError
from billing.domain.invoice import Invoice
from billing.store.invoices import Invoices
from billing.usecases.close_other_ways import close_other_ways


def close_other_pages(books: Books, invoices: Sequence[Invoice], *, paid_by: str) -> list[str]:
    """Close hosted pages and payments under way; the numbers of the invoices where that failed.

    A second payment that could not be stopped becomes credit (semantics 8).
    """
    open_still: list[str] = []
    for invoice in invoices:
        if not (invoice.checkout_id or invoice.attempts):
            continue
        try:
            if (gateway := books.gateway()) is not None:
                close_other_ways(books.documents, gateway, invoice.id, paid_by=paid_by, call=books.call)
        except BillingError:
            open_still.append(invoice.number)
    return open_still


def closing(books: Books) -> Callable[[str], None]:
    """What closes an invoice's hosted page and waiting payments; a gateway is needed where there are any."""
    invoices = Invoices.of(books.documents, books.tenant_id)

    def close(invoice_id: str) -> None:
        [stored] = invoices.get([invoice_id])
        if stored is None or not (stored.value.checkout_id or stored.value.attempts):
            return
        if (gateway := books.gateway()) is not None:
            close_other_ways(books.documents, gateway, invoice_id, paid_by="", call=books.call)

    return close
