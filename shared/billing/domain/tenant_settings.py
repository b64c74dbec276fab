"""What a change of a tenant's settings is: each setting before and after, and what must not change (semantics 13)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from billing.domain.errors import Conflict, InvalidInput
from billing.domain.settings_table import SETTINGS, Change, Setting, SettingValue
from billing.domain.tenant import Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingChange:
    """One setting before and after, as text."""

    setting: Setting
    before: str
    after: str


class FixedSetting(Conflict):
    """Settings were to change that what is stored already rests on. Nothing was changed."""

    code: ClassVar[str] = "fixed_setting"
    retryable: ClassVar[bool] = False

    def __init__(self, changes: Sequence[SettingChange]) -> None:
        self.changes = tuple(changes)
        parts = (
            f"{each.setting.name} stays {each.before!r}, not {each.after!r}: {each.setting.why}" for each in changes
        )
        super().__init__("; ".join(parts))


class UnknownSetting(InvalidInput):
    """No setting has this name. The message lists all that there are."""

    code: ClassVar[str] = "unknown_setting"

    def __init__(self, name: str) -> None:
        known = "\n".join(f"  {each.name}: {each.expected}" for each in SETTINGS)
        super().__init__("setting", expected=known, given=name)

    def __str__(self) -> str:
        """The name, and a line for each setting with what it takes."""
        return f"there is no setting {self.given!r}. There are:\n{self.expected}"


class SetElsewhere(InvalidInput):
    """A setting is too much for one value: it has a command of its own."""

    code: ClassVar[str] = "set_elsewhere"

    def __init__(self, name: str, *, command: str) -> None:
        super().__init__(name, expected=command, given=name)

    def __str__(self) -> str:
        """The command."""
        return f"{self.field} is not set by one value; use `{self.expected}`"


def settings_of(tenant: Tenant) -> dict[str, SettingValue]:
    """Every setting by its name; an amount is in major units."""
    return {each.name: each.value(tenant) for each in SETTINGS}


def changes_between(before: Tenant, after: Tenant) -> tuple[SettingChange, ...]:
    """What differs, in the order of the table."""
    return tuple(
        _change(each, each.value(before), each.value(after))
        for each in SETTINGS
        if each.value(before) != each.value(after)
    )


def require_changeable(changes: Sequence[SettingChange], *, invoices_numbered: bool, notes_numbered: bool) -> None:
    """Raise FixedSetting for changes of what never changes, or not once its series gave a number."""
    fixed = {Change.NEVER: True, Change.BEFORE_INVOICES: invoices_numbered, Change.BEFORE_CREDIT_NOTES: notes_numbered}
    if refused := [each for each in changes if fixed.get(each.setting.change, False)]:
        raise FixedSetting(refused)


def _change(setting: Setting, before: SettingValue, after: SettingValue) -> SettingChange:
    if setting.by_entry and isinstance(before, tuple) and isinstance(after, tuple):
        gone, come = [each for each in before if each not in after], [each for each in after if each not in before]
        before, after = (tuple(gone), tuple(come)) if gone or come else (before, after)
    return SettingChange(setting=setting, before=setting_text(before), after=setting_text(after))


def setting_text(value: SettingValue) -> str:
    """A value as one text: on or off, parts with a bar between them."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return " | ".join(value) if isinstance(value, tuple) else str(value)
