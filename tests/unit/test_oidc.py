"""Only a token that Google signed, for us, now, for our service account, opens the door."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from billing.api.oidc import OidcTrust, TokenVerifier
from billing.api.problem import Forbidden, Unauthenticated
from billing.api.signing_keys import KeysUnavailable
from tests.oidc_issuer import OidcIssuer, signed_with_secret, unsigned

NOW = datetime(2026, 3, 1, 0, 5, tzinfo=UTC)
AUDIENCE = "https://generate-invoices.example.run.app"
EMAIL = "scheduler@billing-prod.iam.gserviceaccount.com"
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def issuer() -> Iterator[OidcIssuer]:
    with OidcIssuer() as issuer:
        yield issuer


@pytest.fixture
def verifier(issuer: OidcIssuer) -> TokenVerifier:
    return TokenVerifier(trust_in(issuer))


def trust_in(issuer: OidcIssuer) -> OidcTrust:
    return OidcTrust(
        audiences=(AUDIENCE,),
        service_accounts=frozenset({EMAIL}),
        issuers=(issuer.url,),
        certs_url=issuer.certs_url,
    )


def refusal(verifier: TokenVerifier, token: str, *, now: datetime = NOW) -> str:
    """Why a token is refused as proof of anything, once it is certain that a stranger isn't told."""
    with pytest.raises(Unauthenticated) as refused:
        verifier.verify(token, now=now)
    assert str(refused.value) == "the bearer token is missing or invalid"
    return refused.value.reason


def test_a_token_of_the_scheduler_tells_its_email(issuer: OidcIssuer, verifier: TokenVerifier) -> None:
    assert verifier.verify(issuer.token(audience=AUDIENCE, email=EMAIL, now=NOW), now=NOW) == EMAIL


@pytest.mark.parametrize("issued_by", ["https://accounts.google.com", "accounts.google.com"])
def test_both_names_of_google_are_trusted_unless_told_otherwise(issuer: OidcIssuer, issued_by: str) -> None:
    trust = OidcTrust(audiences=(AUDIENCE,), service_accounts=frozenset({EMAIL}), certs_url=issuer.certs_url)
    token = issuer.token(audience=AUDIENCE, email=EMAIL, now=NOW, iss=issued_by)

    assert TokenVerifier(trust).verify(token, now=NOW) == EMAIL


@pytest.mark.parametrize(
    ("claim", "value", "reason"),
    [
        ("aud", "https://another.example.run.app", "Audience doesn't match"),
        ("aud", AUDIENCE + "/", "Audience doesn't match"),
        ("aud", AUDIENCE.upper(), "Audience doesn't match"),
        ("aud", 7, "Invalid claim format in token"),
        ("aud", None, 'Token is missing the "aud" claim'),
        ("iss", "https://accounts.google.com.evil.example", "Invalid issuer"),
        ("iss", "", "Invalid issuer"),
        ("iss", None, 'Token is missing the "iss" claim'),
        ("exp", None, 'Token is missing the "exp" claim'),
        ("iat", None, 'Token is missing the "iat" claim'),
        ("exp", "4102444800", "a time that is no number"),
        ("exp", True, "a time that is no number"),
        ("iat", [0], "a time that is no number"),
        ("nbf", "soon", "a time that is no number"),
    ],
)
def test_a_claim_that_is_wrong_or_missing_is_refused(
    issuer: OidcIssuer, verifier: TokenVerifier, claim: str, value: object, reason: str
) -> None:
    token = issuer.token(audience=AUDIENCE, email=EMAIL, now=NOW, **{claim: value})

    assert reason in refusal(verifier, token)


def test_a_token_lives_until_sixty_seconds_after_its_expiry(issuer: OidcIssuer, verifier: TokenVerifier) -> None:
    token = issuer.token(audience=AUDIENCE, email=EMAIL, now=NOW)  # for an hour
    end = NOW + timedelta(hours=1) + MINUTE

    assert verifier.verify(token, now=end - SECOND) == EMAIL
    assert refusal(verifier, token, now=end) == "expired"


