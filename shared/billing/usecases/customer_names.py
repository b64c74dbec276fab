"""What customers are called, to name them in a report."""

from collections.abc import Iterable

from billing.ports import Documents
from billing.store.customers import Customers

_A_READ = 200


def customer_names(documents: Documents, tenant_id: str, *, ids: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """The id and name of each customer, by id; one that is gone is left out."""
    customers, wanted = Customers.of(documents, tenant_id), sorted(set(ids))
    pages = (customers.get(wanted[start : start + _A_READ]) for start in range(0, len(wanted), _A_READ))
    return tuple((each.value.id, each.value.party.name) for page in pages for each in page if each is not None)
