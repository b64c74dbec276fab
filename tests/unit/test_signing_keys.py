"""An issuer's keys are kept as long as it says, within reason, and fetched anew for an unknown one, not too often."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from billing.api.signing_keys import SigningKeys
from tests.oidc_issuer import OidcIssuer

NOW = datetime(2026, 3, 1, 0, 5, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def issuer() -> Iterator[OidcIssuer]:
    with OidcIssuer() as issuer:
        yield issuer


@pytest.mark.parametrize(
    ("said", "fresh_for"),
    [
        ("public, max-age=19302, must-revalidate, no-transform", timedelta(seconds=19302)),  # as Google says it
        ("max-age=600", timedelta(seconds=600)),
        ("Max-Age=600", timedelta(seconds=600)),
        ("max-age=0", timedelta(minutes=1)),
        ("max-age=999999999", timedelta(days=1)),
        ("s-max-age=600", timedelta(hours=1)),
        ("no-store", timedelta(hours=1)),
        ("", timedelta(hours=1)),
    ],
)
def test_keys_are_fetched_again_when_the_issuer_says(issuer: OidcIssuer, said: str, fresh_for: timedelta) -> None:
    issuer.cache_control = said
    keys = SigningKeys(issuer.certs_url)
    for at, fetches in ((NOW, 1), (NOW + fresh_for - SECOND, 1), (NOW + fresh_for, 2)):
        assert keys.find(issuer.kid, now=at) is not None
        assert issuer.fetches == fetches


def test_a_flood_of_made_up_keys_costs_one_fetch_a_minute(issuer: OidcIssuer) -> None:
    keys = SigningKeys(issuer.certs_url)
    assert [keys.find(f"made-up-{number}", now=NOW) for number in range(100)] == [None] * 100
    assert issuer.fetches == 1
    issuer.rotate()
    assert keys.find(issuer.kid, now=NOW + timedelta(seconds=59)) is None
    assert keys.find(issuer.kid, now=NOW + timedelta(seconds=60)) is not None
    assert issuer.fetches == 2
