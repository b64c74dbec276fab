"""What older clients send. Fields that they send besides are left alone: a record read is sent back whole."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from billing.api.customer_billing.computed_numbers import as_meant
from billing.api.routes.models import A_LINE, SAYS_SOMETHING, SOME_TEXT, Id
from billing.domain.customer_preferences import InvoiceDelivery, PaymentMethodKind
from billing.domain.errors import InvalidInput
from billing.domain.period import local_date
from billing.domain.service_terms import ServiceCycle
from billing.usecases.record_change import RecordChange

LARGEST = Decimal(10**12)

_Number = Annotated[Decimal, BeforeValidator(as_meant)]
Amount = Annotated[_Number, Field(ge=0, le=LARGEST, max_digits=24, decimal_places=12, description="Major units")]
Signed = Annotated[
    _Number,
    Field(ge=-LARGEST, le=LARGEST, max_digits=24, decimal_places=12, description="Major units; below 0 a discount"),
]
Words = Annotated[str, Field(max_length=1000, pattern=SOME_TEXT)]
Description = Annotated[str, Field(min_length=1, max_length=1000, pattern=SAYS_SOMETHING)]
Name = Annotated[str, Field(min_length=1, max_length=100, pattern=A_LINE)]
Day = Annotated[str, Field(max_length=40, description="ISO 8601: a day, or an instant with its offset")]


class Given(BaseModel):
    """A part of a body; null is as good as leaving a field out."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel)


class GivenServicePlan(Given):
    """A service at one fee a month."""

    plan_name: Words | None = None
    monthly_fee: Amount | None = None
    setup_fee: Amount | None = None
    proration_enabled: bool | None = None


class GivenBillingCycle(Given):
    """How often the service is billed, on which day of month, and when next."""

    type: ServiceCycle | None = None
    day_of_month: Annotated[int, Field(ge=1, le=31)] | None = None
    next_billing_date: Day | None = None


class GivenServiceLevel(Given):
    """What the customer was promised."""

    response_time_hours: Annotated[Decimal, Field(ge=0, le=LARGEST)] | None = None
    uptime_percent: Annotated[Decimal, Field(ge=0, le=100)] | None = None
    notes: Words | None = None


class GivenInvoicePreferences(Given):
    """How the customer wants its invoices."""

    delivery: InvoiceDelivery | None = None


class GivenAutoPay(Given):
    """Whether invoices are charged automatically, and the method that was named for it."""

    enabled: bool | None = None
    payment_method_id: Words | None = None


class GivenChange(Given):
    """The parts of a record that can be given."""

    service_plan: GivenServicePlan | None = None
    billing_cycle: GivenBillingCycle | None = None
    payment_method: PaymentMethodKind | None = None
    invoice_preferences: GivenInvoicePreferences | None = None
    auto_pay: GivenAutoPay | None = None
    sla: GivenServiceLevel | None = None

    def change(self, *, zone: str) -> RecordChange:
        """The change that is asked for; days are those of a time zone. InvalidInput for a day that is none."""
        plan, cycle = self.service_plan or GivenServicePlan(), self.billing_cycle or GivenBillingCycle()
        level, auto_pay = self.sla or GivenServiceLevel(), self.auto_pay or GivenAutoPay()
        on = cycle.next_billing_date
        return RecordChange(
            plan_name=plan.plan_name,
            monthly_fee=plan.monthly_fee,
            setup_fee=plan.setup_fee,
            prorated=plan.proration_enabled,
            cycle=cycle.type,
            day_of_month=cycle.day_of_month,
            next_billing_on=None if on is None else local_day("billingCycle.nextBillingDate", on, zone=zone),
            delivery=None if self.invoice_preferences is None else self.invoice_preferences.delivery,
            payment_method=self.payment_method,
            auto_pay=auto_pay.enabled,
            auto_pay_method_id=auto_pay.payment_method_id,
            response_time_hours=level.response_time_hours,
            uptime_percent=level.uptime_percent,
            sla_notes=level.notes,
        )


class GivenRecord(GivenChange):
    """A record to be created, or merged into the one that stands."""

    customer_id: Id


class GivenUpdate(GivenChange):
    """A record as it was read, with changes. What follows from invoices and payments must be as it stands."""

    balance: dict[str, Any] | None = None
    invoices: Annotated[list[dict[str, Any]], Field(max_length=10_000)] | None = None
    payment_history: Annotated[list[dict[str, Any]], Field(max_length=10_000)] | None = None


class GivenLineItem(Given):
    """A line of an invoice, its tax in it."""

    description: Description
    quantity: Annotated[_Number, Field(ge=0, le=LARGEST, max_digits=24, decimal_places=12)] = Decimal(1)
    unit_price: Signed | None = None
    total: Signed | None = None


class GivenInvoice(Given):
    """An invoice to be made. `invoiceNumber` is the client's own; the document gets one of the tenant's series."""

    invoice_number: Name
    amount: Amount
    due_date: Day
    line_items: Annotated[list[GivenLineItem], Field(max_length=500)] | None = None
    status: Literal["pending", "paid", "overdue", "cancelled"] | None = None


class GivenRecordPayment(Given):
    """Money that came in. Without `invoiceId` it pays what is open, the first due first; the rest is credit."""

    amount: Annotated[_Number, Field(gt=0, le=LARGEST, max_digits=24, decimal_places=12)]
    method: Annotated[str, Field(max_length=40, pattern=r"^[\w .-]*$")] | None = None
    invoice_id: Annotated[str, Field(max_length=200)] | None = None
    transaction_id: Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")] | None = None


def local_day(field: str, text: str, *, zone: str) -> date:
    """The day that is meant: one by itself, midnight UTC as clients write a day, or an instant's day in a zone."""
    try:
        if len(text) == len("2026-03-01"):
            return _within(field, date.fromisoformat(text), text=text)
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is not None:
            at = instant.astimezone(UTC)
            is_day = at.time() == time() and instant.utcoffset() == UTC.utcoffset(None)
            return _within(field, at.date() if is_day else local_date(at, zone=zone), text=text)
    except (ValueError, OverflowError):
        pass
    raise _no_day(field, text)


def _within(field: str, day: date, *, text: str) -> date:
    if not 2000 <= day.year <= 2100:
        raise _no_day(field, text)
    return day


def _no_day(field: str, text: str) -> InvalidInput:
    expected = "a day such as 2026-03-01, or an instant with its offset such as 2026-03-01T00:00:00Z, of 2000 to 2100"
    return InvalidInput(field, expected=expected, given=text)
