"""What is repeated, what is not, and which error each refusal becomes, against a server that answers as told."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
import pytest
from google.cloud.firestore_v1.types import firestore as requests

from billing.adapters.firestore import FirestoreDocuments
from billing.adapters.firestore_calls import Patience
from billing.ports import (
    Create,
    Delete,
    InvalidDocument,
    Put,
    Query,
    StoreUnavailable,
    Update,
    Write,
    WriteConflict,
)

NAME = "projects/p/databases/(default)/documents"
INVOICE, COUNTER = "tenants/acme/invoices/one", "tenants/acme/counters/invoices"
CREATE, UPDATE = Create(INVOICE, {}), Update(COUNTER, {"last": 1}, expected="5.000000000")
Status = grpc.StatusCode


class Server:
    """Refuses each call with the next of `refusals`, then answers; keeps what it was asked and with which metadata."""

    def __init__(self, *refusals: tuple[grpc.StatusCode, str]) -> None:
        self.refusals = list(refusals)
        self.metadata: list[dict[str, str]] = []

    def commit(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ANN401 - untyped messages
        self._answer(context)
        answer = requests.CommitResponse.pb()()
        for _ in request.writes:
            answer.write_results.add().update_time.seconds = 7
        return answer

    def run_query(self, _request: object, context: grpc.ServicerContext) -> Iterator[Any]:
        self._answer(context)
        yield requests.RunQueryResponse.pb()()

    def _answer(self, context: grpc.ServicerContext) -> None:
        self.metadata.append({str(key): str(value) for key, value in context.invocation_metadata()})
        if self.refusals:
            context.abort(*self.refusals.pop(0))


@contextmanager
def connected(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[FirestoreDocuments]:
    running = grpc.server(ThreadPoolExecutor(2))
    methods = {
        "Commit": _handler(grpc.unary_unary_rpc_method_handler, server.commit, requests.CommitRequest),
        "RunQuery": _handler(grpc.unary_stream_rpc_method_handler, server.run_query, requests.RunQueryRequest),
    }
    running.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("google.firestore.v1.Firestore", methods)])
    port = running.add_insecure_port("127.0.0.1:0")
    running.start()
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", f"127.0.0.1:{port}")
    documents = FirestoreDocuments("p", patience=Patience(attempts=3, first_wait_seconds=0.001))
    try:
        yield documents
    finally:
        documents.close()
        running.stop(None).wait()


def _handler(make: Callable[..., Any], answer: Callable[..., Any], request: Any) -> Any:  # noqa: ANN401 - as above
    return make(answer, request.pb().FromString, lambda message: message.SerializeToString())


def committed(server: Server, monkeypatch: pytest.MonkeyPatch, *writes: Write) -> list[str]:
    with connected(server, monkeypatch) as documents:
        return documents.commit(writes)


@pytest.mark.parametrize("code", [Status.ABORTED, Status.RESOURCE_EXHAUSTED])
def test_what_the_server_refused_is_done_again_whatever_it_is(
    monkeypatch: pytest.MonkeyPatch, code: grpc.StatusCode
) -> None:
    server = Server((code, "busy"), (code, "busy"))
    assert committed(server, monkeypatch, Update(COUNTER, increments={"last": 1})) == ["7.000000000"]
    assert len(server.metadata) == 3


@pytest.mark.parametrize("writes", [(CREATE, Put(COUNTER, {})), (UPDATE,), (UPDATE, Delete(INVOICE, "5.000000000"))])
@pytest.mark.parametrize("code", [Status.UNAVAILABLE, Status.DEADLINE_EXCEEDED, Status.INTERNAL])
def test_an_unknown_outcome_is_repeated_where_it_cannot_happen_twice(
    monkeypatch: pytest.MonkeyPatch, code: grpc.StatusCode, writes: tuple[Write, ...]
) -> None:
    server = Server((code, "gone"))
    assert len(committed(server, monkeypatch, *writes)) == len(writes)
    assert len(server.metadata) == 2


@pytest.mark.parametrize("write", [Update(COUNTER, increments={"last": 1}), Put(COUNTER, {}), Delete(COUNTER)])
def test_an_unknown_outcome_is_left_unknown_where_it_could_happen_twice(
    monkeypatch: pytest.MonkeyPatch, write: Write
) -> None:
    server = Server((Status.UNAVAILABLE, "gone"))
    with pytest.raises(StoreUnavailable, match="UNAVAILABLE: gone"):
        committed(server, monkeypatch, write, UPDATE if write.path != COUNTER else Put(INVOICE, {}))
    assert len(server.metadata) == 1


def test_a_commit_that_stood_already_is_a_conflict(monkeypatch: pytest.MonkeyPatch) -> None:
    exists = (Status.ALREADY_EXISTS, f"Document already exists: {NAME}/{INVOICE}")
    with pytest.raises(WriteConflict) as conflict:
        committed(Server((Status.UNAVAILABLE, "gone"), exists), monkeypatch, CREATE, UPDATE)
    assert conflict.value.path == INVOICE


@pytest.mark.parametrize(
    ("code", "details", "path"),
    [
        (Status.NOT_FOUND, f"No document to update: {NAME}/{COUNTER}", COUNTER),
        (Status.ALREADY_EXISTS, f'Document already exists: "{NAME}/{INVOICE}"', INVOICE),
        (Status.ALREADY_EXISTS, f"Document already exists: {NAME}/{INVOICE}-and-more", None),
        (Status.ALREADY_EXISTS, f"entity already exists: EntityRef{{partitionRef=dev~p, path=/{INVOICE}}}", INVOICE),
        (Status.FAILED_PRECONDITION, "the stored version (1) does not match the required base version (2)", None),
    ],
)
def test_a_conflict_names_the_document_where_the_server_does(
    monkeypatch: pytest.MonkeyPatch, code: grpc.StatusCode, details: str, path: str | None
) -> None:
    with pytest.raises(WriteConflict) as conflict:
        committed(Server((code, details)), monkeypatch, CREATE, UPDATE)
    assert conflict.value.path == path


def test_endless_contention_is_a_conflict(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(*[(Status.ABORTED, "contention")] * 3)
    with pytest.raises(WriteConflict):
        committed(server, monkeypatch, CREATE, UPDATE)
    assert len(server.metadata) == 3


@pytest.mark.parametrize(
    ("code", "error"), [(Status.PERMISSION_DENIED, StoreUnavailable), (Status.INVALID_ARGUMENT, InvalidDocument)]
)
def test_what_cannot_get_better_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, code: grpc.StatusCode, error: type[Exception]
) -> None:
    server = Server((code, "no"), (code, "no"))
    with connected(server, monkeypatch) as documents:
        with pytest.raises(error):
            documents.commit([CREATE])
        with pytest.raises(error):
            documents.query(Query("tenants"))
    assert len(server.metadata) == 2


def test_a_read_is_repeated_and_then_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server(*[(Status.UNAVAILABLE, "gone")] * 5)
    with connected(server, monkeypatch) as documents:
        with pytest.raises(StoreUnavailable):
            documents.query(Query("tenants"))
        assert documents.query(Query("tenants")) == []
    assert len(server.metadata) == 6


def test_a_call_names_its_database(monkeypatch: pytest.MonkeyPatch) -> None:
    server = Server()
    committed(server, monkeypatch, CREATE)
    assert server.metadata[0]["google-cloud-resource-prefix"] == "projects/p/databases/(default)"
    assert server.metadata[0]["x-goog-request-params"] == "database=projects%2Fp%2Fdatabases%2F%28default%29"
