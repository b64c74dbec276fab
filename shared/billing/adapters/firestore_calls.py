"""Calls to Firestore over the client library's own authenticated channel: retried where safe, with our errors."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import grpc
from google.cloud.firestore import Client
from google.cloud.firestore_v1.types import firestore as requests
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential_jitter

from billing.ports import Create, InvalidDocument, StoreUnavailable, Write, WriteConflict

_SERVICE = "/google.firestore.v1.Firestore/"
_REFUSED: Final = frozenset({grpc.StatusCode.ABORTED, grpc.StatusCode.RESOURCE_EXHAUSTED})
"""The server did not do it; doing it again is always safe."""
_UNKNOWN: Final = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.INTERNAL})
"""Nobody knows whether it was done."""
_CONFLICTS: Final = {
    grpc.StatusCode.ALREADY_EXISTS: "it exists already",
    grpc.StatusCode.FAILED_PRECONDITION: "it has changed",
    grpc.StatusCode.NOT_FOUND: "it does not exist",
    grpc.StatusCode.ABORTED: "others kept writing it",
}
_ELEMENT = re.compile(r'(?:type|name): "([^"]*)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often a call is made, how long it may take, and the waits between: doubling, with as much jitter again."""

    attempts: int = 5
    call_seconds: float = 30.0
    first_wait_seconds: float = 0.05
    longest_wait_seconds: float = 2.0


class FirestoreCalls:
    """The four methods that billing uses, each returning the decoded protobuf answers."""

    def __init__(self, client: Client, *, patience: Patience) -> None:
        self._patience = patience
        self._metadata = tuple(client._rpc_metadata)  # noqa: SLF001 - the library keeps its channel to itself
        channel = client._firestore_api._transport.grpc_channel  # noqa: SLF001 - parts that the hand codec needs
        # What the option SingleThreadedUnaryStream sets on a channel that one makes: without it each document of an
        # answer passes through a second thread, a tenth of a billing run's CPU.
        channel._single_threaded_unary_stream = True  # noqa: SLF001
        self._commit = _method(channel.unary_unary, "Commit", requests.CommitRequest, requests.CommitResponse)
        self._batch_get = _method(
            channel.unary_stream,
            "BatchGetDocuments",
            requests.BatchGetDocumentsRequest,
            requests.BatchGetDocumentsResponse,
        )
        self._run_query = _method(channel.unary_stream, "RunQuery", requests.RunQueryRequest, requests.RunQueryResponse)
        self._aggregate = _method(
            channel.unary_stream,
            "RunAggregationQuery",
            requests.RunAggregationQueryRequest,
            requests.RunAggregationQueryResponse,
        )

    def batch_get(self, request: Any) -> list[Any]:  # noqa: ANN401 - protobuf classes carry no types
        """Every answer of a BatchGetDocuments."""
        return self._read(self._batch_get, request, routing=f"database={quote(request.database, safe='')}")

    def run_query(self, request: Any) -> list[Any]:  # noqa: ANN401
        """Every answer of a RunQuery."""
        return self._read(self._run_query, request, routing=f"parent={quote(request.parent, safe='')}")

    def aggregate(self, request: Any) -> list[Any]:  # noqa: ANN401
        """Every answer of a RunAggregationQuery."""
        return self._read(self._aggregate, request, routing=f"parent={quote(request.parent, safe='')}")

    def commit(self, request: Any, *, writes: Sequence[Write]) -> Any:  # noqa: ANN401
        """The answer of a Commit of these writes.

        After an unknown outcome it is repeated only if it cannot take place twice; if it had taken place after all,
        the repetition meets WriteConflict, and the caller finds its own writes.
        """
        repeatable = _REFUSED | _UNKNOWN if _happens_once(writes) else _REFUSED
        routing = f"database={quote(request.database, safe='')}"
        try:
            return self._retrying(repeatable)(lambda: self._call(self._commit, request, routing=routing))
        except grpc.RpcError as error:
            raise _commit_error(error, writes=writes) from error

    def _read(self, method: Callable[..., Any], request: Any, *, routing: str) -> list[Any]:  # noqa: ANN401
        try:
            return self._retrying(_REFUSED | _UNKNOWN)(lambda: list(self._call(method, request, routing=routing)))
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.INVALID_ARGUMENT:
                raise InvalidDocument("query", expected="one that Firestore runs", given=error.details()) from error
            raise _unavailable(error) from error

    def _call(self, method: Callable[..., Any], request: Any, *, routing: str) -> Any:  # noqa: ANN401
        metadata = (*self._metadata, ("x-goog-request-params", routing))
        return method(request, timeout=self._patience.call_seconds, metadata=metadata)

    def _retrying(self, codes: frozenset[grpc.StatusCode]) -> Retrying:
        patience = self._patience
        return Retrying(
            stop=stop_after_attempt(patience.attempts),
            wait=wait_exponential_jitter(
                multiplier=patience.first_wait_seconds,
                max=patience.longest_wait_seconds,
                jitter=patience.first_wait_seconds,
            ),
            retry=retry_if_exception(lambda error: isinstance(error, grpc.RpcError) and error.code() in codes),
            reraise=True,
        )


def _method(make: Callable[..., Any], name: str, request: Any, response: Any) -> Callable[..., Any]:  # noqa: ANN401
    """A callable of the channel that speaks the protobuf classes behind the library's types."""
    method: Callable[..., Any] = make(
        _SERVICE + name,
        request_serializer=request.pb().SerializeToString,
        response_deserializer=response.pb().FromString,
    )
    return method


def _happens_once(writes: Sequence[Write]) -> bool:
    """Whether success breaks the commit's own preconditions.

    One Create is enough, as a commit is all or nothing. An expected version guards only its own document: an update
    that changes nothing keeps the version.
    """
    return any(isinstance(write, Create) for write in writes) or all(
        not isinstance(write, Create) and write.expected is not None for write in writes
    )


def _commit_error(error: grpc.RpcError, *, writes: Sequence[Write]) -> Exception:
    code, details = error.code(), error.details() or ""
    if code in _CONFLICTS:
        return WriteConflict(_named(details, writes=writes), reason=_CONFLICTS[code])
    if code is grpc.StatusCode.INVALID_ARGUMENT:
        return InvalidDocument("commit", expected="writes that Firestore takes", given=details)
    return _unavailable(error)


def _named(details: str, *, writes: Sequence[Write]) -> str | None:
    """The one document of the commit that the message names, or that it can only be about.

    Production names the whole resource; the emulator ends in `path=/a/b}` or spells the path out element by element.
    """
    paths = [write.path for write in writes]
    if len(paths) == 1:
        return paths[0]
    said = f"{details} /{'/'.join(_ELEMENT.findall(details))} "
    named = [path for path in paths if re.search(rf"/{re.escape(path)}[^\w/.@-]", said)]
    return named[0] if len(named) == 1 else None


def _unavailable(error: grpc.RpcError) -> StoreUnavailable:
    return StoreUnavailable("Firestore", reason=f"{error.code().name}: {error.details()}")
