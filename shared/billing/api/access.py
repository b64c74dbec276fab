"""What a caller may do: the dependency that every route of the API has, and that the OpenAPI document tells of.

    access: Annotated[Access, Depends(needs(Role.STAFF, scope="customers:write"))]

Refusals come in this order, so that nobody learns more than he may: 401 for a credential that is missing or wrong, 400
without X-Tenant-ID, 403 for a tenant that the caller is no member of (or that there is none of), 403 for a role or a
scope that is not enough.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Annotated, assert_never

from fastapi import Depends, Header, Request
from fastapi.security import APIKeyHeader, HTTPBearer

from billing.api.caller import KEY_HEADER, TOKEN_HEADER, Caller, CallerKind
from billing.api.identity import API_KEY_HEADER, Identity, KeyHolder, Machine, identify
from billing.api.job_request import TENANT_HEADER
from billing.api.pay_engine import Door
from billing.api.problem import Forbidden, MalformedRequest
from billing.api.user_tokens import User
from billing.domain.api_key import SCOPES, ApiKey
from billing.domain.errors import InvalidInput
from billing.domain.member import Role, member_id
from billing.ports import Documents
from billing.store.members import Members
from billing.store.tenants import Tenants
from billing.usecases.call import Call

_BEARER = HTTPBearer(auto_error=False, description="A Firebase or Google ID token, or an API key (bk_...).")
_API_KEY = APIKeyHeader(name=API_KEY_HEADER, scheme_name="ApiKey", auto_error=False, description="An API key.")
_INTERNAL = APIKeyHeader(name=KEY_HEADER, scheme_name="InternalKey", auto_error=False, description="The internal key.")
_NO_TENANT = f"{TENANT_HEADER}: the header is missing; it names the tenant whose books are meant"
_TWO_TENANTS = f"{TENANT_HEADER}: it was sent more than once"

ALL_TENANTS = ""
"""In place of a tenant's id: every one."""

KNOWN_ACCESS = "access"
"""Where a request keeps what was found out of its caller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """A caller who may do what the route does, in one tenant.

    `key` is the API key that called. `idempotency_key` is the one that a write came with; without, what it makes is
    named by `fresh_id`.
    """

    tenant_id: str
    role: Role
    caller: Caller
    request_id: str
    fresh_id: str
    idempotency_key: str | None = None
    key: ApiKey | None = None

    def call(self, now: datetime) -> Call:
        """What a use case is told of who asks; `now` is the present UTC instant."""
        return Call(tenant_id=self.tenant_id, actor=self.caller.name, recorded_at=now, request_id=self.request_id)

    def new_id(self, prefix: str) -> str:
        """An id for what the request makes: the same for the same Idempotency-Key, so that a repeat makes no second."""
        if self.idempotency_key is None:
            return f"{prefix}_{self.fresh_id[:24]}"
        return f"{prefix}_{sha256(f'{prefix}/{self.idempotency_key}'.encode()).hexdigest()[:24]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """The dependency that `needs` makes: what a route asks of its caller."""

    role: Role
    scope: str | None
    any_scope: bool = False

    def __call__(
        self,
        request: Request,
        _bearer: Annotated[object, Depends(_BEARER)],
        _api_key: Annotated[object, Depends(_API_KEY)],
        _internal: Annotated[object, Depends(_INTERNAL)],
        _tenant: Annotated[
            str | None, Header(alias=TENANT_HEADER, description="The tenant; API keys name theirs.")
        ] = None,
    ) -> Access:
        """The caller's access. The arguments beside the request are for the OpenAPI document."""
        known: Access | None = getattr(request.state, KNOWN_ACCESS, None)
        return self.admit(request) if known is None else self._enough(known)

    def admit(self, request: Request) -> Access:
        """Who calls, if he may, kept on the request. It reads headers alone, never the body."""
        access = _access(request)
        setattr(request.state, KNOWN_ACCESS, access)
        return self._enough(access)

    def _enough(self, access: Access) -> Access:
        if not access.role.covers(self.role):
            raise Forbidden(reason=f"{access.caller.kind} has the role {access.role}, {self.role} is needed")
        if access.key is not None and not (self.any_scope or access.key.allows(self.scope)):
            raise Forbidden(reason=f"the API key's scopes do not allow {self.scope}")
        return access


