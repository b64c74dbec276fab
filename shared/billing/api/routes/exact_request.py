"""How JSON is read: each number as the digits that were sent, never as a binary float."""

import json
from collections.abc import Callable, Coroutine
from decimal import Decimal
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from billing.api.problem import MalformedRequest


class ExactRequest(Request):
    """A request whose JSON has exact numbers."""

    async def json(self) -> Any:  # noqa: ANN401 - any JSON
        """The body as JSON; MalformedRequest where it is none in UTF-8, or is nested too deeply."""
        try:
            text = (await self.body()).decode("utf-8-sig")  # RFC 8259 8.1: JSON between systems is UTF-8
            return json.loads(text, parse_float=Decimal, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            message = f"the body is no JSON: {error}"
            raise MalformedRequest(message) from error


class ExactRoute(APIRoute):
    """A route that gets such requests."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, given an exact request."""
        answer = super().get_route_handler()

        async def exact(request: Request) -> Response:
            return await answer(ExactRequest(request.scope, request.receive))

        return exact


def _no_number(text: str) -> None:
    msg = f"{text} is no number"
    raise ValueError(msg)
