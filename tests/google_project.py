"""A project's Cloud Scheduler, Cloud Tasks and Secret Manager as an administrator sees them, and Firebase Rules.

One gRPC server over the client libraries' own types, and one of HTTP for the rules, which keep what they are told and
refuse as the real ones do (https://cloud.google.com/scheduler/docs/reference/rpc, .../tasks/docs/reference/rpc,
.../secret-manager/docs/reference/rpc, https://firebase.google.com/docs/reference/rules/rest).
"""

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NoReturn, Self, TypeAlias

import grpc
from google.cloud import scheduler_v1, secretmanager_v1, tasks_v2
from google.iam.v1 import iam_policy_pb2
from google.iam.v1.policy_pb2 import Policy
from google.protobuf.empty_pb2 import Empty

POLICY_WITH_CONDITIONS = 3
LOCATIONS = ("europe-west1", "europe-west3", "us-central1")
Message: TypeAlias = Any
Refusal = tuple[grpc.StatusCode, str]


class GoogleProject:
    """`with GoogleProject() as project:`; `project.environ` leads clients to it, as gcloud's own variables do."""

    def __init__(self) -> None:
        self.jobs: dict[str, scheduler_v1.Job] = {}
        self.runs: list[str] = []
        self.queues: dict[str, tasks_v2.Queue] = {}
        self.deleted_queues: set[str] = set()
        self.secrets: dict[str, secretmanager_v1.Secret] = {}
        self.versions: dict[str, list[secretmanager_v1.SecretVersion]] = {}
        self.values: dict[str, list[bytes]] = {}
        self.policies: dict[str, Policy] = {}
        self.rulesets: list[str] = []
        self.releases: dict[str, str] = {}
        self.changes: list[str] = []
        self.refusals: dict[str, Refusal] = {}
        self.passing: dict[str, list[Refusal]] = {}
        self._running = ExitStack()

    def __enter__(self) -> Self:
        server = grpc.server(ThreadPoolExecutor(4))
        port = server.add_insecure_port("127.0.0.1:0")
        server.add_generic_rpc_handlers(_services(self))
        server.start()
        self._running.callback(lambda: server.stop(grace=None).wait())
        rules = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Rules, self))
        Thread(target=rules.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self._running.callback(rules.server_close)
        self._running.callback(rules.shutdown)
        services = ("CLOUDSCHEDULER", "CLOUDTASKS", "SECRETMANAGER")
        urls = {**dict.fromkeys(services, f"http://127.0.0.1:{port}"), "FIREBASERULES": _url(rules)}
        self.environ = {f"CLOUDSDK_API_ENDPOINT_OVERRIDES_{name}": url for name, url in urls.items()}
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def refusal(self, method: str) -> Refusal | None:
        """What the next call of a method gets: one of those that pass, or the one that stays."""
        passing = self.passing.get(method)
        return passing.pop() if passing else self.refusals.get(method)


def _url(server: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}"


def _no(context: grpc.ServicerContext, code: grpc.StatusCode, words: str) -> NoReturn:
    context.abort(code, words)
    raise AssertionError


def _services(project: GoogleProject) -> list[grpc.GenericRpcHandler]:
    """The three services; a method named in `refusals` refuses, all but reading ones are noted in `changes`."""
    return [
        _service(project, "google.cloud.scheduler.v1.CloudScheduler", _Scheduler(project).methods()),
        _service(project, "google.cloud.tasks.v2.CloudTasks", _Queues(project).methods()),
        _service(project, "google.cloud.secretmanager.v1.SecretManagerService", _Secrets(project).methods()),
    ]


Methods = Mapping[str, tuple[Any, Callable[[Any, grpc.ServicerContext], Any]]]


def _service(project: GoogleProject, name: str, methods: Methods) -> grpc.GenericRpcHandler:
    def handler(method: str, takes: Message, do: Callable[[Any, grpc.ServicerContext], Any]) -> Message:
        def call(request: Message, context: grpc.ServicerContext) -> Message:
            refusal = project.refusal(method)
            if refusal is not None:
                _no(context, *refusal)
            if not method.startswith(("Get", "List")):
                project.changes.append(method)
            return do(request, context)

        reads = takes.deserialize if hasattr(takes, "deserialize") else takes.FromString
        return grpc.unary_unary_rpc_method_handler(call, request_deserializer=reads, response_serializer=_bytes)

    return grpc.method_handlers_generic_handler(
        name, {method: handler(method, takes, do) for method, (takes, do) in methods.items()}
    )


def _bytes(gives: Message) -> bytes:
    return gives.SerializeToString() if hasattr(gives, "SerializeToString") else type(gives).serialize(gives)


def _masked(standing: Message, given: Message, mask: Message) -> Message:
    """A copy of what stands with the fields of the mask as given."""
    kind = type(standing)
    merged, source = kind.pb(kind(standing)), kind.pb(given)
    changed = type(merged)()
    changed.CopyFrom(merged)
    for path in mask.paths:
        into, out, *_ = changed, source
        *outer, last = path.split(".")
        for name in outer:
            into, out = getattr(into, name), getattr(out, name)
        into.ClearField(last)
        part = type(out)()
        part.CopyFrom(out)
        for other in part.DESCRIPTOR.fields_by_name:
            if other != last:
                part.ClearField(other)
        into.MergeFrom(part)
    return kind(changed)


def _require_location(name: str, context: grpc.ServicerContext) -> None:
    location = name.split("/")[3]
    if location not in LOCATIONS:
        words = f"Location '{location}' is not a valid location. Use ListLocations to list valid locations."
        _no(context, grpc.StatusCode.INVALID_ARGUMENT, words)


class _Policies:
    """Who may use a resource; a write with an old etag is refused."""

    def __init__(self, project: GoogleProject, known: Mapping[str, Any]) -> None:
        self._project, self._known = project, known

    def get(self, request: Message, context: grpc.ServicerContext) -> Policy:
        if request.resource not in self._known:
            _no(context, grpc.StatusCode.NOT_FOUND, f"{request.resource} not found.")
        standing = self._project.policies.get(request.resource) or Policy(etag=b"0")
        if request.options.requested_policy_version >= POLICY_WITH_CONDITIONS:
            return standing
        plain = Policy(etag=standing.etag)
        plain.bindings.extend(each for each in standing.bindings if not each.HasField("condition"))
        return plain

    def set(self, request: Message, context: grpc.ServicerContext) -> Policy:
        standing = self._project.policies.get(request.resource) or Policy(etag=b"0")
        if request.policy.version < POLICY_WITH_CONDITIONS and any(
            each.HasField("condition") for each in standing.bindings
        ):
            words = "A policy with conditions is written in version 3, else they would be lost."
            _no(context, grpc.StatusCode.INVALID_ARGUMENT, words)
        if request.policy.etag != standing.etag:
            _no(context, grpc.StatusCode.ABORTED, "There were concurrent policy changes.")
        policy = Policy(etag=str(int(standing.etag) + 1).encode())
        policy.bindings.extend(each for each in request.policy.bindings if each.members)
        self._project.policies[request.resource] = policy
        return policy

    def methods(self) -> Methods:
        return {
            "GetIamPolicy": (iam_policy_pb2.GetIamPolicyRequest, self.get),
            "SetIamPolicy": (iam_policy_pb2.SetIamPolicyRequest, self.set),
        }


class _Scheduler:
    def __init__(self, project: GoogleProject) -> None:
        self._project = project

    def methods(self) -> Methods:
        types = scheduler_v1
        return {
            "CreateJob": (types.CreateJobRequest, self.create),
            "GetJob": (types.GetJobRequest, self.get),
            "UpdateJob": (types.UpdateJobRequest, self.update),
            "ListJobs": (types.ListJobsRequest, self.list),
            "DeleteJob": (types.DeleteJobRequest, self.delete),
            "PauseJob": (types.PauseJobRequest, partial(self.turn, state=types.Job.State.PAUSED)),
            "ResumeJob": (types.ResumeJobRequest, partial(self.turn, state=types.Job.State.ENABLED)),
            "RunJob": (types.RunJobRequest, self.run),
        }

    def get(self, request: Message, context: grpc.ServicerContext) -> scheduler_v1.Job:
        _require_location(request.name, context)
        if request.name not in self._project.jobs:
            _no(context, grpc.StatusCode.NOT_FOUND, "Job not found.")
        return self._project.jobs[request.name]

    def create(self, request: Message, context: grpc.ServicerContext) -> scheduler_v1.Job:
        _require_location(request.parent, context)
        if request.job.name in self._project.jobs:
            _no(context, grpc.StatusCode.ALREADY_EXISTS, f"Job {request.job.name} already exists.")
        job = scheduler_v1.Job(request.job)
        job.state = scheduler_v1.Job.State.ENABLED  # type: ignore[assignment]
        job.http_target.headers["User-Agent"] = "Google-Cloud-Scheduler"
        self._project.jobs[job.name] = job
        return job

    def update(self, request: Message, context: grpc.ServicerContext) -> scheduler_v1.Job:
        standing = self.get(request.job, context)
        job = _masked(standing, request.job, request.update_mask)
        if job.state == scheduler_v1.Job.State.UPDATE_FAILED:
            job.state = scheduler_v1.Job.State.ENABLED
        self._project.jobs[request.job.name] = job
        return self._project.jobs[request.job.name]

    def list(self, request: Message, context: grpc.ServicerContext) -> scheduler_v1.ListJobsResponse:
        jobs = [job for name, job in self._project.jobs.items() if name.startswith(f"{request.parent}/")]
        return scheduler_v1.ListJobsResponse(jobs=jobs)

    def delete(self, request: Message, context: grpc.ServicerContext) -> Empty:
        self.get(request, context)
        del self._project.jobs[request.name]
        return Empty()

    def turn(self, request: Message, context: grpc.ServicerContext, *, state: int) -> scheduler_v1.Job:
        job = self.get(request, context)
        if {job.state, state} != {scheduler_v1.Job.State.ENABLED, scheduler_v1.Job.State.PAUSED}:
            words = f"Job is in state {scheduler_v1.Job.State(job.state).name}."
            _no(context, grpc.StatusCode.FAILED_PRECONDITION, words)
        job.state = state  # type: ignore[assignment]
        return job

    def run(self, request: Message, context: grpc.ServicerContext) -> scheduler_v1.Job:
        job = self.get(request, context)
        self._project.runs.append(request.name)
        return job


class _Queues:
    def __init__(self, project: GoogleProject) -> None:
        self._project = project

    def methods(self) -> Methods:
        types = tasks_v2
        return {
            "CreateQueue": (types.CreateQueueRequest, self.create),
            "GetQueue": (types.GetQueueRequest, self.get),
            "UpdateQueue": (types.UpdateQueueRequest, self.update),
            "DeleteQueue": (types.DeleteQueueRequest, self.delete),
            "PauseQueue": (types.PauseQueueRequest, partial(self.turn, state=types.Queue.State.PAUSED)),
            "ResumeQueue": (types.ResumeQueueRequest, partial(self.turn, state=types.Queue.State.RUNNING)),
            **_Policies(self._project, self._project.queues).methods(),
        }

    def get(self, request: Message, context: grpc.ServicerContext) -> tasks_v2.Queue:
        _require_location(request.name, context)
        if request.name not in self._project.queues:
            _no(context, grpc.StatusCode.NOT_FOUND, "Queue does not exist.")
        return self._project.queues[request.name]

    def create(self, request: Message, context: grpc.ServicerContext) -> tasks_v2.Queue:
        _require_location(request.parent, context)
        if request.queue.name in self._project.deleted_queues:
            words = "The queue cannot be created because a queue with this name existed too recently."
            _no(context, grpc.StatusCode.FAILED_PRECONDITION, words)
        if request.queue.name in self._project.queues:
            _no(context, grpc.StatusCode.ALREADY_EXISTS, "Queue already exists")
        queue = tasks_v2.Queue(request.queue)
        queue.state = tasks_v2.Queue.State.RUNNING  # type: ignore[assignment]
        queue.rate_limits.max_burst_size = 10
        self._project.queues[queue.name] = queue
        return queue

    def update(self, request: Message, context: grpc.ServicerContext) -> tasks_v2.Queue:
        standing = self.get(request.queue, context)
        self._project.queues[request.queue.name] = _masked(standing, request.queue, request.update_mask)
        return self._project.queues[request.queue.name]

    def delete(self, request: Message, context: grpc.ServicerContext) -> Empty:
        self.get(request, context)
        del self._project.queues[request.name]
        self._project.deleted_queues.add(request.name)
        return Empty()

    def turn(self, request: Message, context: grpc.ServicerContext, *, state: int) -> tasks_v2.Queue:
        queue = self.get(request, context)
        queue.state = state  # type: ignore[assignment]
        return queue


class _Secrets:
    def __init__(self, project: GoogleProject) -> None:
        self._project = project

    def methods(self) -> Methods:
        types = secretmanager_v1
        return {
            "CreateSecret": (types.CreateSecretRequest, self.create),
            "GetSecret": (types.GetSecretRequest, self.get),
            "UpdateSecret": (types.UpdateSecretRequest, self.update),
            "DeleteSecret": (types.DeleteSecretRequest, self.delete),
            "AddSecretVersion": (types.AddSecretVersionRequest, self.add),
            "ListSecretVersions": (types.ListSecretVersionsRequest, self.list),
            **_Policies(self._project, self._project.secrets).methods(),
        }

    def get(self, request: Message, context: grpc.ServicerContext) -> secretmanager_v1.Secret:
        name = getattr(request, "name", None) or request.parent
        if name not in self._project.secrets:
            _no(context, grpc.StatusCode.NOT_FOUND, f"Secret [{name}] not found.")
        return self._project.secrets[name]

    def create(self, request: Message, context: grpc.ServicerContext) -> secretmanager_v1.Secret:
        name = f"{request.parent}/secrets/{request.secret_id}"
        if name in self._project.secrets:
            _no(context, grpc.StatusCode.ALREADY_EXISTS, f"Secret [{name}] already exists.")
        secret = secretmanager_v1.Secret(request.secret)
        secret.name = name
        self._project.secrets[name] = secret
        self._project.versions[name], self._project.values[name] = [], []
        return secret

    def update(self, request: Message, context: grpc.ServicerContext) -> secretmanager_v1.Secret:
        standing = self.get(request.secret, context)
        self._project.secrets[request.secret.name] = _masked(standing, request.secret, request.update_mask)
        return self._project.secrets[request.secret.name]

    def delete(self, request: Message, context: grpc.ServicerContext) -> Empty:
        self.get(request, context)
        for kept in (self._project.secrets, self._project.versions, self._project.values):
            del kept[request.name]
        return Empty()

    def add(self, request: Message, context: grpc.ServicerContext) -> secretmanager_v1.SecretVersion:
        self.get(request, context)
        versions = self._project.versions[request.parent]
        name = f"{request.parent}/versions/{len(versions) + 1}"
        versions.append(secretmanager_v1.SecretVersion(name=name, state=secretmanager_v1.SecretVersion.State.ENABLED))
        self._project.values[request.parent].append(request.payload.data)
        return versions[-1]

    def list(self, request: Message, context: grpc.ServicerContext) -> secretmanager_v1.ListSecretVersionsResponse:
        self.get(request, context)
        return secretmanager_v1.ListSecretVersionsResponse(versions=self._project.versions[request.parent])


class _Rules(BaseHTTPRequestHandler):
    """Rulesets and releases; a release is made by POST and changed by PATCH."""

    def __init__(self, project: GoogleProject, *args: Message) -> None:
        self._project = project
        super().__init__(*args)

    def _refused(self) -> bool:
        refusal = self._project.refusal("Rules")
        if refusal is None:
            return False
        self._answer(403, {"error": {"code": 403, "message": refusal[1]}})
        return True

    def do_GET(self) -> None:
        if self._refused():
            return
        name = self.path.removeprefix("/v1/")
        if name in self._project.releases:
            self._answer(200, {"name": name, "rulesetName": self._project.releases[name]})
        elif "/rulesets/" in name:
            text = self._project.rulesets[int(name.rpartition("/")[2])]
            self._answer(200, {"name": name, "source": {"files": [{"name": "firestore.rules", "content": text}]}})
        else:
            self._answer(404, {"error": {"code": 404, "message": "Requested entity was not found."}})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._project.changes.append(f"POST {self.path}")
        if self.path.endswith("/rulesets"):
            self._project.rulesets.append(body["source"]["files"][0]["content"])
            self._answer(200, {"name": f"{self.path.removeprefix('/v1/')}/{len(self._project.rulesets) - 1}"})
        else:
            self._project.releases[body["name"]] = body["rulesetName"]
            self._answer(200, body)

    def do_PATCH(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["release"]
        if body["name"] not in self._project.releases:
            self._answer(404, {"error": {"code": 404, "message": "Requested entity was not found."}})
            return
        self._project.changes.append(f"PATCH {self.path}")
        self._project.releases[body["name"]] = body["rulesetName"]
        self._answer(200, body)

    def _answer(self, status: int, body: Message) -> None:
        payload = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
