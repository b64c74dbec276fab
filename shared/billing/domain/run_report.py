"""The report of a billing run: what was billed, skipped and refused, and what it comes to (semantics 3)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime

from billing.domain.collected import Collected
from billing.domain.credit import CreditNote
from billing.domain.invoice import Invoice, LineKind
from billing.domain.money import Money, allocate
from billing.domain.review import Hold

CHARGE_UNKNOWN = "charge_unknown"
"""The code of an invoice whose charge has no answer yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceSummary:
    """One invoice or credit note of a run in a line: `total` in minor units."""

    id: str
    number: str
    customer_id: str
    subscription_id: str
    currency: str
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldInvoice:
    """An invoice that waits in the review queue as a draft, and why."""

    invoice: InvoiceSummary
    hold: Hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A subscription that could not be billed: it keeps its date, and the next run tries it again."""

    subscription_id: str
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementFailure:
    """An issued invoice of which a step failed: it keeps its steps, and the next run tries it again."""

    invoice_id: str
    code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What settling came to: the ids of the invoices that are done, and those that are not, each with its error.

    `refused` are the mails that nobody will ever take: they are not tried again. `sweep_from` is where a sweep that ran
    out of time goes on, "" where none did.
    """

    done: Sequence[str] = ()
    failures: Sequence[SettlementFailure] = ()
    refused: Sequence[SettlementFailure] = ()
    collected: Collected = field(default_factory=Collected)
    sweep_from: str = ""

    def __add__(self, other: "Settled") -> "Settled":
        """Both together."""
        return Settled(
            done=[*self.done, *other.done],
            failures=[*self.failures, *other.failures],
            refused=[*self.refused, *other.refused],
            collected=self.collected + other.collected,
            sweep_from=other.sweep_from or self.sweep_from,
        )


@dataclass(slots=True, kw_only=True)
class Revenue:
    """The sums of one currency, in minor units, without tax but for `tax` and `total`."""

    currency: str
    usage: int = 0
    flat: int = 0
    proration: int = 0
    one_time: int = 0
    commitment: int = 0
    discount: int = 0
    tax: int = 0
    total: int = 0
    tax_by_place: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, invoice: Invoice) -> None:
        """Add an invoice. Contained tax is taken off the kinds' sums, so that they add up to the total without tax."""
        for line, net in zip(invoice.lines, _net_amounts(invoice), strict=True):
            setattr(self, line.kind.value, getattr(self, line.kind.value) + net)  # each kind has its sum
        self.tax += invoice.tax
        self.total += invoice.total
        for row in invoice.tax_lines:
            if row.tax:
                self.tax_by_place[row.country, row.state] += row.tax

    @property
    def by_kind(self) -> dict[str, int]:
        """The sum of each kind of line; with `tax` they add up to `total`."""
        return {kind.value: getattr(self, kind.value) for kind in LineKind}

    def merge(self, other: "Revenue") -> None:
        """Add the sums of another part of the run, in the same currency."""
        for each in fields(self):
            if each.type is int:
                setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))
        self.tax_by_place.update(other.tax_by_place)

    def amount(self, minor: int) -> str:
        """An amount of this currency as decimal text."""
        return str(Money(minor, self.currency).amount)


