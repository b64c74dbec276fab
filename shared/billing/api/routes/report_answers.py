"""The four reports as JSON: amounts in minor units, one section a currency, as currencies are never added up."""

from datetime import date, datetime

from billing.api.routes.models import AnswerModel, Exact, TimeZone
from billing.domain.aging import AgingBucket
from billing.domain.mrr import Movement


class ReportAnswer(AnswerModel):
    """What every report says of itself."""

    tenant_id: str
    as_of: datetime
    time_zone: TimeZone


class MovedAnswer(AnswerModel):
    """What moved since a month before, for how many customers."""

    movement: Movement
    customers: int
    amount: int


class MonthAnswer(AnswerModel):
    """What was invoiced for a closed month: usage alone, without tax, and with it."""

    month: str
    usage: int
    subtotal: int
    total: int
    invoices: int


class TrendAnswer(AnswerModel):
    """Recurring revenue on a day, and the usage of the month that was closed then."""

    on: date
    recurring: int
    usage: int
    usage_month: str


class MrrSectionAnswer(AnswerModel):
    """Monthly recurring revenue in a currency; beside it what was invoiced, each a source of its own."""

    currency: str
    recurring: int
    recurring_before: int
    recurring_growth: Exact | None
    customers: int
    movements: list[MovedAnswer]
    closed: MonthAnswer
    closed_before: MonthAnswer
    usage_growth: Exact | None
    total_growth: Exact | None
    trend: list[TrendAnswer]


class MrrAnswer(ReportAnswer):
    """Monthly recurring revenue; growth in per cent."""

    sections: list[MrrSectionAnswer]


class AgedAnswer(AnswerModel):
    """What is due in a bucket of days past due, and its share in per cent."""

    bucket: AgingBucket
    invoices: int
    amount: int
    share: Exact


class OutstandingSectionAnswer(AnswerModel):
    """What is due in a currency."""

    currency: str
    buckets: list[AgedAnswer]
    invoices: int
    amount: int


class OutstandingAnswer(ReportAnswer):
    """What is still to be paid of what was issued by a local day, by how late it is on it.

    What is unpaid, and how much, is as it stood at `unpaid_at`.
    """

    unpaid_at: datetime
    on: date
    sections: list[OutstandingSectionAnswer]


class RankedAnswer(AnswerModel):
    """A customer of the ranking: what was invoiced without tax, what was credited, and the change in per cent."""

    rank: int
    customer_id: str
    invoiced: int
    credited: int
    revenue: int
    before: int | None
    change: Exact | None


class RankingAnswer(AnswerModel):
    """The ranking in a currency; the sums are of all customers."""

    currency: str
    rows: list[RankedAnswer]
    customers: int
    revenue: int
    revenue_before: int
    change: Exact | None


class RevenueAnswer(ReportAnswer):
    """The customers with the most revenue of the last closed month; `names` by customer."""

    month: str
    month_before: str
    sections: list[RankingAnswer]
    names: dict[str, str]


class DeclineAnswer(AnswerModel):
    """A meter whose use fell twice in a row, from month to month."""

    meter: str
    months: list[str]
    quantities: list[Exact]
    change: Exact | None


class FailedPaymentAnswer(AnswerModel):
    """An invoice whose payment failed and that is unpaid still."""

    invoice_id: str
    number: str
    currency: str
    amount_due: int
    failed_at: datetime
    code: str
    tries: int
    state: str


class AtRiskAnswer(AnswerModel):
    """A customer who may leave, and the figures that say why."""

    customer_id: str
    declines: list[DeclineAnswer]
    failures: list[FailedPaymentAnswer]


class ChurnRiskAnswer(ReportAnswer):
    """Who may leave; `names` by customer. What is unpaid is as it stood at `unpaid_at`."""

    unpaid_at: datetime
    months: list[str]
    customers: list[AtRiskAnswer]
    names: dict[str, str]
