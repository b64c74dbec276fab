"""Errors say what was wrong in a sentence, and by a stable code whether to try again."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from billing.domain.errors import BillingError, Conflict, InvalidInput, NotFound, Unavailable
from billing.domain.member import Role


def test_invalid_input_names_field_rule_and_value() -> None:
    assert str(InvalidInput("plan.tiers[0]", expected="more than 0", given="-1")) == (
        "plan.tiers[0]: expected more than 0, got '-1'"
    )


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (date(2026, 3, 1), "'2026-03-01'"),
        (datetime(2026, 3, 1, tzinfo=UTC), "'2026-03-01T00:00:00Z'"),
        (Decimal("1.50"), "'1.50'"),
        (7, "7"),
        (["a"], "['a']"),
        (["a", {}], "an array"),
        ({"a": 1}, "an object"),
        (None, "null"),
        (True, "true"),
        (b"id=1", "'id=1'"),
        (Role.ADMIN, "'admin'"),
        (object(), "something else"),
    ],
)
def test_a_value_is_shown_as_one_writes_it(given: object, shown: str) -> None:
    assert str(InvalidInput("at", expected="another one", given=given)) == f"at: expected another one, got {shown}"


def test_a_long_value_is_cut_so_that_no_message_carries_a_whole_upload() -> None:
    message = str(InvalidInput("name", expected="a name", given="x" * 1000))
    assert message == "name: expected a name, got '" + "x" * 76 + "..."  # 80 characters of the value with its quotes


def test_what_is_not_found_is_named() -> None:
    assert str(NotFound("invoice", "INV-1")) == "no invoice 'INV-1'"


@pytest.mark.parametrize(
    ("error", "code", "retryable"),
    [
        (BillingError, "billing_error", False),
        (InvalidInput, "invalid_input", False),
        (NotFound, "not_found", False),
        (Conflict, "conflict", True),
        (Unavailable, "unavailable", True),
    ],
)
def test_codes_and_whether_to_repeat_never_change(error: type[BillingError], code: str, retryable: bool) -> None:
    assert (error.code, error.retryable) == (code, retryable)
