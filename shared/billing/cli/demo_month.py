"""The month of the demo as a person watches and reads it: the day that is played, the diary, where to look further."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from billing.cli.demo_diary import Diary, diary_of, print_diary
from billing.cli.demo_playing import Playing, play
from billing.cli.screen import answers, complaints, watching
from billing.wiring import LOCAL_MAIL


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A story that was played through: its diary, and what could not be done, in words."""

    diary: Diary
    failures: Sequence[str]


def watched_play(playing: Playing) -> Played:
    """Play what is left of the story with a line of progress, and read its diary."""
    days: list[date] = []
    with watching(f"Playing {playing.story.tenant_id}", state=lambda: str(days[-1]) if days else ""):
        failures = play(playing, progress=days.append)
    for each in failures:
        complaints().print(each, style="red", markup=False)
    return Played(diary=diary_of(playing.engine.documents, playing.story), failures=failures)


def print_played(played: Played, *, directory: Path, is_local: bool) -> None:
    """Print the diary, the mails' place, and what to look at next where commands find the documents."""
    console = answers()
    print_diary(played.diary, console)
    mails = directory / LOCAL_MAIL
    count = sum(1 for part in ("new", "cur") for _ in (mails / part).glob("*"))
    console.print(f"{count:,} mails in [bold]{mails}[/]", soft_wrap=True)
    if not is_local:
        return
    console.print()
    commands = ["billing dunning list --review", "billing audit list --event dunning"]
    if played.diary.transitions:
        commands.append(f"billing audit list --entity {played.diary.transitions[-1].invoice.number}")
    for title, command in zip(("Who waits:", "What happened:", "One invoice:"), commands, strict=False):
        console.print(f"{title:<16}{command} --dir {directory}", soft_wrap=True, markup=False)
