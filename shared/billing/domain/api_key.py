"""API keys: what a tenant's own programs call with. A key is shown once; what is stored can't be turned into it."""

import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Final

from billing.domain.errors import InvalidInput
from billing.domain.given import as_iso
from billing.domain.member import Role

SCOPED_NOUNS: Final = (
    "settings",
    "customers",
    "plans",
    "subscriptions",
    "usage",
    "invoices",
    "payments",
    "refunds",
    "credit-notes",
    "bank-statements",
    "dunning",
    "reviews",
    "audit",
    "runs",
    "reports",
    "webhooks",
    "events",
)
"""What a scope may be about. Members and keys are missing on purpose: a narrow key must not make itself a wide one."""

SCOPES: Final = frozenset(f"{noun}:{verb}" for noun in SCOPED_NOUNS for verb in ("read", "write"))

TOKEN_START: Final = "bk_"  # noqa: S105 - how one begins
_TOKEN = re.compile(r"bk_([A-Za-z0-9][A-Za-z0-9_-]{0,62})\.([a-z0-9]{16})\.([A-Za-z0-9_-]{43})")
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key of one tenant. `prefix` is its public beginning, `hash` the SHA-256 of the whole.

    Its secret is 256 random bits, which nobody can try out, so a plain digest protects it. Without `scopes` it may do
    whatever its role may, with some only these. From `expires_at` on (UTC) it is worth nothing, once revoked neither.
    """

    id: str
    name: str
    role: Role
    prefix: str
    hash: str
    created_at: datetime
    created_by: str
    scopes: tuple[str, ...] = ()
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    revoked_by: str = ""

    def __post_init__(self) -> None:
        """Raise InvalidInput for a name, a scope or an end that can't be."""
        if not 1 <= len(self.name.strip()) <= _LONGEST_NAME or not self.name.isprintable():
            raise InvalidInput("name", expected=f"1 to {_LONGEST_NAME} printable characters", given=self.name)
        for scope in self.scopes:
            if scope not in SCOPES:
                raise InvalidInput(
                    "scopes", expected=f"NOUN:read or NOUN:write of {', '.join(SCOPED_NOUNS)}", given=scope
                )
        if self.expires_at is not None and self.expires_at <= self.created_at:
            raise InvalidInput(
                "expires_at", expected=f"an instant after {as_iso(self.created_at)}", given=self.expires_at
            )

    def is_valid(self, *, at: datetime) -> bool:
        """Whether it opens anything at a UTC instant."""
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)

    def allows(self, scope: str | None) -> bool:
        """Whether its scopes allow what needs `scope`; None is what no scope opens. Who may write may read."""
        if not self.scopes:
            return True
        return scope in self.scopes or (scope is not None and scope.replace(":read", ":write") in self.scopes)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyToken:
    """What a caller presents, taken apart: whose key it says it is. Nothing of it is proved yet."""

    tenant_id: str
    key_id: str
    text: str = field(repr=False)

    def opens(self, stored_hash: str, *, equal: Callable[[str, str], bool] = hmac.compare_digest) -> bool:
        """Whether this is the very key that was stored, in a time that tells nothing of it."""
        return equal(token_hash(self.text), stored_hash)


def new_token(tenant_id: str, *, key_id: str, secret: str) -> KeyToken:
    """A key to hand out once: `bk_TENANT.ID.SECRET`. `secret` is 256 random bits in URL-safe Base64, 43 characters.

    It names the tenant, so that one read finds it. InvalidInput where the parts make no key; the secret isn't shown.
    """
    token = read_token(f"{TOKEN_START}{tenant_id}.{key_id}.{secret}")
    if token is None:
        raise InvalidInput("api_key", expected="a tenant, an id of 16 letters and digits, 256 bits", given=key_id)
    return token


def read_token(text: str) -> KeyToken | None:
    """A key taken apart, or None for any other text."""
    found = _TOKEN.fullmatch(text)
    return None if found is None else KeyToken(tenant_id=found[1], key_id=found[2], text=text)


def token_prefix(token: KeyToken) -> str:
    """The part of a key that may be shown."""
    return f"{TOKEN_START}{token.tenant_id}.{token.key_id}"


def token_hash(text: str) -> str:
    """What is stored of a key: its SHA-256 in hex."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def scopes_in_order(scopes: Sequence[str]) -> tuple[str, ...]:
    """Each scope once, sorted."""
    return tuple(sorted(set(scopes)))
