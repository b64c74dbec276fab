"""The command line: what each command answers, on which stream, with which exit code."""

import csv
import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from billing.cli import app
from tests.kept_directory import copy_of

ROOT = Path(__file__).parents[2]
BOOK = ROOT / "samples" / "february-2026"
DUE = ("--as-of", "2026-03-01")

Billing = Callable[..., Result]


def billing(*arguments: str | Path, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments], env=env or {})


def answer(result: Result) -> dict:
    """The one JSON object on stdout."""
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    """A directory with the February book billed, and what the demo answered."""
    directory = tmp_path_factory.mktemp("demo")
    return directory, answer(billing("demo", "--dir", directory, "--json"))


@pytest.fixture(scope="module")
def import_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("imported")
    assert billing("import", BOOK, "--dir", directory).exit_code == 0
    return directory


@pytest.fixture
def imported(import_once: Path, tmp_path: Path) -> Path:
    """A directory of the test's own with the February book imported and not billed."""
    return copy_of(import_once, tmp_path / "kept")


def a_book(folder: Path, *, tenant_id: str = "acme-api", zone: str = "UTC") -> Path:
    """A copy of the February book for another seller."""
    shutil.copytree(BOOK, folder)
    tenant = json.loads((folder / "tenant.json").read_text(encoding="utf-8"))
    tenant |= {"tenant_id": tenant_id, "time_zone": zone}
    (folder / "tenant.json").write_text(json.dumps(tenant), encoding="utf-8")
    return folder


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


def test_the_story_of_a_run_has_every_figure_and_no_colour(imported: Path) -> None:
    told = billing("run", *DUE, "--dir", imported)
    assert told.exit_code == 0
    assert told.stderr == ""
    assert "\x1b" not in told.stdout
    for figure in ("200", "187", "13", "31,204.50", "14,892.00", "-412.36", "2,145.00", "47,829.14"):
        assert figure in told.stdout.split(), figure
    assert "14 EU countries, 3 US states" in told.stdout
    assert f"187 PDFs in {imported}/objects/invoices/acme-api/2026" in told.stdout


def test_a_dry_run_names_the_same_invoices_and_leaves_the_store_alone(imported: Path) -> None:
    before = stored(imported)
    dry = answer(billing("run", *DUE, "--dir", imported, "--dry-run", "--json"))
    assert stored(imported) == before
    assert not list(imported.rglob("*.pdf"))

    real = answer(billing("run", *DUE, "--dir", imported, "--json"))

    kept = ("number", "customer_id", "lines", "subtotal", "tax", "total", "period", "subscription_id")
    assert [{name: each[name] for name in kept} for each in dry["invoices"]] == [
        {name: each[name] for name in kept} for each in real["invoices"]
    ]
    assert (dry["dry_run"], dry["total"], dry["operations"]["writes"]) == (True, "47829.14", 0)
    assert {each["pdf"] for each in dry["invoices"]} == {None}


def test_a_limit_stops_the_run_and_says_that_more_is_due(imported: Path) -> None:
    first = answer(billing("run", *DUE, "--dir", imported, "--limit", "10", "--json"))
    assert (first["generated"], first["complete"], len(first["invoices"])) == (10, False, 10)


def test_a_date_is_the_start_of_the_day_where_the_seller_is(tmp_path: Path) -> None:
    """February ends in Berlin at 23:00 UTC on 28 February."""
    book = a_book(tmp_path / "book", zone="Europe/Berlin")
    assert billing("import", book, "--dir", tmp_path).exit_code == 0
    dry = ("run", "--dir", tmp_path, "--dry-run", "--json")
    early = answer(billing(*dry, "--as-of", "2026-02-28T23:59:59+01:00"))
    on_day = answer(billing(*dry, "--as-of", "2026-03-01"))
    assert (early["generated"], on_day["generated"]) == (0, 187)
    assert on_day["as_of"] == "2026-02-28T23:00:00+00:00"


@pytest.mark.parametrize(
    "wrong",
    ["tomorrow", "2026-02-30", "2026-03-01T09:00:00", "", "2026-3-1", "9999-12-31", "9999-12-31T23:59:59-14:00"],
)
def test_a_time_that_is_none_bills_nobody(imported: Path, wrong: str) -> None:
    refused = billing("run", "--as-of", wrong, "--dir", imported, "--json")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "--as-of: expected 2026-03-01, or 2026-03-01T09:00:00+01:00 with its offset" in refused.stderr


@pytest.mark.parametrize(
    "wrong", ["javascript:alert(1)", "http://pay.example.com", "https://u@pay.example.com", "pay", ""]
)
def test_a_payment_link_begins_with_a_web_address(imported: Path, wrong: str) -> None:
    refused = billing("run", *DUE, "--dir", imported, "--pay-base", wrong)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "--pay-base: expected https://" in refused.stderr