def needs(role: Role, *, scope: str | None = None, any_scope: bool = False) -> Needs:
    """The dependency of a route that asks for this role at least.

    `scope` (`customers:write`) is what an API key with scopes must have; a route without is closed to such keys, but
    where `any_scope` opens it.
    """
    if scope is not None and scope not in SCOPES:
        raise InvalidInput("scope", expected=f"one of {', '.join(sorted(SCOPES))}", given=scope)
    return Needs(role=role, scope=scope, any_scope=any_scope)


def door_of(request: Request) -> Door:
    """The door that the application was made with."""
    door: Door = request.app.state.door
    return door


def _access(request: Request) -> Access:
    door = door_of(request)
    parts = door.parts()
    documents, now = parts.engine.documents, door.clock.now()
    proof = _presented(request)
    is_counted = parts.limits.count_known(proof)
    identity = identify(
        request.headers, trusted=parts.trusted, documents=documents, secrets=parts.engine.secrets, now=now
    )
    request.state.noted["caller"] = _kind(identity)
    if isinstance(identity, KeyHolder):
        request.state.noted["api_key"] = identity.key.id
    bucket = _bucket(identity)
    if bucket is not None and not is_counted:
        parts.limits.count_caller(bucket, proof=proof)
    asked = _asked_tenant(request, identity)
    role, name = _standing(identity, asked, documents=documents)
    request.state.noted["tenant"] = asked
    if bucket is not None:
        parts.limits.count_tenant(asked)
    return Access(
        tenant_id=asked,
        role=role,
        caller=Caller(_kind(identity), name, tenants=None if isinstance(identity, Machine) else frozenset({asked})),
        request_id=request.state.request_id,
        fresh_id=door.new_id(),
        key=identity.key if isinstance(identity, KeyHolder) else None,
    )


def _presented(request: Request) -> bytes:
    """A digest of the credentials as they came: the same again can only be the same caller, proved or not."""
    named = [request.headers.get(name, "") for name in (TOKEN_HEADER, API_KEY_HEADER, KEY_HEADER)]
    return sha256("\n".join(named).encode()).digest()


def _asked_tenant(request: Request, identity: Identity) -> str:
    """The tenant that the request names; an API key needs to name none, and can't name another's."""
    named = request.headers.getlist(TENANT_HEADER)
    if len(named) > 1:
        raise MalformedRequest(_TWO_TENANTS)
    if named and named[0].strip():
        return named[0].strip()
    if isinstance(identity, KeyHolder):
        return identity.tenant_id
    raise MalformedRequest(_NO_TENANT)


def _standing(identity: Identity, tenant_id: str, *, documents: Documents) -> tuple[Role, str]:
    """The caller's role in the tenant, and the name that the audit log knows it by; Forbidden where it has none."""
    match identity:
        case Machine(name=name):
            if not _exists(tenant_id, documents=documents):
                raise Forbidden(reason=f"there is no tenant {tenant_id!r}")
            return Role.ADMIN, name
        case KeyHolder(tenant_id=own, key=key):
            if tenant_id != own:
                raise Forbidden(reason=f"API key {key.id} is not one of tenant {tenant_id!r}")
            return key.role, f"api-key:{key.id}"
        case User():
            return _role_of(identity, tenant_id, documents=documents), f"user:{identity.email or identity.subject}"
        case _:
            assert_never(identity)


def _role_of(user: User, tenant_id: str, *, documents: Documents) -> Role:
    """The highest role that any of the user's identities has; an id that no tenant can have has no members."""
    try:
        found = Members.of(documents, tenant_id).known_as(user.identities)
    except InvalidInput:
        found = []
    roles = [role for role in Role for member in found if member.role is role]
    if not roles:
        raise Forbidden(reason=f"{member_id(user.subject)} is no member of tenant {tenant_id!r}")
    return roles[-1]


def _exists(tenant_id: str, *, documents: Documents) -> bool:
    try:
        return Tenants(documents).find(tenant_id) is not None
    except InvalidInput:
        return False


def _kind(identity: Identity) -> CallerKind:
    match identity:
        case Machine(kind=kind):
            return kind
        case KeyHolder():
            return "api_key"
        case User():
            return "user"
        case _:
            assert_never(identity)


def _bucket(identity: Identity) -> str | None:
    """Whose calls are counted together; ours are not counted."""
    match identity:
        case Machine():
            return None
        case KeyHolder(key=key):
            return f"key:{key.id}"
        case User(subject=subject):
            return f"user:{subject}"
        case _:
            assert_never(identity)
