"""The connections to Google: gcloud, the client libraries of Scheduler, Tasks and Secret Manager, and the rules' API.

Endpoints may be overridden by the variables that gcloud itself reads, such as
CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDTASKS (https://cloud.google.com/sdk/gcloud/reference/config/set); one of
http://127.0.0.1:PORT is a test server and gets no credentials.
"""

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast
from urllib.parse import urlsplit

from google.api_core.exceptions import (
    AlreadyExists,
    FailedPrecondition,
    Forbidden,
    GoogleAPICallError,
    InvalidArgument,
    NotFound,
    RetryError,
    Unauthenticated,
)
from google.auth.exceptions import DefaultCredentialsError, RefreshError
from google.cloud.scheduler_v1 import CloudSchedulerClient
from google.cloud.secretmanager_v1 import SecretManagerServiceClient
from google.cloud.tasks_v2 import CloudTasksClient

from infra.errors import InfraError, NotAllowed, NotThere, Refused
from infra.gcloud import Gcloud
from infra.patience import Answer, persist
from infra.remedies import DELETED_QUEUE, LOGIN, NO_BILLING, NO_REGION, REGION, forbidden, no_billing
from infra.rules_api import RulesApi

LOOPBACK = ("127.0.0.1", "localhost", "::1")

_ROLES = {
    "Cloud Scheduler": "roles/cloudscheduler.admin",
    "Cloud Tasks": "roles/cloudtasks.admin",
    "Secret Manager": "roles/secretmanager.admin",
    "Firebase Rules": "roles/firebaserules.admin",
}
_NO_TOKEN = re.compile("invalid_grant|Reauthentication|metadata from plugin failed")
"""What a login that has expired looks like in the midst of a call."""


@dataclass(frozen=True)
class Cloud:
    """One project's. Clients are made when they are first needed."""

    project: str
    gcloud: Gcloud
    pause: Callable[[float], None] = time.sleep

    def persist(self, do: Callable[[], Answer]) -> Answer:
        """What `do` answers; while Google is not ready for it, it is tried again for a minute. Raises Refused."""
        return persist(do, pause=self.pause)

    @cached_property
    def scheduler(self) -> CloudSchedulerClient:
        """Cloud Scheduler."""
        return cast("CloudSchedulerClient", client(CloudSchedulerClient, "CLOUDSCHEDULER", project=self.project))

    @cached_property
    def tasks(self) -> CloudTasksClient:
        """Cloud Tasks."""
        return cast("CloudTasksClient", client(CloudTasksClient, "CLOUDTASKS", project=self.project))

    @cached_property
    def secrets(self) -> SecretManagerServiceClient:
        """Secret Manager."""
        return cast(
            "SecretManagerServiceClient", client(SecretManagerServiceClient, "SECRETMANAGER", project=self.project)
        )

    @cached_property
    def rules(self) -> RulesApi:
        """Firebase Rules, which gcloud has no command for."""
        return RulesApi(self.project, endpoint=_endpoint("FIREBASERULES"))


def client(kind: Any, service: str, *, project: str) -> Any:  # noqa: ANN401 - generated clients share no type
    """A client of a service, at Google or where the variable says. Raises NotAllowed where nobody is logged in.

    Its calls count on the project itself: a person's login counts them on one of Google's own unless it is told, and
    there the API is off (https://docs.cloud.google.com/docs/quotas/quota-project).
    """
    endpoint = _endpoint(service)
    if endpoint is None:
        with refusals("Google", f"a client of {service.lower()}", project=project):
            return kind(client_options={"quota_project_id": project})
    import grpc  # noqa: PLC0415 - for test servers alone

    channel = grpc.insecure_channel(endpoint.removeprefix("http://"))
    return kind(transport=kind.get_transport_class("grpc")(channel=channel))


def _endpoint(service: str) -> str | None:
    url = os.environ.get(f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{service}", "").rstrip("/")
    if not url:
        return None
    if urlsplit(url).scheme != "http" or urlsplit(url).hostname not in LOOPBACK:
        msg = f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{service}: expected a test server, http://127.0.0.1:PORT, or nothing"
        raise InfraError(msg)
    return url


@contextmanager
def refusals(service: str, asked: str, *, project: str) -> Iterator[None]:
    """Turn what a client library raises into a Refused that names the way out."""
    try:
        yield
    except NotFound as error:
        if NO_REGION.search(error.message):
            raise Refused(asked, said=error.message, remedy=REGION) from error
        raise NotThere(asked, said=error.message) from error
    except Forbidden as error:
        raise _forbidden(service, asked, error.message, project=project) from error
    except (Unauthenticated, DefaultCredentialsError, RefreshError) as error:
        raise NotAllowed(asked, said=str(error), remedy=LOGIN) from error
    except (AlreadyExists, FailedPrecondition) as error:
        raise Refused(asked, said=error.message, remedy=DELETED_QUEUE if "recently" in error.message else "") from error
    except InvalidArgument as error:
        remedy = REGION if NO_REGION.search(error.message) else ""
        raise Refused(asked, said=error.message, remedy=remedy) from error
    except (GoogleAPICallError, RetryError) as error:
        raise _unanswered(asked, error.message) from error


def _unanswered(asked: str, said: str) -> Refused:
    if _NO_TOKEN.search(said):
        return NotAllowed(asked, said=said, remedy=LOGIN)
    return Refused(asked, said=said, remedy="try again: nothing is lost, the command goes on")


def _forbidden(service: str, asked: str, said: str, *, project: str) -> Refused:
    if NO_BILLING.search(said):
        return Refused(asked, said=said, remedy=no_billing(project))
    return forbidden(asked, said, role=_ROLES.get(service, "roles/owner"), project=project)
