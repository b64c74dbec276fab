"""The pay link's pages over HTTP: what they show in each state, what paying leads to, and what a stranger can't do."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from billing.domain.attempt import AttemptStatus, PaymentAttempt
from billing.domain.decline import Advice
from billing.domain.invoice import BankDetails, CollectionMethod, InvoiceStatus
from billing.domain.payment import PaymentSource
from billing.domain.payment_link import payment_url
from billing.store.invoices import Invoices
from billing.store.tenants import Tenants
from billing.usecases.call import Call
from billing.usecases.record_payment import NewPayment, record_payment
from billing.usecases.void_invoice import void_invoice
from tests.builders import a_party, a_plan, a_tenant, utc
from tests.functions.proxy import LINK_KEY, STRIPE_KEY, Proxy, owes, running_proxy
from tests.functions.running_door import Answered
from tests.sandbox_client import browse, client_of

CARD = {"number": "4242424242424242", "expiry": "12/30", "cvc": "123", "email": "ap@lumen.test"}
BANK = BankDetails(account_holder="Acme Inc.", iban="DE89370400440532013000", bic="COBADEFFXXX")


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    with running_proxy(tmp_path) as running:
        yield running


def call(proxy: Proxy) -> Call:
    return Call(tenant_id="acme", actor="kai", recorded_at=proxy.clock.now())


def text(page: Answered) -> str:
    """What a reader sees, in one line."""
    body = re.sub(r"<style>.*?</style>", "", page.body.decode(), flags=re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def heading(page: Answered) -> str:
    [found] = re.findall(r"<h1>(.*?)</h1>", page.body.decode())
    return unescape(found)


def transfers(proxy: Proxy, amount: int) -> None:
    new = NewPayment(
        id="wire-1",
        amount=amount,
        currency="USD",
        source=PaymentSource.BANK_TRANSFER,
        received_at=proxy.clock.now(),
        invoice_ids=(proxy.invoice().id,),
    )
    record_payment(proxy.world.documents, new, call=call(proxy))


def opens_checkout(proxy: Proxy) -> str:
    answered = proxy.call("POST", f"{proxy.link()}/checkout")
    assert answered.status == 303
    return answered.headers["location"]


def changes(proxy: Proxy, **fields: Any) -> None:  # noqa: ANN401 - any field of the invoice
    """Set payment fields of the invoice, as some use case would."""
    invoices = Invoices.of(proxy.world.documents, "acme")
    [stored] = invoices.get([proxy.invoice().id])
    assert stored is not None
    proxy.world.documents.commit([invoices.changed(stored, replace(stored.value, **fields))])


# what is shown


def test_the_page_says_what_is_due_until_when_and_what_for(proxy: Proxy) -> None:
    owes(proxy)
    page = proxy.get(proxy.link())
    said = text(page)
    assert (page.status, heading(page)) == (200, "Pay invoice INV-2026-02-0001")
    for part in (
        "Acme API Platform Inc.",
        "$58.31 Amount due · due by March 31, 2026",
        "Pay $58.31 by card",
        "Base (monthly) 1 $49.00 19% $49.00",
        "VAT 19% on $49.00 $9.31",
        "Supply period February 1, 2026 – February 28, 2026",
        "Questions? Write to help@acme.test",
    ):
        assert part in said, part


def test_an_overdue_invoice_says_since_when(proxy: Proxy) -> None:
    owes(proxy)
    proxy.clock.at = utc("2026-04-01")
    assert "This invoice was due on March 31, 2026." in text(proxy.get(proxy.link()))


def test_it_speaks_the_customers_language(proxy: Proxy) -> None:
    for customer_id, locale, title in (
        ("de", "de_DE", "Rechnung INV-2026-02-0001 bezahlen"),
        ("fr", "fr_FR", "Payer la facture INV-2026-02-0002"),
        ("es", "es_ES", "Pagar la factura INV-2026-02-0003"),
        ("ja", "ja_JP", "Pay invoice INV-2026-02-0004"),
    ):
        owes(proxy, customer_id, locale=locale)
        page = proxy.get(proxy.link(customer_id))
        assert heading(page) == title
        assert f'<html lang="{"en" if customer_id == "ja" else locale.replace("_", "-")}">' in page.body.decode()


def test_a_euro_invoice_shows_the_account_the_reference_and_both_codes(tmp_path: Path) -> None:
    tenant = a_tenant(gateway="stripe", currency="EUR", bank=BANK)
    with running_proxy(tmp_path, tenant=tenant) as proxy:
        proxy.world.plan(a_plan(plan_id="monthly", currency="EUR"))
        proxy.world.plans["monthly@1"] = proxy.world.plan(
            a_plan(plan_id="monthly", version=2, currency="EUR", fees=[_fee()])
        )
        owes(proxy, currency="EUR")
        page = proxy.get(proxy.link())
        assert "IBAN DE89 3704 0044 0532 0130 00 BIC COBADEFFXXX Reference INV-2026-02-0001" in text(page)
        labels = re.findall(r'<svg role="img" aria-label="([^"]+)"', page.body.decode())
        assert labels == ["Scan with your banking app", "Open this page on your phone"]


def _fee() -> Any:  # noqa: ANN401
    from tests.builders import a_fee

    return a_fee("49.00")


def test_an_automatic_charge_that_can_not_be_made_can_be_transferred(tmp_path: Path) -> None:
    with running_proxy(tmp_path, tenant=a_tenant(bank=BANK)) as proxy:  # no gateway
        owes(proxy, collection_method=CollectionMethod.CHARGE_AUTOMATICALLY)
        assert "IBAN DE89 3704 0044 0532 0130 00" in text(proxy.get(proxy.link()))


def test_the_pdf_is_the_one_that_was_filed(proxy: Proxy) -> None:
    invoice = owes(proxy)
    answered = proxy.get(f"{proxy.link()}/invoice.pdf")
    assert answered.body == proxy.engine.objects.get(invoice.attachments[0].key)
    assert answered.headers["content-type"] == "application/pdf"
    assert answered.headers["content-disposition"] == 'inline; filename="INV-2026-02-0001.pdf"'
    assert proxy.call("HEAD", f"{proxy.link()}/invoice.pdf").headers["content-length"] == str(len(answered.body))


def test_before_the_pdf_is_filed_the_page_offers_none(proxy: Proxy) -> None:
    owes(proxy)
    changes(proxy, attachments=())
    assert "PDF" not in text(proxy.get(proxy.link()))
    assert proxy.get(f"{proxy.link()}/invoice.pdf").status == 404


def test_a_part_that_was_paid_leaves_the_rest(proxy: Proxy) -> None:
    owes(proxy)
    transfers(proxy, 831)
    said = text(proxy.get(proxy.link()))
    assert "$8.31 of $58.31 is settled already. This is the rest." in said
    assert "Pay $50.00 by card" in said


@pytest.mark.parametrize(
    ("fields", "title", "sentence"),
    [
        ({"status": InvoiceStatus.PAID, "amount_paid": 5831}, "Invoice {n} is paid", "Nothing is due any more."),
        ({"status": InvoiceStatus.PAID, "amount_credited": 5831}, "Invoice {n} has been credited", "A credit note"),
        ({"status": InvoiceStatus.VOID}, "Invoice {n} is void", "Please do not pay it."),
        ({"status": InvoiceStatus.UNCOLLECTIBLE}, "Invoice {n} is closed", "It can no longer be paid here."),
        (
            {
                "attempts": (
                    PaymentAttempt(number=1, attempted_at=utc("2026-03-01"), amount=5831, status=AttemptStatus.PENDING),
                )
            },
            "Invoice {n} is being charged",
            "$58.31 is being charged to your saved payment method right now.",
        ),
    ],
    ids=["paid", "credited", "void", "written off", "being charged"],
)
def test_what_is_not_to_be_paid_says_why_and_cannot_be_paid(
    proxy: Proxy, fields: dict[str, Any], title: str, sentence: str
) -> None:
    owes(proxy)
    changes(proxy, **fields)
    page = proxy.get(proxy.link())
    assert heading(page) == title.format(n="INV-2026-02-0001")
    assert sentence in text(page)
    assert "<form" not in page.body.decode()
    assert proxy.call("POST", f"{proxy.link()}/checkout").headers["location"] == f"{proxy.base}{proxy.link()}"
    assert proxy.invoice().checkout_id == ""


def test_a_voided_invoice_is_void_on_its_page(proxy: Proxy) -> None:
    invoice = owes(proxy)
    void_invoice(proxy.world.documents, invoice.number, reason="wrong price", call=call(proxy))
    assert heading(proxy.get(proxy.link())) == "Invoice INV-2026-02-0001 is void"


def test_a_tenant_without_a_gateway_offers_no_card(tmp_path: Path) -> None:
    with running_proxy(tmp_path, tenant=a_tenant(bank=BANK)) as proxy:
        owes(proxy)
        page = proxy.get(proxy.link())
        assert "by card" not in text(page)
        assert "IBAN" in text(page)
        assert proxy.call("POST", f"{proxy.link()}/checkout").headers["location"] == f"{proxy.base}{proxy.link()}"


# paying


def test_paying_by_card_books_the_payment_on_the_way_back(proxy: Proxy) -> None:
    owes(proxy)
    paid = browse(opens_checkout(proxy), CARD)
    assert paid.location.startswith(f"{proxy.base}{proxy.link()}/thanks?session=cs_test_")

    thanks = proxy.get(paid.location)

    assert (heading(thanks), proxy.invoice().status) == ("Thank you", InvoiceStatus.PAID)
    assert [each.amount for each in proxy.payments()] == [5831]
    proxy.get(paid.location)
    assert len(proxy.payments()) == 1
    assert heading(proxy.get(proxy.link())) == "Invoice INV-2026-02-0001 is paid"


def test_clicking_again_or_twice_at_once_leads_to_the_same_page(proxy: Proxy) -> None:
    owes(proxy)
    with ThreadPoolExecutor(4) as threads:
        pages = set(threads.map(lambda _: opens_checkout(proxy), range(4)))
    assert pages == {opens_checkout(proxy)}
    assert proxy.invoice().checkout_id in pages.pop()


def test_when_the_amount_changes_the_old_page_is_closed_and_a_new_one_opened(proxy: Proxy) -> None:
    owes(proxy)
    first = opens_checkout(proxy)
    transfers(proxy, 831)
    second = opens_checkout(proxy)
    assert browse(first, CARD).status == 410
    browse(second, CARD)
    proxy.get(f"{proxy.link()}/thanks?session={proxy.invoice().checkout_id}")
    assert proxy.invoice().status is InvoiceStatus.PAID
    assert sorted(each.amount for each in proxy.payments()) == [831, 5000]


def test_a_page_that_expired_is_followed_by_a_new_one(proxy: Proxy) -> None:
    owes(proxy)
    first = opens_checkout(proxy)
    proxy.sandbox.control("POST", "clock", {"advance": 24 * 3600})
    second = opens_checkout(proxy)
    assert first != second
    assert browse(second, CARD).status == 303


def test_a_page_that_stripe_closed_is_not_offered_again_by_its_key(proxy: Proxy) -> None:
    owes(proxy)
    first = opens_checkout(proxy)
    client_of(proxy.sandbox, key=STRIPE_KEY).v1.checkout.sessions.expire(proxy.invoice().checkout_id)
    changes(proxy, checkout_id="")  # as its webhook does; the key now answers with what was open once
    second = opens_checkout(proxy)
    assert first != second
    assert browse(second, CARD).status == 303


def test_paid_on_a_page_and_not_come_back_yet_the_next_click_finds_it_paid(proxy: Proxy) -> None:
    owes(proxy)
    browse(opens_checkout(proxy), CARD)
    answered = proxy.call("POST", f"{proxy.link()}/checkout")
    assert answered.headers["location"] == f"{proxy.base}{proxy.link()}"
    assert proxy.invoice().status is InvoiceStatus.PAID


def test_while_stripe_does_not_answer_the_thanks_page_says_it_is_on_its_way(proxy: Proxy) -> None:
    owes(proxy)
    paid = browse(opens_checkout(proxy), CARD)
    proxy.sandbox.control(
        "POST", "faults", {"kind": "server_error", "path": "/v1/checkout/*", "method": "*", "times": 9}
    )
    page = proxy.get(paid.location)
    assert (page.status, heading(page)) == (200, "Your payment is on its way")
    assert "<form" not in page.body.decode()


def test_while_stripe_does_not_answer_nobody_is_sent_anywhere(proxy: Proxy) -> None:
    owes(proxy)
    proxy.sandbox.control("POST", "faults", {"kind": "server_error", "path": "/v1/*", "method": "*", "times": 99})
    page = proxy.call("POST", f"{proxy.link()}/checkout")
    assert (page.status, heading(page)) == (503, "This did not work just now")


@pytest.mark.parametrize("session", ["", "cs_test_made_up_by_somebody", "../../etc", "a" * 300, "%0d%0aX-Y:z"])
def test_a_session_that_is_none_of_the_invoices_books_nothing(proxy: Proxy, session: str) -> None:
    owes(proxy)
    page = proxy.get(f"{proxy.link()}/thanks?session={session}")
    assert (page.status, heading(page)) == (200, "Pay invoice INV-2026-02-0001")


def test_a_session_of_another_invoice_does_not_say_thanks_here(proxy: Proxy) -> None:
    owes(proxy)
    owes(proxy, "other")
    paid = browse(proxy.call("POST", f"{proxy.link('other')}/checkout").headers["location"], CARD)
    page = proxy.get(f"{proxy.link()}/thanks?{paid.location.partition('?')[2]}")
    assert heading(page) == "Pay invoice INV-2026-02-0001"


# another payment method


def test_another_card_is_saved_and_named(proxy: Proxy) -> None:
    owes(proxy, collection_method=CollectionMethod.CHARGE_AUTOMATICALLY)
    assert "No payment method is saved yet." in text(proxy.get(f"{proxy.link()}/card"))
    hosted = proxy.call("POST", f"{proxy.link()}/card")
    saved = browse(hosted.headers["location"], CARD)
    page = proxy.get(saved.location)
    assert (hosted.status, heading(page)) == (303, "Your card is saved")
    assert "Visa •••• 4242 is used from now on." in text(page)
    assert proxy.customer().payment_method == "Visa •••• 4242"
    assert proxy.customer().gateway_id.startswith("cus_")


def test_looking_at_the_card_page_opens_nothing_at_stripe(proxy: Proxy) -> None:
    owes(proxy)
    proxy.get(f"{proxy.link()}/card")
    assert client_of(proxy.sandbox, key=STRIPE_KEY).v1.checkout.sessions.list().data == []


# strangers and mischief


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


def test_a_payment_on_the_hosted_page_is_receipted_with_the_next_settlement(tmp_path: Path) -> None:
    tenant = a_tenant(gateway="stripe", mail_sender="billing@acme.test")
    with running_proxy(tmp_path, tenant=tenant) as proxy:
        owes(proxy)
        proxy.get(browse(opens_checkout(proxy), CARD).location)
        proxy.engine.generate_invoices(proxy.world.request())
        mails = [each.read_text() for each in (tmp_path / "mail").rglob("*") if each.is_file()]
        about = [re.search(r"^Message-ID: <\w+\.(\w+)@", each, re.MULTILINE | re.IGNORECASE) for each in mails]
        assert sorted(found[1] for found in about if found) == ["invoice_issued", "receipt"]
        assert proxy.invoice().pending == ()


def test_a_saved_card_is_charged_at_once_for_what_was_declined(tmp_path: Path) -> None:
    with running_proxy(tmp_path, webhooks=True) as proxy:
        owes(proxy, collection_method=CollectionMethod.CHARGE_AUTOMATICALLY)  # without a card: declined
        assert [each.status for each in proxy.invoice().attempts] == [AttemptStatus.DECLINED]
        saved = browse(proxy.call("POST", f"{proxy.link()}/card").headers["location"], CARD)
        page = proxy.get(saved.location)

        assert heading(page) == "Your card is saved"
        assert proxy.invoice().status is InvoiceStatus.PAID
        assert [each.status for each in proxy.invoice().attempts] == [AttemptStatus.DECLINED, AttemptStatus.SUCCEEDED]
        proxy.logged(event_type="checkout.session.completed")
        assert len(proxy.payments()) == 1