@pytest.mark.slow
def test_several_tenants_live_in_one_directory(imported: Path, tmp_path: Path) -> None:
    other = a_book(tmp_path / "other", tenant_id="zenith", zone="Asia/Tokyo")
    assert billing("import", other, "--dir", imported).exit_code == 0

    which = billing("run", *DUE, "--dir", imported)
    assert (which.exit_code, which.stderr) == (2, "billing: which tenant? Use --tenant with one of: acme-api, zenith\n")
    unknown = billing("run", *DUE, "--dir", imported, "--tenant", "acme")
    assert (unknown.exit_code, unknown.stderr) == (2, "billing: no tenant 'acme'; there are: acme-api, zenith\n")
    both = billing("run", *DUE, "--dir", imported, "--tenant", "zenith", "--all")
    assert (both.exit_code, both.stdout) == (2, "")

    runs = answer(billing("run", *DUE, "--dir", imported, "--all", "--json"))["tenants"]
    assert [(each["tenant_id"], each["generated"], each["total"]) for each in runs] == [
        ("acme-api", 187, "47829.14"),
        ("zenith", 187, "47829.14"),
    ]


def test_a_tenant_that_cannot_be_billed_is_named_and_stops_no_other(imported: Path) -> None:
    with sqlite3.connect(imported / "billing.sqlite3") as store:
        broken = ("tenants", "aaa", "tenants", 1, '{"id": "aaa"}')
        store.execute(
            "insert into docs (collection, id, collection_group, version, body) values (?, ?, ?, ?, ?)", broken
        )
    run = billing("run", *DUE, "--dir", imported, "--all", "--json")
    assert run.exit_code == 1
    billed = json.loads(run.stdout)
    assert [(each["tenant_id"], each["generated"]) for each in billed["tenants"]] == [("acme-api", 187)]
    assert [each["tenant_id"] for each in billed["errors"]] == ["aaa"]
    assert "billing: aaa: a stored tenant can't be read" in run.stderr


def test_an_import_counts_what_it_added_and_says_from_when_billing_continues(tmp_path: Path) -> None:
    first = billing("import", BOOK, "--dir", tmp_path)
    assert first.exit_code == 0
    assert "200" in first.stdout.split()
    assert "2026-02-28" in first.stdout
    again = answer(billing("import", BOOK, "--dir", tmp_path, "--json"))
    assert again["tenant_id"] == "acme-api"
    assert again["notes"]


def test_a_book_is_billed_from_the_day_that_is_asked(tmp_path: Path) -> None:
    """A month is billed on the first of the next: from 1 February on, January and February are billed here."""
    assert billing("import", BOOK, "--dir", tmp_path, "--bill-from", "2026-02-01").exit_code == 0
    run = answer(billing("run", *DUE, "--dir", tmp_path, "--dry-run", "--json"))
    assert {each["number"][:11] for each in run["invoices"]} == {"INV-2026-01", "INV-2026-02"}
    of_1047 = [each["period"]["start"][:10] for each in run["invoices"] if each["customer_id"] == "acct-1047"]
    assert of_1047 == ["2026-01-01", "2026-02-01"]


def test_a_day_that_is_none_is_refused(tmp_path: Path) -> None:
    refused = billing("import", BOOK, "--dir", tmp_path, "--bill-from", "2026-02-30")
    message = "billing: --bill-from: expected a date such as 2026-02-01, got '2026-02-30'\n"
    assert (refused.exit_code, refused.stderr) == (2, message)


def test_a_broken_book_is_refused_with_the_place_of_each_error(tmp_path: Path) -> None:
    book = a_book(tmp_path / "book")
    usage = (book / "usage.csv").read_text(encoding="utf-8").splitlines()
    usage[1] = usage[1].rpartition(",")[0] + ",-3"
    usage[2] = usage[2].rpartition(",")[0] + ",NaN"
    (book / "usage.csv").write_text("\n".join(usage) + "\n", encoding="utf-8")

    refused = billing("import", book, "--dir", tmp_path / "kept", "--json")

    assert (refused.exit_code, refused.stdout) == (2, "")
    lines = refused.stderr.splitlines()
    assert lines[0] == "billing: 2 errors; nothing was written"
    assert [line.split(":")[:3] for line in lines[1:]] == [
        ["usage.csv", "2", " quantity"],
        ["usage.csv", "3", " quantity"],
    ]
    assert not (tmp_path / "kept" / "billing.sqlite3").exists()


def test_a_book_with_thousands_of_errors_shows_twenty(tmp_path: Path) -> None:
    book = a_book(tmp_path / "book")
    rows = "".join(f"acct-1047,2026-02-{day:02},api_calls,x\n" for day in [1 + n % 28 for n in range(3000)])
    (book / "usage.csv").write_text("customer_id,date,metric,quantity\n" + rows, encoding="utf-8")
    lines = billing("import", book, "--dir", tmp_path / "kept").stderr.splitlines()
    assert len(lines) == 22
    assert lines[-1] == "and 2980 more"


