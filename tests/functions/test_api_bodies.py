"""Bodies over HTTP: what is no JSON, too deep, too long or in doubt is refused, and what is wrong is named."""

import gzip
from collections.abc import Iterator

import pytest

from tests.functions.api_door import ApiDoor, running_api_door
from tests.functions.running_door import KEY

MEMBERS = "/api/billing/members"
INTERNAL = {"x-internal-key": KEY}


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiDoor]:
    with running_api_door(tmp_path_factory.mktemp("api")) as door:
        yield door


BODIES = {
    "no JSON": (b"{", 400),
    "nothing": (b"", 422),
    "a list": (b"[]", 422),
    "nested beyond any sense": (b"[" * 30_000, 400),
    "no UTF-8": (b'{"identity": "\xff"}', 400),
    "a number that is none": (b'{"identity": NaN, "role": "admin"}', 400),
    "longer than the door takes": (b'"' + b"a" * 65 * 1024 + b'"', 413),
    "ten megabytes": (b" " * 10 * 1024 * 1024, 413),
    "a null in text": (b'{"identity": "ada\\u0000@acme.test", "role": "admin"}', 422),
    "half a character": (b'{"identity": "\\ud800@acme.test", "role": "admin"}', 422),
}


@pytest.mark.parametrize(("body", "status"), BODIES.values(), ids=BODIES)
def test_a_body_that_can_t_be_taken_is_refused_as_problem_details(door: ApiDoor, body: bytes, status: int) -> None:
    answered = door.ask("POST", MEMBERS, body=body, sent=INTERNAL)
    assert (answered.status, answered.headers["content-type"]) == (status, "application/problem+json")
    told = answered.json
    assert {"type", "title", "status", "detail", "error", "code", "request_id"} <= told.keys()
    assert told["title"] == {400: "Bad Request", 413: "Content Too Large", 422: "Unprocessable Content"}[status]
    assert (told["status"], told["error"]) == (status, told["detail"])


@pytest.mark.parametrize("path", [MEMBERS, "/api/customer-billing"])
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"a": 1,\n "a": 1}', "the key 'a' stands twice in one object: line 2 column 2 (char 10)"),
        (b'{"a": {"b": 1, "\\u0062": 2}}', "the key 'b' stands twice in one object: line 1 column 16 (char 15)"),
        (b'{"a": -Infinity}', "-Infinity is no number: line 1 column 7 (char 6)"),
        (b'{"a": 1e9999999999999999999}', "1e9999999999999999999 is beyond all numbers: line 1 column 7 (char 6)"),
        (b'{"a": ' + b"9" * 5_000 + b"}", "a number has 5000 digits: line 1 column 7 (char 6)"),
        (b"[" * 30_000, "it is nested too deeply"),
        (b'{"a": }', "Expecting value: line 1 column 7 (char 6)"),
    ],
)
def test_what_two_readers_may_take_in_two_ways_is_refused_and_named(
    door: ApiDoor, path: str, body: bytes, reason: str
) -> None:
    refused = door.ask("POST", path, body=body, sent=INTERNAL)
    assert (refused.status, refused.json["code"]) == (400, "malformed_request")
    assert refused.json["detail"] == f"the body can't be read as JSON: {reason}"


@pytest.mark.parametrize("said", ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "json", ""])
def test_a_body_that_does_not_say_that_it_is_json_is_refused_with_what_is_expected(door: ApiDoor, said: str) -> None:
    refused = door.ask("POST", MEMBERS, body=b"{}", sent={**INTERNAL, "Content-Type": said})
    assert (refused.status, refused.json["code"]) == (415, "unsupported_media_type")
    assert refused.json["detail"] == f"Content-Type: expected application/json, got {said or 'none'}"
    assert refused.headers["accept"] == "application/json"


def test_a_body_in_a_coding_is_refused_whether_it_is_coded_or_not(door: ApiDoor) -> None:
    body = b'{"identity": "ada@acme.test", "role": "admin"}'
    for sent in (body, gzip.compress(body)):
        refused = door.ask("POST", MEMBERS, body=sent, sent={**INTERNAL, "Content-Encoding": "gzip"})
        assert (refused.status, refused.headers["accept-encoding"]) == (415, "identity")
        assert refused.json["detail"] == "Content-Encoding: expected identity, got gzip"


