"""What a body is made of, in words: the objects of a document with their fields."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A parameter, or a field of a body: what it takes in words."""

    name: str
    kind: str
    is_needed: bool
    about: str
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """An object by its name."""

    name: str
    about: str
    fields: tuple[Field, ...]


def shapes_of(document: Mapping[str, Any]) -> Iterator[Shape]:
    """Every object of a document, by name."""
    for name, schema in sorted(document["components"]["schemas"].items()):
        yield _shape(name, schema)


def parameter_of(given: Mapping[str, Any]) -> Field:
    """A parameter of the document, with where it goes."""
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


def content_kinds(given: Mapping[str, Any]) -> str:
    """What a body or an answer is, by its media types."""
    kinds = [
        kind_of(each.get("schema", {})) if "json" in media else media
        for media, each in given.get("content", {}).items()
    ]
    return " or ".join(kinds)
