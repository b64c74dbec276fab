"""The command line of the review queue: what is held, decided, previewed and compared, with which exit code.

The February book has no usage in March, so that with a guard of 3 most invoices of March wait: they fell too far.
"""

import json
import shutil
from pathlib import Path

import pytest

from tests.command_line import BOOK, answer, billing
from tests.kept_directory import copy_of

MARCH = ("--as-of", "2026-04-01")
LARGEST = "sub-1068.20260301T000000Z.r0"
SECOND = "sub-1114.20260301T000000Z.r0"


def a_guarded_book(folder: Path) -> Path:
    shutil.copytree(BOOK, folder)
    tenant = json.loads((folder / "tenant.json").read_text(encoding="utf-8"))
    tenant["guard"] = {"factor": 3, "floor": "50.00"}
    (folder / "tenant.json").write_text(json.dumps(tenant), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def held_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("held")
    directory = folder / "kept"
    assert billing("import", a_guarded_book(folder / "book"), "--dir", directory).exit_code == 0
    assert answer(billing("run", "--as-of", "2026-03-01", "--dir", directory, "--json"))["held"] == 0
    assert billing("run", *MARCH, "--dir", directory).exit_code == 0
    return directory


@pytest.fixture
def held(held_once: Path, tmp_path: Path) -> Path:
    """A directory of the test's own with February billed and most of March held."""
    return copy_of(held_once, tmp_path / "kept")


def test_a_run_says_how_many_it_holds_and_what_they_come_to(held_once: Path) -> None:
    reviews = answer(billing("reviews", "list", "--dir", held_once, "--limit", "1000", "--json"))["reviews"]
    drafts = answer(billing("invoices", "list", "--status", "draft", "--dir", held_once, "--limit", "1000", "--json"))
    assert len(reviews) == len(drafts["invoices"]) > 50
    assert {each["kind"] for each in reviews} == {"guard"}
    assert {each["number"] for each in drafts["invoices"]} == {""}
    run = answer(billing("run", "--as-of", "2026-05-01", "--dry-run", "--dir", held_once, "--json"))
    assert run["held"] == len(run["held_invoices"]) > 50
    assert run["generated"] + run["held"] == 187
    assert len(run["invoices"]) == run["generated"]
    shown = billing("run", "--as-of", "2026-05-01", "--dry-run", "--dir", held_once).stdout
    assert f"Held for review     {run['held']:>3}" in shown


def test_a_case_is_shown_by_the_id_of_its_invoice_with_the_figures(held_once: Path) -> None:
    case = answer(billing("reviews", "show", LARGEST, "--dir", held_once, "--json"))
    assert case["invoice_id"] == LARGEST
    assert case["reason"] == "99.00 USD is less than 1/3 of the last invoice's, 2,202.05 USD"
    assert case["figures"]["recent"] == "2202.05"
    assert answer(billing("reviews", "show", case["id"], "--dir", held_once, "--json")) == case
    shown = billing("reviews", "show", LARGEST, "--dir", held_once).stdout
    assert "2,202.05 USD" in shown
    missing = billing("reviews", "show", "sub-9", "--dir", held_once)
    assert (missing.exit_code, missing.stderr) == (2, "billing: no review 'sub-9'\n")


def test_what_is_approved_gets_the_next_numbers_of_its_month(held: Path) -> None:
    issued = answer(billing("invoices", "list", "--status", "issued", "--dir", held, "--limit", "1000", "--json"))
    last = max(each["number"] for each in issued["invoices"] if "-03-" in each["number"])
    done = answer(billing("invoices", "approve", SECOND, LARGEST, "--dir", held, "--json"))
    first, second = (int(each["number"][-4:]) for each in done["approved"])
    assert (first, second) == (int(last[-4:]) + 1, int(last[-4:]) + 2)
    assert [each["subscription_id"] for each in done["approved"]] == ["sub-1068", "sub-1114"]
    assert (done["settled"], done["unchanged"], done["errors"]) == (2, [], [])
    again = billing("invoices", "approve", LARGEST, "--dir", held)
    assert (again.exit_code, again.stdout) == (0, f"{LARGEST} was issued before\n")
    shown = answer(billing("invoices", "show", LARGEST, "--dir", held, "--json"))
    assert shown["status"] == "issued"
    case = billing("reviews", "show", LARGEST, "--dir", held).stdout
    assert "approved" in case


def test_everything_is_approved_only_when_it_is_said(held: Path) -> None:
    for arguments in ((), (LARGEST, "--all")):
        refused = billing("invoices", "approve", *arguments, "--dir", held)
        assert refused.exit_code == 2
        assert "or use --all" in refused.stderr
    unsaid = billing("invoices", "approve", "--all", "--dir", held)
    assert unsaid.exit_code == 2
    assert "--yes" in unsaid.stderr
    assert billing("invoices", "approve", "--all", "--yes", "--dir", held).exit_code == 0
    assert billing("reviews", "list", "--dir", held).stdout == "Nothing waits.\n"
    assert billing("invoices", "approve", "--all", "--yes", "--dir", held).stdout == "Nothing waits.\n"


def test_what_is_rejected_is_due_again(held: Path) -> None:
    done = answer(billing("invoices", "reject", LARGEST, "--note", "usage is missing", "--dir", held, "--json"))
    assert (done["invoice_id"], done["resolution"], done["note"]) == (LARGEST, "rejected", "usage is missing")
    assert billing("invoices", "show", LARGEST, "--dir", held).exit_code == 2
    resolved = answer(billing("reviews", "list", "--status", "resolved", "--dir", held, "--json"))
    assert [each["invoice_id"] for each in resolved["reviews"]] == [LARGEST]
    assert "Note" in billing("reviews", "show", LARGEST, "--dir", held).stdout
    shown = billing("invoices", "reject", SECOND, "--note", "usage is missing", "--dir", held)
    assert shown.stdout == f"Rejected {SECOND}; the next run bills its cycle anew.\n"
    run = answer(billing("run", *MARCH, "--dir", held, "--json"))
    assert run["held"] == 2


def test_an_invoice_is_void_once_it_is_said_and_reissued(held: Path) -> None:
    unsaid = billing("invoices", "void", "INV-2026-02-0047", "--reason", "wrong address", "--dir", held)
    assert unsaid.exit_code == 2
    assert unsaid.stderr.startswith("billing: Make INV-2026-02-0047 void?")
    void = ("invoices", "void", "INV-2026-02-0047", "--reason", "wrong address", "--yes", "--dir", held)
    done = answer(billing(*void, "--json"))
    assert (done["status"], done["number"], done["total"]) == ("void", "INV-2026-02-0047", "312.91")
    assert billing(*void).stdout == (
        "INV-2026-02-0047 is void; `billing invoices reissue INV-2026-02-0047` invoices it again.\n"
    )
    again = answer(billing("invoices", "reissue", "INV-2026-02-0047", "--dir", held, "--json"))
    assert (again["number"], again["replaces"], again["total"]) == ("INV-2026-02-0188", "INV-2026-02-0047", "312.91")
    assert (again["id"], again["status"]) == ("sub-1047.20260201T000000Z.r1", "issued")
    twice = billing("invoices", "reissue", "INV-2026-02-0047", "--dir", held)
    assert twice.exit_code == 2
    assert "was replaced by invoice INV-2026-02-0188" in twice.stderr
    assert "Replaces      INV-2026-02-0047" in billing("invoices", "show", "INV-2026-02-0188", "--dir", held).stdout
    refused = billing("invoices", "void", LARGEST, "--reason", "x", "--yes", "--dir", held)
    assert (refused.exit_code, refused.stderr) == (
        2,
        f"billing: invoice {LARGEST} can't be void, as it is a draft: reject it\n",
    )


def test_an_invoice_is_written_off_once_it_is_said_and_late_money_is_booked(held: Path) -> None:
    command = ("invoices", "write-off", "INV-2026-02-0047", "--reason", "insolvent", "--dir", held)
    unsaid = billing(*command)
    assert unsaid.exit_code == 2
    assert unsaid.stderr.startswith("billing: Write INV-2026-02-0047 off?")
    told = "INV-2026-02-0047 is written off: 312.91 USD is not asked for any more."
    said = f"{told} Money that comes for it is still booked.\n"
    assert [billing(*command, "--yes").stdout for _ in range(2)] == [said] * 2
    done = answer(billing(*command, "--yes", "--json"))
    assert (done["status"], done["total"], done["amount_due"]) == ("uncollectible", "312.91", "312.91")
    late = ("--invoice", "INV-2026-02-0047", "--amount", "312.91", "--received-on", "2026-06-01", "--dir", held)
    [invoice] = answer(billing("payments", "record", *late, "--json"))["invoices"]
    assert invoice["status"] == "paid"
    refused = billing(*command, "--yes")
    assert (refused.exit_code, refused.stderr) == (
        2,
        "billing: invoice: expected one that money is owed of, got 'paid'\n",
    )


def test_a_reissue_is_told_in_a_line(held: Path) -> None:
    assert billing("invoices", "void", "INV-2026-02-0047", "--reason", "x", "--yes", "--dir", held).exit_code == 0
    told = billing("invoices", "reissue", "INV-2026-02-0047", "--dir", held)
    assert told.stdout == "Issued INV-2026-02-0188  acct-1047  312.91 USD, in place of INV-2026-02-0047.\n"


def test_the_next_invoice_is_previewed_and_drawn(held: Path, tmp_path: Path) -> None:
    pdf = tmp_path / "preview.pdf"
    at = ("--at", "2026-04-15", "--dir", held)
    found = answer(billing("invoices", "preview", "--customer", "acct-1068", *at, "--pdf", pdf, "--json"))
    [preview] = found["previews"]
    assert (preview["subscription_id"], preview["bill_for_date"]) == ("sub-1068", "2026-05-01T00:00:00+00:00")
    assert (preview["invoice"]["number"], preview["invoice"]["status"]) == ("", "draft")
    assert preview["invoice"]["subtotal"] == "99.00"
    assert pdf.read_bytes().startswith(b"%PDF-")
    shown = billing("invoices", "preview", "--subscription", "sub-1068", *at)
    assert shown.stdout.startswith("Preview of sub-1068, to be billed 2026-05-01 00:00 UTC\nInvoice (draft)  draft\n")
    assert billing("invoices", "preview", *at).exit_code == 2
    wrong = billing("invoices", "preview", "--customer", "acct-1068", "--at", "soon", "--dir", held)
    assert wrong.stderr.startswith("billing: --at: expected 2026-03-01, or")


def test_a_comparison_needs_a_dry_run_and_something_that_is_due(held: Path) -> None:
    compared = billing("run", *MARCH, "--dry-run", "--compare", "--dir", held)
    assert (compared.exit_code, "Nothing to compare." in compared.stdout) == (0, True)
    alone = billing("run", *MARCH, "--compare", "--dir", held)
    assert (alone.exit_code, "use it with --dry-run" in alone.stderr) == (2, True)


def test_a_comparison_names_the_greatest_change_first(tmp_path: Path) -> None:
    """February's 45,684.14 without tax: 31,204.50 usage, 14,892.00 flat, -412.36 proration; March has no usage."""
    directory = tmp_path / "kept"
    billing("import", BOOK, "--dir", directory)
    billing("run", "--as-of", "2026-03-01", "--dir", directory)
    run = answer(billing("run", *MARCH, "--dry-run", "--compare", "--dir", directory, "--json"))
    comparison = run["comparison"]
    assert comparison["totals"] == [
        {"currency": "USD", "before": "45684.14", "now": "14892.00", "difference": "-30792.14"}
    ]
    assert sum(comparison["counts"].values()) == len(comparison["bills"]) == 187
    assert comparison["bills"][0] == {
        "subscription_id": "sub-1068",
        "customer_id": "acct-1068",
        "change": "down",
        "currency": "USD",
        "before": "2202.05",
        "now": "99.00",
        "difference": "-2103.05",
        "factor": "0.04",
    }
    shown = billing("run", *MARCH, "--dry-run", "--compare", "--dir", directory).stdout
    assert "45,684.14 -> 14,892.00 USD (-30,792.14)" in shown


def test_a_wrong_version_is_published_over_and_corrected(held: Path, tmp_path: Path) -> None:
    plan = json.loads((BOOK / "plan.json").read_text(encoding="utf-8"))
    (tmp_path / "plan-2.json").write_text(json.dumps(plan | {"version": 2}), encoding="utf-8")
    published = billing("plans", "publish", tmp_path / "plan-2.json", "--dir", held)
    assert published.stdout == "Published api-platform@2\n"
    again = answer(billing("plans", "publish", tmp_path / "plan-2.json", "--dir", held, "--json"))
    assert (again["published"], again["unchanged"]) == ([], ["api-platform@2"])
    assert billing("plans", "publish", tmp_path / "plan-2.json", "--dir", held).stdout.endswith("published before\n")
    correct = ("plans", "correct", "api-platform@1", "api-platform@2", "--dir", held)
    assert billing(*correct).exit_code == 2
    one = billing(*correct, "--subscription", "sub-1047", "--yes")
    assert one.stdout == "Subscriptions put on api-platform@2: 1\n"
    billed = billing(*correct, "--subscription", "sub-1068", "--since", "2026-03-01", "--yes")
    assert billed.exit_code == 1
    assert f"{LARGEST} has, so reject it first" in billed.stderr
    rest = billing(*correct, "--yes", "--json")
    corrected = json.loads(rest.stdout)
    assert len(corrected["corrected"]) > 150
    assert {each["code"] for each in corrected["errors"]} <= {"invalid_input"}


def test_an_invoice_is_mailed_once_more_and_what_keeps_it_is_told(held: Path) -> None:
    send = ("invoices", "send", "INV-2026-02-0047", "--dir", held)
    assert "no mails are sent for this tenant" in billing(*send).stderr
    assert billing("tenants", "set", "mail_sender=billing@acme.test", "--dir", held).exit_code == 0
    sent = [answer(billing(*send, "--json")) for _ in range(2)]
    assert sent[0]["message_id"] != sent[1]["message_id"]
    assert len(list((held / "mail" / "new").iterdir())) == 2
    wrong = billing(*send, "--to", "nobody")
    assert (wrong.exit_code, "--to: expected an e-mail address" in wrong.stderr) == (2, True)
    assert "a draft: approve it first" in billing("invoices", "send", LARGEST, "--dir", held).stderr


def test_how_a_customer_wants_its_invoices_is_said_and_shown(held: Path) -> None:
    wanted = ("customers", "set-delivery", "acct-1047")
    assert answer(billing(*wanted, "portal", "--dir", held, "--json"))["invoice_delivery"] == "portal"
    assert answer(billing("customers", "show", "acct-1047", "--dir", held, "--json"))["invoice_delivery"] == "portal"
    assert "gets its invoices by e-mail" in billing(*wanted, "both", "--dir", held).stdout
    assert billing("customers", "set-delivery", "nobody", "portal", "--dir", held).exit_code == 2
