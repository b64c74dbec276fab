"""What is wrong with a book is said in lines that a person can act on."""

import pytest

from billing.domain.book import BookConflicts, BookDifference, BookError, BookErrors


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (BookError(file="usage.csv", line=14, column="quantity", message="wrong"), "usage.csv:14: quantity: wrong"),
        (BookError(file="usage.csv", line=14, message="wrong"), "usage.csv:14: wrong"),
        (BookError(file="usage.csv", message="wrong"), "usage.csv: wrong"),
    ],
)
def test_an_error_is_shown_as_compilers_show_theirs(error: BookError, shown: str) -> None:
    assert str(error) == shown


def test_a_single_error_is_said_in_full() -> None:
    error = BookErrors([BookError(file="usage.csv", line=14, message="wrong")])
    assert (error.count, str(error)) == (1, "the book has 1 error; nothing was written\n  usage.csv:14: wrong")


def test_of_many_errors_five_are_shown_and_the_rest_counted() -> None:
    errors = [BookError(file="usage.csv", line=line, message="wrong") for line in range(1, 8)]
    lines = str(BookErrors(errors, count=300)).splitlines()
    assert lines[0] == "the book has 300 errors; nothing was written"
    assert lines[5:] == ["  usage.csv:5: wrong", "  and 295 more"]


@pytest.mark.parametrize(("count", "fields"), [(1, "1 field"), (3, "3 fields")])
def test_a_conflict_shows_what_is_stored_and_what_was_given(count: int, fields: str) -> None:
    difference = BookDifference(kind="plan", key="basic@1", field="name", stored="Basic", given="Base")
    conflicts = BookConflicts([difference] * count)
    assert str(conflicts).splitlines()[:2] == [
        f"the book differs from what is stored in {fields}; nothing was written",
        "  plan basic@1: name: stored Basic, given Base",
    ]
    assert (conflicts.count, conflicts.retryable) == (count, False)
