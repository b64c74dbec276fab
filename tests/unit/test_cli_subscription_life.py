"""`billing subscriptions create`, `change-items`, `change-plan`, `cancel`, `pause`, `resume`: answers and refusals."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.book_folder import book_folder
from tests.command_line import answer, billing
from tests.kept_directory import copy_of

AHEAD = {
    "plan_id": "basic",
    "name": "Basic",
    "currency": "USD",
    "cycle": {"every": 1, "unit": "month", "anchor_day": 1, "billed": "in_advance"},
    "fees": [{"fee_id": "base", "name": "Base", "price": "60.00"}],
    "addons": [{"addon_id": "seat", "name": "Seat", "price": "30.00"}],
}
PRO = {**AHEAD, "plan_id": "pro", "name": "Pro", "fees": [{"fee_id": "base", "name": "Pro", "price": "90.00"}]}
YEAR = {
    **AHEAD,
    "plan_id": "year",
    "name": "Year",
    "cycle": {"every": 1, "unit": "year", "billed": "in_advance"},
    "fees": [{"fee_id": "base", "name": "Year", "price": "365.00"}],
}
WEEK = {**YEAR, "plan_id": "week", "cycle": {"every": 1, "unit": "week", "billed": "in_advance"}}


def a_book(folder: Path) -> Path:
    """s-1 on `basic` since 1 April 2026."""
    rows = "subscription_id,customer_id,plan_id,started_on,ended_on\ns-1,c-1,basic,2026-04-01,\n"
    customers = "customer_id,name,country,currency\nc-1,Ada Ltd,NZ,USD\nc-2,Bo Ltd,NZ,USD\n"
    book_folder(folder, plan=None, customers=customers, subscriptions=rows, usage=None, addons=None)
    (folder / "plans.json").write_text(json.dumps([AHEAD, PRO, YEAR, WEEK]), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def billed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The book, billed ahead for April; nothing since."""
    folder, directory = a_book(tmp_path_factory.mktemp("book")), tmp_path_factory.mktemp("kept")
    assert billing("import", folder, "--dir", directory).exit_code == 0
    assert billing("run", "--as-of", "2026-04-01", "--dir", directory).exit_code == 0
    return directory


@pytest.fixture
def kept(billed_once: Path, tmp_path: Path) -> Path:
    return copy_of(billed_once, tmp_path / "kept")


def asked(kept: Path, verb: str, *options: str, of: str = "s-1") -> dict[str, Any]:
    return answer(billing("subscriptions", verb, of, *options, "--dir", kept, "--json"))


def told(kept: Path, verb: str, *options: str, of: str = "s-1") -> list[str]:
    shown = billing("subscriptions", verb, of, *options, "--dir", kept)
    assert shown.exit_code == 0, shown.output
    return [" ".join(line.split()) for line in shown.stdout.splitlines()]


def refused(kept: Path, verb: str, *options: str, of: str = "s-1") -> str:
    shown = billing("subscriptions", verb, of, *options, "--dir", kept)
    assert shown.exit_code == 2, shown.output
    return shown.stderr


def test_a_preview_shows_the_next_bills_without_and_with_and_changes_nothing(kept: Path) -> None:
    lines = told(kept, "change-items", "--set", "seat=2", "--on", "2026-04-16", "--preview")
    assert lines[0] == "A preview; nothing is changed. From 2026-04-16 on:"
    without, with_it = lines.index("The next bills without it"), lines.index("The next bills with it")
    assert lines[without + 1 : with_it] == ["2026-05-01 invoice", "Base (monthly) 1 60.00 60.00", "Total USD 60.00", ""]
    assert lines[with_it + 1 :] == [
        "2026-05-01 invoice",
        "Seat (monthly) 2 30.00 60.00",
        "Seat - proration 1 -30.00 -30.00",
        "Base (monthly) 1 60.00 60.00",
        "Seat (monthly) 2 30.00 60.00",
        "Total USD 150.00",
    ]
    assert "Add-on" not in " ".join(told(kept, "show"))


