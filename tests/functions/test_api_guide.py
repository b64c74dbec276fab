"""The commands of docs/guides/api.md, run one after the other against the API on a small book."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from billing.domain.member import Role
from tests.functions.api_books import running_api
from tests.unit.test_cli_guides import ROOT, shown_in


def test_each_command_of_the_guide_prints_what_it_shows(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "samples" / "api", tmp_path / "samples" / "api")
    (tmp_path / "docs").mkdir()
    shutil.copy(ROOT / "docs" / "openapi.json", tmp_path / "docs")
    commands = list(shown_in((ROOT / "docs/guides/api.md").read_text(encoding="utf-8")))
    assert len(commands) >= 9
    with running_api(tmp_path / "books") as api:
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # its Python and its generator
        environ = {**os.environ, "PATH": path, "API": api.proxy.base, "KEY": api.keys["acme", Role.ADMIN]}
        for each in commands:
            printed = subprocess.run(
                ["bash", "-c", each.command],
                cwd=tmp_path,
                env=environ,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            ).stdout
            assert each.is_met_by(printed), f"$ {each.command}\n{printed}"
