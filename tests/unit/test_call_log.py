"""The lines of the log: https://cloud.google.com/logging/docs/structured-logging#special-payload-fields."""

import json
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest

from billing.api.call_log import call_fields, error_fields, json_lines
from billing.api.invalid_request import invalid_request
from billing.api.job_run import RunFailed
from billing.api.problem import Forbidden
from billing.domain.errors import InvalidInput, NotFound
from billing.ports import MailRefused
from billing.ports.trace import Trace, traced

NOON = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
TRACE = Trace(trace_id="4bf92f3577b34da6a3ce929d0e0e4736", span_id="00f067aa0ba902b7", sampled=True)


def line_of(fields: dict[str, Any], *, project: str = "", trace: Trace | None = TRACE) -> dict[str, Any]:
    written = StringIO()
    log = json_lines(written, project=project, now=lambda: NOON)
    if trace is None:
        log("api_proxy", fields)
    else:
        with traced("api_proxy", trace, {}, spans=None):
            log("api_proxy", fields)
    [line] = written.getvalue().splitlines()
    found: dict[str, Any] = json.loads(line)
    return found


def test_a_call_s_line_has_the_fields_that_cloud_logging_knows() -> None:
    fields = call_fields(
        "api_proxy",
        method="GET",
        route="/api/billing/invoices/{invoice_id}",
        status=404,
        seconds=0.0123456,
        request_id="req-1",
        noted={"tenant": "acme", "caller": "user"},
    )

    assert line_of(fields, project="acme-prod") == {
        "event": "api_proxy",
        "time": "2026-03-01T12:00:00.250Z",
        "severity": "WARNING",
        "message": "api_proxy answered 404",
        "logging.googleapis.com/trace": f"projects/acme-prod/traces/{TRACE.trace_id}",
        "logging.googleapis.com/spanId": TRACE.span_id,
        "logging.googleapis.com/trace_sampled": True,
        "logging.googleapis.com/labels": {"tenant": "acme", "request_id": "req-1"},
        "httpRequest": {
            "requestMethod": "GET",
            "requestUrl": "/api/billing/invoices/{invoice_id}",
            "status": 404,
            "latency": "0.012346s",
        },
        "request_id": "req-1",
        "method": "GET",
        "route": "/api/billing/invoices/{invoice_id}",
        "status": 404,
        "seconds": 0.012,
        "tenant": "acme",
        "caller": "user",
    }


def test_without_a_project_the_trace_is_its_id_and_without_a_trace_there_is_none() -> None:
    assert line_of({})["logging.googleapis.com/trace"] == TRACE.trace_id
    assert line_of({}, trace=None) == {"event": "api_proxy", "time": "2026-03-01T12:00:00.250Z"}
    assert "logging.googleapis.com/labels" not in line_of({"tenant": ""})


@pytest.mark.parametrize(
    ("status", "severity"), [(200, "INFO"), (304, "INFO"), (400, "WARNING"), (499, "WARNING"), (500, "ERROR")]
)
def test_the_severity_follows_from_the_status(status: int, severity: str) -> None:
    fields = call_fields("f", method="GET", route="/", status=status, seconds=0, request_id="r", noted={})
    assert fields["severity"] == severity


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (InvalidInput("name", expected="at most 200 characters", given="Anna Miller"), "name: expected at most 200"),
        (
            invalid_request([{"type": "enum", "loc": ("body", "name"), "msg": "Wrong: Anna", "input": "Anna Miller"}]),
            "these fields break rules: name",
        ),
        (NotFound("path", "/pay/abc.Anna"), "no such path"),
        (NotFound("customer", "acct-1"), "no customer 'acct-1'"),
        (
            RunFailed("acme", InvalidInput("name", expected="a name", given="Anna Miller")),
            "the run of tenant 'acme' could not proceed: name: expected a name",
        ),
        (MailRefused("anna.miller@example.com", reason="550 <anna.miller@example.com>: no such user"), "no such user"),
        (Forbidden(reason="anna.miller@example.com is no member"), "***@*** is no member"),
        (ValueError("of anna.miller@example.com"), "ValueError: of ***@***"),
    ],
)
def test_an_error_is_told_without_anybodys_data(error: Exception, reason: str) -> None:
    said = error_fields(error)["reason"]
    assert reason in said
    assert "anna" not in said.lower()


@pytest.mark.parametrize("named", ["\ud800", "a\r\nb", "x\x00"])
def test_whatever_a_field_that_somebody_sent_is_named_the_line_is_one_and_is_read(named: str) -> None:
    refused = invalid_request([{"type": "extra_forbidden", "loc": ("body", named), "msg": "", "input": 1}])

    assert named in line_of(error_fields(refused))["reason"]
