"""The settings of the API's door: nobody signs in and no page may call unless configured; what is wrong is named."""

import pytest

from billing.adapters.variables import Variables
from billing.api.front_door import FrontDoor, front_door, trusted_by
from billing.api.oidc import OidcTrust
from billing.api.rate_limits import Rate


def read(environ: dict[str, str]) -> tuple[FrontDoor, dict[str, str]]:
    variables = Variables(environ)
    return front_door(variables), dict(variables.flaws)


def test_unless_configured_nobody_signs_in_no_page_calls_and_rates_are_limited() -> None:
    door, flaws = read({})
    assert flaws == {}
    assert door == FrontDoor(caller_rate=Rate(per_second=50, burst=100), tenant_rate=Rate(per_second=200, burst=400))
    assert trusted_by(door, oidc=OidcTrust()).users == ()


def test_providers_pages_and_rates_are_configured() -> None:
    door, flaws = read(
        {
            "FIREBASE_PROJECT": "acme-billing",
            "GOOGLE_CLIENT_IDS": "1.apps.googleusercontent.com, 2.apps.googleusercontent.com",
            "CORS_ORIGINS": "https://app.acme.test,http://localhost:3000",
            "RATE_LIMIT_CALLER": "5",
            "RATE_LIMIT_TENANT": "0",
        }
    )
    assert flaws == {}
    assert door.cors_origins == ("https://app.acme.test", "http://localhost:3000")
    assert (door.caller_rate, door.tenant_rate) == (Rate(per_second=5, burst=10), None)
    firebase, google = trusted_by(door, oidc=OidcTrust()).users
    assert firebase.is_meant(
        issuer="https://securetoken.google.com/acme-billing", audiences=frozenset({"acme-billing"})
    )
    assert google.is_meant(issuer="accounts.google.com", audiences=frozenset({"2.apps.googleusercontent.com"}))
    assert not google.is_meant(issuer="accounts.google.com", audiences=frozenset({"3.apps.googleusercontent.com"}))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FIREBASE_PROJECT", "https://acme"),
        ("FIREBASE_CERTS_URL", "http://keys.example.com"),
        ("CORS_ORIGINS", "*"),
        ("CORS_ORIGINS", "https://app.acme.test/"),
        ("CORS_ORIGINS", "https://app.acme.test/path"),
        ("CORS_ORIGINS", "http://app.acme.test"),
        ("CORS_ORIGINS", "app.acme.test"),
        ("RATE_LIMIT_CALLER", "-1"),
        ("RATE_LIMIT_TENANT", "many"),
    ],
)
def test_what_can_t_be_is_named_with_its_remedy(name: str, value: str) -> None:
    _, flaws = read({name: value})
    assert flaws.keys() == {name}
