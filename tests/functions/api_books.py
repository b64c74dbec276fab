"""The API over HTTP with two tenants that have books, and a key of each role in each."""

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from billing.domain.member import Role
from billing.ports import Documents
from billing.usecases.api_keys import WantedKey, create_api_key
from billing.usecases.call import Call
from tests.builders import GERMAN_VAT, a_fee, a_party, a_plan, a_tenant, utc
from tests.functions.proxy import Proxy, owes, running_proxy
from tests.functions.running_door import Answered
from tests.world import World

OTHER = "umbra"
"""The tenant whose ids nobody of `acme` may learn anything by."""


@dataclass(frozen=True, kw_only=True)
class ApiBooks:
    """The proxy, the keys by tenant and role, and the other tenant's ids by the name of their parameter."""

    proxy: Proxy
    keys: Mapping[tuple[str, Role], str]
    others: Mapping[str, str]

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        role: Role | None = Role.ADMIN,
        tenant: str = "acme",
        sent: Mapping[str, str] | None = None,
    ) -> Answered:
        """A request with the key of a role, None for without any."""
        headers = {} if role is None else {"Authorization": f"Bearer {self.keys[tenant, role]}"}
        if isinstance(body, bytes):
            content: bytes | None = body
        else:
            content = None if body is None else json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        return self.proxy.call(method, path, body=content, sent=headers | dict(sent or {}))

    def read(self, path: str, *, role: Role = Role.VIEWER) -> Any:  # noqa: ANN401 - any JSON
        """What a GET answers, which must be 200."""
        answered = self.ask("GET", path, role=role)
        assert answered.status == 200, answered.body
        return json.loads(answered.body)


@contextmanager
def running_api(folder: Path, *, documents: Documents | None = None) -> Iterator[ApiBooks]:
    """`acme` owes 58.31 by lumen's invoice INV-2026-02-0001; `umbra` has a customer, a subscription and an invoice."""
    with running_proxy(folder, documents=documents) as proxy:
        owes(proxy)
        others = _other_books(proxy)
        keys = {(tenant, role): _key(proxy, tenant=tenant, role=role) for tenant in ("acme", OTHER) for role in Role}
        yield ApiBooks(proxy=proxy, keys=keys, others=others)


def _other_books(proxy: Proxy) -> dict[str, str]:
    tenant = replace(a_tenant(), id=OTHER)
    world = World(documents=proxy.engine.documents, objects=proxy.engine.objects, tenant=tenant, taxes=GERMAN_VAT)
    plan = world.plan(a_plan(plan_id="secret-plan", fees=[a_fee("77.00")]))
    world.customer("secret-customer", party=a_party(email="ap@secret.test", name="Secret Ltd"))
    world.subscribes("secret-customer", to=plan, on="2026-02-01", until="2026-03-01")
    world.now = utc("2026-03-01")
    proxy.engine.generate_invoices(world.request())
    [invoice] = world.invoices("secret-customer")
    return {
        "customer_id": "secret-customer",
        "subscription_id": invoice.subscription_id,
        "plan_version": plan.ref,
        "invoice_id": invoice.id,
        "id_or_number": invoice.id,
    }


def _key(proxy: Proxy, *, tenant: str, role: Role) -> str:
    call = Call(tenant_id=tenant, actor="test", recorded_at=proxy.clock.now())
    _, token = create_api_key(
        proxy.engine.documents,
        WantedKey(name=f"{role} of {tenant}", role=role),
        new_secret=lambda: secrets.token_urlsafe(32),
        call=call,
    )
    return token
