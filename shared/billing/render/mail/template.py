"""The text of a mail: a subject, paragraphs and the words on its button, with names in double braces.

The language of templates is a small part of Jinja's: a name, a condition, a comparison, a few filters. There is no
loop, no call and no arithmetic, so a template that was saved can neither run away nor reach anything. What a template
makes is plain text; the HTML is laid out from it, so nothing in it can be markup.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from billing.domain.errors import InvalidInput
from billing.domain.mail_template import MailTemplate

_NODES = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.If,
    nodes.Not,
    nodes.And,
    nodes.Or,
    nodes.Compare,
    nodes.Operand,
    nodes.Filter,
)
_FILTERS = frozenset({"capitalize", "default", "lower", "trim", "upper"})
LONGEST = {"subject": 300, "button": 300, "body": 8_000}
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailText:
    """A template with its names filled in: plain text, the subject in one line."""

    subject: str
    paragraphs: tuple[str, ...]
    button: str


def check_template(template: MailTemplate, *, names: Mapping[str, str]) -> None:
    """Refuse a template that is too long, is no template or uses what templates may not, with InvalidInput.

    `names` are all names that mails have, each with an example: the template is filled in with those as a test, and
    with none of the optional ones given.
    """
    for field, longest in LONGEST.items():
        text = getattr(template, field)
        if len(text) > longest:
            raise InvalidInput(field, expected=f"at most {longest} characters", given=text)
        if _CONTROL.search(text):
            raise InvalidInput(field, expected="text without control characters", given=text)
        if field != "button" and not text.strip():
            raise InvalidInput(field, expected="some text", given=text)
        _require_plain(field, text, names=names)
    for given in (names, dict.fromkeys(names, "")):
        fill(template, names=given)


def fill(template: MailTemplate, *, names: Mapping[str, str]) -> MailText:
    """Put the names' texts into a template. Whatever stands in them is text: it is not looked at for braces again."""
    body = _filled("body", template.body, names)
    return MailText(
        subject=_SPACES.sub(" ", _filled("subject", template.subject, names)).strip(),
        paragraphs=tuple(part.strip() for part in re.split(r"\n\s*\n", body) if part.strip()),
        button=_SPACES.sub(" ", _filled("button", template.button, names)).strip(),
    )


def _require_plain(field: str, text: str, *, names: Mapping[str, str]) -> None:
    try:
        parsed = _environment().parse(text)
    except TemplateSyntaxError as error:
        where = f"{field} line {error.lineno}"
        raise InvalidInput(where, expected="a template", given=error.message or text) from error
    for node in parsed.find_all(nodes.Node):
        where = f"{field} line {node.lineno}"
        if not isinstance(node, _NODES):
            expected = "names, conditions, comparisons and filters alone"
            raise InvalidInput(where, expected=expected, given=type(node).__name__.lower())
        if isinstance(node, nodes.Name) and node.name not in names:
            raise InvalidInput(where, expected=f"one of {', '.join(sorted(names))}", given=node.name)
        if isinstance(node, nodes.Filter) and node.name not in _FILTERS:
            raise InvalidInput(where, expected=f"one of {', '.join(sorted(_FILTERS))}", given=node.name)


def _filled(field: str, text: str, names: Mapping[str, str]) -> str:
    try:
        return _environment().from_string(text).render(names)
    except TemplateError as error:
        raise InvalidInput(field, expected="a template that can be filled in", given=str(error)) from error


@lru_cache(maxsize=1)
def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    environment.globals.clear()
    return environment
