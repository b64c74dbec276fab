"""The readable reference of an OpenAPI document: one page without a script, which loads nothing from anywhere."""

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

_METHODS = ("get", "post", "put", "patch", "delete")
_REF = "#/components/"
_CODE = re.compile("`([^`]+)`")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferencePage:
    """The page as HTML; `style_hash` is what a content security policy lets its style sheet in by."""

    html: str
    style_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A parameter, or a field of a body: what it takes in words."""

    name: str
    kind: str
    is_needed: bool
    about: str
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path; `gist` is the first sentence of what it is about."""

    method: str
    path: str
    gist: str
    about: str
    parameters: tuple[Field, ...]
    body: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """An object by its name."""

    name: str
    about: str
    fields: tuple[Field, ...]


def reference_page(document: Mapping[str, Any]) -> ReferencePage:
    """The reference of a document: its operations by noun, then every object."""
    environment = _environment()
    style = environment.get_template("style.css.j2").render().strip()
    groups: dict[str, list[Operation]] = {}
    for tag, operation in _operations(document):
        groups.setdefault(tag, []).append(operation)
    html = environment.get_template("reference.html.j2").render(
        title=document["info"]["title"],
        version=document["info"]["version"],
        about=document["info"]["description"],
        groups=groups,
        shapes=[_shape(name, schema) for name, schema in sorted(document["components"]["schemas"].items())],
        style=Markup(style),  # noqa: S704 - the sheet is ours
    )
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return ReferencePage(html=html, style_hash=f"sha256-{digest}")


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, Operation]]:
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if (given := methods.get(method)) is None:
                continue
            parameters = [_resolved(document, each) for each in given.get("parameters", [])]
            about = given.get("description", given.get("summary", ""))
            yield (
                given.get("tags", ["more"])[0],
                Operation(
                    method=method.upper(),
                    path=path,
                    gist=re.split(r"(?<=[.;:])\s", about, maxsplit=1)[0].rstrip(".;:"),
                    about=about,
                    parameters=tuple(_parameter(each) for each in parameters),
                    body=_content(given.get("requestBody", {})),
                    answer=_answer(given["responses"]),
                ),
            )


def _resolved(document: Mapping[str, Any], given: Mapping[str, Any]) -> Mapping[str, Any]:
    if (ref := given.get("$ref")) is None:
        return given
    found: Any = document["components"]
    for step in ref.removeprefix(_REF).split("/"):
        found = found[step]
    resolved: Mapping[str, Any] = found
    return resolved


def _parameter(given: Mapping[str, Any]) -> Field:
    return Field(
        name=given["name"],
        kind=kind_of(given["schema"]),
        is_needed=given.get("required", False),
        about=given.get("description", ""),
        place=given["in"],
    )


def _shape(name: str, schema: Mapping[str, Any]) -> Shape:
    needed = schema.get("required", [])
    fields = tuple(
        Field(name=field, kind=kind_of(each), is_needed=field in needed, about=each.get("description", ""))
        for field, each in schema.get("properties", {}).items()
    )
    words = " | ".join(map(str, schema.get("enum", [])))
    return Shape(name=name, about=schema.get("description", words) if fields else words, fields=fields)


def kind_of(schema: Mapping[str, Any]) -> str:
    """A schema in a few words: `string or null`, `list of LineAnswer`."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if (ways := schema.get("anyOf") or schema.get("oneOf")) is not None:
        return " or ".join(dict.fromkeys(map(kind_of, ways)))
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if "const" in schema:
        return str(schema["const"])
    if schema.get("type") == "array":
        return f"list of {kind_of(schema.get('items', {}))}"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"map to {kind_of(schema['additionalProperties'])}"
    return str(schema.get("format") or schema.get("type") or "anything")


def _content(given: Mapping[str, Any]) -> str:
    kinds = [
        kind_of(each.get("schema", {})) if "json" in media else media
        for media, each in given.get("content", {}).items()
    ]
    return " or ".join(kinds)


def _answer(responses: Mapping[str, Any]) -> str:
    for status, given in responses.items():
        if status.startswith("2"):
            return f"{status} {_content(given)}".strip()
    return ""


@lru_cache(maxsize=1)
def _environment() -> Environment:
    loader = PackageLoader("billing.render", "api_reference")
    built = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    built.filters["prose"] = _prose
    return built


def _prose(text: str) -> Markup:
    """Text as HTML, with what stands between backticks as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped before
