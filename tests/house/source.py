"""The sources that the house rules speak of, as parsed trees."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "shared" / "billing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One source file: its path from the root, its text and its tree."""

    path: str
    text: str
    tree: ast.Module

    def at(self, node: ast.stmt | ast.expr) -> str:
        """Where `node` stands, to click on."""
        return f"{self.path}:{node.lineno}"


def modules(*layers: str) -> Iterator[Module]:
    """Every module of the named parts of `billing`, or of the whole package; a part may be a file or a folder."""
    for layer in layers or ("",):
        folder, file = PACKAGE / layer, (PACKAGE / layer).with_suffix(".py")
        for path in sorted(folder.rglob("*.py")) if folder.is_dir() else [file] * file.is_file():
            text = path.read_text(encoding="utf-8")
            yield Module(path=str(path.relative_to(ROOT)), text=text, tree=ast.parse(text, filename=str(path)))


def tracked_text_files() -> Iterator[tuple[str, str]]:
    """Path and text of every file under version control, and of those about to be, that is text."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listing.stdout.decode().split("\0")):
        path = ROOT / name
        if path.is_file() and b"\0" not in (raw := path.read_bytes()):
            yield name, raw.decode("utf-8", errors="replace")
