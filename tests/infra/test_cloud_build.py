"""cloudbuild.yaml deploys what `infra apply` declares, and leaves the release the time to go back."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

import pytest
import yaml

from infra.declaration import Variables
from infra.deploy import release
from infra.functions import deploy_flags
from infra.loading import load
from tests.infra.cloud import DECLARATION, PROJECT

BUILD: Mapping[str, Any] = yaml.safe_load(Path("cloudbuild.yaml").read_text(encoding="utf-8"))
STEPS: Mapping[str, Mapping[str, Any]] = {step["id"]: step for step in BUILD["steps"]}

OTHER = {
    "project": PROJECT,
    "region": "us-central1",
    "tasks_region": "us-east1",
    "jobs_region": "us-west1",
    "time_zone": "America/New_York",
    "database": "restored",
    "look_before_charging": "on",
    "bucket": "acme-papers",
    "export_bucket": "acme-books",
    "mail": "smtp://billing@mail.example:587",
    "runtime": "python312",
    "alerts_to": "ops@acme.example",
}
"""Every variable, each with another value than the declaration's."""

OF_THE_BUILD = {"_DECLARATION", "_PYTHON"}


def rendered(tmp_path: Path, **told: str) -> dict[str, Sequence[str]]:
    """The flags of each function, by the build's own step where it is told these substitutions."""
    substitutions = {**BUILD["substitutions"], **told, "PROJECT_ID": PROJECT}
    args = [Template(each).substitute(substitutions) for each in STEPS["render"]["args"]]
    file = tmp_path / "release.json"
    subprocess.run([sys.executable, *args, f"--file={file}"], check=True, stdout=subprocess.DEVNULL)
    return {each["name"]: each["flags"] for each in json.loads(file.read_text())["functions"]}


def applied(variables: Mapping[str, str], *, file: Path = DECLARATION) -> dict[str, Sequence[str]]:
    """The flags of each function, by `apply` where it is told these variables."""
    declaration = load(file, variables)
    return {name: list(deploy_flags(declaration, name)) for name in declaration.functions}


def test_a_build_that_is_told_the_same_as_apply_deploys_the_same(tmp_path: Path) -> None:
    """Of whatever variable a function comes to depend on, there is a substitution."""
    assert set(OTHER) == set(Variables.model_fields)
    told = {name: OTHER[name.lower().removeprefix("_")] for name in BUILD["substitutions"] if name not in OF_THE_BUILD}
    assert rendered(tmp_path, **told, _PYTHON="3.12") == applied(OTHER)


def test_what_a_build_is_not_told_is_as_the_declaration_says(tmp_path: Path) -> None:
    assert rendered(tmp_path) == applied({"project": PROJECT})

    own = tmp_path / "own.yaml"
    text = DECLARATION.read_text(encoding="utf-8")
    for old, new in (
        ('  mail: ""', "  mail: smtp://us@mail.example"),
        ("  database: (default)", "  database: restored"),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    own.write_text(text)
    assert rendered(tmp_path, _DECLARATION=str(own)) == applied({"project": PROJECT}, file=own)


def test_each_substitution_is_used_and_each_that_is_used_is_there() -> None:
    """Cloud Build refuses a build where that is not so (MUST_MATCH)."""
    steps = yaml.safe_dump(BUILD["steps"])
    used = {each["braced"] or each["named"] for each in Template.pattern.finditer(steps)}
    assert used == {*BUILD["substitutions"], "PROJECT_ID"}


def test_the_release_ends_in_time_whatever_the_steps_before_it_take() -> None:
    def seconds(text: str) -> int:
        return int(text.removesuffix("s"))

    longest = {name: seconds(step["timeout"]) for name, step in STEPS.items()}
    assert sum(longest.values()) < seconds(BUILD["timeout"])
    assert longest["release"] > release.DEADLINE_SECONDS + release.ROLL_BACK_SECONDS


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--set=mail"], "--set mail: expected NAME=VALUE"),
        (["--set=smtp://u:pa55word@mail.example"], "--set smtp...: expected NAME=VALUE"),
        (["--set=smtp://u:pa55word@mail.example?x=1"], "--set smtp...: expected NAME=VALUE"),
        (["--set=mails=x"], "--set mails: expected one of project, region,"),
        (["--python=3.x"], "variables.runtime: expected a runtime such as python311, got 'python3x'"),
        (["--declaration=none.yaml"], "none.yaml: No such file or directory"),
    ],
)
def test_a_wrong_word_to_render_is_told_and_nothing_is_written(tmp_path: Path, given: list[str], told: str) -> None:
    file = tmp_path / "release.json"
    command = [sys.executable, "-m", "infra.deploy", "render", f"--project={PROJECT}", f"--file={file}", *given]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout, file.exists()) == (1, "", False)
    assert told in done.stderr
    assert "pa55word" not in done.stderr
