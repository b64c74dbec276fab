"""Failures at a door, as RFC 9457 wants them told."""

import json

import flask
import pytest

from billing.api.problem import (
    Answer,
    BodyTooLarge,
    Forbidden,
    MalformedRequest,
    MethodNotAllowed,
    Unauthenticated,
    problem,
    problem_of,
)
from billing.domain.errors import BillingError, Conflict, InvalidInput, NotFound, Unavailable
from billing.ports import ObjectExists, StoreUnavailable, UnusableEventSecret, WriteConflict


class Unforeseen(BillingError):
    """A failure of ours that no status is made for."""


def test_a_problem_has_the_members_of_rfc_9457_and_ours() -> None:
    answer = problem(
        422, code="invalid_input", detail="as_of: expected a date", errors=[{"field": "as_of"}], request_id="req-1"
    )

    assert answer.status == 422
    assert answer.headers == {"Content-Type": "application/problem+json", "Cache-Control": "no-store"}
    assert json.loads(answer.body) == {
        "type": "about:blank",
        "title": "Unprocessable Content",
        "status": 422,
        "detail": "as_of: expected a date",
        "error": "as_of: expected a date",
        "code": "invalid_input",
        "errors": [{"field": "as_of"}],
        "request_id": "req-1",
    }


def test_a_title_of_ones_own_is_kept_and_what_is_not_known_is_left_out() -> None:
    body = json.loads(problem(409, code="conflict", detail="moved on", title="Somebody was faster").body)

    assert body["title"] == "Somebody was faster"
    assert body.keys() == {"type", "title", "status", "detail", "error", "code"}


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (MalformedRequest("the body is no JSON"), 400, "malformed_request"),
        (Unauthenticated("the bearer token", reason="expired"), 401, "unauthenticated"),
        (Forbidden(reason="somebody else"), 403, "forbidden"),
        (NotFound("invoice", "INV-1"), 404, "not_found"),
        (MethodNotAllowed("PUT", allowed=["GET", "POST"]), 405, "method_not_allowed"),
        (Conflict("moved on"), 409, "conflict"),
        (WriteConflict("invoices/1", reason="it exists"), 409, "write_conflict"),
        (ObjectExists("a/b"), 409, "object_exists"),
        (UnusableEventSecret("EVENT_SECRET", reason="is not set"), 409, "unusable_event_secret"),
        (BodyTooLarge(limit=1024), 413, "body_too_large"),
        (InvalidInput("as_of", expected="a date", given="soon"), 422, "invalid_input"),
        (Unavailable("no answer"), 503, "unavailable"),
        (StoreUnavailable("Firestore", reason="10.0.0.1 refused"), 503, "store_unavailable"),
        (Unforeseen("inside"), 500, "billing_error"),
        (RuntimeError("inside"), 500, "internal_error"),
    ],
)
def test_each_error_has_its_status_and_code(error: Exception, status: int, code: str) -> None:
    answer = problem_of(error, request_id="req-1")
    body = json.loads(answer.body)

    assert (answer.status, body["status"], body["code"], body["request_id"]) == (status, status, code, "req-1")
    assert body["error"] == body["detail"]


def test_bad_input_names_the_field_and_the_rule() -> None:
    body = json.loads(problem_of(InvalidInput("limit", expected="1 to 1000", given=0)).body)

    assert body["detail"] == "limit: expected 1 to 1000, got 0"
    assert body["errors"] == [{"field": "limit", "detail": "limit: expected 1 to 1000, got 0"}]


@pytest.mark.parametrize(
    ("error", "header", "value"),
    [
        (Unauthenticated("x-internal-key", reason="wrong"), "WWW-Authenticate", 'Bearer realm="billing"'),
        (MethodNotAllowed("PUT", allowed=["GET", "POST"]), "Allow", "GET, POST"),
        (Unavailable("no answer"), "Retry-After", "30"),
    ],
)
def test_a_status_brings_the_header_that_http_asks_for(error: Exception, header: str, value: str) -> None:
    answer = problem_of(error)

    assert answer.headers[header] == value
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("password=swordfish"),
        KeyError("swordfish"),
        Unforeseen("swordfish"),
        StoreUnavailable("Firestore", reason="swordfish"),
        Unauthenticated("the bearer token", reason="swordfish"),
        Forbidden(reason="swordfish"),
    ],
)
def test_nothing_from_inside_is_told(error: Exception) -> None:
    assert b"swordfish" not in problem_of(error).body


def test_text_in_any_script_and_any_sign_stays_one_json_object() -> None:
    detail = 'Ακμή "quoted"\n\ud800\0</script>'

    assert json.loads(problem(400, code="c", detail=detail).body)["detail"] == detail


def test_flask_takes_an_answer_as_it_is() -> None:
    app = flask.Flask("door")

    @app.get("/")
    def door() -> Answer:
        return problem_of(NotFound("tenant", "acme"))

    answer = app.test_client().get("/")
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    assert answer.get_json()["error"] == "no tenant 'acme'"


def test_a_lost_race_says_what_to_do_and_not_where_we_keep_things() -> None:
    told = json.loads(problem_of(WriteConflict("tenants/acme/audit/20260301", reason="it exists already")).body)
    assert "read it again" in told["detail"]
    assert "tenants/" not in told["detail"] + told["error"]


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("tenants/acme/invoices/sub-1.20260201T000000Z.r0", "invoices/sub-1.20260201T000000Z.r0"),
        ("tenants/acme", "tenants/acme"),
        ("fan_outs/billing-20260301", "fan_outs/billing-20260301"),
        (None, "a document of the commit"),
    ],
)
def test_a_lost_race_names_the_document_as_the_audit_log_does(path: str | None, named: str) -> None:
    assert str(WriteConflict(path, reason="it has changed")) == f"{named}: it has changed; nothing was written"
