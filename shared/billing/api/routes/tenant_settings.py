"""`/api/billing/settings`: what a tenant's invoices follow, by the names of `billing tenants show`."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Response
from pydantic import Field

from billing.adapters.book_files.typed_settings import with_settings
from billing.api.routes.book_rules import said_of_body
from billing.api.routes.books import Books, changing, reading
from billing.api.routes.conditions import Seen, entity_tag
from billing.api.routes.models import AnswerModel, GivenModel, Text
from billing.api.routes.noun import noun
from billing.domain.errors import NotFound
from billing.domain.member import Role
from billing.domain.settings_table import SettingValue
from billing.domain.tenant import Tenant
from billing.domain.tenant_settings import settings_of
from billing.store.tenants import Tenants
from billing.usecases.change_tenant import change_tenant

router = noun("settings")
Reading = Annotated[Books, reading("settings")]
Administering = Annotated[Books, changing("settings", role=Role.ADMIN)]

Value = bool | int | Text | list[Text] | None
"""A setting's value as JSON; null puts it back to its default."""


class SettingsAnswer(AnswerModel):
    """Every setting by its name; "" and [] are settings that are not made."""

    tenant_id: str
    settings: dict[str, bool | int | str | list[str]]


class GivenSettings(GivenModel):
    """The settings to change; those that are not named stay."""

    settings: Annotated[dict[Text, Value], Field(min_length=1, max_length=100)]


@router.get("")
def get_settings(books: Reading, response: Response) -> SettingsAnswer:
    """The tenant's settings, with their version as ETag."""
    stored = Tenants(books.documents).stored(books.tenant_id)
    response.headers["ETag"] = entity_tag(stored.version)
    return _answer(stored.value)


@router.patch("")
def change_settings(given: GivenSettings, books: Administering, response: Response, seen: Seen) -> SettingsAnswer:
    """Change settings from the next run on; each change is one record of the audit log.

    What stored documents rest on can't change (409), and with If-Match nothing is changed but what was read (412).
    """
    _require_logo(books, given)
    typed = {name: _typed(value) for name, value in given.settings.items()}

    def change(before: Tenant) -> Tenant:
        with said_of_body():
            return with_settings(before, typed)

    changed = change_tenant(books.documents, change, call=books.call, seen=seen)
    response.headers["ETag"] = entity_tag(changed.version)
    return _answer(changed.tenant)


def _answer(tenant: Tenant) -> SettingsAnswer:
    return SettingsAnswer.model_validate({"tenant_id": tenant.id, "settings": _shown(settings_of(tenant))})


def _shown(settings: Mapping[str, SettingValue]) -> dict[str, Any]:
    return {name: [*value] if isinstance(value, tuple) else value for name, value in settings.items()}


def _typed(value: Value) -> list[str]:
    """A JSON value as the command line would have it."""
    match value:
        case None:
            return [""]
        case bool():
            return ["true" if value else "false"]
        case list():
            return value or [""]
        case _:
            return [str(value)]


def _require_logo(books: Books, given: GivenSettings) -> None:
    """Refuse a logo's key under which nothing stands: every PDF would wait for it."""
    key = given.settings.get("logo_key")
    if isinstance(key, str) and key.startswith("branding/") and not books.engine.objects.exists(key):
        raise NotFound("object", key)
