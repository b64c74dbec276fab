"""What the routes of billing records answer, for the API's document."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel

Number = Annotated[Decimal, WithJsonSchema({"type": "number", "description": "Major units, exact"})]
Day = Annotated[date, WithJsonSchema({"type": "string", "format": "date"})]
Instant = Annotated[datetime, WithJsonSchema({"type": "string", "format": "date-time"})]


class Answer(BaseModel):
    """A part of a record."""

    model_config = ConfigDict(alias_generator=to_camel)


class ServicePlan(Answer):
    """What the service costs a month; null parts are for subscriptions of another kind."""

    plan_name: str
    monthly_fee: Number
    setup_fee: Number
    proration_enabled: bool


class BillingCycle(Answer):
    """How often the service is billed, and when next."""

    type: Literal["monthly", "annual"]
    day_of_month: int
    next_billing_date: Day | None


class LineItem(Answer):
    """A line; tax that is not in the lines is one more."""

    description: str
    quantity: Number
    unit_price: Number
    total: Number


class RecordedPayment(Answer):
    """A payment, or the part of it that an invoice got."""

    payment_id: str
    invoice_id: str | None
    amount: Number
    method: str
    status: Literal["succeeded", "disputed", "reversed", "refunded"]
    transaction_id: str | None
    paid_at: Instant


class RecordedInvoice(Answer):
    """An invoice. `invoiceNumber` is its maker's, where it was made here; `documentNumber` the one on the document."""

    invoice_id: str
    invoice_number: str | None
    document_number: str | None
    amount: Number
    currency: str
    status: Literal["pending", "paid", "overdue", "cancelled"]
    due_date: Day
    paid_date: Instant | None
    line_items: list[LineItem]
    payments: list[RecordedPayment]


class InvoicePreferences(Answer):
    """How the customer wants its invoices."""

    delivery: Literal["email", "portal", "both"]


class Balance(Answer):
    """What is owed less what is to the customer's credit, what of it is overdue, and the latest payment."""

    current: Number
    overdue: Number
    last_payment_date: Instant | None


class AutoPay(Answer):
    """Whether invoices are charged automatically."""

    enabled: bool
    payment_method_id: str | None


class ServiceLevel(Answer):
    """What the customer was promised."""

    response_time_hours: Number | None
    uptime_percent: Number | None
    notes: str


class Dunning(Answer):
    """How far the chasing of what is unpaid is."""

    reminder_count: Annotated[int, Field(ge=0)]
    last_reminder_at: Instant | None
    suspended_at: Instant | None
    suspension_reason: str | None


class BillingRecord(Answer):
    """A customer's billing as one record."""

    customer_id: str
    tenant_id: str
    service_plan: ServicePlan | None
    billing_cycle: BillingCycle | None
    payment_method: Literal["credit_card", "ach", "paypal", "none"]
    invoice_preferences: InvoicePreferences
    invoices: list[RecordedInvoice]
    payment_history: list[RecordedPayment]
    balance: Balance
    auto_pay: AutoPay
    sla: ServiceLevel | None
    dunning: Dunning
    created_at: Instant | None
    updated_at: Instant | None


Responses = dict[int | str, dict[str, Any]]

RECORD: Final[Responses] = {201: {"model": BillingRecord, "description": "The record"}}
RECORD_OR_NULL: Final[Responses] = {200: {"model": BillingRecord | None, "description": "The record, or null"}}
RECORDS: Final[Responses] = {200: {"model": list[BillingRecord], "description": "The records"}}
