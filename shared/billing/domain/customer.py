"""The customer: whom an invoice is addressed to."""

from dataclasses import dataclass

from billing.domain.invoice import CollectionMethod, Party
from billing.domain.tax import TaxParty


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """An account. `party` is the address as it stands now (an invoice keeps a copy); `tax` what its taxation rests on.

    `active_subscriptions` counts subscriptions with a bill still to come. `test_card` is how a sandbox card behaves.
    `credit_balance` (minor units) is what the next invoice uses first; `gateway_id` is the customer at the gateway,
    `payment_method` the saved method's label and `payment_method_id` the gateway's id of it. `buyer_reference` is the
    text that the customer wants on each of its invoices (an order or cost centre).
    """

    id: str
    party: Party
    tax: TaxParty
    currency: str
    locale: str = ""
    collection_method: CollectionMethod = CollectionMethod.SEND_INVOICE
    test_card: str = ""
    created_on: str = ""
    active_subscriptions: int = 0
    buyer_reference: str = ""
    credit_balance: int = 0
    gateway_id: str = ""
    payment_method: str = ""
    payment_method_id: str = ""
