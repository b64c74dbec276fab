"""On the pay page an invoice is paid once, by its card or another; what is opened at the gateway is closed again."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from billing.domain.attempt import AttemptStatus
from billing.domain.invoice import CollectionMethod, InvoiceStatus
from tests.builders import a_tenant
from tests.functions.pay_pages import CARD, changes, heading, opens_checkout, text, transfers
from tests.functions.proxy import STRIPE_KEY, Proxy, owes, running_proxy
from tests.sandbox_client import browse, client_of


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    with running_proxy(tmp_path) as running:
        yield running


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
