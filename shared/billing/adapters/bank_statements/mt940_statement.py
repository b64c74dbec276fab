"""MT940 files, message by message. Tags are read by the mt-940 library; a message is one page of a statement."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

from mt940 import Options
from mt940.models import Balance, Transaction, Transactions
from mt940.processors import (
    transaction_details_post_processor,
    transaction_details_post_processor_with_space,
    transactions_to_transaction,
)
from mt940.tags import Tag

from billing.adapters.bank_statements.statement_text import read_text
from billing.adapters.bank_statements.unreadable import Place, UnreadableStatement, minor_units
from billing.domain.bank import BankEntry, EntryKind, Statement, StatementFormat
from billing.domain.errors import BillingError

_KINDS = {
    "C": EntryKind.CREDIT,
    "D": EntryKind.DEBIT,
    "RC": EntryKind.CREDIT_REVERSED,
    "RD": EntryKind.DEBIT_REVERSED,
}
_OPENING = ("final_opening_balance", "intermediate_opening_balance", "opening_balance")
_CLOSING = ("final_closing_balance", "intermediate_closing_balance", "closing_balance")
_BEGIN = re.compile(r"^(?:\{4:)?(?=:20:)", re.MULTILINE)
_AFTER_CLOSING = re.compile(r"^:62[FM]?:[^\n]*\n", re.MULTILINE)  # what follows is about the account, not an entry
_KEYWORD = re.compile(r"\s[A-Z]{4}[:+]")  # at the beginning of a subfield; the library knows a part of them
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")


def read_mt940(path: Path) -> tuple[Statement, ...]:
    """Each message of the file; UnreadableStatement with the line and tag of the first fault."""
    text = read_text(path)
    statements = tuple(_statement(message, place) for message, place in _messages(text, file=path.name))
    if not statements:
        raise UnreadableStatement(Place(file=path.name), "expected MT940, which begins with the tag :20:")
    return statements


def _messages(text: str, *, file: str) -> Iterator[tuple[str, Place]]:
    begins = [found.end() for found in _BEGIN.finditer(text)]
    line, at = 1, 0
    for begin, end in pairwise([*begins, len(text)]):
        line += text.count("\n", at, begin)
        at = begin
        yield text[begin:end], Place(file=file, line=line)


def _statement(message: str, place: Place) -> Statement:
    closing = _AFTER_CLOSING.search(message + "\n")
    message = message[: closing.end()] if closing else message
    page = Transactions(
        options=Options.all(),
        processors={
            "post_statement": [_dated, transactions_to_transaction("transaction_reference")],
            "post_transaction_details": [_details],
        },
    )
    try:
        page.parse(message)
    except (RuntimeError, ValueError, ArithmeticError, TypeError) as error:
        raise _unreadable(error, message, place) from None
    if len(page) != len(re.findall(r"^:61:", message, re.MULTILINE)):
        raise UnreadableStatement(place, "expected each :61: to be an entry of its own")
    currency = page.currency
    if currency is None:
        raise UnreadableStatement(place, "expected :60F: and :62F:, the balances, with a currency")
    lines = [number for number, text in enumerate(message.split("\n"), start=place.line) if text.startswith(":61:")]
    entries = [
        _entry(each, currency, Place(file=place.file, line=line, name=":61:"))
        for each, line in zip(page, lines, strict=True)
    ]
    return Statement(
        format=StatementFormat.MT940,
        account=str(page.data.get("account_identification") or ""),
        number=str(page.data.get("statement_number") or ""),
        page=str(page.data.get("sequence_number") or ""),
        currency=currency,
        entries=tuple(each for each in entries if each is not None),
        zero=entries.count(None),
        opening=_balance(page.data, _OPENING, place),
        closing=_balance(page.data, _CLOSING, place),
    )


def _unreadable(error: Exception, message: str, place: Place) -> UnreadableStatement:
    """The library names the tag and its text; what it says of a wrong date or number has neither."""
    if isinstance(error, RuntimeError) and len(error.args) == 3 and isinstance(error.args[1], Tag):
        _, tag, text = error.args
        first = str(text).partition("\n")[0]
        line = place.line + message.count("\n", 0, max(message.find(first), 0))
        return UnreadableStatement(
            Place(file=place.file, line=line, name=f":{tag.id}:"), f"can't be read as MT940: {first!r}"
        )
    return UnreadableStatement(place, f"can't be read as MT940 (in the message that starts here): {error}")


def _entry(transaction: Transaction, currency: str, place: Place) -> BankEntry | None:
    """The entry, or None for one of 0."""
    told = transaction.data
    kind = _KINDS[str(told["status"]).upper()]
    remittance = str(told.get("remittance") or told.get("extra_details") or "").strip()
    try:
        amount = minor_units(abs(told["amount"].amount), currency)
        if not amount:
            return None
        return BankEntry(
            kind=kind,
            amount=amount,
            currency=currency,
            booked_on=_day(told.get("entry_date") or told["date"]),
            valued_on=_day(told["date"]),
            remittance=remittance,
            payer=_payer(told),
            payer_iban=_payer_iban(told),
            end_to_end_id=_end_to_end_id(told),
            bank_reference=str(told.get("bank_reference") or "").strip(),
        )
    except BillingError as error:
        raise UnreadableStatement(place, str(error)) from None


def _dated(transactions: Transactions, tag: Tag, tag_dict: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """Give an entry without a type one: the library takes the next :61: for a part of one that has none."""
    del transactions, tag, tag_dict
    return {**result, "id": result.get("id") or "NMSC"}


def _details(transactions: Transactions, tag: Tag, tag_dict: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """What :86: says, with the text of its subfields kept apart by blanks: each may end in the middle of a word."""
    joined = transaction_details_post_processor(transactions, tag, dict(tag_dict), dict(result))
    spaced = transaction_details_post_processor_with_space(transactions, tag, dict(tag_dict), dict(result))
    text = spaced.get("transaction_details")
    if text is None:
        parts = (spaced.get("purpose"), spaced.get("additional_purpose"))
        text = "\n".join(part for part in parts if part)
    ids = (str(each.get("end_to_end_reference") or "") for each in (joined, spaced))
    return {**joined, "remittance": text, "end_to_end_reference": _without_keywords(*ids)}


def _without_keywords(joined: str, spaced: str) -> str:
    """A joined text up to the keyword that begins a later subfield, as the text with blanks between subfields shows."""
    found = _KEYWORD.search(spaced)
    length = len("".join(spaced[: found.start()].split())) if found else 0
    before = re.match(rf"(?:\s*\S){{{length}}}", joined) if found else None
    return before[0] if before else joined


def _payer(told: Mapping[str, Any]) -> str:
    name = told.get("applicant_name") or _slashed(told, "NAME")
    return str(name or "").strip()


def _payer_iban(told: Mapping[str, Any]) -> str:
    for text in (told.get("gvc_applicant_iban"), told.get("applicant_iban"), _slashed(told, "IBAN")):
        plain = str(text or "").replace(" ", "").upper()
        if _IBAN.fullmatch(plain):
            return plain
    return ""


def _end_to_end_id(told: Mapping[str, Any]) -> str:
    found = told.get("end_to_end_reference") or _slashed(told, "EREF") or told.get("customer_reference")
    return str(found or "").strip()


def _slashed(told: Mapping[str, Any], word: str) -> str:
    """A part of `/EREF/.../NAME/...`, as banks of the Benelux write :86:."""
    text = str(told.get("transaction_details") or "").replace("\n", "")
    found = re.search(rf"/{word}/([^/]*)", text)
    return found[1] if found else ""


def _balance(page: Mapping[str, Any], names: tuple[str, ...], place: Place) -> int | None:
    for name in names:
        balance = page.get(name)
        if isinstance(balance, Balance) and balance.amount is not None and not isinstance(balance.amount, str):
            try:
                return minor_units(balance.amount.amount, str(balance.amount.currency))
            except BillingError as error:
                raise UnreadableStatement(place, f"{name.replace('_', ' ')}: {error}") from None
    return None


def _day(read: date) -> date:
    """A plain date of the library's own kind."""
    return date(read.year, read.month, read.day)
