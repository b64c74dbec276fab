"""Use the customers' credit balances for invoices that are issued outside of a run, in the commit that issues them."""

from collections.abc import Sequence

from billing.domain.credit_balance import use_balances
from billing.domain.invoice import Invoice
from billing.ports import Write
from billing.usecases.run_context import RunContext


def with_balances(context: RunContext, invoices: Sequence[Invoice]) -> tuple[Sequence[Invoice], list[Write]]:
    """The invoices with what their customers' balances pay of them, and the writes that this takes in their commit."""
    ids = sorted({each.customer_id for each in invoices})
    customers = {each.value.id: each for each in context.customers.get(ids) if each is not None}
    use = use_balances(invoices, {name: each.value.credit_balance for name, each in customers.items()})
    writes: list[Write] = [context.payments.creation(each) for each in use.payments]
    for name, used in use.used.items():
        taken = {"credit_balance": -used}
        writes.append(context.customers.added(name, taken, expected=customers[name].version))
    return use.invoices, writes
