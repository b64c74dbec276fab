"""`billing dunning run`: what is due is done once, a dry run looks ahead, several tenants, what is refused."""

import json
import sqlite3
from pathlib import Path

import pytest

from tests.command_line import BOOK, DUE, a_book, answer, billing
from tests.kept_directory import copy_of

RUN = ("dunning", "run", "--dir")


@pytest.fixture(scope="module")
def billed_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("billed")
    assert billing("import", BOOK, "--dir", directory).exit_code == 0
    assert billing("run", *DUE, "--dir", directory, "--limit", "3").exit_code == 0
    return directory


@pytest.fixture
def billed(billed_once: Path, tmp_path: Path) -> Path:
    """A directory of the test's own with three invoices of the February book, all to be paid by transfer."""
    return copy_of(billed_once, tmp_path / "kept")


def test_a_late_run_does_the_latest_step_and_names_what_it_passed_over(billed: Path) -> None:
    report = answer(billing(*RUN, billed, "--as-of", "2026-04-04", "--json"))

    assert (report["tenant_id"], report["overdue"], report["processed"], report["complete"]) == ("acme-api", 3, 6, True)
    assert (report["actions"], report["errors"], report["dry_run"]) == ({"noted": 3, "overdue": 3}, [], False)
    [first] = [each for each in report["details"] if each["number"] == "INV-2026-02-0001" and each["action"] == "noted"]
    assert {name: first[name] for name in ("day", "passed_over", "before", "after", "charged", "currency")} == {
        "day": 3,
        "passed_over": [0],
        "before": "issued",
        "after": "reminder_sent",
        "charged": "0.00",
        "currency": "USD",
    }


def test_the_story_of_a_run_has_a_line_for_each_thing_done(billed: Path) -> None:
    told = billing(*RUN, billed, "--as-of", "2026-04-04")

    assert (told.exit_code, told.stderr) == (0, "")
    assert "Acme API Platform Inc. (acme-api), as of 2026-04-04 00:00 UTC\n" in told.stdout
    [line] = [each for each in told.stdout.splitlines() if "INV-2026-02-0001" in each and "noted" in each]
    assert line.split()[:7] == ["INV-2026-02-0001", "acct-1001", "noted", "3", "reminder", "sent", "89.54"]
    assert told.stdout.endswith("noted: 3, overdue: 3\n")
    again = billing(*RUN, billed, "--as-of", "2026-04-04")
    assert again.stdout.splitlines()[1:] == ["Nothing is due."]


def test_a_dry_run_tells_the_same_and_writes_nothing(billed: Path) -> None:
    before = stored(billed)
    dry = answer(billing(*RUN, billed, "--as-of", "2026-04-04", "--dry-run", "--json"))
    assert stored(billed) == before

    real = answer(billing(*RUN, billed, "--as-of", "2026-04-04", "--json"))

    assert dry["dry_run"]
    assert by_number(dry) == by_number(real)
    assert "dry run: nothing was done" in billing(*RUN, billed, "--dry-run").stdout


def test_only_a_dry_run_looks_ahead(billed: Path) -> None:
    before = stored(billed)
    refused = billing(*RUN, billed, "--as-of", "2199-01-01", "--json")

    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr == (
        "billing: --as-of 2199-01-01 is to come, and a run takes no step before its day; --dry-run looks ahead\n"
    )
    assert stored(billed) == before
    ahead = answer(billing(*RUN, billed, "--as-of", "2199-01-01", "--dry-run", "--json"))
    assert ahead["actions"]["overdue"] == 3


def test_a_limit_stops_the_run_and_says_so(billed: Path) -> None:
    first = billing(*RUN, billed, "--as-of", "2026-04-04", "--limit", "1")
    rest = answer(billing(*RUN, billed, "--as-of", "2026-04-04", "--json"))

    assert first.exit_code == 0
    assert first.stdout.endswith("Stopped at the limit; run again for the rest.\n")
    assert (rest["overdue"], rest["complete"]) == (2, True)


@pytest.mark.parametrize("wrong", ["tomorrow", "2026-02-30", "2026-04-04T09:00:00", ""])
@pytest.mark.parametrize("whose", [(), ("--all",)])
def test_a_time_that_is_none_chases_nobody(billed: Path, wrong: str, whose: tuple[str, ...]) -> None:
    before = stored(billed)
    refused = billing(*RUN, billed, "--as-of", wrong, "--json", *whose)

    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "--as-of: expected 2026-03-01, or 2026-03-01T09:00:00+01:00 with its offset" in refused.stderr
    assert stored(billed) == before


@pytest.mark.slow
def test_several_tenants_are_chased_and_one_that_is_broken_stops_no_other(billed: Path, tmp_path: Path) -> None:
    other = a_book(tmp_path / "other", tenant_id="zenith")
    assert billing("import", other, "--dir", billed).exit_code == 0
    assert billing("run", *DUE, "--dir", billed, "--tenant", "zenith", "--limit", "2").exit_code == 0
    both = billing(*RUN, billed, "--tenant", "zenith", "--all")
    assert (both.exit_code, both.stderr) == (2, "billing: use --tenant or --all, not both\n")
    which = billing(*RUN, billed)
    assert (which.exit_code, which.stderr) == (2, "billing: which tenant? Use --tenant with one of: acme-api, zenith\n")
    with sqlite3.connect(billed / "billing.sqlite3") as store:
        row = ("tenants", "aaa", "tenants", 1, '{"id": "aaa"}')
        store.execute("insert into docs (collection, id, collection_group, version, body) values (?, ?, ?, ?, ?)", row)

    run = billing(*RUN, billed, "--all", "--as-of", "2026-04-04", "--json")

    assert run.exit_code == 1
    chased = json.loads(run.stdout)
    assert [(each["tenant_id"], each["overdue"]) for each in chased["tenants"]] == [("acme-api", 3), ("zenith", 2)]
    assert [each["tenant_id"] for each in chased["errors"]] == ["aaa"]
    assert "billing: aaa: a stored tenant can't be read" in run.stderr


def test_a_case_that_cannot_be_worked_on_is_named_and_the_exit_code_says_so(billed: Path) -> None:
    with sqlite3.connect(billed / "billing.sqlite3") as store:
        store.execute("delete from docs where collection like '%/customers' and id = 'acct-1001'")

    run = billing(*RUN, billed, "--as-of", "2026-04-04", "--json")

    assert run.exit_code == 1
    report = json.loads(run.stdout)
    [error] = report["errors"]
    assert (error["code"], error["message"]) == ("not_found", "no customer 'acct-1001'")
    assert report["actions"] == {"noted": 2, "overdue": 3}


def stored(directory: Path) -> list[tuple[str, str]]:
    """Every document with its content."""
    with sqlite3.connect(directory / "billing.sqlite3") as store:
        return store.execute("select collection || '/' || id, body from docs order by 1").fetchall()


def by_number(report: dict) -> list[dict]:
    return sorted(report["details"], key=lambda each: (each["number"], each["action"]))