def test_add_ons_change_and_a_second_time_nothing_does(kept: Path) -> None:
    options = ("--set", "seat=2", "--on", "2026-04-16")
    assert told(kept, "change-items", *options)[-1] == "Add-on 2 x seat from 2026-04-16"
    assert told(kept, "change-items", *options)[-1] == "It was so before: nothing was changed."
    assert told(kept, "change-items", *options, "--preview") == ["It is so already: nothing would change."]
    assert not asked(kept, "change-items", *options)["changed"]


def test_the_plan_changes_with_the_next_period_and_back(kept: Path) -> None:
    assert "Plan pro@1 from 2026-05-01" in told(kept, "change-plan", "pro@1", "--on", "2026-05-01")
    shown = asked(kept, "change-plan", "basic@1", "--on", "2026-05-01")
    assert [phase["plan"] for phase in shown["subscription"]["phases"]] == ["basic@1"]
    previewed = asked(kept, "change-plan", "pro@1", "--on", "2026-04-16", "--preview")
    assert [each["invoice"]["total"] for each in previewed["without"]] == ["60.00"]
    # the pro plan for 15 of 30 days 45.00, the basic one's 15 days 30.00 back, May 90.00
    assert [each["invoice"]["total"] for each in previewed["bills"]] == ["105.00"]
    assert previewed["at"] == "2026-04-16T00:00:00+00:00"


def test_another_interval_starts_anew_or_keeps_the_anchor(kept: Path) -> None:
    change = ("change-plan", "year@1", "--on", "2026-04-11")
    restarted, anchored = (asked(kept, *change, *options, "--preview") for options in ((), ("--anchor", "keep")))
    # 20 of 30 days of 60.00 back; a year, or 355 of its 365 days, until 1 April 2027
    assert [each["invoice"]["total"] for each in restarted["bills"]] == ["325.00"]
    assert [each["invoice"]["total"] for each in anchored["bills"]] == ["315.00"]
    assert billing("tenants", "set", "interval_change=keep", "--dir", kept).exit_code == 0
    assert asked(kept, *change, "--preview")["bills"] == anchored["bills"]
    assert asked(kept, *change, "--anchor", "restart", "--preview")["bills"] == restarted["bills"]
    assert asked(kept, *change, "--anchor", "keep")["changed"]
    assert not asked(kept, *change, "--anchor", "keep")["changed"]
    assert billing("run", "--as-of", "2026-04-11", "--dir", kept).exit_code == 0
    shown = told(kept, "show")
    assert "Plan year@1 from 2026-04-11, the anchor kept" in shown
    assert "Next bill 2027-04-01" in shown


def test_an_end_with_the_running_period_is_the_default_and_can_be_taken_back(kept: Path) -> None:
    ended = asked(kept, "cancel")["subscription"]
    assert ended["end"] > "2026-11"
    assert asked(kept, "cancel", "--undo")["subscription"]["end"] is None
    assert "expected a subscription that is to end" in refused(kept, "cancel", "--undo")


def test_an_end_at_once_gives_back_what_is_asked_to_be_given_back(kept: Path) -> None:
    options = ("--on", "2026-04-16", "--unused", "offset")
    assert "At once: credit note CN-2026-04-0001 over 30.00 USD: 30.00 off what is due" in told(
        kept, "cancel", *options, "--preview"
    )
    assert "End s-1 at once? It can't be taken back. Say so with --yes" in refused(kept, "cancel", *options)
    done = asked(kept, "cancel", *options, "--yes")
    assert (done["credit_note"]["total"], done["errors"]) == ("30.00", [])
    assert asked(kept, "cancel", "--now", "--yes")["changed"] is False
    assert "Ends 2026-04-16 (unused time: offset)" in told(kept, "show")


