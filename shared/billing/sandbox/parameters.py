"""What a request may carry, taken from the stripe library's own typed parameters (`stripe.params`).

A typed dictionary becomes a Shape, once; a Shape checks decoded form fields and gives values. So the sandbox knows
every parameter of the pinned version and refuses all others, and nobody types them by hand.
"""

import re
import sys
from decimal import Decimal
from functools import cache
from importlib import import_module
from types import NoneType, SimpleNamespace, UnionType
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from stripe._request_options import RequestOptions

from billing.sandbox.errors import ApiError, missing_parameter, unknown_parameters
from billing.sandbox.form import Field

_INTEGER = re.compile(r"-?\d{1,18}")
_DECIMAL = re.compile(r"-?\d+(\.\d+)?")
_TRANSPORT = frozenset(RequestOptions.__annotations__)  # api_key, idempotency_key and so on travel as headers
_MOST_METADATA, _LONGEST_KEY, _LONGEST_VALUE = 50, 40, 500  # docs.stripe.com/api/metadata


@cache
def permitted(type_name: str) -> dict[str, Any]:
    """The parameters of one operation by name, with their types: `CustomerCreateParams`, `checkout.Session...`."""
    package, _, name = type_name.rpartition(".")
    module = import_module(f"stripe.params.{package}" if package else "stripe.params")
    return _fields(getattr(module, name))


def required(type_name: str) -> frozenset[str]:
    """Those of them that a call can't do without."""
    package, _, name = type_name.rpartition(".")
    return frozenset(_class(package, name).__required_keys__)


def check(fields: dict[str, Field], *, type_name: str) -> dict[str, Any]:
    """The values of an operation's parameters; ApiError for unknown, missing, malformed ones, in Stripe's words."""
    return _group(fields, _class(*type_name.rpartition(".")[::2]), path="")


@cache
def _class(package: str, name: str) -> Any:
    return getattr(import_module(f"stripe.params.{package}" if package else "stripe.params"), name)


@cache
def _fields(shape: Any) -> dict[str, Any]:
    own = {name: kind for name, kind in shape.__annotations__.items() if name not in _TRANSPORT}
    return get_type_hints(SimpleNamespace(__annotations__=own), globalns=vars(sys.modules[shape.__module__]))


def _group(fields: dict[str, Field], shape: Any, *, path: str) -> dict[str, Any]:
    known = _fields(shape)
    if strange := [_inside(path, name) for name in fields if name not in known]:
        raise unknown_parameters(strange)
    for name in sorted(shape.__required_keys__):
        if name in known and name not in fields:
            raise missing_parameter(_inside(path, name))
    return {name: _value(field, known[name], path=_inside(path, name)) for name, field in fields.items()}


def _is_group(kind: Any) -> bool:
    return hasattr(kind, "__required_keys__")  # a TypedDict, of typing or of typing_extensions


def _inside(path: str, name: str) -> str:
    return f"{path}[{name}]" if path else name


def _value(field: Field, kind: Any, *, path: str) -> Any:
    if _is_group(kind):
        return _group(_as_group(field, path), kind, path=path)
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return _choice(field, get_args(kind), path=path)
    if origin is Literal:
        return _choice(field, (kind,), path=path)
    if origin is list:
        return _list(field, get_args(kind)[0], path=path)
    if origin is not None:  # Dict[str, str] and UntypedStripeObject[str]: metadata and its like
        return _texts(field, path=path)
    return _plain(field, kind, path=path)


def _as_group(field: Field, path: str) -> dict[str, Field]:
    if isinstance(field, str):
        raise ApiError("Invalid object", param=path)
    return field


def _list(field: Field, kind: Any, *, path: str) -> list[Any]:
    if isinstance(field, str) or not all(name.isdigit() for name in field):
        raise ApiError("Invalid array", param=path)
    ordered = sorted(field, key=int)
    return [_value(field[name], kind, path=f"{path}[{name}]") for name in ordered]


def _texts(field: Field, *, path: str) -> dict[str, str]:
    group = _as_group(field, path)
    for name, value in group.items():
        if not isinstance(value, str):
            raise ApiError(f"Invalid value for {name}: metadata values are text", param=f"{path}[{name}]")
        if len(name) > _LONGEST_KEY or len(value) > _LONGEST_VALUE:
            message = f"Metadata keys have up to {_LONGEST_KEY} characters and values up to {_LONGEST_VALUE}."
            raise ApiError(message, param=f"{path}[{name}]")
    if len(group) > _MOST_METADATA:
        raise ApiError(f"You can have up to {_MOST_METADATA} metadata keys.", param=path)
    return cast("dict[str, str]", group)


def _choice(field: Field, kinds: tuple[Any, ...], *, path: str) -> Any:
    """A value of a union. The library types an enumeration as its words or any text; Stripe takes the words only."""
    words = {word for kind in kinds if get_origin(kind) is Literal for word in get_args(kind)}
    others = [kind for kind in kinds if get_origin(kind) is not Literal and kind is not NoneType]
    if isinstance(field, str) and field in words:
        return field
    if named := sorted(map(str, words - {""})):
        others = [kind for kind in others if kind is not str]
    fitting = [kind for kind in others if _may_be(field, kind)]
    if fitting:
        return _value(field, fitting[0], path=path)
    if named:
        raise ApiError(f"Invalid {path}: must be one of {_listed(named)}", param=path)
    return _value(field, others[0], path=path)


def _may_be(field: Field, kind: Any) -> bool:
    if not isinstance(field, str):
        return _is_group(kind) or get_origin(kind) is not None
    if kind is int:
        return _INTEGER.fullmatch(field) is not None
    if kind is bool:
        return field in ("true", "false")
    return kind in (str, float, Decimal)


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])}, or {words[-1]}"


def _plain(field: Field, kind: Any, *, path: str) -> Any:
    if not isinstance(field, str):
        raise ApiError(f"Invalid {'string' if kind is str else kind.__name__}: expected one value", param=path)
    if kind is int:
        return int(_matching(field, _INTEGER, "integer", path))
    if kind is bool:
        if field not in ("true", "false"):
            raise ApiError(f"Invalid boolean: {field}", param=path)
        return field == "true"
    if kind in (Decimal, float):
        return _matching(field, _DECIMAL, "decimal", path)
    if not field:
        message = f"You passed an empty string for '{path}', which cannot be unset that way. Leave it out instead."
        raise ApiError(message, reason="parameter_invalid_empty", param=path)
    return field


def _matching(field: str, pattern: re.Pattern[str], noun: str, path: str) -> str:
    if pattern.fullmatch(field) is None:
        raise ApiError(f"Invalid {noun}: {field}", reason=f"parameter_invalid_{noun}", param=path)
    return field
