"""What a command writes: answers on stdout, the rest on stderr; colour and movement on a terminal only."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

Json: TypeAlias = dict[str, Any]
"""A JSON object."""

_PIPED_WIDTH = 110  # a pipe has no width, and a table is not to be cut because of it


def write_json(answer: Json) -> None:
    """Write one JSON object on stdout; decimals are text already, instants become ISO text."""
    typer.echo(orjson.dumps(answer, option=orjson.OPT_INDENT_2))


def answers() -> Console:
    """Where answers go. Rich knows NO_COLOR, and leaves colour out where there is no terminal."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else _PIPED_WIDTH, emoji=False)


def complaints() -> Console:
    """Where errors and progress go."""
    return Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


def columns(*styles: str, right: tuple[int, ...] = ()) -> Table:
    """An empty table without lines; `right` names the columns of numbers."""
    table = Table.grid(padding=(0, 2))
    for index, style in enumerate(styles):
        table.add_column(style=style, justify="right" if index in right else "left", no_wrap=index in right)
    return table


@contextmanager
def counting(title: str) -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each stage while the block runs; it is called with the stage, how many are done, and of how many."""
    bar = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    with _progress(*bar, TimeElapsedColumn()) as progress:
        tasks: dict[str, Any] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(f"{title}: {stage}", total=total)
            progress.update(tasks[stage], completed=done, total=total)

        yield report


@contextmanager
def watching(title: str, *, state: Callable[[], str]) -> Iterator[None]:
    """A line that shows `state()` as it is, while the block runs: the work itself is not slowed by reporting."""
    with _progress(SpinnerColumn(), TextColumn(title), _State(state), TimeElapsedColumn()) as progress:
        progress.add_task(title, total=None)
        yield


class _State(ProgressColumn):
    """Asks for the state at each refresh."""

    max_refresh = 0.1

    def __init__(self, state: Callable[[], str]) -> None:
        super().__init__()
        self._state = state

    def render(self, task: Task) -> Text:  # noqa: ARG002 - rich's interface
        """The state now."""
        return Text(self._state(), style="cyan")


def _progress(*parts: ProgressColumn) -> Progress:
    console = complaints()
    return Progress(*parts, console=console, transient=True, disable=not console.is_terminal)
