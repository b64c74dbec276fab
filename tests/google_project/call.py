"""A service over its library's own types: how its methods are called, and what they have in common."""

from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeAlias

import grpc

from tests.google_project.state import State

LOCATIONS = ("europe-west1", "europe-west3", "us-central1")
Message: TypeAlias = Any
Methods: TypeAlias = Mapping[str, tuple[Any, Callable[[Any, grpc.ServicerContext], Any]]]


def no(context: grpc.ServicerContext, code: grpc.StatusCode, words: str) -> NoReturn:
    context.abort(code, words)
    raise AssertionError


def service(project: State, name: str, methods: Methods) -> grpc.GenericRpcHandler:
    def handler(method: str, takes: Message, do: Callable[[Any, grpc.ServicerContext], Any]) -> Message:
        def call(request: Message, context: grpc.ServicerContext) -> Message:
            refusal = project.refusal(method)
            if refusal is not None:
                no(context, *refusal)
            if not method.startswith(("Get", "List")):
                project.changes.append(method)
            return do(request, context)

        reads = takes.deserialize if hasattr(takes, "deserialize") else takes.FromString
        return grpc.unary_unary_rpc_method_handler(call, request_deserializer=reads, response_serializer=_bytes)

    return grpc.method_handlers_generic_handler(
        name, {method: handler(method, takes, do) for method, (takes, do) in methods.items()}
    )


def _bytes(gives: Message) -> bytes:
    return gives.SerializeToString() if hasattr(gives, "SerializeToString") else type(gives).serialize(gives)


def masked(standing: Message, given: Message, mask: Message) -> Message:
    """A copy of what stands with the fields of the mask as given."""
    kind = type(standing)
    merged, source = kind.pb(kind(standing)), kind.pb(given)
    changed = type(merged)()
    changed.CopyFrom(merged)
    for path in mask.paths:
        into, out, *_ = changed, source
        *outer, last = path.split(".")
        for name in outer:
            into, out = getattr(into, name), getattr(out, name)
        into.ClearField(last)
        part = type(out)()
        part.CopyFrom(out)
        for other in part.DESCRIPTOR.fields_by_name:
            if other != last:
                part.ClearField(other)
        into.MergeFrom(part)
    return kind(changed)


def require_location(name: str, context: grpc.ServicerContext) -> None:
    location = name.split("/")[3]
    if location not in LOCATIONS:
        words = f"Location '{location}' is not a valid location. Use ListLocations to list valid locations."
        no(context, grpc.StatusCode.INVALID_ARGUMENT, words)
