"""Faults of JSON that Python's reader tells without their place are named with line and column all the same."""

from pathlib import Path

import pytest

from billing.adapters.book_files import load_book
from billing.domain.book import BookErrors
from tests.book_folder import PLAN, TENANT, book_folder, changed, errors_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '{\n "a": {"b": 1},\n "b": [{"b": 2}, {"b": 3}],\n "c": NaN\n}',
            "4: column 7: expected JSON: NaN is no number",
        ),
        ('{\n "a": "NaN: \\"NaN\\"",\n "b": -Infinity}', "3: column 7: expected JSON: -Infinity is no number"),
        (
            '{"x": {"n": 1,\n  "n" : 2}}',
            "2: column 3: expected JSON: the key 'n' stands twice in one object",
        ),
        (  # the same key, written in two ways
            '{"n": 1, "\\u006e": 2}',
            "1: column 10: expected JSON: the key 'n' stands twice in one object",
        ),
        (f'{{"n":\n{"1" * 5000}}}', "2: column 1: expected JSON: a number has 5000 digits"),
        (
            f'{{"n": 1.5e2,\n"m": 1e{"9" * 19}}}',
            f"2: column 6: expected JSON: 1e{'9' * 19} is beyond all numbers",
        ),
    ],
)
def test_a_fault_in_json_is_named_with_its_place(tmp_path: Path, text: str, expected: str) -> None:
    assert errors_of(book_folder(tmp_path, tenant=text)) == [f"tenant.json:{expected}"]


def test_a_number_is_shown_as_it_was_given(tmp_path: Path) -> None:
    folder = book_folder(tmp_path, tenant={**TENANT, "payment_terms_days": 14.5})
    assert errors_of(folder) == ["tenant.json:8: payment_terms_days: expected a whole number, got '14.5'"]


def test_ten_thousand_wrong_plans_are_counted_without_looking_each_one_up(tmp_path: Path) -> None:
    wrong = [changed(PLAN, plan_id=f"wrong-{number}", currency="XYZ") for number in range(10_000)]
    with pytest.raises(BookErrors) as raised:
        load_book(book_folder(tmp_path, plan=[PLAN, *wrong]))
    assert (raised.value.count, len(raised.value.errors)) == (10_000, 200)
    assert all(error.line for error in raised.value.errors)
