"""Which queue the functions call each other through, as settings say; and the queue that they name."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from billing.adapters.variables import Variables, shown
from billing.domain.web_address import LOOPBACK
from billing.ports.tasks import FunctionName, Tasks

FUNCTION_URLS: Mapping[FunctionName, str] = {
    "generate_invoices": "GENERATE_INVOICES_URL",
    "run_dunning": "RUN_DUNNING_URL",
    "apiProxy": "API_PROXY_URL",
}
"""The variables that hold the functions' addresses."""

TASKS = "BILLING_TASKS"
TASKS_ACCOUNT = "TASKS_SERVICE_ACCOUNT"

_LOCATION = re.compile(r"projects/[a-z][a-z0-9.:-]{4,61}[a-z0-9]/locations/[a-z]+-[a-z]+[0-9]+")
_ACCOUNT = re.compile(r"[^@\s]+@[^@\s]+")
_REMEDY = "use projects/PROJECT/locations/REGION, where the queues are"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPlace:
    """The queues `runs` and `events` in one `location` (projects/P/locations/L) of Cloud Tasks.

    A task calls a function at its address in `urls`, as `service_account`, with a token whose audience is that address;
    it may take so many `seconds`. `endpoint` is a test server (host:port, no TLS) in Google's place.
    """

    location: str
    urls: Mapping[FunctionName, str]
    service_account: str
    seconds: int
    endpoint: str | None = None


def task_place(read: Variables, *, trusted: Collection[str], seconds: int) -> TaskPlace | None:
    """Read the variables; None where no queue is named. What is missing or can't work is noted as a flaw.

    `trusted` are the accounts that the functions let in, `seconds` what a function may take.
    """
    location = read.text(TASKS)
    if not location:
        return None
    if not _LOCATION.fullmatch(location):
        read.flaw(TASKS, remedy=f"{_REMEDY}, not {shown(location)}")
    return TaskPlace(
        location=location,
        urls={function: _function_url(read, name) for function, name in FUNCTION_URLS.items()},
        service_account=_account(read, trusted=trusted),
        seconds=seconds,
        endpoint=_endpoint(read),
    )


def open_tasks(place: TaskPlace | None) -> Tasks | None:
    """The queue of a place; None where there is none. It connects at the first task."""
    if place is None:
        return None
    from billing.adapters.cloud_tasks import CloudTasks  # noqa: PLC0415 - only where there is a queue

    return CloudTasks(place)


def _function_url(read: Variables, name: str) -> str:
    url = read.url(name)
    if url is None:
        read.flaw(name, remedy=f"is not set; with {TASKS} set, use the function's address: the tasks call it")
    return url or ""


def _account(read: Variables, *, trusted: Collection[str]) -> str:
    account = read.needed(TASKS_ACCOUNT, remedy=f"with {TASKS} set, use the e-mail of the account that tasks call as")
    if account and not _ACCOUNT.fullmatch(account):
        read.flaw(TASKS_ACCOUNT, remedy=f"use the e-mail of a service account, not {shown(account)}")
    elif account and account not in trusted:
        read.flaw("OIDC_SERVICE_ACCOUNTS", remedy=f"add {account}: the functions would refuse what the tasks call")
    return account


def _endpoint(read: Variables) -> str | None:
    """A test server's address: no credential goes there, and it is on this machine or it is nothing."""
    name = f"{TASKS}_ENDPOINT"
    url = read.url(name)
    if url is None:
        return None
    parts = urlsplit(url)
    if parts.hostname not in LOOPBACK or parts.port is None:
        read.flaw(name, remedy="name a test server on this machine (http://127.0.0.1:PORT), or nothing for Google's")
    return parts.netloc