def test_no_book_and_no_directory_are_told_apart(tmp_path: Path) -> None:
    no_book = billing("import", tmp_path / "none", "--dir", tmp_path)
    assert (no_book.exit_code, "there is no such folder" in no_book.stderr) == (2, True)
    no_store = billing("run", *DUE, "--dir", tmp_path)
    assert (no_store.exit_code, no_store.stdout) == (2, "")
    assert f"`billing import BOOK --dir {tmp_path}`" in no_store.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_store_is_exit_code_3(tmp_path: Path) -> None:
    (tmp_path / "billing.sqlite3").write_bytes(b"not a database, " * 100)
    broken = billing("invoices", "list", "--dir", tmp_path)
    assert (broken.exit_code, broken.stdout) == (3, "")
    assert broken.stderr == "billing: SQLite did not answer: file is not a database\n"


def test_a_subscription_that_cannot_be_billed_is_exit_code_1_and_the_others_are_billed(imported: Path) -> None:
    with sqlite3.connect(imported / "billing.sqlite3") as connection:
        connection.execute("update docs set body = json_set(body, '$.customer_id', 'nobody') where id = 'sub-1047'")
    connection.close()

    run = billing("run", *DUE, "--dir", imported, "--json")

    assert run.exit_code == 1
    told = json.loads(run.stdout)
    assert (told["generated"], told["failed"]) == (186, 1)
    assert [each["subscription_id"] for each in told["errors"]] == ["sub-1047"]
    in_words = billing("run", *DUE, "--dir", imported)
    assert in_words.exit_code == 1
    assert in_words.stderr.startswith("sub-1047: ")


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


def test_a_plan_is_checked_and_its_prices_worked_out() -> None:
    """100,001 calls: 10,000 free, 90,000 at 0.001 and 1 at 0.0005 come to 90.00; twice 100,000 to 140.00."""
    checked = answer(billing("plans", "check", BOOK / "plan.json", "--json"))
    examples = {each["quantity"]: each["amount"] for each in checked["plans"][0]["examples"]}
    assert examples == {
        "1": "0.00",
        "10000": "0.00",
        "10001": "0.00",
        "100000": "90.00",
        "100001": "90.00",
        "200000": "140.00",
    }
    told = billing("plans", "check", BOOK / "plan.json")
    assert told.exit_code == 0
    assert "Premium support (premium-support)" in told.stdout


def test_a_plan_with_overlapping_tiers_is_refused_at_its_place(tmp_path: Path) -> None:
    plan = json.loads((BOOK / "plan.json").read_text(encoding="utf-8"))
    plan["usage"][0]["tiers"][1]["up_to"] = 9000
    (tmp_path / "plan.json").write_text(json.dumps(plan, indent=1), encoding="utf-8")
    refused = billing("plans", "check", tmp_path / "plan.json")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "plan.json" in refused.stderr
    assert "tiers[1].up_to" in refused.stderr


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


def test_the_key_of_payment_links_is_made_once_and_for_its_owner_alone(imported: Path) -> None:
    key = imported / "keys" / "payment-link"
    first = key.read_text()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(first) >= 43
    assert billing("run", *DUE, "--dir", imported, "--limit", "1", "--json").exit_code == 0
    assert key.read_text() == first


def test_links_lead_to_the_address_that_is_asked(imported: Path) -> None:
    run = ("run", *DUE, "--dir", imported, "--limit", "1", "--pay-base", "https://pay.example.com", "--json")
    number = answer(billing(*run))["invoices"][0]["number"]
    invoice = answer(billing("invoices", "show", number, "--dir", imported, "--json"))
    assert invoice["payment_url"].startswith("https://pay.example.com/pay/")


@pytest.mark.parametrize("arguments", [[], ["demo"], ["import"], ["run"], ["invoices", "show"], ["plans", "check"]])
def test_help_has_examples(arguments: list[str]) -> None:
    helped = billing(*arguments, "--help")
    assert helped.exit_code == 0
    assert helped.stdout.count("  billing ") >= 1


def test_help_loads_nothing_heavy() -> None:
    program = "import sys; from billing.cli import app; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    heavy = {"reportlab", "google.auth", "grpc", "fastapi", "obstore", "sqlite3", "babel", "billing.wiring", "jwt"}
    assert heavy & set(run.stdout.split()) == set()


def test_the_version_is_the_package_s() -> None:
    assert billing("version").stdout == "billing 0.1.0\n"
    assert answer(billing("version", "--json")) == {"version": "0.1.0"}


def test_no_color_is_respected_on_a_terminal() -> None:
    """FORCE_COLOR makes rich think that it writes on a terminal; NO_COLOR then leaves the colours out."""
    command = [sys.executable, "-c", "from billing.cli import app; app()", "plans", "check", str(BOOK / "plan.json")]
    environ = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    colours = subprocess.run(command, capture_output=True, text=True, check=True, env={**environ, "FORCE_COLOR": "1"})
    plain = {**environ, "FORCE_COLOR": "1", "NO_COLOR": "1"}
    without = subprocess.run(command, capture_output=True, text=True, check=True, env=plain)
    assert "\x1b[36m" in colours.stdout or "\x1b[32m" in colours.stdout
    assert "\x1b[3" not in without.stdout


def stored(directory: Path) -> list[tuple[str, str, int]]:
    connection = sqlite3.connect(directory / "billing.sqlite3")
    rows = connection.execute("select collection, id, version from docs order by 1, 2").fetchall()
    connection.close()
    return rows
