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
from billing.domain.tenant_settings import SetElsewhere, settings_of
from billing.store.tenants import Tenants
from billing.usecases.change_tenant import change_tenant

router = noun("settings")
Reading = Annotated[Books, reading("settings")]
Administering = Annotated[Books, changing("settings", role=Role.ADMIN)]

_ROUTES = {"dunning": "PUT /api/billing/dunning/policies"}
"""What sets a setting that is too much for one value."""

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

    What was read can be sent back: a setting that is named with the value it has stays as it is.
    What stored documents rest on can't change (409), and with If-Match nothing is changed but what was read (412).
    """

    def change(before: Tenant) -> Tenant:
        wanted = _changes(given, _shown(settings_of(before)))
        _require_logo(books, wanted)
        try:
            with said_of_body():
                return with_settings(before, {name: _typed(value) for name, value in wanted.items()})
        except SetElsewhere as error:
            raise SetElsewhere(error.field, command=_ROUTES[error.field]) from error

    changed = change_tenant(books.documents, change, call=books.call, seen=seen)
    response.headers["ETag"] = entity_tag(changed.version)
    return _answer(changed.tenant)


def _answer(tenant: Tenant) -> SettingsAnswer:
    return SettingsAnswer.model_validate({"tenant_id": tenant.id, "settings": _shown(settings_of(tenant))})


def _shown(settings: Mapping[str, SettingValue]) -> dict[str, Any]:
    return {name: [*value] if isinstance(value, tuple) else value for name, value in settings.items()}


def _changes(given: GivenSettings, read: Mapping[str, Any]) -> dict[str, Value]:
    """What is given but what stands already, exactly as it is read: JSON's true is no 1."""
    return {
        name: value
        for name, value in given.settings.items()
        if name not in read or (type(read[name]), read[name]) != (type(value), value)
    }


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


def _require_logo(books: Books, wanted: Mapping[str, Value]) -> None:
    """Refuse a logo's key under which nothing stands: every PDF would wait for it."""
    key = wanted.get("logo_key")
    if isinstance(key, str) and key.startswith("branding/") and not books.engine.objects.exists(key):
        raise NotFound("object", key)
