"""What a book says about e-invoices, and its exchange rates: as values, and every refusal with its place."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from billing.adapters.book_files import load_book
from billing.domain.book import BookConflicts, BookErrors
from billing.domain.exchange import ExchangeRate
from billing.domain.tenant import EInvoiceFormat
from billing.store.tenants import Tenants
from billing.usecases.import_book import ImportReport, import_book
from tests.book_folder import TABLES, TENANT, book_folder, changed
from tests.world import sqlite_in_memory

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HEADER = "date,base,to,rate,valid_to,source\n"
DOLLAR = ExchangeRate(
    base="EUR", quote="USD", rate=Decimal("1.0812"), on=date(2026, 2, 27), source="European Central Bank"
)
MONTH = ExchangeRate(
    base="GBP", quote="EUR", rate=Decimal("1.15"), on=date(2026, 2, 1), valid_to=date(2026, 2, 28), source="HMRC"
)
RATES = f"{HEADER}2026-02-27,EUR,USD,1.0812,,European Central Bank\n2026-02-01,GBP,EUR,1.15,2026-02-28,HMRC\n"


def with_rates(folder: Path, rates: str) -> Path:
    (book_folder(folder) / "exchange_rates.csv").write_text(rates)
    return folder


def errors(folder: Path) -> list[str]:
    with pytest.raises(BookErrors) as refusal:
        load_book(folder)
    return [str(each) for each in refusal.value.errors]


def test_settings_of_a_tenant_are_kept(tmp_path: Path) -> None:
    settings = {
        "e_invoices": ["ubl", "factur-x", "ubl"],
        "tax_currency": "EUR",
        "registration": "HRB 12345 B",
        "electronic_address": "9930: DE136695976",
    }
    tenant = load_book(book_folder(tmp_path, tenant=changed(TENANT, **settings))).tenant
    assert (tenant.e_invoices, tenant.tax_currency) == ((EInvoiceFormat.UBL, EInvoiceFormat.FACTUR_X), "EUR")
    assert (tenant.seller.registration, tenant.seller.electronic_address) == ("HRB 12345 B", "9930:DE136695976")


def test_a_tenant_without_them_has_none(tmp_path: Path) -> None:
    tenant = load_book(book_folder(tmp_path, tenant=changed(TENANT, tax_currency="", electronic_address=""))).tenant
    assert (tenant.e_invoices, tenant.tax_currency, tenant.seller.electronic_address) == ((), "", "")


def test_a_customer_has_a_register_an_electronic_address_and_a_reference(tmp_path: Path) -> None:
    rows = "customer_id,name,country,currency,registration,electronic_address,buyer_reference\n"
    row = "c-1,Ada Ltd,GB,USD,07654321,0088:4012345000009,PO-77\nc-2,Bo Ltd,GB,USD,,,\n"
    first, second = load_book(book_folder(tmp_path, customers=rows + row)).customers
    assert (first.party.registration, first.party.electronic_address, first.buyer_reference) == (
        *("07654321", "0088:4012345000009", "PO-77"),
    )
    assert (second.party.electronic_address, second.buyer_reference) == ("", "")


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"e_invoices": ["zugferd"]}, "e_invoices[0]: expected one of 'factur-x' or 'ubl', got 'zugferd'"),
        ({"tax_currency": "euro"}, "tax_currency: expected"),
        (
            {"electronic_address": "gln:1"},
            "electronic_address: expected scheme:identifier with a scheme of the EAS list",
        ),
    ],
)
def test_a_wrong_setting_is_refused_with_its_place(tmp_path: Path, settings: dict, error: str) -> None:
    [said] = errors(book_folder(tmp_path, tenant=changed(TENANT, **settings)))
    assert said.startswith("tenant.json:")
    assert error in said


def test_a_wrong_address_of_a_customer_is_refused_with_its_line(tmp_path: Path) -> None:
    rows = TABLES["customers"].replace("currency\n", "currency,electronic_address\n").replace("USD\n", "USD,0088\n")
    said = errors(book_folder(tmp_path, customers=rows))
    assert [each.partition(" expected")[0] for each in said] == [
        "customers.csv:2: electronic_address:",
        "customers.csv:3: electronic_address:",
    ]


def test_exchange_rates_keep_their_days_their_ends_and_their_sources(tmp_path: Path) -> None:
    assert load_book(with_rates(tmp_path, RATES)).exchange_rates.rates == (DOLLAR, MONTH)


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ("2026-02-30,EUR,USD,1.08,,", "2: date: expected a date such as 2026-02-28"),
        ("2026-02-27,EUR,EUR,1.08,,", "2: to: expected another currency, got 'EUR'"),
        ("2026-02-27,EUR,Dollar,1.08,,", "2: to: expected"),
        ("2026-02-27,EUR,USD,0,,", "2: rate: expected a number above 0, got '0'"),
        ("2026-02-27,EUR,USD,-1,,", "2: rate: expected 0 or more"),
        ("2026-02-27,EUR,USD,1.08,2026-02-26,", "2: valid_to: expected 2026-02-27 or later, got '2026-02-26'"),
        (
            "2026-02-27,EUR,USD,1.08,,\n2026-02-27,EUR,USD,1.09,,",
            "3: date: expected one rate of EUR to USD a day, line 2 has one already",
        ),
        ("2026-02-27,EUR,USD,,,", "2: rate: expected a value, got an empty cell"),
    ],
)
def test_a_wrong_exchange_rate_is_refused_with_its_line(tmp_path: Path, row: str, error: str) -> None:
    [said] = errors(with_rates(tmp_path, f"{HEADER}{row}\n"))
    assert said.startswith(f"exchange_rates.csv:{error}")


# stored


def imported(folder: Path, documents: object) -> ImportReport:
    return import_book(documents, load_book(folder), recorded_at=NOON)  # type: ignore[arg-type]


def test_new_exchange_rates_are_added_to_those_that_are_there(tmp_path: Path) -> None:
    documents = sqlite_in_memory()
    first = imported(with_rates(tmp_path, f"{HEADER}2026-02-01,GBP,EUR,1.15,2026-02-28,HMRC\n"), documents)
    again = imported(with_rates(tmp_path, RATES), documents)
    assert (first.created["exchange_rates"], again.created["exchange_rates"], again.unchanged["exchange_rates"]) == (
        *(1, 1, 1),
    )
    table = Tenants(documents).exchange_table(again.tenant_id)
    assert set(table.rates) == {DOLLAR, MONTH}
    assert imported(tmp_path, documents).created["exchange_rates"] == 0


def test_another_rate_for_a_day_that_is_stored_is_a_conflict(tmp_path: Path) -> None:
    documents = sqlite_in_memory()
    imported(with_rates(tmp_path, RATES), documents)
    with_rates(tmp_path, RATES.replace("1.0812", "1.0813"))
    with pytest.raises(BookConflicts) as conflict:
        imported(tmp_path, documents)
    assert [str(each) for each in conflict.value.differences] == [
        "exchange rate EUR to USD of 2026-02-27: rate: stored 1.0812, given 1.0813"
    ]


def test_a_tenant_without_exchange_rates_has_an_empty_table() -> None:
    documents = sqlite_in_memory()
    assert Tenants(documents).exchange_table("acme").rates == ()
