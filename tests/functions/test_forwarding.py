"""The daily steps handed on to the functions that are deployed for them, over HTTP between processes."""

import json
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from billing.adapters.job_posts import JobPosts
from billing.adapters.sqlite import SqliteDocuments
from billing.api.caller import Caller
from billing.api.job_door import actor_of
from billing.domain.errors import BillingError
from billing.domain.member import Role
from billing.ports import Query
from billing.ports.jobs import JobCall, JobRefused, JobUnavailable
from billing.store.indexes import INDEXES
from billing.usecases.api_keys import WantedKey, create_api_key
from billing.usecases.call import Call
from tests.functions.laptop import laptop_environment
from tests.functions.running_door import KEY, RunningDoor, running_door
from tests.functions.s0_client import S0Client
from tests.functions.small_tenants import add_tenant
from tests.local_server import QuietHandler, serving
from tests.oidc_issuer import OidcIssuer

ASKED = JobCall(
    job="generate_invoices", tenant_id="acme", body=b"{}", actor="user:ada@acme.test", request_id="req-1", seconds=2
)


@dataclass(frozen=True, kw_only=True)
class Deployed:
    """The public function, and what lies behind it."""

    proxy: RunningDoor
    functions: Mapping[str, RunningDoor]
    documents: SqliteDocuments
    environ: Mapping[str, str]

    def client(self, **headers: str) -> S0Client:
        def send(method: str, path: str, body: bytes | None, sent: Mapping[str, str]) -> Any:  # noqa: ANN401
            return self.proxy.call(method, path=path, body=body, sent=sent)

        return S0Client(send=send, headers=headers)

    def actors(self, tenant_id: str, *, event: str) -> set[Any]:
        batches = self.documents.query(Query(f"tenants/{tenant_id}/audit"))
        records: list[Any] = [each for batch in batches for each in batch.fields["records"]]  # type: ignore[union-attr]
        return {each["actor"] for each in records if each["event"] == event}


@pytest.fixture
def deployed(tmp_path: Path) -> Iterator[Deployed]:
    """Three functions in three processes over one store, the proxy with the addresses of the other two."""
    with ExitStack() as running:
        environ = laptop_environment(tmp_path)
        functions = {
            name: running.enter_context(running_door(environ, folder=tmp_path, function=name))
            for name in ("generate_invoices", "run_dunning")
        }
        environ |= {f"{name.upper()}_URL": f"http://127.0.0.1:{door.port}" for name, door in functions.items()}
        yield Deployed(
            proxy=running.enter_context(running_door(environ, folder=tmp_path, function="api_proxy")),
            functions=functions,
            documents=running.enter_context(closing(SqliteDocuments(tmp_path / "billing.db", indexes=INDEXES))),
            environ=environ,
        )


def test_the_steps_run_in_their_functions_and_the_audit_log_names_who_asked(deployed: Deployed) -> None:
    add_tenant(deployed.documents, "acme")
    call = Call(tenant_id="acme", actor="test", recorded_at=datetime.now(UTC))
    wanted = WantedKey(name="night", role=Role.STAFF)
    key, token = create_api_key(deployed.documents, wanted, new_secret=lambda: secrets.token_urlsafe(32), call=call)
    client = deployed.client(Authorization=f"Bearer {token}")

    answer = client.posts("/generate-invoices")

    assert (answer["generated"], answer["tenant"]) == (1, "acme")
    assert client.posts("/dunning/run")["processed"] == 0
    assert deployed.actors("acme", event="invoice.issued") == {f"api-key:{key.value.id} via internal-key"}


