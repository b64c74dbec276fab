"""Who may call what of the older surface, and under which name it is recorded."""

from pathlib import Path
from typing import Any

import pytest

from billing.domain.member import Role
from tests.functions.api_books import ApiBooks, running_api
from tests.functions.proxy import Proxy
from tests.functions.s0_client import S0Client
from tests.functions.s0_surface import FIBER, client, errors, proxy

__all__ = ["client", "proxy"]


CALLS = (
    ("GET", ""),
    ("GET", "/lumen"),
    ("POST", ""),
    ("PUT", "/lumen"),
    ("POST", "/lumen/invoices"),
    ("POST", "/lumen/payments"),
    ("POST", "/generate-invoices"),
    ("POST", "/dunning/run"),
)


@pytest.mark.parametrize(("method", "path"), [*CALLS, ("POST", "/api/internal/cron/billing")])
def test_without_a_credential_or_with_a_wrong_one_nobody_gets_in(client: S0Client, method: str, path: str) -> None:
    for stranger in (client.without("x-internal-key"), client.sending(x_internal_key="x" * 32)):
        status, sentence = errors(stranger.calls(method, path, {}))
        assert (status, sentence.endswith("is missing or invalid")) == (401, True)


@pytest.mark.parametrize(("method", "path"), CALLS[:6])
def test_without_a_tenant_nothing_is_done(client: S0Client, method: str, path: str) -> None:
    status, sentence = errors(client.without("X-Tenant-ID").calls(method, path, {}))
    assert (status, sentence.partition(":")[0]) == (400, "X-Tenant-ID")


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_a_tenant_that_is_not_the_caller_s_is_403(client: S0Client, method: str, path: str) -> None:
    assert client.sending(X_Tenant_ID="nowhere").calls(method, path, {}).status == 403


def test_a_tenant_header_without_a_name_means_nobody_and_never_all(client: S0Client) -> None:
    for path in ("/api/internal/cron/billing", "/api/customer-billing/generate-invoices"):
        for blank in ("", "  "):
            status, sentence = errors(client.sending(X_Tenant_ID=blank).calls("POST", path, {}))
            assert (status, sentence.partition(":")[0]) == (400, "X-Tenant-ID")


def test_staff_run_the_steps_of_their_tenant_alone_and_viewers_none(tmp_path: Path) -> None:
    with running_api(tmp_path) as api:
        ask = _asker(api, "POST", "/api/customer-billing/generate-invoices")
        assert ask(Role.STAFF, {"X-Tenant-ID": "acme"}) == 200
        assert ask(Role.STAFF, {"X-Tenant-ID": "umbra"}) == 403
        assert ask(Role.VIEWER, {"X-Tenant-ID": "acme"}) == 403
        cron = _asker(api, "POST", "/api/internal/cron/billing")
        assert cron(Role.ADMIN, {"X-Tenant-ID": "acme"}) == 403


def _asker(api: ApiBooks, method: str, path: str) -> Any:  # noqa: ANN401 - asks, and tells the status
    return lambda role, sent: api.ask(method, path, role=role, sent=sent).status


def test_who_asked_stands_in_the_audit_log(proxy: Proxy, client: S0Client) -> None:
    client.sending(X_Request_ID="req-from-afar").posts("", FIBER, status=201)

    [record] = [
        each
        for batch in proxy.world.collection("audit")
        for each in batch.fields["records"]  # type: ignore[union-attr]
        if each["event"] == "subscription.created"  # type: ignore[index, call-overload]
    ]
    assert (record["actor"], record["request_id"]) == ("internal-key", "req-from-afar")  # type: ignore[index, call-overload]
