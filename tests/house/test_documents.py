"""Links lead somewhere, decisions are complete, the licence is there, and no file names the machine it was made on."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.source import ROOT, tracked_text_files
from tests.real_parts import require_real_part

PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("shared/**/*.md"), *ROOT.glob("samples/**/*.md")]
)
DECISIONS = sorted(ROOT.glob("docs/adr/[0-9]*.md"))
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^()\s]+)(?:\s+\"[^\"]*\")?\)")
HEADING = re.compile(r"^#+\s+(?P<title>.+?)\s*$", re.MULTILINE)
MACHINE_PATH = re.compile(r"(?<![\w./~${}-])/(?:work|root|home|Users)/\w|\bfile:///(?:opt|srv|tmp|usr|var)/\w")
REGISTRY = re.compile(r"https?://[^\s\"']*(?:pypi\.|pythonhosted|npmjs|/simple/)")
LOCKS = sorted(ROOT.glob("requirements*.txt"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    assert list(_dead_links(page)) == []


def test_a_dead_link_and_a_dead_anchor_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# The `one` title\n[a](#the-one-title) [b](#other) [c](none.md) [d](page.md) [e](https://x.test)\n"
    )
    assert list(_dead_links(page)) == ["#other", "none.md"]


def test_the_index_names_every_decision_once() -> None:
    index = (ROOT / "docs/adr/README.md").read_text(encoding="utf-8")
    assert [index.count(f"({decision.name})") for decision in DECISIONS] == [1] * len(DECISIONS)
    assert len(DECISIONS) >= 11


@pytest.mark.parametrize("decision", DECISIONS, ids=lambda decision: decision.stem)
def test_a_decision_has_its_four_parts_and_one_quotable_line(decision: Path) -> None:
    text = decision.read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences", "Alternatives"]
    assert len(re.findall(r"^> .+$", text, re.MULTILINE)) == 1


def test_the_licence_is_apache_2() -> None:
    licence = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in licence
    assert "Version 2.0, January 2004" in licence
    assert "END OF TERMS AND CONDITIONS" in licence


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_holds_pinned_and_hashed_packages_and_no_address(lock: Path) -> None:
    lines = [line for line in lock.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")]
    pinned = re.compile(
        r"[a-z0-9][a-z0-9._-]*(\[[a-z0-9,_-]+\])?==\S+( ; .+?)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?"
    )
    assert [line for line in lines if not pinned.fullmatch(line)] == []
    assert len(lines) > 100


@pytest.mark.parametrize("line", ["see /home/ann/x", "file:///opt/x", "--index-url https://pypi.test/simple/"])
def test_a_machine_path_or_a_registry_address_is_found(line: str) -> None:
    assert MACHINE_PATH.search(line) or REGISTRY.search(line)


def test_no_file_names_a_machine_path_or_a_registry_address() -> None:
    require_real_part((ROOT / ".git").exists(), "git lists the files, and this copy of the tree has no .git")
    named = [
        f"{name}:{number}: {line.strip()[:80]}"
        for name, text in tracked_text_files()
        if name != str(Path(__file__).relative_to(ROOT))
        for number, line in enumerate(text.splitlines(), start=1)
        if MACHINE_PATH.search(line) or REGISTRY.search(line)
    ]
    assert named == []


def _dead_links(page: Path) -> Iterator[str]:
    for match in LINK.finditer(FENCE.sub("", page.read_text(encoding="utf-8"))):
        target = match["target"]
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = page.parent / path if path else page
        if not there.exists() or (anchor and anchor not in _anchors(there)):
            yield target


def _anchors(page: Path) -> set[str]:
    titles = (match["title"] for match in HEADING.finditer(FENCE.sub("", page.read_text(encoding="utf-8"))))
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