def test_the_cron_route_goes_on_over_a_tenant_that_fails(deployed: Deployed) -> None:
    for name in ("acme", "other"):
        add_tenant(deployed.documents, name)
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    came_with = {"traceparent": f"00-{trace_id}-00f067aa0ba902b7-01"}
    client = deployed.client(**{"x-internal-key": KEY, "X-Tenant-ID": "acme,nowhere,other", **came_with})

    answer = client.posts("/api/internal/cron/billing")

    assert (answer["tenants"], answer["invoicesGenerated"]) == (3, 2)
    assert [each["tenantId"] for each in answer["errors"]] == ["nowhere"]
    assert answer["errors"][0]["message"] == "no tenant 'nowhere'"
    assert deployed.actors("acme", event="invoice.issued") == {"internal-key"}
    lines = [line for door in (deployed.proxy, *deployed.functions.values()) for line in door.log]
    assert {line["logging.googleapis.com/trace"] for line in lines} == {trace_id}
    # of both steps: a call for each tenant, and a report for each that there is; the call that asked for all
    assert len(lines) == 2 * (3 + 2) + 1


def test_what_a_function_refuses_is_answered_as_it_said_it(deployed: Deployed) -> None:
    add_tenant(deployed.documents, "acme")
    client = deployed.client(**{"x-internal-key": KEY, "X-Tenant-ID": "acme"})

    refused = client.calls("POST", "/generate-invoices", {"dryRun": True})

    assert (refused.status, refused.json["error"].partition(":")[0]) == (422, "dryRun")


def test_one_address_without_the_other_is_a_configuration_that_is_refused(tmp_path: Path) -> None:
    environ = laptop_environment(tmp_path) | {"RUN_DUNNING_URL": "https://dunning.example.com"}
    with running_door(environ, folder=tmp_path, function="api_proxy") as door:
        answered = door.call("GET", path="/healthz")
        assert (answered.status, answered.json["code"]) == (500, "misconfigured")
        assert "GENERATE_INVOICES_URL" in json.dumps(door.log)


def test_without_a_key_the_proxy_proves_itself_by_a_token_for_that_function_alone(tmp_path: Path) -> None:
    account = "proxy@acme.iam.gserviceaccount.com"
    asked_for = list[str]()
    with ExitStack() as running:
        issuer = running.enter_context(OidcIssuer())
        metadata = running.enter_context(serving(_metadata(issuer, account=account, asked_for=asked_for)))
        environ = laptop_environment(tmp_path) | {
            "INTERNAL_API_KEY": "",
            "OIDC_ISSUERS": issuer.url,
            "OIDC_CERTS_URL": issuer.certs_url,
            "OIDC_SERVICE_ACCOUNTS": f"{account},front@acme.iam.gserviceaccount.com",
        }
        function = running.enter_context(running_door(environ, folder=tmp_path, command=_audience_is_its_address))
        url = f"http://127.0.0.1:{function.port}"
        environ |= {
            "GENERATE_INVOICES_URL": url,
            "RUN_DUNNING_URL": "http://127.0.0.1:9",
            "FUNCTIONS_CREDENTIAL": "oidc",
            "GCE_METADATA_HOST": metadata.removeprefix("http://"),
            "GCE_METADATA_IP": metadata.removeprefix("http://"),
            "OIDC_AUDIENCE": "https://front.example.com",
        }
        proxy = running.enter_context(running_door(environ, folder=tmp_path, function="api_proxy"))
        documents = running.enter_context(closing(SqliteDocuments(tmp_path / "billing.db", indexes=INDEXES)))
        add_tenant(documents, "acme")
        front = issuer.token(
            audience="https://front.example.com", email="front@acme.iam.gserviceaccount.com", now=datetime.now(UTC)
        )
        deployed = Deployed(
            proxy=proxy, functions={"generate_invoices": function}, documents=documents, environ=environ
        )
        client = deployed.client(**{"Authorization": f"Bearer {front}", "X-Tenant-ID": "acme"})

        assert client.posts("/generate-invoices")["generated"] == 1
        assert client.posts("/generate-invoices")["generated"] == 0
        assert client.calls("POST", "/dunning/run").status == 503

    assert set(asked_for) == {url, "http://127.0.0.1:9"}
    assert asked_for.count(url) == 1  # it is kept until it expires


def _audience_is_its_address(port: int) -> list[str]:
    source = ["--target", "generate_invoices", "--source", "functions/generate_invoices/main.py"]
    at = ["--host", "127.0.0.1", "--port", str(port)]
    set_audience = ["env", f"OIDC_AUDIENCE=http://127.0.0.1:{port}"]
    return [*set_audience, sys.executable, "-m", "functions_framework", *source, *at]


