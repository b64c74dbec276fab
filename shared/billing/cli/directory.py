"""A directory of books: opening one that exists, and naming its tenants."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar

from billing.adapters.system_clock import SystemClock
from billing.cli.errors import Refused
from billing.cli.place import Place
from billing.domain.errors import InvalidInput, NotFound
from billing.domain.period import local_midnight
from billing.domain.tenant import Tenant
from billing.engine import Engine
from billing.store.tenants import Tenants
from billing.usecases.call import Call
from billing.wiring import LOCAL_OBJECTS, LOCAL_STORE, local_engine

ACTOR = "cli"

D = TypeVar("D", bound=date)


def open_directory(directory: Path, *, payment_link_base: str = "", workers: int = 1) -> Engine:
    """The engine on a directory that `billing import` or `billing demo` made; Refused where there is none."""
    require_books(directory)
    return local_engine(directory, payment_link_base=payment_link_base, workers=workers)


def require_books(directory: Path) -> None:
    """Refused where the directory has none; nothing is opened."""
    if not (directory / LOCAL_STORE).is_file():
        message = f"no books in {directory}; `billing import BOOK --dir {directory}` puts one there"
        raise Refused(message)


def open_place(place: Place) -> tuple[Engine, Tenant]:
    """The engine on the place's directory, and its tenant; Refused where either can't be told."""
    base = checked_pay_base(place.pay_base) if place.pay_base else ""
    engine = open_directory(place.directory, payment_link_base=base)
    return engine, the_tenant(engine, place.tenant_id)


def open_call(place: Place) -> tuple[Engine, Tenant, Call]:
    """As `open_place`, with what a command does to the tenant's books now."""
    engine, tenant = open_place(place)
    return engine, tenant, call_on(tenant)


def the_tenant(engine: Engine, tenant_id: str | None) -> Tenant:
    """The tenant of that id, or the only one. Refused, with the ids that there are, where it can't be told."""
    tenants = Tenants(engine.documents)
    known = tenants.ids()
    if tenant_id is None and len(known) == 1:
        return tenants.get(known[0])
    if tenant_id is None:
        message = f"which tenant? Use --tenant with one of: {_listed(known)}"
        raise Refused(message)
    try:
        return tenants.get(tenant_id)
    except NotFound:
        message = f"no tenant {tenant_id!r}; there are: {_listed(known)}"
        raise Refused(message) from None


def call_on(tenant: Tenant) -> Call:
    """What a command does to the tenant's books now."""
    return Call(tenant_id=tenant.id, actor=ACTOR, recorded_at=SystemClock().now())


def instant_of(text: str, *, zone: str, option: str = "--as-of") -> datetime:
    """The value of an option as an instant in UTC: a date is the start of that day in `zone`, the tenant's.

    InvalidInput for anything else, an instant without an offset included.
    """
    try:
        if len(text) == len("2026-03-01"):
            return local_midnight(_in_range(date.fromisoformat(text)), zone)
        instant = _in_range(datetime.fromisoformat(text))
        if instant.tzinfo is not None:
            return instant.astimezone(UTC)
    except ValueError:
        pass
    raise InvalidInput(option, expected="2026-03-01, or 2026-03-01T09:00:00+01:00 with its offset", given=text)


def instant_or_now(text: str | None, *, zone: str, option: str = "--as-of") -> datetime:
    """As `instant_of`; now where the option is left out."""
    return SystemClock().now() if text is None else instant_of(text, zone=zone, option=option)


def day_of(text: str, *, option: str = "--bill-from") -> date:
    """The value of an option as a date, or InvalidInput."""
    try:
        return _in_range(date.fromisoformat(text))
    except ValueError:
        raise InvalidInput(option, expected="a date such as 2026-02-01", given=text) from None


def checked_pay_base(text: str) -> str:
    """`--pay-base` as an address that may stand on an invoice, or InvalidInput."""
    if not _WEB.fullmatch(text):
        raise InvalidInput("--pay-base", expected="https://..., or http:// on this machine", given=text)
    return text.rstrip("/")


def object_path(directory: Path, key: str) -> Path:
    """Where an object of the directory is a file."""
    return directory / LOCAL_OBJECTS / key


def _listed(tenant_ids: list[str]) -> str:
    return ", ".join(tenant_ids[:20]) + (f" and {len(tenant_ids) - 20} more" if len(tenant_ids) > 20 else "")


_WEB = re.compile(r"(https://[^\s/@?#]+|http://(127\.0\.0\.1|localhost)(:[0-9]+)?)(/[^\s?#]*)?")


def _in_range(day: D) -> D:
    if not 1970 <= day.year <= 2199:
        raise ValueError(day)
    return day
