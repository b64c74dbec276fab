"""How JSON is read: each number as the digits that were sent, never as a binary float."""

import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from billing.adapters.book_files.exact_json import exact_json
from billing.api.problem import MalformedRequest, UnsupportedMedia

_JSON, _AS_IT_IS = "application/json", "identity"
_IS_JSON = re.compile(r"\s*application/([^\s;/]+\+)?json\s*(;.*)?", re.IGNORECASE)


class ExactRequest(Request):
    """A request whose JSON has exact numbers."""

    async def json(self) -> Any:  # noqa: ANN401 - any JSON
        """The body as JSON; MalformedRequest where it is none in UTF-8, has a key twice, or is nested too deeply."""
        try:
            text = (await self.body()).decode("utf-8-sig")  # RFC 8259 8.1: JSON between systems is UTF-8
            return exact_json(text)
        except RecursionError:
            reason = "it is nested too deeply"
        except ValueError as error:
            reason = str(error)
        message = f"the body can't be read as JSON: {reason}"
        raise MalformedRequest(message)


class ExactRoute(APIRoute):
    """A route that gets such requests."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, given an exact request. UnsupportedMedia for a body that does not say that it is JSON."""
        answer, reads_json = super().get_route_handler(), self.body_field is not None

        async def exact(request: Request) -> Response:
            asked = ExactRequest(request.scope, request.receive)
            if reads_json and await asked.body():
                _require_json(asked)
            return await answer(asked)

        return exact


def _require_json(request: Request) -> None:
    said, coding = request.headers.get("content-type", ""), request.headers.get("content-encoding", _AS_IT_IS)
    if not _IS_JSON.fullmatch(said):
        raise UnsupportedMedia(said, accepted=_JSON)
    if coding.strip().lower() != _AS_IT_IS:
        raise UnsupportedMedia(coding, accepted=_AS_IT_IS, header="Content-Encoding")
