"""The line that each run leaves in the log, on whose names metrics and alerts are built."""

import re
from pathlib import Path
from typing import Any

import pytest

from billing.api.call_log import error_fields
from billing.api.dunning_job import DUNNING
from billing.api.logged_run import RUN_EVENT
from billing.api.task_call import DEAD_LETTER
from billing.api.verify_job import VERIFY
from billing.domain.errors import InvalidInput, NotFound
from billing.domain.run_report import Failure
from billing.ports import OperationCounts, StoreUnavailable, WriteConflict
from tests.functions.fanned_out import fanned_out
from tests.functions.test_job_door import Engine, engine_of, post

ROOT = Path(__file__).parents[2]


def run_lines(engine: Engine, tenant: str | None = None) -> list[dict[str, Any]]:
    return [line for line in post(engine, tenant=tenant).log if line["event"] == "run_report"]


def test_a_run_leaves_one_line_with_its_counts_and_its_cost() -> None:
    engine = engine_of("acme", operations=OperationCounts(reads=7, writes=5, queries=2, objects=1), seconds=2)

    assert run_lines(engine, "acme") == [
        {
            "event": "run_report",
            "severity": "INFO",
            "message": "generate_invoices succeeded",
            "job": "generate_invoices",
            "outcome": "succeeded",
            "run_id": "20260301T040000Z-01234567",
            "request_id": "0123456789abcdef",
            "tenant": "acme",
            "scope": "tenant",
            "dry_run": False,
            "complete": True,
            "tenants": 1,
            "tenants_failed": 0,
            "invoices": 0,
            "credit_notes": 0,
            "held": 0,
            "failures": 0,
            "settled": 0,
            "unsettled": 0,
            "charged": 0,
            "mailed": 0,
            "seconds": 2,
            "operations": {"reads": 7, "writes": 5, "deletes": 0, "queries": 2, "objects": 1},
            "cost_micro_usd": 19,  # 7 reads of 0.6, 5 writes of 1.8, 1 object of 5 = 18.2, rounded up
            "errors": [],
        }
    ]


def test_a_document_that_failed_makes_the_run_a_partly_failed_one() -> None:
    refused = Failure(subscription_id="s-1", code="invalid_input", message="no price")

    [line] = run_lines(engine_of("acme", failures=[refused]), "acme")

    assert (line["outcome"], line["severity"], line["failures"]) == ("partly_failed", "WARNING", 1)


def test_a_tenant_that_failed_is_an_error_of_a_run_that_did_the_others() -> None:
    [line] = run_lines(engine_of("a", "b", ends={"b": KeyError("a bug by anna@example.com")}))

    assert (line["outcome"], line["severity"], line["tenant"]) == ("partly_failed", "ERROR", "")
    assert (line["tenants"], line["tenants_failed"], line["errors"][0]["tenant"]) == (2, 1, "b")
    assert "anna" not in str(line)


@pytest.mark.parametrize(
    ("error", "code", "severity"),
    [
        (StoreUnavailable("Firestore", reason="away"), "store_unavailable", "ERROR"),
        (InvalidInput("zone", expected="an IANA name", given="Mars"), "run_failed", "ERROR"),
        (WriteConflict("tenants/acme/counters/x", reason="others kept writing it"), "write_conflict", "WARNING"),
    ],
)
def test_a_run_that_could_not_proceed_says_why(error: Exception, code: str, severity: str) -> None:
    [line] = run_lines(engine_of("acme", ends={"acme": error}), "acme")

    assert (line["outcome"], line["complete"], line["code"], line["severity"]) == ("failed", False, code, severity)


def test_a_run_of_all_tenants_of_whom_none_could_be_billed_failed() -> None:
    [line] = run_lines(engine_of("a", ends={"a": InvalidInput("zone", expected="an IANA name", given="Mars")}))

    assert (line["outcome"], line["severity"]) == ("failed", "ERROR")


def test_what_is_refused_is_no_run() -> None:
    assert run_lines(engine_of(ends={"nobody": NotFound("tenant", "nobody")}), "nobody") == []


def spread_line(folder: Path) -> dict[str, Any]:
    with fanned_out(folder) as doors:
        doors.post({"fan_out": True})
        return next(each for each in doors.log if each["event"] == RUN_EVENT)


def test_every_name_is_in_the_guide_and_the_declared_metrics_use_no_other(tmp_path: Path) -> None:
    [line] = run_lines(engine_of("acme"), "acme")
    names = {
        *line,
        *spread_line(tmp_path),
        *error_fields(NotFound("tenant", "acme")),
        *DUNNING.tallies([]),
        *VERIFY.tallies([]),
    }
    guide = (ROOT / "docs/guides/observability.md").read_text()
    assert [name for name in names if not re.search(rf"`{name}[`.]", guide)] == []
    declared = (ROOT / "infra/billing.yaml").read_text()
    used = set(re.findall(r"jsonPayload\.(\w+)", declared)) | set(re.findall(r"jsonPayload\.(\w+)", guide))
    assert {"event", "job", "outcome"} <= used <= names
    assert {RUN_EVENT, DEAD_LETTER} == set(re.findall(r'jsonPayload\.event="(\w+)"', declared))
