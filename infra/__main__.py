"""The command line `python -m infra`."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from infra.applying import apply as apply_plan
from infra.applying import destroy as destroy_found
from infra.applying import doomed
from infra.cloud import Cloud
from infra.declaration import Declaration
from infra.errors import InfraError, InvalidDeclaration
from infra.gcloud import Gcloud
from infra.loading import load
from infra.plan import make_plan
from infra.resource import Command, Step
from infra.resources import resources
from infra.shown import plan_json, plan_lines, summary

NOTHING, FAILED, DIFFERS = range(3)


class Differs(Exception):
    """The plan is not empty."""


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
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="Another variable of the declaration.")
]
File: TypeAlias = Annotated[Path, typer.Option("--file", metavar="FILE", help="The declaration.")]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="One JSON object and nothing else.")]
Yes: TypeAlias = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
DECLARATION = Path(__file__).with_name("billing.yaml")


@app.command()
def plan(
    *,
    project: Project = None,
    region: Region = None,
    given: Set = None,
    file: File = DECLARATION,
    as_json: AsJson = False,
) -> None:
    """Show what differs from what is live, and change nothing.

    Exit code: 0 nothing differs, 2 something does, 1 it could not be found out.
    """
    declaration, cloud = _open(project, region, given, file=file)
    found = make_plan(resources(declaration), cloud)
    if as_json:
        _print(plan_json(found, declaration))
    else:
        for line in plan_lines(found, declaration):
            _print(line)
    if found.changes:
        raise Differs


@app.command()
def apply(
    *,
    project: Project = None,
    region: Region = None,
    given: Set = None,
    file: File = DECLARATION,
    as_json: AsJson = False,
) -> None:
    """Make it so, step by step; run again, it goes on where it stopped, and does nothing where nothing differs.

    Exit code: 0 it is so, 1 a step failed.
    """
    declaration, cloud = _open(project, region, given, file=file)
    declared = resources(declaration)
    done: list[str] = []

    def say(title: str, step: Step) -> None:
        done.append(step.shown(declaration.variables.project))
        if not as_json:
            _say(title, step, declaration)

    found = make_plan(declared, cloud)
    apply_plan(found, cloud, say=say)
    notes = [note for each in declared for note in each.notes(cloud)]
    if as_json:
        _print(json.dumps({"project": declaration.variables.project, "steps": done, "notes": notes}, indent=2))
        return
    _print(f"Done: {len(done)} step{'s' if len(done) > 1 else ''}." if done else summary(found))
    for note in notes:
        _print(f"To be done by hand: {note}")


@app.command()
def destroy(
    *, project: Project = None, region: Region = None, given: Set = None, file: File = DECLARATION, yes: Yes = False
) -> None:
    """Delete what is declared, but neither Firestore nor a bucket that has objects. Asks first.

    Exit code: 0 it is gone, 1 a step failed or the answer was no.
    """
    declaration, cloud = _open(project, region, given, file=file)
    found = doomed(resources(declaration), cloud)
    for each, _ in found.deleted:
        _print(typer.style(f"- {each.kind} {each.name}", fg="red"))
    for each in found.kept:
        _print(f"  {each.kind} {each.name} stays: {each.kept}")
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


def _open(project: str | None, region: str | None, given: list[str] | None, *, file: Path) -> tuple[Declaration, Cloud]:
    variables: dict[str, str] = {}
    for each in given or ():
        name, sign, value = each.partition("=")
        if not sign:
            raise InvalidDeclaration([f"--set {each}: expected NAME=VALUE"])
        variables[name] = value
    variables |= {name: value for name, value in (("project", project), ("region", region)) if value is not None}
    declaration = load(_from_here(file), variables)
    return declaration, Cloud(declaration.variables.project, Gcloud(declaration.variables.project))


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
