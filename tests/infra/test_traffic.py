"""What of a function serves: a deploy takes all traffic, also after a release that went back, which the plan tells."""

from pathlib import Path

from infra.functions import deploy_flags
from tests.infra.cloud import PROJECT, World, a_project


def goes_back(world: World) -> None:
    """A release of run_dunning, and what it does where that does not answer."""
    deploy = ["functions", "deploy", "run_dunning", *deploy_flags(world.declaration, "run_dunning")]
    turn = ["run", "services", "update-traffic", "run-dunning", "--to-revisions=run-dunning-00001=100"]
    for command in (deploy, turn):
        code, _, said = world.gcloud(["gcloud", *command, f"--project={PROJECT}"], Path())
        assert code == 0, said


def noted(world: World) -> list[str]:
    return [note for note in world.plan().notes if "a revision before the newest serves" in note]


def test_a_deploy_by_apply_takes_the_traffic_that_a_release_turned_back() -> None:
    with a_project() as world:
        world.apply()
        goes_back(world)
        assert world.serving()["run-dunning"] == {"run-dunning-00001": 100}

        world.gcloud.state["functions"]["run_dunning"]["serviceConfig"]["timeoutSeconds"] = 60
        world.apply()

        assert world.serving()["run-dunning"] == {"run-dunning-00003": 100}


def test_the_plan_tells_of_a_function_whose_newest_revision_does_not_serve() -> None:
    with a_project() as world:
        world.apply()
        assert noted(world) == []
        goes_back(world)

        [note] = noted(world)
        assert note.startswith("run_dunning: ")
        assert world.plan().changes == []
