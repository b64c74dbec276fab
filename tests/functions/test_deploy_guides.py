"""The guides on deploying and on work with gcloud: their commands are run, or read by gcloud's own parser."""

import re
import shlex
import subprocess
import sys
from pathlib import Path
from shutil import copy

import pytest

from billing.adapters.secret_reference import SecretReference
from billing.adapters.secret_refusals import Refusals
from tests.functions.laptop import laptop_door
from tests.functions.running_door import KEY, ROOT
from tests.gcloud_commands import NO_LOGIN, parsed_by_gcloud
from tests.unit.test_cli_guides import shown_in

NAMES = ("deploy", "rotating-keys", "backup", "by-hand", "upgrading")
GUIDES = {name: (ROOT / f"docs/guides/{name}.md").read_text(encoding="utf-8") for name in NAMES}
FENCED = re.compile(r"^ *```sh\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
GCLOUD = re.compile(r"gcloud [^|;&]*[^|;&\s]")
LOCAL = re.compile(r"(?:auth|config) ")
"""Commands that gcloud does without asking Google; it needs nobody to be logged in."""


def gcloud_lines(text: str) -> list[str]:
    """Each gcloud command of a guide's shell blocks and of its sentences, without what is around it."""
    blocks = [block.replace("\\\n", " ") for block in FENCED.findall(text)]
    said = re.findall("`(gcloud [^`]+)`", FENCED.sub("", text))
    return [found for line in (*"\n".join(blocks).splitlines(), *said) for found in GCLOUD.findall(line)]


def words(line: str) -> list[str]:
    """What a shell makes of a line, where its placeholders have been filled in."""
    placed = line.replace(" OLD ", " 1 ")
    placed = placed.replace("ACCOUNT", "012345-6789AB-CDEF01").replace("BILLING_012345", "012345")
    project = [] if "--project" in line else ["--project=acme-billing"]  # of the configuration, in the guides
    return shlex.split(placed)[1:] + project


@pytest.mark.parametrize("name", GUIDES)
def test_gcloud_understands_every_command_of_the_guide(name: str, tmp_path: Path) -> None:
    lines = [line for line in gcloud_lines(GUIDES[name]) if not LOCAL.match(line.removeprefix("gcloud "))]
    assert len(lines) >= 3
    for needed in ("cloudbuild.yaml", ".buildignore", ".gitignore"):  # read before gcloud looks for a login
        copy(ROOT / needed, tmp_path)

    answers = parsed_by_gcloud([words(line) for line in lines], folder=tmp_path)

    misread = {line: answer for line, answer in zip(lines, answers, strict=True) if NO_LOGIN not in answer[1]}
    assert misread == {}


def test_gcloud_understands_every_remedy_of_a_secret_s_errors(tmp_path: Path) -> None:
    refusals = Refusals(SecretReference("acme-billing", "key"))
    told = [
        refusals.none_enabled(newest="2"),
        refusals._no_secret(),
        refusals._lacks("roles/secretmanager.viewer"),
        refusals._switched_off(),
        refusals._dead("3", destroyed=True),
    ]
    lines = [found for each in told for found in re.findall("gcloud [^,]+", each.remedy)]
    assert len(lines) == 6
    file = tmp_path / "FILE"
    file.write_text("value")

    answers = parsed_by_gcloud([shlex.split(line.replace("FILE", str(file)))[1:] for line in lines], folder=tmp_path)

    assert [said for _, said in answers if NO_LOGIN not in said] == []


def test_a_flag_that_gcloud_does_not_know_would_be_found(tmp_path: Path) -> None:
    [(_, said)] = parsed_by_gcloud([["secrets", "versions", "add", "KEY", "--data-fiel=-"]], folder=tmp_path)
    assert NO_LOGIN not in said
    assert "--data-fiel" in said


def test_the_local_commands_of_the_guide_print_what_it_shows() -> None:
    shown = list(shown_in(GUIDES["deploy"]))
    assert len(shown) == 2
    for each in shown:
        command = each.command.replace("python ", f"{sys.executable} ", 1)
        done = subprocess.run(shlex.split(command), cwd=ROOT, capture_output=True, text=True, check=True)
        assert each.is_met_by(done.stdout), done.stdout


def test_the_internal_key_is_rotated_as_the_guide_says_without_a_call_refused(tmp_path: Path) -> None:
    [block] = re.findall(r"^```bash\n(.*?)^```$", GUIDES["rotating-keys"], re.MULTILINE | re.DOTALL)
    script = f"INTERNAL_API_KEY={KEY}\n{block}echo $INTERNAL_API_KEY $INTERNAL_API_KEY_PREVIOUS"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    new, old = done.stdout.split()
    assert (len(new), old) == (64, KEY)

    both = {"INTERNAL_API_KEY": new, "INTERNAL_API_KEY_PREVIOUS": old}
    with laptop_door(tmp_path, more=both) as laptop:
        tenant = laptop.tenant()
        assert [laptop.door.post(tenant=tenant, key=key).status for key in (old, new)] == [200, 200]
    with laptop_door(tmp_path, INTERNAL_API_KEY=new) as laptop:
        assert [laptop.door.post(tenant=tenant, key=key).status for key in (old, new)] == [401, 200]
