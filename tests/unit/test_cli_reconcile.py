"""`billing reconcile` on a store of its own: what it prints, the JSON, the queue by hand, and the exit codes."""

import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from billing.cli import app
from billing.domain.bank import BankEntry, EntryKind, Statement, StatementFormat
from billing.domain.invoice import BankDetails
from billing.wiring import local_engine
from tests import statement_files
from tests.builders import a_fee, a_plan, a_tenant
from tests.world import World

IBAN = "DE89370400440532013000"


def entry(remittance: str, amount: int = 6200, kind: EntryKind = EntryKind.CREDIT) -> BankEntry:
    day = date(2026, 2, 3)
    return BankEntry(
        kind=kind, amount=amount, currency="USD", booked_on=day, valued_on=day, remittance=remittance, payer="[b]Ann"
    )


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Two customers with an invoice of 62.00 each, and a statement."""
    engine = local_engine(tmp_path, payment_link_base="http://127.0.0.1:8080")
    tenant = a_tenant(bank=BankDetails(account_holder="Acme", iban=IBAN))
    world = World(documents=engine.documents, objects=engine.objects, tenant=tenant)
    plan = world.plan(a_plan(fees=[a_fee("62.00")], anchor_day=1))
    for name in ("first", "second"):
        world.subscribes(name, to=plan, on="2026-01-01")
    world.travels_to("2026-02-01")
    world.runs_billing()
    entries = (entry("INV 2026-01 0001"), entry("[hello]", 100), entry("fee", 5, EntryKind.DEBIT))
    statement = Statement(format=StatementFormat.CAMT053, account=IBAN, number="2", currency="USD", entries=entries)
    (tmp_path / "february.xml").write_text(statement_files.camt([statement]))
    return tmp_path


def reconcile(directory: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["reconcile", *arguments, "--dir", str(directory)])


def imported(directory: Path, *options: str) -> Result:
    return reconcile(directory, str(directory / "february.xml"), *options)


def waiting_id(directory: Path) -> str:
    [waiting] = json.loads(reconcile(directory, "unmatched", "--json").stdout)["unmatched"]
    return str(waiting["id"])


def test_an_import_is_told_in_counts_sums_and_what_waits(directory: Path) -> None:
    result = imported(directory)
    lines = [line.rstrip() for line in result.stdout.splitlines()]
    assert lines[:6] == [
        "Transactions   3",
        "Matched        1  62.00 USD",
        "Taken back     0",
        "Already known  0",
        "Unmatched      1  1.00 USD",
        "Debits, fees   1  0.05 USD",
    ]
    assert lines[7].endswith("2026-02-03  1.00 USD  [b]Ann")
    assert lines[8:] == ["  [hello]", "  no invoice number stands in the text"]
    assert result.exit_code == 0


def test_the_json_names_every_transfer_with_amounts_as_text(directory: Path) -> None:
    answer = json.loads(imported(directory, "--json").stdout)
    [booked] = answer["booked"]
    assert booked["invoices"] == [{"invoice": "INV-2026-01-0001", "amount": "62.00", "settles": "full"}]
    assert (booked["payment_id"], booked["customer_id"], booked["to_balance"]) == (
        f"bank.{booked['id']}",
        "first",
        "0.00",
    )
    counts = {name: answer[name] for name in ("transactions", "matched", "already_known", "unmatched", "ignored")}
    assert counts == {"transactions": 3, "matched": 1, "already_known": 0, "unmatched": 1, "ignored": 1}
    assert answer["totals"]["matched"] == {"USD": "62.00"}
    assert [each["reason"] for each in answer["waiting"]] == ["no_reference"]


def test_a_dry_run_says_so_and_writes_nothing(directory: Path) -> None:
    assert imported(directory, "--dry-run").stdout.startswith("Nothing is written")
    assert reconcile(directory, "unmatched").stdout == "Nothing waits.\n"


def test_the_queue_is_worked_off_by_hand(directory: Path) -> None:
    imported(directory)
    waiting = waiting_id(directory)
    matched = reconcile(directory, "match", waiting, "INV-2026-01-0002", "--note", "called")
    assert matched.stdout == "1.00 USD booked: INV-2026-01-0002 1.00 (in part)\n"
    again = reconcile(directory, "match", waiting, "INV-2026-01-0002")
    assert (again.exit_code, "is matched already" in again.stderr) == (2, True)
    assert reconcile(directory, "unmatch", waiting, "--note", "wrong").stdout == f"{waiting} waits again.\n"
    ignored = json.loads(reconcile(directory, "ignore", waiting, "--note", "interest", "--json").stdout)
    assert (ignored["status"], ignored["note"]) == ("ignored", "interest")
    assert reconcile(directory, "unmatched").stdout == "Nothing waits.\n"


def test_options_may_stand_before_the_file(directory: Path) -> None:
    arguments = ["reconcile", "--dir", str(directory), "--dry-run", str(directory / "february.xml")]
    assert CliRunner().invoke(app, arguments).exit_code == 0


def test_help_names_the_commands() -> None:
    shown = CliRunner().invoke(app, ["reconcile", "--help"]).stdout
    assert "billing reconcile march.xml" in shown
    assert all(f"  {name} " in shown for name in ("unmatched", "match", "unmatch", "ignore"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<html/>", "february.xml:1: html: expected the root of camt.053"),
        (None, "No such file"),
        (
            "day;sum\n2026-02-03;1.00\n",
            "february.xml:1: expected the columns booked_on, amount, remittance, currency, ",
        ),
        ("day;sum\n2026-02-03;1.00\n", "got day, sum; --mapping names a bank's own"),
    ],
)
def test_a_file_that_can_not_be_read_is_refused_with_the_place(directory: Path, text: str | None, message: str) -> None:
    path = directory / "february.xml"
    path.unlink() if text is None else path.write_text(text)
    result = imported(directory)
    assert (result.exit_code, message in result.stderr) == (2, True)
