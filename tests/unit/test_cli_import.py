"""`billing import`: what it counts, from when it bills, and books that it refuses."""

from pathlib import Path

from tests.command_line import BOOK, DUE, a_book, answer, billing


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
