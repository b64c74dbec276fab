"""The nightly verification over HTTP: every tenant's books, by parts of our own alone, and what the log says of it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from billing.ports import Delete, Query
from tests.builders import a_party, a_tenant
from tests.functions.proxy import Proxy, running_proxy
from tests.functions.running_door import Answered
from tests.functions.s0_client import S0Client
from tests.functions.small_tenants import add_tenant

VERIFY = "/api/internal/cron/verify"


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    """The proxy on 1 March 2026 with two tenants that billed February."""
    with running_proxy(tmp_path, tenant=a_tenant(mail_sender="billing@acme.test")) as running:
        running.world.customer("lumen", party=a_party(email="ap@lumen.test"))
        for name in ("other", "third"):
            add_tenant(running.engine.documents, name)
        yield running


@pytest.fixture
def cron(proxy: Proxy) -> S0Client:
    return client(proxy)


def client(proxy: Proxy) -> S0Client:
    def send(method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answered:
        return proxy.call(method, path, body=body, sent=headers)

    return S0Client(send=send).without("X-Tenant-ID")


def verification(proxy: Proxy) -> dict[str, Any]:
    """The line of the run."""
    [line] = [each for each in proxy.runs if each["event"] == "run_report" and each["job"] == "verify"]
    return line


def lose_an_invoice(proxy: Proxy, tenant_id: str) -> None:
    documents = proxy.engine.documents
    [invoice] = documents.query(Query(f"tenants/{tenant_id}/invoices"))
    documents.commit([Delete(invoice.path, invoice.version)])


def test_books_that_agree_have_no_findings(proxy: Proxy, cron: S0Client) -> None:
    assert cron.posts("/api/internal/cron/billing")["invoicesGenerated"] == 2

    assert cron.posts(VERIFY) == {"tenants": 3, "complete": True, "findings": 0, "results": [], "errors": []}
    line = verification(proxy)
    assert (line["outcome"], line["severity"], line["scope"]) == ("succeeded", "INFO", "all")
    assert (line["complete"], line["tenants"], line["verified"], line["findings"]) == (True, 3, 3, 0)


def test_a_verification_that_had_no_time_for_anybody_does_not_say_that_it_succeeded(tmp_path: Path) -> None:
    with running_proxy(tmp_path, run_deadline_seconds=0) as proxy:
        for name in ("other", "third"):
            add_tenant(proxy.engine.documents, name)
        answer = client(proxy).posts(VERIFY)

        line = verification(proxy)

    assert answer == {"tenants": 3, "complete": False, "findings": 0, "results": [], "errors": []}
    assert (line["outcome"], line["severity"]) == ("partly_failed", "WARNING")
    assert (line["complete"], line["tenants"], line["verified"], line["findings"]) == (False, 0, 0, 0)


def test_what_is_missing_in_one_tenant_s_books_is_found_and_counted_in_the_log(proxy: Proxy, cron: S0Client) -> None:
    cron.posts("/api/internal/cron/billing")
    lose_an_invoice(proxy, "other")

    answer = cron.posts(VERIFY)

    [result] = answer["results"]
    assert result["tenantId"] == "other"
    assert "period_not_billed" in result["kinds"]
    assert answer["findings"] == result["findings"] == sum(result["kinds"].values())
    line = verification(proxy)
    assert (line["severity"], line["outcome"], line["findings"]) == ("ERROR", "succeeded", answer["findings"])


@pytest.mark.parametrize(
    "body", [{"period": "2026-13"}, {"period": 2}, {"objects": "yes"}, {"fan_out": True}, {"periods": ["2026-02"]}]
)
def test_a_call_that_breaks_a_rule_verifies_nothing(cron: S0Client, body: object) -> None:
    assert cron.calls("POST", VERIFY, body).status == 422


def test_a_tenant_that_is_unknown_or_none_is_an_error_and_the_others_are_verified(cron: S0Client) -> None:
    answer = cron.sending(X_Tenant_ID="nowhere, acme, a/b").posts(VERIFY)

    assert (answer["tenants"], answer["complete"], answer["findings"]) == (3, True, 0)
    told = {each["tenantId"]: each["code"] for each in answer["errors"]}
    assert told == {"nowhere": "not_found", "a/b": "invalid_input"}