def test_an_end_in_words_tells_of_its_credit_note(kept: Path) -> None:
    lines = told(kept, "cancel", "--on", "2026-04-16", "--unused", "refund", "--yes")
    assert lines[-1] == "Issued credit note CN-2026-04-0001 over 30.00 USD: 30.00 off what is due"


def test_it_is_paused_and_goes_on(kept: Path) -> None:
    assert "Paused from 2026-04-11 until it is resumed" in told(kept, "pause", "--on", "2026-04-11")
    assert "Paused from 2026-04-11 to 2026-04-21, the end not included" in told(kept, "resume", "--on", "2026-04-21")
    previewed = asked(kept, "pause", "--on", "2026-05-01", "--until", "2026-06-01", "--preview")
    [may] = previewed["bills"]
    assert may["credit_note"]["total"] == "20.00"  # ten days of April back, and May is not billed ahead
    assert "expected a subscription that is paused then" in refused(kept, "resume", "--on", "2026-04-25")


def test_what_brings_no_bill_says_why(kept: Path) -> None:
    told(kept, "pause", "--on", "2026-04-30")
    assert "2026-06-01 no invoice: paused" in told(kept, "resume", "--on", "2026-05-16", "--preview")


def test_a_pause_before_the_end_is_credited_by_the_last_bill(kept: Path) -> None:
    told(kept, "cancel", "--on", "2026-05-01", "--unused", "none", "--yes")
    lines = told(kept, "pause", "--on", "2026-04-30", "--preview")
    assert lines[-1] == "Total USD 2.00"  # a credit note for the last of thirty days


def test_a_subscription_is_opened_once_and_shown_beforehand(kept: Path) -> None:
    options = ("--customer", "c-2", "--plan", "basic@1", "--start", "2026-04-16", "--add", "seat=1", "--backdated")
    lines = told(kept, "create", *options, "--preview", of="s-new")
    assert lines[:5] == [
        "A preview; nothing is changed.",
        "",
        "Its first bills",
        "2026-04-16 invoice",
        "Base (monthly) 1 60.00 60.00",
    ]
    bills = asked(kept, "create", *options, "--preview", of="s-new")["bills"]
    assert bills[0]["invoice"]["total"] == "45.00"  # 15 of 30 days of 60.00 and 30.00
    assert "Add-on 1 x seat from 2026-04-16" in told(kept, "create", *options, of="s-new")
    assert asked(kept, "create", *options, of="s-new")["known"] is True
    assert told(kept, "create", *options, of="s-new")[-1] == "It was opened before: nothing was changed."
    assert "another one needs another id" in refused(kept, "create", *options, of="s-1")


def test_the_book_that_it_came_from_can_still_be_imported(kept: Path, tmp_path: Path) -> None:
    told(kept, "change-items", "--set", "seat=2", "--on", "2026-04-16")
    told(kept, "change-plan", "pro@1", "--on", "2026-05-01")
    told(kept, "pause", "--on", "2026-06-01")
    told(kept, "cancel", "--on", "2026-07-01", "--unused", "none", "--yes")
    (tmp_path / "book").mkdir()
    again = billing("import", a_book(tmp_path / "book"), "--dir", kept)
    assert again.exit_code == 0, again.output
    assert "Ends 2026-07-01 (unused time: none)" in told(kept, "show")


def test_one_that_starts_now_needs_no_date(kept: Path) -> None:
    created = asked(kept, "create", "--customer", "c-2", "--plan", "basic@1", of="s-now")["subscription"]
    assert created["phases"][0]["start"] > "2026-11"


