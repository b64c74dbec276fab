"""What a billing record says of a customer's service and wishes: parts that are to change, and what they come to."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from billing.domain.customer import Customer
from billing.domain.customer_preferences import (
    CustomerPreferences,
    InvoiceDelivery,
    PaymentMethodKind,
    ServiceLevel,
)
from billing.domain.invoice import CollectionMethod
from billing.domain.service_terms import ServiceCycle


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordChange:
    """The parts that were given; None leaves a part as it is. Amounts in major units, exact; days are local."""

    plan_name: str | None = None
    monthly_fee: Decimal | None = None
    setup_fee: Decimal | None = None
    prorated: bool | None = None
    cycle: ServiceCycle | None = None
    day_of_month: int | None = None
    next_billing_on: date | None = None
    delivery: InvoiceDelivery | None = None
    payment_method: PaymentMethodKind | None = None
    auto_pay: bool | None = None
    auto_pay_method_id: str | None = None
    response_time_hours: Decimal | None = None
    uptime_percent: Decimal | None = None
    sla_notes: str | None = None

    @property
    def names_service(self) -> bool:
        """Whether anything is said of the service itself."""
        terms = (self.plan_name, self.monthly_fee, self.prorated, self.cycle, self.day_of_month, self.next_billing_on)
        return any(each is not None for each in (*terms, self.setup_fee))


def with_preferences(
    customer: Customer, change: RecordChange, *, at: datetime, since: datetime | None = None
) -> Customer:
    """The customer with what was given of its preferences, at a UTC instant; the same one where it had all of it.

    `since` is since when its record stands (None: as the customer itself says).
    """
    created_at = since or customer.recorded_since or at
    stands = customer.preferences or CustomerPreferences(created_at=created_at, updated_at=at)
    kind, method = change.payment_method, change.auto_pay_method_id
    preferences = replace(
        stands,
        delivery=change.delivery or stands.delivery,
        payment_method=stands.payment_method if kind in (None, customer.payment_method_kind) else kind,
        auto_pay_method_id=_or(None if method == customer.auto_pay_method else method, stands.auto_pay_method_id),
        service_level=_service_level(stands.service_level, change),
        setup_fee=stands.setup_fee if change.setup_fee is None else change.setup_fee,
    )
    kept = customer.preferences if preferences == stands else replace(preferences, updated_at=at)
    return replace(customer, preferences=kept, collection_method=_collection(customer, change.auto_pay))


def _collection(customer: Customer, auto_pay: bool | None) -> CollectionMethod:  # noqa: FBT001 - what was given
    if auto_pay is None:
        return customer.collection_method
    return CollectionMethod.CHARGE_AUTOMATICALLY if auto_pay else CollectionMethod.SEND_INVOICE


def _service_level(stands: ServiceLevel | None, change: RecordChange) -> ServiceLevel | None:
    given = (change.response_time_hours, change.uptime_percent, change.sla_notes)
    if all(each is None for each in given):
        return stands
    before = stands or ServiceLevel()
    hours, uptime = change.response_time_hours, change.uptime_percent
    return ServiceLevel(
        response_time_hours=before.response_time_hours if hours is None else hours,
        uptime_percent=before.uptime_percent if uptime is None else uptime,
        notes=_or(change.sla_notes, before.notes),
    )


def _or(given: str | None, stands: str) -> str:
    return stands if given is None else given
