"""A command as the services get it: the project's state, its words, its flags; and gcloud's refusal."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

Json: TypeAlias = Any


class No(Exception):
    """gcloud's refusal: its exit code and words."""

    def __init__(self, words: str, code: int = 1) -> None:
        self.words, self.code = words, code
        super().__init__(words)


def no(words: str, code: int = 1) -> NoReturn:
    raise No(words, code)


class Flags(dict):
    """A command's flags; each may come more than once."""

    def __init__(self, flags: Mapping[str, list[Any]], *, folder: Path) -> None:
        super().__init__(flags)
        self.folder = folder

    def one(self, name: str, default: Json = None) -> Json:
        return self[name][-1] if name in self else default

    def file(self, name: str) -> Json:
        return json.loads((self.folder / self.one(name)).read_text())


def variables(text: str) -> dict[str, str]:
    sign = ","
    if text.startswith("^"):
        sign, text = text[1:].split("^", 1)
    return dict(pair.split("=", 1) for pair in text.split(sign) if pair)


Commands: TypeAlias = Mapping[str, Callable[[Json, list[str], Flags], Json]]
"""What a service's commands do with the state, their words and their flags, by their names."""
