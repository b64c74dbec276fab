"""The customer: whom an invoice is addressed to."""

from dataclasses import dataclass
from datetime import UTC, datetime

from billing.domain.customer_preferences import CustomerPreferences, InvoiceDelivery, PaymentMethodKind
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

    @property
    def payment_method_kind(self) -> PaymentMethodKind:
        """How it pays, in its billing record: as was said, else by the method that it saved, if any."""
        if self.preferences is not None and self.preferences.payment_method is not None:
            return self.preferences.payment_method
        return PaymentMethodKind.CREDIT_CARD if self.payment_method_id else PaymentMethodKind.NONE

    @property
    def auto_pay_method(self) -> str:
        """The method that is charged is the one saved at the gateway; until there is one, the one that was named."""
        return self.payment_method_id or ("" if self.preferences is None else self.preferences.auto_pay_method_id)

    @property
    def recorded_since(self) -> datetime | None:
        """Since when its billing record stands, a UTC instant: made by a client, or the day (UTC) of an import."""
        if self.preferences is not None:
            return self.preferences.created_at
        return datetime.fromisoformat(self.created_on).replace(tzinfo=UTC) if self.created_on else None
