"""Calls by a person's login count on the project itself: on gcloud's own, which is meant otherwise, no API is on."""

import json
from pathlib import Path

import pytest

from infra.cloud import Cloud
from infra.gcloud import Gcloud
from infra.remedies import forbidden
from tests.infra.cloud import PROJECT

LOGIN = {"type": "authorized_user", "client_id": "1.apps", "client_secret": "s", "refresh_token": "r"}


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """Of a person who ran `gcloud auth application-default login` and nothing else."""
    login = tmp_path / "application_default_credentials.json"
    login.write_text(json.dumps(LOGIN))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(login))
    for service in ("CLOUDSCHEDULER", "CLOUDTASKS", "SECRETMANAGER", "FIREBASERULES"):
        monkeypatch.delenv(f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{service}", raising=False)
    return Cloud(PROJECT, Gcloud(PROJECT))


@pytest.mark.parametrize("service", ["scheduler", "tasks", "secrets"])
def test_a_client_s_calls_count_on_the_project(cloud: Cloud, service: str) -> None:
    assert getattr(cloud, service).transport._credentials.quota_project_id == PROJECT


NO_QUOTA_PROJECT = (
    "Your application is authenticating by using local Application Default Credentials. The "
    "cloudscheduler.googleapis.com API requires a quota project, which is not set by default."
)
OFF_AT_GCLOUD_S_OWN = "Cloud Scheduler API has not been used in project 764086051850 before: SERVICE_DISABLED"
OFF = (
    "Cloud Scheduler API has not been used in project 12345 before or it is disabled. Enable it by visiting "
    "https://console.developers.google.com/apis/api/cloudscheduler.googleapis.com/overview?project=12345"
)
MAY_NOT = f"Caller does not have required permission to use project {PROJECT}: USER_PROJECT_DENIED"


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        (NO_QUOTA_PROJECT, f"gcloud auth application-default set-quota-project {PROJECT}"),
        (OFF_AT_GCLOUD_S_OWN, f"gcloud auth application-default set-quota-project {PROJECT}"),
        (MAY_NOT, "--role=roles/serviceusage.serviceUsageConsumer"),
        (OFF, f"gcloud services enable cloudscheduler.googleapis.com --project={PROJECT}"),
    ],
)
def test_what_calls_count_on_is_told_with_its_way_out(said: str, remedy: str) -> None:
    refused = forbidden("Cloud Scheduler: read", said, role="roles/cloudscheduler.admin", project=PROJECT)
    assert remedy in refused.remedy
