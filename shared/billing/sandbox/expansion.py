"""`expand[]`: an id in the answer becomes its object (docs.stripe.com/api/expanding_objects).

Which fields can be expanded is read from the stripe library's own classes, before anything is done.
"""

from collections.abc import Callable
from typing import Any, ForwardRef, Union, get_args, get_origin

import stripe
from stripe import ListObject, StripeObject

from billing.sandbox.account import Account
from billing.sandbox.checkout_lines import items_of
from billing.sandbox.errors import ApiError
from billing.sandbox.lists import page
from billing.sandbox.state import Resource

_DEEPEST = 4
_SHOWN = (
    stripe.BalanceTransaction,
    stripe.Charge,
    stripe.Customer,
    stripe.Dispute,
    stripe.Event,
    stripe.PaymentIntent,
    stripe.PaymentMethod,
    stripe.Refund,
    stripe.SetupIntent,
    stripe.WebhookEndpoint,
    stripe.checkout.Session,
)
CLASSES: dict[str, type[StripeObject]] = {each.OBJECT_NAME: each for each in _SHOWN}
_BY_NAME = {each.__name__: each for each in _SHOWN}


def check_expansions(paths: list[str], *, kind: str | None, listed: bool) -> None:
    """ApiError where a path leads to nothing that can be expanded in an answer of that kind, or too deep."""
    for path in paths:
        parts = path.split(".")
        if len(parts) > _DEEPEST:
            raise ApiError(f"You cannot expand more than {_DEEPEST} levels of a property: {path}", param="expand")
        if listed and parts[0] == "data":
            parts = parts[1:]
        elif listed:
            parts = []
        if not parts or not _leads_somewhere(CLASSES.get(kind or ""), parts):
            raise ApiError(f"This property cannot be expanded ({path}).", param="expand")


def expanded(account: Account, resource: Resource, paths: list[str]) -> Resource:
    """A copy of the answer with the paths expanded; what is null stays null."""
    for path in paths:
        resource = _grown(account, resource, path.split("."))
    return resource


def _leads_somewhere(owner: type[StripeObject] | None, parts: list[str]) -> bool:
    name, *rest = parts
    if owner is None or name not in owner.__annotations__:
        return False
    options = _options(owner.__annotations__[name])
    references = [each.__forward_arg__ for each in options if isinstance(each, ForwardRef)]
    if references and str in options:
        return not rest or any(_leads_somewhere(_BY_NAME.get(each), rest) for each in references)
    for each in options:
        if get_origin(each) is ListObject:
            items = [_BY_NAME.get(item.__forward_arg__) for item in get_args(each) if isinstance(item, ForwardRef)]
            return not rest or (rest[0] == "data" and any(_leads_somewhere(item, rest[1:]) for item in items))
        if isinstance(each, type) and issubclass(each, StripeObject) and rest:
            return _leads_somewhere(each, rest)
    return False


def _options(hint: Any) -> tuple[Any, ...]:  # noqa: ANN401  # a type as typing writes it
    return get_args(hint) if get_origin(hint) is Union else (hint,)


def _grown(account: Account, node: Resource, parts: list[str]) -> Resource:
    name, *rest = parts
    value = node.get(name)
    build = _LISTS.get((node.get("object", ""), name))
    if value is None and build:
        value = build(account, node)
    elif isinstance(value, str):
        record = account.state.get(value)
        value = _shown(record.resource) if record else value
    if rest and isinstance(value, dict):
        value = _grown(account, value, rest)
    elif rest and isinstance(value, list):
        value = [_grown(account, each, rest) for each in value]
    return {**node, name: value}


def _shown(resource: Resource) -> Resource:
    if resource.get("deleted"):
        return {"id": resource["id"], "object": resource["object"], "deleted": True}
    return dict(resource)


def _refunds(account: Account, charge: Resource) -> Resource:
    mine = [each for each in reversed(account.all("refund")) if each["charge"] == charge["id"]]
    return page({}, mine, kind="refund", url=f"/v1/charges/{charge['id']}/refunds")


def _line_items(account: Account, session: Resource) -> Resource:
    url = f"/v1/checkout/sessions/{session['id']}/line_items"
    return page({}, items_of(account, session), kind="item", url=url)


_LISTS: dict[tuple[str, str], Callable[[Account, Resource], Resource]] = {  # left out unless they are asked for
    ("charge", "refunds"): _refunds,
    ("checkout.session", "line_items"): _line_items,
}
