"""Numbers noted one by one: gaps, repeats, and what a series would never have given; findings, counted and capped."""

from datetime import date

import pytest

from billing.domain.finding import Finding, FindingKind, Findings
from billing.domain.number_check import NumberCheck, SeriesSeen
from billing.domain.numbering import NumberSeries, Restart

FEBRUARY = date(2026, 2, 1)


@pytest.mark.parametrize(
    ("text", "number", "sequence"),
    [
        ("INV-{year}-{month:02}-{sequence:04}", "INV-2026-02-0047", 47),
        ("INV-{year}-{month:02}-{sequence:04}", "INV-2026-02-12345", 12_345),
        ("INV-{year}-{month:02}-{sequence:04}", "INV-2026-02-00047", None),  # one zero too many
        ("INV-{year}-{month:02}-{sequence:04}", "INV-2026-02-0000", None),
        ("INV-{year}-{month:02}-{sequence:04}", "INV-2026-03-0047", None),
        ("INV-{year}-{month:02}-{sequence:04}", "inv-2026-02-0047", None),
        ("{{A}}.{year}/{month:02}+{sequence}", "{A}.2026/02+7", 7),
        ("{sequence}-{year}{month:02}-{sequence}", "7-202602-7", 7),
        ("{sequence}-{year}{month:02}-{sequence}", "7-202602-8", None),
    ],
)
def test_the_sequence_is_read_from_a_number_that_the_series_gives(text: str, number: str, sequence: int | None) -> None:
    assert NumberSeries(format=text).sequence_of(number, FEBRUARY) == sequence


def test_gaps_repeats_and_the_highest_are_known_in_whatever_order_numbers_come() -> None:
    check = NumberCheck(numbers=NumberSeries(format="N{sequence}", restart=Restart.NEVER))
    noted = [check.add(number, day=FEBRUARY) for number in ("N5", "N1", "N2", "N5", "X")]
    seen = check.series["invoice"]
    assert noted == [True, True, True, True, False]
    assert check.repeated == {"N5"}
    assert seen.highest == 5
    assert list(seen.missing(7)) == [3, 4, 6, 7]


def test_a_series_without_numbers_has_none() -> None:
    seen = SeriesSeen(day=FEBRUARY)
    assert (seen.highest, list(seen.missing(0)), list(seen.missing(2))) == (0, [], [1, 2])


def test_findings_are_all_counted_and_the_first_kept() -> None:
    findings = Findings(most=2)
    for number in range(3):
        findings.add(Finding(kind=FindingKind.NUMBER_MISSING, entity="counters/x", message=str(number)))
    assert [each.message for each in findings.kept] == ["0", "1"]
    assert (findings.total, findings.counts) == (3, {FindingKind.NUMBER_MISSING: 3})
