"""A missing real part skips on a laptop and fails where real parts are required."""

import pytest

from tests.real_parts import require_real_part


def test_a_part_that_is_there_lets_the_test_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILLING_REQUIRE_REAL_PARTS", "1")
    require_real_part(True, "never said")


def test_a_missing_part_skips_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BILLING_REQUIRE_REAL_PARTS", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no Java here"):
        require_real_part(False, "no Java here")


def test_a_missing_part_fails_where_real_parts_are_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILLING_REQUIRE_REAL_PARTS", "1")
    with pytest.raises(pytest.fail.Exception, match="no Java here"):
        require_real_part(False, "no Java here")
