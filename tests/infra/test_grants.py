"""Roles: those that are declared and no others, whatever somebody gave by hand, under a condition or without."""

from collections.abc import Callable, MutableSequence

import pytest
from google.iam.v1.policy_pb2 import Binding

from infra.applying import destroy, doomed
from infra.plan import Change
from infra.resources import resources
from tests.infra.cloud import AT, GENERATES, INVOICES, PROJECT, RUN_DUNNING, World

SCHEDULER = f"scheduler@{PROJECT}.iam.gserviceaccount.com"
UNTIL_MAY = {"expression": 'request.time < timestamp("2026-05-01T00:00:00Z")', "title": "until May"}
SHOWN = 'if {"expression": "request.time < timestamp(\\"2026-05-01T00:00:00Z\\")", "title": "until May"}'


def by_hand(world: World, target: str, role: str, member: str = GENERATES) -> None:
    """What a person gives for a while."""
    bound = {"role": role, "members": [member], "condition": UNTIL_MAY}
    world.gcloud.state.setdefault("conditional", {}).setdefault(target, []).append(bound)


def for_a_while(world: World, target: str) -> list:
    """What such a person has left there."""
    return [each for each in world.gcloud.state["conditional"][target] if each["condition"] == UNTIL_MAY]


def on_queue(world: World) -> MutableSequence[Binding]:
    return world.google.policies[f"{AT}/queues/runs"].bindings


def the_change(world: World) -> Change:
    [change] = world.plan().changes
    return change


@pytest.mark.parametrize(
    ("target", "named", "has"),
    [
        (PROJECT, "roles generate-invoices on the project", ["roles/datastore.user"]),
        (
            INVOICES,
            f"roles generate-invoices on {INVOICES}",
            ["roles/storage.objectCreator", "roles/storage.objectViewer"],
        ),
        (SCHEDULER, "roles generate-invoices on account scheduler", ["roles/iam.serviceAccountUser"]),
    ],
)
def test_a_role_that_somebody_gave_under_a_condition_is_shown_with_it_and_taken_away(
    applied: World, target: str, named: str, has: list[str]
) -> None:
    by_hand(applied, target, "roles/viewer")

    change = the_change(applied)
    assert change.title == named
    assert change.differences[0].live == sorted([*has, f"roles/viewer {SHOWN}"])
    applied.apply()
    assert for_a_while(applied, target) == []
    assert applied.plan().changes == []


def test_a_declared_role_that_holds_under_a_condition_alone_is_given_without_one(applied: World) -> None:
    state = applied.gcloud.state
    state["policies"][PROJECT]["roles/datastore.user"].remove(GENERATES)
    by_hand(applied, PROJECT, "roles/datastore.user")

    assert the_change(applied).differences[0].live == [f"roles/datastore.user {SHOWN}"]
    applied.apply()
    assert GENERATES in state["policies"][PROJECT]["roles/datastore.user"]
    assert for_a_while(applied, PROJECT) == []


def test_a_strangers_condition_in_the_same_policy_is_in_nobodys_way_and_stays(applied: World) -> None:
    by_hand(applied, INVOICES, "roles/storage.objectViewer", "user:auditor@acme.example")
    applied.gcloud.state["policies"][INVOICES]["roles/storage.objectViewer"].remove(GENERATES)

    applied.apply()
    assert GENERATES in applied.gcloud.state["policies"][INVOICES]["roles/storage.objectViewer"]
    assert len(applied.gcloud.state["conditional"][INVOICES]) == 1


def test_conditions_on_a_queue_are_seen_taken_and_never_lost_for_others(applied: World) -> None:
    ours, others = (
        Binding(role="roles/cloudtasks.enqueuer", members=[member], condition=UNTIL_MAY)
        for member in (GENERATES, "user:auditor@acme.example")
    )
    [standing] = on_queue(applied)
    standing.members.remove(GENERATES)
    on_queue(applied).extend([ours, others])

    assert the_change(applied).differences[0].live == [f"roles/cloudtasks.enqueuer {SHOWN}"]
    applied.apply()
    assert sorted((list(each.members), each.condition.title) for each in on_queue(applied)) == [
        ([RUN_DUNNING, GENERATES], ""),
        (["user:auditor@acme.example"], "until May"),
    ]
    assert applied.plan().changes == []


def test_what_functions_are_built_as_reads_what_was_uploaded_and_no_invoice(applied: World) -> None:
    builder = f"serviceAccount:builder@{PROJECT}.iam.gserviceaccount.com"
    state = applied.gcloud.state
    [bound] = [each for each in state["conditional"][PROJECT] if builder in each["members"]]
    assert bound["role"] == "roles/storage.objectViewer"
    assert bound["condition"]["expression"] == 'resource.name.startsWith("projects/_/buckets/gcf-v2-sources-")'
    plain = {role for policy in state["policies"].values() for role, members in policy.items() if builder in members}
    assert plain == {"roles/logging.logWriter", "roles/artifactregistry.writer"}

    state["policies"][PROJECT]["roles/storage.objectViewer"] = [builder]  # as it was given before
    applied.apply()
    assert state["policies"][PROJECT]["roles/storage.objectViewer"] == []
    assert bound in state["conditional"][PROJECT]
    assert applied.plan().changes == []


def test_a_release_reads_its_checkout_and_no_bucket_else_and_what_it_could_write_before_is_taken(world: World) -> None:
    """An account that was made by the commands of before is kept, without the role that wrote to every bucket."""
    state = world.gcloud.state
    release = f"serviceAccount:release@{PROJECT}.iam.gserviceaccount.com"
    state["services"] += ["iam.googleapis.com", "cloudresourcemanager.googleapis.com"]
    state["accounts"].append({"email": release.removeprefix("serviceAccount:"), "displayName": "Releases billing"})
    state["policies"][PROJECT] = {"roles/cloudbuild.builds.builder": [release], "roles/run.admin": [release]}

    world.apply()
    [bound] = [each for each in state["conditional"][PROJECT] if release in each["members"]]
    assert bound["role"] == "roles/storage.objectViewer"
    assert bound["condition"]["expression"] == f'resource.name.startsWith("projects/_/buckets/{PROJECT}_cloudbuild")'
    assert {role for role, members in state["policies"][PROJECT].items() if release in members} == {
        "roles/logging.logWriter",
        "roles/cloudfunctions.developer",
        "roles/run.admin",
    }
    assert world.plan().changes == []


def give_more(world: World) -> None:
    world.gcloud.state["policies"][PROJECT]["roles/editor"] = [GENERATES]


def give_for_a_while(world: World) -> None:
    by_hand(world, PROJECT, "roles/viewer")


def take_what_is_declared(world: World) -> None:
    world.gcloud.state["policies"][PROJECT]["roles/datastore.user"] = []
    give_more(world)


@pytest.mark.parametrize("happens", [give_more, give_for_a_while, take_what_is_declared])
def test_destroy_takes_the_roles_that_there_are_not_those_that_are_declared(
    applied: World, happens: Callable[[World], None]
) -> None:
    happens(applied)
    found = doomed(resources(applied.declaration), applied.cloud())
    destroy(found, applied.cloud(), say=lambda _title, _step: None)

    state = applied.gcloud.state
    assert not any(state["policies"].get(PROJECT, {}).values())
    assert state.get("conditional", {}).get(PROJECT, []) == []
    assert applied.google.policies[f"{AT}/queues/runs"].bindings == []
