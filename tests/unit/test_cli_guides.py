"""The README and the guides hold what they show: each of their commands is run, and its output compared.

A `console` block has commands after `$ ` and below each what it prints, stderr too; `...` stands for whatever varies,
within a line or for whole lines. A page's blocks are run in their order, in a directory of their own, beside a copy of
the samples. Commands without output below them only have to succeed.
"""

import gc
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from typer.testing import CliRunner

from billing.cli import app

ROOT = Path(__file__).parents[2]
GUIDES = (
    "quickstart",
    "access",
    "audit",
    "backup",
    "reconcile",
    "cli",
    "credit-notes",
    "customer-billing",
    "dunning",
    "e-invoices",
    "events",
    "fan-out",
    "import",
    "mails",
    "one-off-invoices",
    "payments",
    "pay-page",
    "prices",
    "proof",
    "reports",
    "review",
    "sandbox",
    "serve",
    "settings",
    "subscriptions",
    "usage",
)
PAGES = (ROOT / "README.md", *(ROOT / "docs/guides" / f"{name}.md" for name in GUIDES))
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SHELL = re.compile(r"[|&;<>$`*\n]")
CLEARED: dict[str, None] = {"BILLING_DIR": None, "FIRESTORE_EMULATOR_HOST": None}
DEMO = re.compile(r"billing demo(?: --through \S+)?(?: --dir (?P<directory>\w+))?")
MAKE = re.compile(r"^make (\w+)$", re.MULTILINE)


@dataclass(frozen=True)
class Shown:
    """A command of a page and the output that the page promises."""

    command: str
    output: str

    def is_met_by(self, printed: str) -> bool:
        """Whether the output is what the page shows, but for blanks at the ends of lines."""
        wanted = [re.escape(line.rstrip()).replace(r"\.\.\.", ".*") for line in self.output.splitlines()]
        pattern = "\n".join("(?s:.*)" if line == ".*" else line for line in wanted)
        return re.fullmatch(pattern, "\n".join(line.rstrip() for line in printed.splitlines())) is not None


def shown_in(page: str) -> Iterator[Shown]:
    """The commands of a page in their order."""
    for block in BLOCK.findall(page):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            yield Shown(command, output.rstrip("\n"))


def prints_what_it_shows(page: Path, folder: Path, shell: "Shell") -> None:
    shutil.copytree(ROOT / "samples", folder / "samples")
    commands = list(shown_in(page.read_text(encoding="utf-8")))
    assert commands
    for each in commands:
        printed, code = shell.run(each.command, folder)
        if each.output:
            assert each.is_met_by(printed), f"$ {each.command}\n{printed}"
        else:
            assert code == 0, f"$ {each.command}\n{printed}"


@pytest.fixture(scope="session")
def shell(tmp_path_factory: pytest.TempPathFactory) -> "Shell":
    return Shell(kept=tmp_path_factory.mktemp("demos"))


@pytest.mark.slow
class TestPages:
    """One of two classes, since test workers take a class as a whole, and the pages together take minutes."""

    @pytest.mark.parametrize("page", PAGES[::2], ids=lambda page: page.stem)
    def test_each_command_of_a_page_prints_what_the_page_shows(
        self, page: Path, tmp_path: Path, shell: "Shell"
    ) -> None:
        prints_what_it_shows(page, tmp_path, shell)


@pytest.mark.slow
class TestOtherPages:
    """The other one."""

    @pytest.mark.parametrize("page", PAGES[1::2], ids=lambda page: page.stem)
    def test_each_command_of_a_page_prints_what_the_page_shows(
        self, page: Path, tmp_path: Path, shell: "Shell"
    ) -> None:
        prints_what_it_shows(page, tmp_path, shell)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_each_make_target_of_a_page_exists(page: Path) -> None:
    for target in MAKE.findall(page.read_text(encoding="utf-8")):
        subprocess.run(["make", "--dry-run", target], cwd=ROOT, check=True, capture_output=True)


def test_a_difference_between_page_and_output_is_found() -> None:
    shown = Shown("echo", "total 12.50\n...\nin ... seconds")
    assert shown.is_met_by("total 12.50  \nmore\nand more\nin 0.8 seconds\n")
    assert not shown.is_met_by("total 12.51\nmore\nin 0.8 seconds")
    assert not shown.is_met_by("total 12.50\nmore\nin 0.8 seconds\nand then some")


def test_a_page_is_read_command_by_command() -> None:
    page = "x\n```console\n$ one\na\nb\n$ two\n```\n```sh\n$ three\n```\n"
    assert list(shown_in(page)) == [Shown("one", "a\nb"), Shown("two", "")]


@dataclass(frozen=True)
class Shell:
    """Runs a page's commands: `billing` alone within this process, the rest by bash.

    A demo in a new directory is always the same: it is played once, into `kept`, and copied for the other pages.
    """

    kept: Path
    printed: dict[str, str] = field(default_factory=dict)

    def run(self, command: str, folder: Path) -> tuple[str, int]:
        """What a command prints, on either stream, and its exit code."""
        demo = DEMO.fullmatch(command)
        if demo and not (folder / (demo["directory"] or "demo")).exists():
            return self._copied_demo(command, folder / (demo["directory"] or "demo"))
        if SHELL.search(command) or not command.startswith("billing "):
            return run_by_bash(command, folder)
        return run_here(command, folder)

    def _copied_demo(self, command: str, directory: Path) -> tuple[str, int]:
        kept = self.kept / re.sub(r"\W+", "-", command)
        if command not in self.printed:
            kept.mkdir()
            self.printed[command], code = run_here(command, kept)
            assert code == 0, self.printed[command]
            gc.collect()
        shutil.copytree(kept / directory.name, directory)
        return self.printed[command], 0


def run_here(command: str, folder: Path) -> tuple[str, int]:
    with pytest.MonkeyPatch.context() as place:
        place.chdir(folder)
        arguments = shlex.split(command)[1:]
        done = CliRunner().invoke(app, arguments, env={**CLEARED, "NO_COLOR": "1"}, catch_exceptions=False)
    return done.output, done.exit_code


def run_by_bash(command: str, folder: Path) -> tuple[str, int]:
    gc.collect()  # closes what a process of its own would have closed at its end: SQLite's files beside the store
    kept = {name: value for name, value in os.environ.items() if name not in CLEARED}
    environ = {**kept, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "NO_COLOR": "1"}
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=folder,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout, done.returncode
