"""`billing audit`: what is listed, proved, sealed and exported, and with which exit code."""

import csv
import hashlib
import json
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from billing.cli import app
from tests.kept_directory import copy_of

BOOK = Path(__file__).parents[2] / "samples" / "february-2026"
INVOICE = "invoices/sub-1047.20260201T000000Z.r0"


def billing(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["audit", *(str(each) for each in arguments)])


def answer(result: Result) -> dict:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("books")
    for command in (["import", str(BOOK)], ["run", "--as-of", "2026-03-01"]):
        assert CliRunner().invoke(app, [*command, "--dir", str(directory), "--json"]).exit_code == 0
    return directory


@pytest.fixture
def books(kept: Path, tmp_path: Path) -> Path:
    """The billed February book, to be sealed and tampered with."""
    return copy_of(kept, tmp_path / "kept")


def tampers(directory: Path, statement: str, *bound: str) -> None:
    with sqlite3.connect(directory / "billing.sqlite3") as database:
        assert database.execute(statement, bound).rowcount == 1
    database.close()


def test_an_invoice_s_records_are_listed_by_its_number(kept: Path) -> None:
    listed = answer(billing("list", "--entity", "INV-2026-02-0047", "--dir", kept, "--json"))
    [record] = listed["records"]
    assert (listed["tenant_id"], listed["more"]) == ("acme-api", False)
    assert (record["entity"], record["event"], record["actor"]) == (INVOICE, "invoice.issued", "cli")
    assert record["reason"].startswith("INV-2026-02-0047 by run ")
    assert answer(billing("list", "--entity", INVOICE, "--dir", kept, "--json")) == listed
    told = billing("list", "--entity", "INV-2026-02-0047", "--dir", kept).stdout
    assert f"UTC  cli  invoice.issued  {INVOICE}\n    issued; INV-2026-02-0047 by run" in told


def test_records_are_filtered_and_more_is_said(kept: Path) -> None:
    two = answer(billing("list", "--event", "invoice.issued", "--limit", "2", "--dir", kept, "--json"))
    assert (len(two["records"]), two["more"]) == (2, True)
    assert f"There are more; they go on with --after {two['next_after']}\n" in (
        billing("list", "--event", "invoice.issued", "--limit", "2", "--dir", kept).stdout
    )
    for nobody in (["--actor", "nobody"], ["--until", "2026-01-01"], ["--since", "2199-01-01"]):
        assert billing("list", *nobody, "--dir", kept).stdout == "Nothing recorded.\n"


def test_a_list_goes_on_behind_its_last_record_to_its_end(kept: Path) -> None:
    whole = answer(billing("list", "--limit", "1000", "--dir", kept, "--json"))
    assert (whole["more"], whole["next_after"]) == (False, None)
    half = len(whole["records"]) // 2
    assert whole["records"][half - 1]["at"] == whole["records"][half]["at"]
    first = answer(billing("list", "--limit", str(half), "--dir", kept, "--json"))
    after = ["--after", first["next_after"], "--limit", "1000"]
    assert first["records"] + answer(billing("list", *after, "--dir", kept, "--json"))["records"] == whole["records"]
    assert billing("list", "--after", "nowhere", "--dir", kept).exit_code == 2
    assert billing("list", *after, "--until", "2026-03-02", "--dir", kept).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["list", "--entity", "INV-1"], "no invoice 'INV-1'"),
        (["list", "--since", "soon"], "--since: expected"),
        (["export", "--until", "soon"], "--until: expected"),
        (["verify", "--digest", "4d87"], "--digest: expected the 64 hexadecimal digits"),
        (["export", "--json"], "use it with --to FILE"),
    ],
)
def test_what_can_not_be_done_is_said_in_a_line(kept: Path, arguments: list[str], why: str) -> None:
    refused = billing(*arguments, "--dir", kept)
    assert refused.exit_code == 2
    assert refused.stderr.startswith("billing: ")
    assert why in refused.stderr


