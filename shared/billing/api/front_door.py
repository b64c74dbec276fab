"""The settings of the API's door: whose tokens it believes, how many calls it takes, and from which pages."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from billing.adapters.variables import Variables, shown
from billing.api.identity import Trusted
from billing.api.oidc import OidcTrust, TokenVerifier
from billing.api.rate_limits import Rate, RateLimits
from billing.api.user_tokens import FIREBASE_CERTS_URL, firebase_users, google_users
from billing.domain.web_address import is_web_address

CALLER_RATE = Rate(per_second=50, burst=100)
TENANT_RATE = Rate(per_second=200, burst=400)

_FASTEST = 10_000
_PROJECT = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
_ORIGIN_REMEDY = "use origins such as https://app.example.com, separated by commas, without a path or *"


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontDoor:
    """Without a project or a client nobody signs in; without origins no other page's script gets an answer.

    A rate of None is no limit; each holds for one process of the function.
    """

    firebase_project: str = ""
    firebase_certs_url: str = FIREBASE_CERTS_URL
    google_client_ids: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    caller_rate: Rate | None = CALLER_RATE
    tenant_rate: Rate | None = TENANT_RATE


def front_door(read: Variables) -> FrontDoor:
    """Read the variables; what is wrong with them is noted with `read`."""
    return FrontDoor(
        firebase_project=_project(read),
        firebase_certs_url=read.url("FIREBASE_CERTS_URL") or FIREBASE_CERTS_URL,
        google_client_ids=read.texts("GOOGLE_CLIENT_IDS"),
        cors_origins=_origins(read),
        caller_rate=_rate(read, "RATE_LIMIT_CALLER", default=CALLER_RATE),
        tenant_rate=_rate(read, "RATE_LIMIT_TENANT", default=TENANT_RATE),
    )


def trusted_by(door: FrontDoor, *, oidc: OidcTrust) -> Trusted:
    """Whose tokens the settings believe; it holds the issuers' keys, so keep it between requests."""
    users = []
    if door.firebase_project:
        users.append(firebase_users(door.firebase_project, certs_url=door.firebase_certs_url))
    if door.google_client_ids:
        users.append(google_users(door.google_client_ids, issuers=oidc.issuers, certs_url=oidc.certs_url))
    return Trusted(machines=TokenVerifier(oidc), users=tuple(users))


def limits_of(door: FrontDoor) -> RateLimits:
    """The limits of the settings; it holds the counts, so keep it between requests."""
    return RateLimits(caller=door.caller_rate, tenant=door.tenant_rate)


def _project(read: Variables) -> str:
    project = read.text("FIREBASE_PROJECT")
    if project and not _PROJECT.fullmatch(project):
        read.flaw("FIREBASE_PROJECT", remedy=f"use the project's id, not {shown(project)}")
    return project


def _origins(read: Variables) -> tuple[str, ...]:
    origins = read.texts("CORS_ORIGINS")
    for origin in origins:
        if not is_web_address(origin) or urlsplit(origin).path:
            read.flaw("CORS_ORIGINS", remedy=f"{_ORIGIN_REMEDY}, not {shown(origin)}")
    return origins


def _rate(read: Variables, name: str, *, default: Rate) -> Rate | None:
    """So many calls a second, and twice as many at once; 0 is no limit."""
    per_second = read.integer(name, default=default.per_second, low=0, high=_FASTEST)
    return Rate(per_second=per_second, burst=2 * per_second) if per_second else None
