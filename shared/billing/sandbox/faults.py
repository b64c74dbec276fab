"""Faults on demand: the next calls to a path are slow, lost, refused or broken."""

from collections import Counter
from dataclasses import asdict, dataclass, fields
from fnmatch import fnmatchcase
from typing import Any, Literal, TypeAlias, get_args

from billing.domain.errors import InvalidInput

Kind: TypeAlias = Literal["latency", "drop_before", "lose_answer", "server_error", "fail_after", "rate_limit"]
"""latency: waits, then as always. drop_before: the connection closes and nothing was done. lose_answer: done, then the
connection closes without an answer. server_error: 500 and nothing was done. fail_after: done, but 500 is answered and
kept for the idempotency key. rate_limit: 429."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What happens to the next `times` calls whose path matches, `*` standing for anything."""

    kind: Kind
    path: str = "*"
    method: str = "POST"
    times: int = 1
    milliseconds: int = 0
    retry_after: int = 1


class Faults:
    """The faults that are set, the oldest first; a call meets at most one."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._met: Counter[int] = Counter()

    def set(self, given: dict[str, Any]) -> Fault:
        """Add a fault from its fields; InvalidInput for a field that is unknown or no good."""
        known = {field.name: field.type for field in fields(Fault)}
        for name, value in given.items():
            if name not in known or not isinstance(value, int if known[name] is int else str):
                raise InvalidInput(name, expected=f"a field of {', '.join(known)} with its type", given=value)
        if given.get("kind") not in get_args(Kind):
            raise InvalidInput("kind", expected=f"one of {', '.join(get_args(Kind))}", given=given.get("kind"))
        fault = Fault(**given)
        self._faults.append(fault)
        return fault

    def take(self, method: str, path: str) -> Fault | None:
        """The fault that this call meets, counted."""
        for place, fault in enumerate(self._faults):
            fits = fault.method in ("*", method) and fnmatchcase(path, fault.path)
            if fits and self._met[place] < fault.times:
                self._met[place] += 1
                return fault
        return None

    def list(self) -> list[dict[str, Any]]:
        """Every fault that was set and how many calls have met it."""
        return [asdict(fault) | {"met": self._met[place]} for place, fault in enumerate(self._faults)]

    def clear(self) -> None:
        """No faults any more."""
        self._faults.clear()
        self._met.clear()
