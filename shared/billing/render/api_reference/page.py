"""The readable reference of an OpenAPI document: one page, which loads nothing from anywhere.

Its one script searches and opens what a link points to; without it the page can be read all the same.
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from billing.render.api_reference.sample import curl_sample
from billing.render.api_reference.shapes import Field, content_kinds, parameter_of, shapes_of

_METHODS = ("get", "post", "put", "patch", "delete")
_REF = "#/components/"
_CODE = re.compile("`([^`]+)`")
_WORD = re.compile(r"[A-Za-z_]+")
_ITEM = "- "


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferencePage:
    """The page as HTML; a content security policy lets its style sheet and its script in by their hashes."""

    html: str
    style_hash: str
    script_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer of an operation: its status, what it holds, and its headers."""

    status: str
    kind: str
    headers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path; `gist` is the first sentence of what it is about, `sample` a call with curl."""

    name: str
    method: str
    path: str
    gist: str
    about: str
    sample: str
    parameters: tuple[Field, ...]
    body: str
    replies: tuple[Reply, ...]
    refusals: tuple[str, ...]


def reference_page(document: Mapping[str, Any]) -> ReferencePage:
    """The reference of a document: who may ask, its operations by noun, the refusals, then every object."""
    environment = _environment()
    style, script = (environment.get_template(name).render().strip() for name in ("style.css.j2", "search.js.j2"))
    groups: dict[str, list[Operation]] = {}
    for tag, operation in _operations(document):
        groups.setdefault(tag, []).append(operation)
    components = document["components"]
    html = environment.get_template("reference.html.j2").render(
        title=document["info"]["title"],
        version=document["info"]["version"],
        about=document["info"]["description"],
        schemes=components.get("securitySchemes", {}),
        tags={each["name"]: each["description"] for each in document.get("tags", [])},
        groups=groups,
        refusals=components["responses"],
        shapes=[*shapes_of(document)],
        known=frozenset(components["schemas"]),
        style=Markup(style),  # noqa: S704 - the sheet is ours
        script=Markup(script),  # noqa: S704 - and so is the script
    )
    return ReferencePage(html=html, style_hash=_hash_of(style), script_hash=_hash_of(script))


def _hash_of(text: str) -> str:
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[str, Operation]]:
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if (given := methods.get(method)) is not None:
                yield given.get("tags", ["more"])[0], _operation(document, given, method=method, path=path)


def _operation(document: Mapping[str, Any], given: Mapping[str, Any], *, method: str, path: str) -> Operation:
    about = given.get("description", given.get("summary", ""))
    responses = given["responses"]
    return Operation(
        name=given["operationId"],
        method=method.upper(),
        path=path,
        gist=re.split(r"(?<=[.;:])\s", about, maxsplit=1)[0].rstrip(".;:"),
        about=about,
        sample=curl_sample(method, path, given),
        parameters=tuple(parameter_of(_resolved(document, each)) for each in given.get("parameters", [])),
        body=content_kinds(given.get("requestBody", {})),
        replies=tuple(
            Reply(status=status, kind=content_kinds(each), headers=tuple(each.get("headers", ())))
            for status, each in responses.items()
            if status.startswith("2")
        ),
        refusals=tuple(sorted(status for status in responses if status >= "4")),
    )


def _resolved(document: Mapping[str, Any], given: Mapping[str, Any]) -> Mapping[str, Any]:
    if (ref := given.get("$ref")) is None:
        return given
    found: Any = document["components"]
    for step in ref.removeprefix(_REF).split("/"):
        found = found[step]
    resolved: Mapping[str, Any] = found
    return resolved


@lru_cache(maxsize=1)
def _environment() -> Environment:
    loader = PackageLoader("billing.render", "api_reference")
    built = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    built.filters |= {"prose": _prose, "paragraphs": _paragraphs, "linked": _linked}
    return built


def _prose(text: str) -> Markup:
    """Text as HTML, with what stands between backticks as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped before


def _paragraphs(text: str) -> Markup:
    """The same, a paragraph or a list for each part between empty lines."""
    return Markup("\n").join(_paragraph(each.splitlines()) for each in text.split("\n\n"))


def _paragraph(lines: Sequence[str]) -> Markup:
    if not all(each.startswith(_ITEM) for each in lines):
        return Markup("<p>{}</p>").format(_prose(" ".join(lines)))
    items = Markup("").join(Markup("<li>{}</li>").format(_prose(each.removeprefix(_ITEM))) for each in lines)
    return Markup("<ul>{}</ul>").format(items)


def _linked(kind: str, known: frozenset[str]) -> Markup:
    """A kind in words, in which each object that the page has is a link to it."""

    def link(found: re.Match[str]) -> str:
        return f'<a href="#{found[0]}">{found[0]}</a>' if found[0] in known else found[0]

    return Markup(_WORD.sub(link, str(escape(kind))))  # noqa: S704 - escaped before
