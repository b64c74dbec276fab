"""Which addresses the product links to."""

import pytest

from billing.domain.web_address import is_web_address


@pytest.mark.parametrize(
    "text", ["https://a.example", "https://a.example:8443/x", "http://localhost:1", "http://127.0.0.1/", "http://[::1]"]
)
def test_https_anywhere_and_http_on_this_machine_are_web_addresses(text: str) -> None:
    assert is_web_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "http://a.example",
        "http://127.0.0.1.a.example",
        "ftp://a.example",
        "https://u@a.example",
        "https://:p@a.example",
        "https://a.example?x",
        "https://a.example#x",
        "https://a.example:0",
        "https://a.example:99999",
        "https://[::1",
        "https:///path",
        "a.example",
        "",
    ],
)
def test_everything_else_is_none(text: str) -> None:
    assert not is_web_address(text)
