"""A project to plan and apply against: the stand-in gcloud within this process, the services over their protocols."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pytest

from infra.applying import apply
from infra.cloud import Cloud
from infra.declaration import Declaration
from infra.gcloud import Gcloud
from infra.loading import load
from infra.plan import Plan, make_plan
from infra.resource import UNASKED, Allowed
from infra.resources import resources
from tests.gcloud_commands import known_commands
from tests.gcloud_stand_in import StandIn
from tests.google_project import GoogleProject

PROJECT = "acme-billing"
DECLARATION = Path("infra/billing.yaml")
AT = f"projects/{PROJECT}/locations/europe-west1"
GENERATES = f"serviceAccount:generate-invoices@{PROJECT}.iam.gserviceaccount.com"
RUN_DUNNING = f"serviceAccount:run-dunning@{PROJECT}.iam.gserviceaccount.com"
API_PROXY = f"serviceAccount:api-proxy@{PROJECT}.iam.gserviceaccount.com"
BUILDER = f"serviceAccount:builder@{PROJECT}.iam.gserviceaccount.com"
RELEASE = f"serviceAccount:release@{PROJECT}.iam.gserviceaccount.com"
INVOICES = f"gs://{PROJECT}-invoices"


@dataclass(frozen=True, kw_only=True)
class World:
    """Both halves of the project, and what a person does with them."""

    google: GoogleProject
    gcloud: StandIn
    given: Mapping[str, str]
    pauses: list[float] = field(default_factory=list)

    @cached_property
    def declaration(self) -> Declaration:
        return load(DECLARATION, {"project": PROJECT, **self.given})

    def cloud(self) -> Cloud:
        return Cloud(PROJECT, Gcloud(PROJECT, run=self.gcloud), pause=self.pauses.append)

    def plan(self, declaration: Declaration | None = None, allowed: Allowed = UNASKED) -> Plan:
        return make_plan(resources(declaration or self.declaration, allowed), self.cloud())

    def apply(self, declaration: Declaration | None = None, allowed: Allowed = UNASKED) -> list[str]:
        """The steps that were done, in the words of who does them."""
        done: list[str] = []
        apply(self.plan(declaration, allowed), self.cloud(), say=lambda _title, step: done.append(step.shown(PROJECT)))
        return done

    def serving(self) -> dict[str, dict[str, int]]:
        """Per cent of the traffic by revision, of every function's service."""
        return {
            each["metadata"]["name"]: {
                share["revisionName"]: share["percent"] for share in each["status"]["traffic"] if "percent" in share
            }
            for each in json.loads(self.gcloud(["gcloud", "run", "services", "list"], Path())[1])
        }


@contextmanager
def a_project(**given: str) -> Iterator[World]:
    """An empty project."""
    with GoogleProject() as google, pytest.MonkeyPatch.context() as environment:
        for name, value in google.environ.items():
            environment.setenv(name, value)
        yield World(google=google, gcloud=StandIn(known_commands()), given=given)
