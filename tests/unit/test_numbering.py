"""Invoice numbers: what a series counts, and which formats could give one number twice."""

from datetime import date

import pytest

from billing.domain.errors import InvalidInput
from billing.domain.numbering import CREDIT_NOTE_NUMBERS, NumberSeries, Restart

FEBRUARY = date(2026, 2, 14)


def test_the_default_number_shows_year_month_and_four_digits() -> None:
    assert NumberSeries().number(FEBRUARY, 47) == "INV-2026-02-0047"


def test_a_number_beyond_its_width_grows_instead_of_being_cut() -> None:
    assert NumberSeries().number(FEBRUARY, 12_345) == "INV-2026-02-12345"


def test_credit_notes_have_a_series_and_a_count_of_their_own() -> None:
    assert CREDIT_NOTE_NUMBERS.number(FEBRUARY, 3) == "CN-2026-02-0003"
    assert CREDIT_NOTE_NUMBERS.series_of(FEBRUARY) == "credit-note-2026-02"


@pytest.mark.parametrize(
    ("restart", "counter"),
    [
        (Restart.MONTH, "invoice-2026-02"),
        (Restart.YEAR, "invoice-2026"),
        (Restart.NEVER, "invoice"),
    ],
)
def test_each_span_in_which_numbers_run_on_has_one_counter(restart: Restart, counter: str) -> None:
    assert NumberSeries(restart=restart).series_of(FEBRUARY) == counter


@pytest.mark.parametrize(
    "text",
    [
        "{sequence}",
        "{sequence:06}",
        "{sequence:012}",
        "R{year}/{sequence}",
        "{{{year}}}-{month:02}-{sequence:04}",
        "Rechnung Nr. {sequence:04}",
    ],
)
def test_a_series_that_never_restarts_needs_only_the_sequence(text: str) -> None:
    assert NumberSeries(format=text, restart=Restart.NEVER).number(FEBRUARY, 7).count("7") == 1


def test_doubled_braces_are_braces_in_the_number() -> None:
    series = NumberSeries(format="{{{year}}}-{sequence}", restart=Restart.YEAR)
    assert series.number(FEBRUARY, 7) == "{2026}-7"


@pytest.mark.parametrize(
    ("text", "restart", "missing"),
    [
        ("INV-{year}-{month:02}", Restart.MONTH, "{sequence}"),
        ("INV-{year}-{sequence}", Restart.MONTH, "{month}"),
        ("INV-{sequence}", Restart.MONTH, "{month}, {year}"),
        ("INV-{sequence}", Restart.YEAR, "{year}"),
        ("{{sequence}}", Restart.NEVER, "{sequence}"),
        ("", Restart.NEVER, "{sequence}"),
    ],
)
def test_a_format_without_what_tells_two_spans_apart_is_refused(text: str, restart: Restart, missing: str) -> None:
    with pytest.raises(InvalidInput, match=r"invoice_number\.format") as refused:
        NumberSeries(format=text, restart=restart)
    assert missing in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "{sequence:4}",  # padded with blanks
        "{sequence!s:04}",  # text is padded on the right: 5 and 50 would both be 5000
        "{sequence:04d}",
        "{sequence:099}",
        "{sequence:0}",
        "{sequence:²}",
        "{sequence:{year}}",
        "{sequence.real}",
        "{month}{sequence}",  # 11 of January and 1 of November
        "{year:06}-{sequence}",
        "{customer}-{sequence}",
        "{}-{sequence}",
        "{0}-{sequence}",
        "{sequence",
        "sequence}-{sequence}",
    ],
)
def test_a_format_with_anything_else_in_braces_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"expected text with \{year\}, \{month:02\} and \{sequence:04\}"):
        NumberSeries(format=text, restart=Restart.NEVER)


@pytest.mark.parametrize("text", ["{sequence}\n", "{sequence}\x00", "x" * 100 + "{sequence}"])
def test_a_format_that_no_bank_form_could_hold_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="printable text of at most 100 characters"):
        NumberSeries(format=text, restart=Restart.NEVER)
