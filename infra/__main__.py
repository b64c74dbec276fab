"""The command line `python -m infra`."""

import json
import os
import sys
from collections.abc import Callable
from functools import wraps
from inspect import Parameter, Signature, signature
from itertools import chain, groupby
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from infra.applying import apply as apply_plan
from infra.applying import destroy as destroy_found
from infra.applying import doomed
from infra.cloud import Cloud
from infra.declaration import Declaration
from infra.errors import InfraError
from infra.gcloud import Gcloud
from infra.loading import load, variables_given
from infra.plan import make_plan
from infra.resource import Allowed, Command, Step
from infra.resources import resources
from infra.shown import plan_json, plan_lines, summary

NOTHING, FAILED, DIFFERS = range(3)


class Differs(Exception):
    """Apply would have something to do."""


app = typer.Typer(
    name="infra",
    help="What billing needs on Google Cloud: compare it with infra/billing.yaml, and make it so.",
    epilog="\b\nStart with:           python -m infra plan --project=PROJECT",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)

Project: TypeAlias = Annotated[
    str | None, typer.Option(metavar="ID", envvar="GOOGLE_CLOUD_PROJECT", help="The project.")
]
Region: TypeAlias = Annotated[str | None, typer.Option(metavar="REGION", help="Where everything is.")]
Set: TypeAlias = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A variable that the declaration begins with.")
]
File: TypeAlias = Annotated[
    Path, typer.Option("--file", metavar="FILE", help="The declaration, else infra/billing.yaml.", show_default=False)
]
Resume: TypeAlias = Annotated[bool, typer.Option("--resume", help="Resume the jobs and queues that were paused.")]
Shorten: TypeAlias = Annotated[
    bool, typer.Option("--shorten", help="Keep objects and backups no longer than declared.")
]
Shrink: TypeAlias = Annotated[
    bool,
    typer.Option("--shrink", help="Once a release is proven: take away indexes that it needs no more, begin expiry."),
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="One JSON object and nothing else.")]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
DECLARATION = Path(__file__).with_name("billing.yaml")


def _open(
    *, project: Project = None, region: Region = None, given: Set = None, file: File = DECLARATION
) -> tuple[Declaration, Cloud]:
    """What the options of every command say: which declaration, and whose cloud."""
    variables = variables_given(given or ())
    variables |= {name: value for name, value in (("project", project), ("region", region)) if value is not None}
    declaration = load(_from_here(file), variables)
    return declaration, Cloud(declaration.variables.project, Gcloud(declaration.variables.project))


def _allow(*, resume: Resume = False, shorten: Shorten = False, shrink: Shrink = False) -> tuple[Allowed]:
    """What is done only when it is asked for."""
    return (Allowed(resume=resume, shorten=shorten, shrink=shrink),)


def _command(*openers: Callable[..., tuple[Any, ...]]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add a command: it is given what the openers make of their options, and its own options."""

    def add(do: Callable[..., None]) -> Callable[..., None]:
        @wraps(do)
        def run(**options: Any) -> None:  # noqa: ANN401 - each as its option says
            opened = [
                opener(**{name: options.pop(name) for name in signature(opener).parameters}) for opener in openers
            ]
            do(*chain.from_iterable(opened), **options)

        shared = [each for opener in openers for each in signature(opener).parameters.values()]
        own = [each for each in signature(do).parameters.values() if each.kind is Parameter.KEYWORD_ONLY]
        run.__signature__ = Signature([*shared, *own])  # type: ignore[attr-defined]  # what typer reads
        run.__annotations__ = {each.name: each.annotation for each in (*shared, *own)}
        return app.command()(run)

    return add


@_command(_open, _allow)
def plan(declaration: Declaration, cloud: Cloud, allowed: Allowed, *, as_json: AsJson = False) -> None:
    """Show what differs from what is live, and change nothing.

    Exit code: 0 apply has nothing to do, 2 it has, 1 it could not be found out.
    """
    found = make_plan(resources(declaration, allowed), cloud)
    if as_json:
        _print(plan_json(found, declaration))
    else:
        for line in plan_lines(found, declaration):
            _print(line)
    if found.changes:
        raise Differs


@_command(_open, _allow)
def apply(declaration: Declaration, cloud: Cloud, allowed: Allowed, *, as_json: AsJson = False) -> None:
    """Make it so; run again, it goes on where it stopped.

    Each step is said before it is done, and nothing is done where nothing differs.

    Exit code: 0 it is so, 1 a step failed.
    """
    project = declaration.variables.project
    declared = resources(declaration, allowed)
    done: list[str] = []

    def say(title: str, step: Step) -> None:
        done.append(step.shown(project))
        if not as_json:
            _say(title, step, declaration)

    found = make_plan(declared, cloud)
    apply_plan(found, cloud, say=say)
    left = [str(each) for each in found.left]
    notes = [note for each in declared for note in each.notes(cloud)]
    if as_json:
        _print(json.dumps({"project": project, "steps": done, "left": left, "notes": notes}, indent=2))
        return
    _print(f"Done: {len(done)} step{'s' if len(done) > 1 else ''}." if done else summary(found))
    for sentence in left:
        _print(f"Left as it is: {sentence}")
    for note in notes:
        _print(f"To be done by hand: {note}")


@_command(_open)
def destroy(declaration: Declaration, cloud: Cloud, *, yes: Yes = False) -> None:
    """Delete what is declared, but no documents and no files.

    It asks first, and deletes neither Firestore nor a bucket that has objects.

    Exit code: 0 it is gone, 1 a step failed or the answer was no.
    """
    found = doomed(resources(declaration), cloud)
    for each, _ in found.deleted:
        _print(typer.style(f"- {each.kind} {each.name}", fg="red"))
    for reason, kept in groupby(found.kept, key=lambda each: each.kept):
        one, *more = kept
        stays = f"and {len(more)} more stay" if more else "stays"
        _print(f"  {one.kind} {one.name} {stays}: {reason}")
    if not found.deleted:
        _print("Nothing to delete.")
        return
    name = declaration.variables.project
    if not yes and typer.prompt(f"This can't be undone. Type the project's id, {name}, to go on") != name:
        msg = "nothing was deleted: that is not the project's id"
        raise InfraError(msg)
    left = destroy_found(found, cloud, say=lambda title, step: _say(title, step, declaration))
    _print(f"Done: {len(found.deleted) - len(left)} things are gone.")
    for sentence in left:
        _print(f"Left: {sentence}")


def _from_here(file: Path) -> Path:
    """The shortest way to name the file in an error."""
    return file.relative_to(Path.cwd()) if file.is_absolute() and file.is_relative_to(Path.cwd()) else file


def _say(title: str, step: Step, declaration: Declaration) -> None:
    _print(typer.style(title, fg={"+": "green", "~": "yellow"}.get(title[0], "red")))
    mark = "  $ " if isinstance(step, Command) else "  > "
    _print(mark + step.shown(declaration.variables.project).replace("\n", "\n    "))


def _print(text: str) -> None:
    """To standard output, in colour on a terminal alone and never where NO_COLOR is set (https://no-color.org)."""
    typer.echo(text, color=False if os.environ.get("NO_COLOR") else None)


def main() -> int:
    """Run it; the exit code. Wrong usage is 1 too, as 2 says that something differs."""
    try:
        app()
    except Differs:
        return DIFFERS
    except InfraError as error:
        typer.echo(f"infra: {error}", err=True)
        return FAILED
    except SystemExit as end:
        return FAILED if end.code else NOTHING
    return NOTHING


if __name__ == "__main__":
    sys.exit(main())