@dataclass(slots=True, kw_only=True)
class RunReport:
    """What a run of one tenant did. `complete` is False where it stopped early and has to be continued.

    `lost_workers` counts the processes that ended in the middle of their part of the run, and `sweep_from` is where the
    sweep of what is unsettled goes on, as in Settled.
    """

    run_id: str
    tenant_id: str
    as_of: datetime
    dry_run: bool
    currency: str
    customers: int = 0
    complete: bool = True
    skipped: Counter[str] = field(default_factory=Counter)
    failures: list[Failure] = field(default_factory=list)
    invoices: list[InvoiceSummary] = field(default_factory=list)
    revenue: dict[str, Revenue] = field(default_factory=dict)
    credit_notes: list[InvoiceSummary] = field(default_factory=list)
    held: list[HeldInvoice] = field(default_factory=list)
    settled: int = 0
    settlement_failures: dict[str, SettlementFailure] = field(default_factory=dict)
    refused_mails: list[SettlementFailure] = field(default_factory=list)
    collected: Collected = field(default_factory=Collected)
    lost_workers: int = 0
    sweep_from: str = ""

    @property
    def unsettled(self) -> int:
        """How many issued invoices could not be settled."""
        return len(self.settlement_failures)

    @property
    def unknown_charges(self) -> int:
        """How many charges the gateway has not answered for: the next run looks them up before it charges again."""
        return sum(each.code == CHARGE_UNKNOWN for each in self.settlement_failures.values())

    def add_settled(self, settled: Settled) -> None:
        """Count what was settled; an invoice that failed before and is done now is no failure any more."""
        self.settled += len(settled.done)
        for invoice_id in settled.done:
            self.settlement_failures.pop(invoice_id, None)
        self.settlement_failures.update({each.invoice_id: each for each in settled.failures})
        self.refused_mails += settled.refused
        self.collected += settled.collected
        self.sweep_from = settled.sweep_from

    def add_credit_note(self, credit_note: CreditNote) -> None:
        """Name an issued credit note. It is none of the run's revenue: what it gives back was billed by another run."""
        self.credit_notes.append(summary_of(credit_note))

    def add_held(self, invoice: Invoice, hold: Hold) -> None:
        """Name an invoice that waits for a person. It is no revenue before it is issued."""
        self.held.append(HeldInvoice(invoice=summary_of(invoice), hold=hold))

    @property
    def held_totals(self) -> dict[str, int]:
        """What the held invoices come to with tax, in minor units of each currency."""
        totals: Counter[str] = Counter()
        for each in self.held:
            totals[each.invoice.currency] += each.invoice.total
        return dict(totals)

    def add(self, invoice: Invoice) -> None:
        """Count an issued invoice."""
        self.invoices.append(summary_of(invoice))
        self.revenue.setdefault(invoice.currency, Revenue(currency=invoice.currency)).add(invoice)

    def merge(self, part: "RunReport") -> None:
        """Add what another part of the same run did, after what is on the report already."""
        self.customers += part.customers
        self.complete = self.complete and part.complete
        self.skipped.update(part.skipped)
        self.failures += part.failures
        self.invoices += part.invoices
        self.credit_notes += part.credit_notes
        self.held += part.held
        for currency, revenue in part.revenue.items():
            self.revenue.setdefault(currency, Revenue(currency=currency)).merge(revenue)
        self.settled += part.settled
        self.settlement_failures.update(part.settlement_failures)
        self.refused_mails += part.refused_mails
        self.collected += part.collected
        self.lost_workers += part.lost_workers

    @property
    def totals(self) -> Revenue:
        """The sums of the run's currency: the tenant's, or the only one that was billed."""
        if self.currency not in self.revenue and len(self.revenue) == 1:
            return next(iter(self.revenue.values()))
        return self.revenue.get(self.currency) or Revenue(currency=self.currency)


def summary_of(document: Invoice | CreditNote) -> InvoiceSummary:
    """An invoice or credit note in a line."""
    return InvoiceSummary(
        id=document.id,
        number=document.number,
        customer_id=document.customer_id,
        subscription_id=document.subscription_id,
        currency=document.currency,
        total=document.total,
    )


def _net_amounts(invoice: Invoice) -> list[int]:
    """The lines without the tax that inclusive prices contain: it is spread over those lines by largest remainder."""
    amounts = [line.amount for line in invoice.lines]
    contained = sum(amounts) - invoice.subtotal
    if not contained:
        return amounts
    weights = [abs(line.amount) if line.tax_inclusive else 0 for line in invoice.lines]
    return [amount - part for amount, part in zip(amounts, allocate(contained, weights), strict=True)]
