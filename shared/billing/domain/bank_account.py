"""Whether an account, as a bank writes it on a statement, is the tenant's own (semantics 8).

MT940 files have the IBAN, bank code and number (`37040044/0532013000`), BIC and number (`BYLADEM1001/0000202051`) or
the number alone, often without its zeros, with dots, or followed by the currency.

InvalidInput
└── OtherAccount  a statement of an account that is not the tenant's
"""

import re
from types import MappingProxyType
from typing import ClassVar, Final

from billing.domain.bank import Statement, squeezed
from billing.domain.errors import InvalidInput
from billing.domain.invoice import BankDetails

_NUMBER = re.compile(r"(?=.*[1-9A-Za-z])[0-9A-Za-z][0-9A-Za-z ./-]{2,33}")
_IBAN_START = "(?:[A-Z]{2}[0-9]{2}(?:[A-Z]{4})?)?"
_CURRENCY = re.compile(r"(?<=[0-9])\s*[A-Z]{3}$")
_BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?")
# How many characters at an IBAN's end are the account's number (the IBAN registry, ISO 13616). Where it is not the end
# that names the account, or not by itself, the whole national part has to be given.
_NUMBER_LENGTHS: Final = MappingProxyType(
    {
        "AE": 16, "AT": 11, "BG": 8, "CH": 12, "CY": 16, "CZ": 16, "DE": 10, "DK": 10, "ES": 10, "GB": 8, "GI": 15,
        "GR": 16, "HR": 10, "IE": 8, "IT": 12, "LI": 12, "LT": 11, "LU": 13, "LV": 13, "MT": 18, "NL": 10, "PL": 16,
        "RO": 16, "SK": 16, "SM": 12, "TR": 16,
    }
)  # fmt: skip


def checked_bank(bank: BankDetails) -> BankDetails:
    """The account, if transfers can go there: InvalidInput without IBAN and number, or for what can be no number."""
    if not bank.account:
        raise InvalidInput("bank.iban", expected="an IBAN, or account_number where there is none", given=bank.iban)
    numbers = {"bank.account_number": bank.account_number, "bank.routing_number": bank.routing_number}
    for field, number in numbers.items():
        if number and not _NUMBER.fullmatch(number):
            expected = "3 to 34 letters, digits, blanks, dots, slashes or hyphens, and not zeros alone"
            raise InvalidInput(field, expected=expected, given=number)
    return bank


def account_names(bank: BankDetails) -> tuple[str, ...]:
    """What the account is called in what is kept of it: the IBAN first, and the number, however it is written."""
    return tuple(name for name in (squeezed(bank.iban), squeezed(bank.account_number).lstrip("0")) if name)


class OtherAccount(InvalidInput):
    """The statement is of another account than the tenant's."""

    code: ClassVar[str] = "other_account"

    def __init__(self, statement: Statement, bank: BankDetails) -> None:
        super().__init__("account", expected=f"{bank.account}, the tenant's own", given=statement.account)


def check_account(statement: Statement, *, bank: BankDetails) -> None:
    """OtherAccount unless the statement is of this account; one that names none is taken at its word."""
    if statement.account and not is_account(statement.account, bank=bank):
        raise OtherAccount(statement, bank)


def is_account(text: str, *, bank: BankDetails) -> bool:
    """Whether `text` names this account: all of it, but for its number's leading zeros, with or without its bank."""
    written = text.upper().strip()
    return any(
        (bank.iban and _is_iban(each, bank)) or (bank.account_number and _is_national(each, bank))
        for each in {written, _CURRENCY.sub("", written)}
    )


def _is_national(text: str, bank: BankDetails) -> bool:
    """Whether it is the account's number, alone, with its routing number or BIC before it, or at an IBAN's end."""
    wanted, routing = squeezed(bank.account_number), squeezed(bank.routing_number)
    if squeezed(text) == wanted or (routing and re.fullmatch(_IBAN_START + routing + wanted, squeezed(text))):
        return True
    before, _, after = text.rpartition("/")
    if squeezed(after).lstrip("0") != wanted.lstrip("0"):
        return False
    return squeezed(before) in {"", routing} or _is_bic(squeezed(before), bank)


def _is_iban(text: str, bank: BankDetails) -> bool:
    iban = squeezed(bank.iban)
    if squeezed(text) in {iban, iban[4:]}:
        return True
    before, _, after = text.rpartition("/")
    code, number = squeezed(before), squeezed(after)
    if number in {iban, iban[4:]}:
        return _is_bic(code, bank)
    if not code:
        return _is_number(number, iban)
    return code + number.zfill(len(iban) - 4 - len(code)) == iban[4:] or (
        _is_number(number, iban) and _is_bic(code, bank)
    )


def _is_number(number: str, iban: str) -> bool:
    length = _NUMBER_LENGTHS.get(iban[:2])
    significant = number.lstrip("0")
    return length is not None and bool(significant) and significant == iban[-length:].lstrip("0")


def _is_bic(code: str, bank: BankDetails) -> bool:
    """Whether it is the BIC of the account's bank, whatever branch; where that is not known, one of its country."""
    if not _BIC.fullmatch(code):
        return False
    if bank.bic:
        return code[:8] == squeezed(bank.bic)[:8]
    iban = squeezed(bank.iban)
    return not iban or (code[4:6] == iban[:2] and (not iban[4:8].isalpha() or code[:4] == iban[4:8]))
