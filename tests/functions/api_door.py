"""The API in this process, over HTTP on the loopback, on a store and with trust that a test chooses; time by hand."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from fastapi import APIRouter

from billing.adapters.environment_secrets import EnvironmentSecrets
from billing.api.app import proxy_app
from billing.api.identity import Trusted
from billing.api.pay_engine import Door, DoorParts
from billing.api.rate_limits import RateLimits
from billing.domain.member import Role
from billing.ports import Documents, Tasks
from billing.store.tenants import Tenants
from billing.usecases.api_keys import WantedKey, create_api_key
from billing.usecases.call import Call
from billing.usecases.change_members import add_member
from billing.wiring import local_engine
from tests.builders import a_tenant
from tests.functions.running_door import KEY, Answered
from tests.functions.served_app import Clock, Served, listening, serving

TENANTS = ("acme", "umbra")
RETIRING_KEY = "a-key-for-tests-that-is-being-retired"


@dataclass(frozen=True, kw_only=True)
class ApiDoor(Served):
    """The door, and what lies behind it."""

    documents: Documents
    clock: Clock
    secrets: dict[str, str]

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        tenant: str | None = "acme",
        token: str | None = None,
        sent: Mapping[str, str] | None = None,
    ) -> Answered:
        """A request; `body` is sent as JSON, bytes as they are."""
        headers = {} if tenant is None else {"X-Tenant-ID": tenant}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        if content is not None:
            headers["Content-Type"] = "application/json"
        return self.request(method, path, body=content, headers=headers | dict(sent or {}))

    def member(self, identity: str, role: Role, *, tenant: str = "acme") -> None:
        add_member(self.documents, identity, role=role, call=self.call(tenant))

    def key(self, role: Role, *scopes: str, tenant: str = "acme", expires_at: datetime | None = None) -> str:
        """A new API key."""
        numbers = iter(f"{next(_NUMBERS):043}" for _ in range(2))
        wanted = WantedKey(name="test", role=role, scopes=scopes, expires_at=expires_at)
        return create_api_key(self.documents, wanted, new_secret=lambda: next(numbers), call=self.call(tenant))[1]

    def call(self, tenant: str = "acme") -> Call:
        return Call(tenant_id=tenant, actor="test", recorded_at=self.clock.now())


_NUMBERS = count(1)


@contextmanager
def running_api_door(
    folder: Path,
    *,
    documents: Documents | None = None,
    trusted: Trusted | None = None,
    limits: RateLimits | None = None,
    cors_origins: tuple[str, ...] = (),
    more: Callable[[], APIRouter] | None = None,
    tasks: Tasks | None = None,
    event_secrets: Mapping[str, str] | None = None,
    seconds: int = 540,
) -> Iterator[ApiDoor]:
    """Two tenants without books, and two internal keys (KEY, RETIRING_KEY); `more` are routes that only a test has."""
    secrets = {"INTERNAL_API_KEY": KEY, "INTERNAL_API_KEY_PREVIOUS": RETIRING_KEY, **(event_secrets or {})}
    engine = replace(local_engine(folder, payment_link_base=""), secrets=EnvironmentSecrets(secrets))
    if documents is not None:
        engine = replace(engine, documents=documents)  # type: ignore[arg-type]
    engine = engine.with_tasks(tasks)
    tenants = Tenants(engine.documents)
    engine.documents.commit([tenants.saving(replace(a_tenant(), id=each)) for each in TENANTS])
    clock, log, numbers = Clock(), list[dict[str, Any]](), count(1)
    parts = DoorParts(
        engine=engine,
        max_body_bytes=64 * 1024,
        trusted=trusted or Trusted(),
        limits=limits or RateLimits(),
        cors_origins=cors_origins,
        run_deadline_seconds=seconds,
    )
    door = Door(parts=lambda: parts, clock=clock, new_id=lambda: f"{next(numbers):032x}")
    app = proxy_app(door, log=lambda _event, fields: log.append(fields))
    if more is not None:
        app.include_router(more())
    with listening() as listener, serving(app, listener):
        port = listener.getsockname()[1]
        yield ApiDoor(port=port, documents=engine.documents, clock=clock, secrets=secrets, log=log)
