"""What a statement's entries and account say."""

from datetime import date

import pytest

from billing.domain.bank import BankEntry, EntryKind, squeezed
from billing.domain.bank_transaction import telling
from billing.domain.errors import InvalidInput

DAY = date(2026, 3, 3)


@pytest.mark.parametrize("amount", [0, -1])
def test_an_entry_moves_something(amount: int) -> None:
    with pytest.raises(InvalidInput, match="amount: expected more than 0"):
        BankEntry(kind=EntryKind.CREDIT, amount=amount, currency="USD", booked_on=DAY, valued_on=DAY)


@pytest.mark.parametrize(
    "reference", ["", "NONREF", "nonref", "NOT PROVIDED", "NOTPROVIDED", "000000000", "1", "12-34"]
)
def test_a_reference_that_every_entry_has_tells_nothing(reference: str) -> None:
    assert telling(reference) == ""


def test_a_reference_is_compared_without_case_and_punctuation() -> None:
    assert telling("ab-12/34 é") == "AB1234É"
    assert squeezed("a b\n1_2") == "AB12"
