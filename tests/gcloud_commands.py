"""What the gcloud of this machine knows: its commands and flags, and what its own parser says of a command line."""

import json
import runpy
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from tests.real_parts import require_real_part

NO_LOGIN = "You do not currently have an active account selected"
"""What gcloud says to a command line that it understands, where nobody is logged in."""

_PARSE = """
import json, os, sys
said = open(sys.argv[2] + ".said", "w+")
os.dup2(said.fileno(), 2)  # gcloud keeps the stream that it begins with
sys.path[:0] = [sys.argv[1] + "/lib", sys.argv[1] + "/lib/third_party"]
from googlecloudsdk import gcloud_main
cli = gcloud_main.CreateCLI([])
answers = []
for command in json.load(sys.stdin):
    said.seek(0, os.SEEK_END)
    begin = said.tell()
    try:
        cli.Execute(command)
        code = 0
    except SystemExit as end:
        code = end.code
    sys.stderr.flush()
    said.seek(begin)
    answers.append([code, said.read()])
json.dump(answers, open(sys.argv[2], "w"))
"""


def sdk() -> Path:
    """Where the SDK is. Skips or fails where it is absent."""
    gcloud = shutil.which("gcloud")
    found = Path(gcloud).resolve().parents[1] if gcloud else Path("/nowhere")
    require_real_part((found / "data/cli/gcloud_completions.py").exists(), "the gcloud SDK knows its commands")
    return found


@cache
def known_commands() -> Mapping[str, frozenset[str]]:
    """Each command's flags, by its words; a switch has its opposite, --no-FLAG, too."""
    tree = runpy.run_path(str(sdk() / "data/cli/gcloud_completions.py"))["STATIC_COMPLETION_CLI_TREE"]
    everywhere = _flags(tree["flags"])
    found: dict[str, frozenset[str]] = {}

    def walk(words: tuple[str, ...], node: Mapping) -> None:
        for name, child in node.get("commands", {}).items():
            walk((*words, name), child)
        if not node.get("commands"):
            found[" ".join(words)] = _flags(node.get("flags", {})) | everywhere

    walk((), tree)
    return found


def _flags(flags: Mapping[str, object]) -> frozenset[str]:
    return frozenset(flags) | {f"--no-{name[2:]}" for name, kind in flags.items() if kind == "bool"}


def parsed_by_gcloud(commands: Sequence[Sequence[str]], *, folder: Path) -> list[tuple[int, str]]:
    """What the real gcloud says of each command line where nobody is logged in: its exit code and its words.

    It reads a whole line before it looks for a login, so that NO_LOGIN means that it understood all of it.
    """
    answers = folder / "answers.json"
    environ = {
        "PATH": "/usr/bin:/bin",
        "CLOUDSDK_CONFIG": str(folder / "config"),
        "CLOUDSDK_CORE_CHECK_GCE_METADATA": "false",
        "CLOUDSDK_CORE_DISABLE_PROMPTS": "1",
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
    }
    subprocess.run(
        [_python(), "-c", _PARSE, str(sdk()), str(answers)],
        input=json.dumps([list(command) for command in commands]),
        cwd=folder,
        env=environ,
        text=True,
        check=True,
        capture_output=True,
    )
    return [(code, said) for code, said in json.loads(answers.read_text())]


def _python() -> str:
    bundled = sdk() / "platform/bundledpythonunix/bin/python3"
    return str(bundled) if bundled.exists() else "python3"
