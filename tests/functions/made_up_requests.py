"""Requests made up from the API's document: sound ones, odd ones, and broken ones, about things that stand."""

import json
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any

import schemathesis
from hypothesis import strategies as st
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.result import Ok

from tests.functions.api_books import ApiBooks
from tests.functions.api_things import things_of
from tests.functions.running_door import KEY
from tests.functions.sound_requests import kind_of_field, sound_bodies

NOT_HELD = ("positive_data_acceptance", "ignored_auth", "missing_required_header", "unsupported_method")
"""What is sound by its form may break a rule (an invoice that is paid can't be void); access is tried elsewhere."""
_MAY_BE_REJECTED = {"/api/billing/usage/events/{event_id}": ("ensure_resource_availability",)}
"""A batch of events is answered with 200 also where one of them was rejected, and is not there afterwards."""
_RENAMED = {"plans_publish_plan": ("plan_id", "plan-{}"), "members_create_member": ("identity", "m{}@own.test")}
_RANDOM = st.randoms(use_true_random=True)
"""What depends on answers so far is chosen by it: the library can't replay answers."""
_ODD = 0.25
_SELDOM = ("Idempotency-Key", "If-Match", "cursor")
_OF_PYTHON = ("Decimal(", "datetime.", "got b'", "<class", "object at 0x", "pydantic", "got None", "got {")
_TEMPLATE = {"kind": "invoice_issued", "language": "en"}


