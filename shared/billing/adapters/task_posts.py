"""One try of a task over HTTP: what Cloud Tasks does in the cloud, for a queue of this process."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from urllib3 import PoolManager, Timeout
from urllib3.exceptions import HTTPError

from billing.adapters.job_credentials import Credential
from billing.ports.tasks import TASK_HEADER, TRIES_HEADER, FunctionName, Task

CONNECT_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskPosts:
    """Posts tasks to functions at addresses. `credential` makes the headers that a function at an address believes.

    An answer may take so many `seconds`.
    """

    urls: Mapping[FunctionName, str]
    credential: Credential
    seconds: float
    pool: PoolManager = field(default_factory=lambda: PoolManager(retries=False, maxsize=8))

    def __call__(self, task: Task, tries: int) -> bool:
        """Whether the function took it (2xx), after so many tries before this one."""
        url = self.urls[task.function]
        headers = {
            **task.headers,
            **self.credential(url),
            "Content-Type": "application/json",
            TASK_HEADER: task.name,
            TRIES_HEADER: str(tries),
        }
        try:
            answer = self.pool.request(
                "POST",
                url if task.path == "/" else f"{url}{task.path}",
                body=json.dumps(dict(task.body)).encode(),
                headers=headers,
                redirect=False,
                timeout=Timeout(connect=CONNECT_SECONDS, read=self.seconds),
            )
        except HTTPError:
            return False
        return 200 <= answer.status < 300
