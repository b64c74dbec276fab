"""What a signed identity token (RFC 7519) says, once it is certain who says it, to whom, and that it holds now."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from billing.api.problem import Unauthenticated
from billing.api.signing_keys import ALGORITHM, Keys

if TYPE_CHECKING:
    from jwt import PyJWK

BEARER = "the bearer token"
CLOCK_SKEW = timedelta(seconds=60)
LONGEST_TOKEN = 8192

Claims = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Tokens with one of these issuers, for one of these audiences, signed by a key of `keys`."""

    issuers: Sequence[str]
    audiences: Sequence[str]
    keys: Keys

    def claims(self, token: str, *, now: datetime) -> Claims:
        """What the token says. Raises Unauthenticated where it is not this issuer's, for us, now; KeysUnavailable."""
        import jwt  # noqa: PLC0415 - it brings cryptography, for nothing where no token is sent

        if len(token) > LONGEST_TOKEN:
            raise refused_token(reason="longer than any real token")
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") != ALGORITHM:
                raise refused_token(reason=f"not signed by {ALGORITHM}")
            claims: Claims = jwt.decode(
                token,
                self._key(header.get("kid"), now=now),
                algorithms=[ALGORITHM],
                audience=self.audiences,
                issuer=self.issuers,
                # The times are checked below against the given clock; the library would read the machine's.
                options={
                    "require": ["iss", "aud", "iat", "exp"],
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                },
            )
        except (jwt.PyJWTError, ValueError) as error:
            raise refused_token(reason=str(error)) from error
        _check_times(claims, now=now)
        return claims

    def _key(self, kid: object, *, now: datetime) -> "PyJWK":
        if not isinstance(kid, str):
            raise refused_token(reason="names no key")
        key = self.keys.find(kid, now=now)
        if key is None:
            raise refused_token(reason="signed by an unknown key")
        return key


def said_of_itself(token: str) -> tuple[str, frozenset[str]]:
    """The issuer and the audiences that a token names, unproved: only to choose whose keys prove it."""
    import jwt  # noqa: PLC0415

    if len(token) > LONGEST_TOKEN:
        raise refused_token(reason="longer than any real token")
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError) as error:
        raise refused_token(reason=str(error)) from error
    issuer, audience = claims.get("iss"), claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    return str(issuer), frozenset(each for each in audiences if isinstance(each, str))


def refused_token(*, reason: str) -> Unauthenticated:
    """The refusal of a bearer token; `reason` is for our log."""
    return Unauthenticated(BEARER, reason=reason)


def _check_times(claims: Claims, *, now: datetime) -> None:
    """Refuse a token from before or after its time. Instants are whole seconds since 1970 (RFC 7519, 2)."""
    seconds = int(now.timestamp())
    skew = int(CLOCK_SKEW.total_seconds())
    # auth_time: when a user of Firebase signed in
    starts = (claims["iat"], claims.get("nbf", claims["iat"]), claims.get("auth_time", claims["iat"]))
    if any(type(instant) is not int for instant in (claims["exp"], *starts)):
        raise refused_token(reason="a time that is no number")
    if claims["exp"] + skew <= seconds:
        raise refused_token(reason="expired")
    if max(starts) - skew > seconds:
        raise refused_token(reason="not valid yet")
