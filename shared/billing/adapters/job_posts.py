"""Jobs run by the functions that are deployed for them: called over HTTP with a credential of our own."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from urllib3 import PoolManager, Timeout
from urllib3.exceptions import HTTPError

from billing.ports.jobs import ACTOR_HEADER, JobCall, JobName, JobRefused, JobUnavailable
from billing.ports.trace import trace_headers

CONNECT_SECONDS = 10
_LONGEST_ACTOR = 200
_OURS = frozenset({401, 403, 404, 405})
"""Refusals of our own call, not of what was asked: the key, the address or the audience is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPosts:
    """The Jobs behind addresses. `credential` makes the headers that a function at an address believes."""

    urls: Mapping[JobName, str]
    credential: Callable[[str], Mapping[str, str]]
    pool: PoolManager = field(default_factory=lambda: PoolManager(retries=False))

    def call(self, asked: JobCall) -> bytes:
        """Post the call; a redirect is not followed, as our credential is for that address alone."""
        url = self.urls[asked.job]
        headers = {**self._credential(asked.job, url), **_headers(asked)}
        try:
            answer = self.pool.request(
                "POST",
                url,
                body=asked.body,
                headers=headers,
                redirect=False,
                timeout=Timeout(connect=CONNECT_SECONDS, read=asked.seconds),
            )
        except HTTPError as error:
            raise JobUnavailable(asked.job, reason=type(error).__name__) from error
        if answer.status == 200:
            return answer.data
        raise _refusal(asked.job, answer.status, answer.data)

    def _credential(self, job: JobName, url: str) -> Mapping[str, str]:
        try:
            return self.credential(url)
        except Exception as error:  # the metadata server and its library have many
            raise JobUnavailable(job, reason=f"no credential: {type(error).__name__}") from error


def _headers(asked: JobCall) -> dict[str, str]:
    headers = {
        "Content-Type": "application/json",
        "X-Request-ID": asked.request_id,
        ACTOR_HEADER: _visible(asked.actor),
        **trace_headers(),
    }
    return headers if asked.tenant_id is None else {**headers, "X-Tenant-ID": asked.tenant_id}


def _visible(actor: str) -> str:
    """The actor as a header may hold it: visible ASCII, cut at a length."""
    return "".join(each if "!" <= each <= "~" else "_" for each in actor)[:_LONGEST_ACTOR]


def _refusal(job: JobName, status: int, body: bytes) -> JobRefused | JobUnavailable:
    told = _problem(body)
    code, sentence = str(told.get("code", "")), str(told.get("error", ""))
    is_about_the_tenant = status == 404 and code == "not_found" and "tenant" in sentence
    if 400 <= status < 500 and sentence and (status not in _OURS or is_about_the_tenant):
        return JobRefused(sentence, status=status, code=code)
    return JobUnavailable(job, reason=f"it answered with status {status} {code}".rstrip())


def _problem(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}