@pytest.mark.parametrize(
    "said", ["application/json; charset=utf-8", "Application/JSON", "application/merge-patch+json"]
)
def test_json_is_known_by_each_of_its_names(door: ApiDoor, said: str) -> None:
    read = door.ask("POST", MEMBERS, body=b'{"role": "admin"}', sent={**INTERNAL, "Content-Type": said})
    assert (read.status, [each["field"] for each in read.json["errors"]]) == (422, ["identity"])


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("null", "null"),
        ("true", "true"),
        ("1E400", "1E+400"),
        ("7", "7"),
        ('{"a": 1}', "an object"),
        ("[1]", "[1]"),
    ],
)
def test_what_was_given_is_shown_as_json_has_it(door: ApiDoor, sent: str, shown: str) -> None:
    refused = door.ask("POST", MEMBERS, body=f'{{"identity": {sent}, "role": "admin"}}'.encode(), sent=INTERNAL)
    assert refused.json["errors"] == [
        {"field": "identity", "detail": f"identity: input should be a valid string, got {shown}"}
    ]


def test_each_field_that_breaks_a_rule_is_named(door: ApiDoor) -> None:
    refused = door.ask("POST", MEMBERS, body={"identity": 7, "role": "owner", "more": 1}, sent=INTERNAL)
    assert refused.status == 422
    assert refused.json["errors"] == [
        {"field": "identity", "detail": "identity: input should be a valid string, got 7"},
        {"field": "role", "detail": "role: input should be 'viewer', 'staff' or 'admin', got 'owner'"},
        {"field": "more", "detail": "more: extra inputs are not permitted, got 1"},
    ]
    assert refused.json["detail"] == "identity: input should be a valid string, got 7, and 2 more"


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        (  # a value's own rule says what was given already
            "POST",
            "customers",
            {"party": {"name": "Ada", "country": "XX"}, "currency": "USD"},
            {"party.country": "expected an ISO 3166-1 code such as DE, got 'XX'"},
        ),
        (
            "POST",
            "subscriptions",
            {"id": "../x", "customer_id": "a", "plan": "p@1", "coupons": "half"},
            {
                "id": "expected an id of letters, digits and . _ @ : ~ + - that begins with a letter or a digit, "
                "got '../x'",
                "coupons": "expected an array, got 'half'",
            },
        ),
        (
            "POST",
            "customers/a/restore",
            {"reason": " "},
            {"reason": "expected one line of text that says something, got ' '"},
        ),
        ("POST", "usage/events", [1], {"body": "expected an object, got [1]"}),
        (
            "POST",
            "credit-notes",
            {"invoice": "i", "reason": "r", "what": {"kind": "half"}},
            {"what": "expected 'kind' as one of 'whole', 'amount', 'lines', got 'half'"},
        ),
        (
            "POST",
            "credit-notes",
            {"invoice": "i", "reason": "r", "what": {"amount": 5}},
            {"what": "expected an object whose 'kind' says what it is, got an object"},
        ),
        (  # not `what.amount.amount`: the form's name is no key
            "POST",
            "credit-notes",
            {"invoice": "i", "reason": "r", "what": {"kind": "amount", "amount": -5}},
            {"what.amount": "input should be greater than 0, got -5"},
        ),
        (
            "POST",
            "credit-notes",
            {"invoice": "i", "reason": "r", "what": {"kind": "lines", "lines": [{"line": 1}]}},
            {
                "what.lines[0].line_id": "field required",
                "what.lines[0].line": "extra inputs are not permitted, got 1",
            },
        ),
        (  # no word of a list that is too short for it
            "POST",
            "invoices",
            {"customer_id": "a", "lines": [{"description": "Work"}]},
            {"lines[0].unit_price": "field required"},
        ),
        ("POST", "invoices", {"customer_id": "a", "lines": []}, {"lines": "expected 1 or more, got 0"}),
        ("POST", "invoices/approve", {"invoice_ids": ["a"] * 201}, {"invoice_ids": "expected 200 at most, got 201"}),
        (  # each form that a setting may have was tried
            "PATCH",
            "settings",
            {"settings": {"footer": {"text": "Thank you"}}},
            {
                "settings.footer": "input should be a valid boolean or input should be a valid integer or input should "
                "be a valid string or expected an array, got an object"
            },
        ),
    ],
)
def test_a_flaw_is_told_once_with_the_field_as_it_stands_in_the_body(
    door: ApiDoor, method: str, path: str, body: object, expected: dict[str, str]
) -> None:
    refused = door.ask(method, f"/api/billing/{path}", body=body, sent=INTERNAL)
    assert refused.status == 422
    assert {each["field"]: each["detail"] for each in refused.json["errors"]} == {
        field: f"{field}: {rule}" for field, rule in expected.items()
    }
