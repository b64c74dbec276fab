"""Dunning policies as JSON: `dunning` in a tenant.json, or a file of their own. Written as they are read."""

import re
from datetime import time
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from billing.adapters.book_files.cell_types import Flag, Key, Name, ruled
from billing.adapters.book_files.error_log import ErrorLog
from billing.adapters.book_files.json_objects import JsonFile, JsonModel, Place, read_json
from billing.domain.book import BookErrors
from billing.domain.decline import Advice
from billing.domain.dunning_policies import DunningPolicies
from billing.domain.dunning_policy import (
    MOST_CARD_TRIES,
    MOST_TRIES,
    STEP_STATES,
    CaseState,
    Channel,
    DunningPolicy,
    DunningStep,
    QuietHours,
    StepTemplate,
)
from billing.domain.errors import InvalidInput
from billing.store.codec import converter

_LOCAL_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


def _checked_time(value: object) -> time:
    if not isinstance(value, str) or not _LOCAL_TIME.fullmatch(value):
        raise InvalidInput("", expected="hours and minutes such as 20:00", given=value)
    return time.fromisoformat(value)


def _checked_state(value: object) -> CaseState:
    found = next((each for each in STEP_STATES if each.value == value), None)
    if found is None:
        expected = f"what a step may lead to: {', '.join(each.value for each in STEP_STATES)}"
        raise InvalidInput("", expected=expected, given=value)
    return found


_Whole = Annotated[int, Field(strict=True)]
_LocalTime = Annotated[time, ruled(_checked_time)]
_StepState = Annotated[CaseState, ruled(_checked_state)]


class PolicyStep(JsonModel):
    """What is done on a day of the schedule."""

    day: _Whole
    state: _StepState
    retry: Flag = False
    template: StepTemplate = StepTemplate.NONE
    channel: Channel = Channel.EMAIL


class PolicyQuietHours(JsonModel):
    """Hours of the customer's day in which nothing is sent, as 20:00."""

    start: _LocalTime
    end: _LocalTime


class PolicyEntry(JsonModel):
    """One policy, by its name."""

    name: Key
    steps: tuple[PolicyStep, ...]
    quiet_hours: PolicyQuietHours | None = None
    suspend_after_days: _Whole | None = 21
    suspend_after_reminders: _Whole | None = 3
    access_grace_days: _Whole = 0
    most_tries: _Whole = MOST_TRIES
    most_card_tries: _Whole = MOST_CARD_TRIES
    declines: dict[Name, Advice] = Field(default_factory=dict)


class GivenDunning(JsonModel):
    """A tenant's policies as they are given, each value by itself sound."""

    policies: tuple[PolicyEntry, ...]
    segments: dict[Key, Key] = Field(default_factory=dict)


def read_policies(path: Path) -> DunningPolicies:
    """The policies in a file of their own. BookErrors says all that is wrong with it, each with its line and path."""
    log = ErrorLog()
    file = read_json(path, log=log)
    given = None if file is None else file.model(GivenDunning)
    policies = None if file is None or given is None else policies_in(file, given, place=())
    log.raise_if_any()
    if policies is None:
        raise BookErrors([])
    return policies


def policies_of(given: GivenDunning) -> DunningPolicies:
    """The policies that were given; BookErrors with all that is wrong with their values together."""
    log = ErrorLog()
    policies = policies_in(JsonFile("", "", None, log), given, place=())
    log.raise_if_any()
    if policies is None:
        raise BookErrors([])
    return policies


def policies_in(file: JsonFile, given: GivenDunning, *, place: Place) -> DunningPolicies | None:
    """The policies at a place of a file, or None where what is wrong with them is logged."""
    policies = [_policy(file, each, place=(*place, "policies", index)) for index, each in enumerate(given.policies)]
    sound = tuple(each for each in policies if each is not None)
    if len(sound) < len(policies):
        return None
    try:
        return DunningPolicies(policies=sound, segments=given.segments)
    except InvalidInput as error:
        field = error.field.removeprefix("dunning.")
        file.add_rule(place, InvalidInput(field, expected=error.expected, given=error.given))
        return None


def policies_json(policies: DunningPolicies) -> dict[str, Any]:
    """The policies as JSON, from which reading makes the same again."""
    content: dict[str, Any] = converter().unstructure(policies)
    return content


def _policy(file: JsonFile, given: PolicyEntry, *, place: Place) -> DunningPolicy | None:
    try:
        quiet_hours = None if given.quiet_hours is None else QuietHours(**given.quiet_hours.model_dump())
        steps = tuple(DunningStep(**each.model_dump()) for each in given.steps)
        return DunningPolicy(**{**given.model_dump(), "quiet_hours": quiet_hours, "steps": steps})
    except InvalidInput as error:
        file.add_rule(place, error)
        return None
