"""Lists as Stripe pages them: newest first, `limit`, `starting_after`, `ending_before`, `created` and plain filters."""

from collections.abc import Sequence
from typing import Any

from billing.sandbox.account import noun_of
from billing.sandbox.errors import ApiError, no_such
from billing.sandbox.operation import Call
from billing.sandbox.state import Resource

_DEFAULT, _MOST = 10, 100  # docs.stripe.com/api/pagination


def listed(call: Call, kind: str, *, url: str, equal: Sequence[str] = ()) -> Resource:
    """A page of the account's resources of one kind; those parameters named `equal` choose by the same field."""
    wanted = {name: call.params[name] for name in equal if name in call.params}
    newest_first = [
        each
        for each in reversed(call.account.all(kind))
        if not each.get("deleted") and all(each.get(name) == value for name, value in wanted.items())
    ]
    return page(call.params, newest_first, kind=kind, url=url)


def page(params: dict[str, Any], newest_first: Sequence[Resource], *, kind: str, url: str) -> Resource:
    """One page of resources that are already chosen and ordered."""
    limit = _limit(params)
    chosen = [each for each in newest_first if _created_within(each, params.get("created"))]
    if cursor := params.get("ending_before"):
        before = chosen[: _position(chosen, cursor, kind=kind, param="ending_before")]
        data, has_more = before[-limit:], len(before) > limit
    else:
        cursor = params.get("starting_after")
        first = _position(chosen, cursor, kind=kind, param="starting_after") + 1 if cursor else 0
        data, has_more = chosen[first : first + limit], len(chosen) > first + limit
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def _limit(params: dict[str, Any]) -> int:
    limit: int = params.get("limit", _DEFAULT)
    if limit < 1:
        message = "This value must be greater than or equal to 1."
        raise ApiError(message, reason="parameter_invalid_integer", param="limit")
    if limit > _MOST:
        raise ApiError(f"This value must be less than or equal to {_MOST}.", param="limit")
    return limit


def _position(chosen: Sequence[Resource], cursor: str, *, kind: str, param: str) -> int:
    for place, each in enumerate(chosen):
        if each["id"] == cursor:
            return place
    raise no_such(noun_of(kind), cursor, param=param)


def _created_within(resource: Resource, bounds: Any) -> bool:  # noqa: ANN401  # a number or a group of bounds
    created: int = resource.get("created", 0)
    match bounds:
        case None:
            return True
        case int():
            return created == bounds
        case _:
            return bool(
                created > bounds.get("gt", -1)
                and created >= bounds.get("gte", 0)
                and created < bounds.get("lt", created + 1)
                and created <= bounds.get("lte", created)
            )
