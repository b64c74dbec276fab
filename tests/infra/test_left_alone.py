"""What somebody did on purpose stays until they say otherwise: what rests, and what is kept for longer."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from google.cloud import scheduler_v1, tasks_v2

from infra.declaration import LifecycleRule
from infra.resource import Allowed
from infra.shown import plan_lines, summary
from tests.infra.cloud import AT, INVOICES, PROJECT, World

EXPORTS = f"gs://{PROJECT}-exports"
YEAR = 365 * 86_400
LEAVES_200_DAYS = [{"action": {"type": "Delete"}, "condition": {"age": 200}}]


def pause_for_a_restore(world: World) -> None:
    world.google.jobs[f"{AT}/jobs/run-dunning"].state = scheduler_v1.Job.State.PAUSED  # type: ignore[assignment]
    world.google.queues[f"{AT}/queues/runs"].state = tasks_v2.Queue.State.PAUSED  # type: ignore[assignment]


def states(world: World) -> tuple[str, str]:
    job, queue = world.google.jobs[f"{AT}/jobs/run-dunning"], world.google.queues[f"{AT}/queues/runs"]
    return scheduler_v1.Job.State(job.state).name, tasks_v2.Queue.State(queue.state).name


def test_what_was_paused_stays_so_and_the_plan_says_it_and_how_it_goes_on(applied: World) -> None:
    pause_for_a_restore(applied)

    plan = applied.plan()
    assert plan.changes == []
    assert [str(each) for each in plan.left] == [
        "queue runs: state: somebody paused it, and it stays so; --resume lets it go on",
        "job run-dunning: state: somebody paused it, and it stays so; --resume lets it go on",
    ]
    assert summary(plan).endswith("things are as declared and 2 settings left as they are.")
    assert any("= job run-dunning" in line for line in plan_lines(plan, applied.declaration))
    assert applied.apply() == []
    assert states(applied) == ("PAUSED", "PAUSED")


def test_what_was_paused_goes_on_when_it_is_asked_for(applied: World) -> None:
    pause_for_a_restore(applied)

    assert len(applied.apply(allowed=Allowed(resume=True))) == 2
    assert states(applied) == ("ENABLED", "RUNNING")
    assert applied.plan().left == []


def test_another_setting_of_what_was_paused_is_made_so_and_it_rests_on(applied: World) -> None:
    pause_for_a_restore(applied)
    applied.google.jobs[f"{AT}/jobs/run-dunning"].schedule = "0 4 * * *"
    applied.google.queues[f"{AT}/queues/runs"].retry_config.max_attempts = 1

    assert len(applied.apply()) == 2
    assert applied.google.jobs[f"{AT}/jobs/run-dunning"].schedule == "0 1 * * *"
    assert states(applied) == ("PAUSED", "PAUSED")


def bucket(world: World, name: str, **settings: object) -> None:
    world.gcloud.state["buckets"][name].update(settings)


KEPT_LONGER: dict[str, tuple[Callable[[World], object], str]] = {
    "a longer retention": (
        lambda world: bucket(world, INVOICES, retention_policy={"retentionPeriod": str(20 * YEAR)}),
        "retention_seconds",
    ),
    "a retention where none is declared": (
        lambda world: bucket(world, EXPORTS, retention_policy={"retentionPeriod": str(YEAR)}),
        "retention_seconds",
    ),
    "objects that are deleted later": (
        lambda world: bucket(
            world, EXPORTS, lifecycle_config={"rule": [{"action": {"type": "Delete"}, "condition": {"age": 4000}}]}
        ),
        "lifecycle",
    ),
    "objects of which only some are deleted": (
        lambda world: bucket(
            world,
            EXPORTS,
            lifecycle_config={
                "rule": [{"action": {"type": "Delete"}, "condition": {"age": 1, "matchesPrefix": ["tmp/"]}}]
            },
        ),
        "lifecycle",
    ),
}


@pytest.mark.parametrize("kept", KEPT_LONGER)
def test_what_is_kept_for_longer_than_declared_is_shortened_only_when_it_is_asked_for(
    applied: World, kept: str
) -> None:
    happens, field = KEPT_LONGER[kept]
    happens(applied)

    plan = applied.plan()
    assert (plan.changes, [each.difference.field for each in plan.left]) == ([], [field])
    assert "--shorten" in plan.left[0].why
    assert applied.apply() == []
    assert len(applied.apply(allowed=Allowed(shorten=True))) == 1
    assert (applied.plan().changes, applied.plan().left) == ([], [])


def test_backups_are_kept_for_less_long_only_when_it_is_asked_for(applied: World) -> None:
    declaration = applied.declaration
    week = declaration.firestore.model_copy(update={"daily_backups_kept": 7 * 86_400})
    shorter = declaration.model_copy(update={"firestore": week})

    assert [each.difference.field for each in applied.plan(shorter).left] == ["kept_days"]
    assert applied.apply(shorter) == []
    assert len(applied.apply(shorter, Allowed(shorten=True))) == 1
    assert applied.gcloud.state["backup_schedules"][0]["retention"] == "604800s"


def test_a_destroyed_value_is_there_for_less_long_only_when_it_is_asked_for(applied: World) -> None:
    secret = applied.google.secrets[f"projects/{PROJECT}/secrets/EVENT_SECRET"]
    secret.version_destroy_ttl = timedelta(days=30)  # type: ignore[assignment]  # what the library takes

    assert [each.difference.field for each in applied.plan().left] == ["version_destroy_ttl"]
    assert applied.apply() == []
    assert len(applied.apply(allowed=Allowed(shorten=True))) == 1
    assert applied.plan().left == []


def test_a_recovery_to_the_minute_is_given_up_only_when_it_is_asked_for(applied: World) -> None:
    declaration = applied.declaration
    without = declaration.model_copy(
        update={"firestore": declaration.firestore.model_copy(update={"point_in_time_recovery": False})}
    )
    [database] = applied.gcloud.state["databases"]
    database["deleteProtectionState"] = "DELETE_PROTECTION_DISABLED"

    assert len(applied.apply(without)) == 1
    assert database["deleteProtectionState"] == "DELETE_PROTECTION_ENABLED"
    assert database["pointInTimeRecoveryEnablement"] == "POINT_IN_TIME_RECOVERY_ENABLED"
    assert len(applied.apply(without, Allowed(shorten=True))) == 1
    assert database["pointInTimeRecoveryEnablement"] == "POINT_IN_TIME_RECOVERY_DISABLED"


def test_a_locked_retention_is_never_shortened_and_lengthened_where_it_is_too_short(applied: World) -> None:
    bucket(applied, INVOICES, retention_policy={"retentionPeriod": str(20 * YEAR), "isLocked": True})
    asked = Allowed(shorten=True)
    assert [each.why for each in applied.plan(allowed=asked).left] == [
        "it is locked: nobody can shorten it or take it off"
    ]
    assert applied.apply(allowed=asked) == []

    bucket(applied, INVOICES, retention_policy={"retentionPeriod": str(YEAR), "isLocked": True})
    [change] = applied.plan().changes
    assert [each.field for each in change.differences] == ["retention_seconds"]
    applied.apply()
    assert applied.gcloud.state["buckets"][INVOICES]["retention_policy"]["retentionPeriod"] == str(4018 * 86_400)


def test_versions_are_not_asked_for_where_a_retention_of_somebodys_stands(applied: World) -> None:
    bucket(applied, EXPORTS, retention_policy={"retentionPeriod": "60"}, versioning_enabled=None)
    plan = applied.plan()
    assert plan.changes == []
    assert [each.difference.field for each in plan.left] == ["versioning", "retention_seconds"]


@pytest.mark.parametrize(
    "live",
    [
        pytest.param(LEAVES_200_DAYS, id="sooner than declared"),
        pytest.param([], id="not at all, as in a creation that stopped half-way"),
    ],
)
def test_a_lifecycle_that_deletes_sooner_or_is_not_there_is_made_as_declared(applied: World, live: list) -> None:
    config = {"rule": [*live, {"action": {"type": "Delete"}, "condition": {"daysSinceNoncurrentTime": 30}}]}
    bucket(applied, EXPORTS, lifecycle_config=config if live else None)

    [change] = applied.plan().changes
    assert [each.field for each in change.differences] == ["lifecycle"]
    applied.apply()
    rules = applied.gcloud.state["buckets"][EXPORTS]["lifecycle_config"]["rule"]
    assert [each["condition"] for each in rules] == [{"age": 400}, {"daysSinceNoncurrentTime": 30}, {"age": 7}]


def test_a_rule_that_would_delete_sooner_than_it_does_now_waits_until_it_is_asked_for(applied: World) -> None:
    declaration = applied.declaration
    exports = declaration.buckets["exports"]
    rules = (LifecycleRule.model_validate({"delete_after": "30d"}), *exports.lifecycle[1:])
    sooner = declaration.model_copy(
        update={"buckets": {**declaration.buckets, "exports": exports.model_copy(update={"lifecycle": rules})}}
    )
    plan = applied.plan(sooner)
    assert (plan.changes, [each.difference.field for each in plan.left]) == ([], ["lifecycle"])
    assert len(applied.plan(sooner, Allowed(shorten=True)).changes) == 1


def test_a_field_of_a_collection_that_is_not_billing_s_is_left_alone(applied: World) -> None:
    name = f"{applied.gcloud.state['databases'][0]['name']}/collectionGroups/recipes/fields/text"
    applied.gcloud.state["fields"][name] = {"name": name, "indexConfig": {}}

    assert (applied.plan().changes, applied.plan().left) == ([], [])
