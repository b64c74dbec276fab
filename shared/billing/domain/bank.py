"""Bank statements: what a bank says came in and went out, whatever kind of file said so (semantics 8).

InvalidInput
└── StatementOutOfBalance  what a statement began with, and its entries, do not come to what it ends with
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import ClassVar

from billing.domain.errors import InvalidInput
from billing.domain.money import Money


class StatementFormat(StrEnum):
    """The kinds of files that statements come in."""

    CAMT053 = "camt053"
    MT940 = "mt940"
    CSV = "csv"


class EntryKind(StrEnum):
    """Which way the money went, and whether that took back what went the other way before."""

    CREDIT = "credit"
    DEBIT = "debit"
    CREDIT_REVERSED = "credit_reversed"
    DEBIT_REVERSED = "debit_reversed"


FURTHEST_AHEAD = timedelta(days=31)
"""How far ahead of today a bank's day may lie; a later one is a slip of the pen that would pay in years to come."""

MONEY_IN = frozenset({EntryKind.CREDIT, EntryKind.DEBIT_REVERSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class BankEntry:
    """One transaction as the bank reports it: `amount` minor units (more than 0) of `currency`.

    `booked_on` and `valued_on` are the bank's days. `remittance` is what the payer wrote, a line for each subfield;
    `end_to_end_id` is the payer's own id, `bank_reference` the bank's; "" where the file has none.
    """

    kind: EntryKind
    amount: int
    currency: str
    booked_on: date
    valued_on: date
    remittance: str = ""
    payer: str = ""
    payer_iban: str = ""
    end_to_end_id: str = ""
    bank_reference: str = ""

    def __post_init__(self) -> None:
        """Refuse an amount that is not more than 0."""
        if self.amount <= 0:
            raise InvalidInput("amount", expected="more than 0", given=self.amount)

    @property
    def money(self) -> Money:
        """The amount with its currency."""
        return Money(self.amount, self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement, or a page of one. `account` is as the bank writes it ("" = the file does not say).

    `opening` and `closing` are minor units of `currency`, None where the file has no such balance. Pages of a statement
    share its `number`. `pending` counts entries that the bank has announced and not booked, `zero` those of no amount,
    as banks write a fee that was waived: both are left out.
    """

    format: StatementFormat
    account: str
    number: str
    currency: str
    entries: tuple[BankEntry, ...]
    page: str = ""
    opening: int | None = None
    closing: int | None = None
    pending: int = 0
    zero: int = 0


class StatementOutOfBalance(InvalidInput):
    """Entries are missing, or something was changed: nothing of such a statement is booked."""

    code: ClassVar[str] = "statement_out_of_balance"

    def __init__(self, statement: Statement, *, opening: int, closing: int) -> None:
        moved = moved_by(statement.entries)
        begun, ended, sum_of = (Money(each, statement.currency) for each in (opening, closing, moved))
        expected = f"{begun + sum_of}, as it began with {begun} and its entries come to {sum_of}"
        super().__init__(f"closing balance of statement {statement.number}", expected=expected, given=str(ended))


def check_balances(statement: Statement) -> None:
    """StatementOutOfBalance unless the statement adds up; one that has no balances is taken at its word."""
    opening, closing = statement.opening, statement.closing
    if opening is not None and closing is not None and opening + moved_by(statement.entries) != closing:
        raise StatementOutOfBalance(statement, opening=opening, closing=closing)


def check_days(statement: Statement, *, today: date) -> None:
    """InvalidInput for an entry of a day that no bank names yet: value dates run ahead, by weekends and holidays."""
    latest = today + FURTHEST_AHEAD
    for each in statement.entries:
        for field, day in (("booked_on", each.booked_on), ("valued_on", each.valued_on)):
            if day > latest:
                told = " ".join(each.remittance.split())[:80] or each.bank_reference or each.end_to_end_id
                expected = f"{latest} at the latest, {FURTHEST_AHEAD.days} days ahead, in the entry of {each.money}"
                raise InvalidInput(field, expected=f"{expected} {told!r}", given=day)


def moved_by(entries: Sequence[BankEntry]) -> int:
    """What entries come to, in minor units: in less out."""
    return sum(each.amount if each.kind in MONEY_IN else -each.amount for each in entries)


def squeezed(text: str) -> str:
    """Text as it is compared: capital letters and digits alone, whatever blanks and punctuation stood between."""
    return "".join(re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", text).upper()))
