"""What a customer was promised and asked for beyond its invoices: kept with the customer, and charged by none of it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from billing.domain.errors import InvalidInput

_WHOLE = Decimal(100)


class InvoiceDelivery(StrEnum):
    """How the customer wants its invoices; what is wrong with a payment is told by e-mail whatever it says."""

    EMAIL = "email"
    PORTAL = "portal"
    BOTH = "both"

    @property
    def by_mail(self) -> bool:
        """Whether invoices, receipts and credit notes are mailed."""
        return self is not InvoiceDelivery.PORTAL


class PaymentMethodKind(StrEnum):
    """How the customer said that it pays."""

    CREDIT_CARD = "credit_card"
    ACH = "ach"
    PAYPAL = "paypal"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLevel:
    """What the customer was promised: hours until an answer, per cent of the time in service, and in words."""

    response_time_hours: Decimal | None = None
    uptime_percent: Decimal | None = None
    notes: str = ""

    def __post_init__(self) -> None:
        """Refuse hours below 0, and more of the time than all of it."""
        hours, uptime = self.response_time_hours, self.uptime_percent
        if hours is not None and not (hours.is_finite() and hours >= 0):
            raise InvalidInput("sla.responseTimeHours", expected="0 or more hours", given=str(hours))
        if uptime is not None and not (uptime.is_finite() and 0 <= uptime <= _WHOLE):
            raise InvalidInput("sla.uptimePercent", expected="0 to 100", given=str(uptime))


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerPreferences:
    """The part of a billing record that is the customer's own; `created_at` and `updated_at` are UTC instants.

    `auto_pay_method_id` is the method that a front end named for automatic payment ("" = none): shown, never charged,
    as what is charged is the method that the customer saved at the gateway. `setup_fee` (major units, exact) is what
    the customer's service owed or owes once.
    """

    created_at: datetime
    updated_at: datetime
    delivery: InvoiceDelivery = InvoiceDelivery.EMAIL
    payment_method: PaymentMethodKind | None = None
    auto_pay_method_id: str = ""
    service_level: ServiceLevel | None = None
    setup_fee: Decimal = Decimal(0)
