"""Identity tokens of people: whose they are, by the provider that signed them in.

https://firebase.google.com/docs/auth/admin/verify-id-tokens and
https://developers.google.com/identity/gsi/web/guides/verify-google-id-token
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from billing.api.oidc import GOOGLE_CERTS_URL, GOOGLE_ISSUERS
from billing.api.signed_token import Claims, Issuer, refused_token
from billing.api.signing_keys import FixedKeys, SigningKeys
from billing.domain.errors import InvalidInput
from billing.domain.member import checked_identity

FIREBASE_CERTS_URL = "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com"
FIREBASE_ISSUER = "https://securetoken.google.com/"

Provider = Literal["firebase", "google", "development"]

_LONGEST_SUBJECT = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who has signed in: `subject` is `firebase:UID`, and the e-mail is one that the provider has verified."""

    subject: str
    email: str | None

    @property
    def identities(self) -> tuple[str, ...]:
        """What a membership may be under, in the form that it is stored in."""
        return tuple(each for each in (_identity(self.subject), _identity(self.email or "")) if each)


@dataclass(frozen=True, slots=True, kw_only=True)
class UserProvider:
    """One provider of identity tokens, and how to prove them."""

    name: Provider
    issuer: Issuer

    def is_meant(self, *, issuer: str, audiences: frozenset[str]) -> bool:
        """Whether a token that names these is for this provider to prove."""
        return issuer in self.issuer.issuers and not audiences.isdisjoint(self.issuer.audiences)

    def user(self, token: str, *, now: datetime) -> User:
        """Who has signed in. Raises Unauthenticated for a token that proves nothing, and KeysUnavailable."""
        claims = self.issuer.claims(token, now=now)
        subject = claims.get("sub")
        if not isinstance(subject, str) or not 1 <= len(subject) <= _LONGEST_SUBJECT:
            raise refused_token(reason="names no subject")
        return User(subject=f"{self.name}:{subject}", email=_verified_email(claims))


def firebase_users(project: str, *, certs_url: str = FIREBASE_CERTS_URL) -> UserProvider:
    """The users of a Firebase (or Identity Platform) project."""
    issuer = Issuer(issuers=(f"{FIREBASE_ISSUER}{project}",), audiences=(project,), keys=SigningKeys(certs_url))
    return UserProvider(name="firebase", issuer=issuer)


def google_users(
    client_ids: Sequence[str], *, issuers: Sequence[str] = GOOGLE_ISSUERS, certs_url: str = GOOGLE_CERTS_URL
) -> UserProvider:
    """Those who sign in with Google at one of our OAuth clients."""
    return UserProvider(
        name="google",
        issuer=Issuer(issuers=issuers, audiences=tuple(client_ids), keys=SigningKeys(certs_url)),
    )


def development_users(issuer: str, *, keys: FixedKeys) -> UserProvider:
    """Whoever can read the key of a directory on this machine; never a part of a deployed function."""
    return UserProvider(name="development", issuer=Issuer(issuers=(issuer,), audiences=(issuer,), keys=keys))


def _verified_email(claims: Claims) -> str | None:
    """An address that was never verified is anybody's to claim, so it counts for nothing."""
    email = claims.get("email")
    return email if isinstance(email, str) and claims.get("email_verified") is True else None


def _identity(text: str) -> str | None:
    try:
        return checked_identity(text)
    except InvalidInput:  # no member can have it
        return None
