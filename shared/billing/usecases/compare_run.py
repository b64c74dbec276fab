"""Compare what a dry run drafted with the last invoices, before anything is issued."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from billing.domain.dunning_policy import WhileSuspended
from billing.domain.invoice import Invoice, InvoiceStatus
from billing.domain.run_comparison import ComparedBill, RunComparison, compare
from billing.domain.subscription import Subscription, SubscriptionStatus
from billing.ports import Documents
from billing.store.customers import Customers
from billing.store.invoices import Invoices
from billing.store.subscriptions import Subscriptions
from billing.store.tenants import Tenants

_MOMENT = timedelta(microseconds=1)
_NOT_BILLED = (InvoiceStatus.DRAFT, InvoiceStatus.VOID)


def compare_run(
    documents: Documents, invoices: Sequence[Invoice], *, tenant_id: str, as_of: datetime, complete: bool = True
) -> RunComparison:
    """The drafts of a dry run as of a UTC instant, each beside the last invoice of its subscription.

    Missing is who was billed before and is due without an invoice, or ended with the last bill; in a run that stopped
    early (not `complete`) nobody can be said to be. Whose service is suspended is told apart, unless it is billed.
    """
    drafted = {each.subscription_id for each in invoices}
    latest: dict[str, int] = {}
    missing: list[tuple[Subscription, int]] = []
    for subscription in (each.value for each in Subscriptions.of(documents, tenant_id).all()):
        if subscription.id in drafted:
            before = _last_subtotal(documents, subscription, tenant_id=tenant_id)
            latest |= {} if before is None else {subscription.id: before}
        elif complete and subscription.recent and _is_expected(subscription, as_of=as_of):
            missing.append((subscription, subscription.recent[-1]))
    return compare(invoices, latest=latest, missing=_missing(documents, missing, tenant_id=tenant_id))


def _last_subtotal(documents: Documents, subscription: Subscription, *, tenant_id: str) -> int | None:
    """The last subtotal; of a subscription that does not remember it, from its last invoice."""
    if subscription.recent:
        return subscription.recent[-1]
    bills = Invoices.of(documents, tenant_id).of_subscription(subscription.id)
    return next((each.value.subtotal for each in reversed(bills) if each.value.status not in _NOT_BILLED), None)


def _is_expected(subscription: Subscription, *, as_of: datetime) -> bool:
    """Whether a bill of this run would be nothing new: it is due, or it ended with the run before."""
    due, end = subscription.next_billing_at, subscription.end
    if due is not None:
        return due <= as_of
    schedule = subscription.phases[-1].schedule
    current = schedule.period_at(as_of - _MOMENT)
    previous = schedule.period_at(current.start - _MOMENT)
    return subscription.status is SubscriptionStatus.ENDED and end is not None and previous.start < end <= current.start


def _missing(
    documents: Documents, missing: Sequence[tuple[Subscription, int]], *, tenant_id: str
) -> Iterator[ComparedBill]:
    customer_ids = sorted({subscription.customer_id for subscription, _ in missing})
    found = dict(zip(customer_ids, Customers.of(documents, tenant_id).get(customer_ids), strict=True))
    is_billed = Tenants(documents).get(tenant_id).while_suspended is WhileSuspended.BILL
    for subscription, before in missing:
        customer = found[subscription.customer_id]
        yield ComparedBill(
            subscription_id=subscription.id,
            customer_id=subscription.customer_id,
            currency="" if customer is None else customer.value.currency,
            before=before,
            now=None,
            suspended=not is_billed and customer is not None and customer.value.suspended_at is not None,
        )
