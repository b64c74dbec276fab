"""`billing demo`: the figures of the source document, once, and its invoices in lists and one by one."""

import csv
from pathlib import Path

import pytest

from tests.command_line import BOOK, ROOT, answer, billing


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    """A directory with the February book billed, and what the demo answered."""
    directory = tmp_path_factory.mktemp("demo")
    return directory, answer(billing("demo", "--dir", directory, "--json"))


def test_the_demo_answers_with_the_figures_of_the_source_document(demo: tuple[Path, dict]) -> None:
    _, run = demo
    assert {name: run[name] for name in ("customers", "generated", "skipped", "failed", "currency", "complete")} == {
        "customers": 200,
        "generated": 187,
        "skipped": 13,
        "failed": 0,
        "currency": "USD",
        "complete": True,
    }
    assert (run["usage"], run["flat"], run["proration"]) == ("31204.50", "14892.00", "-412.36")
    assert (run["tax"], run["total"]) == ("2145.00", "47829.14")
    assert run["as_of"] == "2026-03-01T00:00:00+00:00"
    assert run["errors"] == []
    assert sum(run["skipped_by_reason"].values()) == 13
    assert len([place for place in run["tax_by_place"] if place.startswith("US-")]) == 3
    assert len([place for place in run["tax_by_place"] if len(place) == 2]) == 14


def test_the_demo_counts_its_run_alone(demo: tuple[Path, dict]) -> None:
    """187 invoices with a PDF and a JSON each; within 3 reads and 5 writes an invoice and a few for the run."""
    _, run = demo
    assert run["operations"]["objects"] == 2 * 187
    assert 187 < run["operations"]["reads"] <= 3 * 187 + 20
    assert 187 < run["operations"]["writes"] <= 5 * 187 + 20
    assert run["seconds"] > 0


def test_each_invoice_of_the_demo_has_lines_sums_and_a_file(demo: tuple[Path, dict]) -> None:
    directory, run = demo
    invoice = next(each for each in run["invoices"] if each["number"] == "INV-2026-02-0047")
    pdf = Path(invoice.pop("pdf"))
    assert pdf.is_absolute()
    assert pdf.is_relative_to(directory.resolve())
    assert pdf.read_bytes().startswith(b"%PDF-")
    assert invoice == {
        "id": invoice["id"],
        "number": "INV-2026-02-0047",
        "status": "issued",
        "customer_id": "acct-1047",
        "subscription_id": "sub-1047",
        "period": {"start": "2026-02-01T00:00:00+00:00", "end": "2026-03-01T00:00:00+00:00"},
        "currency": "USD",
        "lines": [
            {"description": "API calls - Free tier", "quantity": "10000", "unit_price": "0", "amount": "0.00"},
            {"description": "API calls - Standard tier", "quantity": "90000", "unit_price": "0.001", "amount": "90.00"},
            {"description": "API calls - Volume tier", "quantity": "147891", "unit_price": "0.0005", "amount": "73.95"},
            {"description": "Premium support (monthly)", "quantity": "1", "unit_price": "99.00", "amount": "99.00"},
        ],
        "subtotal": "262.95",
        "tax": "49.96",
        "total": "312.91",
    }
    assert len({each["pdf"] for each in run["invoices"] if each is not invoice}) == 186


def test_the_demo_run_again_bills_nothing_and_says_so(demo: tuple[Path, dict]) -> None:
    directory, _ = demo
    again = billing("demo", "--dir", directory)
    assert again.exit_code == 0
    assert "Nothing was due: all of it is billed already." in again.stdout
    assert "Nothing was left to collect." in again.stdout
    third = answer(billing("demo", "--dir", directory, "--json"))
    assert third["generated"] == 0
    assert (third["collected"]["charged"], sum(third["collected"]["failed"].values())) == (0, 0)
    assert third["collected"]["reconciled"] == 0


