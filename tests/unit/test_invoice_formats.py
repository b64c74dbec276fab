"""Numbers as their locale writes them: babel is the judge of the fast patterns."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from babel.numbers import format_currency, format_decimal
from hypothesis import given
from hypothesis import strategies as st

from billing.domain.invoice import BankDetails
from billing.domain.period import Period
from billing.render.formats import formats_for
from billing.render.qr import credit_transfer

LOCALES = (
    "en_US",
    "en_IN",
    "de_DE",
    "de_CH",
    "fr_FR",
    "nl_NL",
    "pt_PT",
    "pl_PL",
    "sv_SE",
    "ja_JP",
    "bg_BG",
    "tr_TR",
    "hi_IN",
)


@given(st.sampled_from(LOCALES), st.integers(-(10**15), 10**15))
def test_an_amount_is_written_as_babel_writes_it(locale: str, cents: int) -> None:
    expected = format_currency(Decimal(cents).scaleb(-2), "EUR", locale=locale).replace("-", "−")
    written = formats_for(locale, currency="EUR").amount(cents)
    assert written.replace("EUR\u00a0", "EUR") == expected.replace("EUR\u00a0", "EUR")  # Switzerland writes the code


@given(
    st.sampled_from(LOCALES),
    st.decimals(allow_nan=False, allow_infinity=False, places=6, max_value=10**12, min_value=-(10**12)),
)
def test_a_quantity_is_written_as_babel_writes_it(locale: str, quantity: Decimal) -> None:
    expected = format_decimal(quantity, locale=locale, decimal_quantization=False).replace("-", "−")
    assert formats_for(locale, currency="EUR").quantity(quantity) == ("0" if not quantity else expected)


@pytest.mark.parametrize(
    ("locale", "currency", "written"),
    [
        ("en_US", "USD", "−$1,234.50"),
        ("de_DE", "EUR", "−1.234,50\u00a0€"),
        ("en_US", "BHD", "−BHD\u00a0123.450"),  # CLDR keeps a code apart from the digits
        ("en_IN", "INR", "−₹1,234.50"),
        ("en_US", "JPY", "−¥123,450"),
        ("tlh_XX", "USD", "−$1,234.50"),  # unknown to babel: English
        ("ar_EG", "USD", "−1,234.50\u00a0US$"),  # without CLDR's direction marks, as it stands alone in its column
        ("fa_IR", "USD", "−$\u00a01,234.50"),  # the same
    ],
)
def test_amounts_worked_out_by_hand(locale: str, currency: str, written: str) -> None:
    assert formats_for(locale, currency=currency).amount(-123450) == written


def test_the_last_day_of_a_period_is_included_whatever_the_clocks_do() -> None:
    formats = formats_for("en_GB", currency="EUR")
    october = Period(datetime(2026, 9, 30, 22, tzinfo=UTC), datetime(2026, 10, 31, 23, tzinfo=UTC))  # summer time ends
    assert formats.period(october, zone="Europe/Berlin") == "1 October 2026 – 31 October 2026"
    one_day = Period(datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC))  # has 23 hours
    assert formats.period(one_day, zone="Europe/Berlin") == "29 March 2026"


def test_a_period_of_an_hour_shows_the_hour() -> None:
    hour = Period(datetime(2026, 2, 1, 9, tzinfo=UTC), datetime(2026, 2, 1, 10, tzinfo=UTC))
    assert formats_for("de_DE", currency="EUR").period(hour, zone="Europe/Berlin") == "1. Februar 2026, 10:00 – 11:00"


def test_a_date_is_written_with_its_month_as_a_word() -> None:
    assert formats_for("fr-FR", currency="EUR").day(date(2026, 2, 1)) == "1 février 2026"


@pytest.mark.parametrize(
    ("cents", "amount"), [(1, "EUR0.01"), (99_999_999_999, "EUR999999999.99"), (0, None), (10**11, None)]
)
def test_a_transfer_code_holds_a_cent_to_a_milliard_less_a_cent(cents: int, amount: str | None) -> None:
    bank = BankDetails(account_holder="Ann", iban="de02 1203 0000 0000 2020 51")
    payload = credit_transfer(bank, cents=cents, reference="INV-1")
    assert payload == (f"BCD\n002\n1\nSCT\n\nAnn\nDE02120300000000202051\n{amount}\n\n\nINV-1" if amount else "")


def test_a_transfer_code_fits_the_standard_or_is_left_out() -> None:
    bank = BankDetails(account_holder="Ω" * 100, iban="DE02120300000000202051")
    payload = credit_transfer(bank, cents=1, reference="é" * 20)
    assert payload.split("\n")[5] == "Ω" * 70
    assert credit_transfer(bank, cents=1, reference="é" * 80) == ""  # 140 + 160 bytes and the rest are more than 331