@pytest.mark.parametrize(
    ("verb", "options", "words"),
    [
        ("change-items", ("--set", "seat"), "--set: expected ADDON=N, each add-on once, got 'seat'"),
        ("change-items", ("--set", "seat=1", "--set", "seat=2"), "--set: expected ADDON=N, each add-on once"),
        ("change-items", ("--set", "seat=many"), "--set"),
        ("change-items", ("--set", "phone=1"), "addon_id: expected an add-on of basic@1 (seat), got 'phone'"),
        ("change-plan", ("gone@1",), "no plan version 'gone@1'"),
        ("change-plan", ("pro@1", "--on", "soon"), "--on: expected 2026-03-01"),
        ("change-plan", ("pro@1", "--on", "2026-03-01"), "at: expected an instant from the start on"),
        ("change-plan", ("week@1", "--anchor", "keep"), "anchor: expected restart, as week@1 is billed by the week"),
        ("cancel", ("--now", "--undo"), "when? Use one of --now, --on and --undo"),
        ("cancel", ("--unused", "refund"), "unused: expected credit or none for an end that is still to come"),
        ("pause", ("--on", "2026-04-10", "--until", "2026-04-09"), "end: expected an instant after 2026-04-10"),
        ("create", ("--customer", "c-9", "--plan", "basic@1"), "no customer 'c-9'"),
    ],
)
def test_what_can_not_be_is_refused_in_a_sentence(kept: Path, verb: str, options: tuple[str, ...], words: str) -> None:
    assert words in refused(kept, verb, *options, of="s-x" if verb == "create" else "s-1")


def test_days_of_one_with_a_time_zone_of_its_own_are_days_there(kept: Path) -> None:
    options = ("--customer", "c-1", "--plan", "basic@1", "--start", "2026-04-01", "--time-zone", "America/New_York")
    opened = asked(kept, "create", *options, "--backdated", of="west")["subscription"]
    assert (opened["zone"], opened["phases"][0]["start"]) == ("America/New_York", "2026-04-01T04:00:00+00:00")
    [paused] = asked(kept, "pause", "--on", "2026-04-10", "--until", "2026-04-12", of="west")["subscription"]["pauses"]
    assert (paused["start"], paused["end"]) == ("2026-04-10T04:00:00+00:00", "2026-04-12T04:00:00+00:00")
    charge = ("visit", "--name", "Visit", "--price", "5", "--on", "2026-04-20")
    [once] = asked(kept, "add-charge", *charge, of="west")["one_time"]
    assert once["charged_at"] == "2026-04-20T04:00:00+00:00"
    said = refused(kept, "create", *options[:-1], "New York", of="east")
    assert "--time-zone: expected an IANA time zone such as Europe/Berlin, got 'New York'" in said


def test_a_void_bill_that_comes_out_below_zero_is_made_again_as_a_credit_note(kept: Path) -> None:
    """The year is taken back after its bill, and May's bill charges April's other 20 days: 40.00 of 60.00 come back."""
    asked(kept, "change-plan", "year@1", "--on", "2026-04-11")
    assert billing("run", "--as-of", "2026-04-11", "--dir", kept).exit_code == 0
    void = ("invoices", "void", "INV-2026-04-0002", "--reason", "no year after all", "--yes", "--dir", kept)
    assert billing(*void).exit_code == 0
    asked(kept, "change-plan", "basic@1", "--on", "2026-04-11")
    assert billing("run", "--as-of", "2026-05-01", "--dir", kept).exit_code == 0
    reissue = ("invoices", "reissue", "INV-2026-04-0002", "--dir")
    found = answer(billing(*reissue, copy_of(kept, kept.parent / "other"), "--json"))
    assert (found["credit_note"]["number"], found["credit_note"]["total"]) == ("CN-2026-04-0001", "40.00")
    assert (found["replaces"], found["errors"]) == ("INV-2026-04-0002", [])
    shown = billing(*reissue, kept)
    said = "Issued credit note CN-2026-04-0001  c-1  40.00 USD, in place of INV-2026-04-0002: it is on the balance.\n"
    assert (shown.exit_code, shown.stdout) == (0, said)
    assert "was replaced by credit note CN-2026-04-0001" in billing(*reissue, kept).stderr
    assert billing("verify", "--dir", kept).exit_code == 0
