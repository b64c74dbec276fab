"""Ask before what can't be taken back."""

import sys

import typer

from billing.cli.errors import Refused


def confirm(question: str, *, yes: bool) -> None:
    """Ask on a terminal, and leave if the answer is no; elsewhere nobody can answer, and `--yes` has to say it."""
    if yes:
        return
    if not sys.stdin.isatty():
        message = f"{question} Say so with --yes"
        raise Refused(message)
    typer.confirm(question, abort=True, err=True)
