"""`billing invoices explain` and `billing verify`: what they answer, and with which exit code."""

import json
import sqlite3
from pathlib import Path

import pytest

from tests.command_line import billing
from tests.kept_directory import copy_of

INVOICE = "sub-1047.20260201T000000Z.r0"


@pytest.fixture(scope="module")
def billed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("demo")
    assert billing("demo", "--dir", directory, "--json").exit_code == 0
    with sqlite3.connect(directory / "billing.sqlite3") as database:
        database.execute("pragma wal_checkpoint(truncate)")  # all of it into the file that is copied
    database.close()
    return directory


@pytest.fixture
def demo(billed: Path, tmp_path: Path) -> Path:
    """The billed February book, to be tampered with."""
    return copy_of(billed, tmp_path / "kept")


def tamper(directory: Path, *, document: str, path: str, value: int | str) -> None:
    with sqlite3.connect(directory / "billing.sqlite3") as database:
        changed = database.execute(
            "update docs set body = json_set(body, ?, ?) where id = ?", (f"$.{path}", value, document)
        )
        assert changed.rowcount == 1
    database.close()


def test_an_invoice_is_explained_as_an_object_with_exact_values_as_text(billed: Path) -> None:
    result = billing("invoices", "explain", "INV-2026-02-0047", "--dir", billed, "--json")

    assert result.exit_code == 0
    said = json.loads(result.stdout)
    assert (said["id"], said["comes_out"], said["differences"]) == (INVOICE, True, [])
    volume = said["lines"][2]
    assert (volume["plan"], volume["amount"], volume["replayed"]) == ("api-platform@1", "73.95", "73.95")
    assert volume["calculations"] == [
        {"text": "147,891 × 0.0005", "exact": "73.9455", "amount": "73.95", "rounding": "rounded half up to 73.95"}
    ]
    assert said["taxes"][0]["row"] == "VAT 19% (DE) on 262.95: 49.96"


def test_an_invoice_that_does_not_come_out_says_so_loudly_and_exits_with_1(demo: Path) -> None:
    tamper(demo, document=INVOICE, path="lines[1].amount", value=9_001)

    result = billing("invoices", "explain", INVOICE, "--dir", demo)

    assert result.exit_code == 1
    assert "DOES NOT COME OUT:" in result.stdout
    assert "line 'API calls - Standard tier': amount is 90.01, expected 90.00" in result.stdout
    as_json = billing("invoices", "explain", INVOICE, "--dir", demo, "--json")
    assert (as_json.exit_code, json.loads(as_json.stdout)["comes_out"]) == (1, False)


def test_an_invoice_that_does_not_exist_is_wrong_input(billed: Path) -> None:
    result = billing("invoices", "explain", "INV-2026-02-0999", "--dir", billed)

    assert (result.exit_code, result.stderr) == (2, "billing: no invoice 'INV-2026-02-0999'\n")


def test_clean_books_are_said_to_be_clean(billed: Path) -> None:
    result = billing("verify", "--dir", billed, "--json")

    assert result.exit_code == 0
    said = json.loads(result.stdout)
    assert (said["clean"], said["findings"], said["counts"], said["not_shown"]) == (True, [], {}, 0)
    assert (said["tenant_id"], said["period"], said["read"]["recomputed"]) == ("acme-api", None, 187)


def test_a_finding_is_an_object_with_its_kind_and_both_values(demo: Path) -> None:
    tamper(demo, document="invoice-2026-02", path="last", value=186)

    result = billing("verify", "--dir", demo, "--period", "2026-02", "--no-objects", "--no-events", "--json")

    assert result.exit_code == 1
    said = json.loads(result.stdout)
    assert (said["clean"], said["period"], said["counts"]) == (False, "2026-02", {"counter_differs": 1})
    [found] = said["findings"]
    assert (found["kind"], found["entity"], found["name"]) == (
        "counter_differs",
        "counters/invoice-2026-02",
        "INV-2026-02-0187",
    )


def test_findings_of_one_document_stand_together_under_its_number(demo: Path) -> None:
    tamper(demo, document=INVOICE, path="total", value=31_292)

    result = billing("verify", "--dir", demo, "--no-objects", "--no-events")

    assert result.exit_code == 1
    assert result.stdout.endswith(
        "3 findings\n"
        "invoice_differs           INV-2026-02-0047, computed again from the stored facts\n"
        "                            total is 312.92, expected 312.91\n"
        "invoice_does_not_add_up   INV-2026-02-0047, by its own figures\n"
        "                            total is 312.92, expected 312.91\n"
        "invoice_differs           INV-2026-02-0047, what queries go by\n"
        "                            amount_due is 0, expected 1\n"
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--period", "February"), "billing: period: expected a month such as 2026-02, got 'February'\n"),
        (("--tenant", "nobody"), "billing: no tenant 'nobody'; there are: acme-api\n"),
    ],
)
def test_what_can_not_be_verified_is_wrong_input(billed: Path, arguments: tuple[str, ...], said: str) -> None:
    result = billing("verify", "--dir", billed, *arguments)

    assert (result.exit_code, result.stderr) == (2, said)
