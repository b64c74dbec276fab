"""The customer: whom an invoice is addressed to."""

from dataclasses import dataclass
from datetime import datetime

from billing.domain.customer_preferences import CustomerPreferences, InvoiceDelivery
from billing.domain.invoice import CollectionMethod, Party
from billing.domain.period import Period
from billing.domain.tax import TaxParty


@dataclass(frozen=True, slots=True, kw_only=True)
class CardTry:
    """A charge of a saved method that the dunning schedule made at a UTC instant."""

    method_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """An account. `party` is the address as it stands now (an invoice keeps a copy); `tax` what its taxation rests on.

    `active_subscriptions` counts subscriptions with a bill still to come. `test_card` is how a sandbox card behaves.
    `credit_balance` (minor units) is what the next invoice uses first; `gateway_id` is the customer at the gateway,
    `payment_method` the saved method's label and `payment_method_id` the gateway's id of it. `buyer_reference` is the
    text that the customer wants on each of its invoices (an order or cost centre). `segment` groups customers, and
    `dunning_policy` names the customer's own policy ("" = its segment's); `time_zone` is where it is ("" = where the
    tenant is). `suspended_at` is since when its service is suspended, `suspensions` holds the times that are
    over, and `card_tries` what the schedule charged lately. `preferences` is what its billing record says besides.
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
    segment: str = ""
    dunning_policy: str = ""
    time_zone: str = ""
    suspended_at: datetime | None = None
    suspension_reason: str = ""
    card_tries: tuple[CardTry, ...] = ()
    suspensions: tuple[Period, ...] = ()
    preferences: CustomerPreferences | None = None

    @property
    def invoice_delivery(self) -> InvoiceDelivery:
        """How it wants its invoices: by e-mail unless it said so."""
        return InvoiceDelivery.EMAIL if self.preferences is None else self.preferences.delivery
