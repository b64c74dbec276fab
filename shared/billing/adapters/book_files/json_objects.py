"""JSON files as models: exact numbers, no key twice or unknown, and every error with the line it stands on."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from billing.adapters.book_files.error_log import ErrorLog, broken_model, broken_rule
from billing.adapters.book_files.exact_json import exact_json
from billing.adapters.book_files.json_places import line_of
from billing.adapters.book_files.text_files import read_text
from billing.domain.errors import InvalidInput


class JsonModel(BaseModel):
    """A JSON object: a field for each key, required unless it has a default."""

    model_config = ConfigDict(frozen=True, extra="forbid")


M = TypeVar("M", bound=JsonModel)
Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class JsonFile:
    """A JSON file that could be read: its value, and its text to find places in."""

    file: str
    text: str
    value: Any
    log: ErrorLog

    def places(self) -> list[Place]:
        """Where its objects are: a file holds one, or a list of them."""
        return [(index,) for index in range(len(self.value))] if isinstance(self.value, list) else [()]

    def add(self, place: Place, message: str) -> None:
        """Log what is wrong at a place, as `usage[0].tiers[1].up_to` with its line; without text there are no lines."""
        line = line_of(self.text, place) if self.text and not self.log.is_full else 0  # it takes time to find
        self.log.add(self.file, message, line=line, column=_dotted(place))

    def add_rule(self, place: Place, error: InvalidInput) -> None:
        """Log a rule of the domain that a value broke; the rule names the field from `place` on."""
        self.add((*place, *_place(error.field)), broken_rule(error))

    def model(self, kind: type[M], place: Place = ()) -> M | None:
        """The object at a place as `kind`, or None where what is wrong with it is logged."""
        value = self.value
        for step in place:
            value = value[step]
        try:
            return kind.model_validate(value)
        except ValidationError as error:
            for each in error.errors(include_url=False):
                self.add((*place, *each["loc"]), _message(each, kind))
            return None


def read_json(path: Path, *, log: ErrorLog) -> JsonFile | None:
    """A JSON file, or None where what is wrong with it is logged."""
    text = read_text(path, log=log)
    if text is None:
        return None
    try:
        value = exact_json(text)
    except json.JSONDecodeError as error:
        log.add(path.name, f"expected JSON: {error.msg}", line=error.lineno, column=f"column {error.colno}")
    except RecursionError:
        log.add(path.name, "expected JSON: it is nested too deeply")
    else:
        return JsonFile(path.name, text, value, log)
    return None


def _message(error: ErrorDetails, kind: type[BaseModel]) -> str:
    match error["type"]:
        case "missing":
            return "the key is missing"
        case "extra_forbidden":
            known = ", ".join(_model_at(kind, error["loc"][:-1]).model_fields)
            return f"unknown key; known are {known}"
        case _:
            return broken_model(error)


def _model_at(kind: type[BaseModel], place: Sequence[str | int]) -> type[BaseModel]:
    """The model that a place of another lies in."""
    for step in place:
        if isinstance(step, str) and step in kind.model_fields:
            kind = next(_models(kind.model_fields[step].annotation), kind)
    return kind


def _models(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401 - any annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _dotted(place: Place) -> str:
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return text.removeprefix(".")


def _place(dotted: str) -> Place:
    """The steps of a dotted path: `tiers[1].up_to` is tiers, 1, up_to."""
    steps = re.findall(r"([^.\[\]]+)|\[([0-9]+)\]", dotted)
    return tuple(name or int(index) for name, index in steps)