def test_a_token_lives_from_sixty_seconds_before_it_was_issued(issuer: OidcIssuer, verifier: TokenVerifier) -> None:
    token = issuer.token(audience=AUDIENCE, email=EMAIL, now=NOW)

    assert verifier.verify(token, now=NOW - MINUTE) == EMAIL
    assert refusal(verifier, token, now=NOW - MINUTE - SECOND) == "not valid yet"


def test_a_token_that_starts_later_than_it_was_issued_waits_for_its_start(
    issuer: OidcIssuer, verifier: TokenVerifier
) -> None:
    starts = NOW + timedelta(minutes=10)
    token = issuer.token(audience=AUDIENCE, email=EMAIL, now=NOW, nbf=int(starts.timestamp()))

    assert refusal(verifier, token, now=NOW) == "not valid yet"
    assert verifier.verify(token, now=starts - MINUTE) == EMAIL


@pytest.mark.parametrize(
    "changed",
    [
        {"email": "owner@gmail.com"},
        {"email": EMAIL.upper()},
        {"email": f"{EMAIL}.evil.example"},
        {"email": None},
        {"email": [EMAIL]},
        {"email_verified": False},
        {"email_verified": "true"},
        {"email_verified": 1},
        {"email_verified": None},
    ],
)
def test_a_good_token_of_anybody_else_is_forbidden_without_saying_why(
    issuer: OidcIssuer, verifier: TokenVerifier, changed: dict[str, object]
) -> None:
    claims = issuer.claims(audience=AUDIENCE, email=EMAIL, now=NOW) | changed
    token = issuer.sign({name: value for name, value in claims.items() if value is not None})

    with pytest.raises(Forbidden, match="^this caller may not do this$"):
        verifier.verify(token, now=NOW)


def test_a_token_that_nobody_signed_is_refused_and_fetches_no_key(issuer: OidcIssuer, verifier: TokenVerifier) -> None:
    claims = issuer.claims(audience=AUDIENCE, email=EMAIL, now=NOW)

    assert refusal(verifier, unsigned(claims, kid=issuer.kid)) == "not signed by RS256"
    assert refusal(verifier, unsigned(claims, kid=issuer.kid, alg="None")) == "not signed by RS256"
    assert issuer.fetches == 0


def test_the_public_key_is_no_shared_secret(issuer: OidcIssuer, verifier: TokenVerifier) -> None:
    claims = issuer.claims(audience=AUDIENCE, email=EMAIL, now=NOW)
    forged = signed_with_secret(claims, secret=issuer.public_pem(), kid=issuer.kid)

    assert refusal(verifier, forged) == "not signed by RS256"


def test_the_forger_of_these_tests_makes_tokens_that_a_careless_verifier_takes() -> None:
    secret = b"shared secret of thirty-two byte"

    assert jwt.decode(signed_with_secret({"sub": "1"}, secret=secret), secret, ["HS256"]) == {"sub": "1"}


def test_a_signature_by_another_algorithm_is_refused_whatever_the_header_says(
    issuer: OidcIssuer, verifier: TokenVerifier
) -> None:
    claims = issuer.claims(audience=AUDIENCE, email=EMAIL, now=NOW)
    key = issuer.keys[issuer.kid]

    assert refusal(verifier, jwt.encode(claims, key, "RS512", {"kid": issuer.kid})) == "not signed by RS256"
    assert refusal(verifier, jwt.encode(claims, key, "PS256", {"kid": issuer.kid})) == "not signed by RS256"
    curve = ec.generate_private_key(ec.SECP256R1())
    assert refusal(verifier, jwt.encode(claims, curve, "ES256", {"kid": issuer.kid})) == "not signed by RS256"
    secret = signed_with_secret(claims, secret=issuer.public_pem(), kid=issuer.kid, alg="RS256")
    assert refusal(verifier, secret) == "Signature verification failed"


