"""What a change of one invoice by a person starts from: the settings, its subscription, what that is billed from."""

from collections.abc import Callable

from billing.domain.errors import NotFound
from billing.domain.invoice import Invoice
from billing.domain.subscription import Subscription
from billing.ports import Documents
from billing.store.collection import Stored
from billing.usecases.call import Call
from billing.usecases.gather_facts import DueCase, gather_facts
from billing.usecases.run_context import RunContext, RunRequest, start_run


def context_of(
    documents: Documents, *, call: Call, payment_url: Callable[[str], str] = lambda _invoice_id: ""
) -> RunContext:
    """The tenant's settings and repositories, for a change that is made and dated now."""
    request = RunRequest(
        tenant_id=call.tenant_id,
        as_of=call.recorded_at,
        recorded_at=call.recorded_at,
        run_id="by-hand",
        actor=call.actor,
        request_id=call.request_id,
    )
    return start_run(documents, request, payment_url=payment_url)


def subscription_of(context: RunContext, invoice: Invoice) -> Stored[Subscription]:
    """The invoice's subscription as it stands, or NotFound."""
    [found] = context.subscriptions.get([invoice.subscription_id])
    if found is None:
        raise NotFound("subscription", invoice.subscription_id)
    return found


def facts_of_bill(context: RunContext, subscription: Stored[Subscription]) -> DueCase:
    """What the open cycle of a subscription is billed from; raises what keeps it from being billed."""
    [case] = gather_facts(context, [subscription])
    if not isinstance(case, DueCase):
        raise case[1]
    return case
