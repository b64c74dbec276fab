"""A plan as a diff for people, and as JSON for programs."""

import json
from collections.abc import Iterator, Mapping
from difflib import ndiff

import typer

from infra.declaration import Declaration
from infra.plan import Change, Plan
from infra.resource import Command, Difference

_COLOURS = {"+": "green", "-": "red", "~": "yellow", "!": "magenta", "=": "cyan"}


def plan_lines(plan: Plan, declaration: Declaration) -> Iterator[str]:
    """The plan, line by line: + is to be made, ~ to be changed, ! can't be, = is left as it is.

    Below each its settings and its steps.
    """
    project = declaration.variables.project
    for change in plan.changes:
        yield _coloured(f"{_sign(change)} {change.title}")
        for each in change.differences:
            yield from (_coloured(f"    {line}") for line in _difference(each, is_new=change.is_new))
        yield from (f"    ! {sentence}" for sentence in change.stuck)
        for step in () if change.stuck else change.steps:
            mark = "$ " if isinstance(step, Command) else "> "
            yield from (f"    {mark if not number else '  '}{line}" for number, line in _numbered(step.shown(project)))
        yield ""
    for left in plan.left:
        yield _coloured(f"= {left.resource.kind} {left.resource.name}")
        yield from (f"    {line}" for line in _difference(left.difference, is_new=False))
        yield _coloured(f"    = {left.why}")
        yield ""
    yield summary(plan)
    yield from _notes(plan)


def summary(plan: Plan) -> str:
    """What the plan comes to, in a line."""
    new = sum(change.is_new for change in plan.changes)
    left = f" and {len(plan.left)} settings left as they are" if len(plan.left) > 1 else " and 1 setting left as it is"
    besides = left if plan.left else ""
    if not plan.changes:
        return f"Nothing to do: {'' if plan.left else 'all '}{plan.unchanged} things are as declared{besides}."
    return f"{new} to make, {len(plan.changes) - new} to change, {plan.unchanged} as declared{besides}."


def plan_json(plan: Plan, declaration: Declaration) -> str:
    """The plan as one JSON object."""
    variables = declaration.variables
    return json.dumps(
        {
            "project": variables.project,
            "region": variables.region,
            "unchanged": plan.unchanged,
            "changes": [_change_json(change, variables.project) for change in plan.changes],
            "left": [
                {"kind": each.resource.kind, "name": each.resource.name, **_json(each.difference), "why": each.why}
                for each in plan.left
            ],
            "notes": list(plan.notes),
        },
        indent=2,
    )


def _change_json(change: Change, project: str) -> Mapping[str, object]:
    return {
        "action": "create" if change.is_new else "update",
        "kind": change.resource.kind,
        "name": change.resource.name,
        "possible": not change.stuck,
        "differences": [_json(each) for each in change.differences],
        "steps": [step.shown(project) for step in change.steps],
    }


def _json(difference: Difference) -> Mapping[str, object]:
    return {"field": difference.field, "live": difference.live, "wanted": difference.wanted}


def _sign(change: Change) -> str:
    return "!" if change.stuck else "+" if change.is_new else "~"


def _difference(each: Difference, *, is_new: bool) -> Iterator[str]:
    """The lines of a setting: of a new thing what it will be, else what it is and what it will be."""
    live, wanted = dict(_leaves(each.live, each.field)), dict(_leaves(each.wanted, each.field))
    for name in dict.fromkeys([*live, *wanted]):
        if live.get(name) == wanted.get(name):
            continue
        yield from _text(name, None if is_new else live.get(name), wanted.get(name))


def _leaves(value: object, name: str) -> Iterator[tuple[str, str]]:
    match value:
        case None:
            return
        case Mapping() if value:
            for key, each in value.items():
                yield from _leaves(each, f"{name}.{key}")
        case list() if value:
            for number, each in enumerate(value):
                yield from _leaves(each, f"{name}[{number}]" if isinstance(each, Mapping) else f"{name}[{each}]")
        case str():
            yield name, value
        case _:
            yield name, json.dumps(value)


def _text(name: str, live: str | None, wanted: str | None) -> Iterator[str]:
    name = name.removesuffix(f"[{live}]").removesuffix(f"[{wanted}]")  # one of a list
    if "\n" not in f"{live}{wanted}":
        yield from (f"- {name}: {live}" for _ in range(live is not None))
        yield from (f"+ {name}: {wanted}" for _ in range(wanted is not None))
        return
    yield f"{'+' if live is None else '~'} {name}:"
    lines = ndiff((live or "").splitlines(), (wanted or "").splitlines())
    yield from (f"{line[0]}   {line[2:]}".rstrip() for line in lines if not line.startswith("?"))


def _notes(plan: Plan) -> Iterator[str]:
    if plan.notes:
        yield ""
        yield "To be done by hand:"
        yield from (f"  {note}" for note in plan.notes)


def _numbered(text: str) -> Iterator[tuple[int, str]]:
    return enumerate(text.splitlines())


def _coloured(line: str) -> str:
    colour = _COLOURS.get(line.lstrip()[:1])
    return typer.style(line, fg=colour) if colour else line
