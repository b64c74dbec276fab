"""Plan, apply and plan again, against the services' own protocols and a gcloud that keeps a project."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime

import grpc
import pytest
from google.cloud import scheduler_v1, secretmanager_v1, tasks_v2

from billing.store.indexes import EXEMPTIONS, INDEXES
from infra.errors import CannotChange, Halted, InfraError, NotAllowed
from tests.infra.cloud import AT, PROJECT, World, a_project

BILLING = f"serviceAccount:billing@{PROJECT}.iam.gserviceaccount.com"
INVOICES = f"gs://{PROJECT}-invoices"


@pytest.fixture
def world() -> Iterator[World]:
    with a_project(alerts_to="ops@acme.example") as project:
        yield project


@pytest.fixture
def applied(world: World) -> World:
    world.apply()
    world.google.changes.clear()
    world.gcloud.state["commands"].clear()
    return world


def test_a_plan_for_an_empty_project_lists_everything_and_changes_nothing(world: World) -> None:
    plan = world.plan()

    assert plan.unchanged == 0
    assert all(change.is_new and change.steps for change in plan.changes)
    declaration = world.declaration
    names = {(change.resource.kind, change.resource.name) for change in plan.changes}
    declared: dict[str, Iterable[str]] = {
        "service account": declaration.service_accounts,
        "secret": declaration.secrets,
        "queue": declaration.queues,
        "function": declaration.functions,
        "job": declaration.jobs,
        "metric": declaration.metrics,
        "alert": declaration.alerts,
    }
    for kind, things in declared.items():
        assert {(kind, name) for name in things} <= names
    assert sum(kind == "Firestore index" for kind, _ in names) == sum(len(index.fields) > 1 for index in INDEXES)
    exempt = [change for change in plan.changes if change.resource.kind == "Firestore fields"]
    assert sum(len(change.differences) for change in exempt) == len(EXEMPTIONS)
    assert world.gcloud.changes() == []
    assert world.google.changes == []


def test_after_apply_the_plan_is_empty_and_a_second_apply_changes_nothing(applied: World) -> None:
    assert applied.plan().changes == []
    assert applied.apply() == []
    assert applied.gcloud.changes() == []
    assert applied.google.changes == []


def test_the_nightly_job_calls_its_function_with_a_token_for_it(applied: World) -> None:
    job = applied.google.jobs[f"{AT}/jobs/generate-invoices"]
    url = "https://europe-west1-acme-billing.cloudfunctions.net/generate_invoices"

    assert (job.schedule, job.time_zone) == ("5 0 * * *", "Etc/UTC")
    assert job.http_target.body == b'{"fan_out":true}'
    assert (job.http_target.uri, job.http_target.oidc_token.audience) == (url, url)
    assert job.http_target.oidc_token.service_account_email == "scheduler@acme-billing.iam.gserviceaccount.com"
    assert applied.google.jobs[f"{AT}/jobs/run-dunning"].schedule == "0 1 * * *"


def test_the_accounts_may_do_what_is_declared_and_nothing_else(applied: World) -> None:
    policies = applied.gcloud.state["policies"]
    assert policies[PROJECT] == {"roles/datastore.user": [BILLING]}
    assert policies[INVOICES] == {"roles/storage.objectCreator": [BILLING], "roles/storage.objectViewer": [BILLING]}
    assert policies[f"scheduler@{PROJECT}.iam.gserviceaccount.com"] == {"roles/iam.serviceAccountUser": [BILLING]}
    [binding] = applied.google.policies[f"{AT}/queues/runs"].bindings
    assert (binding.role, list(binding.members)) == ("roles/cloudtasks.enqueuer", [BILLING])


def test_a_generated_secret_has_a_value_of_its_own_and_the_others_are_named_until_they_have_one(applied: World) -> None:
    values = applied.google.values
    keys = [values[f"projects/{PROJECT}/secrets/{name}"] for name in ("INTERNAL_API_KEY", "PAYMENT_LINK_KEY")]
    assert [len(key) for [key] in keys] == [64, 64]
    assert keys[0] != keys[1]
    assert [note.partition(":")[0] for note in applied.plan().notes] == [
        "STRIPE_API_KEY",
        "STRIPE_WEBHOOK_SECRET",
        "SMTP_PASSWORD",
        "EVENT_SECRET",
    ]


def _job(world: World) -> scheduler_v1.Job:
    return world.google.jobs[f"{AT}/jobs/generate-invoices"]


def _queue(world: World) -> tasks_v2.Queue:
    return world.google.queues[f"{AT}/queues/runs"]


def _secret(world: World) -> secretmanager_v1.Secret:
    return world.google.secrets[f"projects/{PROJECT}/secrets/STRIPE_API_KEY"]


def _state(world: World) -> dict:
    return world.gcloud.state


def _service(world: World) -> dict:
    return _state(world)["functions"]["run_dunning"]["serviceConfig"]


def _expires(world: World) -> dict:
    return next(each for name, each in _state(world)["fields"].items() if name.endswith("/events/fields/expires_at"))


def _call_elsewhere(job: scheduler_v1.Job) -> None:
    job.http_target.oidc_token.audience = "https://elsewhere.example"
    job.http_target.body = b"{}"


def _slow_down(queue: tasks_v2.Queue) -> None:
    queue.rate_limits.max_dispatches_per_second = 1
    queue.state = tasks_v2.Queue.State.PAUSED  # type: ignore[assignment]


DRIFTS: dict[str, tuple[Callable[[World], object], str, list[str]]] = {
    "a job at another hour": (
        lambda world: setattr(_job(world), "schedule", "5 2 * * *"),
        "job generate-invoices",
        ["schedule"],
    ),
    "a job that is paused": (
        lambda world: setattr(_job(world), "state", scheduler_v1.Job.State.PAUSED),
        "job generate-invoices",
        ["state"],
    ),
    "a job with another token and body": (
        lambda world: _call_elsewhere(_job(world)),
        "job generate-invoices",
        ["http_target.body", "http_target.oidc_token.audience"],
    ),
    "a job that is gone": (lambda world: world.google.jobs.pop(f"{AT}/jobs/sweep"), "job sweep", []),
    "a queue that is slower and paused": (
        lambda world: _slow_down(_queue(world)),
        "queue runs",
        ["rate_limits.max_dispatches_per_second", "state"],
    ),
    "a secret that will expire": (
        lambda world: setattr(_secret(world), "expire_time", datetime(2026, 12, 1, tzinfo=UTC)),
        "secret STRIPE_API_KEY",
        ["expire_time"],
    ),
    "a role too much": (
        lambda world: _state(world)["policies"][PROJECT].update({"roles/editor": [BILLING]}),
        "roles billing on the project",
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
        lambda world: world.google.policies.pop(f"{AT}/queues/runs"),
        "roles billing on queue runs",
        [],
    ),
    "an account that is disabled": (
        lambda world: _state(world)["accounts"][0].update(disabled=True),
        "service account billing",
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
    "documents that do not expire": (
        lambda world: _expires(world).pop("ttlConfig"),
        "Firestore fields events",
        ["expires_at"],
    ),
    "a field that is indexed": (
        lambda world: _expires(world).update(indexConfig={"usesAncestorConfig": True}),
        "Firestore fields events",
        ["expires_at"],
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
        lambda world: _service(world)["environmentVariables"].update(BILLING_STORE="sqlite:///tmp/x"),
        "function run_dunning",
        ["environment"],
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


@pytest.mark.parametrize("drift", DRIFTS)
def test_what_drifted_is_shown_and_repaired_and_nothing_else_is_touched(applied: World, drift: str) -> None:
    happens, title, fields = DRIFTS[drift]
    happens(applied)

    [change] = applied.plan().changes
    assert change.title == title
    assert change.is_new == (not fields)
    if fields:
        assert [each.field for each in change.differences] == fields
    assert len(applied.apply()) == len(change.steps)
    assert applied.plan().changes == []


def test_a_failure_half_way_says_where_and_the_next_apply_goes_on_from_there(world: World) -> None:
    world.gcloud.state["refusals"].append(["functions deploy run_dunning", 1, "HTTPError 503: try again later"])

    with pytest.raises(Halted, match="stopped at: . function run_dunning") as halted:
        world.apply()
    left = world.plan()
    assert left.changes[0].title == "function run_dunning"
    assert halted.value.done > 100
    assert len(world.apply()) == sum(len(change.steps) for change in left.changes)
    assert world.plan().changes == []
    assert len(world.google.values[f"projects/{PROJECT}/secrets/PAYMENT_LINK_KEY"]) == 1


def test_a_failure_at_any_step_is_made_good_by_the_next_apply(world: World) -> None:
    stops = 0
    for method in ("CreateSecret", "AddSecretVersion", "CreateQueue", "SetIamPolicy", "CreateJob"):
        world.google.refusals[method] = (grpc.StatusCode.INTERNAL, "an outage")
        with pytest.raises(Halted):
            world.apply()
        world.google.refusals.clear()
        stops += 1
    world.apply()

    assert stops == 5
    assert world.plan().changes == []


def test_what_google_is_not_ready_for_yet_is_waited_for(world: World) -> None:
    words = f"INVALID_ARGUMENT: Service account billing@{PROJECT}.iam.gserviceaccount.com does not exist."
    world.gcloud.state["refusals"] += [["projects add-iam-policy-binding", 1, words]] * 3
    world.apply()
    assert world.plan().changes == []


@pytest.mark.parametrize(
    ("drift", "said"),
    [
        (lambda state: state["databases"][0].update(locationId="nam5"), "a database never moves"),
        (lambda state: state["buckets"][INVOICES].update(location="US"), "a bucket never moves"),
    ],
)
def test_what_nobody_can_change_is_refused_before_anything_is_changed(
    applied: World, drift: Callable[[dict], object], said: str
) -> None:
    drift(applied.gcloud.state)
    applied.google.jobs.clear()

    with pytest.raises(CannotChange, match=said):
        applied.apply()
    assert applied.google.changes == []
    assert applied.google.jobs == {}


PERMISSION = (grpc.StatusCode.PERMISSION_DENIED, "The principal lacks IAM permission.")
REMEDIES: dict[str, tuple[Callable[[World], object], type[InfraError], str]] = {
    "no login": (
        lambda world: _refused(world, "services list", "You do not currently have an active account selected."),
        NotAllowed,
        "gcloud auth login",
    ),
    "no role for gcloud": (
        lambda world: _refused(world, "firestore databases create", "PERMISSION_DENIED: The caller lacks permission"),
        NotAllowed,
        f"gcloud projects add-iam-policy-binding {PROJECT} --member=user:YOUR_EMAIL --role=roles/datastore.owner",
    ),
    "a bucket's name that is taken": (
        lambda world: _refused(world, "buckets create", "HTTPError 403: does not have storage.buckets.get access"),
        NotAllowed,
        "choose one by --set bucket=NAME or export_bucket=NAME",
    ),
    "no role for Scheduler": (
        lambda world: world.google.refusals.update(GetJob=PERMISSION),
        NotAllowed,
        "--role=roles/cloudscheduler.admin",
    ),
    "no role for Tasks": (
        lambda world: world.google.refusals.update(CreateQueue=PERMISSION),
        NotAllowed,
        "--role=roles/cloudtasks.admin",
    ),
    "no role for Secret Manager": (
        lambda world: world.google.refusals.update(CreateSecret=PERMISSION),
        NotAllowed,
        "--role=roles/secretmanager.admin",
    ),
    "no role for the rules": (
        lambda world: world.google.refusals.update(Rules=PERMISSION),
        NotAllowed,
        "--role=roles/firebaserules.admin",
    ),
    "no credentials for the libraries": (
        lambda world: world.google.refusals.update(GetJob=(grpc.StatusCode.UNAUTHENTICATED, "no credentials")),
        NotAllowed,
        "gcloud auth application-default login",
    ),
    "a deleted queue": (
        lambda world: world.google.deleted_queues.add(f"{AT}/queues/runs"),
        InfraError,
        "--set tasks_region=REGION",
    ),
    "an API that was switched off meanwhile": (
        lambda world: world.google.refusals.update(
            GetQueue=(
                grpc.StatusCode.PERMISSION_DENIED,
                "Cloud Tasks API has not been used in project: SERVICE_DISABLED",
            )
        ),
        InfraError,
        "switch the API on",
    ),
}


def _refused(world: World, command: str, words: str) -> None:
    world.gcloud.state["refusals"].append([command, 1, words])


@pytest.mark.parametrize("trouble", REMEDIES)
def test_each_trouble_is_told_with_its_way_out(world: World, trouble: str) -> None:
    happens, kind, remedy = REMEDIES[trouble]
    if trouble in (
        "no role for Scheduler",
        "no role for the rules",
        "no credentials for the libraries",
        "an API that was switched off meanwhile",
    ):
        world.apply()  # there has to be something to read
    happens(world)

    with pytest.raises(InfraError) as refused:
        world.apply()
    reason = refused.value.error if isinstance(refused.value, Halted) else refused.value
    assert isinstance(reason, kind)
    assert f"way out: {remedy}" in str(reason) or remedy in str(reason).partition("way out: ")[2]


def test_a_region_that_there_is_not_is_told_with_where_to_look() -> None:
    with a_project(region="europe-west99", tasks_region="europe-west99") as world:
        with pytest.raises(InfraError, match=r"(?s)not a valid location.*gcloud scheduler locations list"):
            world.apply()
        assert world.google.queues == {}


def test_a_secret_whose_versions_are_all_disabled_is_named_with_the_command_that_helps(applied: World) -> None:
    [version] = applied.google.versions[f"projects/{PROJECT}/secrets/INTERNAL_API_KEY"]
    version.state = secretmanager_v1.SecretVersion.State.DISABLED  # type: ignore[assignment]

    assert applied.plan().notes[0] == (
        "INTERNAL_API_KEY: every version is disabled or destroyed; what needs it fails until you add one: "
        f"printf %s VALUE | gcloud secrets versions add INTERNAL_API_KEY --data-file=- --project={PROJECT}"
    )
    assert applied.plan().changes == []
