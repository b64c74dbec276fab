"""The guide's commands, run by a shell: `python -m infra` as people start it, with a `gcloud` on the path."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.gcloud_commands import known_commands
from tests.gcloud_stand_in import StandIn, on_path
from tests.google_project import GoogleProject
from tests.unit.test_cli_guides import shown_in

GUIDE = Path("docs/guides/infrastructure.md")


@pytest.fixture
def gcloud() -> StandIn:
    return StandIn(known_commands())


@pytest.fixture
def environ(gcloud: StandIn, tmp_path: Path) -> Iterator[Mapping[str, str]]:
    """Of a person who has a project: an empty one, at the end of every call."""
    path = f"{tmp_path}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    with GoogleProject() as google, on_path(tmp_path, gcloud):
        yield {**os.environ, **google.environ, "PATH": path, "PYTHONPATH": "shared", "GOOGLE_CLOUD_PROJECT": ""}


def ends_with(command: str, environ: Mapping[str, str]) -> tuple[int, str]:
    done = subprocess.run(
        ["bash", "-c", command], env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.returncode, done.stdout


@pytest.mark.slow
def test_each_command_of_the_guide_prints_what_the_guide_shows(environ: Mapping[str, str], gcloud: StandIn) -> None:
    codes = []
    for each in shown_in(GUIDE.read_text(encoding="utf-8")):
        code, printed = ends_with(each.command, environ)
        assert each.is_met_by(printed) if each.output else code == 0, f"$ {each.command}\n{printed}"
        codes.append(code)

    # plan, apply, plan, apply; a drift, plan, apply; plan with a channel, plan with a slip; destroy
    assert codes == [2, 0, 0, 0, 0, 2, 0, 2, 1, 0]
    left = gcloud.state
    assert (len(left["databases"]), left["functions"], left["accounts"], left["buckets"]) == (1, {}, [], {})
