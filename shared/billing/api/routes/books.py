"""What a route works with: the engine, the caller's own tenant, and the call that the audit log will name."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Annotated, Any, overload

from fastapi import Depends, Request

from billing.api.access import Access, door_of, needs
from billing.api.pay_engine import PayEngine
from billing.api.routes.models import day_or_instant
from billing.domain.errors import NotFound
from billing.domain.member import Role
from billing.domain.tenant import Tenant
from billing.ports import Documents, Gateway
from billing.store.subscriptions import Subscriptions
from billing.store.tenants import Tenants
from billing.usecases.call import Call
from billing.usecases.close_other_ways import WaysToPay


@dataclass(frozen=True, kw_only=True)
class Books:
    """One tenant's books, opened by a caller who may. No method takes a tenant, so no route can reach another's."""

    engine: PayEngine
    access: Access
    call: Call

    @property
    def documents(self) -> Documents:
        """The document store."""
        return self.engine.documents

    @property
    def tenant_id(self) -> str:
        """Whose books they are."""
        return self.call.tenant_id

    @cached_property
    def tenant(self) -> Tenant:
        """The tenant's settings, read once a request."""
        return Tenants(self.documents).get(self.tenant_id)

    @overload
    def instant(self, field: str, given: str) -> datetime: ...

    @overload
    def instant(self, field: str, given: str | None) -> datetime | None: ...

    def instant(self, field: str, given: str | None) -> datetime | None:
        """What was given as a `DayOrInstant`, in UTC: a date is the start of the tenant's day. InvalidInput."""
        return None if given is None else day_or_instant(field, given, zone=self.tenant.zone)

    def instant_of(self, subscription_id: str, field: str, given: str) -> datetime:
        """As `instant`, but a date is the start of the subscription's own day; NotFound where there is none."""
        [found] = Subscriptions.of(self.documents, self.tenant_id).get([subscription_id])
        if found is None:
            raise NotFound("subscription", subscription_id)
        return day_or_instant(field, given, zone=found.value.zone)

    def gateway(self) -> Gateway | None:
        """What charges the tenant's cards, or None where it takes transfers alone."""
        return self.engine.gateway(self.tenant)

    @property
    def other_ways(self) -> WaysToPay:
        """Pages and card payments that are open for the tenant's invoices."""
        return WaysToPay(documents=self.documents, gateway=self.gateway, call=self.call)

    def needed_gateway(self) -> Gateway:
        """What charges the tenant's cards; NotFound where it has none."""
        gateway = self.gateway()
        if gateway is None:
            raise NotFound("gateway of tenant", self.tenant_id)  # noqa: TRY003 - a kind, not a message
        return gateway


def reading(noun: str) -> Any:  # noqa: ANN401 - what FastAPI takes in an annotation
    """The dependency of a route that looks: a viewer may, or a key with the scope `noun:read`."""
    return Depends(_opened(Role.VIEWER, scope=f"{noun}:read"))


def changing(noun: str, *, role: Role = Role.STAFF) -> Any:  # noqa: ANN401
    """The dependency of a route that changes something: staff may, or a key with the scope `noun:write`."""
    return Depends(_opened(role, scope=f"{noun}:write"))


def _opened(role: Role, *, scope: str | None = None) -> Callable[..., Books]:
    def opened(request: Request, access: Annotated[Access, Depends(needs(role, scope=scope))]) -> Books:
        door = door_of(request)
        return Books(engine=door.parts().engine, access=access, call=access.call(door.clock.now()))

    return opened


Deciding = Annotated[Books, Depends(_opened(Role.ADMIN))]
"""The books for what persons decide: closed to API keys with scopes, so that a narrow key can't make a wide one."""
