"""A client of the older surface: it speaks JSON, names its tenant, and knows nothing else of the product."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.functions.running_door import KEY, Answered

Send = Callable[[str, str, bytes | None, Mapping[str, str]], Answered]
"""Sends a request: method, path, body, headers."""


@dataclass(frozen=True, kw_only=True)
class S0Client:
    """Calls below `/api/customer-billing` with a credential, of one tenant."""

    send: Send
    headers: Mapping[str, str] = field(default_factory=lambda: {"x-internal-key": KEY, "X-Tenant-ID": "acme"})

    def calls(self, method: str, path: str = "", body: object = None) -> Answered:
        """A call; `path` goes below the surface's own, unless it is whole."""
        whole = path if path.startswith("/api/") else f"/api/customer-billing{path}"
        content = None if body is None else json.dumps(body).encode()
        return self.send(method, whole, content, {"Content-Type": "application/json", **self.headers})

    def gets(self, path: str = "") -> Any:  # noqa: ANN401 - any JSON
        answered = self.calls("GET", path)
        assert answered.status == 200, answered.body
        return answered.json

    def posts(self, path: str, body: object = None, *, status: int = 200) -> Any:  # noqa: ANN401
        answered = self.calls("POST", path, body)
        assert answered.status == status, answered.body
        return answered.json

    def without(self, *names: str) -> "S0Client":
        """The same client, which leaves out some headers."""
        return replace(self, headers={name: text for name, text in self.headers.items() if name not in names})

    def sending(self, **headers: str) -> "S0Client":
        """The same client with other headers; `_` in a name stands for `-`."""
        return replace(
            self, headers={**self.headers, **{name.replace("_", "-"): each for name, each in headers.items()}}
        )
