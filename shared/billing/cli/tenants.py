"""`billing tenants`: the sellers of a directory, their settings, and changing them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.markup import escape

from billing.adapters.book_files.typed_settings import tenant_json, with_settings
from billing.cli.directory import call_on, open_directory, the_tenant
from billing.cli.errors import Refused
from billing.cli.screen import Json, answers, columns, write_json
from billing.domain.errors import NotFound
from billing.domain.settings_table import SETTINGS, Change, Setting
from billing.domain.tenant import Tenant
from billing.domain.tenant_settings import SettingChange, setting_text
from billing.engine import Engine
from billing.ports import Objects
from billing.render.logo import logo
from billing.store.tenants import Tenants
from billing.usecases.change_tenant import ChangedTenant, change_tenant
from billing.usecases.file_logo import file_logo, logo_key


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenSettings:
    """What was typed: `NAME=VALUE` texts and the file of a logo."""

    settings: tuple[str, ...]
    logo: Path | None
    dry_run: bool


def show_list(*, directory: Path, as_json: bool) -> None:
    """Print every tenant."""
    tenants = Tenants(open_directory(directory).documents)
    found = [tenants.get(each) for each in tenants.ids()]
    if as_json:
        write_json({"tenants": [_row(each) for each in found]})
        return
    table = columns("bold", "", "", "", "", "")
    table.add_row("Tenant", "Name", "Currency", "Zone", "Cards by", "Mails from", style="dim")
    for each in found:
        name, sender = escape(each.seller.name), escape(each.mail_sender or "nobody")
        table.add_row(each.id, name, each.currency, each.zone, each.gateway or "nobody", sender)
    answers().print(table)


def show_one(*, tenant_id: str | None, directory: Path, as_json: bool) -> None:
    """Print a tenant's settings."""
    tenant = the_tenant(open_directory(directory), tenant_id)
    if as_json:
        write_json({"tenant_id": tenant.id, "settings": tenant_json(tenant)})
        return
    table = columns("", "bold", "dim")
    table.add_row("Setting", "Value", "Shows in", style="dim")
    for each in SETTINGS:
        value = setting_text((each.brief or each.value)(tenant))
        table.add_row(each.name, escape(value) or "-", escape(_shows(each)))
    answers().print(table)


def run_set(given: GivenSettings, *, tenant_id: str | None, directory: Path, as_json: bool) -> None:
    """Change settings and print each that differs. Raises what is wrong with them, and NotFound for a missing logo."""
    typed = _typed(given.settings)
    if not typed and given.logo is None:
        message = "name what to set: NAME=VALUE, or --logo FILE; `billing tenants show` has all names"
        raise Refused(message)
    engine = open_directory(directory)
    tenant = the_tenant(engine, tenant_id)
    if given.logo is not None:
        typed["logo_key"] = [_logo_key(given.logo, tenant, engine=engine, dry_run=given.dry_run)]
    call = call_on(tenant)
    _require_logo(engine.objects, typed, given=given)
    changed = change_tenant(
        engine.documents, lambda before: with_settings(before, typed), call=call, dry_run=given.dry_run
    )
    if as_json:
        write_json(_changes_json(changed, dry_run=given.dry_run))
    else:
        _print_changes(changed, dry_run=given.dry_run)


def _typed(settings: Sequence[str]) -> dict[str, list[str]]:
    """The values by name; Refused for what has no `=`."""
    typed: dict[str, list[str]] = {}
    for each in settings:
        name, sign, value = each.partition("=")
        if not sign:
            message = f"{each!r} is no setting with a value: NAME=VALUE"
            raise Refused(message)
        typed.setdefault(name, []).append(value)
    return typed


def _logo_key(file: Path, tenant: Tenant, *, engine: Engine, dry_run: bool) -> str:
    """The key of the logo, which is stored unless this is a dry run; InvalidInput for what can't be drawn."""
    png = file.read_bytes()
    logo(png)
    return logo_key(png, tenant_id=tenant.id) if dry_run else file_logo(engine.objects, png, tenant_id=tenant.id)


def _require_logo(objects: Objects, typed: Mapping[str, Sequence[str]], *, given: GivenSettings) -> None:
    """Refuse a key under which nothing stands: every PDF would wait for it."""
    for key in typed.get("logo_key", ()) if given.logo is None else ():
        if key.startswith("branding/") and not objects.exists(key):
            raise NotFound("object", key)


def _shows(setting: Setting) -> str:
    match setting.change:
        case Change.ANY_TIME:
            return setting.shows
        case Change.NEVER:
            return f"{setting.shows}; never changes"
        case Change.BEFORE_INVOICES | Change.BEFORE_CREDIT_NOTES:
            return f"{setting.shows}; fixed once given"


def _print_changes(changed: ChangedTenant, *, dry_run: bool) -> None:
    console, tenant_id = answers(), changed.tenant.id
    if not changed.changes:
        console.print(f"{tenant_id}: all of it is set so already")
        return
    console.print(f"{tenant_id}, dry run: nothing was written" if dry_run else f"{tenant_id}, from the next run on")
    table = columns("", "dim", "bold")
    for each in changed.changes:
        table.add_row(f"  {each.setting.name}", escape(each.before) or "-", escape(each.after) or "-")
    console.print(table)


def _changes_json(changed: ChangedTenant, *, dry_run: bool) -> Json:
    return {
        "tenant_id": changed.tenant.id,
        "dry_run": dry_run,
        "changed": [_change_json(each) for each in changed.changes],
    }


def _change_json(change: SettingChange) -> Json:
    return {"setting": change.setting.name, "before": change.before, "after": change.after}


def _row(tenant: Tenant) -> Json:
    return {
        "tenant_id": tenant.id,
        "legal_name": tenant.seller.name,
        "currency": tenant.currency,
        "time_zone": tenant.zone,
        "gateway": tenant.gateway,
        "mail_sender": tenant.mail_sender,
    }
