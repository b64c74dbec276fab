"""Which of the ways that banks write an account name the tenant's own."""

import pytest

from billing.domain.bank_account import is_account
from billing.domain.invoice import BankDetails

GERMAN, DUTCH = "DE89 3704 0044 0532 0130 00", "NL91ABNA0417164300"


def bank(iban: str, bic: str = "") -> BankDetails:
    return BankDetails(account_holder="Acme", iban=iban, bic=bic)


@pytest.mark.parametrize(
    ("text", "iban"),
    [
        ("DE89370400440532013000", GERMAN),
        ("de89 3704 0044 0532 0130 00", GERMAN),
        ("DE89370400440532013000EUR", GERMAN),
        ("37040044/0532013000", GERMAN),
        ("37040044/532013000", GERMAN),
        ("37040044/532013000EUR", GERMAN),
        ("370400440532013000", GERMAN),
        ("0532013000", GERMAN),
        ("532013000 EUR", GERMAN),
        ("/0532013000", GERMAN),
        ("COBADEFFXXX/0532013000", GERMAN),
        ("417164300", DUTCH),
        ("0417164300", DUTCH),
        ("41.71.64.300", DUTCH),
        ("ABNANL2A/0417164300", DUTCH),
        ("ABNANL2A/NL91ABNA0417164300", DUTCH),
        ("ABNANL2AXXX/ABNA0417164300EUR", DUTCH),
        ("POFICHBEXXX/011623852957", "CH93 0076 2011 6238 5295 7"),
        ("00234573201", "AT61 1904 3002 3457 3201"),
        ("31926819", "GB29 NWBK 6016 1331 9268 19"),
        ("BE68539007547034", "BE68 5390 0754 7034"),
        ("539-0075470-34", "BE68 5390 0754 7034"),
    ],
)
def test_an_account_is_known_as_banks_write_it(text: str, iban: str) -> None:
    assert is_account(text, bank=bank(iban))


@pytest.mark.parametrize(
    ("text", "iban"),
    [
        ("DE02370400440532013000", GERMAN),
        ("37040044/0532013001", GERMAN),
        ("37040045/0532013000", GERMAN),
        ("37040044/", GERMAN),
        ("32013000", GERMAN),
        ("53201300", GERMAN),
        ("440532013000", GERMAN),
        ("INGBNL2A/0532013000", GERMAN),
        ("17164300", DUTCH),
        ("INGBNL2A/0417164300", DUTCH),
        ("INGBNL2A/NL91ABNA0417164300", DUTCH),
        ("547034", "BE68 5390 0754 7034"),
        ("0000000000", "DE36370400440000000000"),
        ("EUR", GERMAN),
        ("", GERMAN),
    ],
)
def test_another_account_is_none(text: str, iban: str) -> None:
    assert not is_account(text, bank=bank(iban))


def test_a_bic_is_the_bank_s_own_whatever_the_branch() -> None:
    savings = bank("DE02120300000000202051", "BYLADEM1001")
    assert is_account("BYLADEM1001/0000202051", bank=savings)
    assert is_account("BYLADEM1/202051", bank=savings)
    assert not is_account("COBADEFFXXX/0000202051", bank=savings)
