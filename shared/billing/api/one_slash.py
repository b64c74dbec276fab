"""One slash at the end of an API's address means nothing, as to the servers that older clients were written for."""

from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

_API = "/api/"


@dataclass(frozen=True, slots=True)
class OneSlash:
    """An application below `/api/` that is asked for the address without it."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on. It has to stand around whoever reads the path: there is one address, not two."""
        if scope["type"] == "http" and scope["path"].startswith(_API):
            raw = scope.get("raw_path") or scope["path"].encode()
            if raw.endswith(b"/"):  # and no %2F, which is a part of a name
                scope = {**scope, "path": scope["path"][:-1], "raw_path": raw[:-1]}
        await self.app(scope, receive, send)
