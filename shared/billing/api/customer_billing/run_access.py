"""Who may start the daily steps: staff for their own tenant, and parts of our own for every tenant."""

from base64 import b64decode
from dataclasses import dataclass, replace

from fastapi import Request
from starlette.datastructures import Headers

from billing.api.access import ALL_TENANTS, KNOWN_ACCESS, Access, Needs, door_of
from billing.api.caller import KEY_HEADER, TOKEN_HEADER, Caller
from billing.api.identity import Machine, identify
from billing.api.job_request import TENANT_HEADER
from billing.api.problem import Forbidden, MalformedRequest
from billing.domain.errors import InvalidInput
from billing.domain.member import Role
from billing.store.tenants import Tenants


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsToRun(Needs):
    """Staff of the tenant that X-Tenant-ID names; with the internal key the header may be left out, for all tenants."""

    def admit(self, request: Request) -> Access:
        """Who calls, if he may, kept on the request."""
        named = request.headers.getlist(TENANT_HEADER)
        if named and not _has_password(request):
            return Needs.admit(self, request)
        access = _machine(request)
        if access is None:
            return Needs.admit(self, request)
        if named:
            access = replace(access, tenant_id=_standing_tenant(request))
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


def named_tenants(request: Request) -> list[str]:
    """The tenants that X-Tenant-ID names, with commas between them; none where there is no such header: all are meant.

    MalformedRequest for a header without a name, as a script with an unset variable sends it: it means nobody, and
    never everybody. So is one that was sent more than once.
    """
    sent = request.headers.getlist(TENANT_HEADER)
    if len(sent) > 1:
        message = f"{TENANT_HEADER}: sent more than once"
        raise MalformedRequest(message)
    named = [name.strip() for value in sent for name in value.split(",") if name.strip()]
    if sent and not named:
        message = f"{TENANT_HEADER}: it is empty; name a tenant, or leave the header out for all"
        raise MalformedRequest(message)
    return list(dict.fromkeys(named))


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


def _standing_tenant(request: Request) -> str:
    """The one tenant that is named; Forbidden where there is none such, as for one of somebody else's."""
    named = ",".join(named_tenants(request))
    try:
        stands = Tenants(door_of(request).parts().engine.documents).find(named)
    except InvalidInput:
        stands = None
    if stands is None:
        raise Forbidden(reason=f"there is no tenant {named!r}")
    return named
