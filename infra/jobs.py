"""The jobs of Cloud Scheduler (https://cloud.google.com/scheduler/docs/reference/rpc)."""

import json
from collections.abc import Iterator, Sequence
from functools import partial

from google.cloud.scheduler_v1.types import HttpMethod, Job

from infra import declaration as declared
from infra.cloud import Cloud
from infra.declaration import Declaration
from infra.durations import duration, whole
from infra.kept import STATE, Kept, left_paused
from infra.resource import Allowed, Difference, Resource, Settings, always

_STOPPED = ("UPDATE_FAILED", "DISABLED")
"""Not by a person: resuming is for paused jobs."""


def jobs(declaration: Declaration, allowed: Allowed) -> Iterator[Resource]:
    """Each as it should be, and enabled unless somebody paused it."""
    variables = declaration.variables
    for name, job in declaration.jobs.items():
        path = f"projects/{variables.project}/locations/{variables.jobs_region}/jobs/{name}"
        kept = Kept(
            service="Cloud Scheduler",
            noun="job",
            name=path,
            client=lambda cloud: cloud.scheduler,
            wanted=_job(declaration, job, path),
            masks={"http_target.headers.Content-Type": "http_target.headers"},  # a mask names fields; a header is none
        )
        yield _resource(name, kept, allowed)


def _resource(name: str, kept: Kept, allowed: Allowed) -> Resource:
    def live(cloud: Cloud) -> Settings | None:
        job = kept.read(cloud)
        return None if job is None else {**_settings(job), STATE: Job.State(job.state).name}

    return Resource(
        kind="job",
        name=name,
        api="cloudscheduler.googleapis.com",
        wanted={**_settings(kept.wanted), STATE: "ENABLED"},
        live=live,
        create=(kept.create(),),
        update=lambda found, live: kept.update(_all_of(found, live, kept), live),
        left=partial(left_paused, allowed=allowed),
        delete=always(kept.delete(also="")),
    )


def _all_of(found: Sequence[Difference], live: Settings, kept: Kept) -> Sequence[Difference]:
    """What differs; of a job that Scheduler itself stopped everything, as only an update brings that back."""
    if live[STATE] not in _STOPPED:
        return found
    return [Difference(field=name, live=None, wanted=value) for name, value in _settings(kept.wanted).items()]


def _job(declaration: Declaration, job: declared.Job, path: str) -> Job:
    url = declaration.url(job.function)
    retries = job.retries
    return Job(
        name=path,
        description=job.title,
        schedule=job.schedule,
        time_zone=job.time_zone,
        attempt_deadline=duration(job.attempt_deadline),
        http_target={
            "uri": f"{url}{job.path}",
            "http_method": HttpMethod.POST,
            "headers": {"Content-Type": "application/json"},
            "body": json.dumps(job.body, separators=(",", ":")).encode(),
            # the token's audience is the function's address without a path: what the function expects
            "oidc_token": {"service_account_email": declaration.email(job.calls_as), "audience": url},
        },
        retry_config={
            "retry_count": retries.count,
            "max_retry_duration": duration(retries.no_longer_than),
            "min_backoff_duration": duration(retries.min_backoff),
            "max_backoff_duration": duration(retries.max_backoff),
            "max_doublings": retries.max_doublings,
        },
    )


def _settings(job: Job) -> dict[str, object]:
    target, retries = job.http_target, job.retry_config
    return {
        "description": job.description,
        "schedule": job.schedule,
        "time_zone": job.time_zone,
        "attempt_deadline": whole(job.attempt_deadline),
        "http_target.uri": target.uri,
        "http_target.http_method": HttpMethod(target.http_method).name,
        "http_target.headers.Content-Type": target.headers.get("Content-Type"),
        "http_target.body": target.body.decode(errors="replace"),
        "http_target.oidc_token.service_account_email": target.oidc_token.service_account_email,
        "http_target.oidc_token.audience": target.oidc_token.audience,
        "retry_config.retry_count": retries.retry_count,
        "retry_config.max_retry_duration": whole(retries.max_retry_duration),
        "retry_config.min_backoff_duration": whole(retries.min_backoff_duration),
        "retry_config.max_backoff_duration": whole(retries.max_backoff_duration),
        "retry_config.max_doublings": retries.max_doublings,
    }
