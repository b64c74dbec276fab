"""The jobs of Cloud Scheduler (https://cloud.google.com/scheduler/docs/reference/rpc)."""

import json
from collections.abc import Iterator, Sequence
from functools import partial

from google.cloud.scheduler_v1.types import HttpMethod, Job
from google.protobuf.field_mask_pb2 import FieldMask

from infra import declaration as declared
from infra.cloud import Cloud, refusals
from infra.declaration import Declaration
from infra.durations import duration, whole
from infra.errors import NotThere
from infra.resource import Call, Difference, Resource, Settings, Step

_SERVICE = "Cloud Scheduler"
_MASKS = {"http_target.headers.Content-Type": "http_target.headers"}
"""A mask names fields; a header is none."""


def jobs(declaration: Declaration) -> Iterator[Resource]:
    """Each as it should be, and not paused."""
    variables = declaration.variables
    for name, job in declaration.jobs.items():
        path = f"projects/{variables.project}/locations/{variables.region}/jobs/{name}"
        wanted = _job(declaration, job, path)
        yield Resource(
            kind="job",
            name=name,
            api="cloudscheduler.googleapis.com",
            wanted={**_settings(wanted), "state": "ENABLED"},
            live=partial(_live, name=path),
            create=(Call(f"{_SERVICE}: create the job {path}", partial(_create, job=wanted)),),
            update=partial(_update, job=wanted),
            delete=(Call(f"{_SERVICE}: delete the job {path}", partial(_delete, name=path)),),
        )


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
            "oidc_token": {"service_account_email": declaration.invoker, "audience": url},
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


def _live(cloud: Cloud, *, name: str) -> Settings | None:
    try:
        with refusals(_SERVICE, f"{_SERVICE}: read the job {name}", project=cloud.project):
            job = cloud.scheduler.get_job(request={"name": name})
    except NotThere:
        return None
    return {**_settings(job), "state": Job.State(job.state).name}


def _create(cloud: Cloud, *, job: Job) -> None:
    parent = job.name.partition("/jobs/")[0]
    with refusals(_SERVICE, f"{_SERVICE}: create the job {job.name}", project=cloud.project):
        cloud.scheduler.create_job(request={"parent": parent, "job": job})


def _update(differences: Sequence[Difference], *, job: Job) -> Sequence[Step]:
    fields = [_MASKS.get(each.field, each.field) for each in differences if each.field != "state"]
    steps: list[Step] = []
    if fields:
        says = f"{_SERVICE}: set {', '.join(fields)} of the job {job.name}"
        steps.append(Call(says, partial(_set, job=job, fields=fields)))
    if len(fields) < len(differences):
        steps.append(Call(f"{_SERVICE}: resume the job {job.name}", partial(_resume, name=job.name)))
    return steps


def _set(cloud: Cloud, *, job: Job, fields: Sequence[str]) -> None:
    with refusals(_SERVICE, f"{_SERVICE}: change the job {job.name}", project=cloud.project):
        cloud.scheduler.update_job(request={"job": job, "update_mask": FieldMask(paths=fields)})


def _resume(cloud: Cloud, *, name: str) -> None:
    with refusals(_SERVICE, f"{_SERVICE}: resume the job {name}", project=cloud.project):
        cloud.scheduler.resume_job(request={"name": name})


def _delete(cloud: Cloud, *, name: str) -> None:
    with refusals(_SERVICE, f"{_SERVICE}: delete the job {name}", project=cloud.project):
        cloud.scheduler.delete_job(request={"name": name})
