"""One command for every tenant of a directory."""

from collections.abc import Callable

import typer

from billing.cli.screen import Json
from billing.domain.errors import BillingError
from billing.domain.tenant import Tenant
from billing.engine import Engine
from billing.store.tenants import Tenants


def for_each_tenant(engine: Engine, act: Callable[[Tenant], None]) -> list[Json]:
    """Act for one after the other: one that it can't be done for is named on stderr and stops no other. Those."""
    errors: list[Json] = []
    for tenant_id in Tenants(engine.documents).ids():
        try:
            act(Tenants(engine.documents).get(tenant_id))
        except BillingError as error:
            errors.append({"tenant_id": tenant_id, "message": str(error)})
            typer.echo(f"billing: {tenant_id}: {error}", err=True)
    return errors
