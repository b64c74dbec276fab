"""What of a function serves: `apply` keeps its code and its traffic, and a release takes all of it."""

from pathlib import Path

from infra.functions import deploy_flags
from tests.infra.cloud import PROJECT, World, a_project


def deploy(world: World) -> None:
    """As a release deploys run_dunning."""
    do(world, "functions", "deploy", "run_dunning", *deploy_flags(world.declaration, "run_dunning"))


def goes_back(world: World) -> None:
    """A release of run_dunning, and what it does where that does not answer."""
    deploy(world)
    do(world, "run", "services", "update-traffic", "run-dunning", "--to-revisions=run-dunning-00001=100")


def do(world: World, *command: str) -> None:
    code, _, said = world.gcloud(["gcloud", *command, f"--project={PROJECT}"], Path())
    assert code == 0, said


def noted(world: World) -> list[str]:
    return [note for note in world.plan().notes if "a revision before the newest serves" in note]


def changed(world: World, **settings: object) -> None:
    """By hand, of run_dunning."""
    world.gcloud.state["run_services"]["run-dunning"].update(settings)


def test_apply_changes_what_a_function_is_told_and_never_its_code() -> None:
    with a_project() as world:
        world.apply()
        service = world.gcloud.state["run_services"]["run-dunning"]
        right = {**service}
        env = {**service["env"], "BILLING_MAIL": "smtp://elsewhere.example", "BY_HAND": "1"}
        del env["BILLING_OBJECTS"]
        changed(world, env=env, timeout=60, concurrency=9, maxScale="3", minScale="1", ingress="internal")
        changed(world, limits={"memory": "256Mi", "cpu": "2"}, account="somebody@else.example")
        world.gcloud.state["policies"]["run-dunning"] = {}

        world.apply()

        assert service == {**right, "newest": 2}
        assert world.gcloud.state["policies"]["run-dunning"] == {"roles/run.invoker": ["allUsers"]}
        assert [each for each in world.gcloud.changes() if each.startswith("functions deploy")] == [
            f"functions deploy {name}" for name in world.declaration.functions
        ]
        assert world.serving()["run-dunning"] == {"run-dunning-00002": 100}
        assert world.plan().changes == []


def test_what_a_release_turned_back_stays_back_whatever_apply_changes() -> None:
    """The newest revision has the code that did not answer."""
    with a_project() as world:
        world.apply()
        goes_back(world)
        changed(world, timeout=60)

        world.apply()

        assert world.serving()["run-dunning"] == {"run-dunning-00001": 100}
        assert len(noted(world)) == 1
        assert world.plan().changes == []


def test_what_a_function_is_built_by_waits_for_the_next_release() -> None:
    with a_project() as world:
        world.apply()
        world.gcloud.state["functions"]["run_dunning"]["buildConfig"]["runtime"] = "python310"

        plan = world.plan()
        assert plan.changes == []
        assert [str(each) for each in plan.left] == [
            "function run_dunning: runtime: it changes with the code, by the next release"
        ]
        assert world.apply() == []


def test_a_function_that_never_came_to_serve_is_deployed_by_apply() -> None:
    with a_project() as world:
        world.apply()
        del world.gcloud.state["run_services"]["run-dunning"]

        world.apply()

        assert world.serving()["run-dunning"] == {"run-dunning-00001": 100}
        assert world.plan().changes == []


def test_a_release_takes_the_traffic_that_one_before_turned_back() -> None:
    with a_project() as world:
        world.apply()
        goes_back(world)
        assert world.serving()["run-dunning"] == {"run-dunning-00001": 100}

        deploy(world)

        assert world.serving()["run-dunning"] == {"run-dunning-00003": 100}
        assert noted(world) == []


def test_the_plan_tells_of_a_function_whose_newest_revision_does_not_serve() -> None:
    with a_project() as world:
        world.apply()
        assert noted(world) == []
        goes_back(world)

        [note] = noted(world)
        assert note.startswith("run_dunning: ")
        assert world.plan().changes == []
