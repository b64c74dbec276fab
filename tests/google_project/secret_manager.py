"""Secret Manager."""

import grpc
from google.cloud import secretmanager_v1
from google.protobuf.empty_pb2 import Empty

from tests.google_project.call import Message, Methods, masked, no
from tests.google_project.policies import Policies
from tests.google_project.state import State


class Secrets:
    def __init__(self, project: State) -> None:
        self._project = project

    def methods(self) -> Methods:
        types = secretmanager_v1
        return {
            "CreateSecret": (types.CreateSecretRequest, self.create),
            "GetSecret": (types.GetSecretRequest, self.get),
            "UpdateSecret": (types.UpdateSecretRequest, self.update),
            "DeleteSecret": (types.DeleteSecretRequest, self.delete),
            "AddSecretVersion": (types.AddSecretVersionRequest, self.add),
            "ListSecretVersions": (types.ListSecretVersionsRequest, self.list),
            **Policies(self._project, self._project.secrets).methods(),
        }

    def get(self, request: Message, context: grpc.ServicerContext) -> secretmanager_v1.Secret:
        name = getattr(request, "name", None) or request.parent
        if name not in self._project.secrets:
            no(context, grpc.StatusCode.NOT_FOUND, f"Secret [{name}] not found.")
        return self._project.secrets[name]

    def create(self, request: Message, context: grpc.ServicerContext) -> secretmanager_v1.Secret:
        name = f"{request.parent}/secrets/{request.secret_id}"
        if name in self._project.secrets:
            no(context, grpc.StatusCode.ALREADY_EXISTS, f"Secret [{name}] already exists.")
        secret = secretmanager_v1.Secret(request.secret)
        secret.name = name
        self._project.secrets[name] = secret
        self._project.versions[name], self._project.values[name] = [], []
        return secret

    def update(self, request: Message, context: grpc.ServicerContext) -> secretmanager_v1.Secret:
        standing = self.get(request.secret, context)
        self._project.secrets[request.secret.name] = masked(standing, request.secret, request.update_mask)
        return self._project.secrets[request.secret.name]

    def delete(self, request: Message, context: grpc.ServicerContext) -> Empty:
        self.get(request, context)
        for kept in (self._project.secrets, self._project.versions, self._project.values):
            del kept[request.name]
        return Empty()

    def add(self, request: Message, context: grpc.ServicerContext) -> secretmanager_v1.SecretVersion:
        self.get(request, context)
        versions = self._project.versions[request.parent]
        name = f"{request.parent}/versions/{len(versions) + 1}"
        versions.append(secretmanager_v1.SecretVersion(name=name, state=secretmanager_v1.SecretVersion.State.ENABLED))
        self._project.values[request.parent].append(request.payload.data)
        return versions[-1]

    def list(self, request: Message, context: grpc.ServicerContext) -> secretmanager_v1.ListSecretVersionsResponse:
        self.get(request, context)
        return secretmanager_v1.ListSecretVersionsResponse(versions=self._project.versions[request.parent])
