"""Refusals are for people: each field of each body with what it can't be, and no word of Python in any answer."""

import re
from collections.abc import Iterator
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.functions.api_books import running_api
from tests.functions.api_things import things_of
from tests.functions.made_up_requests import require_words_for_people
from tests.functions.operations import operations

ODD: tuple[Any, ...] = (None, {"a": [None]}, 1.5, "2020-01-01T00:00:00")


def test_no_refusal_of_a_body_speaks_python(tmp_path: Path) -> None:
    refused = 0
    with running_api(tmp_path) as api:
        for operation in operations(api, things_of(api, "acme", named="own")):
            sound = operation.sound
            place = sound.path
            for name, value in sound.named.items():
                place = place.replace(f"{{{name}}}", value)
            for body in _odd(sound.body):
                api.proxy.clock.at += timedelta(seconds=1)
                answered = api.ask(sound.method.upper(), place, body=body)
                assert answered.status < 500, (sound.operation, body, answered.body)
                refused += answered.status == 422
                fields = [each["field"] for each in answered.json.get("errors", ())] if answered.status == 422 else []
                assert [each for each in fields if re.search(r"\.\d", each)] == []  # lines[0], everywhere
                require_words_for_people(answered.body.decode() if answered.status >= 400 else "")
    assert refused > 400


def _odd(body: Any) -> Iterator[Any]:  # noqa: ANN401 - any JSON
    """The body with each of its parts, down to the deepest, in turn something odd."""
    if isinstance(body, dict | list):
        for at in body if isinstance(body, dict) else range(len(body)):
            for within in _odd(body[at]):
                changed: Any = deepcopy(body)
                changed[at] = within
                yield changed
    if not isinstance(body, bytes | None):
        yield from ODD