@dataclass(frozen=True, kw_only=True)
class MadeUp:
    """The API, its document, and the ids that requests are made with, by kind; those that answers tell are added."""

    api: ApiBooks
    document: dict[str, Any]
    known: dict[str, list[str]]
    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, api: ApiBooks) -> "MadeUp":
        """With the things of `acme`."""
        load_all_checks()
        document = json.loads(api.proxy.get("/api/openapi.json").body)
        things = things_of(api, "acme", named="own")
        return cls(api=api, document=_without_credentials(document), known={kind: [it] for kind, it in things.items()})

    def schema(self, *, is_sound: bool = True) -> Any:  # noqa: ANN401 - the library's
        """The document as the library reads it; with `is_sound`, most requests are about things that stand."""
        schema = schemathesis.openapi.from_dict(deepcopy(self.document))
        schema.config.checks.negative_data_rejection.expected_statuses += ["412", "413"]
        if is_sound:
            for name in ("path_parameters", "query", "headers", "body"):
                schema.hook(f"flatmap_{name}")(partial(getattr(self, f"_{name}")))
        return schema

    def operations(self, *, is_sound: bool = True) -> Iterator[Any]:
        """Each operation as the library has it."""
        for each in self.schema(is_sound=is_sound).get_all_operations():
            assert isinstance(each, Ok), each
            yield each.ok()

    def ask(self, case: Any, *, later: timedelta = timedelta(seconds=1)) -> Any:  # noqa: ANN401 - the library's
        """The answer to a request, so much later than the one before."""
        self.api.proxy.clock.at += later
        key = {"x-internal-key": KEY}  # which no request can revoke
        sent = key if case.path.startswith("/api/internal/") else key | {"X-Tenant-ID": "acme"}
        response = case.call(base_url=self.api.proxy.base, headers=sent)
        self.statuses[response.status_code] += 1
        return response

    def check(self, case: Any, response: Any, **more: Any) -> None:  # noqa: ANN401 - the library's
        """Hold the answer against the document; what is wrong is kept in `faults` and raised."""
        try:
            not_held = NOT_HELD + _MAY_BE_REJECTED.get(case.path, ())
            case.validate_response(response, excluded_checks=[CHECKS.get_one(name) for name in not_held], **more)
            require_words_for_people(response.text if response.status_code >= 400 else "")
        except BaseException as error:
            told = [*getattr(error, "exceptions", ()), error]
            self.faults.append(f"{case.operation.label}: " + "\n".join(str(each) for each in told))
            raise
        self._learn(case, response)

    def _learn(self, case: Any, response: Any) -> None:  # noqa: ANN401 - the library's
        """Ids that the answer's links point to, for the fields of bodies, which no link reaches."""
        told = self.document["paths"][case.path][case.method.lower()]["responses"].get(str(response.status_code), {})
        for link in told.get("links", {}).values():
            [(where, expression)] = link["parameters"].items()
            kind = kind_of_field(self._path_of(link["operationId"]), where.partition(".")[2])
            found = _at(response.json(), expression.partition("#")[2])
            if kind in self.known and found is not None and found not in self.known[kind]:
                self.known[kind].append(found)

    def _path_of(self, operation_id: str) -> str:
        paths = self.document["paths"].items()
        return next(path for path, it in paths if operation_id in [each["operationId"] for each in it.values()])

    def _ids(self, random: Random) -> dict[str, str]:
        return {kind: random.choice(ids[-50:]) for kind, ids in self.known.items()}

    def _path_parameters(self, context: Any, given: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 - the library's
        if not given:
            return st.just(given)
        return _RANDOM.map(lambda random: self._named(context, given, random) | _usual(given, random))

    def _query(self, context: Any, given: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 - the library's
        return _RANDOM.map(lambda random: _without_odd(self._named(context, given, random), random))

    def _headers(self, _context: Any, given: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 - the library's
        return _RANDOM.map(lambda random: _without_odd(given, random))

    def _named(self, context: Any, given: Any, random: Random) -> Any:  # noqa: ANN401 - the library's
        """The parameters, mostly with those that name things naming some that stand."""
        if not given or random.random() < _ODD:
            return given
        ids = self._ids(random)
        kinds = {name: kind_of_field(context.operation.path, name) for name in given}
        return given | {name: ids[kind] for name, kind in kinds.items() if kind in ids}

    def _body(self, context: Any, given: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401 - the library's
        """The body, or a sound one, or a sound one with a part of that body."""
        return _RANDOM.map(lambda random: self._sound(context, given, random))

    def _sound(self, context: Any, given: Any, random: Random) -> Any:  # noqa: ANN401 - the library's
        operation_id = context.operation.definition.raw["operationId"]
        body = sound_bodies(self._ids(random)).get(operation_id)
        if body is None or random.random() < _ODD:
            return given
        if operation_id in _RENAMED:
            name, form = _RENAMED[operation_id]
            body[name] = form.format(random.randrange(10_000))
        if isinstance(given, dict) and isinstance(body, dict):
            body |= {name: value for name, value in given.items() if random.random() < _ODD}
        return body


def require_words_for_people(refusal: str) -> None:
    """A refusal says nothing in the language that the API is written in."""
    assert [word for word in _OF_PYTHON if word in refusal] == [], refusal


def _usual(given: Any, random: Random) -> dict[str, str]:  # noqa: ANN401 - the library's
    return {name: value for name, value in _TEMPLATE.items() if name in given and random.random() > _ODD}


def _without_odd(given: Any, random: Random) -> Any:  # noqa: ANN401 - the library's
    """The parameters, mostly without those that hardly any value is right for."""
    if not given or random.random() < _ODD:
        return given
    return type(given)({name: value for name, value in given.items() if name not in _SELDOM})


def _at(told: Any, pointer: str) -> Any:  # noqa: ANN401 - any JSON
    """What a JSON pointer points to, None where there is nothing."""
    for step in pointer.split("/")[1:]:
        inner = told[int(step) : int(step) + 1] if isinstance(told, list) else [told[step]] if step in told else []
        if not inner:
            return None
        told = inner[0]
    return told


def _without_credentials(document: dict[str, Any]) -> dict[str, Any]:
    """The document without what says who asks: made-up keys and tenants would be refused at the door."""
    for operations in document["paths"].values():
        for operation in operations.values():
            operation.pop("security", None)
            operation["parameters"] = [
                each for each in operation.get("parameters", []) if each.get("name") != "X-Tenant-ID"
            ]
    return document
