"""Spans as OpenTelemetry's collectors take them: what a run spends its time on, in the trace of who asked for it."""

import time
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from billing.adapters.otlp_spans import OtlpSpans
from billing.adapters.trace_place import TracePlace
from billing.ports import MailUnavailable
from billing.ports.trace import Trace, note_in_span, span, traced
from tests.builders import a_tenant
from tests.functions.laptop import laptop_door
from tests.functions.proxy import owes, running_proxy
from tests.functions.running_door import KEY
from tests.otlp_collector import Collector, attributes_of, otlp_collector

TRACE = Trace(trace_id="4bf92f3577b34da6a3ce929d0e0e4736", span_id="00f067aa0ba902b7", sampled=True)


def spans_to(collector: Collector) -> OtlpSpans:
    return OtlpSpans(TracePlace(url=collector.url, project="acme-prod"), service="test", revision="r1")


def test_a_run_is_a_tree_of_spans_below_the_span_of_its_caller(tmp_path: Path) -> None:
    with otlp_collector() as collector, laptop_door(tmp_path, BILLING_TRACES=collector.url) as laptop:
        tenant = laptop.tenant()
        ran = laptop.door.post({"as_of": "2026-03-01"}, tenant=tenant, headers={"traceparent": TRACE.traceparent})
        assert ran.json["generated"] == 1
        [call] = [line for line in laptop.door.log if line["event"] == "generate_invoices"]
    request = collector.named("generate_invoices")
    assert {(service, each.trace_id.hex()) for service, each in collector.spans} == {
        ("generate_invoices", TRACE.trace_id)
    }
    assert (request.parent_span_id.hex(), request.span_id.hex()) == (
        TRACE.span_id,
        call["logging.googleapis.com/spanId"],
    )
    assert attributes_of(request) == {"http.request.method": "POST", "http.response.status_code": 200}
    run = attributes_of(collector.named("run"))
    assert (run["tenant"], run["dry_run"], run["invoices"], run["failures"]) == (tenant, False, 1, 0)
    assert collector.below("generate_invoices") == {"run"}
    assert collector.below("run") == {"page", "settle", "store.commit"}
    assert collector.below("page") == collector.below("settle") == {"store.commit"}


def test_a_proxy_s_request_is_a_span_that_names_its_route_and_never_its_address(tmp_path: Path) -> None:
    with (
        otlp_collector() as collector,
        laptop_door(tmp_path, function="api_proxy", BILLING_TRACES=collector.url) as laptop,
    ):
        sent = {"x-internal-key": KEY, "X-Tenant-ID": laptop.tenant()}
        assert laptop.door.call("GET", path="/api/billing/customers/acct-1", sent=sent).status == 200
        deadline = time.monotonic() + 20
        while not collector.spans and time.monotonic() < deadline:
            time.sleep(0.05)
    assert attributes_of(collector.named("api_proxy")) == {
        "http.request.method": "GET",
        "http.route": "/api/billing/customers/{customer_id}",
        "http.response.status_code": 200,
    }


def test_mails_and_the_gateway_are_spans_in_whatever_thread_they_are_asked(tmp_path: Path) -> None:
    seller = a_tenant(gateway="stripe", mail_sender="billing@acme.test", support_email="help@acme.test")
    with otlp_collector() as collector, running_proxy(tmp_path, tenant=seller) as proxy:
        spans = spans_to(collector)
        with traced("test", TRACE, {}, spans=spans):
            owes(proxy)
            gateway = proxy.engine.gateway(seller)
            assert gateway is not None
            gateway.save_customer(key="k", customer_id="lumen", email="ap@lumen.test", name="Lumen", known="")
        spans.flush()
    assert collector.below("settle") >= {"mail.send", "store.commit"}
    assert "gateway.save_customer" in collector.below("test")
    assert "lumen" not in str(collector.spans).lower()


def test_what_failed_is_told_by_its_kind_alone() -> None:
    @span("run", tenant="acme")
    def run() -> None:
        note_in_span(invoices=2)
        raise MailUnavailable(reason="421 anna@example.com: later")

    with otlp_collector() as collector:
        spans = spans_to(collector)
        with pytest.raises(MailUnavailable), traced("door", None, {}, spans=spans):
            run()
        spans.flush()
    failed = collector.named("run")
    assert (failed.status.code, failed.status.message) == (Status.STATUS_CODE_ERROR, "MailUnavailable")
    assert attributes_of(failed) == {"tenant": "acme", "invoices": 2}
    assert "anna" not in str(collector.spans)


def test_a_trace_that_its_caller_does_not_keep_is_not_kept_here_and_goes_on_as_such() -> None:
    unkept = Trace(trace_id=TRACE.trace_id, span_id=TRACE.span_id, sampled=False)
    with otlp_collector() as collector:
        spans = spans_to(collector)
        with traced("door", unkept, {}, spans=spans) as trace:
            assert (trace.trace_id, trace.sampled) == (unkept.trace_id, False)
        spans.flush()
    assert collector.spans == []


def test_a_collector_that_is_away_fails_no_run(tmp_path: Path) -> None:
    with laptop_door(tmp_path, BILLING_TRACES="http://127.0.0.1:9") as laptop:
        ran = laptop.door.post({"as_of": "2026-03-01"}, tenant=laptop.tenant())
        assert (ran.status, ran.json["generated"]) == (200, 1)


def test_a_collector_beyond_this_machine_is_spoken_to_in_secret_only(tmp_path: Path) -> None:
    with laptop_door(tmp_path, BILLING_TRACES="http://collector.example.com") as laptop:
        assert laptop.door.post(tenant="acme").json["code"] == "misconfigured"
