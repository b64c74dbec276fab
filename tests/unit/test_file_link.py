"""Short-lived links to an invoice's PDF: the one that was signed, until its last second, and nothing else."""

from datetime import timedelta

import pytest

from billing.api.file_link import file_link, opened_file
from billing.domain.payment_link import LinkedInvoice
from tests.builders import utc

NOW = utc("2026-03-01")
FILE = LinkedInvoice(tenant_id="acme", invoice_id="sub.20260201T000000Z.r0")
LINK = file_link(FILE, key="k" * 24, now=NOW)


def test_a_link_opens_its_file_for_ten_minutes() -> None:
    assert LINK.expires_at == NOW + timedelta(minutes=10)
    for later in (timedelta(0), timedelta(minutes=9, seconds=59)):
        assert opened_file(LINK.token, keys=["k" * 24], now=NOW + later) == FILE
    assert opened_file(LINK.token, keys=["k" * 24], now=LINK.expires_at) is None


def test_a_link_by_the_key_before_still_opens() -> None:
    assert opened_file(LINK.token, keys=["n" * 24, "k" * 24], now=NOW) == FILE
    assert opened_file(LINK.token, keys=["n" * 24], now=NOW) is None
    assert opened_file(LINK.token, keys=[], now=NOW) is None


@pytest.mark.parametrize(
    "token",
    [
        LINK.token.replace("acme", "umbra"),
        LINK.token.replace("r0", "r1"),
        LINK.token.replace(LINK.token.split("/")[2], "9999999999"),
        LINK.token[:-1],
        LINK.token + "x",
        "",
        "a/b/c",
        "a/b/c/d",
        "a/b//d",
        "a/b/1/é",
        "a/b/²/d",
        "a/" * 400,
    ],
)
def test_a_link_that_was_not_signed_opens_nothing(token: str) -> None:
    assert opened_file(token, keys=["k" * 24], now=NOW) is None
