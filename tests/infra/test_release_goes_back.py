"""What serves after a release that failed or was stopped: what served before, of all functions."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import TypeAlias

import pytest

from tests.gcloud_stand_in import on_path
from tests.infra.cloud import PROJECT, World, a_project

BEFORE = {name: {f"{name}-00001": 100} for name in ("generate-invoices", "run-dunning", "apiproxy")}

Answer: TypeAlias = tuple[int, str, str]
Meddle: TypeAlias = Callable[[str, Answer], Answer]
"""What gcloud answers to a command, given as words, in place of what it would."""


@pytest.fixture
def world() -> Iterator[World]:
    """All functions are deployed once."""
    with a_project() as world:
        world.apply()
        assert world.serving() == BEFORE
        yield world


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("rendered") / "release.json"
    command = [sys.executable, "-m", "infra.deploy", "render", f"--project={PROJECT}", f"--file={file}"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return file


@contextmanager
def releasing(world: World, file: Path, meddle: Meddle, *more: str) -> Iterator["subprocess.Popen[str]"]:
    """A release under way; its functions are deployed, but nobody answers at their addresses."""

    def run(command: Sequence[str], folder: Path) -> Answer:
        return meddle(" ".join(command), world.gcloud(command, folder))

    with on_path(file.parent, run):
        yield subprocess.Popen(
            [sys.executable, "infra/deploy/release.py", str(file), "--patience=0", *more],
            env={**os.environ, "PATH": f"{file.parent}:{os.environ['PATH']}"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )


def instead(of: str, code: int, out: str) -> Meddle:
    return lambda command, answer: (code, out, "as told by the test\n") if of in command else answer


@pytest.mark.parametrize(
    ("meddle", "why"),
    [
        (instead("deploy run_dunning", 1, ""), "deploy run_dunning"),
        (instead("deploy apiProxy", 0, "no JSON"), "the answer is no JSON"),
        (instead("deploy generate_invoices", 0, "[]"), "the answer names no url"),
        (instead("deploy apiProxy", 0, '{"url": null}'), "the answer names no url"),
        (lambda _command, answer: answer, "generate_invoices is up: expected (200"),
    ],
)
def test_whatever_goes_wrong_after_a_deploy_all_functions_go_back(
    world: World, rendered: Path, meddle: Meddle, why: str
) -> None:
    with releasing(world, rendered, meddle) as release:
        said = release.communicate()[1]

    assert (release.returncode, world.serving()) == (1, BEFORE), said
    assert why in said.splitlines()[-1]
    assert "Traceback" not in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_release_that_is_stopped_goes_back_after_the_deploys_under_way(
    world: World, rendered: Path, number: signal.Signals
) -> None:
    """A deploy takes all traffic at its end; a second signal does not stop the way back."""
    under_way, goes_on = Event(), Event()

    def slow(command: str, answer: Answer) -> Answer:
        if "deploy run_dunning" in command:
            under_way.set()
            assert goes_on.wait(30)
        return answer

    with releasing(world, rendered, slow) as release:
        assert under_way.wait(30)
        release.send_signal(number)
        assert release.stderr is not None
        said = release.stderr.readline()
        release.send_signal(number)
        goes_on.set()
        said += release.communicate()[1]

    assert (release.returncode, world.serving()) == (1, BEFORE), said
    assert f"FAILED {number.name}" in said


def test_a_release_out_of_time_goes_back(world: World, rendered: Path) -> None:
    """Whoever runs it ends it without a word at some time: it is done before, one way or the other."""
    goes_on = Event()

    def stuck(command: str, answer: Answer) -> Answer:
        if "deploy apiProxy" in command:
            goes_on.wait(30)
        return answer

    with releasing(world, rendered, stuck, "--deadline=2") as release:
        said = release.communicate()[1]
        goes_on.set()

    assert (release.returncode, world.serving()) == (1, BEFORE), said
    assert "out of time" in said


def test_a_function_without_a_revision_stays_and_the_others_go_back(world: World, rendered: Path) -> None:
    del world.gcloud.state["functions"]["apiProxy"], world.gcloud.state["run_services"]["apiproxy"]

    with releasing(world, rendered, lambda _command, answer: answer) as release:
        said = release.communicate()[1]

    assert world.serving() == {**BEFORE, "apiproxy": {"apiproxy-00001": 100}}
    assert "apiProxy had no revision before: it stays as it is" in said


def test_one_function_that_can_not_go_back_keeps_no_other(world: World, rendered: Path) -> None:
    world.gcloud.state["refusals"].append(["update-traffic run-dunning", 1, "HTTPError 503"])

    with releasing(world, rendered, lambda _command, answer: answer) as release:
        said = release.communicate()[1]

    assert world.serving() == {**BEFORE, "run-dunning": {"run-dunning-00002": 100}}
    assert "NOT ROLLED BACK run_dunning, which served run-dunning-00001=100" in said


def test_what_is_no_release_is_told(tmp_path: Path) -> None:
    file = tmp_path / "release.json"
    for content in (None, "{", "[]", '{"project": "acme-billing"}'):
        if content is not None:
            file.write_text(content)
        done = subprocess.run(
            [sys.executable, "infra/deploy/release.py", file], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(f"FAILED {file}: expected what `python -m infra.deploy render` writes")
