"""Which notices are mailed to a customer, by how it wants its invoices (docs/guides/mails.md)."""

from collections.abc import Sequence

from billing.domain.customer import Customer
from billing.domain.notice import Notice
from billing.ports import Documents
from billing.store.customers import Customers


def wanted_mails(documents: Documents, notices: Sequence[Notice], *, customer: Customer | None = None) -> list[Notice]:
    """The notices about one invoice, without the documents that its customer looks at in a portal.

    A failed payment and whatever chases it are mailed to everybody. The customer is read where it is not known and the
    notices bring a document.
    """
    documents_among = [each for each in notices if each.kind.brings_a_document]
    if not documents_among:
        return [*notices]
    if customer is None:
        about = documents_among[0]
        [found] = Customers.of(documents, about.tenant.id).get([about.invoice.customer_id])
        customer = None if found is None else found.value
    by_mail = customer is None or customer.invoice_delivery.by_mail
    return [each for each in notices if by_mail or not each.kind.brings_a_document]
