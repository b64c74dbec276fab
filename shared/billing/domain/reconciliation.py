"""What an import of bank statements came to, transaction by transaction and in sums."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from billing.domain.bank_transaction import BankTransaction
from billing.domain.suggestion import Suggestion


class Settles(StrEnum):
    """How far a transfer pays an invoice: all that was due, a part, or nothing as it was paid before."""

    FULL = "full"
    PARTIAL = "partial"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What an invoice got of a transfer, in minor units."""

    invoice_id: str
    number: str
    amount: int
    settles: Settles


@dataclass(frozen=True, slots=True, kw_only=True)
class Booked:
    """A transfer that paid invoices; `to_balance` (minor units) was over and is the customer's credit now."""

    transaction: BankTransaction
    parts: tuple[Part, ...]
    to_balance: int

    @property
    def paid_in_full(self) -> tuple[str, ...]:
        """The ids of the invoices on which nothing is due any more because of it."""
        return tuple(each.invoice_id for each in self.parts if each.settles is Settles.FULL)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """A reversal, and the transaction that it undid."""

    transaction: BankTransaction
    undone: BankTransaction


@dataclass(frozen=True, slots=True, kw_only=True)
class AlreadyKnown:
    """A transaction of an import before, maybe from a file of another format."""

    transaction: BankTransaction


@dataclass(frozen=True, slots=True, kw_only=True)
class NotOurs:
    """A debit, a fee, or one of these taken back: nothing that a customer pays."""

    transaction: BankTransaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A transaction in the queue of what a person has to decide, with what it may be for."""

    transaction: BankTransaction
    suggestions: tuple[Suggestion, ...]


Outcome: TypeAlias = Booked | TakenBack | AlreadyKnown | NotOurs | Waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconciliationReport:
    """Each transaction's outcome in the order of the file, and what went wrong beside it, as sentences.

    `pending` entries were announced and not booked, `zero` had no amount: both are only counted.
    """

    outcomes: tuple[Outcome, ...]
    pending: int = 0
    zero: int = 0
    warnings: tuple[str, ...] = ()

    def count(self, kind: type[Outcome]) -> int:
        """How many transactions had this outcome."""
        return sum(isinstance(each, kind) for each in self.outcomes)

    def totals(self, kind: type[Outcome]) -> dict[str, int]:
        """What these transactions come to, in minor units by currency."""
        return _sums((each.transaction.entry.currency, each.transaction.entry.amount) for each in self._of(kind))

    def credited(self) -> dict[str, int]:
        """What went to credit balances, in minor units by currency."""
        booked = (each for each in self.outcomes if isinstance(each, Booked))
        return _sums((each.transaction.entry.currency, each.to_balance) for each in booked if each.to_balance)

    def _of(self, kind: type[Outcome]) -> Iterable[Outcome]:
        return (each for each in self.outcomes if isinstance(each, kind))


def _sums(amounts: Iterable[tuple[str, int]]) -> dict[str, int]:
    sums = Counter[str]()
    for currency, amount in amounts:
        sums[currency] += amount
    return dict(sorted(sums.items()))
