"""Who may use what."""

from collections.abc import Mapping
from typing import Any

import grpc
from google.iam.v1 import iam_policy_pb2
from google.iam.v1.policy_pb2 import Policy

from tests.google_project.call import Message, Methods, no
from tests.google_project.state import State

WITH_CONDITIONS = 3
"""The version of policies that have conditions."""


class Policies:
    """Who may use a resource; a write with an old etag is refused."""

    def __init__(self, project: State, known: Mapping[str, Any]) -> None:
        self._project, self._known = project, known

    def get(self, request: Message, context: grpc.ServicerContext) -> Policy:
        if request.resource not in self._known:
            no(context, grpc.StatusCode.NOT_FOUND, f"{request.resource} not found.")
        standing = self._project.policies.get(request.resource) or Policy(etag=b"0")
        if request.options.requested_policy_version >= WITH_CONDITIONS:
            return standing
        plain = Policy(etag=standing.etag)
        plain.bindings.extend(each for each in standing.bindings if not each.HasField("condition"))
        return plain

    def set(self, request: Message, context: grpc.ServicerContext) -> Policy:
        standing = self._project.policies.get(request.resource) or Policy(etag=b"0")
        if request.policy.version < WITH_CONDITIONS and any(each.HasField("condition") for each in standing.bindings):
            words = "A policy with conditions is written in version 3, else they would be lost."
            no(context, grpc.StatusCode.INVALID_ARGUMENT, words)
        if request.policy.etag != standing.etag:
            no(context, grpc.StatusCode.ABORTED, "There were concurrent policy changes.")
        policy = Policy(etag=str(int(standing.etag) + 1).encode())
        policy.bindings.extend(each for each in request.policy.bindings if each.members)
        self._project.policies[request.resource] = policy
        return policy

    def methods(self) -> Methods:
        return {
            "GetIamPolicy": (iam_policy_pb2.GetIamPolicyRequest, self.get),
            "SetIamPolicy": (iam_policy_pb2.SetIamPolicyRequest, self.set),
        }
