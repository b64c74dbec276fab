"""Functions behind Cloud Tasks: what they need to be told, and tokens as Scheduler and Tasks send them."""

from collections.abc import Mapping
from datetime import UTC, datetime

from tests.cloud_tasks_server import ACCOUNT, LOCATION, CloudTasksServer
from tests.functions.running_door import RunningDoor
from tests.oidc_issuer import OidcIssuer

SCHEDULER = "scheduler@acme-billing.iam.gserviceaccount.com"


def url_of(port: int) -> str:
    """A function's address on this machine."""
    return f"http://127.0.0.1:{port}"


def queue_settings(queue: CloudTasksServer, issuer: OidcIssuer, *, billing: int, dunning: int) -> Mapping[str, str]:
    """The variables of functions on these ports that call each other through the queue."""
    return {
        "BILLING_TASKS": LOCATION,
        "BILLING_TASKS_ENDPOINT": queue.endpoint,
        "TASKS_SERVICE_ACCOUNT": ACCOUNT,
        "GENERATE_INVOICES_URL": url_of(billing),
        "RUN_DUNNING_URL": url_of(dunning),
        "API_PROXY_URL": url_of(dunning),
        "OIDC_AUDIENCE": f"{url_of(billing)},{url_of(dunning)}",
        "OIDC_SERVICE_ACCOUNTS": f"{ACCOUNT},{SCHEDULER}",
        "OIDC_ISSUERS": issuer.url,
        "OIDC_CERTS_URL": issuer.certs_url,
    }


def scheduler_headers(issuer: OidcIssuer, door: RunningDoor, *, due: str) -> dict[str, str]:
    """What Cloud Scheduler sends with a job that was due at an instant."""
    token = issuer.token(audience=url_of(door.port), email=SCHEDULER, now=datetime.now(UTC))
    return {"Authorization": f"Bearer {token}", "X-CloudScheduler-ScheduleTime": due, "X-CloudScheduler": "true"}
