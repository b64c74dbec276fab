"""Give services back straight after the commit that ended what they were suspended for (semantics 9)."""

from collections.abc import Iterable

from billing.domain.errors import BillingError
from billing.domain.invoice import Invoice
from billing.ports import Documents
from billing.usecases.call import Call
from billing.usecases.restore_service import restore_services


def restore_at_once(documents: Documents, invoices: Iterable[Invoice], *, call: Call) -> None:
    """Restore what waited for these invoices, as they stand after a commit; never fails, as that commit stands.

    What can't be restored now is restored by the next dunning run.
    """
    try:
        restore_services(documents, invoices, call=call)
    except BillingError:
        return
