"""The manners of the API's routes: who calls is known before the body is read, and a repeated write is done once.

    router = APIRouter(prefix="/customers", route_class=RestRoute)

A write may carry `Idempotency-Key`. The first request with it is done and its answer kept for a day; the same request
again gets the same answer, another one with that key is refused (409), and two at once are told apart: one works, the
other hears 409 with `retryable`. What fails keeps nothing, so the same key may try again. Answers are kept with a
tenant's books: a run for all tenants keeps none, and its repeat does only what is left to do.
"""

import re
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from hashlib import sha256
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.types import Message, Receive

from billing.api.access import ALL_TENANTS, KNOWN_ACCESS, Access, Needs, door_of
from billing.api.asgi import body_of
from billing.api.problem import MalformedRequest
from billing.api.routes.conditions import unless_known
from billing.store.idempotent_writes import LARGEST_ANSWER, Claim, IdempotentWrites, WriteAnswer

IDEMPOTENCY_HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotency-Replayed"

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_KEY = re.compile("[!-~]{1,255}")
_KEPT_HEADERS = ("content-type", "etag", "location")
_TO_KEEP = "answer_to_keep"

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class RestRoute(APIRoute):
    """A route of the API. It has one dependency made by `needs`, or the application does not start."""

    def get_route_handler(self) -> Handler:
        """The handler of the framework, within these manners."""
        needed = needs_of(self.dependant, path=self.path)
        answered = super().get_route_handler()

        async def handler(request: Request) -> Response:
            access = await run_in_threadpool(needed.admit, request)
            body = await body_of(request, limit=door_of(request).parts().max_body_bytes)
            with_body = Request(request.scope, _again(body, request.receive))
            key = _key_of(request)
            if key is None or access.tenant_id == ALL_TENANTS:
                return unless_known(request, await answered(with_body))
            setattr(request.state, KNOWN_ACCESS, replace(access, idempotency_key=key))
            return await _once(with_body, key=key, access=access, body=body, answered=answered)

        return handler


def needs_of(dependant: Dependant, *, path: str) -> Needs:
    """What a route needs of its caller. All of its dependencies must say the same: TypeError where they do not."""
    found = set(_needs_in(dependant))
    if len(found) != 1:
        message = f"{path}: a route of the API needs one dependency made by `needs`, not {len(found)}"
        raise TypeError(message)
    return found.pop()


def keep_instead(request: Request, answer: dict[str, object]) -> None:
    """Keep this for a repeated request in place of what is answered now: a secret is shown once and stored nowhere."""
    setattr(request.state, _TO_KEEP, answer)


def fingerprint_of(request: Request, body: bytes) -> str:
    """What makes a repeated write the same one: method, path, query and body, as they were sent."""
    said = [request.method, request.url.path, request.url.query, sha256(body).hexdigest()]
    return sha256(orjson.dumps(said)).hexdigest()


def _needs_in(dependant: Dependant) -> Iterator[Needs]:
    if isinstance(dependant.call, Needs):
        yield dependant.call
    for each in dependant.dependencies:
        yield from _needs_in(each)


async def _once(request: Request, *, key: str, access: Access, body: bytes, answered: Handler) -> Response:
    door = door_of(request)
    writes = IdempotentWrites.of(door.parts().engine.documents, access.tenant_id)
    fingerprint = fingerprint_of(request, body)

    def claim() -> Claim | WriteAnswer:
        return writes.claim(key, fingerprint=fingerprint, claim_id=access.fresh_id, now=door.clock.now())

    claimed = await run_in_threadpool(claim)
    if isinstance(claimed, WriteAnswer):
        return Response(claimed.body, claimed.status, {**claimed.headers, REPLAYED_HEADER: "true"})
    try:
        response = await answered(request)
    except Exception:
        await run_in_threadpool(writes.release, claimed)
        raise
    kept = _kept(request, response)
    if kept is None:
        await run_in_threadpool(writes.release, claimed)
    else:
        await run_in_threadpool(writes.finish, claimed, kept)
    return response


def _kept(request: Request, response: Response) -> WriteAnswer | None:
    """What is kept of an answer: all of one that says that it is done, nothing of any other, nor of a huge one."""
    instead = getattr(request.state, _TO_KEEP, None)
    body = getattr(response, "body", None) if instead is None else orjson.dumps(instead)
    if not 200 <= response.status_code < 300 or not isinstance(body, bytes) or len(body) > LARGEST_ANSWER:
        return None
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    return WriteAnswer(status=response.status_code, headers=headers, body=body.decode())


def _key_of(request: Request) -> str | None:
    keys = request.headers.getlist(IDEMPOTENCY_HEADER)
    if request.method in _READS or not keys:
        return None
    if len(keys) > 1 or not _KEY.fullmatch(keys[0]):
        message = f"{IDEMPOTENCY_HEADER}: expected once, 1 to 255 visible ASCII characters"
        raise MalformedRequest(message)
    return keys[0]


def _again(body: bytes, receive: Receive) -> Receive:
    """Receives the body once more, and then what comes after it."""
    waiting = [body]

    async def again() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return again
