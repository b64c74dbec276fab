"""The configuration of the task queue: whole, or refused at once with all that it lacks."""

import pytest

from billing.adapters.task_place import TaskPlace, open_tasks
from billing.config import (
    Settings,
)
from tests.environments import CLOUD, flaws

TASKS = {
    "BILLING_TASKS": "projects/billing-prod/locations/europe-west3",
    "GENERATE_INVOICES_URL": "https://generate-invoices.example.run.app",
    "RUN_DUNNING_URL": "https://run-dunning.example.run.app/",
    "API_PROXY_URL": "https://api-proxy.example.run.app",
    "TASKS_SERVICE_ACCOUNT": "tasks@p.iam.gserviceaccount.com",
}


def test_a_queue_needs_its_place_the_functions_addresses_and_an_account_that_they_trust() -> None:
    settings = Settings.from_environment(CLOUD | TASKS)

    assert settings.tasks == TaskPlace(
        location="projects/billing-prod/locations/europe-west3",
        urls={
            "generate_invoices": "https://generate-invoices.example.run.app",
            "run_dunning": "https://run-dunning.example.run.app",
            "apiProxy": "https://api-proxy.example.run.app",
        },
        service_account="tasks@p.iam.gserviceaccount.com",
        seconds=1800,
    )
    assert (settings.task_attempts, settings.run_slice_seconds) == (8, 240)
    assert open_tasks(settings.tasks) is not None


def test_without_a_queue_there_is_none() -> None:
    assert open_tasks(Settings.from_environment(CLOUD).tasks) is None


def test_everything_that_a_queue_lacks_is_told_at_once() -> None:
    assert flaws(CLOUD | {"BILLING_TASKS": "europe-west3"}) == {
        "BILLING_TASKS": "use projects/PROJECT/locations/REGION, where the queues are, not 'europe-west3'",
        "GENERATE_INVOICES_URL": "is not set; with BILLING_TASKS set, use the function's address: the tasks call it",
        "RUN_DUNNING_URL": "is not set; with BILLING_TASKS set, use the function's address: the tasks call it",
        "API_PROXY_URL": "is not set; with BILLING_TASKS set, use the function's address: the tasks call it",
        "TASKS_SERVICE_ACCOUNT": (
            "is not set; with BILLING_TASKS set, use the e-mail of the account that tasks call as"
        ),
    }


@pytest.mark.parametrize(
    ("variable", "value", "told", "remedy"),
    [
        ("TASKS_SERVICE_ACCOUNT", "tasks", "TASKS_SERVICE_ACCOUNT", "use the e-mail of a service account, not 'tasks'"),
        (
            "TASKS_SERVICE_ACCOUNT",
            "else@p.iam.gserviceaccount.com",
            "OIDC_SERVICE_ACCOUNTS",
            "add else@p.iam.gserviceaccount.com: the functions would refuse what the tasks call",
        ),
        (
            "BILLING_TASKS_ENDPOINT",
            "https://tasks.example.com",
            "BILLING_TASKS_ENDPOINT",
            "name a test server on this machine (http://127.0.0.1:PORT), or nothing for Google's",
        ),
        ("TASKS_MAX_ATTEMPTS", "0", "TASKS_MAX_ATTEMPTS", "use a whole number from 1 to 1000, not '0'"),
        ("RUN_SLICE_SECONDS", "4h", "RUN_SLICE_SECONDS", "use a whole number from 1 to 1800, not '4h'"),
    ],
)
def test_what_a_queue_cannot_work_with_is_told(variable: str, value: str, told: str, remedy: str) -> None:
    assert flaws(CLOUD | TASKS | {variable: value}) == {told: remedy}
