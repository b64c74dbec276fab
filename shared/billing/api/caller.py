"""Who calls a job's door: Cloud Scheduler or Cloud Tasks by an identity token, a machine by the internal key."""

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import ClassVar, Literal, TypeAlias

from billing.api.oidc import TokenVerifier
from billing.api.problem import Unauthenticated
from billing.api.signed_token import BEARER
from billing.domain.errors import BillingError
from billing.ports import Secrets

KEY_HEADER = "x-internal-key"
TOKEN_HEADER = "authorization"  # noqa: S105 - the name of a header
ANY_CREDENTIAL = f"a credential (Authorization: Bearer, or {KEY_HEADER})"
INTERNAL_KEY = "INTERNAL_API_KEY"
"""The secret's name."""

VALID_KEYS = 2
SHORTEST_KEY = 16
KEY_REMEDY = f"use at least {SHORTEST_KEY} visible ASCII characters, for example from `openssl rand -hex 32`"


CallerKind: TypeAlias = Literal["scheduler", "internal_key", "developer", "user", "api_key"]


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller. `name` goes into the audit; `tenants` is None where every tenant may be billed."""

    kind: CallerKind
    name: str
    tenants: frozenset[str] | None


class WeakInternalKey(BillingError):
    """The configured internal key is no key. It is not shown."""

    code: ClassVar[str] = "weak_internal_key"

    def __init__(self) -> None:
        super().__init__(f"{INTERNAL_KEY}: {KEY_REMEDY}")


def authenticate(headers: Mapping[str, str], *, tokens: TokenVerifier, secrets: Secrets, now: datetime) -> Caller:
    """The caller behind a request's headers.

    Whatever is presented must be valid: a good key does not excuse a bad token, nor the other way round. Where both
    are good the token names the caller, because it says more. Nothing presented, or nothing configured, is nobody.
    Raises Unauthenticated, Forbidden, Unavailable, and WeakInternalKey.
    """
    key, token = _sole(headers, name=KEY_HEADER), _sole(headers, name=TOKEN_HEADER)
    callers = []
    if token is not None:
        callers.append(Caller("scheduler", tokens.verify(_bearer(token), now=now), tenants=None))
    if key is not None:
        callers.append(_key_holder(key, secrets=secrets))
    if not callers:
        raise Unauthenticated(ANY_CREDENTIAL, reason="none was presented")
    return callers[0]


def internal_keys(secrets: Secrets) -> tuple[str, ...]:
    """The internal keys valid now, at most two, newest first. Raises WeakInternalKey.

    Worth calling once at start-up: a key that is too weak then shows before the first request does.
    """
    keys = [key for key in secrets.get(INTERNAL_KEY) if key.strip()][:VALID_KEYS]
    if any(internal_key_flaw(key) for key in keys):
        raise WeakInternalKey
    return tuple(keys)


def internal_key_flaw(key: str) -> str | None:
    """What is wrong with an internal key, without showing it; None if it will do.

    Visible ASCII is all that every proxy passes on in a header unchanged (RFC 9110, 5.5).
    """
    if len(key) >= SHORTEST_KEY and all("!" <= character <= "~" for character in key):
        return None
    return KEY_REMEDY


def matches_any(
    presented: str, *, valid: Sequence[str], equal: Callable[[bytes, bytes], bool] = hmac.compare_digest
) -> bool:
    """Whether `presented` is one of the valid keys, in a time that tells nothing of them.

    Digests have one length whatever the keys have, and every key is compared even after one has matched.
    """
    digest = _digest(presented)
    return sum(equal(digest, _digest(key)) for key in valid) > 0


def _key_holder(key: str, *, secrets: Secrets) -> Caller:
    if not matches_any(key, valid=internal_keys(secrets)):
        raise Unauthenticated(KEY_HEADER, reason="it is none of the valid keys")
    return Caller("internal_key", "internal-key", tenants=None)


def _bearer(header: str) -> str:
    scheme, _, token = header.strip().partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Unauthenticated(BEARER, reason="the header is not `Bearer` and a token")
    return token.strip()


def _sole(headers: Mapping[str, str], *, name: str) -> str | None:
    """The header's value in any capitals; one sent twice is refused, since each part may read another of them."""
    values = [value for key, value in headers.items() if key.lower() == name]
    if len(values) > 1:
        raise Unauthenticated(name, reason="it was sent more than once")
    return values[0] if values else None


def _digest(text: str) -> bytes:
    return sha256(text.encode("utf-8", "surrogatepass")).digest()
