"""Strangers, mischief and plain errors on the pay page: nothing is told, loaded, run or logged that should not be."""

from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest

from billing.domain.attempt import AttemptStatus, PaymentAttempt
from billing.domain.decline import Advice
from billing.domain.invoice import CollectionMethod
from billing.domain.payment_link import payment_url
from billing.store.tenants import Tenants
from tests.builders import a_party, a_tenant, utc
from tests.functions.pay_pages import changes, text, transfers
from tests.functions.proxy import LINK_KEY, STRIPE_KEY, Proxy, owes, running_proxy
from tests.sandbox_client import client_of


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    with running_proxy(tmp_path) as running:
        yield running


def test_every_wrong_link_is_the_same_404(proxy: Proxy) -> None:
    invoice = owes(proxy)
    token = proxy.link().rpartition("/")[2]
    name, _, signature = token.partition(".")
    gone = payment_url("", key=LINK_KEY, tenant_id="acme", invoice_id="sub-none.r0")
    stranger = payment_url("", key=LINK_KEY, tenant_id="nobody", invoice_id=invoice.id)
    forged = payment_url("", key="another-key", tenant_id="acme", invoice_id=invoice.id)
    strange = payment_url("", key=LINK_KEY, tenant_id="acme", invoice_id="a b/../c")
    bodies = set()
    for path in (
        f"/pay/{name}.{signature[::-1]}",
        f"/pay/{name}",
        "/pay/x.y",
        "/pay/.",
        gone,
        stranger,
        forged,
        strange,
    ):
        for below in ("", "/invoice.pdf", "/thanks", "/card", "/card/saved"):
            answered = proxy.get(f"{path}{below}")
            assert answered.status == 404, (path, below)
            bodies.add(answered.body)
        assert proxy.call("POST", f"{path}/checkout").status == 404
    assert len(bodies) == 1


def test_a_link_by_the_key_before_the_last_still_opens(proxy: Proxy) -> None:
    owes(proxy)
    variables = {"PAYMENT_LINK_KEY": "new-key", "PAYMENT_LINK_KEY_PREVIOUS": LINK_KEY}
    proxy.engine.secrets._variables.update(variables)  # type: ignore[attr-defined]
    assert proxy.get(proxy.link()).status == 200
    proxy.engine.secrets._variables.update(PAYMENT_LINK_KEY_PREVIOUS="")  # type: ignore[attr-defined]
    assert proxy.get(proxy.link()).status == 404


def test_a_link_to_another_tenants_invoice_opens_nothing(proxy: Proxy) -> None:
    invoice = owes(proxy)
    other = a_tenant(id="other", gateway="stripe")
    proxy.world.documents.commit([Tenants(proxy.world.documents).saving(other)])
    assert proxy.get(payment_url("", key=LINK_KEY, tenant_id="other", invoice_id=invoice.id)).status == 404


def test_half_a_year_after_it_was_paid_the_link_closes(proxy: Proxy) -> None:
    owes(proxy)
    transfers(proxy, 5831)
    proxy.clock.at += timedelta(days=179)
    assert proxy.get(proxy.link()).status == 200
    proxy.clock.at += timedelta(days=1)
    assert proxy.get(proxy.link()).status == 404


def test_whatever_a_name_says_it_is_shown_as_text(proxy: Proxy) -> None:
    name = '{{ 7*7 }}{% for x in y %}<script>alert(1)</script>"><img src=x onerror=alert(2)>\r\nSet-Cookie: a=b'
    owes(proxy, party=a_party(name=name, email="ap@lumen.test"))
    page = proxy.get(proxy.link())
    body = page.body.decode()
    assert page.status == 200
    assert "set-cookie" not in page.headers
    assert "<script" not in body
    assert "<img" not in body
    assert '{{ 7*7 }}{% for x in y %}<script>alert(1)</script>"><img src=x onerror=alert(2)>' in text_of(body)


def text_of(body: str) -> str:
    return unescape(body)


def test_a_browser_is_told_to_load_nothing_frame_nothing_and_tell_nobody(proxy: Proxy) -> None:
    owes(proxy)
    headers = proxy.get(proxy.link()).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert f"form-action 'self' {proxy.sandbox.url};" in policy
    assert "script-src" not in policy
    assert policy.endswith("base-uri 'none'; frame-ancestors 'none'")
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-robots-tag"] == "noindex, nofollow"


def test_an_address_to_go_to_is_never_taken_from_the_request(proxy: Proxy) -> None:
    owes(proxy)
    for query in ("?next=https://evil.test", "?session=https://evil.test", "?success_url=https://evil.test"):
        sent = {"Host": "evil.test", "X-Forwarded-Host": "evil.test", "Referer": "https://evil.test"}
        answered = proxy.call("POST", f"{proxy.link()}/checkout{query}", sent=sent)
        assert answered.headers["location"].startswith(proxy.sandbox.url)
    session = client_of(proxy.sandbox, key=STRIPE_KEY).v1.checkout.sessions.retrieve(proxy.invoice().checkout_id)
    assert session.success_url.startswith(f"{proxy.base}/pay/")
    assert session.cancel_url.startswith(f"{proxy.base}/pay/")


def test_other_methods_are_refused_and_head_is_get_without_a_body(proxy: Proxy) -> None:
    owes(proxy)
    link = proxy.link()
    for method, path, allowed in (
        ("POST", link, {"GET", "HEAD"}),
        ("DELETE", link, {"GET", "HEAD"}),
        ("GET", f"{link}/checkout", {"POST"}),
        ("PUT", f"{link}/card", {"GET", "HEAD", "POST"}),
        ("GET", "/webhooks/stripe/acme", {"POST"}),
    ):
        answered = proxy.call(method, path)
        assert (answered.status, set(answered.headers["allow"].split(", "))) == (405, allowed)
    head, get = proxy.call("HEAD", link), proxy.get(link)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len(get.body))


def test_the_log_names_the_route_and_the_invoice_never_the_address(proxy: Proxy) -> None:
    invoice = owes(proxy)
    answered = proxy.call("GET", proxy.link(), sent={"X-Request-ID": "from-the-edge-1"})
    line = proxy.logged(request_id="from-the-edge-1")
    assert answered.headers["x-request-id"] == "from-the-edge-1"
    assert (line["route"], line["invoice_id"], line["status"]) == ("/pay/{token}", invoice.id, 200)
    assert proxy.link().rpartition("/")[2] not in str(proxy.log)


def test_a_failed_charge_names_its_page_as_payable(proxy: Proxy) -> None:
    owes(proxy, collection_method=CollectionMethod.CHARGE_AUTOMATICALLY)
    declined = PaymentAttempt(
        number=1,
        attempted_at=utc("2026-03-01"),
        amount=5831,
        status=AttemptStatus.DECLINED,
        code="expired_card",
        advice=Advice.UPDATE_METHOD,
    )
    changes(proxy, attempts=(declined,), pending=())
    page = proxy.get(proxy.link())
    assert "Pay $58.31 by card" in text(page)
    assert "Change the saved payment method" in text(page)


def test_health_is_told_without_a_secret(proxy: Proxy) -> None:
    answered = proxy.get("/healthz")
    assert (answered.status, answered.json["status"]) == (200, "ok")
    assert not {"whsec", "sk_test", LINK_KEY} & set(answered.body.decode().split('"'))


def test_a_path_that_there_is_none_of_is_a_problem(proxy: Proxy) -> None:
    answered = proxy.get("/admin")
    assert (answered.status, answered.json["code"]) == (404, "not_found")
