"""`billing run`: the story, dry runs, limits, times, several tenants, links to pay."""

import json
import sqlite3
import stat
from pathlib import Path

import pytest

from tests.command_line import BOOK, DUE, a_book, answer, billing
from tests.kept_directory import copy_of


@pytest.fixture(scope="module")
def import_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("imported")
    assert billing("import", BOOK, "--dir", directory).exit_code == 0
    return directory


@pytest.fixture
def imported(import_once: Path, tmp_path: Path) -> Path:
    """A directory of the test's own with the February book imported and not billed."""
    return copy_of(import_once, tmp_path / "kept")


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


def stored(directory: Path) -> list[tuple[str, str, int]]:
    connection = sqlite3.connect(directory / "billing.sqlite3")
    rows = connection.execute("select collection, id, version from docs order by 1, 2").fetchall()
    connection.close()
    return rows
