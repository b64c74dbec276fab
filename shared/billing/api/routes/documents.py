"""What invoices and credit notes say alike: parties, lines, taxes, files."""

from datetime import date, datetime

from billing.api.routes.models import Amount, AnswerModel, Exact, PeriodAnswer
from billing.domain.invoice import LineKind
from billing.domain.tax import TaxCategory


class PartyAnswer(AnswerModel):
    """A name with its address and registrations; what is not known is empty."""

    name: str
    street: str
    city: str
    state: str
    postal_code: str
    country: str
    email: str
    tax_id: str
    registration: str
    electronic_address: str


class LineAnswer(AnswerModel):
    """One line. `amount` is in minor units, quantity and unit price are exact decimals in the major unit."""

    id: str
    kind: LineKind
    description: str
    quantity: Exact
    unit_price: Exact
    amount: int
    period: PeriodAnswer
    tax_category: str
    tax_percent: Exact
    tax_inclusive: bool


class TaxAnswer(AnswerModel):
    """One rate with its base and its tax, both in minor units."""

    category: TaxCategory
    name: str
    percent: Exact
    country: str
    state: str
    base: int
    tax: int
    note: str


class FileAnswer(AnswerModel):
    """A file made of the document, with its size in bytes and its SHA-256 in hex."""

    content_type: str
    size: int
    sha256: str


class SettlementFailureAnswer(AnswerModel):
    """What of a document could not be done yet; the next run does it."""

    invoice_id: str
    code: str
    message: str


class CalculationAnswer(AnswerModel):
    """One calculation in words, exact and rounded to minor units."""

    text: str
    exact: str
    amount: int
    rounding: str


class ExplainedLineAnswer(AnswerModel):
    """One line, what it rests on and each step of its arithmetic; amounts in minor units."""

    id: str
    description: str
    plan: str
    facts: list[str]
    calculations: list[CalculationAnswer]
    conclusion: str
    replayed: int
    amount: int


class ExplainedTaxAnswer(AnswerModel):
    """One row of the taxes, and what it is computed from."""

    row: str
    calculations: list[CalculationAnswer]


class DifferenceAnswer(AnswerModel):
    """A figure that does not come out."""

    field: str
    stored: str
    expected: str


class ExplainedAnswer(AnswerModel):
    """A whole document replayed; `differences` is empty where everything comes out."""

    id: str
    number: str
    currency: str
    lines: list[ExplainedLineAnswer]
    taxes: list[ExplainedTaxAnswer]
    sums: list[str]
    differences: list[DifferenceAnswer]


class IssuedAnswer(AnswerModel):
    """What every issued document has."""

    id: str
    number: str
    customer_id: str
    subscription_id: str
    currency: str
    issued_at: datetime
    issued_on: date
    period: PeriodAnswer
    subtotal: Amount
    tax: Amount
    total: Amount
