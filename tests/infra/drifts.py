"""What may have drifted in a project: how it happens, whose it is, and the settings that a plan shows."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from google.cloud import scheduler_v1, secretmanager_v1, tasks_v2

from tests.infra.cloud import AT, GENERATES, INVOICES, PROJECT, World


def _job(world: World) -> scheduler_v1.Job:
    return world.google.jobs[f"{AT}/jobs/generate-invoices"]


def _queue(world: World) -> tasks_v2.Queue:
    return world.google.queues[f"{AT}/queues/runs"]


def _secret(world: World) -> secretmanager_v1.Secret:
    return world.google.secrets[f"projects/{PROJECT}/secrets/STRIPE_API_KEY"]


def _state(world: World) -> dict:
    return world.gcloud.state


def _service(world: World) -> dict:
    return _state(world)["run_services"]["run-dunning"]


def _expires(world: World) -> dict:
    return next(each for name, each in _state(world)["fields"].items() if name.endswith("/events/fields/expires_at"))


def _undeclared(world: World, place: str, **config: object) -> None:
    name = f"{_state(world)['databases'][0]['name']}/collectionGroups/{place}"
    _state(world)["fields"][name] = {"name": name, **config}


def _call_elsewhere(job: scheduler_v1.Job) -> None:
    job.http_target.oidc_token.audience = "https://elsewhere.example"
    job.http_target.body = b"{}"


DRIFTS: dict[str, tuple[Callable[[World], object], str, list[str]]] = {
    "a job at another hour": (
        lambda world: setattr(_job(world), "schedule", "5 2 * * *"),
        "job generate-invoices",
        ["schedule"],
    ),
    "a job that Scheduler stopped, as a change of it failed": (
        lambda world: setattr(_job(world), "state", scheduler_v1.Job.State.UPDATE_FAILED),
        "job generate-invoices",
        ["state"],
    ),
    "a job with another token and body": (
        lambda world: _call_elsewhere(_job(world)),
        "job generate-invoices",
        ["http_target.body", "http_target.oidc_token.audience"],
    ),
    "a job that is gone": (lambda world: world.google.jobs.pop(f"{AT}/jobs/sweep"), "job sweep", []),
    "a queue that is slower": (
        lambda world: setattr(_queue(world).rate_limits, "max_dispatches_per_second", 1),
        "queue runs",
        ["rate_limits.max_dispatches_per_second"],
    ),
    "a queue that tries on for a day": (
        lambda world: setattr(_queue(world).retry_config, "max_retry_duration", timedelta(days=1)),
        "queue runs",
        ["retry_config.max_retry_duration"],
    ),
    "a queue that is switched off": (
        lambda world: setattr(_queue(world), "state", tasks_v2.Queue.State.DISABLED),
        "queue runs",
        ["state"],
    ),
    "a secret that will expire": (
        lambda world: setattr(_secret(world), "expire_time", datetime(2026, 12, 1, tzinfo=UTC)),
        "secret STRIPE_API_KEY",
        ["expire_time"],
    ),
    "a role too much": (
        lambda world: _state(world)["policies"][PROJECT].update({"roles/editor": [GENERATES]}),
        "roles generate-invoices on the project",
        ["roles"],
    ),
    "a role for an account that should have none": (
        lambda world: _state(world)["policies"][PROJECT].update(
            {"roles/owner": [f"serviceAccount:scheduler@{PROJECT}.iam.gserviceaccount.com"]}
        ),
        "roles scheduler on the project",
        ["roles"],
    ),
    "a role that was taken from a queue": (
        lambda world: world.google.policies[f"{AT}/queues/runs"].bindings[0].members.remove(GENERATES),
        "roles generate-invoices on queue runs",
        [],
    ),
    "an account that is disabled": (
        lambda world: _state(world)["accounts"][0].update(disabled=True),
        "service account generate-invoices",
        ["disabled"],
    ),
    "a database without protection": (
        lambda world: _state(world)["databases"][0].update(deleteProtectionState="DELETE_PROTECTION_DISABLED"),
        "Firestore database (default)",
        ["delete_protection"],
    ),
    "backups that are kept for a day": (
        lambda world: _state(world)["backup_schedules"][0].update(retention="86400s"),
        "Firestore backups daily",
        ["kept_days"],
    ),
    "rules that let somebody in": (
        lambda world: world.google.rulesets.__setitem__(0, "allow read, write;"),
        "Firestore rules (default)",
        ["text"],
    ),
    "an index that is gone": (
        lambda world: _state(world)["indexes"].pop(0),
        "Firestore index subscriptions by shard asc, next_billing_at asc, customer_id asc",
        [],
    ),
    "an index whose building failed": (
        lambda world: _state(world)["indexes"][1].update(state="NEEDS_REPAIR"),
        "Firestore index invoices by shard asc, status asc, due_on asc",
        ["index"],
    ),
    "an index of another scope alone": (
        lambda world: _state(world)["indexes"][2].update(queryScope="COLLECTION_GROUP"),
        "Firestore index invoices by shard asc, dunning_at asc",
        [],
    ),
    "an expiry that could not be switched on": (
        lambda world: _expires(world)["ttlConfig"].update(state="NEEDS_REPAIR"),
        "Firestore fields events",
        ["expires_at"],
    ),
    "a field that nobody asked for once, and that is asked for now": (
        lambda world: _undeclared(world, "runs/fields/recorded_at", indexConfig={}),
        "Firestore fields not declared",
        ["not_indexed"],
    ),
    "documents that expire by a field of somebody's": (
        lambda world: _undeclared(world, "invoices/fields/shard", ttlConfig={"state": "ACTIVE"}, indexConfig={}),
        "Firestore fields not declared",
        ["not_indexed", "documents_expire_by"],
    ),
    "a bucket that forgets": (
        lambda world: (
            _state(world)["buckets"][INVOICES].pop("retention_policy"),
            _state(world)["buckets"][INVOICES].update(public_access_prevention="inherited", lifecycle_config={}),
        ),
        f"bucket {PROJECT}-invoices",
        ["public_access", "retention_seconds", "lifecycle"],
    ),
    "a function with another setting": (
        lambda world: _service(world)["env"].update(BILLING_STORE="sqlite:///tmp/x", MADE_BY_HAND="1"),
        "function run_dunning",
        ["environment"],
    ),
    "a function that is kept warm, and hidden": (
        lambda world: _service(world).update(minScale="2", ingress="internal"),
        "function run_dunning",
        ["min_instances", "ingress"],
    ),
    "a function that Cloud Run closed": (
        lambda world: _state(world)["policies"].pop("run-dunning"),
        "function run_dunning",
        ["public"],
    ),
    "a metric that counts something else": (
        lambda world: _state(world)["metrics"]["billing_runs"].update(filter="severity=DEBUG"),
        "metric billing_runs",
        ["filter"],
    ),
    "a metric that counts no more": (
        lambda world: _state(world)["metrics"]["billing_runs"].update(disabled=True),
        "metric billing_runs",
        ["disabled"],
    ),
    "an alert that our address does not hear": (
        lambda world: _state(world)["alerts"][1].update(notificationChannels=[]),
        "alert no-dunning-run",
        ["tells"],
    ),
    "an alert that nobody hears": (
        lambda world: _state(world)["alerts"][0].update(notificationChannels=[], enabled=False),
        "alert no-billing-run",
        ["enabled", "tells"],
    ),
    "an API that is off": (
        lambda world: _state(world)["services"].remove("cloudbuild.googleapis.com"),
        f"APIs {PROJECT}",
        ["cloudbuild.googleapis.com"],
    ),
}