def test_a_strangers_signature_under_our_key_id_is_refused(issuer: OidcIssuer, verifier: TokenVerifier) -> None:
    claims = issuer.claims(audience=AUDIENCE, email=EMAIL, now=NOW)
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    assert refusal(verifier, jwt.encode(claims, stranger, "RS256", {"kid": issuer.kid})) == (
        "Signature verification failed"
    )


def test_a_claim_changed_after_signing_is_refused(issuer: OidcIssuer, verifier: TokenVerifier) -> None:
    good = issuer.token(audience=AUDIENCE, email="owner@gmail.com", now=NOW)
    other = issuer.token(audience=AUDIENCE, email=EMAIL, now=NOW)
    header, _, signature = good.split(".")

    assert refusal(verifier, f"{header}.{other.split('.')[1]}.{signature}") == "Signature verification failed"


@pytest.mark.parametrize("headers", [{"kid": "made-up"}, {"kid": ""}, {"kid": "../key-1"}])
def test_a_token_under_an_unknown_key_is_refused(
    issuer: OidcIssuer, verifier: TokenVerifier, headers: dict[str, object]
) -> None:
    claims = issuer.claims(audience=AUDIENCE, email=EMAIL, now=NOW)

    assert refusal(verifier, issuer.sign(claims, **headers)) == "signed by an unknown key"


def test_a_token_that_names_no_key_is_refused(issuer: OidcIssuer, verifier: TokenVerifier) -> None:
    claims = issuer.claims(audience=AUDIENCE, email=EMAIL, now=NOW)

    assert refusal(verifier, jwt.encode(claims, issuer.keys[issuer.kid], "RS256")) == "names no key"


@pytest.mark.parametrize(
    "token",
    ["", ".", "..", "...", "garbage", "a.b.c", "e30.e30.e30", "\ud800.\ud800.\ud800", "ключ", "W10.e30.", "x" * 9000],
)
def test_garbage_is_refused_and_fetches_no_key(issuer: OidcIssuer, verifier: TokenVerifier, token: str) -> None:
    assert refusal(verifier, token)
    assert issuer.fetches == 0


def test_a_token_longer_than_any_real_one_is_not_even_read(issuer: OidcIssuer, verifier: TokenVerifier) -> None:
    token = issuer.token(audience=AUDIENCE, email=EMAIL, now=NOW, padding="x" * 8192)

    assert refusal(verifier, token) == "longer than any real token"


def test_a_key_of_another_kind_in_the_set_signs_nothing(issuer: OidcIssuer, verifier: TokenVerifier) -> None:
    shared = {"kty": "oct", "kid": "shared", "k": "c2hhcmVkIHNlY3JldCBvZiB0aGlydHktdHdvIGJ5dGU"}
    rsa_keys = issuer.jwks()["keys"]
    assert isinstance(rsa_keys, list)
    issuer.answers = (200, json.dumps({"keys": [*rsa_keys, shared]}).encode())
    claims = issuer.claims(audience=AUDIENCE, email=EMAIL, now=NOW)
    secret = b"shared secret of thirty-two byte"

    assert refusal(verifier, signed_with_secret(claims, secret=secret, kid="shared", alg="RS256")) == (
        "signed by an unknown key"
    )
    assert verifier.verify(issuer.sign(claims), now=NOW) == EMAIL


def test_no_audience_or_no_account_configured_means_nobody(issuer: OidcIssuer) -> None:
    token = issuer.token(audience=AUDIENCE, email=EMAIL, now=NOW)
    reason = "no audience or no service account is configured"

    for trust in (
        OidcTrust(),
        OidcTrust(audiences=(AUDIENCE,), issuers=(issuer.url,), certs_url=issuer.certs_url),
        OidcTrust(service_accounts=frozenset({EMAIL}), issuers=(issuer.url,), certs_url=issuer.certs_url),
    ):
        assert refusal(TokenVerifier(trust), token) == reason


