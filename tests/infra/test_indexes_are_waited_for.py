"""No function is deployed, and no new setting serves, before each index that its queries need is built."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from infra.applying import apply
from infra.errors import Halted
from infra.plan import make_plan
from infra.resources import resources
from tests.infra.cloud import PROJECT, World


def order(world: World, *what: str) -> list[str]:
    """Which of these commands were run, in their order, runs of the same one said once."""
    found = [each for command in world.gcloud.changes() for each in what if command.startswith(each)]
    return [each for before, each in zip(["", *found], found, strict=False) if each != before]


def test_the_first_deploy_waits_until_every_index_is_built(world: World) -> None:
    world.gcloud.state["listings_until_built"] = 5
    world.apply()

    assert len(world.pauses) == 5
    assert order(world, "firestore indexes composite create", "functions deploy") == [
        "firestore indexes composite create",
        "functions deploy",
    ]
    deploys = next(at for at, each in enumerate(world.gcloud.state["commands"]) if each[:2] == ["functions", "deploy"])
    listings = [each[:4] for each in world.gcloud.state["commands"][:deploys]]
    assert listings.count(["firestore", "indexes", "composite", "list"]) >= 6
    assert world.plan().changes == []


def test_what_is_still_being_built_after_an_hour_stops_apply_before_any_function(world: World) -> None:
    world.gcloud.state["listings_until_built"] = 10_000
    with pytest.raises(Halted, match="(?s)stopped at: . Firestore indexes all built.*gcloud firestore operations list"):
        world.apply()
    assert sum(world.pauses) == 3600
    assert world.gcloud.state["functions"] == {}

    built(world)
    world.apply()
    assert world.plan().changes == []


def test_an_index_that_can_t_be_built_is_named_at_once_and_built_by_the_next_apply(world: World) -> None:
    world.gcloud.state["listings_until_built"] = 10_000

    def fails(_seconds: float) -> None:
        world.gcloud.state["indexes"][0]["state"] = "NEEDS_REPAIR"

    cloud = replace(world.cloud(), pause=fails)
    with pytest.raises(Halted, match="could not be built: subscriptions by shard asc"):
        apply(make_plan(resources(world.declaration), cloud), cloud, say=lambda _title, _step: None)

    built(world)
    world.apply()
    assert world.plan().changes == []


def test_a_setting_waits_for_an_index_that_is_still_being_built(applied: World) -> None:
    service = applied.gcloud.state["run_services"]["run-dunning"]
    service["timeout"] = 60
    applied.gcloud.state["indexes"].pop()

    applied.apply()

    assert order(applied, "firestore indexes composite create", "run services update") == [
        "firestore indexes composite create",
        "run services update",
    ]
    assert service["timeout"] == 1800


def test_a_setting_waits_for_a_field_whose_exemption_is_taken_back(applied: World) -> None:
    service = applied.gcloud.state["run_services"]["run-dunning"]
    service["timeout"] = 60
    of_an_earlier_version(applied, {})
    applied.gcloud.state["listings_until_built"] = 3

    applied.apply()

    assert order(applied, "firestore indexes fields update recorded_at", "run services update") == [
        "firestore indexes fields update recorded_at",
        "run services update",
    ]
    assert (service["timeout"], len(applied.pauses)) == (1800, 3)


def test_a_field_that_is_still_taken_back_is_waited_for_and_not_taken_back_again(applied: World) -> None:
    of_an_earlier_version(applied, {"reverting": True})
    applied.gcloud.state["building"][NAME_OF_RUNS] = 5

    assert [each.title for each in applied.plan().changes] == ["Firestore indexes all built"]
    assert applied.apply() == ["Firestore: wait until all indexes are built, for an hour at most"]
    assert applied.pauses != []
    assert applied.plan().changes == []


NAME_OF_RUNS = f"projects/{PROJECT}/databases/(default)/collectionGroups/runs/fields/recorded_at"
"""What runs are found by; once nothing asked for it."""


def of_an_earlier_version(world: World, config: Mapping[str, object]) -> None:
    world.gcloud.state["fields"][NAME_OF_RUNS] = {"name": NAME_OF_RUNS, "indexConfig": config}


def built(world: World) -> None:
    world.gcloud.state["listings_until_built"] = 0
    world.gcloud.state["building"].clear()
