"""Who may start the daily steps: staff for their own tenant, and parts of our own for every tenant."""

from base64 import b64decode
from dataclasses import dataclass, replace

from fastapi import Request
from starlette.datastructures import Headers

from billing.api.access import KNOWN_ACCESS, Access, Needs, door_of
from billing.api.caller import KEY_HEADER, TOKEN_HEADER, Caller
from billing.api.identity import Machine, identify
from billing.api.job_request import TENANT_HEADER
from billing.api.problem import Forbidden, MalformedRequest
from billing.domain.errors import InvalidInput
from billing.domain.member import Role
from billing.store.tenants import Tenants

ALL_TENANTS = ""
"""In place of a tenant's id: every one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsToRun(Needs):
    """Staff of the tenant that X-Tenant-ID names; with the internal key the header may be left out, for all tenants."""

    def admit(self, request: Request) -> Access:
        """Who calls, if he may, kept on the request."""
        named = [value.strip() for value in request.headers.getlist(TENANT_HEADER) if value.strip()]
        if named and not _has_password(request):
            return Needs.admit(self, request)
        access = _machine(request)
        if access is None:
            return Needs.admit(self, request)
        if named:
            access = replace(access, tenant_id=_standing_tenant(request, named))
        setattr(request.state, KNOWN_ACCESS, access)
        return access


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsMachine(Needs):
    """A part of our own, by the internal key or as a service account; X-Tenant-ID may say what it is about."""

    def admit(self, request: Request) -> Access:
        """Who calls, kept on the request; Forbidden for anybody's user or program."""
        access = _machine(request)
        if access is None:
            raise Forbidden(reason="it is no internal caller")
        setattr(request.state, KNOWN_ACCESS, access)
        return access


def _machine(request: Request) -> Access | None:
    """The access of a part of our own to every tenant, or None for other callers; Unauthenticated for strangers."""
    door = door_of(request)
    parts = door.parts()
    identity = identify(
        _with_key(request.headers),
        trusted=parts.trusted,
        documents=parts.engine.documents,
        secrets=parts.engine.secrets,
        now=door.clock.now(),
    )
    if not isinstance(identity, Machine):
        return None
    request.state.noted["caller"] = identity.kind
    return Access(
        tenant_id=ALL_TENANTS,
        role=Role.ADMIN,
        caller=Caller(identity.kind, identity.name, tenants=None),
        request_id=request.state.request_id,
        fresh_id=door.new_id(),
    )


def _has_password(request: Request) -> bool:
    return request.headers.get(TOKEN_HEADER, "").lower().startswith("basic ")


def _with_key(headers: Headers) -> Headers:
    """The headers with the password of an address (RFC 7617) as the internal key, which it is for cron's one line.

    A password that can't be read is left as it is, and refused as a token.
    """
    scheme, _, told = headers.get(TOKEN_HEADER, "").partition(" ")
    if scheme.lower() != "basic":
        return headers
    try:
        _, _, key = b64decode(told.strip(), validate=True).decode("ascii").partition(":")
    except ValueError:
        return headers
    others = [(name, value) for name, value in headers.raw if name != TOKEN_HEADER.encode()]
    return Headers(raw=[*others, (KEY_HEADER.encode(), key.encode())])


def _standing_tenant(request: Request, named: list[str]) -> str:
    """The one tenant that is named; Forbidden where there is none such, as for one of somebody else's."""
    if len(named) > 1:
        message = f"{TENANT_HEADER}: sent more than once"
        raise MalformedRequest(message)
    try:
        stands = Tenants(door_of(request).parts().engine.documents).find(named[0])
    except InvalidInput:
        stands = None
    if stands is None:
        raise Forbidden(reason=f"there is no tenant {named[0]!r}")
    return named[0]
