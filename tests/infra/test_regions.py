"""A region that lacks a service is told before anything is made that never moves, with those near by that have it."""

from pathlib import Path

import pytest

from infra.errors import Halted, Refused
from infra.loading import load
from infra.resources import resources
from tests.infra.cloud import DECLARATION, PROJECT, World, a_project
from tests.infra.test_refusals import NO_BUILDS

NO_QUEUES_NO_JOBS = "europe-west4"
"""Functions and Firestore are there, Cloud Tasks and Cloud Scheduler are not."""


def nothing_has_a_place(world: World) -> bool:
    state = world.gcloud.state
    return not (state["databases"] or state["buckets"] or state["accounts"] or world.google.changes)


def test_a_region_without_queues_and_jobs_is_refused_before_anything_has_a_place() -> None:
    with a_project(region=NO_QUEUES_NO_JOBS) as world:
        with pytest.raises(Halted, match=r"services in their regions(?s:.*)1 step was done") as halted:
            world.apply()
        assert str(halted.value.error) == (
            "services in their regions: Cloud Tasks is not in europe-west4, but in europe-west1, europe-west3; "
            "Cloud Scheduler is not in europe-west4, but in europe-west1, europe-west3\n"
            "  way out: put the queues into another region by --set tasks_region=REGION and the jobs into another "
            "region by --set jobs_region=REGION, or everything into one that has all of them (europe-west1, "
            "europe-west3) by --region; write it into the declaration, which every release reads"
        )
        assert nothing_has_a_place(world)

        with pytest.raises(Refused, match="Cloud Tasks is not in europe-west4"):
            world.plan()


@pytest.mark.parametrize(
    "way_out",
    [
        {"region": "europe-west1"},
        {"region": NO_QUEUES_NO_JOBS, "tasks_region": "europe-west1", "jobs_region": "europe-west3"},
    ],
)
def test_each_way_out_that_is_named_leads_out(way_out: dict[str, str]) -> None:
    with a_project(region=NO_QUEUES_NO_JOBS) as world:
        with pytest.raises(Halted):
            world.apply()
        other = load(DECLARATION, {"project": PROJECT, **way_out})
        world.apply(other)

        assert world.plan(other).changes == []
        assert world.gcloud.state["databases"][0]["locationId"] == way_out["region"]
        tasks, jobs = (way_out.get(f"{name}_region", way_out["region"]) for name in ("tasks", "jobs"))
        assert {name.split("/")[3] for name in world.google.queues} == {tasks}
        assert {name.split("/")[3] for name in world.google.jobs} == {jobs}


def test_a_region_that_there_is_not_is_told_with_those_that_there_are() -> None:
    with a_project(region="europe-west99") as world:
        with pytest.raises(Halted, match="Firestore is not in europe-west99(?s:.*)choose one that has all of them"):
            world.apply()
        assert nothing_has_a_place(world)


def test_a_part_of_the_world_without_any_is_shown_the_others() -> None:
    told = pytest.raises(Halted, match=r"all of them \(europe-west1, europe-west3, us-central1\) by --region")
    with a_project(region="asia-south9") as world, told:
        world.apply()


def test_where_a_project_may_not_build_its_functions_are_made_elsewhere_beside_the_database(tmp_path: Path) -> None:
    declared = DECLARATION.read_text(encoding="utf-8")
    assert declared.count("location: ${region}") == 3
    own = tmp_path / "own.yaml"
    own.write_text(declared.replace("location: ${region}", "location: europe-west3"))
    with a_project(region="europe-west3") as world:
        world.gcloud.state["refusals"].append(["functions deploy", 1, NO_BUILDS])
        with pytest.raises(Halted, match="write this region into firestore.location and each bucket's location"):
            world.apply()
        other = load(own, {"project": PROJECT, "region": "us-central1"})
        world.apply(other)

        assert world.plan(other).changes == []
        state = world.gcloud.state
        places = {each["location"] for each in state["buckets"].values()} | {state["databases"][0]["locationId"]}
        assert {each.lower() for each in places} == {"europe-west3"}
        assert {each["name"].split("/")[3] for each in state["functions"].values()} == {"us-central1"}


def test_a_service_that_lists_no_regions_is_not_judged_by_that() -> None:
    with a_project(region=NO_QUEUES_NO_JOBS) as world:
        world.gcloud.state["unlisted"] = ["tasks"]
        with pytest.raises(
            Halted, match=r": Cloud Scheduler is(?s:.*)all of them \(europe-west1, europe-west3\)"
        ) as halted:
            world.apply()
        assert "Cloud Tasks" not in str(halted.value)


def test_the_regions_are_asked_for_right_after_the_apis(world: World) -> None:
    kinds = [each.kind for each in resources(world.declaration)]
    assert kinds[:2] == ["APIs", "services"]
