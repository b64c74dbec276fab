"""`ETag`, `If-Match` and `If-None-Match` (RFC 9110 13): what they ask of the version that stands, in one place.

A change goes to the version that its caller means, or it does not happen (412); what a reader has already is not sent
again (304).
"""

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request, Response

from billing.api.problem import PreconditionFailed
from billing.usecases.version_check import ABSENT, VersionCheck

IF_MATCH = "If-Match"
IF_NONE_MATCH = "If-None-Match"

_TAG = re.compile(r'(?:W/)?"[^"]*"')
_STANDS = "something stands here already that If-None-Match names: read it, or leave that out"
_OF_CONTENT = frozenset({"content-length", "content-type"})

IfMatch = Annotated[
    str | None, Header(alias=IF_MATCH, max_length=200, description="The ETag of what was read; * is whatever stands")
]
IfNoneMatch = Annotated[
    str | None, Header(alias=IF_NONE_MATCH, max_length=200, description="* where nothing may stand yet, or an ETag")
]


def entity_tag(version: str) -> str:
    """The ETag of a stored version."""
    return f'"{version}"'


def _seen(request: Request, _match: IfMatch = None, _none_match: IfNoneMatch = None) -> VersionCheck:
    return lambda version: _require(request, version)


Seen = Annotated[VersionCheck, Depends(_seen)]
"""Which version a change may go over, as its request says; a use case asks it of what it reads and then writes over."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Which version a change may go over, as its request says, and the response that tells of the next one."""

    seen: VersionCheck
    response: Response


def _condition(response: Response, seen: Seen) -> Condition:
    return Condition(seen, response)


OverRead = Annotated[Condition, Depends(_condition)]
"""The condition of a route that changes what its caller has read; 412 where that is no more."""


def unless_known(request: Request, response: Response) -> Response:
    """The answer to a GET, or 304 without a body where the request names its ETag in If-None-Match.

    Raises PreconditionFailed where If-Match names others alone. Answers without an ETag are left as they are.
    """
    tag = response.headers.get("etag")
    if request.method != "GET" or response.status_code != 200 or tag is None:
        return response
    if not _may_be(request, tag, stands=True):
        raise PreconditionFailed
    if not _is_known(request, tag):
        return response
    return Response(None, 304, {name: told for name, told in response.headers.items() if name not in _OF_CONTENT})


def _require(request: Request, version: str) -> None:
    tag, stands = entity_tag(version), version != ABSENT
    if not _may_be(request, tag, stands=stands):
        raise PreconditionFailed
    if stands and _is_known(request, tag):
        raise PreconditionFailed(_STANDS)


def _may_be(request: Request, tag: str, *, stands: bool) -> bool:
    """Whether If-Match names the tag, among others perhaps, or asks for nothing: a strong comparison (13.1.1)."""
    named = _named(request, IF_MATCH)
    return named is None or (stands if named == ["*"] else tag in named)


def _is_known(request: Request, tag: str) -> bool:
    """Whether If-None-Match names the tag of what stands: a weak comparison (13.1.2)."""
    named = _named(request, IF_NONE_MATCH) or []
    return named == ["*"] or tag in [each.removeprefix("W/") for each in named]


def _named(request: Request, header: str) -> list[str] | None:
    """The tags of a header, however many lines it came in (5.3), ["*"] for any; None where it was not sent."""
    lines = request.headers.getlist(header)
    if not lines:
        return None
    told = ",".join(lines).strip()
    return ["*"] if told == "*" else _TAG.findall(told)
