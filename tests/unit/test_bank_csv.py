"""CSV files as banks write them: in UTF-16, and with what came in and what went out in two columns."""

import json
from pathlib import Path

import pytest

from billing.adapters.bank_statements import load_mapping, read_statements
from billing.adapters.bank_statements.unreadable import UnreadableStatement
from billing.domain.bank import EntryKind, Statement

HEAD = "Date;Text;Paid in;Paid out;Kind\n"
COLUMNS = {
    "booked_on": "Date",
    "remittance": ["Text"],
    "money_in": "Paid in",
    "money_out": "Paid out",
    "direction": "Kind",
}


def read(folder: Path, content: bytes, **mapping: object) -> Statement:
    (folder / "bank.json").write_text(json.dumps({"columns": COLUMNS, "currency": "GBP", **mapping}))
    (folder / "march.csv").write_bytes(content)
    [statement] = read_statements(folder / "march.csv", mapping=load_mapping(folder / "bank.json"))
    return statement


def test_money_in_and_out_stand_in_two_columns(tmp_path: Path) -> None:
    rows = (
        "2026-03-02;INV-2026-02-0001;1,119.00;;",
        "2026-03-02;Rent;;250.00;",
        "2026-03-03;Fee;0.00;-2.50;credit",
        "2026-03-03;Waived;0.00;;",
        "2026-03-04;Returned INV-2026-02-0001;;1119.00;RC",
    )
    found = read(tmp_path, (HEAD + "\n".join(rows)).encode())
    assert [(each.kind, each.amount, each.currency) for each in found.entries] == [
        (EntryKind.CREDIT, 111_900, "GBP"),
        (EntryKind.DEBIT, 25_000, "GBP"),
        (EntryKind.DEBIT, 250, "GBP"),
        (EntryKind.CREDIT_REVERSED, 111_900, "GBP"),
    ]
    assert found.zero == 1


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ("1.00;2.00", "march.csv:2: expected an amount in Paid in or in Paid out, got '1.00' and '2.00'"),
        (";", "march.csv:2: expected an amount in Paid in or in Paid out, got '' and ''"),
        ("-1.00;", "march.csv:2: Paid in: expected 0 or more, got '-1.00'; what goes out stands in Paid out"),
        (";1.001", "march.csv:2: Paid out: expected at most 2 decimals, got '1.001'"),
    ],
)
def test_a_row_has_one_amount(tmp_path: Path, cells: str, message: str) -> None:
    with pytest.raises(UnreadableStatement, match=message):
        read(tmp_path, f"{HEAD}2026-03-02;x;{cells};\n".encode())


def test_both_columns_are_named_and_both_are_in_the_file(tmp_path: Path) -> None:
    with pytest.raises(UnreadableStatement, match="columns: expected money_in and money_out together"):
        read(tmp_path, HEAD.encode(), columns={"money_in": "Paid in"})
    with pytest.raises(UnreadableStatement, match="expected the columns Paid out, got Date, Text, Paid in"):
        read(tmp_path, b"Date;Text;Paid in\n")


@pytest.mark.parametrize(
    ("written", "named"), [("utf-16", "utf-16"), ("utf-16", ""), ("utf-16-le", "utf-16-le"), ("utf-16-be", "utf-16-be")]
)
def test_a_csv_in_utf_16(tmp_path: Path, written: str, named: str) -> None:
    rows = HEAD + "2026-03-02;Müller INV-2026-02-0001;119.00;;\n"
    [entry] = read(tmp_path, rows.encode(written), **({"encoding": named} if named else {})).entries
    assert (entry.remittance, entry.amount) == ("Müller INV-2026-02-0001", 11_900)
