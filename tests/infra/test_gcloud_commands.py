"""Every command that is printed and run is one that the real gcloud understands, down to its flags and their values."""

import json
from pathlib import Path

import pytest

from infra.applying import destroy, doomed
from infra.resources import resources
from tests.gcloud_commands import NO_LOGIN, parsed_by_gcloud
from tests.infra.cloud import INVOICES, PROJECT, World, a_project
from tests.infra.drifts import DRIFTS
from tests.infra.test_grants import SCHEDULER, UNTIL_MAY, by_hand

FILES = {"lifecycle.json": {}, "metric.json": {}, "policy.json": {}, "condition.json": UNTIL_MAY}


def everything_is_done(world: World) -> None:
    """Make it, let all of it drift, mend it, take it away."""
    world.apply()
    for happens, *_ in DRIFTS.values():
        happens(world)
    for target in (PROJECT, INVOICES, SCHEDULER):
        by_hand(world, target, "roles/viewer")
    world.apply()
    destroy(doomed(resources(world.declaration), world.cloud()), world.cloud(), say=lambda _title, _step: None)


@pytest.mark.slow
def test_the_real_gcloud_understands_every_command(tmp_path: Path) -> None:
    with a_project(alerts_to="ops@acme.example") as world:
        everything_is_done(world)
        commands = world.gcloud.state["commands"]
    forms = {tuple(word.partition("=")[0] for word in command): command for command in commands}
    for name, content in FILES.items():
        (tmp_path / name).write_text(json.dumps(content))

    answers = parsed_by_gcloud(list(forms.values()), folder=tmp_path)
    assert len(answers) > 100
    refused = {
        " ".join(command): said
        for command, (code, said) in zip(forms.values(), answers, strict=True)
        if code != 1 or NO_LOGIN not in said
    }
    assert refused == {}


def test_the_real_gcloud_refuses_what_it_does_not_know(tmp_path: Path) -> None:
    answers = parsed_by_gcloud(
        [["firestore", "databases", "create", "--type=graph"], ["storage", "buckets", "create", "gs://x", "--bogus"]],
        folder=tmp_path,
    )
    assert [code for code, _ in answers] == [2, 2]
