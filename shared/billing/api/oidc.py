"""Google-signed identity tokens, as Cloud Scheduler and Cloud Tasks send them.

Checked: RS256 signature by a key of the issuer, issuer, audience, times, and an e-mail that is verified and ours
(https://developers.google.com/identity/openid-connect/openid-connect#validatinganidtoken).
"""

from dataclasses import dataclass
from datetime import datetime

from billing.api.problem import Forbidden
from billing.api.signed_token import Claims, Issuer, refused_token
from billing.api.signing_keys import SigningKeys

GOOGLE_ISSUERS = ("https://accounts.google.com", "accounts.google.com")
GOOGLE_CERTS_URL = "https://www.googleapis.com/oauth2/v3/certs"


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


class TokenVerifier:
    """Verifies bearer tokens against one trust. Keep it between requests: it holds the issuer's keys."""

    def __init__(self, trust: OidcTrust) -> None:
        """Connects to nothing before the first token."""
        self._trust = trust
        self._issuer = Issuer(issuers=trust.issuers, audiences=trust.audiences, keys=SigningKeys(trust.certs_url))

    def is_meant(self, *, issuer: str, audiences: frozenset[str]) -> bool:
        """Whether a token that names these is for this verifier to prove."""
        return (
            self._trust.configured and issuer in self._trust.issuers and not audiences.isdisjoint(self._trust.audiences)
        )

    def verify(self, token: str, *, now: datetime) -> str:
        """The service account's e-mail out of a valid token at `now`.

        Raises Unauthenticated for a token that proves nothing, Forbidden for one that proves somebody else, and
        KeysUnavailable.
        """
        if not self._trust.configured:
            raise refused_token(reason="no audience or no service account is configured")
        return self._trusted_email(self._issuer.claims(token, now=now))

    def _trusted_email(self, claims: Claims) -> str:
        email = claims.get("email")
        if claims.get("email_verified") is not True:
            raise Forbidden(reason="the token's e-mail is not verified")
        if not isinstance(email, str) or email not in self._trust.service_accounts:
            raise Forbidden(reason=f"{email!r} is none of the configured service accounts")
        return email
