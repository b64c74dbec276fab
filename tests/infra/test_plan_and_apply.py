"""Plan, apply and plan again, against the services' own protocols and a gcloud that keeps a project."""

from collections.abc import Iterable

import grpc
import pytest

from billing.store.indexes import EXEMPTIONS, INDEXES
from infra.declaration import Secret
from infra.errors import Halted
from infra.resource import Allowed
from tests.infra.cloud import (
    API_PROXY,
    AT,
    BUILDER,
    GENERATES,
    INVOICES,
    PROJECT,
    RELEASE,
    RUN_DUNNING,
    World,
    a_project,
)


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


def test_the_functions_are_built_as_an_account_of_ours(applied: World) -> None:
    """Google's own choice may not build in a project made since July 2024."""
    built_as = {each["buildConfig"]["serviceAccount"] for each in applied.gcloud.state["functions"].values()}
    assert built_as == {f"projects/{PROJECT}/serviceAccounts/{BUILDER.removeprefix('serviceAccount:')}"}


def test_the_accounts_may_do_what_is_declared_and_nothing_else(applied: World) -> None:
    policies, doors = applied.gcloud.state["policies"], [GENERATES, RUN_DUNNING, API_PROXY]
    assert policies[PROJECT] == {
        "roles/datastore.user": doors,
        "roles/logging.logWriter": [BUILDER, RELEASE],
        "roles/artifactregistry.writer": [BUILDER],
        "roles/cloudfunctions.developer": [RELEASE],
        "roles/run.admin": [RELEASE],
    }
    assert policies[INVOICES] == {"roles/storage.objectCreator": doors, "roles/storage.objectViewer": doors}
    acting = "roles/iam.serviceAccountUser"
    assert policies[f"scheduler@{PROJECT}.iam.gserviceaccount.com"] == {
        acting: [GENERATES, RUN_DUNNING],
        "roles/iam.serviceAccountTokenCreator": [RELEASE],
    }
    for account in (GENERATES, RUN_DUNNING, API_PROXY, BUILDER):
        assert policies[account.removeprefix("serviceAccount:")] == {acting: [RELEASE]}
    assert policies[f"event-tasks@{PROJECT}.iam.gserviceaccount.com"] == {acting: [API_PROXY]}
    assert on_queue(applied, "runs") == {"roles/cloudtasks.enqueuer": [GENERATES, RUN_DUNNING]}
    assert on_queue(applied, "events") == {"roles/cloudtasks.enqueuer": doors}


def test_each_function_runs_as_an_account_of_its_own(applied: World) -> None:
    services = applied.gcloud.state["run_services"]
    assert [f"serviceAccount:{services[name]['account']}" for name in ("generate-invoices", "run-dunning")] == [
        GENERATES,
        RUN_DUNNING,
    ]
    assert f"serviceAccount:{services['apiproxy']['account']}" == API_PROXY


def test_what_the_public_door_puts_into_a_queue_opens_no_other_door_than_its_own(applied: World) -> None:
    services = applied.gcloud.state["run_services"]
    calls_as = services["apiproxy"]["env"]["TASKS_SERVICE_ACCOUNT"]
    let_in = {name: each["env"]["OIDC_SERVICE_ACCOUNTS"].split(",") for name, each in services.items()}
    assert {name for name, accounts in let_in.items() if calls_as in accounts} == {"apiproxy"}


def test_a_secret_is_read_by_those_functions_alone_that_use_it(applied: World) -> None:
    """Of a tenant's own as of ours: who charges, who checks what Stripe sends, who signs events."""
    both = ("STRIPE_API_KEY", "STRIPE_WEBHOOK_SECRET", "EVENT_SECRET")
    secrets = {**applied.declaration.secrets, **{f"{name}_ACME": Secret() for name in both}}
    applied.apply(applied.declaration.model_copy(update={"secrets": secrets}))

    doors = [GENERATES, RUN_DUNNING, API_PROXY]
    readers = {
        "STRIPE_API_KEY": doors,
        "STRIPE_WEBHOOK_SECRET": [API_PROXY],
        "EVENT_SECRET": [RUN_DUNNING, API_PROXY],
        "INTERNAL_API_KEY": doors,
        "PAYMENT_LINK_KEY": doors,
        "SMTP_PASSWORD": doors,
    }
    for name, members in {**readers, **{f"{name}_ACME": readers[name] for name in both}}.items():
        roles = ("roles/secretmanager.secretAccessor", "roles/secretmanager.viewer")
        assert on(applied, f"projects/{PROJECT}/secrets/{name}") == dict.fromkeys(roles, members)


def on_queue(world: World, queue: str) -> dict[str, list[str]]:
    return on(world, f"{AT}/queues/{queue}")


def on(world: World, resource: str) -> dict[str, list[str]]:
    return {each.role: list(each.members) for each in world.google.policies[resource].bindings}


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


def test_a_run_that_stopped_within_each_thing_is_made_good_and_ends_as_one_that_did_not(world: World) -> None:
    """Of everything that still differs its first step alone, functions too, which else come last; then a plan anew."""
    with a_project(**world.given) as whole:
        whole.apply()
    rounds = 0
    while changes := world.plan(allowed=Allowed(shrink=True)).changes:
        for change in changes:
            change.steps[0].run(world.cloud())
        rounds += 1

    assert rounds > 3
    assert made(world) == made(whole)


def made(world: World) -> object:
    """All that is there, but for values and for what names the order in which it came."""
    state, google = world.gcloud.state, world.google
    buckets, functions, policies = state["buckets"], [state["functions"], state["run_services"]], state["policies"]
    granted = {
        name: sorted((each.role, *each.members) for each in policy.bindings) for name, policy in google.policies.items()
    }
    fields = {name: (each["indexConfig"], "ttlConfig" in each) for name, each in state["fields"].items()}
    values = {name: len(each) for name, each in google.values.items()}
    return buckets, functions, policies, fields, granted, values, google.jobs, google.queues, google.secrets


def test_a_secret_that_was_made_without_its_value_gets_it_from_the_next_apply_and_only_once(world: World) -> None:
    world.google.refusals["AddSecretVersion"] = (grpc.StatusCode.UNAVAILABLE, "an outage")
    with pytest.raises(Halted):
        world.apply()
    world.google.refusals.clear()
    key = f"projects/{PROJECT}/secrets/INTERNAL_API_KEY"
    assert world.google.values[key] == []

    [change] = [each for each in world.plan().changes if each.title == "secret INTERNAL_API_KEY"]
    assert [(each.field, each.live, each.wanted) for each in change.differences] == [("value", None, "random")]
    world.apply()
    world.apply()
    assert [len(value) for value in world.google.values[key]] == [64]
