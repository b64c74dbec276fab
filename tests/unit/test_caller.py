"""Who may call: the scheduler by its token, a machine by the internal key, and nobody else."""

import hmac
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from billing.adapters.environment_secrets import EnvironmentSecrets
from billing.api.caller import Caller, WeakInternalKey, authenticate, internal_keys, matches_any
from billing.api.oidc import OidcTrust, TokenVerifier
from billing.api.problem import Forbidden, Unauthenticated, problem_of
from tests.oidc_issuer import OidcIssuer

NOW = datetime(2026, 3, 1, 0, 5, tzinfo=UTC)
AUDIENCE = "https://generate-invoices.example.run.app"
EMAIL = "scheduler@billing-prod.iam.gserviceaccount.com"
KEY = "0123456789abcdef0123456789abcdef"
OLD_KEY = "fedcba9876543210fedcba9876543210"
SECRETS = EnvironmentSecrets({"INTERNAL_API_KEY": KEY, "INTERNAL_API_KEY_PREVIOUS": OLD_KEY})
NOTHING = EnvironmentSecrets({})
BY_KEY = Caller("internal_key", "internal-key", tenants=None)
BY_TOKEN = Caller("scheduler", EMAIL, tenants=None)


@pytest.fixture(scope="module")
def issuer() -> Iterator[OidcIssuer]:
    with OidcIssuer() as issuer:
        yield issuer


@pytest.fixture
def tokens(issuer: OidcIssuer) -> TokenVerifier:
    return TokenVerifier(
        OidcTrust(
            audiences=(AUDIENCE,),
            service_accounts=frozenset({EMAIL}),
            issuers=(issuer.url,),
            certs_url=issuer.certs_url,
        )
    )


@pytest.fixture
def token(issuer: OidcIssuer) -> str:
    return issuer.token(audience=AUDIENCE, email=EMAIL, now=NOW)


def test_the_internal_key_opens_the_door_to_every_tenant(tokens: TokenVerifier) -> None:
    assert authenticate({"x-internal-key": KEY}, tokens=tokens, secrets=SECRETS, now=NOW) == BY_KEY


def test_a_token_opens_the_door_under_its_own_name(tokens: TokenVerifier, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}

    assert authenticate(headers, tokens=tokens, secrets=NOTHING, now=NOW) == BY_TOKEN


@pytest.mark.parametrize("header", ["X-Internal-Key", "x-internal-key", "X-INTERNAL-KEY"])
def test_a_headers_capitals_do_not_matter(tokens: TokenVerifier, header: str) -> None:
    assert authenticate({header: KEY}, tokens=tokens, secrets=SECRETS, now=NOW) == BY_KEY


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER  "])
def test_the_capitals_of_bearer_do_not_matter(tokens: TokenVerifier, token: str, scheme: str) -> None:
    headers = {"authorization": f"{scheme}{token}"}

    assert authenticate(headers, tokens=tokens, secrets=NOTHING, now=NOW) == BY_TOKEN


def test_a_key_is_rotated_without_a_closed_door(tokens: TokenVerifier) -> None:
    new_key = "a" * 32
    before = EnvironmentSecrets({"INTERNAL_API_KEY": KEY})
    during = EnvironmentSecrets({"INTERNAL_API_KEY": new_key, "INTERNAL_API_KEY_PREVIOUS": KEY})
    after = EnvironmentSecrets({"INTERNAL_API_KEY": new_key})

    def opens(key: str, secrets: EnvironmentSecrets) -> bool:
        try:
            return authenticate({"x-internal-key": key}, tokens=tokens, secrets=secrets, now=NOW) == BY_KEY
        except Unauthenticated:
            return False

    assert [opens(KEY, secrets) for secrets in (before, during, after)] == [True, True, False]
    assert [opens(new_key, secrets) for secrets in (before, during, after)] == [False, True, True]


@pytest.mark.parametrize(
    "presented",
    ["", " ", KEY[:-1], KEY + "0", KEY.upper(), f" {KEY}", f"{KEY}, {KEY}", "ключ", "\ud800", "\xff" * 16, KEY + "\0"],
)
def test_any_other_key_is_refused(tokens: TokenVerifier, presented: str) -> None:
    with pytest.raises(Unauthenticated, match="^x-internal-key is missing or invalid$"):
        authenticate({"x-internal-key": presented}, tokens=tokens, secrets=SECRETS, now=NOW)


@pytest.mark.parametrize("configured", [{}, {"INTERNAL_API_KEY": ""}, {"INTERNAL_API_KEY": "   "}])
@pytest.mark.parametrize("presented", ["", "   ", KEY])
def test_no_key_configured_means_that_no_key_is_valid(
    tokens: TokenVerifier, configured: dict[str, str], presented: str
) -> None:
    with pytest.raises(Unauthenticated):
        authenticate({"x-internal-key": presented}, tokens=tokens, secrets=EnvironmentSecrets(configured), now=NOW)


def test_no_trust_configured_means_that_no_token_is_valid(token: str) -> None:
    nobody = TokenVerifier(OidcTrust())

    with pytest.raises(Unauthenticated):
        authenticate({"authorization": f"Bearer {token}"}, tokens=nobody, secrets=SECRETS, now=NOW)


def test_nothing_presented_is_nobody(tokens: TokenVerifier) -> None:
    expected = r"^a credential \(Authorization: Bearer, or x-internal-key\) is missing or invalid$"
    with pytest.raises(Unauthenticated, match=expected):
        authenticate({"x-tenant-id": "acme"}, tokens=tokens, secrets=SECRETS, now=NOW)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic dTpw", KEY, "Token x", "Bearer\t"])
