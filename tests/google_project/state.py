"""What a project keeps, and what its services refuse."""

from typing import TypeAlias

import grpc
from google.cloud import scheduler_v1, secretmanager_v1, tasks_v2
from google.iam.v1.policy_pb2 import Policy

Refusal: TypeAlias = tuple[grpc.StatusCode, str]


class State:
    """Of an empty project. `refusals` stay, `passing` are for one call each; both are by the method's name.

    To make one of the `deleted_queues` is refused, one of those `seemingly_made` is answered and not kept.
    """

    def __init__(self) -> None:
        self.jobs: dict[str, scheduler_v1.Job] = {}
        self.runs: list[str] = []
        self.queues: dict[str, tasks_v2.Queue] = {}
        self.deleted_queues: set[str] = set()
        self.seemingly_made: set[str] = set()
        self.secrets: dict[str, secretmanager_v1.Secret] = {}
        self.versions: dict[str, list[secretmanager_v1.SecretVersion]] = {}
        self.values: dict[str, list[bytes]] = {}
        self.policies: dict[str, Policy] = {}
        self.rulesets: list[str] = []
        self.releases: dict[str, str] = {}
        self.changes: list[str] = []
        self.refusals: dict[str, Refusal] = {}
        self.passing: dict[str, list[Refusal]] = {}

    def refusal(self, method: str) -> Refusal | None:
        """What the next call of a method gets: one of those that pass, or the one that stays."""
        passing = self.passing.get(method)
        return passing.pop() if passing else self.refusals.get(method)