def test_the_keys_are_fetched_once_for_an_hour(issuer: OidcIssuer, verifier: TokenVerifier) -> None:
    for minutes in range(0, 60, 10):
        now = NOW + timedelta(minutes=minutes)
        verifier.verify(issuer.token(audience=AUDIENCE, email=EMAIL, now=now), now=now)
    assert issuer.fetches == 1

    later = NOW + timedelta(hours=1)
    verifier.verify(issuer.token(audience=AUDIENCE, email=EMAIL, now=later), now=later)
    assert issuer.fetches == 2


def test_a_rotated_key_is_fetched_when_it_first_appears(issuer: OidcIssuer, verifier: TokenVerifier) -> None:
    old = issuer.token(audience=AUDIENCE, email=EMAIL, now=NOW)
    verifier.verify(old, now=NOW)
    issuer.rotate()
    later = NOW + MINUTE

    assert verifier.verify(issuer.token(audience=AUDIENCE, email=EMAIL, now=later), now=later) == EMAIL
    assert verifier.verify(old, now=later) == EMAIL  # still published
    assert issuer.fetches == 2


def test_a_withdrawn_key_is_believed_for_no_more_than_an_hour(issuer: OidcIssuer, verifier: TokenVerifier) -> None:
    claims = issuer.claims(audience=AUDIENCE, email=EMAIL, now=NOW, exp=int((NOW + timedelta(days=1)).timestamp()))
    old = issuer.sign(claims)
    verifier.verify(old, now=NOW)
    issuer.rotate(keep=0)

    assert refusal(verifier, old, now=NOW + timedelta(hours=1)) == "signed by an unknown key"


def test_made_up_key_ids_cost_one_fetch_a_minute(issuer: OidcIssuer, verifier: TokenVerifier) -> None:
    claims = issuer.claims(audience=AUDIENCE, email=EMAIL, now=NOW)
    for second in range(0, 125, 5):  # 00:05:00 to 00:07:00
        refusal(verifier, issuer.sign(claims, kid=f"made-up-{second}"), now=NOW + second * SECOND)

    assert issuer.fetches == 3  # at 0, 60 and 120 seconds


def test_known_keys_outlive_a_days_outage_of_the_key_server(issuer: OidcIssuer, verifier: TokenVerifier) -> None:
    verifier.verify(issuer.token(audience=AUDIENCE, email=EMAIL, now=NOW), now=NOW)
    issuer.answers = (500, b"{}")

    nearly_a_day = NOW + timedelta(hours=23, minutes=59)
    token = issuer.token(audience=AUDIENCE, email=EMAIL, now=nearly_a_day)
    assert verifier.verify(token, now=nearly_a_day) == EMAIL
    with pytest.raises(KeysUnavailable):
        verifier.verify(token, now=NOW + timedelta(days=1, minutes=1))
    with pytest.raises(KeysUnavailable):
        verifier.verify(token, now=NOW + timedelta(days=1, minutes=1))


@pytest.mark.parametrize(
    "answers",
    [(500, b"{}"), (200, b"not json"), (200, b"[]"), (200, b"{}"), (200, b'{"keys": []}'), (200, b"\xff"), (404, b"")],
)
def test_without_keys_nobody_is_let_in_and_the_next_call_tries_again(
    issuer: OidcIssuer, verifier: TokenVerifier, answers: tuple[int, bytes]
) -> None:
    token = issuer.token(audience=AUDIENCE, email=EMAIL, now=NOW)
    issuer.answers = answers
    with pytest.raises(KeysUnavailable, match=r"^no signing keys from http://127\.0\.0\.1:"):
        verifier.verify(token, now=NOW)
    issuer.answers = None

    assert verifier.verify(token, now=NOW) == EMAIL


def test_a_key_server_that_is_gone_is_said_to_be_unavailable() -> None:
    with OidcIssuer() as gone:
        token = gone.token(audience=AUDIENCE, email=EMAIL, now=NOW)
        trust = trust_in(gone)

    with pytest.raises(KeysUnavailable):
        TokenVerifier(trust).verify(token, now=NOW)
