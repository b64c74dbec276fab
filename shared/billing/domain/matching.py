"""Which invoices a transfer pays: those whose numbers stand in it, whole and in its currency (semantics 8).

Everything else waits for a person, with the reason.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias, assert_never

from billing.domain.bank import BankEntry
from billing.domain.bank_transaction import Unmatched
from billing.domain.invoice import InvoiceStatus
from billing.domain.reference import Ambiguous, named_in

OPEN = (InvoiceStatus.ISSUED, InvoiceStatus.OVERDUE, InvoiceStatus.UNCOLLECTIBLE)
"""In which states an invoice may be paid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payable:
    """An invoice as far as matching needs it; `amount_due` in minor units of `currency`.

    `replaces` is the number of the void invoice that it stands for.
    """

    invoice_id: str
    number: str
    customer_id: str
    customer_name: str
    currency: str
    amount_due: int
    due_on: date
    status: InvoiceStatus
    replaces: str = ""

    @property
    def is_open(self) -> bool:
        """Whether money may be applied to it."""
        return self.status in OPEN and self.amount_due > 0


@dataclass(frozen=True, slots=True)
class CreditNoteNumber:
    """The number of a credit note: no money comes in for it."""

    number: str


@dataclass(frozen=True, slots=True)
class SharedNumber:
    """Numbers that are the same but for punctuation, as a change of their format may leave them."""

    invoices: tuple[Payable, ...]

    @property
    def number(self) -> str:
        """Each of them."""
        return " or ".join(each.number for each in self.invoices)


Document: TypeAlias = Payable | CreditNoteNumber | SharedNumber
"""What a number in a text may name."""

KnownNumbers: TypeAlias = Mapping[str, tuple[str, Document]]
"""By number in capital letters and digits alone: the number as it is printed, and whose it is."""


@dataclass(frozen=True, slots=True)
class Matched:
    """The invoices that a transfer pays, in the order of their due dates; what was given up comes last."""

    invoices: tuple[Payable, ...]


@dataclass(frozen=True, slots=True)
class NotMatched:
    """Why a transfer pays nothing by itself, and the invoices that it names all the same."""

    reason: Unmatched
    explanation: str
    named: tuple[Payable, ...] = ()


Decision: TypeAlias = Matched | NotMatched


def match_entry(
    entry: BankEntry,
    known: KnownNumbers,
    *,
    unknown: str,
    is_creditor_reference: Callable[[str], bool],
) -> Decision:
    """Decide on money that came in by the numbers that it names: in the remittance text, or else the end-to-end id.

    `unknown` is a number in it that looks like an invoice's and is none's, or "". An invoice that is paid already is
    matched as well: that money becomes credit.
    """
    for text in (entry.remittance, entry.end_to_end_id):
        named = named_in(text, known, is_creditor_reference=is_creditor_reference)
        if isinstance(named, Ambiguous):
            return _ambiguous(named.named)
        if any(isinstance(each, SharedNumber) for each in named):
            return _ambiguous(named)
        if named:
            return _decided(entry, named)
    if unknown:
        return NotMatched(Unmatched.UNKNOWN_REFERENCE, f"there is no invoice {unknown}")
    return NotMatched(Unmatched.NO_REFERENCE, "no invoice number stands in the text")


def _ambiguous(named: tuple[Document, ...]) -> NotMatched:
    numbers = " or ".join(each.number for each in named)
    explanation = f"it can't be told which number is meant: {numbers}"
    return NotMatched(Unmatched.AMBIGUOUS, explanation, _payables(named))


def _decided(entry: BankEntry, named: tuple[Document, ...]) -> Decision:
    invoices = _payables(named)
    standing = tuple(each for each in invoices if each.status is not InvoiceStatus.VOID)
    if not invoices:
        return NotMatched(Unmatched.CREDIT_NOTE, f"{named[0].number} is a credit note")
    if not standing:
        return NotMatched(Unmatched.VOID_INVOICE, f"{invoices[0].number} is void", invoices)
    for each in standing:
        if each.currency != entry.currency:
            explanation = f"{each.number} is in {each.currency}, and {entry.currency} came"
            return NotMatched(Unmatched.WRONG_CURRENCY, explanation, standing)
    if len(customers := {each.customer_id for each in standing}) > 1:
        explanation = f"its numbers are of several customers: {', '.join(sorted(customers))}"
        return NotMatched(Unmatched.SEVERAL_CUSTOMERS, explanation, standing)
    return Matched(tuple(sorted(standing, key=_in_order)))


def _in_order(invoice: Payable) -> tuple[bool, date, str]:
    return invoice.status is InvoiceStatus.UNCOLLECTIBLE, invoice.due_on, invoice.number


def _payables(named: tuple[Document, ...]) -> tuple[Payable, ...]:
    """The invoices among what is named."""
    found: list[Payable] = []
    for each in named:
        match each:
            case Payable():
                found.append(each)
            case SharedNumber(invoices):
                found += invoices
            case CreditNoteNumber():
                pass
            case _:
                assert_never(each)
    return tuple(found)