def _metadata(issuer: OidcIssuer, *, account: str, asked_for: list[str]) -> type[QuietHandler]:
    """The metadata server of a machine of Google's: it signs tokens for the account that the machine runs as."""

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            given = parse_qs(urlsplit(self.path).query)
            body = json.dumps({"email": account, "aliases": ["default"], "scopes": []}).encode()
            if "audience" in given:
                asked_for.append(given["audience"][0])
                body = issuer.token(audience=given["audience"][0], email=account, now=datetime.now(UTC)).encode()
            content_type = "application/text" if "audience" in given else "application/json"
            self.answer(200, body, headers={"Metadata-Flavor": "Google", "Content-Type": content_type})

    return Handler


# what may come back


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (404, {"code": "not_found", "error": "no tenant 'acme'"}, JobRefused),
        (409, {"code": "write_conflict", "error": "others were quicker"}, JobRefused),
        (401, {"code": "unauthenticated", "error": "x-internal-key is missing or invalid"}, JobUnavailable),
        (404, {"code": "not_found", "error": "no path"}, JobUnavailable),
        (302, {}, JobUnavailable),
        (422, [], JobUnavailable),
        (503, {"code": "store_unavailable", "error": "away"}, JobUnavailable),
        (500, None, JobUnavailable),
    ],
)
def test_an_answer_that_is_none_is_told_apart_by_whose_fault_it_is(
    status: int, body: object, error: type[BillingError]
) -> None:
    with serving(_answering(status, b"<html>" if body is None else json.dumps(body).encode())) as url:
        posts = JobPosts(urls={"generate_invoices": url}, credential=lambda _url: {"x-internal-key": KEY})
        with pytest.raises(error) as raised:
            posts.call(ASKED)
    assert "html" not in str(raised.value)


def test_a_function_that_is_away_or_a_credential_that_is_not_to_be_had_is_unavailable() -> None:
    def no_credential(_url: str) -> Mapping[str, str]:
        raise OSError

    with pytest.raises(JobUnavailable, match="did not run"):
        JobPosts(urls={"generate_invoices": "http://127.0.0.1:9"}, credential=lambda _url: {}).call(ASKED)
    with pytest.raises(JobUnavailable, match="no credential: OSError"):
        JobPosts(urls={"generate_invoices": "http://127.0.0.1:9"}, credential=no_credential).call(ASKED)


def test_the_actor_that_is_passed_on_can_hold_no_header_of_its_own() -> None:
    seen = list[tuple[str | None, str | None]]()
    with serving(_answering(200, b"{}", seen=seen)) as url:
        posts = JobPosts(urls={"generate_invoices": url}, credential=lambda _url: {})
        called = JobCall(
            job="generate_invoices",
            tenant_id=None,
            body=b"",
            actor="user:é\r\nX-Tenant-ID: b",
            request_id="r",
            seconds=2,
        )
        assert posts.call(called) == b"{}"
    assert seen == [("user:___X-Tenant-ID:_b", None)]


@pytest.mark.parametrize(
    ("caller", "passed_on", "named"),
    [
        (Caller("internal_key", "internal-key", None), "user:ada", "user:ada via internal-key"),
        (Caller("internal_key", "internal-key", None), None, "internal-key"),
        (Caller("internal_key", "internal-key", None), "internal-key", "internal-key"),
        (Caller("internal_key", "internal-key", None), "a b", "internal-key"),
        (Caller("user", "user:eve", frozenset({"acme"})), "user:ada", "user:eve"),
    ],
)
def test_only_a_caller_of_our_own_may_say_for_whom_it_calls(caller: Caller, passed_on: str | None, named: str) -> None:
    assert actor_of(caller, passed_on=passed_on) == named


def _answering(status: int, body: bytes, *, seen: list[Any] | None = None) -> type[QuietHandler]:
    class Handler(QuietHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if seen is not None:
                seen.append((self.headers["x-billing-actor"], self.headers["X-Tenant-ID"]))
            self.answer(status, body)

    return Handler
