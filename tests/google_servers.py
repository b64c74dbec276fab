"""Google services for tests: gRPC servers on this machine that speak the client libraries' own types.

What they answer follows https://cloud.google.com/secret-manager/docs/reference/rpc.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NoReturn, Self

import grpc
from google.cloud.secretmanager_v1 import SecretManagerServiceClient
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import SecretManagerServiceGrpcTransport
from google.cloud.secretmanager_v1.types import (
    AccessSecretVersionRequest,
    AccessSecretVersionResponse,
    ListSecretVersionsRequest,
    ListSecretVersionsResponse,
    SecretPayload,
    SecretVersion,
)

Method = tuple[type[Any], Callable[[Any, grpc.ServicerContext], Any]]


def grpc_service(name: str, methods: dict[str, Method]) -> grpc.GenericRpcHandler:
    """A service of unary calls: each method by its name, with the proto-plus type that it takes and what it does."""
    return grpc.method_handlers_generic_handler(
        name,
        {
            method: grpc.unary_unary_rpc_method_handler(
                do,
                request_deserializer=takes.deserialize,
                response_serializer=lambda gives: type(gives).serialize(gives),
            )
            for method, (takes, do) in methods.items()
        },
    )


@dataclass(slots=True)
class Version:
    """One version of a secret as the server keeps it."""

    payload: bytes
    state: int = SecretVersion.State.ENABLED
    checksum: int | None = None


class SecretManagerServer:
    """`with SecretManagerServer() as server:` and talk to it through `server.client()`."""

    def __init__(self) -> None:
        self.secrets: dict[str, list[Version]] = {}
        self.calls: list[str] = []
        self.refuses_with: grpc.StatusCode | None = None
        self.disabled_between: str | None = None
        self._channels: list[grpc.Channel] = []
        self._server = grpc.server(ThreadPoolExecutor(4))
        self._port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.add_generic_rpc_handlers(
            [
                grpc_service(
                    "google.cloud.secretmanager.v1.SecretManagerService",
                    {
                        "ListSecretVersions": (ListSecretVersionsRequest, self._list),
                        "AccessSecretVersion": (AccessSecretVersionRequest, self._access),
                    },
                )
            ]
        )

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        for channel in self._channels:
            channel.close()
        self._server.stop(grace=None).wait()

    def client(self) -> SecretManagerServiceClient:
        """The real client, over a channel to this server."""
        channel = grpc.insecure_channel(f"127.0.0.1:{self._port}")
        self._channels.append(channel)
        return SecretManagerServiceClient(transport=SecretManagerServiceGrpcTransport(channel=channel))

    def add(self, secret: str, payload: bytes, *, checksum: int | None = None, project: str = "acme") -> Version:
        """A new version of the secret, which is made if need be; it may come with a checksum."""
        version = Version(payload, checksum=checksum)
        self.secrets.setdefault(f"projects/{project}/secrets/{secret}", []).append(version)
        return version

    def _list(self, request: ListSecretVersionsRequest, context: grpc.ServicerContext) -> ListSecretVersionsResponse:
        self._note("list", context)
        if request.parent not in self.secrets:
            context.abort(grpc.StatusCode.NOT_FOUND, f"Secret [{request.parent}] not found.")
        versions = [
            SecretVersion(name=f"{request.parent}/versions/{number}", state=version.state)
            for number, version in enumerate(self.secrets[request.parent], start=1)
            if request.filter != "state:ENABLED" or version.state == SecretVersion.State.ENABLED
        ]
        return ListSecretVersionsResponse(versions=versions)

    def _access(
        self, request: AccessSecretVersionRequest, context: grpc.ServicerContext
    ) -> AccessSecretVersionResponse:
        self._note("access", context)
        secret, _, number = request.name.partition("/versions/")
        known = self.secrets.get(secret, [])
        index = len(known) if number == "latest" else int(number)
        if not 1 <= index <= len(known):
            context.abort(grpc.StatusCode.NOT_FOUND, f"Secret Version [{request.name}] not found.")
        version = known[index - 1]
        if version.state != SecretVersion.State.ENABLED or number == self.disabled_between:
            state = SecretVersion.State(version.state).name
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"Secret Version [{request.name}] is in {state} state.")
        payload = SecretPayload(data=version.payload, data_crc32c=version.checksum)
        return AccessSecretVersionResponse(name=request.name, payload=payload)

    def _note(self, call: str, context: grpc.ServicerContext) -> None:
        self.calls.append(call)
        if self.refuses_with is not None:
            self._abort(context, self.refuses_with)

    @staticmethod
    def _abort(context: grpc.ServicerContext, code: grpc.StatusCode) -> NoReturn:
        context.abort(code, "as the test wants it")
        raise AssertionError