def test_an_authorization_that_is_no_bearer_token_is_refused(tokens: TokenVerifier, header: str) -> None:
    with pytest.raises(Unauthenticated, match="^the bearer token is missing or invalid$"):
        authenticate({"authorization": header}, tokens=tokens, secrets=SECRETS, now=NOW)


def test_with_both_the_token_names_the_caller(tokens: TokenVerifier, token: str) -> None:
    headers = {"x-internal-key": KEY, "authorization": f"Bearer {token}"}

    assert authenticate(headers, tokens=tokens, secrets=SECRETS, now=NOW) == BY_TOKEN


def test_a_bad_credential_is_refused_beside_a_good_one(tokens: TokenVerifier, token: str) -> None:
    with pytest.raises(Unauthenticated):
        authenticate({"x-internal-key": KEY, "authorization": "Bearer x"}, tokens=tokens, secrets=SECRETS, now=NOW)
    headers = {"x-internal-key": "wrong", "authorization": f"Bearer {token}"}
    with pytest.raises(Unauthenticated):
        authenticate(headers, tokens=tokens, secrets=SECRETS, now=NOW)


def test_a_strangers_token_is_forbidden_even_beside_the_key(issuer: OidcIssuer, tokens: TokenVerifier) -> None:
    stranger = issuer.token(audience=AUDIENCE, email="owner@gmail.com", now=NOW)
    headers = {"x-internal-key": KEY, "authorization": f"Bearer {stranger}"}

    with pytest.raises(Forbidden):
        authenticate(headers, tokens=tokens, secrets=SECRETS, now=NOW)


@pytest.mark.parametrize("second", [KEY, "wrong"])
def test_a_header_sent_twice_is_refused(tokens: TokenVerifier, second: str) -> None:
    with pytest.raises(Unauthenticated):
        authenticate({"x-internal-key": KEY, "X-Internal-Key": second}, tokens=tokens, secrets=SECRETS, now=NOW)


def test_a_third_version_of_the_key_is_not_valid(tokens: TokenVerifier) -> None:
    class ThreeVersions:
        def get(self, name: str) -> tuple[str, ...]:
            return ("c" * 16, "b" * 16, "a" * 16)

    assert internal_keys(ThreeVersions()) == ("c" * 16, "b" * 16)
    with pytest.raises(Unauthenticated):
        authenticate({"x-internal-key": "a" * 16}, tokens=tokens, secrets=ThreeVersions(), now=NOW)


def test_a_blank_version_of_the_key_is_not_configured() -> None:
    class BlankVersions:
        def get(self, name: str) -> tuple[str, ...]:
            return ("", " ", KEY)

    assert internal_keys(BlankVersions()) == (KEY,)


@pytest.mark.parametrize("weak", ["0123456789abcde", "short", "0123456789abcde\u00e9", "0123456789 abcdef", "a\tb" * 8])
def test_a_weak_key_is_refused_with_a_remedy_and_without_being_shown(weak: str) -> None:
    secrets = EnvironmentSecrets({"INTERNAL_API_KEY": KEY, "INTERNAL_API_KEY_PREVIOUS": weak})

    with pytest.raises(WeakInternalKey, match="^INTERNAL_API_KEY: use at least 16 visible ASCII characters") as refused:
        internal_keys(secrets)
    assert weak not in str(refused.value)


def test_a_key_of_sixteen_characters_will_do() -> None:
    assert internal_keys(EnvironmentSecrets({"INTERNAL_API_KEY": "0123456789abcdef"})) == ("0123456789abcdef",)


@pytest.mark.parametrize("presented", [KEY, OLD_KEY, "wrong", ""])
def test_every_key_is_compared_as_digests_of_one_length_whichever_matches(presented: str) -> None:
    compared = []

    def equal(left: bytes, right: bytes) -> bool:
        compared.append((len(left), len(right)))
        return hmac.compare_digest(left, right)

    assert matches_any(presented, valid=(KEY, OLD_KEY), equal=equal) == (presented in {KEY, OLD_KEY})
    assert compared == [(32, 32), (32, 32)]


def test_a_stranger_learns_nothing_but_which_credential_failed(
    issuer: OidcIssuer, tokens: TokenVerifier, token: str
) -> None:
    expired = issuer.token(audience=AUDIENCE, email=EMAIL, now=datetime(2025, 1, 1, tzinfo=UTC))
    attempts = [
        {"x-internal-key": "wrong"},
        {"authorization": f"Bearer {expired}"},
        {"authorization": f"Bearer {token[:-8]}AAAAAAAA"},
        {"authorization": f"Bearer {issuer.token(audience='https://x.example', email=EMAIL, now=NOW)}"},
        {"authorization": f"Bearer {issuer.token(audience=AUDIENCE, email='owner@gmail.com', now=NOW)}"},
    ]
    told = []
    for headers in attempts:
        with pytest.raises((Unauthenticated, Forbidden)) as refused:
            authenticate(headers, tokens=tokens, secrets=SECRETS, now=NOW)
        told.append(problem_of(refused.value))

    assert [answer.status for answer in told] == [401, 401, 401, 401, 403]
    assert len({answer.body for answer in told[1:4]}) == 1  # one answer, whatever was wrong with the token
    for hidden in (KEY, OLD_KEY, AUDIENCE, EMAIL, "gmail", "expired", issuer.url):
        assert all(hidden.encode() not in answer.body for answer in told)
