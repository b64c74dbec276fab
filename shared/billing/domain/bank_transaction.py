"""A statement's entry with an identity, so that the same money is booked once however often it is reported.

The id is derived from what the bank says of the entry, with its own reference where that tells one transaction from
another. Equal entries of one statement are counted, so that each of them is one.
"""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from billing.domain.bank import BankEntry, EntryKind, Statement, StatementFormat, squeezed
from billing.domain.errors import Conflict

_LEAST_REFERENCE = 6  # shorter ones are an entry's place in its file, and another file's first entry has it too
_SHORTENED = 16  # what an MT940 line has room for, of a reference that has 35 characters elsewhere
_EDGE = "(?:(?<![0-9])|(?![0-9]))"  # not in the middle of a number
_NO_REFERENCE = frozenset({"NONREF", "NOTPROVIDED"})


class TransactionStatus(StrEnum):
    """What became of it. `unmatched` waits for a person; `taken_back` was reversed by the bank later."""

    MATCHED = "matched"
    UNMATCHED = "unmatched"
    IGNORED = "ignored"
    TAKEN_BACK = "taken_back"


class Unmatched(StrEnum):
    """Why a transaction was not booked by itself."""

    NO_REFERENCE = "no_reference"
    UNKNOWN_REFERENCE = "unknown_reference"
    AMBIGUOUS = "ambiguous"
    WRONG_CURRENCY = "wrong_currency"
    VOID_INVOICE = "void_invoice"
    CREDIT_NOTE = "credit_note"
    SEVERAL_CUSTOMERS = "several_customers"
    REFUSED = "refused"
    NOTHING_TO_REVERSE = "nothing_to_reverse"
    TAKEN_APART = "taken_apart"
    KNOWN_REFERENCE = "known_reference"


@dataclass(frozen=True, slots=True, kw_only=True)
class BankTransaction:
    """An entry of the account `iban` and what became of it.

    `payment_id` is the payment that it is booked as, or that it reversed; `attempt` counts how often its booking was
    taken apart by hand. `reason` and `explanation` say why it waits; `note` is a person's.
    """

    id: str
    format: StatementFormat
    iban: str
    entry: BankEntry
    status: TransactionStatus = TransactionStatus.UNMATCHED
    payment_id: str = ""
    customer_id: str = ""
    reason: Unmatched | None = None
    explanation: str = ""
    note: str = ""
    attempt: int = 0

    @property
    def next_payment_id(self) -> str:
        """The id of the payment that booking it makes."""
        return f"bank.{self.id}.{self.attempt}" if self.attempt else f"bank.{self.id}"

    @property
    def twin_key(self) -> str:
        """What the same transaction has in every format: account, direction, value date and amount."""
        entry = self.entry
        return _digest(self.iban, entry.kind, entry.valued_on.isoformat(), str(entry.amount), entry.currency)


class TransactionDecided(Conflict):
    """Somebody, or the import, has decided on the transaction before."""

    code: ClassVar[str] = "transaction_decided"
    retryable: ClassVar[bool] = False

    def __init__(self, transaction: BankTransaction) -> None:
        self.transaction = transaction
        as_payment = f", as payment {transaction.payment_id}" if transaction.payment_id else ""
        super().__init__(f"bank transaction {transaction.id!r} is {transaction.status.value} already{as_payment}")


def transactions_of(statements: Iterable[Statement], *, iban: str) -> Iterator[BankTransaction]:
    """The entries of a file's statements in their order, each with its id.

    Pages of one statement are counted on; a statement that stands twice in the file has the same ids twice.
    """
    begun: dict[tuple[str, str], Counter[str]] = {}
    counted: dict[str, Counter[str]] = {}
    for statement in statements:
        so_far = counted.get(statement.number, Counter())
        equals = begun.setdefault((statement.number, statement.page), so_far).copy()
        for entry in statement.entries:
            said = _said_of(entry, iban=squeezed(iban))
            equals[said] += 1
            digest = _digest(said, str(equals[said]))
            yield BankTransaction(id=digest, format=statement.format, iban=squeezed(iban), entry=entry)
        counted[statement.number] = so_far | equals


