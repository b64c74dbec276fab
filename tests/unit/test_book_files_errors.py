"""A book with a fault of form, or as a whole, is refused whole; each error names the place and what was expected."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from billing.adapters.book_files import load_book, text_files
from billing.domain.book import BookErrors
from billing.domain.errors import InvalidInput
from tests.book_faults import swapped, usage
from tests.book_folder import CALLS, PLAN, TABLES, TENANT, book_folder, changed, errors_of


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
        "customers.csv:2: tax_exempt: expected true beside an exemption_reason, got false"
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


def test_a_plan_with_more_tiers_than_an_invoice_has_room_for_is_refused(tmp_path: Path) -> None:
    tiers = [{"up_to": bound, "unit_price": "0.01"} for bound in range(1, 1001)]
    calls = changed(CALLS, model="graduated", unit_price=..., tiers=[*tiers, {"up_to": None}])
    (error,) = errors_of(book_folder(tmp_path, plan=changed(PLAN, usage=[calls])))
    said = "usage: expected at most 1,000 graduated tiers, other meters and fees together: each is an invoice's line"
    assert error.partition(": ")[2] == f"{said}, got '1,001'"


def made(folder: Path) -> Path:
    """The folder, which stands now."""
    folder.mkdir()
    return folder


def with_a_nameless_column(table: str, cell: str = "") -> str:
    """A table with an empty column at its end, as spreadsheets write one; its last row has this cell there."""
    return table.rstrip("\n").replace("\n", ",\n") + f",{cell}\n"


def test_an_empty_column_without_a_name_at_the_end_is_left_out(tmp_path: Path) -> None:
    plain = load_book(book_folder(made(tmp_path / "plain")))
    spread = book_folder(made(tmp_path / "spread"), customers=with_a_nameless_column(TABLES["customers"]))
    assert load_book(spread).customers == plain.customers
    half = TABLES["customers"].replace("\n", ",\n", 1)  # in the header alone
    assert load_book(book_folder(made(tmp_path / "half"), customers=half)).customers == plain.customers


def test_what_stands_in_a_column_without_a_name_is_refused(tmp_path: Path) -> None:
    columns = TABLES["customers"].partition("\n")[0].count(",") + 1
    customers = with_a_nameless_column(TABLES["customers"], "a note")
    assert errors_of(book_folder(tmp_path, customers=customers)) == [
        f"customers.csv:3: expected {columns} cells as in the header, got {columns + 1}"
    ]
