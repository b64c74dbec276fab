"""`billing invoices create` on the February book: acct-1047 is in Germany, where 19 % VAT is charged."""

from pathlib import Path

import pytest

from tests.command_line import BOOK, answer, billing
from tests.kept_directory import copy_of

CREATE = ("invoices", "create", "--customer", "acct-1047", "--json", "--dir")
SET_UP = ("--line", "Set-up; 1; 250.00")


@pytest.fixture(scope="module")
def kept_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("kept") / "books"
    assert billing("import", BOOK, "--dir", directory).exit_code == 0
    return directory


@pytest.fixture
def books(kept_once: Path, tmp_path: Path) -> Path:
    """A directory of the test's own with the book, not billed."""
    return copy_of(kept_once, tmp_path / "books")


def listed(books: Path) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = answer(billing("invoices", "list", "--json", "--dir", books))["invoices"]
    return rows


def test_one_key_is_one_invoice_and_none_is_a_new_one_each_time(books: Path) -> None:
    first, again, other = (
        answer(billing(*CREATE, books, *SET_UP, *key)) for key in (("--key", "a"), ("--key", "a"), ())
    )
    assert (first["total"], first["errors"], first["attachments"] != []) == (29750, [], True)  # 250.00 and 19 %
    assert again["number"] == first["number"] != other["number"]
    assert len(listed(books)) == 2
    changed = billing(*CREATE, books, "--line", "Set-up; 1; 9.00", "--key", "a")
    assert changed.exit_code == 2
    assert f"was invoiced as {first['number']} with 297.50 USD" in changed.stderr


def test_a_price_may_have_its_tax_in_it_and_a_text_a_semicolon(books: Path) -> None:
    """119.00 hold 19.00."""
    made = answer(billing(*CREATE, books, "--line", "Set-up; on site; 1; 119.00", "--tax-inclusive"))
    assert (made["subtotal"], made["tax"], made["lines"][0]["description"]) == (10000, 1900, "Set-up; on site")


def test_a_dry_run_shows_it_and_writes_nothing(books: Path) -> None:
    said = ("--due", "2198-04-30", "--reference", "PO-7", "--note", "Thank you")
    shown = answer(billing(*CREATE, books, *SET_UP, *said, "--dry-run"))
    assert (shown["number"], shown["total"], shown["due_on"]) == ("", 29750, "2198-04-30")
    assert (shown["buyer_reference"], shown["notes"][-1]) == ("PO-7", "Thank you")
    assert listed(books) == []


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (("--line", "Set-up; 250.00"), "--line: expected 'TEXT; QUANTITY; PRICE', such as 'Set-up; 1; 250.00'"),
        (("--line", "; 1; 250.00"), "--line: expected 'TEXT; QUANTITY; PRICE'"),
        (("--line", "Set-up; one; 250.00"), "--line quantity: expected"),
        (("--line", "Set-up; 1; 250,00"), "--line price: expected"),
        ((*SET_UP, "--due", "soon"), "--due: expected a date such as 2026-02-01, got 'soon'"),
        ((*SET_UP, "--due", "2026-01-01"), "due_on: expected "),
        ((*SET_UP, "--customer", "nobody"), "no customer 'nobody'"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_written(books: Path, wrong: tuple[str, ...], message: str) -> None:
    refused = billing(*CREATE, books, *wrong)
    assert refused.exit_code == 2
    assert message in refused.stderr
    assert listed(books) == []