def is_retold(one: BankTransaction, other: BankTransaction) -> bool:
    """Whether the bank says again what it said: its reference, account, direction, value date, amount, ids and text.

    Files of different formats write a text each in its own way: shortened, among other words, without diacritics; and
    an MT940 line has room for a part of the reference.
    """
    if not shares_reference(one, other):
        return False
    ids, texts = ({_wording(text) for text in pair} for pair in _said_by(one.entry, other.entry))
    if one.format == other.format:
        return len(ids) == len(texts) == 1
    return _both_tell(ids) is not False and _is_same_text(one.entry.remittance, other.entry.remittance)


def is_twin(one: BankTransaction, other: BankTransaction) -> bool:
    """Whether files of different formats speak of the same transaction, though under another reference or none.

    Account, direction, value date, amount and text are equal. Banks may number in each format anew, so other references
    are no difference; ids of the payer are.
    """
    if one.format == other.format or one.twin_key != other.twin_key:
        return False
    ids = {telling(each.entry.end_to_end_id) for each in (one, other)}
    return _both_tell(ids) is not False and bool(_both_tell({squeezed(each.entry.remittance) for each in (one, other)}))


def shares_reference(one: BankTransaction, other: BankTransaction) -> bool:
    """Whether both have the same reference of the bank, account, direction, value date and amount."""
    room = None if one.format == other.format else _SHORTENED
    references = {telling(each.entry.bank_reference)[:room] for each in (one, other)}
    return one.twin_key == other.twin_key and bool(_both_tell(references))


def telling(reference: str) -> str:
    """A bank's or payer's reference as it is compared; "" for one that tells nothing, like NONREF or a count."""
    plain = squeezed(reference)
    return "" if len(plain) < _LEAST_REFERENCE or plain in _NO_REFERENCE or not plain.strip("0") else plain


def takes_back(reversal: BankEntry, credit: BankTransaction) -> bool:
    """Whether a reversal is of this credit: the same sum, and the same end-to-end id or reference of the bank."""
    before = credit.entry
    if before.kind is not EntryKind.CREDIT or before.money != reversal.money or before.booked_on > reversal.booked_on:
        return False
    pairs = ((before.end_to_end_id, reversal.end_to_end_id), (before.bank_reference, reversal.bank_reference))
    return any(telling(one) and telling(one) == telling(other) for one, other in pairs)


def _both_tell(said: set[str]) -> bool | None:
    """Whether both said the same, or None where one of them said nothing."""
    return None if "" in said else len(said) == 1


def _said_by(one: BankEntry, other: BankEntry) -> tuple[tuple[str, str], tuple[str, str]]:
    return (one.end_to_end_id, other.end_to_end_id), (one.remittance, other.remittance)


def _wording(text: str) -> str:
    plain = squeezed(text)
    return "" if plain in _NO_REFERENCE else plain


def _is_same_text(one: str, other: str) -> bool:
    """Whether a text is the other, or a part of it that ends in no number: by consonants and digits alone.

    "Müller" is "Mueller", "MULLER" or "M.ller" in the character sets of banks. A text that says nothing is no other.
    """
    short, long = sorted((_skeleton(one), _skeleton(other)), key=len)
    return not short or re.search(_EDGE + short + _EDGE, long) is not None


def _skeleton(text: str) -> str:
    return re.sub("[^B-DF-HJ-NP-TV-Z0-9]", "", unicodedata.normalize("NFKD", text).upper())


def _said_of(entry: BankEntry, *, iban: str) -> str:
    same = (iban, entry.kind, entry.valued_on.isoformat(), str(entry.amount), entry.currency)
    if reference := telling(entry.bank_reference):
        return _digest(*same, "told", reference, _wording(entry.remittance), _wording(entry.end_to_end_id))
    texts = (entry.remittance, entry.end_to_end_id, entry.payer, entry.payer_iban)
    return _digest(*same, "text", entry.booked_on.isoformat(), *map(squeezed, texts))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:20]
