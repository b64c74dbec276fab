"""`ETag` and `If-Match`: a change goes to the version that its caller has seen, or it does not happen (412)."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Response

from billing.api.problem import PreconditionFailed
from billing.usecases.version_check import ABSENT, VersionCheck

IfMatch = Annotated[
    str | None, Header(alias="If-Match", max_length=200, description="The ETag of what was read; * or nothing is any")
]


def entity_tag(version: str) -> str:
    """The ETag of a stored version."""
    return f'"{version}"'


def require_match(if_match: str | None, *, version: str) -> None:
    """Raise PreconditionFailed unless If-Match names the version, among others perhaps, or nothing is asked for.

    As RFC 9110 13.1.1 has it: the comparison is strong, so that a weak tag matches nothing, and * is anything that
    stands.
    """
    named = None if if_match is None else [each.strip() for each in if_match.split(",")]
    matches = named is None or (version != ABSENT if named == ["*"] else entity_tag(version) in named)
    if not matches:
        raise PreconditionFailed


def matching(if_match: str | None) -> VersionCheck:
    """The same question for a use case, which asks it of the version that it reads and then writes over."""
    return lambda version: require_match(if_match, version=version)


@dataclass(frozen=True, slots=True)
class Condition:
    """Which version a change may go over, as its request says, and the response that tells of the next one."""

    seen: VersionCheck
    response: Response


def _condition(response: Response, if_match: IfMatch = None) -> Condition:
    return Condition(matching(if_match), response)


OverRead = Annotated[Condition, Depends(_condition)]
"""The condition of a route that changes what its caller has read; 412 where that is no more."""
