"""The servers of a project."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from http.server import ThreadingHTTPServer
from threading import Thread
from typing import Self

import grpc

from tests.google_project.call import service
from tests.google_project.queues import Queues
from tests.google_project.rules import Rules
from tests.google_project.scheduler import Scheduler
from tests.google_project.secret_manager import Secrets
from tests.google_project.state import State


class GoogleProject(State):
    """`with GoogleProject() as project:`; `project.environ` leads clients to it, as gcloud's own variables do."""

    def __init__(self) -> None:
        super().__init__()
        self._running = ExitStack()

    def __enter__(self) -> Self:
        server = grpc.server(ThreadPoolExecutor(4))
        port = server.add_insecure_port("127.0.0.1:0")
        server.add_generic_rpc_handlers(_services(self))
        server.start()
        self._running.callback(lambda: server.stop(grace=None).wait())
        rules = ThreadingHTTPServer(("127.0.0.1", 0), partial(Rules, self))
        Thread(target=rules.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self._running.callback(rules.server_close)
        self._running.callback(rules.shutdown)
        services = ("CLOUDSCHEDULER", "CLOUDTASKS", "SECRETMANAGER")
        urls = {**dict.fromkeys(services, f"http://127.0.0.1:{port}"), "FIREBASERULES": _url(rules)}
        self.environ = {f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{name}": url for name, url in urls.items()}
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()


def _url(server: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}"


def _services(project: State) -> list[grpc.GenericRpcHandler]:
    """The three services; a method named in `refusals` refuses, all but reading ones are noted in `changes`."""
    return [
        service(project, "google.cloud.scheduler.v1.CloudScheduler", Scheduler(project).methods()),
        service(project, "google.cloud.tasks.v2.CloudTasks", Queues(project).methods()),
        service(project, "google.cloud.secretmanager.v1.SecretManagerService", Secrets(project).methods()),
    ]
