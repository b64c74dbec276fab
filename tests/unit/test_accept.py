"""Between two forms of an answer the caller's Accept header decides (RFC 9110 12.5.1)."""

import pytest

from billing.api.accept import prefers


@pytest.mark.parametrize(
    "accept",
    [
        "text/csv",
        "TEXT/CSV",
        "text/*",
        "text/csv; charset=utf-8",
        "text/csv, application/json",
        "text/csv, */*",
        "application/json;q=0.9, text/csv",
        "text/csv;q=0.5, application/json;q=0.499",
        "text/csv;header=present;q=1.000, */*;q=0.1",
        "*/*, application/json;q=0",
    ],
)
def test_csv_is_preferred(accept: str) -> None:
    assert prefers(accept, "text/csv", to="application/json")


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "application/json",
        "text/html, application/xhtml+xml, */*;q=0.8",
        "text/csv;q=0",
        "text/csv;q=0, */*",
        "text/csv;q=0.5, application/json",
        "text/*;q=0.2, */*;q=0.3",
        "application/xml",
        "text/csvs",
        "no range, text / csv",
    ],
)
def test_json_is_answered(accept: str) -> None:
    assert not prefers(accept, "text/csv", to="application/json")
