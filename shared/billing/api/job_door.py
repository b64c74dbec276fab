"""The HTTP side of a scheduled job: know the caller, read the request, run, answer and leave one line in the log."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Generic

import flask

from billing.api.call_log import CallLog, call_fields, error_fields
from billing.api.caller import KEY_HEADER, TOKEN_HEADER, Caller, authenticate
from billing.api.fan_out import SCHEDULE_HEADER, Spreading, trigger_of
from billing.api.health import full_health, public_health
from billing.api.job import Engine, Job, Report
from billing.api.job_answer import enqueued_answer
from billing.api.job_failure import job_failure
from billing.api.job_request import TENANT_HEADER, InvalidFields, JobRequest, read_job
from billing.api.job_run import JobRun
from billing.api.logged_run import log_failed, log_spread, logged_run
from billing.api.oidc import TokenVerifier
from billing.api.problem import Answer, Forbidden, MalformedRequest, MethodNotAllowed
from billing.api.queue_call import queue_for, tries_of
from billing.api.request_body import discard_arrived, discard_rest, hang_up, hang_up_after, read_body
from billing.api.task_call import TaskCall
from billing.api.task_part import RunQueue, TaskPart
from billing.domain.errors import NotFound
from billing.domain.stamp import stamp
from billing.ports import Clock, Secrets
from billing.ports.jobs import ACTOR_HEADER
from billing.ports.trace import Spans, note_in_span, trace_of, traced

METHODS = ("GET", "HEAD", "OPTIONS", "POST")
REQUEST_ID_HEADER = "x-request-id"
LONGEST_MARGIN_SECONDS = 60
"""A page that is under way when time is up still has to be settled and answered."""

_ACTOR = re.compile(r"[!-~]{1,200}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
_CALLER = "caller"
_CONNECTION = "gunicorn.socket"
"""Where functions-framework's server keeps it; another one has none there, as `billing serve` on a laptop."""
_WITHOUT_BODY = ("HEAD", "OPTIONS")
"""What is answered with headers alone: an answer's body is never asked for."""
_QUERY = "what is asked for belongs into the body, not into the address"
_JSON = {"Content-Type": "application/json", "Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobParts(Generic[Engine]):
    """What a door works with once the configuration is read. `engine` makes one that counts for a single call."""

    tokens: TokenVerifier
    secrets: Secrets
    engine: Callable[[], Engine]
    max_body_bytes: int
    run_deadline_seconds: int
    revision: str
    queue: RunQueue | None = None


@dataclass(slots=True, kw_only=True)
class Call:
    """One call on its way through the door. `noted` is what its line in the log will say."""

    request: flask.Request
    request_id: str
    started: float
    noted: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobDoor(Generic[Engine, Report]):
    """A job's door as functions-framework calls it. `parts` may raise (Misconfigured): then nobody gets in."""

    job: Job[Engine, Report]
    parts: Callable[[], JobParts[Engine]]
    clock: Clock
    monotonic: Callable[[], float]
    new_id: Callable[[], str]
    log: CallLog
    spans: Spans | None = None

    def __call__(self, request: flask.Request) -> flask.Response:
        """Answer a request, whatever happens."""
        came_with, method = trace_of(request.headers.get), {"http.request.method": request.method}
        try:
            with traced(self.job.name, came_with, method, spans=self.spans):
                return self._answered(request)
        finally:
            if self.spans is not None:
                self.spans.flush()  # between requests a function may get no time at all

    def _answered(self, request: flask.Request) -> flask.Response:
        given = request.headers.get(REQUEST_ID_HEADER, "")
        request_id = given if _REQUEST_ID.fullmatch(given) else self.new_id()
        call = Call(request=request, request_id=request_id, started=self.monotonic())
        try:
            answer = self._answer(call)
        except Exception as error:  # noqa: BLE001 - the last place that can tell the caller
            call.noted |= error_fields(error)
            answer = job_failure(error, request_id=request_id)
        self._log(call, answer.status)
        # A body in pieces keeps functions-framework from reading the rest of the request into memory.
        headers = {**answer.headers, "Content-Length": str(len(answer.body)), REQUEST_ID_HEADER: request_id}
        return flask.Response(self._pieces(call, answer.body), answer.status, headers)

    def _pieces(self, call: Call, body: bytes) -> Iterator[bytes]:
        """The answer's body, once the request's was read: all of a known caller's, what has come of a stranger's.

        Whoever proved nothing and sends slowly, or not at all, would else keep the instance until the time-out.
        """
        request, connection = call.request, call.request.environ.get(_CONNECTION)
        if _CALLER in call.noted or connection is None:
            discard_rest(request.stream)
        elif not discard_arrived(request.stream, connection):
            if request.method not in _WITHOUT_BODY:
                return hang_up_after(body, connection, monotonic=self.monotonic)
            hang_up(connection)
        return iter((body,))

    def _answer(self, call: Call) -> Answer:
        match call.request.method:
            case "POST":
                return self._run(call)
            case "GET" | "HEAD":
                return self._health(call)
            case "OPTIONS":
                return Answer(b"", HTTPStatus.NO_CONTENT, {"Allow": ", ".join(METHODS)})
            case method:
                raise MethodNotAllowed(method, allowed=METHODS)

    def _health(self, call: Call) -> Answer:
        parts = self.parts()
        if KEY_HEADER not in call.request.headers and TOKEN_HEADER not in call.request.headers:
            return public_health()
        self._caller(call, parts)
        return full_health(parts.engine(), secrets=parts.secrets, revision=parts.revision)

    def _run(self, call: Call) -> Answer:
        parts = self.parts()
        caller = self._caller(call, parts)
        request = self._read(call, parts)
        _check_allowed(caller, request)
        run = self._job_run(call, parts, caller=caller, request=request)
        call.noted |= {"run_id": run.run_id, "tenant": request.tenant_id, "dry_run": request.dry_run}
        if request.fan_out:
            return self._spread(call, run, queue=queue_for(request, call.request.headers.get, parts.queue))
        if request.part is None:
            body = logged_run(run, seconds=lambda: self._seconds(call), log=self.log)
        else:
            queue = queue_for(request, call.request.headers.get, parts.queue)
            body = self._task_call(call, run, request.part, queue=queue).answer(seconds=lambda: self._seconds(call))
        return Answer(body, HTTPStatus.OK, _JSON)

    def _spread(self, call: Call, run: JobRun[Engine, Report], *, queue: RunQueue) -> Answer:
        trigger = trigger_of(call.request.headers.get(SCHEDULE_HEADER), now=run.now)
        try:
            told = Spreading(run=run, queue=queue, trigger=trigger).enqueue()
        except (NotFound, InvalidFields):  # no runs: nothing was begun
            raise
        except Exception as error:
            log_failed(run, error, seconds=self._seconds(call), log=self.log)
            raise
        log_spread(run, told, seconds=self._seconds(call), log=self.log)
        call.noted |= told
        return Answer(enqueued_answer(run, told, seconds=self._seconds(call)), HTTPStatus.ACCEPTED, _JSON)

    def _task_call(
        self, call: Call, run: JobRun[Engine, Report], part: TaskPart, *, queue: RunQueue
    ) -> TaskCall[Engine, Report]:
        headers = call.request.headers
        ends = self.monotonic() + queue.slice_seconds
        return TaskCall(
            run=replace(run, out_of_time=lambda: self.monotonic() >= ends or run.out_of_time()),
            part=part,
            tenant_id=run.request.tenant_id or "",
            queue=queue,
            actor=headers.get(ACTOR_HEADER) or run.actor,
            tries=tries_of(headers.get),
            log=self.log,
        )

    def _caller(self, call: Call, parts: JobParts[Engine]) -> Caller:
        headers = dict(call.request.headers.items())
        caller = authenticate(headers, tokens=parts.tokens, secrets=parts.secrets, now=self.clock.now())
        call.noted[_CALLER] = caller.kind
        return caller

    def _read(self, call: Call, parts: JobParts[Engine]) -> JobRequest:
        if call.request.query_string:
            raise MalformedRequest(_QUERY)
        body = read_body(call.request.stream, limit=parts.max_body_bytes)
        return read_job(call.request.headers.get(TENANT_HEADER), body, now=self.clock.now(), job=self.job.name)

    def _job_run(
        self, call: Call, parts: JobParts[Engine], *, caller: Caller, request: JobRequest
    ) -> JobRun[Engine, Report]:
        seconds = parts.run_deadline_seconds
        ends = call.started + seconds - min(LONGEST_MARGIN_SECONDS, seconds / 4)
        now = self.clock.now()
        return JobRun(
            job=self.job,
            engine=parts.engine(),
            request=request,
            run_id=f"{stamp(now)}-{self.new_id()[:8]}",
            actor=actor_of(caller, passed_on=call.request.headers.get(ACTOR_HEADER)),
            request_id=call.request_id,
            now=now,
            out_of_time=lambda: self.monotonic() >= ends,
        )

    def _seconds(self, call: Call) -> float:
        return self.monotonic() - call.started

    def _log(self, call: Call, status: int) -> None:
        fields = call_fields(
            self.job.name,
            method=call.request.method,
            route="/",
            status=status,
            seconds=self._seconds(call),
            request_id=call.request_id,
            noted=call.noted,
        )
        self.log(self.job.name, fields)
        note_in_span(**{"http.response.status_code": int(status)})


def actor_of(caller: Caller, *, passed_on: str | None) -> str:
    """Who the audit log names: the caller, and before it the one for whom a caller of our own says that it calls."""
    if passed_on in (None, caller.name) or caller.tenants is not None or not _ACTOR.fullmatch(passed_on or ""):
        return caller.name
    return f"{passed_on} via {caller.name}"


def _check_allowed(caller: Caller, request: JobRequest) -> None:
    """A caller of some tenants names one of them; only one of all may leave the name out."""
    if caller.tenants is not None and request.tenant_id not in caller.tenants:
        raise Forbidden(reason=f"{caller.kind} may not run anything for tenant {request.tenant_id!r}")
