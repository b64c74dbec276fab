"""The command line of credit notes and of a customer's balance: what it answers, and with which exit code."""

from pathlib import Path

import pytest

from billing.domain.credit_request import AmountCredit, CreditRequest
from billing.domain.payment import PaymentSource
from billing.usecases.call import Call
from billing.usecases.issue_credit_note import issue_credit_note
from billing.usecases.record_payment import NewPayment, record_payment
from billing.wiring import local_engine
from tests.builders import utc
from tests.command_line import BOOK, DUE, answer, billing
from tests.kept_directory import copy_of

NUMBER, INVOICE = "INV-2026-02-0047", "sub-1047.20260201T000000Z.r0"
SUPPORT = "premium-support:20260201T000000Z:flat"


@pytest.fixture(scope="module")
def billed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("billed") / "kept"
    assert billing("import", BOOK, "--dir", directory).exit_code == 0
    assert billing("run", *DUE, "--dir", directory).exit_code == 0
    return directory


@pytest.fixture
def billed(billed_once: Path, tmp_path: Path) -> Path:
    """A directory of the test's own with February billed: 312.91 for acct-1047, 99.00 of it for support, with 19 %."""
    return copy_of(billed_once, tmp_path / "kept")


def paid(directory: Path, *, by: str = "") -> None:
    engine = local_engine(directory, payment_link_base="")
    new = NewPayment(
        id="bank.1",
        amount=31_291,
        currency="USD",
        source=PaymentSource.BANK_TRANSFER,
        received_at=utc("2026-03-05"),
        invoice_ids=(INVOICE,),
        gateway_id=by,
    )
    record_payment(engine.documents, new, call=call_at("2026-03-05"))


def call_at(day: str) -> Call:
    return Call(tenant_id="acme-api", actor="cli", recorded_at=utc(day))


def test_a_line_is_credited_and_filed(billed: Path) -> None:
    issue = ("credit-notes", "issue", NUMBER, "--line", SUPPORT, "--reason", "no support", "--yes", "--dir", billed)
    note = answer(billing(*issue, "--json"))
    assert (note["number"], note["subtotal"], note["tax"], note["total"]) == (
        "CN-2026-02-0001",
        "99.00",
        "18.81",
        "117.81",
    )
    assert (note["invoice_number"], note["amount_due"], note["known"]) == (NUMBER, "195.10", False)
    assert (note["pending"], note["errors"], note["refunds"]) == ([], [], [])
    [pdf] = (billed / "objects/credit_notes").rglob("*.pdf")
    assert pdf.name == "CN-2026-02-0001.pdf"
    again = answer(billing(*issue, "--json"))
    assert (again["number"], again["known"]) == ("CN-2026-02-0001", True)
    shown = billing("credit-notes", "show", "CN-2026-02-0001", "--dir", billed).stdout
    assert "Premium support (monthly)" in shown
    assert f"PDF   {pdf}" in shown.replace("\n", "")
    assert "Credited" in billing("invoices", "show", NUMBER, "--dir", billed).stdout


def test_what_was_paid_goes_to_the_balance_and_the_statement_tells(billed: Path) -> None:
    paid(billed)
    issue = ("credit-notes", "issue", INVOICE, "--amount", "100.00", "--reason", "outage", "--yes", "--dir", billed)
    done = billing(*issue)
    assert done.exit_code == 0
    assert done.stdout.splitlines() == [
        f"Issued CN-2026-02-0001 over 100.00 USD against {NUMBER}, of which 0.00 USD is due.",
        "100.00 USD of payment bank.1 to the credit balance",
    ]
    statement = answer(billing("customers", "balance", "acct-1047", "--dir", billed, "--json"))
    assert (statement["credit_balance"], statement["amount_due"]) == ("100.00", "0.00")
    assert [(each["id"], each["refunded"]) for each in statement["payments"]] == [("bank.1", "100.00")]
    assert [each["number"] for each in statement["credit_notes"]] == ["CN-2026-02-0001"]
    assert statement["open_invoices"] == []
    shown = billing("customers", "balance", "acct-1047", "--dir", billed).stdout
    assert "312.91  succeeded, 100.00 given back" in shown


