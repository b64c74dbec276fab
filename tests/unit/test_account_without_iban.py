"""A seller whose account has no IBAN: its settings, its statements, and what documents and mails show of it."""

from dataclasses import replace

import pytest
from lxml import etree

from billing.adapters.book_files.typed_settings import with_settings
from billing.domain.bank_account import is_account
from billing.domain.book import BookErrors
from billing.domain.invoice import BankDetails
from billing.domain.notice import NoticeKind
from billing.render.e_invoice.cii import cii
from billing.render.e_invoice.documents import e_invoice_of
from billing.render.e_invoice.ubl import ubl
from billing.render.invoice_view import invoice_view
from billing.render.mail.compose import compose
from tests.builders import a_tenant
from tests.golden.sample_invoices import ACCOUNT_1047
from tests.unit.test_mails import invoice, notice

AMERICAN = BankDetails(account_holder="Acme Inc.", account_number="000123456789", routing_number="021000021")
BRITISH = BankDetails(account_holder="Acme Ltd", account_number="31926819", routing_number="60-16-13", bic="NWBKGB2L")


def test_an_account_number_is_set_by_hand_and_the_iban_put_back() -> None:
    typed = {"account_holder": "Acme Inc.", "account_number": "000123456789", "routing_number": "021000021"}
    tenant = with_settings(a_tenant(), {f"bank.{name}": [value] for name, value in typed.items()})
    assert tenant.bank == AMERICAN
    german = with_settings(tenant, {"bank.iban": ["DE89370400440532013000"], "bank.account_number": [""]})
    assert german.bank is not None
    assert (german.bank.account, german.bank.account_number) == ("DE89370400440532013000", "")


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"account_number": ""}, "bank.iban: expected an IBAN, or account_number where there is none"),
        ({"account_number": "0000"}, "bank.account_number: expected 3 to 34 letters, digits"),
        ({"account_number": "12?4"}, "bank.account_number: expected 3 to 34 letters, digits"),
        ({"routing_number": "1"}, "bank.routing_number: expected 3 to 34 letters, digits"),
        ({"iban": "000123456789"}, "bank.iban: expected an IBAN "),
    ],
)
def test_what_is_no_account_is_refused_by_name(typed: dict[str, str], message: str) -> None:
    with pytest.raises(BookErrors) as raised:
        with_settings(a_tenant(bank=AMERICAN), {f"bank.{name}": [value] for name, value in typed.items()})
    assert [str(each).startswith(message) for each in raised.value.errors] == [True]


@pytest.mark.parametrize(
    ("text", "bank"),
    [
        ("000123456789", AMERICAN),
        ("123456789", AMERICAN),
        ("0001-2345-6789 USD", AMERICAN),
        ("021000021/000123456789", AMERICAN),
        ("021000021000123456789", AMERICAN),
        ("CHASUS33XXX/000123456789", AMERICAN),
        ("60-16-13 31926819", BRITISH),
        ("NWBKGB2L/31926819", BRITISH),
        ("GB29 NWBK 6016 1331 9268 19", BRITISH),
        ("31926819", replace(BRITISH, iban="GB29NWBK60161331926819")),
    ],
)
def test_a_statement_s_account_is_known_by_its_number(text: str, bank: BankDetails) -> None:
    assert is_account(text, bank=bank)


@pytest.mark.parametrize(
    ("text", "bank"),
    [
        ("23456789", AMERICAN),
        ("0123456789000", AMERICAN),
        ("021000022/000123456789", AMERICAN),
        ("1/000123456789", replace(AMERICAN, routing_number="")),
        ("BARCGB22/31926819", BRITISH),
        ("GB29NWBK60161431926819", BRITISH),
    ],
)
def test_another_account_without_an_iban_is_none(text: str, bank: BankDetails) -> None:
    assert not is_account(text, bank=bank)


@pytest.mark.parametrize(
    ("country", "locale", "label"),
    [
        ("US", "en_US", "Routing number"),
        ("GB", "en_GB", "Sort code"),
        ("AU", "en_AU", "Bank code"),
        ("AU", "de_DE", "Bankleitzahl"),
    ],
)
def test_the_payment_block_shows_the_number_and_its_bank_s(country: str, locale: str, label: str) -> None:
    seller = replace(ACCOUNT_1047.seller, country=country)
    view = invoice_view(replace(ACCOUNT_1047, bank=AMERICAN, seller=seller, locale=locale), footer="")
    assert view.payment is not None
    shown = [(each.label, each.value) for each in view.payment.fields[1:4]]
    assert shown[1:] == [(shown[1][0], "000123456789"), (label, "021000021")]
    assert (shown[0][1], view.payment.credit_transfer) == ("Acme Inc.", "")


def test_a_mail_asks_for_a_transfer_to_the_number() -> None:
    text = compose(notice(NoticeKind.INVOICE_ISSUED, invoice=invoice(bank=AMERICAN))).text
    assert "Please transfer" in text
    assert "000123456789" in text
    assert "IBAN" not in text


def test_an_e_invoice_has_the_number_as_the_account() -> None:
    made = e_invoice_of(replace(ACCOUNT_1047, bank=AMERICAN))
    assert made.payment is not None
    assert (made.payment.means, made.payment.iban, made.payment.account_number) == ("30", "", "000123456789")
    for written, tag in ((ubl(made), "PayeeFinancialAccount"), (cii(made), "ProprietaryID")):
        [found] = [each for each in etree.fromstring(written).iter() if each.tag.endswith(f"}}{tag}")]
        assert "000123456789" in "".join(found.itertext())
