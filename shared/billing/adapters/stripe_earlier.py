"""What Stripe was asked for before, however long ago: found by the metadata that each request of ours carries.

Lists are read, not Stripe's search: a list is up to date at once, what was made just now is searched for in vain
(https://docs.stripe.com/search#data-freshness).
"""

from collections.abc import Iterator

import stripe

from billing.adapters.stripe_outcomes import metadata_of
from billing.ports import ChargeOrder

_PAGE = 100
_TAKEN = frozenset({"succeeded", "processing", "requires_capture"})
"""Money came, or is on its way: https://docs.stripe.com/payments/paymentintents/lifecycle"""


def charge_with_key(client: stripe.V1Services, order: ChargeOrder) -> stripe.PaymentIntent | None:
    """The payment intent of the very same order."""
    intents = _intents(client, order)
    return next((each for each in intents if metadata_of(each).get("key") == order.key), None)


def money_for_invoice(client: stripe.V1Services, order: ChargeOrder) -> tuple[str, ...]:
    """The ids of all payment intents of the order's invoice that took money or are about to, the oldest first.

    Whichever way they were made: by any attempt, or on a hosted page.
    """
    found = [each.id for each in _intents(client, order) if each.status in _TAKEN and _is_for(each, order)]
    return tuple(reversed(found))


def customer_with_key(client: stripe.V1Services, *, key: str, email: str) -> str:
    """The id of the customer that was made with a key and has still this address; "" where there is none."""
    if not email:
        return ""
    customers = client.customers.list({"email": email, "limit": _PAGE}).auto_paging_iter()
    return next((each.id for each in customers if metadata_of(each).get("key") == key), "")


def _intents(client: stripe.V1Services, order: ChargeOrder) -> Iterator[stripe.PaymentIntent]:
    """All of the customer's, the newest first."""
    listed = client.payment_intents.list(
        {"customer": order.customer, "limit": _PAGE, "expand": ["data.payment_method"]}
    )
    return listed.auto_paging_iter()


def _is_for(intent: stripe.PaymentIntent, order: ChargeOrder) -> bool:
    said = metadata_of(intent)
    return (said.get("tenant_id"), said.get("invoice_id")) == (order.tenant_id, order.invoice_id)
