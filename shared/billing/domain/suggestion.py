"""What a transfer that was not matched may be for: open invoices, each with why. A suggestion is never booked."""

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache

from billing.domain.bank import BankEntry, squeezed
from billing.domain.matching import Payable

MOST_SUGGESTIONS = 5
_LEGAL_FORM = re.compile("AB|AG|BV|CO|CORP|EG|GMBH|INC|KG|LLC|LTD|NV|OHG|OY|PLC|SA|SARL|SAS|SE|SL|SPA|SRL|UG")
_ALIKE_PER_CENT = 70


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """An open invoice that a transfer may pay, and each reason to think so."""

    invoice: Payable
    why: tuple[str, ...]


def suggest(
    entry: BankEntry,
    open_invoices: Iterable[Payable],
    *,
    named: Collection[str] = (),
    paid_before: Collection[str] = (),
) -> tuple[Suggestion, ...]:
    """Up to five open invoices that a transfer may pay, those with most reasons first, then the oldest due.

    `named` are numbers that the text names, `paid_before` customers that the payer's account has paid for.
    """
    text = squeezed(entry.remittance)
    found = [
        Suggestion(invoice=each, why=why)
        for each in open_invoices
        if (why := tuple(_why(entry, each, text=text, named=named, paid_before=paid_before)))
    ]
    return tuple(sorted(found, key=_rank)[:MOST_SUGGESTIONS])


def is_alike(one: str, other: str) -> bool:
    """Whether two names are of the same company or person, as far as letters tell: most groups of three are shared."""
    first, second = _groups(one), _groups(other)
    return 200 * len(first & second) >= _ALIKE_PER_CENT * (len(first) + len(second)) > 0


def _why(
    entry: BankEntry, invoice: Payable, *, text: str, named: Collection[str], paid_before: Collection[str]
) -> Iterable[str]:
    if invoice.number in named:
        yield "the text names it"
    elif invoice.replaces in named:
        yield f"it stands for {invoice.replaces}, which the text names"
    elif squeezed(invoice.number) in text:
        yield "its number stands in the text, but not by itself"
    if (invoice.amount_due, invoice.currency) == (entry.amount, entry.currency):
        yield "the amount is what is due"
    if invoice.customer_id in paid_before:
        yield "the payer's account has paid for this customer before"
    if entry.payer and is_alike(entry.payer, invoice.customer_name):
        yield f"the payer's name is like {invoice.customer_name}"


def _rank(suggestion: Suggestion) -> tuple[int, str, str]:
    return -len(suggestion.why), suggestion.invoice.due_on.isoformat(), suggestion.invoice.number


@lru_cache(maxsize=65536)
def _groups(name: str) -> frozenset[str]:
    """Each three letters in a row of a name without accents and legal form; banks write Ä as A or as AE."""
    plain = unicodedata.normalize("NFKD", name.upper()).encode("ascii", "ignore").decode()
    words = [
        word for word in re.findall(r"[A-Z0-9]+", re.sub(r"([AOU])E", r"\1", plain)) if not _LEGAL_FORM.fullmatch(word)
    ]
    text = f"  {' '.join(words)} " if words else ""
    return frozenset(text[index : index + 3] for index in range(len(text) - 2))
