"""Everything at the same instant: webhooks of one payment, a hosted page and a charge. The money is booked once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from billing.domain.invoice import CollectionMethod, InvoiceStatus
from billing.domain.payment import PaymentStatus
from billing.usecases.call import Call
from billing.usecases.charge_invoice import charge_invoice
from billing.usecases.saved_methods import customer_at_gateway, keep_saved_method
from tests.functions.proxy import STRIPE_KEY, Proxy, owes, running_proxy
from tests.functions.test_webhooks import CARD, events, pays_by_link, signed
from tests.sandbox_client import browse, client_of


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    with running_proxy(tmp_path) as running:
        yield running


def call(proxy: Proxy) -> Call:
    return Call(tenant_id="acme", actor="kai", recorded_at=proxy.clock.now())


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """What each gives, begun together."""
    barrier = Barrier(len(acts))

    def begin(act: Callable[[], Any]) -> Any:  # noqa: ANN401
        barrier.wait()
        return act()

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(begin, acts))


def test_all_events_of_a_life_told_at_once_and_twice_end_in_the_same_books(proxy: Proxy) -> None:
    owes(proxy)
    pays_by_link(proxy)
    charge = events(proxy, "charge.succeeded")[0]["data"]["object"]
    client_of(proxy.sandbox, key=STRIPE_KEY).v1.refunds.create(
        {"payment_intent": charge["payment_intent"], "amount": 1000}
    )
    dispute = proxy.sandbox.control("POST", f"charges/{charge['id']}/dispute", {"reason": "fraudulent"})
    proxy.sandbox.control("POST", f"disputes/{dispute['id']}/close", {"outcome": "lost"})
    told = events(proxy) * 2

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda event: proxy.webhook(*signed(event)).status, told))
        again = [event for event, status in zip(told, answers, strict=True) if status != 200]
        assert {proxy.webhook(*signed(event)).status for event in again} <= {200}

    [payment] = proxy.payments()
    assert (payment.status, payment.refunded, payment.amount) == (PaymentStatus.REVERSED, 1000, 5831)
    assert (proxy.invoice().amount_paid, proxy.invoice().amount_due) == (0, 5831)
    assert proxy.customer().credit_balance == 0


@pytest.mark.slow
@pytest.mark.parametrize("turn", range(4))
def test_a_hosted_page_and_a_charge_at_the_same_instant_pay_once_or_leave_credit(proxy: Proxy, turn: int) -> None:
    invoice = owes(proxy)
    page = proxy.call("POST", f"{proxy.link()}/checkout").headers["location"]
    saves_card(proxy)

    at_once(
        lambda: browse(page, CARD),
        lambda: charge_invoice(proxy.world.documents, invoice.id, gateway=gateway(proxy), call=call(proxy)),
    )
    for event in events(proxy, "payment_intent.succeeded"):
        assert proxy.webhook(*signed(event)).status == 200

    taken = sum(each.amount for each in proxy.payments())
    assert taken == sum(
        each.amount_received for each in client_of(proxy.sandbox, key=STRIPE_KEY).v1.payment_intents.list().data
    )
    assert (proxy.invoice().status, proxy.invoice().amount_paid) == (InvoiceStatus.PAID, 5831)
    assert proxy.customer().credit_balance == taken - 5831
    assert taken in (5831, 2 * 5831)


def test_a_click_and_a_charge_at_the_same_instant_leave_no_way_to_pay_twice(proxy: Proxy) -> None:
    invoice = owes(proxy, collection_method=CollectionMethod.CHARGE_AUTOMATICALLY)
    saves_card(proxy)

    answered, _ = at_once(
        lambda: proxy.call("POST", f"{proxy.link()}/checkout"),
        lambda: charge_invoice(proxy.world.documents, invoice.id, gateway=gateway(proxy), call=call(proxy)),
    )
    for event in events(proxy, "payment_intent.succeeded"):
        proxy.webhook(*signed(event))

    assert proxy.invoice().status is InvoiceStatus.PAID
    if answered.headers["location"].startswith(proxy.sandbox.url):
        assert browse(answered.headers["location"], CARD).status == 410
    assert [each.amount for each in proxy.payments()] == [5831]


def gateway(proxy: Proxy) -> Any:  # noqa: ANN401
    return proxy.engine.gateway(proxy.world.tenant)


def saves_card(proxy: Proxy) -> None:
    """The customer has a card on file."""
    documents, at = proxy.world.documents, gateway(proxy)
    customer = customer_at_gateway(documents, at, "lumen", call=call(proxy))
    method = at.save_method(customer, method="pm_card_visa", key="card")
    keep_saved_method(documents, "lumen", method, gateway_id=customer, call=call(proxy))
