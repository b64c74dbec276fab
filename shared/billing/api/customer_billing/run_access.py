"""Who may start the daily steps: staff for their own tenant, and parts of our own for every tenant."""

from dataclasses import dataclass

from fastapi import Request

from billing.api.access import KNOWN_ACCESS, Access, Needs, door_of
from billing.api.caller import Caller
from billing.api.identity import Machine, identify
from billing.api.job_request import TENANT_HEADER
from billing.api.problem import Forbidden
from billing.domain.member import Role

ALL_TENANTS = ""
"""In place of a tenant's id: every one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsToRun(Needs):
    """Staff of the tenant that X-Tenant-ID names; with the internal key the header may be left out, for all tenants."""

    def admit(self, request: Request) -> Access:
        """Who calls, if he may, kept on the request."""
        if any(value.strip() for value in request.headers.getlist(TENANT_HEADER)):
            return Needs.admit(self, request)
        access = _machine(request)
        if access is None:
            return Needs.admit(self, request)
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
        request.headers,
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