@pytest.mark.slow
def test_the_demo_charges_its_cards_and_reconciles_its_transfers(demo: tuple[Path, dict]) -> None:
    """142 cards, six of which `customers.csv` wants declined, and one whose invoice comes to nothing; 45 transfers."""
    directory, run = demo
    collected = run["collected"]
    assert collected.pop("seconds") > 0
    assert collected == {
        "charged": 136,
        "nothing_due": 1,
        "failed": {"expired_card": 3, "insufficient_funds": 2, "generic_decline": 1},
        "reconciled": 45,
    }
    listed = answer(billing("invoices", "list", "--dir", directory, "--status", "paid", "--limit", "500", "--json"))
    assert len(listed["invoices"]) == 187 - 6
    with (BOOK / "customers.csv").open(encoding="utf-8", newline="") as rows:
        refused = {each["customer_id"] for each in csv.DictReader(rows) if each["test_card"] not in ("", "ok")}
    assert refused == {each["customer_id"] for each in run["invoices"]} - {
        each["customer_id"] for each in listed["invoices"]
    }


def test_a_book_without_cards_is_billed_and_not_collected(tmp_path: Path) -> None:
    told = billing("demo", "--book", ROOT / "samples" / "price-models", "--dir", tmp_path)
    assert told.exit_code == 0
    assert "reconciled" not in told.stdout
    assert not (tmp_path / "sandbox.sqlite3").exists()


def test_invoices_are_listed_by_number_and_filtered(demo: tuple[Path, dict]) -> None:
    directory, _ = demo
    listed = answer(billing("invoices", "list", "--dir", directory, "--limit", "3", "--json"))
    assert [each["number"] for each in listed["invoices"]] == [f"INV-2026-02-000{number}" for number in (1, 2, 3)]
    assert listed["more"] is True
    of_one = answer(billing("invoices", "list", "--dir", directory, "--customer", "acct-1047", "--json"))
    assert [(each["number"], each["total"], each["amount_due"]) for each in of_one["invoices"]] == [
        ("INV-2026-02-0047", "312.91", "0.00")
    ]
    assert answer(billing("invoices", "list", "--dir", directory, "--status", "void", "--json"))["invoices"] == []
    assert "No invoices." in billing("invoices", "list", "--dir", directory, "--status", "void").stdout
    assert billing("invoices", "list", "--dir", directory, "--status", "lost").exit_code == 2


def test_an_invoice_is_shown_by_number_and_by_id(demo: tuple[Path, dict]) -> None:
    directory, run = demo
    shown = billing("invoices", "show", "INV-2026-02-0047", "--dir", directory)
    assert shown.exit_code == 0
    for text in ("Lumen Health GmbH", "147,891", "0.0005", "73.95", "262.95", "VAT 19% (DE)", "49.96", "312.91"):
        assert text in shown.stdout, text
    invoice_id = next(each["id"] for each in run["invoices"] if each["number"] == "INV-2026-02-0047")
    assert billing("invoices", "show", invoice_id, "--dir", directory).stdout == shown.stdout
    stored_one = answer(billing("invoices", "show", invoice_id, "--dir", directory, "--json"))
    assert (stored_one["number"], stored_one["total"], stored_one["pending"]) == ("INV-2026-02-0047", 31291, [])


def test_an_invoice_that_is_not_there_is_named(demo: tuple[Path, dict]) -> None:
    directory, _ = demo
    missing = billing("invoices", "show", "INV-2026-02-9999", "--dir", directory)
    assert (missing.exit_code, missing.stderr) == (2, "billing: no invoice 'INV-2026-02-9999'\n")


def test_the_demo_on_firestore_needs_the_emulator(tmp_path: Path) -> None:
    refused = billing("demo", "--dir", tmp_path, "--store", "firestore", env={"FIRESTORE_EMULATOR_HOST": ""})
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "never for a real project" in refused.stderr
    assert "FIRESTORE_EMULATOR_HOST=127.0.0.1:" in refused.stderr


def test_an_emulator_that_does_not_answer_is_exit_code_3(tmp_path: Path) -> None:
    """Nobody listens on the discard port."""
    away = billing("demo", "--dir", tmp_path, "--store", "firestore", env={"FIRESTORE_EMULATOR_HOST": "127.0.0.1:9"})
    assert (away.exit_code, away.stdout) == (3, "")
    assert "Firestore did not answer" in away.stderr
    assert "Traceback" not in away.stderr


def test_the_directory_may_come_from_the_environment(demo: tuple[Path, dict]) -> None:
    directory, _ = demo
    listed = billing("invoices", "list", "--limit", "1", "--json", env={"BILLING_DIR": str(directory)})
    assert len(answer(listed)["invoices"]) == 1
