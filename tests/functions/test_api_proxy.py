"""The public door as it is deployed: functions-framework in a process of its own, from its one file."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

from billing.adapters.sqlite import SqliteDocuments
from billing.store.indexes import INDEXES
from billing.store.tenants import Tenants
from tests import stripe_signature
from tests.builders import a_tenant
from tests.functions.laptop import laptop_environment
from tests.functions.proxy import WEBHOOK_SECRET
from tests.functions.running_door import ROOT, door_environment, running_door

CHEAP = "import sys, runpy; runpy.run_path('functions/api_proxy/main.py'); print(*sys.modules)"
NEEDED_LATER = {
    "google.cloud.firestore",
    "grpc",
    "obstore",
    "opentelemetry.sdk",
    "reportlab.pdfgen",
    "sqlite3",
    "stripe",
}


def test_it_answers_health_pages_and_webhooks_through_the_framework(tmp_path: Path) -> None:
    environ = laptop_environment(tmp_path) | {
        "STRIPE_API_KEY": "sk_test_acme",
        "STRIPE_WEBHOOK_SECRET": WEBHOOK_SECRET,
        "PAYMENT_LINK_KEY": "k",
        "PAYMENT_LINK_BASE": "https://pay.acme.test",
    }
    with closing(SqliteDocuments(tmp_path / "billing.db", indexes=INDEXES)) as documents:
        documents.commit([Tenants(documents).saving(a_tenant(gateway="stripe"))])
    with running_door(environ, folder=tmp_path, function="api_proxy") as door:
        health = door.call("GET", path="/healthz")
        assert (health.status, health.json["status"]) == (200, "ok")
        page = door.call("GET", path="/pay/made.up")
        assert (page.status, page.headers["content-type"]) == (404, "text/html; charset=utf-8")
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert door.call("POST", path="/webhooks/stripe/acme", body=b"{}").status == 400

        event = {"id": "evt_1", "type": "invoice.created", "data": {"object": {"id": "in_1"}}}
        body, signature = stripe_signature.signed(event, secret=WEBHOOK_SECRET, at=_now())
        taken = door.call("POST", path="/webhooks/stripe/acme", body=body, sent={"Stripe-Signature": signature})
        assert taken.json == {"received": True, "outcome": "ignored"}
        assert door.call("POST", path="/webhooks/stripe/acme", body=b" " * (1024 * 1024 + 1)).status == 413


def test_without_a_configuration_nobody_gets_in_and_the_log_alone_says_why(tmp_path: Path) -> None:
    with running_door({"BILLING_STORE": "mysql://db"}, folder=tmp_path, function="api_proxy") as door:
        answered = door.call("GET", path="/healthz")
        assert (answered.status, answered.json["code"]) == (500, "misconfigured")
        assert b"BILLING" not in answered.body


def test_importing_it_connects_to_nothing_and_loads_no_store() -> None:
    run = subprocess.run(
        [sys.executable, "-c", CHEAP], cwd=ROOT, env=door_environment({}), capture_output=True, text=True, check=True
    )
    assert NEEDED_LATER.isdisjoint(run.stdout.split())


def _now() -> int:
    import time

    return int(time.time())
