"""HEAD: the headers that GET would answer with, and no body (RFC 9110 9.3.2); no route has to say so."""

from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(frozen=True, slots=True)
class Head:
    """An application that is asked for GET where the caller sends HEAD."""

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on. What the application finds out about it, such as its route, is the caller's to see."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        asked = {**scope, "method": "GET"}  # a server asks its own scope whether a body may follow
        try:
            await self.app(asked, receive, without_body)
        finally:
            scope.update({**asked, "method": "HEAD"})
