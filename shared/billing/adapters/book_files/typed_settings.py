"""Settings of a tenant as they are typed, `guard.factor=3`: read by the rules of tenant.json, so both mean the same."""

from collections.abc import Mapping, Sequence
from typing import Any

from billing.adapters.book_files.dunning_model import policies_json
from billing.adapters.book_files.error_log import ErrorLog
from billing.adapters.book_files.json_objects import JsonFile
from billing.adapters.book_files.tenant_model import tenant_in
from billing.domain.book import BookErrors
from billing.domain.errors import InvalidInput
from billing.domain.settings_table import SETTINGS, SettingValue
from billing.domain.tenant import Tenant
from billing.domain.tenant_settings import SetElsewhere, UnknownSetting, settings_of

_CLEARED = ("", "off")
_COMMANDS = {each.name: each.command for each in SETTINGS if each.command}


def with_settings(tenant: Tenant, typed: Mapping[str, Sequence[str]]) -> Tenant:
    """The tenant with these settings, each with every value that was given for it; "" puts one back to its default.

    Raises UnknownSetting, SetElsewhere for what has a command of its own, InvalidInput for two values of a setting that
    takes one, and BookErrors with all that the values break.
    """
    settings = settings_of(tenant)
    for name, values in sorted(typed.items()):  # a whole such as guard comes before its parts
        _put(settings, name, values)
    log = ErrorLog()
    changed = tenant_in(JsonFile("", "", _content(settings, tenant), log))
    log.raise_if_any()
    if changed is None:
        raise BookErrors([])
    return changed.value


def tenant_json(tenant: Tenant) -> dict[str, Any]:
    """The content of the tenant.json that says the same, without the settings that are not made."""
    return _content(settings_of(tenant), tenant)


def _content(settings: Mapping[str, SettingValue], tenant: Tenant) -> dict[str, Any]:
    return _nested(settings) | {"dunning": policies_json(tenant.dunning)}


def _nested(settings: Mapping[str, SettingValue]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for name, value in settings.items():
        if value not in ("", ()):
            group, _, field = name.rpartition(".")
            (content.setdefault(group, {}) if group else content)[field] = (
                [*value] if isinstance(value, tuple) else value
            )
    return content


def _put(settings: dict[str, SettingValue], name: str, values: Sequence[str]) -> None:
    parts = [each for each in settings if each.startswith(f"{name}.")]
    if parts and [*values] in ([each] for each in _CLEARED):
        settings.update(dict.fromkeys(parts, ""))
        return
    if name not in settings:
        raise UnknownSetting(name)
    if command := _COMMANDS.get(name):
        raise SetElsewhere(name, command=command)
    settings[name] = _value(name, values, stands=settings[name])


def _value(name: str, values: Sequence[str], *, stands: SettingValue) -> SettingValue:
    """Text as the kind of value that stands there; text that is no such value is left for the rules to refuse."""
    if isinstance(stands, tuple):
        return tuple(each for each in values if each)
    if len(values) > 1:
        raise InvalidInput(name, expected="one value", given=[*values])
    [value] = values
    is_number = isinstance(stands, int) and not isinstance(stands, bool) and value.isascii() and value.isdecimal()
    return int(value) if is_number else value
