"""What the API's document says beside the schemas is so: examples, headers, refusals, codes, who may."""

import importlib
import json
import pkgutil
import re
from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

import billing
from billing.api.openapi_codes import CODES
from billing.api.problem import status_of
from billing.domain.errors import BillingError
from billing.domain.member import Role
from tests.functions.api_books import ApiBooks, running_api
from tests.functions.api_things import things_of
from tests.functions.operations import Asked, Operation, name_of, operations, with_value
from tests.functions.running_door import KEY, Answered
from tests.functions.sound_requests import kind_of_field

INTERNAL = {"x-internal-key": KEY}
"""Which calls for every tenant."""


@pytest.fixture
def api(tmp_path: Path) -> Iterator[ApiBooks]:
    with running_api(tmp_path) as api:
        yield api


@pytest.fixture
def known(api: ApiBooks) -> list[Operation]:
    return [*operations(api, things_of(api, "acme", named="own"))]


def _document(api: ApiBooks) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(api.proxy.get("/api/openapi.json").body)
    return document


def _told(api: ApiBooks) -> dict[str, dict[str, Any]]:
    """The operations of the document by their names."""
    return {each["operationId"]: each for methods in _document(api)["paths"].values() for each in methods.values()}


def _answered(api: ApiBooks, asked: Asked, *, body: object = None, **sent: str) -> Answered:
    """What is answered to a caller who may: an admin, or with a daily job of all tenants a part of our own."""
    is_ours = asked.path.startswith("/api/internal/")
    api.proxy.clock.at += timedelta(seconds=1)
    place = re.sub(r"{(\w+)}", lambda found: quote(asked.named[found[1]], safe=""), asked.path)
    return api.ask(
        asked.method.upper(),
        f"{place}?{urlencode(asked.query)}",
        body=asked.body if body is None else body,
        role=None if is_ours else Role.ADMIN,
        sent={**(INTERNAL if is_ours else {}), **sent},
    )


def test_every_example_of_a_body_is_taken_or_what_it_names_does_not_stand(api: ApiBooks) -> None:
    ends = ("invoices_write_off", "invoices_void", "customer_billing_take_payment")  # after them nothing is owed
    examples = sorted(_examples(api), key=lambda each: each.operation in ends and ends.index(each.operation) + 1)
    assert len(examples) >= 53
    taken, not_taken = list[str](), dict[str, int]()
    for asked in examples:
        answered = _answered(api, asked)
        if answered.status < 300:
            taken.append(asked.operation)
        else:
            not_taken[asked.operation] = answered.status
    assert set(not_taken.values()) <= {404, 409}, not_taken
    assert len(taken) >= 35, not_taken


def _examples(api: ApiBooks) -> Iterator[Asked]:
    for path, methods in _document(api)["paths"].items():
        for method, operation in methods.items():
            named = {each["name"]: each["example"] for each in operation["parameters"] if each.get("in") == "path"}
            for media, content in operation.get("requestBody", {}).get("content", {}).items():
                body = content["example"] if "json" in media else content["example"].encode()
                yield Asked(operation=operation["operationId"], method=method, path=path, named=named, body=body)


def test_every_operation_answers_with_the_headers_that_the_document_names(
    api: ApiBooks, known: list[Operation]
) -> None:
    told = _told(api)
    for each in known:
        sound = each.sound
        answered = _answered(api, sound)
        if answered.status >= 300:
            continue
        named = set(told[sound.operation]["responses"][str(answered.status)]["headers"])
        assert {"X-Request-ID"} <= named
        assert {"ETag", "Location"} & named == {
            name for name in ("ETag", "Location") if name.lower() in answered.headers
        }, sound.operation


def test_the_refusals_that_an_operation_names_are_those_that_it_gives(api: ApiBooks, known: list[Operation]) -> None:
    numbers, given, named = count(1), {}, {}
    told = _told(api)
    for operation in known:
        name = operation.sound.operation
        statuses = {int(status) for status in told[name]["responses"]}
        given[name] = set(_refused(api, operation, numbers))
        named[name] = statuses & {404, 412, 413, 415}
        assert {400, 401, 403, 422, 429, 500, 503} <= statuses
        assert (409 in statuses) == (operation.sound.method != "get"), name
    assert given == named


def _refused(api: ApiBooks, operation: Operation, numbers: Iterator[int]) -> Iterator[int]:
    """Which of 404, 412, 413 and 415 the operation can be made to give."""
    sound = operation.sound
    yield from _unheard_of(api, operation, numbers)
    if _answered(api, sound, **{"If-Match": '"none"'}).status == 412:
        yield 412
    if sound.body is None:
        return
    if _answered(api, sound, body=b" " * 65 * 1024).status == 413:
        yield 413
    if _answered(api, sound, body=b"{}", **{"Content-Type": "text/plain"}).status == 415:
        yield 415


def _unheard_of(api: ApiBooks, operation: Operation, numbers: Iterator[int]) -> Iterator[int]:
    sound = operation.sound
    for place in operation.texts:
        if place[0] == "path" or kind_of_field(sound.path, name_of(place)) is not None:
            asked = with_value(sound, place, f"nobody-{next(numbers)}")
            if _answered(api, asked).status == 404:
                yield 404


def test_who_may_is_what_the_document_says(api: ApiBooks) -> None:
    for path, methods in _document(api)["paths"].items():
        for method, operation in methods.items():
            place = re.sub(r"{\w+}", "nobody", path)
            below = {"admin": Role.STAFF, "staff": Role.VIEWER}.get(operation["x-role"])
            if path.startswith("/api/internal/"):
                assert {"InternalKey": []} in operation["security"]
                below = Role.ADMIN
            enough = Role(operation["x-role"])
            if below is not None:
                assert api.ask(method.upper(), place, body={}, role=below).status == 403, operation["operationId"]
            if not path.startswith("/api/internal/"):
                assert api.ask(method.upper(), place, body=b"{", role=enough).status != 403, operation["operationId"]


def test_the_codes_are_those_of_the_errors_that_a_request_may_meet() -> None:
    for module in pkgutil.walk_packages(billing.__path__, "billing."):
        if not module.name.startswith(("billing.cli", "billing.sandbox")):
            importlib.import_module(module.name)
    met = {(status_of(kind), kind.code) for kind in _kinds(BillingError)}
    met -= {(status, code) for status, code in met if status == 500 or code in ELSEWHERE}
    listed = {(status, code) for status, codes in CODES.items() for code in codes if status != 500}
    assert listed == met


ELSEWHERE = {
    "bad_signature",  # webhooks of the gateway
    "method_not_allowed",  # no operation of the document
    "book_conflicts",  # the import of books
    "crowded_import",
    "invalid_book",
    "overlapping_tax_rates",
    "in_use",  # two programs in one directory
    "event_not_taken",  # kept in the event's log
}


def _kinds(kind: type[BillingError]) -> Iterator[type[BillingError]]:
    for each in kind.__subclasses__():
        if not each.__module__.startswith(("billing.cli", "billing.sandbox", "tests")):
            yield each
        yield from _kinds(each)