def test_who_owes_sees_what_is_open(billed_once: Path) -> None:
    statement = answer(billing("customers", "balance", "acct-1047", "--dir", billed_once, "--json"))
    assert [(each["number"], each["amount_due"]) for each in statement["open_invoices"]] == [(NUMBER, "312.91")]
    assert "INV-2026-02-0047" in billing("customers", "balance", "acct-1047", "--dir", billed_once).stdout
    nobody = billing("customers", "balance", "acct-9", "--dir", billed_once)
    assert (nobody.exit_code, nobody.stderr) == (2, "billing: no customer 'acct-9'\n")


def test_credit_notes_are_listed(billed: Path) -> None:
    assert billing("credit-notes", "list", "--dir", billed).stdout == "No credit notes.\n"
    for key in ("one", "two"):
        options = ("--amount", "1.00", "--reason", "goodwill", "--key", key, "--yes", "--dir", billed)
        assert billing("credit-notes", "issue", NUMBER, *options).exit_code == 0
    listed = answer(billing("credit-notes", "list", "--dir", billed, "--limit", "1", "--json"))
    assert ([each["number"] for each in listed["credit_notes"]], listed["more"]) == (["CN-2026-02-0001"], True)
    assert "There are more" in billing("credit-notes", "list", "--dir", billed, "--limit", "1").stdout
    assert answer(billing("credit-notes", "list", "--customer", "x", "--dir", billed, "--json"))["credit_notes"] == []
    shown = answer(billing("credit-notes", "show", "CN-2026-02-0002", "--dir", billed, "--json"))
    assert (shown["total"], shown["reason"]) == (100, "goodwill")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "how much? Use one of --whole, --amount and --line"),
        (("--whole", "--amount", "1.00"), "how much?"),
        (("--amount", "1.001"), "--amount: expected at most 2 decimals"),
        (("--amount", "500.00"), "amount: expected more than 0 and at most 312.91 USD"),
        (("--line", f"{SUPPORT}=x2"), "more than 0 and at most 1, the line's quantity"),
        (("--line", f"{SUPPORT}=99.01"), "at most 99.00 USD, what is left of it"),
        (("--whole", "--key", "a.b"), "key: expected 1 to 64 letters"),
    ],
)
def test_what_can_not_be_credited_is_refused(billed_once: Path, options: tuple[str, ...], message: str) -> None:
    issue = billing("credit-notes", "issue", NUMBER, *options, "--reason", "x", "--yes", "--dir", billed_once)
    assert issue.exit_code == 2
    assert message in issue.stderr


def test_without_a_yes_nothing_is_credited(billed_once: Path) -> None:
    asked = billing("credit-notes", "issue", NUMBER, "--whole", "--reason", "x", "--dir", billed_once)
    assert (asked.exit_code, asked.stderr) == (
        2,
        f"billing: Credit {NUMBER}? A credit note can't be taken back. Say so with --yes\n",
    )
    assert billing("credit-notes", "show", "CN-1", "--dir", billed_once).exit_code == 2


def test_what_is_overpaid_until_the_card_has_it_back_is_shown(billed: Path) -> None:
    paid(billed, by="pi_1")
    request = CreditRequest(key="k", what=AmountCredit(amount=10_000), reason="goodwill")
    documents, call = local_engine(billed, payment_link_base="").documents, call_at("2026-03-06")
    issue_credit_note(documents, INVOICE, request, call=call)
    shown = billing("invoices", "show", NUMBER, "--dir", billed).stdout
    assert [line.split()[:2] for line in shown.splitlines() if line.split()[:1] == ["Overpaid"]] == [
        ["Overpaid", "100.00"]
    ]
    rows = answer(billing("invoices", "list", "--json", "--dir", billed))["invoices"]
    assert [each["overpaid"] for each in rows if each["number"] == NUMBER] == ["100.00"]
    assert {each["overpaid"] for each in rows if each["number"] != NUMBER} == {"0.00"}
