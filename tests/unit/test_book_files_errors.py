"""Whatever is wrong in a book is said before anything is written: file, line, column and what was expected."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from billing.adapters.book_files import load_book, text_files
from billing.domain.book import BookErrors
from billing.domain.errors import InvalidInput
from tests.book_folder import CALLS, PLAN, TABLES, TENANT, book_folder, changed, errors_of

DAYS = "from 1980-01-01 to 2149-12-31"
ID = "1 to 200 letters, digits or . _ @ : ~ + - (a letter or digit first)"


def swapped(table: str, before: str, after: str) -> dict[str, str]:
    assert before in TABLES[table]
    return {table: TABLES[table].replace(before, after, 1)}


def added(table: str, row: str) -> dict[str, str]:
    return {table: f"{TABLES[table]}{row}\n"}


def usage(*rows: str, header: str = "customer_id,date,metric,quantity") -> dict[str, str]:
    return {"usage": "\n".join([header, *rows, ""])}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (swapped("usage", ",500", ""), "usage.csv:2: expected 4 cells as in the header, got 3"),
        (swapped("usage", "500", "500,1"), "usage.csv:2: expected 4 cells as in the header, got 5"),
        (
            swapped("usage", "metric,quantity", "metric,amount"),
            (
                "usage.csv:1: amount: unknown column; known are customer_id, date, metric, quantity, timestamp, "
                "subscription_id, value, event_id"
            ),
        ),
        (
            swapped("customers", ",currency", ",country"),
            "customers.csv:1: country: the column stands twice in the header",
        ),
        (swapped("customers", "country,", ""), "customers.csv:1: country: the column is missing from the header"),
        (
            swapped("customers", "Bo Ltd", '"Bo" Ltd'),
            "customers.csv:3: expected sound CSV: ',' expected after '\"' (in the record that starts here)",
        ),
        (
            swapped("customers", "Ada Ltd", '"Ada Ltd'),
            "customers.csv:2: expected sound CSV: unexpected end of data (in the record that starts here)",
        ),
        (
            swapped("customers", "Bo Ltd", "B" * 200_000),
            (
                "customers.csv:3: expected sound CSV: field larger than field limit (131072) "
                "(in the record that starts here)"
            ),
        ),
        (swapped("usage", "500", "5\x0000"), "usage.csv:2: expected text, got a NUL character"),
        (
            {"customers": TABLES["customers"].encode().replace(b"Bo", b"B\xf6")},
            "customers.csv:3: expected UTF-8, got the byte 0xf6 at offset 58; save it as UTF-8",
        ),
        ({"customers": ""}, "customers.csv:1: customer_id: the column is missing from the header"),
        ({"customers": None}, "customers.csv: the file is missing; with no rows to give, give its header alone"),
        (
            {"plan": None},
            "plan.json: the file is missing; it holds one plan or a list of plans",
        ),
        (
            usage("c-1,2026-02-01,2026-02-01T00:00Z,calls,1", header="customer_id,date,timestamp,metric,quantity"),
            "usage.csv:1: date: expected either a date or a timestamp column",
        ),
        (
            usage("c-1,calls,1", header="customer_id,metric,quantity"),
            "usage.csv:1: date: expected either a date or a timestamp column",
        ),
    ],
)
def test_a_malformed_table_is_refused(tmp_path: Path, changes: dict[str, Any], expected: str) -> None:
    assert expected in errors_of(book_folder(tmp_path, **changes))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{\n "tenant_id": "acme"\n "x": 1}', "tenant.json:3: column 2: expected JSON: Expecting ',' delimiter"),
        ("", "tenant.json:1: column 1: expected JSON: Expecting value"),
        ("[]", "tenant.json:1: expected an object, got []"),
        (
            '{"currency": "USD", "currency": "EUR"}',
            "tenant.json:1: column 21: expected JSON: the key 'currency' stands twice in one object",
        ),
        ('{"shards": NaN}', "tenant.json:1: column 12: expected JSON: NaN is no number"),
        ('{"shards": Infinity}', "tenant.json:1: column 12: expected JSON: Infinity is no number"),
        ("[" * 100_000, "tenant.json: expected JSON: it is nested too deeply"),
        (b'{"legal_name": "\xff"}', "tenant.json:1: expected UTF-8, got the byte 0xff at offset 16; save it as UTF-8"),
    ],
)
def test_malformed_json_is_refused(tmp_path: Path, text: str | bytes, expected: str) -> None:
    assert expected in errors_of(book_folder(tmp_path, tenant=text))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"currency": "XYZ"}, "tenant.json:5: currency: expected an ISO 4217 code such as USD, got 'XYZ'"),
        (
            {"time_zone": "Mars/Base"},
            "tenant.json:6: time_zone: expected an IANA time zone such as Europe/Berlin, got 'Mars/Base'",
        ),
        (
            {"time_zone": "../../etc/passwd"},
            "tenant.json:6: time_zone: expected an IANA time zone such as Europe/Berlin, got '../../etc/passwd'",
        ),
        ({"locale": "english"}, "tenant.json:7: locale: expected a locale such as en_US or de_DE, got 'english'"),
        ({"country": "UK"}, "tenant.json:4: country: expected the ISO 3166-1 code GB, got 'UK'"),
        ({"country": "ZZ"}, "tenant.json:4: country: expected an ISO 3166-1 code such as DE, got 'ZZ'"),
        ({"state": "XX"}, "tenant.json:8: state: expected a two-letter US state such as NY, got 'XX'"),
        ({"tenant_id": "../x"}, "tenant.json:2: tenant_id: expected 1 to 63 letters, digits, - or _, got '../x'"),
        (
            {"legal_name": "A\x07B"},
            "tenant.json:3: legal_name: expected at most 500 characters without control characters, got 'A\\x07B'",
        ),
        ({"legal_name": 5}, "tenant.json:3: legal_name: expected text, got 5"),
        (
            {"email": "nobody"},
            "tenant.json:8: email: expected an e-mail address such as billing@example.com, got 'nobody'",
        ),
        ({"email": ""}, None),
        ({"guard": {"factor": "1.5", "floor": "10.50"}, "approval": "yes"}, None),
        ({"guard": {"factor": 1}}, "tenant.json:9: guard.factor: expected more than 1, got '1'"),
        ({"guard": {}}, "tenant.json:8: guard.factor: the key is missing"),
        (
            {"guard": {"factor": 3, "floor": "0.005"}},
            "tenant.json:10: guard.floor: expected at most 2 decimals, got '0.005'",
        ),
        ({"guard": {"factor": 3, "floor": "-1"}}, "tenant.json:10: guard.floor: expected 0 or more, got '-1'"),
        ({"guard": {"factor": 3, "most": 1}}, "tenant.json:10: guard.most: unknown key; known are factor, floor"),
        ({"approval": "maybe"}, "tenant.json:8: approval: expected true, yes, on, 1, false, no, off or 0, got 'maybe'"),
        (
            {"skip_zero_invoices": "maybe"},
            "tenant.json:8: skip_zero_invoices: expected true, yes, on, 1, false, no, off or 0, got 'maybe'",
        ),
        ({"bank": {"account_holder": "A", "iban": "DE89370400440532013000", "bic": ""}}, None),
        ({"legal_name": " "}, "tenant.json:3: legal_name: expected text that is not empty, got ' '"),
        (
            {"legal_name": "\ud800"},
            "tenant.json:3: legal_name: expected at most 500 characters without control characters, got '\\ud800'",
        ),
        ({"payment_terms_days": "30"}, "tenant.json:8: payment_terms_days: expected a whole number, got '30'"),
        ({"payment_terms_days": -1}, "tenant.json:8: payment_terms_days: expected greater than or equal to 0, got -1"),
        ({"rounding": "down"}, "tenant.json:8: rounding: expected one of 'half_up' or 'half_even', got 'down'"),
        ({"accent_colour": "red"}, "tenant.json:8: accent_colour: expected a colour such as #1f3a5f, got 'red'"),
        ({"paper": "a5"}, "tenant.json:8: paper: expected one of 'a4' or 'letter', got 'a5'"),
        (
            {"logo_key": "branding/../invoices/x.png"},
            "tenant.json:8: logo_key: expected a key such as branding/logo.png, got 'branding/../invoices/x.png'",
        ),
        ({"legal_name": ...}, "tenant.json:1: legal_name: the key is missing"),
        (
            {"bank": {"account_holder": "A", "iban": "DE89370400440532013001"}},
            (
                "tenant.json:10: bank.iban: expected an IBAN (The number's checksum or check digit is invalid.), "
                "got 'DE89370400440532013001'"
            ),
        ),
        (
            {"bank": {"account_holder": "A", "iban": "DE89370400440532013000", "bic": "COBA"}},
            "tenant.json:11: bank.bic: expected a BIC (The number has an invalid length.), got 'COBA'",
        ),
        (
            {"invoice_number": {"format": "INV-{sequence}"}},
            (
                "tenant.json:9: invoice_number.format: expected {month}, {year} in it, as the sequence restarts each "
                "month, got 'INV-{sequence}'"
            ),
        ),
        (
            {"credit_note_number": {"format": "CN-{year}"}},
            (
                "tenant.json:9: credit_note_number.format: expected {month}, {sequence} in it, as the sequence "
                "restarts each month, got 'CN-{year}'"
            ),
        ),
        (
            {"bank": {"account_holder": "A", "iban": "DE89370400440532013000", "swift": "X"}},
            "tenant.json:11: bank.swift: unknown key; known are account_holder, iban, bic, bank_name",
        ),
    ],
)
def test_a_wrong_setting_is_refused(tmp_path: Path, changes: dict[str, Any], expected: str | None) -> None:
    assert errors_of(book_folder(tmp_path, tenant=changed(TENANT, **changes))) == ([expected] if expected else [])


def tiered(*tiers: dict[str, Any], model: str = "graduated") -> dict[str, Any]:
    return {"usage": [{"metric": "calls", "name": "Calls", "model": model, "tiers": list(tiers)}]}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            tiered({"up_to": 100}, {"up_to": 50}, {"up_to": None}),
            "usage[0].tiers[1].up_to: expected more than 100, got '50'",
        ),
        (
            tiered({"up_to": 100}, {"up_to": 100}, {"up_to": None}),
            "usage[0].tiers[1].up_to: expected more than 100, got '100'",
        ),
        (tiered({"up_to": 100}), "usage[0].tiers[0].up_to: expected null in the last tier, got '100'"),
        (
            tiered({"up_to": None}, {"up_to": None}),
            "usage[0].tiers[0].up_to: expected null only in the last tier, got None",
        ),
        (tiered({"up_to": 0}, {"up_to": None}), "usage[0].tiers[0].up_to: expected more than 0, got '0'"),
        (tiered(), "usage[0].tiers: expected at least one tier, got 'none'"),
        (tiered({"up_to": None, "unit_price": "-1"}), "usage[0].tiers[0].unit_price: expected 0 or more, got '-1'"),
        (
            tiered({"up_to": None, "unit_price": "1"}, model="stairstep"),
            "usage[0].tiers[0].unit_price: expected no unit price in a stairstep, got '1'",
        ),
        (
            tiered({"up_to": None, "price": "1"}),
            "usage[0].tiers[0].price: unknown key; known are name, up_to, unit_price, flat_fee",
        ),
        (
            {"usage": [changed(CALLS, model="flat")]},
            "usage[0].model: expected a price of usage; a fixed price goes to fees or addons, got 'flat'",
        ),
        ({"usage": [changed(CALLS, unit_price=...)]}, "usage[0].unit_price: expected an exact decimal, got None"),
        ({"usage": [changed(CALLS, unit_price="NaN")]}, None),
        ({"usage": [changed(CALLS, unit_price="Infinity")]}, None),
        ({"usage": [changed(CALLS, unit_price=True)]}, None),
        (
            {"usage": [changed(CALLS, package_size=5)]},
            "usage[0].package_size: expected only tiers, unit_price in a per_unit price, got Decimal('5')",
        ),
        (
            {"usage": [changed(CALLS, model="package")]},
            "usage[0].package_size: expected an exact decimal, got None",
        ),
        (
            {"usage": [changed(CALLS, model="package", package_size=0)]},
            "usage[0].package_size: expected more than 0, got '0'",
        ),
        ({"usage": [CALLS, CALLS]}, "usage[1]: expected a name used once, got 'calls'"),
        ({"usage": [changed(CALLS, metric="a/b")]}, f"usage[0].metric: expected {ID}, got 'a/b'"),
        ({"plan_id": 5}, "plan_id: expected an id as text, got 5"),
        (
            {"usage": [changed(CALLS, model="package", package_size=5, package_price="1")]},
            "usage[0].package_price: expected the block's price once, got ['0.01', '1']",
        ),
        (
            {"usage": [changed(CALLS, unit_price=..., tiers=[{"up_to": None, "flat_fee": 1}])]},
            "usage[0].tiers: expected unit_price alone, or one tier without end or fee, got 1",
        ),
        ({"plan_id": "a@b"}, "plan_id: expected a plan id without @, which sets off the version, got 'a@b'"),
        ({"plan_id": "../x"}, f"plan_id: expected {ID}, got '../x'"),
        ({"currency": "usd"}, "currency: expected an ISO 4217 code such as USD, got 'usd'"),
        (
            {"cycle": {"unit": "day", "anchor_day": 1}},
            "cycle.anchor_day: expected a cycle of months or years, got 'day'",
        ),
        ({"cycle": {"unit": "month", "anchor_day": 32}}, "cycle.anchor_day: expected 1 to 31, got 32"),
        ({"cycle": {"unit": "month", "every": 0}}, "cycle.every: expected a whole number from 1 to 10000, got 0"),
        (
            {"cycle": {"unit": "fortnight"}},
            "cycle.unit: expected one of 'hour', 'day', 'week', 'month' or 'year', got 'fortnight'",
        ),
        ({"version": 0}, "version: expected greater than or equal to 1, got 0"),
        (
            {"fees": [{"fee_id": "support", "name": "S", "price": "1"}]},
            "addons[1]: expected a name used once, got 'support'",
        ),
        (
            {"seats": 5},
            (
                "seats: unknown key; known are plan_id, version, name, currency, cycle, first_period, "
                "minimum_commitment, trial_days, usage, fees, addons"
            ),
        ),
    ],
)
def test_a_wrong_price_is_refused(tmp_path: Path, changes: dict[str, Any], expected: str | None) -> None:
    (error,) = errors_of(book_folder(tmp_path, plan=changed(PLAN, **changes)))
    given = changes["usage"][0]["unit_price"] if expected is None else ""
    exact = f'usage[0].unit_price: expected an exact decimal as text such as "12.50", never a float, got {given!r}'
    assert error.partition(": ")[2] == (expected or exact)


def test_an_error_in_json_names_the_line_that_it_stands_on(tmp_path: Path) -> None:
    text = """[
 {"plan_id": "basic", "name": "B", "currency": "USD", "cycle": {"unit": "month"},
  "usage": [
   {"metric": "a\\u0062", "name": "x {[,\\"", "aggregation": "sum",
    "model": "graduated", "tiers": [
     {"up_to": 5}, {"up_to": 3},
     {"up_to": null}]}]}]"""
    folder = book_folder(tmp_path, plan=text, addons=None, usage=None)
    assert errors_of(folder) == ["plan.json:6: [0].usage[0].tiers[1].up_to: expected more than 5, got '3'"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (added("customers", "c-1,Cy,GB,USD"), "customers.csv:4: customer_id: 'c-1' stands in line 2 already"),
        (added("customers", "../x,Cy,GB,USD"), f"customers.csv:4: customer_id: expected {ID}, got '../x'"),
        (added("customers", "a/b,Cy,GB,USD"), f"customers.csv:4: customer_id: expected {ID}, got 'a/b'"),
        (added("customers", ",Cy,GB,USD"), "customers.csv:4: customer_id: expected a value, got an empty cell"),
        (
            added("customers", "c" * 101 + ",Cy,GB,USD"),
            f"customers.csv:4: customer_id: expected an id of at most 100 characters, got '{'c' * 76}...",
        ),
        (added("customers", "c\x1b2,Cy,GB,USD"), f"customers.csv:4: customer_id: expected {ID}, got 'c\\x1b2'"),
        (
            swapped("customers", "Bo Ltd,GB", "Bo Ltd,Britain"),
            "customers.csv:3: country: expected an ISO 3166-1 code such as DE, got 'Britain'",
        ),
        (
            swapped("customers", "GB,USD", "GB,BTC"),
            "customers.csv:2: currency: expected an ISO 4217 code such as USD, got 'BTC'",
        ),
        (
            swapped("customers", "GB,USD", "GB,EUR"),
            "subscriptions.csv:2: plan_id: expected a plan in EUR, the customer's currency, got 'one in USD'",
        ),
        (
            swapped("subscriptions", "s-2,c-2,basic", "s-2,c-2,gold"),
            "subscriptions.csv:3: plan_id: expected a plan of the plan files (basic), got 'gold'",
        ),
        (
            swapped("subscriptions", "s-2,c-2", "s-2,c-9"),
            "subscriptions.csv:3: customer_id: expected a customer of customers.csv, got 'c-9'",
        ),
        (
            swapped("subscriptions", "s-2,", "s-1,"),
            "subscriptions.csv:3: subscription_id: 's-1' stands in line 2 already",
        ),
        (
            swapped("subscriptions", "2026-02-20", "2026-01-09"),
            "subscriptions.csv:3: ended_on: expected 2026-01-10 or later, got '2026-01-09'",
        ),
        (
            swapped("subscriptions", "2026-01-10", "0001-01-01"),
            f"subscriptions.csv:2: started_on: expected a date such as 2026-02-28, {DAYS}, got '0001-01-01'",
        ),
        (
            swapped("subscriptions", "2026-01-10", "9999-12-31"),
            f"subscriptions.csv:2: started_on: expected a date such as 2026-02-28, {DAYS}, got '9999-12-31'",
        ),
        (
            swapped("subscriptions", "2026-01-10", "10.01.2026"),
            f"subscriptions.csv:2: started_on: expected a date such as 2026-02-28, {DAYS}, got '10.01.2026'",
        ),
        (
            swapped("subscriptions", "2026-01-10", "2026-02-30"),
            f"subscriptions.csv:2: started_on: expected a date such as 2026-02-28, {DAYS}, got '2026-02-30'",
        ),
        (
            swapped("subscriptions", "2026-01-10", "20260110"),
            f"subscriptions.csv:2: started_on: expected a date such as 2026-02-28, {DAYS}, got '20260110'",
        ),
        (
            swapped("addons", "s-1,", "s-9,"),
            "addons.csv:2: subscription_id: expected a subscription of subscriptions.csv, got 's-9'",
        ),
        (
            swapped("addons", "support", "gold"),
            "addons.csv:2: addon_id: expected an add-on of plan basic@1 (support), got 'gold'",
        ),
        (swapped("addons", "support,1,", "support,-1,"), "addons.csv:2: quantity: expected 0 or more, got '-1'"),
        (
            swapped("addons", "support,1,", "support,NaN,"),
            "addons.csv:2: quantity: expected an exact decimal as text such as \"12.50\", never a float, got 'NaN'",
        ),
        (
            swapped("addons", "2026-01-10", "2026-01-09"),
            "addons.csv:2: started_on: expected a day of the subscription's life, got '2026-01-09'",
        ),
        (
            swapped("addons", "s-1,support,1,2026-01-10,", "s-2,support,1,2026-01-10,2026-02-21"),
            "addons.csv:2: ended_on: expected a day of the subscription's life, got '2026-02-21'",
        ),
        (
            swapped("addons", "s-1,support,1,2026-01-10,", "s-2,support,1,2026-02-21,"),
            "addons.csv:2: started_on: expected a day of the subscription's life, got '2026-02-21'",
        ),
        (
            swapped("addons", "2026-01-10,", "2026-01-10,2026-01-09"),
            "addons.csv:2: ended_on: expected 2026-01-10 or later, got '2026-01-09'",
        ),
        (
            {"addons": TABLES["addons"] + "s-1,support,1,2026-01-20,\n"},
            "addons.csv:3: started_on: expected a day after the add-on's row before has ended, got '2026-01-20'",
        ),
        (
            {"addons": TABLES["addons"] * 1 + "s-1,support,1,2026-01-10,\n"},
            "addons.csv:3: started_on: expected a day after the add-on's row before has ended, got '2026-01-10'",
        ),
        (
            swapped("tax_rates", "20", "120"),
            "tax_rates.csv:2: rate_percent: expected a number from 0 to 100, got '120'",
        ),
        (swapped("tax_rates", "GB", "EL"), "tax_rates.csv:2: country: expected the ISO 3166-1 code GR, got 'EL'"),
        (
            {"tax_rates": TABLES["tax_rates"] + "GB,,VAT,21\n"},
            (
                "tax_rates.csv:3: rate_percent: expected one rate a day, got two that overlap: 20 % and 21 % "
                "from the start (the other one stands in line 2)"
            ),
        ),
        ({"tax_rates": TABLES["tax_rates"] + "GB,,VAT,20\n"}, "tax_rates.csv:3: the same rate stands in line 2"),
        (
            {"tax_rates": "country,state,name,rate_percent,valid_from,valid_to\nGB,,VAT,20,2026-01-02,2026-01-01\n"},
            "tax_rates.csv:2: valid_to: expected 2026-01-02 or later, got '2026-01-01'",
        ),
    ],
)
def test_a_wrong_row_is_refused(tmp_path: Path, changes: dict[str, str], expected: str) -> None:
    (error,) = errors_of(book_folder(tmp_path, **changes))
    assert error.startswith(expected)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (
            "DE136695977,",
            (
                "vat_id: expected a VAT id with its country's prefix "
                "(The number's checksum or check digit is invalid.), got 'DE136695977'"
            ),
        ),
        ("136695976,", "vat_id: expected a VAT id with its country's prefix such as DE136695976, got '136695976'"),
        (",yes", "vat_id: expected a VAT id where vat_id_checked says yes, got ''"),
        ("DE136695976,perhaps", "vat_id_checked: expected true, yes, on, 1, false, no, off or 0, got 'perhaps'"),
    ],
)
def test_a_wrong_vat_id_is_refused(tmp_path: Path, row: str, expected: str) -> None:
    rows = f"customer_id,name,country,currency,vat_id,vat_id_checked\nc-1,Ada,DE,USD,{row}\nc-2,Bo,GB,USD,,\n"
    rows = rows.replace(
        "vat_id_checked\nc-1,Ada,DE,USD,DE136695977,\n", "vat_id_checked\nc-1,Ada,DE,USD,DE136695977,\n"
    )
    assert errors_of(book_folder(tmp_path, customers=rows)) == [f"customers.csv:2: {expected}"]


def exact(column: str, given: str) -> str:
    return f'{column}: expected an exact decimal as text such as "12.50", never a float, got {given!r}'


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("c-1,2026-02-01,calls,-3", "quantity: expected 0 or more, got '-3'"),
        ("c-1,2026-02-01,calls,NaN", exact("quantity", "NaN")),
        ("c-1,2026-02-01,calls,Infinity", exact("quantity", "Infinity")),
        ("c-1,2026-02-01,calls,", exact("quantity", "")),
        ("c-1,2026-02-01,calls,1_000", exact("quantity", "1_000")),
        ("c-1,2026-02-01,calls,0x10", exact("quantity", "0x10")),
        ("c-1,2026-02-01,calls,1e999999", exact("quantity", "1e999999")),
        ("c-1,2026-02-01,calls,1e300", "quantity: expected at most 18 digits before the point, got '1E+300'"),
        ("c-1,2026-02-01,calls,1e-300", "quantity: expected at most 12 decimals, got '1E-300'"),
        (
            "c-1,2026-02-01,calls,1000000000000000000",
            "quantity: expected at most 18 digits before the point, got '1000000000000000000'",
        ),
        ("c-1,2026-02-01,calls,0.0000000000001", "quantity: expected at most 12 decimals, got '1E-13'"),
        ("c-1,2026-02-01,bytes,1", "metric: expected a metric of the customer's plan (calls), got 'bytes'"),
        ("c-9,2026-02-01,calls,1", "customer_id: expected a customer of customers.csv, got 'c-9'"),
        (
            "c-1,2026-01-09,calls,1",
            "date: expected a day on which c-1 has a subscription that meters calls, got '2026-01-09'",
        ),
        (
            "c-2,2026-02-21,calls,1",
            "date: expected a day on which c-2 has a subscription that meters calls, got '2026-02-21'",
        ),
        ("c-1,2026-13-01,calls,1", f"date: expected a date such as 2026-02-28, {DAYS}, got '2026-13-01'"),
        ("c-1,20260201,calls,1", f"date: expected a date such as 2026-02-28, {DAYS}, got '20260201'"),
        ("c-1,,calls,1", f"date: expected a date such as 2026-02-28, {DAYS}, got ''"),
    ],
)
def test_a_wrong_usage_row_is_refused(tmp_path: Path, row: str, expected: str) -> None:
    assert errors_of(
        book_folder(tmp_path, **usage("c-1,2026-02-01,calls,0", row.replace("c-1,2026-02-01", "c-1,2026-02-02")))
    ) == [f"usage.csv:3: {expected}"]


def test_the_same_customer_day_and_metric_twice_is_refused(tmp_path: Path) -> None:
    assert errors_of(book_folder(tmp_path, **usage("c-1,2026-02-01,calls,1", "c-1,2026-02-01,calls,2"))) == [
        "usage.csv:3: date: expected usage that does not stand in line 2 already, got 'book/s-1/calls/2026-02-01'"
    ]


def test_the_same_event_id_twice_is_refused(tmp_path: Path) -> None:
    header = "customer_id,date,metric,quantity,event_id"
    rows = usage("c-1,2026-02-01,calls,1,e-1", "c-1,2026-02-02,calls,1,e-1", header=header)
    assert errors_of(book_folder(tmp_path, **rows)) == [
        "usage.csv:3: event_id: expected usage that does not stand in line 2 already, got 'e-1'"
    ]


def test_usage_that_two_subscriptions_meter_must_name_one(tmp_path: Path) -> None:
    subscriptions = TABLES["subscriptions"] + "s-3,c-1,basic,2026-01-10,\n"
    folder = book_folder(tmp_path, subscriptions=subscriptions, **usage("c-1,2026-02-01,calls,1"))
    assert errors_of(folder) == [
        "usage.csv:2: subscription_id: expected one named, as s-1 and s-3 both meter calls, got ''"
    ]


@pytest.mark.parametrize(
    ("timestamp", "sound"),
    [
        ("2026-02-01T10:00:00Z", True),
        ("2026-02-01T10:00:00", False),
        ("yesterday", False),
        ("9999-12-31T23:59:59-14:00", False),
    ],
)
def test_an_instant_needs_its_offset(tmp_path: Path, timestamp: str, sound: bool) -> None:
    rows = usage(f"c-1,{timestamp},calls,1", header="customer_id,timestamp,metric,quantity")
    expected = f"timestamp: expected an instant with its offset such as 2026-02-28T10:30:00Z, {DAYS}, got {timestamp!r}"
    assert errors_of(book_folder(tmp_path, **rows)) == ([] if sound else [f"usage.csv:2: {expected}"])


@pytest.mark.parametrize(
    ("aggregation", "row", "expected"),
    [
        ("unique", "1,", "value: expected a value to count, as the meter is unique, got ''"),
        ("sum", "1,ada", "value: expected nothing, as the meter is not unique, got 'ada'"),
        ("unique", "3,ada", "quantity: expected 1 or nothing: a row is one event of a unique meter, got '3'"),
        ("count", "3,", "quantity: expected 1 or nothing: a row is one event of a count meter, got '3'"),
        ("unique", "1," + "v" * 201, f"value: expected at most 200 characters, got '{'v' * 76}..."),
    ],
)
def test_a_row_must_fit_its_meter(tmp_path: Path, aggregation: str, row: str, expected: str) -> None:
    plan = changed(PLAN, usage=[{**CALLS, "aggregation": aggregation}])
    rows = usage(f"c-1,2026-02-01,calls,{row}", header="customer_id,date,metric,quantity,value")
    assert errors_of(book_folder(tmp_path, plan=plan, **rows)) == [f"usage.csv:2: {expected}"]


def test_every_file_is_checked_and_one_fault_is_said_once(tmp_path: Path) -> None:
    folder = book_folder(
        tmp_path,
        tenant=changed(TENANT, currency="XYZ"),
        plan=changed(PLAN, name=""),
        customers=TABLES["customers"].replace("Ada Ltd,GB", "Ada Ltd,Britain"),
        subscriptions=TABLES["subscriptions"].replace("2026-02-20", "soon"),
        addons=TABLES["addons"].replace(",1,", ",-1,"),
        usage=TABLES["usage"].replace("500", "many"),
        tax_rates=TABLES["tax_rates"].replace("20", "twenty"),
    )
    assert [error.partition(": expected")[0] for error in errors_of(folder)] == [
        "tenant.json:5: currency",
        "plan.json:3: name",
        "tax_rates.csv:2: rate_percent",
        "customers.csv:2: country",
        "subscriptions.csv:3: ended_on",
        "addons.csv:2: quantity",
        "usage.csv:2: quantity",
    ]


def test_a_thousand_errors_are_counted_and_two_hundred_listed(tmp_path: Path) -> None:
    rows = [f"c-9,2026-02-01,calls,{number}" for number in range(1000)]
    with pytest.raises(BookErrors) as raised:
        load_book(book_folder(tmp_path, **usage(*rows)))
    assert (raised.value.count, len(raised.value.errors)) == (1000, 200)
    assert str(raised.value).splitlines()[0] == "the book has 1000 errors; nothing was written"
    assert str(raised.value).splitlines()[-1] == "  and 995 more"


def test_a_folder_that_is_no_book_says_what_a_book_is(tmp_path: Path) -> None:
    way_out = (
        "a book is a folder with tenant.json, plan.json, customers.csv and subscriptions.csv: docs/guides/import.md"
    )
    assert errors_of(tmp_path) == [f"tenant.json: the file is missing; {way_out}"]
    missing = tmp_path / "nowhere"
    assert errors_of(missing) == [f"{missing}: there is no such folder; {way_out}"]


def test_a_misspelt_file_is_refused_rather_than_left_out(tmp_path: Path) -> None:
    folder = book_folder(tmp_path)
    (folder / "usage.csv").rename(folder / "usages.csv")
    assert errors_of(folder) == [
        (
            "usages.csv: no file of a book: known are tenant.json, coupons.json, plan*.json, customers.csv, "
            "subscriptions.csv, addons.csv, one_time_charges.csv, usage.csv, tax_rates.csv, exchange_rates.csv; "
            "rename or move it"
        )
    ]


def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path: Path) -> None:
    folder = book_folder(tmp_path, usage=None)
    (folder / "usage.csv").mkdir()
    assert errors_of(folder) == ["usage.csv: can't be read: Is a directory"]


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    folder = book_folder(tmp_path)
    with (folder / "usage.csv").open("r+b") as file:
        file.truncate(text_files.LARGEST_FILE + 1)  # a hole: it takes no room on the disk
    assert errors_of(folder) == [
        "usage.csv: expected at most 209715200 bytes, got 209715201; split the book by months of usage"
    ]


def test_a_broken_plan_file_is_said_once_and_not_by_each_subscription(tmp_path: Path) -> None:
    assert errors_of(book_folder(tmp_path, plan="{")) == [
        "plan.json:1: column 2: expected JSON: Expecting property name enclosed in double quotes"
    ]


def test_usage_of_a_subscription_that_is_not_the_customers_is_refused(tmp_path: Path) -> None:
    rows = usage("c-1,2026-02-01,calls,1,s-2", header="customer_id,date,metric,quantity,subscription_id")
    assert errors_of(book_folder(tmp_path, **rows)) == [
        "usage.csv:2: subscription_id: expected a subscription of c-1, got 's-2'"
    ]


def test_a_reason_without_an_exemption_is_refused(tmp_path: Path) -> None:
    rows = "customer_id,name,country,currency,exemption_reason\nc-1,Ada,GB,USD,Charity\nc-2,Bo,GB,USD,\n"
    assert errors_of(book_folder(tmp_path, customers=rows)) == [
        "customers.csv:2: tax_exempt: expected yes beside an exemption_reason, got 'no'"
    ]


def test_a_plan_with_versions_must_be_named_with_one(tmp_path: Path) -> None:
    folder = book_folder(tmp_path, plan=[PLAN, changed(PLAN, version=2)])
    assert errors_of(folder)[:2] == [
        "subscriptions.csv:2: plan_id: expected the plan with its version, basic@1 or basic@2, got 'basic'",
        "subscriptions.csv:3: plan_id: expected the plan with its version, basic@1 or basic@2, got 'basic'",
    ]


def test_a_plan_version_may_stand_once(tmp_path: Path) -> None:
    assert errors_of(book_folder(tmp_path, plan=[PLAN, PLAN])) == [
        "plan.json:30: [1].plan_id: expected each plan version once, got basic@1 again"
    ]


@pytest.mark.parametrize("unit", ["year", "month"])
def test_a_cycle_beyond_all_calendars_is_refused(tmp_path: Path, unit: str) -> None:
    plan = changed(PLAN, cycle={"every": 9999, "unit": unit})
    assert errors_of(book_folder(tmp_path, plan=plan))[0].startswith("subscriptions.csv:2: period")


def test_an_absurd_day_to_bill_from_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="bill_from: expected a day from 1980-01-01 to 2149-12-31"):
        load_book(book_folder(tmp_path), bill_from=date(1, 1, 1))
