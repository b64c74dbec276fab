"""A wrong row of a book is refused; the error names the line and what was expected."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.book_faults import DAYS, ID, added, swapped, usage
from tests.book_folder import CALLS, PLAN, TABLES, book_folder, changed, errors_of

# A table with a row added (+) or changed (~), and below it the error.
WRONG_ROWS = f"""
customers + c-1,Cy,GB,USD
    customers.csv:4: customer_id: 'c-1' stands in line 2 already
customers + ../x,Cy,GB,USD
    customers.csv:4: customer_id: expected {ID}, got '../x'
customers + a/b,Cy,GB,USD
    customers.csv:4: customer_id: expected {ID}, got 'a/b'
customers + ,Cy,GB,USD
    customers.csv:4: customer_id: expected a value, got an empty cell
customers + {"c" * 101},Cy,GB,USD
    customers.csv:4: customer_id: expected {ID}, got '{"c" * 76}...
customers + c\x1b2,Cy,GB,USD
    customers.csv:4: customer_id: expected {ID}, got 'c\\x1b2'
customers ~ Bo Ltd,GB -> Bo Ltd,Britain
    customers.csv:3: country: expected an ISO 3166-1 code such as DE, got 'Britain'
customers ~ GB,USD -> GB,BTC
    customers.csv:2: currency: expected an ISO 4217 code such as USD, got 'BTC'
customers ~ GB,USD -> GB,EUR
    subscriptions.csv:2: plan_id: expected a plan in EUR, the customer's currency, got 'one in USD'
subscriptions ~ s-2,c-2,basic -> s-2,c-2,gold
    subscriptions.csv:3: plan_id: expected a plan of the plan files (basic), got 'gold'
subscriptions ~ s-2,c-2 -> s-2,c-9
    subscriptions.csv:3: customer_id: expected a customer of customers.csv, got 'c-9'
subscriptions ~ s-2, -> s-1,
    subscriptions.csv:3: subscription_id: 's-1' stands in line 2 already
subscriptions ~ 2026-02-20 -> 2026-01-09
    subscriptions.csv:3: ended_on: expected 2026-01-10 or later, got '2026-01-09'
subscriptions ~ 2026-01-10 -> 0001-01-01
    subscriptions.csv:2: started_on: expected a date such as 2026-02-28, {DAYS}, got '0001-01-01'
subscriptions ~ 2026-01-10 -> 9999-12-31
    subscriptions.csv:2: started_on: expected a date such as 2026-02-28, {DAYS}, got '9999-12-31'
subscriptions ~ 2026-01-10 -> 10.01.2026
    subscriptions.csv:2: started_on: expected a date such as 2026-02-28, {DAYS}, got '10.01.2026'
subscriptions ~ 2026-01-10 -> 2026-02-30
    subscriptions.csv:2: started_on: expected a date such as 2026-02-28, {DAYS}, got '2026-02-30'
subscriptions ~ 2026-01-10 -> 20260110
    subscriptions.csv:2: started_on: expected a date such as 2026-02-28, {DAYS}, got '20260110'
addons ~ s-1, -> s-9,
    addons.csv:2: subscription_id: expected a subscription of subscriptions.csv, got 's-9'
addons ~ support -> gold
    addons.csv:2: addon_id: expected an add-on of plan basic@1 (support), got 'gold'
addons ~ support,1, -> support,-1,
    addons.csv:2: quantity: expected 0 or more, got '-1'
addons ~ support,1, -> support,NaN,
    addons.csv:2: quantity: expected an exact decimal as text such as "12.50", never a float, got 'NaN'
addons ~ 2026-01-10 -> 2026-01-09
    addons.csv:2: started_on: expected a day of the subscription's life, got '2026-01-09'
addons ~ s-1,support,1,2026-01-10, -> s-2,support,1,2026-01-10,2026-02-21
    addons.csv:2: ended_on: expected a day of the subscription's life, got '2026-02-21'
addons ~ s-1,support,1,2026-01-10, -> s-2,support,1,2026-02-21,
    addons.csv:2: started_on: expected a day of the subscription's life, got '2026-02-21'
addons ~ 2026-01-10, -> 2026-01-10,2026-01-09
    addons.csv:2: ended_on: expected 2026-01-10 or later, got '2026-01-09'
addons + s-1,support,1,2026-01-20,
    addons.csv:3: started_on: expected a day after the add-on's row before has ended, got '2026-01-20'
addons + s-1,support,1,2026-01-10,
    addons.csv:3: started_on: expected a day after the add-on's row before has ended, got '2026-01-10'
tax_rates ~ 20 -> 120
    tax_rates.csv:2: rate_percent: expected a number from 0 to 100, got '120'
tax_rates ~ GB -> EL
    tax_rates.csv:2: country: expected the ISO 3166-1 code GR, got 'EL'
tax_rates + GB,,VAT,21
    tax_rates.csv:3: rate_percent: expected one rate a day, got two that overlap: 20 % and 21 % from the \
start (the other one stands in line 2)
tax_rates + GB,,VAT,20
    tax_rates.csv:3: the same rate stands in line 2
"""


def wrong_rows() -> Iterator[tuple[dict[str, str], str]]:
    lines = iter(WRONG_ROWS.strip().split("\n"))
    for change, error in zip(lines, lines, strict=True):
        table, way, rows = change.split(" ", 2)
        yield added(table, rows) if way == "+" else swapped(table, *rows.split(" -> ")), error.strip()


@pytest.mark.parametrize(("changes", "expected"), [*wrong_rows()])
def test_a_wrong_row_is_refused(tmp_path: Path, changes: dict[str, str], expected: str) -> None:
    (error,) = errors_of(book_folder(tmp_path, **changes))
    assert error.startswith(expected)


def test_a_rate_that_ends_before_it_begins_is_refused(tmp_path: Path) -> None:
    rates = "country,state,name,rate_percent,valid_from,valid_to\nGB,,VAT,20,2026-01-02,2026-01-01\n"
    assert errors_of(book_folder(tmp_path, tax_rates=rates)) == [
        "tax_rates.csv:2: valid_to: expected 2026-01-02 or later, got '2026-01-01'"
    ]


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
        (",yes", "vat_id: expected a VAT id, as the register is said to know it, got ''"),
        ("DE136695976,perhaps", "vat_id_checked: expected true, yes, on, 1, false, no, off or 0, got 'perhaps'"),
    ],
)
def test_a_wrong_vat_id_is_refused(tmp_path: Path, row: str, expected: str) -> None:
    rows = f"customer_id,name,country,currency,vat_id,vat_id_checked\nc-1,Ada,DE,USD,{row}\nc-2,Bo,GB,USD,,\n"
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
