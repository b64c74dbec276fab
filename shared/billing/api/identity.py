"""Who calls the API: proved by what a request presents, before anything is said of what the caller may do."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias

from billing.api.caller import KEY_HEADER, TOKEN_HEADER, CallerKind, authenticate
from billing.api.oidc import OidcTrust, TokenVerifier
from billing.api.problem import Unauthenticated
from billing.api.signed_token import BEARER, refused_token, said_of_itself
from billing.api.user_tokens import User, UserProvider
from billing.domain.api_key import TOKEN_START, ApiKey, read_token
from billing.ports import Documents, Secrets
from billing.store.api_keys import ApiKeys

if TYPE_CHECKING:
    from starlette.datastructures import Headers

API_KEY_HEADER = "x-api-key"
_NO_HASH = "0" * 64
"""Compared where no key stands, so that its absence takes as long as a wrong one."""

CREDENTIALS = f"a credential (Authorization: Bearer, {API_KEY_HEADER} or {KEY_HEADER})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A part of this product or its operator's: every tenant is its business. `kind` says by which credential."""

    kind: CallerKind
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyHolder:
    """A program of one tenant."""

    tenant_id: str
    key: ApiKey


Identity: TypeAlias = Machine | KeyHolder | User


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """Whose tokens are believed, nobody's unless told: our own service accounts', and of whom providers signed in."""

    machines: TokenVerifier = field(default_factory=lambda: TokenVerifier(OidcTrust()))
    users: tuple[UserProvider, ...] = ()


def identify(
    headers: "Headers", *, trusted: Trusted, documents: Documents, secrets: Secrets, now: datetime
) -> Identity:
    """The caller behind a request's headers.

    Whatever is presented must be valid, and where several are the bearer token names the caller, then the API key:
    who says more of itself may not do more for it. Raises Unauthenticated, Forbidden, and Unavailable.
    """
    found: list[Identity] = []
    token, api_key = _sole(headers, name=TOKEN_HEADER), _sole(headers, name=API_KEY_HEADER)
    if token is not None:
        found.append(_bearer_of(token, trusted=trusted, documents=documents, now=now))
    if api_key is not None:
        found.append(_key_holder(api_key, credential=API_KEY_HEADER, documents=documents, now=now))
    internal = _sole(headers, name=KEY_HEADER)
    if internal is not None:
        caller = authenticate({KEY_HEADER: internal}, tokens=trusted.machines, secrets=secrets, now=now)
        found.append(Machine(kind=caller.kind, name=caller.name))
    if not found:
        raise Unauthenticated(CREDENTIALS, reason="none was presented")
    return found[0]


def _bearer_of(header: str, *, trusted: Trusted, documents: Documents, now: datetime) -> Identity:
    scheme, _, rest = header.strip().partition(" ")
    token = rest.strip()
    if scheme.lower() != "bearer" or not token:
        raise refused_token(reason="the header is not `Bearer` and a token")
    if token.startswith(TOKEN_START):
        return _key_holder(token, credential=BEARER, documents=documents, now=now)
    return _signed_in(token, trusted=trusted, now=now)


def _signed_in(token: str, *, trusted: Trusted, now: datetime) -> Machine | User:
    """Proved by the one verifier that the token's issuer and audience are those of."""
    issuer, audiences = said_of_itself(token)
    if trusted.machines.is_meant(issuer=issuer, audiences=audiences):
        return Machine(kind="scheduler", name=trusted.machines.verify(token, now=now))
    for provider in trusted.users:
        if provider.is_meant(issuer=issuer, audiences=audiences):
            user = provider.user(token, now=now)
            return Machine(kind="developer", name="developer") if provider.name == "development" else user
    raise refused_token(reason="its issuer and audience are none that are trusted")


def _key_holder(text: str, *, credential: str, documents: Documents, now: datetime) -> KeyHolder:
    """The holder of an API key that stands. The reason of a refusal is for our log; strangers hear one sentence."""
    token = read_token(text)
    if token is None:
        raise Unauthenticated(credential, reason="it has not the form of an API key")
    stored = ApiKeys.of(documents, token.tenant_id).find(token.key_id)
    if not token.opens(_NO_HASH if stored is None else stored.value.hash) or stored is None:
        raise Unauthenticated(credential, reason="there is no such API key")
    if not stored.value.is_valid(at=now):
        raise Unauthenticated(credential, reason=f"API key {token.key_id} is revoked or has expired")
    return KeyHolder(tenant_id=token.tenant_id, key=stored.value)


def _sole(headers: "Headers", *, name: str) -> str | None:
    """The header's value; one sent twice is refused, since each part on the way may read another of them."""
    values = headers.getlist(name)
    if len(values) > 1:
        raise Unauthenticated(name, reason="it was sent more than once")
    return values[0] if values else None
