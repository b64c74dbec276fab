"""A release is told what `infra apply` made the rest with, or it deploys nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.infra.cloud import PROJECT, World, a_project
from tests.infra.test_release_goes_back import releasing

MAIL = "smtp://billing@mail.example:587"


def rendered(folder: Path, *told: str) -> Path:
    file = folder / "release.json"
    command = [sys.executable, "-m", "infra.deploy", "render", f"--project={PROJECT}", f"--file={file}", *told]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return file


def released(world: World, file: Path) -> tuple[int, str]:
    with releasing(world, file, lambda _command, answer: answer) as release:
        said = release.communicate()[1]
    return release.returncode, said


def deployed(world: World) -> bool:
    """Whether anything was since the first apply."""
    return any(each["newest"] > 1 for each in world.gcloud.state["run_services"].values())


@pytest.mark.parametrize(
    ("applied", "told", "variables"),
    [
        ({"mail": MAIL}, [], ["BILLING_MAIL"]),
        ({}, [f"--set=mail={MAIL}"], ["BILLING_MAIL"]),
        ({"database": "restored"}, [], ["FIRESTORE_DATABASE"]),
        ({"tasks_region": "europe-west3"}, [], ["BILLING_TASKS"]),
        (
            {"bucket": "acme-papers", "look_before_charging": "on"},
            [],
            ["BILLING_OBJECTS", "BILLING_LOOK_BEFORE_CHARGING"],
        ),
    ],
)
def test_a_release_that_is_not_told_what_apply_was_told_deploys_nothing(
    tmp_path: Path, applied: dict[str, str], told: list[str], variables: list[str]
) -> None:
    with a_project(**applied) as world:
        world.apply()
        code, said = released(world, rendered(tmp_path, *told))

        assert (code, deployed(world)) == (1, False), said
        differing = [f"  {name}: {each}" for name in world.declaration.functions for each in variables]
        assert sorted(line for line in said.splitlines() if line.startswith("  ")) == sorted(differing)
        assert "FAILED nothing was deployed" in said
        assert MAIL not in said


def test_a_release_to_another_region_than_apply_s_deploys_nothing(tmp_path: Path) -> None:
    with a_project(region="us-central1") as world:
        world.apply()
        code, said = released(world, rendered(tmp_path))

        assert (code, deployed(world)) == (1, False)
        assert "run_dunning: is in us-central1, not in europe-west1" in said


def test_a_release_that_is_told_the_same_as_apply_deploys(tmp_path: Path) -> None:
    with a_project(region="us-central1", mail=MAIL) as world:
        world.apply()
        _, said = released(world, rendered(tmp_path, "--region=us-central1", f"--set=mail={MAIL}"))

        assert deployed(world), said
        assert world.plan().changes == []
