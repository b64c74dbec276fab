"""What `billing api-keys` does."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from secrets import token_urlsafe

import typer

from billing.adapters.system_clock import SystemClock
from billing.cli.directory import call_on, instant_of, open_place
from billing.cli.place import Place
from billing.cli.screen import answers, columns, write_json
from billing.domain.api_key import ApiKey
from billing.domain.member import Role
from billing.store.api_keys import ApiKeys
from billing.usecases.api_keys import WantedKey, create_api_key, revoke_api_key


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedKey:
    """What was typed of a new key."""

    name: str
    role: Role
    scopes: tuple[str, ...]
    expires: str | None


def create_one(asked: AskedKey, *, place: Place) -> None:
    """Make a key and show it; InvalidInput."""
    engine, tenant = open_place(place)
    end = None if asked.expires is None else instant_of(asked.expires, zone=tenant.zone, option="--expires")
    wanted = WantedKey(name=asked.name, role=asked.role, scopes=asked.scopes, expires_at=end)
    stored, key = create_api_key(engine.documents, wanted, new_secret=partial(token_urlsafe, 32), call=call_on(tenant))
    if place.as_json:
        write_json({**_json(stored.value), "key": key})
        return
    typer.echo(f"{key}\n\nKeep it now: it is shown this once. `billing api-keys revoke {stored.value.id}` ends it.")


def show_keys(place: Place) -> None:
    """List them, the newest first."""
    engine, tenant = open_place(place)
    found = [each.value for each in ApiKeys.of(engine.documents, tenant.id).all()]
    keys = sorted(found, key=lambda each: (each.created_at, each.id), reverse=True)
    if place.as_json:
        write_json({"api_keys": [_json(each) for each in keys]})
        return
    now = SystemClock().now()
    table = columns("bold", "", "", "", "")
    for each in keys:
        table.add_row(each.name, each.role.value, ", ".join(each.scopes), each.prefix, _state(each, now=now))
    answers().print(table, markup=False)
    if not keys:
        typer.echo(f"{tenant.id} has no API keys")


def revoke_one(key: str, *, place: Place) -> None:
    """Revoke a key; NotFound."""
    engine, tenant = open_place(place)
    revoked = revoke_api_key(engine.documents, key.rpartition(".")[2], call=call_on(tenant)).value
    if place.as_json:
        write_json(_json(revoked))
    else:
        typer.echo(f"{revoked.prefix} ({revoked.name}) is revoked since {revoked.revoked_at:%Y-%m-%d %H:%M} UTC")


def _state(key: ApiKey, *, now: datetime) -> str:
    if key.revoked_at is not None:
        return f"revoked {key.revoked_at:%Y-%m-%d}"
    if key.expires_at is None:
        return "valid"
    return f"{'valid until' if key.is_valid(at=now) else 'expired'} {key.expires_at:%Y-%m-%d}"


def _json(key: ApiKey) -> dict[str, object]:
    return {
        "id": key.id,
        "name": key.name,
        "role": key.role.value,
        "scopes": [*key.scopes],
        "prefix": key.prefix,
        "created_at": key.created_at.isoformat(),
        "created_by": key.created_by,
        "expires_at": None if key.expires_at is None else key.expires_at.isoformat(),
        "revoked_at": None if key.revoked_at is None else key.revoked_at.isoformat(),
        "revoked_by": key.revoked_by,
    }
