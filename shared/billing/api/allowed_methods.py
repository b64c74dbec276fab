"""Which methods a path takes, by all of the routes that it fits: what the Allow header says (RFC 9110 10.2.1)."""

import re
from functools import lru_cache

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import compile_path


def allowed_methods(app: FastAPI, path: str) -> list[str]:
    """The methods in their alphabetic order; HEAD goes wherever GET does."""
    found = {method for place, methods in _places(app) if place.match(path) for method in methods}
    return sorted(found | ({"HEAD"} if "GET" in found else set()))


@lru_cache(maxsize=8)
def _places(app: FastAPI) -> list[tuple[re.Pattern[str], frozenset[str]]]:
    """The routes of an application, which live as long as it does."""
    contexts = [*iter_route_contexts(app.routes)]
    return [(compile_path(each.path)[0], frozenset(each.methods or ())) for each in contexts if each.path]
