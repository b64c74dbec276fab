"""Variables of the environment, read one by one; what is wrong with them is gathered and told at once."""

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from billing.domain.web_address import is_web_address


class Variables:
    """Reads variables and gathers what is wrong with them; a blank variable counts as not set."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.flaws: list[tuple[str, str]] = []

    @property
    def names(self) -> list[str]:
        """Every variable that there is."""
        return sorted(self._environ)

    def text(self, name: str) -> str:
        """What a variable says, "" where it is not set."""
        return self._environ.get(name, "").strip()

    def needed(self, name: str, *, remedy: str) -> str:
        """The same of one that must be set."""
        value = self.text(name)
        if not value:
            self.flaw(name, remedy=f"is not set; {remedy}")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """The parts of a list with commas."""
        return tuple(part.strip() for part in self.text(name).split(",") if part.strip())

    def integer(self, name: str, *, default: int, low: int, high: int) -> int:
        """A whole number between two others."""
        value = self.text(name)
        if not value:
            return default
        if re.fullmatch("[0-9]{1,18}", value) and low <= int(value) <= high:
            return int(value)
        self.flaw(name, remedy=f"use a whole number from {low} to {high}, not {shown(value)}")
        return default

    def switch(self, name: str, *, default: bool) -> bool:
        """On or off."""
        value = self.text(name)
        if value not in ("", "on", "off"):
            self.flaw(name, remedy=f"use on or off, not {shown(value)}")
        return default if value not in ("on", "off") else value == "on"

    def url(self, name: str) -> str | None:
        """An address without the stroke at its end."""
        value = self.text(name)
        if not value:
            return None
        if is_web_address(value):
            return value.rstrip("/")
        remedy = "use an https:// address without user, query or fragment (http:// only on this machine)"
        self.flaw(name, remedy=remedy)
        return None

    def path(self, name: str, *, scheme: str, remedy: str) -> Path:
        """The absolute path of an address such as file:///folder."""
        value = self.text(name)
        parts = _split(value)
        if parts is None or parts.scheme != scheme or not _is_path_alone(parts):
            self.flaw(name, remedy=f"{remedy}, not {shown(value)}")
            return Path()
        return Path("/" + unquote(parts.path).lstrip("/"))

    def flaw(self, name: str, *, remedy: str) -> None:
        """Note what is wrong with a variable; the first thing counts."""
        if all(known != name for known, _ in self.flaws):
            self.flaws.append((name, remedy))


def shown(value: str) -> str:
    """A value as it is quoted in a message, without what is no stranger's business, cut where it is long."""
    value = without_user(value)
    return repr(value) if len(value) <= 60 else repr(value[:57] + "...")


def without_user(text: str) -> str:
    """Text without the users of addresses in it, who may have passwords."""
    return re.sub("//.*@", "//...@", text)


def _split(value: str) -> SplitResult | None:
    try:
        return urlsplit(value)
    except ValueError:  # an IPv6 address that is none
        return None


def _is_path_alone(parts: SplitResult) -> bool:
    return bool(parts.path.strip("/")) and not (parts.netloc or parts.query or parts.fragment)
