"""The first deploy from an empty project to one that is as declared, and an upgrade: in the guides' words.

Here the functions are stand-ins that answer as they should; tests/functions/test_release.py starts the real ones.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.gcloud_commands import known_commands
from tests.gcloud_stand_in import StandIn, on_path
from tests.google_project import GoogleProject
from tests.infra.cloud import PROJECT
from tests.infra.test_shrink import OF_ANOTHER_VERSION
from tests.local_server import QuietHandler, serving

TOKEN = "of-the-scheduler"


class Functions(QuietHandler):
    """Up; what needs a credential they answer for the Scheduler alone."""

    def do_GET(self) -> None:
        self._answer(200, {"status": "ok"})

    def do_POST(self) -> None:
        self._answer(401, {"code": "unauthenticated"})

    def _answer(self, status: int, members: Mapping[str, str]) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.answer(status, json.dumps(members).encode())


@pytest.fixture
def gcloud() -> StandIn:
    return StandIn(known_commands())


@pytest.fixture
def environ(gcloud: StandIn, tmp_path: Path) -> Iterator[Mapping[str, str]]:
    """Of a person with an empty project."""

    def run(command: Sequence[str], folder: Path) -> tuple[int, str, str]:
        if "print-identity-token" in command:
            return 0, TOKEN, ""
        code, out, said = gcloud(command, folder)
        return code, out.replace("http://127.0.0.1:1/", f"{functions}/"), said

    with GoogleProject() as google, serving(Functions) as functions, on_path(tmp_path, run):
        yield {**os.environ, **google.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "GOOGLE_CLOUD_PROJECT": ""}


def does(environ: Mapping[str, str], *words: str) -> tuple[int, str]:
    done = subprocess.run([sys.executable, *words], env=environ, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_plan_apply_release_a_second_plan_that_is_empty_and_after_an_upgrade_a_shrink(
    environ: Mapping[str, str], gcloud: StandIn, tmp_path: Path
) -> None:
    infra, release = ("-m", "infra"), tmp_path / "release.json"

    assert does(environ, *infra, "plan", f"--project={PROJECT}")[0] == 2
    code, said = does(environ, *infra, "apply", f"--project={PROJECT}")
    assert code == 0, said
    assert said.index("wait until all indexes are built") < said.index("+ function generate_invoices")
    rendered = ("-m", "infra.deploy", "render", f"--project={PROJECT}", f"--file={release}")
    assert does(environ, *rendered)[0] == 0
    code, said = does(environ, "infra/deploy/release.py", str(release), "--patience=0")
    assert (code, said.count("\nok ")) == (0, 9), said
    code, said = does(environ, *infra, "plan", f"--project={PROJECT}")
    assert code == 0, said
    assert said.startswith("Nothing to do: all ")
    assert {each["image"] for each in gcloud.state["run_services"].values()} == {2}

    for needed in ("a field that it may query by", "an old index"):  # by the version before
        OF_ANOTHER_VERSION[needed][0](gcloud.state)
    for command in ("plan", "apply"):
        code, said = does(environ, *infra, command, f"--project={PROJECT}")
        assert (code, said.count("2 settings left as they are")) == (0, 1), said
    code, said = does(environ, *infra, "apply", "--shrink", f"--project={PROJECT}")
    assert (code, said.count("Done: 2 steps.")) == (0, 1), said
