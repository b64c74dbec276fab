"""Parameters of an address, taken strictly: a misspelt `dry_run` must never write, nor a misspelt filter list all."""

from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Any, get_origin

from fastapi import Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from billing.api.problem import InvalidRequest

_MOST = 20
_LONGEST = 60


class KnownParametersRoute(APIRoute):
    """A route that refuses parameters that it does not know, and those that stand there twice where one is meant."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, given a request that has such parameters alone; InvalidRequest for any other."""
        answer, known = super().get_route_handler(), dict(sorted(_known(self.dependant)))

        async def strict(request: Request) -> Response:
            given = [name for name, _ in request.query_params.multi_items()]
            if flaws := [*_flaws(given, known)]:
                raise InvalidRequest(flaws[:_MOST])
            return await answer(request)

        return strict


def _known(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    """Each parameter, and whether it may be repeated."""
    yield from ((field.alias, get_origin(field.field_info.annotation) is list) for field in dependant.query_params)
    for each in dependant.dependencies:
        yield from _known(each)


def _flaws(given: list[str], known: Mapping[str, bool]) -> Iterator[dict[str, str]]:
    for name in dict.fromkeys(given):
        if name not in known:
            expected = f"one of {', '.join(known)}" if known else "no parameter in the address"
            yield _flaw(name, f"expected {expected}, got an unknown one")
        elif given.count(name) > 1 and not known[name]:
            yield _flaw(name, f"expected once, got it {given.count(name)} times")


def _flaw(name: str, rule: str) -> dict[str, str]:
    return {"field": name[:_LONGEST], "detail": f"{name[:_LONGEST]}: {rule}"}
