"""Drafts of plans: JSON as plan.json has it which may still lack something, and the plan that it would be."""

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import ConfigDict

from billing.adapters.book_files.cell_types import PlanId
from billing.adapters.book_files.error_log import ErrorLog
from billing.adapters.book_files.json_objects import JsonFile, JsonModel, read_json
from billing.adapters.book_files.plan_files import plan_at
from billing.domain.book import BookError, BookErrors
from billing.domain.catalog import Plan
from billing.domain.errors import InvalidInput
from billing.domain.plan_draft import PlanDraft

_DEEPEST = 12
_LONGEST = 500_000  # of the megabyte that a document may have
_LONGEST_EXPONENT = 40


class _Named(JsonModel):
    """The one thing that a draft can't lack."""

    model_config = ConfigDict(extra="allow")
    plan_id: PlanId


def read_draft(path: Path) -> tuple[str, str]:
    """The plan's id and the content of a file with one plan as far as it goes; BookErrors where that can't be read."""
    log = ErrorLog()
    file = read_json(path, log=log)
    named = None if file is None else file.model(_Named)
    log.raise_if_any()
    if file is None or named is None:
        raise BookErrors([])
    return named.plan_id, content_of(file.value, plan_id=named.plan_id)


def content_of(given: Mapping[str, Any], *, plan_id: str) -> str:
    """The JSON text of what was given for the plan (numbers as int or Decimal), each number exactly; without the id.

    Raises InvalidInput for another plan's id, for what is nested too deeply or too long, and for text that is none.
    """
    if given.get("plan_id", plan_id) != plan_id:
        raise InvalidInput("plan_id", expected=f"{plan_id!r}, or nothing", given=given["plan_id"])
    text = _text({name: value for name, value in given.items() if name != "plan_id"}, room=_DEEPEST)
    if len(text) > _LONGEST:
        raise InvalidInput("plan", expected=f"at most {_LONGEST} characters as JSON", given=len(text))
    return text


def shown_content(draft: PlanDraft) -> dict[str, Any]:
    """The content for an answer: exact decimals as text."""
    shown: dict[str, Any] = json.loads(draft.content, parse_float=_plain)
    return shown


def plan_of_draft(draft: PlanDraft, version: int) -> Plan:
    """The plan that the draft would be as this version; BookErrors with all that is wrong with it or missing."""
    log = ErrorLog()
    given = json.loads(draft.content, parse_float=Decimal)
    plan = plan_at(JsonFile("", "", {"version": version, **given, "plan_id": draft.plan_id}, log), ())
    if plan is not None and plan.version != version:
        log.add_rule("", InvalidInput("version", expected=f"{version}, the next one, or nothing", given=plan.version))
    log.raise_if_any()
    if plan is None:
        raise BookErrors([])
    return plan


def flaws_of(draft: PlanDraft, version: int) -> tuple[BookError, ...]:
    """What keeps the draft from being published as this version, each with its place; nothing where it can be."""
    try:
        plan_of_draft(draft, version)
    except BookErrors as error:
        return error.errors
    return ()


def _text(value: object, *, room: int) -> str:
    if not room:
        raise InvalidInput("plan", expected=f"at most {_DEEPEST} levels of lists and objects", given="more")
    match value:
        case dict():
            inner = (f"{_quoted(name)}:{_text(each, room=room - 1)}" for name, each in value.items())
            return f"{{{','.join(inner)}}}"
        case list():
            return f"[{','.join(_text(each, room=room - 1) for each in value)}]"
        case Decimal():
            return str(value)  # json would make a binary float of it
        case str():
            return _quoted(value)
        case _:
            return json.dumps(value)


def _quoted(text: str) -> str:
    if any(each == "\0" or "\ud800" <= each <= "\udfff" for each in text):
        raise InvalidInput("plan", expected="text without nulls and halves of characters", given=ascii(text[:80]))
    return json.dumps(text)


def _plain(number: str) -> str:
    """The digits without an exponent, unless they would be endless."""
    exact = Decimal(number)
    return f"{exact:f}" if abs(exact.adjusted()) < _LONGEST_EXPONENT else number