def test_what_is_younger_than_two_hours_is_not_sealed_but_at_once(books: Path) -> None:
    assert answer(billing("seal", "--dir", books, "--json")) == {"tenant_id": "acme-api", "new": False, "seal": None}
    assert billing("seal", "--dir", books).stdout.startswith("Nothing to seal yet")
    made = answer(billing("seal", "--at-once", "--dir", books, "--json"))
    assert (made["new"], made["seal"]["number"], made["seal"]["batches"]) == (True, 1, 4)
    again = answer(billing("seal", "--at-once", "--dir", books, "--json"))
    assert again == {**made, "new": False}
    assert made["seal"]["digest"] in billing("seal", "--dir", books).stdout


def test_a_whole_log_is_clean_and_its_digest_is_found_again(books: Path) -> None:
    digest = answer(billing("seal", "--at-once", "--dir", books, "--json"))["seal"]["digest"]
    verified = answer(billing("verify", "--digest", digest, "--dir", books, "--json"))
    assert (verified["clean"], verified["findings"], verified["seals"]) == (True, [], 1)
    assert verified["not_sealed"] == {"batches": 0, "records": 0}
    assert verified["kept"]["digest"] == digest
    told = billing("verify", "--digest", digest, "--dir", books).stdout
    assert "has the digest that you kept" in told
    assert "Nothing found: every record is as it was written." in told


def test_a_removed_batch_and_a_wrong_digest_are_exit_code_1(books: Path) -> None:
    assert billing("seal", "--at-once", "--dir", books).exit_code == 0
    tampers(books, "delete from docs where collection = 'tenants/acme-api/audit' and id like '%-run-%-000001'")
    found = billing("verify", "--digest", "0" * 64, "--dir", books, "--json")
    assert found.exit_code == 1
    assert json.loads(found.stdout)["counts"] == {"audit_seal_missing": 1, "audit_stretch_differs": 1}
    told = billing("verify", "--dir", books)
    assert (told.exit_code, "1 batch with 187 records removed" in told.stdout) == (1, True)


def test_an_export_as_json_lines_can_be_proved_by_anybody(kept: Path) -> None:
    rows = [json.loads(line) for line in billing("export", "--dir", kept).stdout.splitlines()]
    said = ("actor", "after", "at", "before", "entity", "event", "reason", "request_id")
    previous: dict[str, str] = {}
    for row in rows:
        begin = hashlib.sha256(f"acme-api/{row['batch'].partition('-')[2]}".encode()).hexdigest()
        record = json.dumps({name: row[name] for name in said}, separators=(",", ":"), ensure_ascii=False)
        before = previous.get(row["batch"], begin)
        assert row["hash"] == hashlib.sha256((before + record).encode()).hexdigest()
        previous[row["batch"]] = row["hash"]
    assert len(previous) == 4
    assert {row["seal"] for row in rows} == {None}


def test_an_export_as_csv_has_a_line_a_record(books: Path, tmp_path: Path) -> None:
    assert billing("seal", "--at-once", "--dir", books).exit_code == 0
    file = tmp_path / "audit.csv"
    done = answer(billing("export", "--format", "csv", "--to", file, "--dir", books, "--json"))
    with file.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert done == {"tenant_id": "acme-api", "file": str(file), "records": len(rows)}
    [one] = [row for row in rows if row["entity"] == INVOICE]
    assert (one["event"], one["actor"], one["seal"]) == ("invoice.issued", "cli", "1")
    nothing = billing("export", "--format", "csv", "--until", "2026-01-01", "--dir", books)
    assert nothing.stdout.strip() == ",".join(rows[0])


@pytest.mark.parametrize("command", ["list", "verify", "seal", "export"])
def test_help_has_examples(command: str) -> None:
    helped = billing(command, "--help")
    assert helped.exit_code == 0
    assert f"  billing audit {command} " in helped.stdout
