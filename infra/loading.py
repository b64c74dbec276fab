"""Read billing.yaml: each key once, ${name} filled in, and every flaw with the line that it stands on."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import yaml
from pydantic import ValidationError

from billing.adapters.variables import without_user
from infra.declaration import Declaration, Unshown
from infra.errors import InvalidDeclaration
from infra.references import reference_flaws
from infra.start_check import start_flaws

Lines: TypeAlias = dict[tuple[str, ...], int]

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_MOST_ROUNDS = 5
_PLAIN = {"string_type": "a text", "int_type": "a whole number", "bool_type": "true or false"}


def load(path: Path, given: Mapping[str, str]) -> Declaration:
    """The declaration of a file with the variables that are `given` in place of its own. Raises InvalidDeclaration."""
    lines: Lines = {}
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except OSError as error:
        raise InvalidDeclaration([f"{path}: {error.strerror}"]) from error
    except yaml.YAMLError as error:
        raise InvalidDeclaration([f"{path}: {without_user(str(error))}"]) from error
    flaws: list[str] = []
    data = _data(node, (), lines, flaws, path=path)
    if not isinstance(data, dict) or not isinstance(data.get("variables"), dict):
        flaws.append(f"{path}:1: expected a mapping with variables, service_accounts and so on")
    if flaws:
        raise InvalidDeclaration(flaws)
    return _declaration(_filled(data, given, lines, path=path), lines, path=path)


def variables_given(pairs: Iterable[str]) -> dict[str, str]:
    """Variables as a command line gives them, each NAME=VALUE. Raises InvalidDeclaration, which shows no value."""
    pairs = list(pairs)
    if flaws := [f"--set {_name(each)}: expected NAME=VALUE" for each in pairs if not re.match(r"[\w-]+=", each)]:
        raise InvalidDeclaration(flaws)
    return {name: value for name, _, value in (each.partition("=") for each in pairs)}


def _name(pair: str) -> str:
    """What begins a pair as a name does."""
    name = (re.match(r"[\w-]*", pair) or [""])[0]
    return name if name == pair else f"{name}..."


def _data(node: yaml.Node | None, at: tuple[str, ...], lines: Lines, flaws: list[str], *, path: Path) -> Any:  # noqa: ANN401
    """The node as Python data; where each path stands goes into `lines`, a key given twice into `flaws`."""
    match node:
        case yaml.MappingNode():
            found: dict[str, Any] = {}
            for key, value in node.value:
                name = str(key.value)
                if name in found:
                    flaws.append(f"{path}:{key.start_mark.line + 1}: {'.'.join((*at, name))}: is given twice")
                lines[(*at, name)] = key.start_mark.line + 1
                found[name] = _data(value, (*at, name), lines, flaws, path=path)
            return found
        case yaml.SequenceNode():
            items = []
            for number, item in enumerate(node.value):
                lines[(*at, str(number))] = item.start_mark.line + 1
                items.append(_data(item, (*at, str(number)), lines, flaws, path=path))
            return items
        case yaml.ScalarNode():
            return yaml.SafeLoader("").construct_object(node)
        case _:
            return None


def _filled(data: Any, given: Mapping[str, str], lines: Lines, *, path: Path) -> Any:  # noqa: ANN401
    known = {name: "" if value is None else str(value) for name, value in data["variables"].items()}
    if unknown := [name for name in given if name not in known]:
        raise InvalidDeclaration([f"--set {name}: expected one of {', '.join(known)}" for name in unknown])
    known |= given
    if not known.get("project"):
        raise InvalidDeclaration(["project: is not set; name it by --project or GOOGLE_CLOUD_PROJECT"])
    for _ in range(_MOST_ROUNDS):  # a variable may be made of others
        known = {name: _put_in(text, known) for name, text in known.items()}
    if flaws := [f"{path}:{lines.get(at, 1)}: {'.'.join(at)}: {said}" for at, said in _unknown(data, (), known)]:
        raise InvalidDeclaration(flaws)
    return {**_with(data, known), "variables": known}


def _put_in(text: str, known: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda found: known.get(found[1], found[0]), text)


def _with(value: Any, known: Mapping[str, str]) -> Any:  # noqa: ANN401
    match value:
        case dict():
            return {name: _with(each, known) for name, each in value.items()}
        case list():
            return [_with(each, known) for each in value]
        case str():
            return _put_in(value, known)
        case _:
            return value


def _unknown(value: Any, at: tuple[str, ...], known: Mapping[str, str]) -> Iterator[tuple[tuple[str, ...], str]]:  # noqa: ANN401
    """Where a variable is named that there is none of."""
    match value:
        case dict():
            for name, each in value.items():
                yield from _unknown(each, (*at, name), known)
        case list():
            for number, each in enumerate(value):
                yield from _unknown(each, (*at, str(number)), known)
        case str():
            for name in _VARIABLE.findall(value):
                if name not in known:
                    yield at, f"${{{name}}} is no variable; there are {', '.join(known)}"
        case _:
            pass


def _declaration(data: Any, lines: Lines, *, path: Path) -> Declaration:  # noqa: ANN401
    try:
        declaration = Declaration.model_validate(data)
    except ValidationError as error:
        raise InvalidDeclaration([_flaw(each, lines, path=path) for each in error.errors()]) from error
    if flaws := list(reference_flaws(declaration)) or list(dict.fromkeys(start_flaws(declaration))):
        raise InvalidDeclaration([f"{path}:{_line(at, lines)}: {'.'.join(at)}: {said}" for at, said in flaws])
    return declaration


def _flaw(error: Any, lines: Lines, *, path: Path) -> str:  # noqa: ANN401
    """One error of pydantic's as compilers write them."""
    at = tuple(str(each) for each in error["loc"] if each != "[key]")
    place = f"{path}:{_line(at, lines)}: {'.'.join(at)}"
    match error["type"]:
        case "missing":
            return f"{place}: is missing"
        case "extra_forbidden":
            return f"{place}: is no field; is it misspelt, or indented too far?"
        case "value_error":
            said = str(error["ctx"]["error"])
            if isinstance(error["ctx"]["error"], Unshown):
                return f"{place}: expected {said}"
        case kind:
            said = _PLAIN.get(kind) or error["msg"].removeprefix("Input should be ").removeprefix("String should ")
    shown = without_user(repr(error["input"]))
    return f"{place}: expected {said}, got {shown if len(shown) <= 60 else shown[:57] + '...'}"


def _line(at: tuple[str, ...], lines: Lines) -> int:
    """The line of the path, or of the nearest part above it."""
    while at and at not in lines:
        at = at[:-1]
    return lines.get(at, 1)
