"""Google-signed identity tokens, as Cloud Scheduler and Cloud Tasks send them.

Checked: RS256 signature by a key of the issuer, issuer, audience, times, and an e-mail that is verified and ours
(https://developers.google.com/identity/openid-connect/openid-connect#validatinganidtoken).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar

from billing.api.problem import Forbidden, Unauthenticated
from billing.domain.errors import Unavailable

if TYPE_CHECKING:
    from jwt import PyJWK

GOOGLE_ISSUERS = ("https://accounts.google.com", "accounts.google.com")
GOOGLE_CERTS_URL = "https://www.googleapis.com/oauth2/v3/certs"

BEARER = "the bearer token"

ALGORITHM = "RS256"
"""The only one taken: `none` signs nothing, and HS256 would take the public key for a shared secret."""

CLOCK_SKEW = timedelta(seconds=60)
KEYS_FRESH_FOR = timedelta(hours=1)
KEYS_USABLE_FOR = timedelta(days=1)
"""Google publishes a key well before using it and after: a day without its key server harms nobody."""
KEYS_FETCHED_AT_MOST_EVERY = timedelta(minutes=1)
"""Anybody can send a token with a made-up key id; each must not cost us a request."""

LONGEST_TOKEN = 8192
ANSWER_WITHIN_SECONDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcTrust:
    """Whose identity tokens are believed; without audience or account nobody's.

    Signed by the keys at `certs_url`, issued by one of `issuers` for one of `audiences` to one of `service_accounts`.
    """

    audiences: tuple[str, ...] = ()
    service_accounts: frozenset[str] = frozenset()
    issuers: tuple[str, ...] = GOOGLE_ISSUERS
    certs_url: str = GOOGLE_CERTS_URL

    @property
    def configured(self) -> bool:
        """Whether any token can be valid."""
        return bool(self.audiences and self.service_accounts)


class KeysUnavailable(Unavailable):
    """The issuer's keys cannot be had, so that no token can be told from a forged one."""

    code: ClassVar[str] = "keys_unavailable"

    def __init__(self, url: str, *, reason: str) -> None:
        self.url = url
        self.reason = reason
        super().__init__(f"no signing keys from {url}: {reason}")


class TokenVerifier:
    """Verifies bearer tokens against one trust. Keep it between requests: it holds the issuer's keys."""

    def __init__(self, trust: OidcTrust) -> None:
        """Connects to nothing before the first token."""
        self._trust = trust
        self._keys = SigningKeys(trust.certs_url)

    def verify(self, token: str, *, now: datetime) -> str:
        """The service account's e-mail out of a valid token at `now`.

        Raises Unauthenticated for a token that proves nothing, Forbidden for one that proves somebody else, and
        KeysUnavailable.
        """
        if not self._trust.configured:
            raise _refused(reason="no audience or no service account is configured")
        claims = self._signed_claims(token, now=now)
        _check_times(claims, now=now)
        return self._trusted_email(claims)

    def _signed_claims(self, token: str, *, now: datetime) -> Mapping[str, Any]:
        import jwt  # noqa: PLC0415 - it brings cryptography, for nothing where no token is sent

        if len(token) > LONGEST_TOKEN:
            raise _refused(reason="longer than any real token")
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") != ALGORITHM:
                raise _refused(reason=f"not signed by {ALGORITHM}")
            return jwt.decode(
                token,
                self._key(header.get("kid"), now=now),
                algorithms=[ALGORITHM],
                audience=self._trust.audiences,
                issuer=self._trust.issuers,
                # The times are checked below against the given clock; the library would read the machine's.
                options={
                    "require": ["iss", "aud", "iat", "exp"],
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except (jwt.PyJWTError, ValueError) as error:
            raise _refused(reason=str(error)) from error

    def _key(self, kid: object, *, now: datetime) -> "PyJWK":
        if not isinstance(kid, str):
            raise _refused(reason="names no key")
        key = self._keys.find(kid, now=now)
        if key is None:
            raise _refused(reason="signed by an unknown key")
        return key

    def _trusted_email(self, claims: Mapping[str, Any]) -> str:
        email = claims.get("email")
        if claims.get("email_verified") is not True:
            raise Forbidden(reason="the token's e-mail is not verified")
        if not isinstance(email, str) or email not in self._trust.service_accounts:
            raise Forbidden(reason=f"{email!r} is none of the configured service accounts")
        return email


class SigningKeys:
    """An issuer's public keys by id, from its JWK set (RFC 7517). Safe to share between threads."""

    def __init__(self, url: str) -> None:
        """`url` answers with the JWK set; it is asked at the first `find`."""
        self._url = url
        self._keys: dict[str, PyJWK] = {}
        self._fetched_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._lock = Lock()

    def find(self, kid: str, *, now: datetime) -> "PyJWK | None":
        """The key of that id, fetched anew where it is unknown or the set is old, at most once a minute."""
        with self._lock:
            if self._worth_fetching(kid, now=now):
                self._fetch(now)
            return self._keys.get(kid)

    def _worth_fetching(self, kid: str, *, now: datetime) -> bool:
        if self._fetched_at is None or self._tried_at is None:
            return True
        wanted = kid not in self._keys or now - self._fetched_at >= KEYS_FRESH_FOR
        return wanted and now - self._tried_at >= KEYS_FETCHED_AT_MOST_EVERY

    def _fetch(self, now: datetime) -> None:
        self._tried_at = now
        try:
            self._keys = fetch_keys(self._url)
        except KeysUnavailable:
            if self._fetched_at is None or now - self._fetched_at >= KEYS_USABLE_FOR:
                self._fetched_at = None
                self._keys = {}
                raise
        else:
            self._fetched_at = now


def fetch_keys(url: str) -> dict[str, "PyJWK"]:
    """The RSA signing keys of the JWK set at `url` by their id. Raises KeysUnavailable."""
    import jwt  # noqa: PLC0415 - only where a token is sent
    from google.auth.exceptions import TransportError  # noqa: PLC0415
    from google.auth.transport.requests import Request  # noqa: PLC0415

    try:
        response = Request()(url, timeout=ANSWER_WITHIN_SECONDS)
        if response.status != HTTPStatus.OK:
            raise KeysUnavailable(url, reason=f"status {response.status}")
        keys = jwt.PyJWKSet.from_dict(json.loads(response.data)).keys
    except (TransportError, jwt.PyJWTError, ValueError, AttributeError) as error:
        raise KeysUnavailable(url, reason=str(error)) from error
    return {key.key_id: key for key in keys if key.key_id and key.algorithm_name == ALGORITHM}


def _check_times(claims: Mapping[str, Any], *, now: datetime) -> None:
    """Refuse a token from before or after its time. Instants are whole seconds since 1970 (RFC 7519, 2)."""
    seconds = int(now.timestamp())
    skew = int(CLOCK_SKEW.total_seconds())
    not_before = claims.get("nbf", claims["iat"])
    if any(type(instant) is not int for instant in (claims["exp"], claims["iat"], not_before)):
        raise _refused(reason="a time that is no number")
    if claims["exp"] + skew <= seconds:
        raise _refused(reason="expired")
    if max(claims["iat"], not_before) - skew > seconds:
        raise _refused(reason="not valid yet")


def _refused(*, reason: str) -> Unauthenticated:
    return Unauthenticated(BEARER, reason=reason)
