"""One operation of the API: its path, which of Stripe's parameters it understands, and what it does."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from billing.sandbox.account import Account
from billing.sandbox.errors import unsupported
from billing.sandbox.form import Field
from billing.sandbox.parameters import check
from billing.sandbox.state import Resource

_PLACE = re.compile(r"\{\w+\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A checked request: whose, the ids in its path, its parameters."""

    account: Account
    ids: tuple[str, ...]
    params: dict[str, Any]

    def given(self, *names: str) -> Resource:
        """Those of the named parameters that the request carries; an empty text unsets."""
        return {name: self.params[name] or None for name in names if name in self.params}


@dataclass(frozen=True, kw_only=True)
class Operation:
    """`takes` is the name of Stripe's typed parameters, `honours` those of them that the sandbox acts on."""

    method: str
    path: str
    takes: str
    honours: str
    run: Callable[[Call], Resource]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """The path with a group for each id."""
        return re.compile(_PLACE.sub("([^/]+)", self.path))

    @cached_property
    def honoured(self) -> frozenset[str]:
        """`honours` by name, with `expand`, which works everywhere."""
        return frozenset(self.honours.split()) | {"expand"}

    def checked(self, fields: dict[str, Field]) -> dict[str, Any]:
        """The parameters' values; ApiError where Stripe would refuse one, or the sandbox has to."""
        params = check(fields, type_name=self.takes)
        for name in params:
            if name not in self.honoured:
                raise unsupported(f"`{name}` of {self.method} {self.path}", param=name)
        return params
