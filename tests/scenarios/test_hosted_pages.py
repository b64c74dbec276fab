"""What is paid on a hosted page is paid once, whenever it comes and whatever else becomes of the invoice meanwhile.

The sandbox's pages take cards alone, so what Stripe says of a payment is put in its place here: a debit is under way
for days (https://docs.stripe.com/payments/sepa-debit), a voucher waits for its customer.
"""

from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from billing.domain.decline import Advice
from billing.domain.invoice import CollectionMethod, Invoice, InvoiceStatus
from billing.domain.pay_state import PayState, pay_state
from billing.ports import (
    ChargeOutcome,
    Checkout,
    CheckoutStatus,
    Declined,
    GatewayPayment,
    GatewayUnavailable,
    Pending,
    RequiresAction,
)
from billing.sandbox.server import RunningSandbox
from billing.usecases.change_invoice import change_invoice
from billing.usecases.charge_invoice import charge_invoice
from billing.usecases.follow_checkout import follow_checkout
from billing.usecases.open_payment import NotPayable, WayBack, open_payment
from tests.collected_invoice import CARD, bills, opened_page, pay_by_transfer, running, sandbox, the_invoice, world
from tests.collecting import CardWorld
from tests.crediting import pays
from tests.sandbox_client import browse
from tests.unpaid import fails, pages, recorded
from tests.watched_documents import WatchedDocuments

__all__ = ["running", "sandbox", "world"]
BACK = WayBack(success_url="http://127.0.0.1/thanks?session={CHECKOUT_SESSION_ID}", cancel_url="http://127.0.0.1/")


class Crash(BaseException):
    """The process is gone: nothing in the product may catch it."""


class Debits:
    """The gateway, where payments made on hosted pages are debits: under way until `came_back`, or taken."""

    def __init__(self, inner: Any) -> None:  # noqa: ANN401 - a Gateway, and so is this
        self.inner = inner
        self.said: dict[str, ChargeOutcome | None] = {}

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self.inner, name)

    def payment(self, payment_id: str) -> GatewayPayment:
        payment: GatewayPayment = self.inner.payment(payment_id)
        if "attempt" in payment.metadata:
            return payment
        outcome = self.said.get(payment_id, Pending(payment_id=payment_id))
        return payment if outcome is None else replace(payment, outcome=outcome)

    def taken(self, payment_id: str) -> None:
        self.said[payment_id] = None

    def came_back(self, payment_id: str) -> None:
        self.said[payment_id] = Declined(
            code="insufficient_funds", advice=Advice.RETRY, message="It came back.", payment_id=payment_id
        )


def with_debits(world: CardWorld) -> Debits:
    debits = Debits(world.stripe.inner)
    stripe: Any = debits
    world.stripe.inner = stripe
    return debits


def invoiced(world: CardWorld) -> Invoice:
    """An invoice of 49.00, due on 3 March, that its customer pays when it likes."""
    world.joins("lumen", card=None, collection_method=CollectionMethod.SEND_INVOICE)
    bills(world)
    return the_invoice(world)


def asked(world: CardWorld) -> Checkout:
    """The page that the pay link leads to now."""
    assert world.gateway is not None
    return open_payment(world.documents, world.gateway, the_invoice(world).id, back=BACK, call=world.call())


def pays_by_debit(world: CardWorld, *, tells: bool = True) -> tuple[Checkout, str]:
    """The customer pays on the page, and Stripe tells that it is complete; the page and the payment."""
    page = asked(world)
    assert browse(page.url, CARD).status == 303
    if tells:
        follows(world, page)
    return page, world.stripe.inner.checkout(page.id).payment_id


def follows(world: CardWorld, page: Checkout) -> None:
    """Stripe tells of the page, as when a debit was taken or came back."""
    follow_checkout(world.documents, pages(world), page.id, call=world.call())


def mailed(world: CardWorld) -> list[str]:
    return world.sent.kinds("lumen@kunde.test")


def chased_until(world: CardWorld, day: int) -> None:
    for each in range(4, day + 1):
        world.travels_to(f"2026-03-{each:02}")
        world.runs_dunning()


def test_a_page_that_is_paid_while_it_is_closed_counts_before_another_is_opened(world: CardWorld) -> None:
    url = opened_page(world, invoiced(world), amount=1000)

    def quicker(verb: str) -> None:
        if verb == "expire_checkout":
            assert browse(url, CARD).status == 303

    world.stripe.before = quicker
    assert asked(world).amount == 3900
    assert (the_invoice(world).amount_paid, world.taken()) == (1000, [1000])


def test_while_a_debit_is_under_way_nobody_is_asked_to_pay(world: CardWorld) -> None:
    debits = with_debits(world)
    invoiced(world)
    page, payment = pays_by_debit(world)
    assert pay_state(the_invoice(world)) is PayState.UNDER_WAY
    with pytest.raises(NotPayable, match="it is under way"):
        asked(world)
    chased_until(world, 12)
    assert mailed(world) == ["invoice_issued"]
    debits.taken(payment)
    follows(world, page)
    world.runs_dunning()
    assert (the_invoice(world).status, the_invoice(world).page_payment_id) == (InvoiceStatus.PAID, "")
    assert (mailed(world), world.taken(), world.balance("lumen")) == (["invoice_issued", "receipt"], [4900], 0)
    told = [each.reason for each in recorded(world, of="invoice.page_payment")]
    assert told == [f"payment {payment} is under way", f"payment {payment} ended"]


def test_where_a_debit_came_back_the_pay_link_opens_another_page_as_often_as_it_takes(world: CardWorld) -> None:
    debits = with_debits(world)
    invoiced(world)
    seen = []
    for _ in range(5):
        page, payment = pays_by_debit(world)
        debits.came_back(payment)
        follows(world, page)
        assert pay_state(the_invoice(world)) is PayState.DUE
        seen.append(page.id)
    last, payment = pays_by_debit(world)
    assert len({*seen, last.id}) == 6
    debits.taken(payment)
    follows(world, last)
    assert (the_invoice(world).status, len(world.payments())) == (InvoiceStatus.PAID, 1)


def test_where_it_came_back_its_customer_is_chased_from_the_day_after(world: CardWorld) -> None:
    debits = with_debits(world)
    invoiced(world)
    page, payment = pays_by_debit(world)
    chased_until(world, 8)
    debits.came_back(payment)
    follows(world, page)
    chased_until(world, 9)
    assert mailed(world) == ["invoice_issued", "payment_failed", "payment_reminder"]


def test_each_that_came_back_is_told_once_to_its_customer_and_to_the_tenant(world: CardWorld) -> None:
    debits = with_debits(world)
    invoiced(world)
    for _ in range(2):
        page, payment = pays_by_debit(world)
        debits.came_back(payment)
        for _ in range(2):
            follows(world, page)
            world.runs_billing()
    assert mailed(world) == ["invoice_issued", "payment_failed", "payment_failed"]
    assert world.sent.kinds("owner@acme.test") == ["tenant_payment_failed"] * 2
    assert (len(world.sent.sent), the_invoice(world).pending, the_invoice(world).attempts) == (5, (), ())


@pytest.mark.parametrize("was_told", [True, False])
@pytest.mark.parametrize(
    ("card", "kind"),
    [("pm_card_chargeCustomerFail", "payment_failed"), ("pm_card_authenticationRequired", "action_required")],
)
def test_one_that_came_back_hides_no_charge_that_fails_after_it(
    world: CardWorld, card: str, kind: str, was_told: bool
) -> None:
    def away(verb: str) -> None:
        if verb in ("charge", "find_charge"):
            raise GatewayUnavailable("stripe", reason="away")

    debits = with_debits(world)
    world.joins("lumen", card=card)
    world.stripe.before = away
    bills(world)
    world.travels_to("2026-02-04")
    world.runs_billing()  # sent, though it could not be charged for three days
    assert browse(opened_page(world, the_invoice(world)), CARD).status == 303
    page = debits.checkout(the_invoice(world).checkout_id)
    follows(world, page)
    debits.came_back(page.payment_id)
    follows(world, page)
    if was_told:
        world.runs_billing()
    told = ["invoice_issued", "payment_failed"] if was_told else ["invoice_issued"]
    assert mailed(world) == told
    world.stripe.before = lambda _verb: None
    for day in ("2026-02-06", "2026-02-07"):
        world.travels_to(day)
        world.runs_billing()
    assert mailed(world) == sorted([*told, kind])


def test_one_that_came_back_is_not_told_any_more_once_the_invoice_is_paid(world: CardWorld) -> None:
    debits = with_debits(world)
    invoiced(world)
    page, payment = pays_by_debit(world)
    debits.came_back(payment)
    follows(world, page)
    pay_by_transfer(world, the_invoice(world))
    world.runs_billing()
    assert (mailed(world), the_invoice(world).page_payment_failed) == (["invoice_issued"], None)


@pytest.mark.parametrize("is_taken", [True, False])
def test_what_became_of_a_debit_is_found_out_where_no_event_tells(world: CardWorld, is_taken: bool) -> None:
    debits = with_debits(world)
    invoiced(world)
    _, payment = pays_by_debit(world)
    chased_until(world, 5)
    (debits.taken if is_taken else debits.came_back)(payment)
    chased_until(world, 9)
    assert the_invoice(world).page_payment_id == ""
    said = ["receipt"] if is_taken else ["payment_failed", "payment_reminder"]
    assert mailed(world) == ["invoice_issued", *said]
    assert (the_invoice(world).status is InvoiceStatus.PAID) == is_taken


@pytest.mark.parametrize("is_taken", [True, False])
@pytest.mark.parametrize("commits", [0, 1, 2])
def test_killed_before_any_commit_the_event_that_comes_again_finishes_it(
    world: CardWorld, commits: int, is_taken: bool
) -> None:
    debits = with_debits(world)
    invoiced(world)
    page, payment = pays_by_debit(world)
    (debits.taken if is_taken else debits.came_back)(payment)
    left = count(commits, -1)

    def dies(_writes: object) -> None:
        if next(left) == 0:
            raise Crash

    with suppress(Crash):
        follow_checkout(WatchedDocuments(world.documents, before=dies), pages(world), page.id, call=world.call())
    follows(world, page)
    world.runs_billing()
    invoice = the_invoice(world)
    assert (invoice.page_payment_id, invoice.pending, len(world.payments())) == ("", (), int(is_taken))
    assert mailed(world) == ["invoice_issued", "receipt" if is_taken else "payment_failed"]


def test_a_click_on_the_pay_link_finds_it_out_as_well(world: CardWorld) -> None:
    debits = with_debits(world)
    invoiced(world)
    page, payment = pays_by_debit(world)
    debits.came_back(payment)
    assert asked(world).id != page.id
    assert asked(world).status is CheckoutStatus.OPEN


def test_a_debit_of_which_the_books_say_nothing_yet_is_not_paid_twice(world: CardWorld) -> None:
    """As where the version before heard of it, or nobody did."""
    with_debits(world)
    invoiced(world)
    pays_by_debit(world, tells=False)
    with pytest.raises(NotPayable, match="it is under way"):
        asked(world)
    chased_until(world, 12)
    assert mailed(world) == ["invoice_issued"]


def test_a_part_that_comes_by_transfer_meanwhile_opens_no_second_page(world: CardWorld) -> None:
    debits = with_debits(world)
    invoiced(world)
    page, payment = pays_by_debit(world)
    pays(world, 900)
    with pytest.raises(NotPayable, match="it is under way"):
        asked(world)
    debits.taken(payment)
    follows(world, page)
    assert (the_invoice(world).status, world.balance("lumen")) == (InvoiceStatus.PAID, 900)


def test_a_debit_that_comes_for_an_invoice_paid_meanwhile_is_credit(world: CardWorld) -> None:
    debits = with_debits(world)
    invoiced(world)
    page, payment = pays_by_debit(world)
    pay_by_transfer(world, the_invoice(world))
    debits.taken(payment)
    follows(world, page)
    assert (the_invoice(world).page_payment_id, world.balance("lumen")) == ("", 4900)


def test_no_card_is_charged_beside_a_debit_that_is_under_way(sandbox: RunningSandbox, world: CardWorld) -> None:
    debits = with_debits(world)
    fails(sandbox, world)
    page, payment = pays_by_debit(world)
    invoice, gateway = the_invoice(world), world.gateway
    assert gateway is not None
    change_invoice(
        world.documents, invoice.id, lambda now: replace(now, checkout_id=""), event="invoice.closed", call=world.call()
    )
    world.saves_card("lumen", card="pm_card_mastercard")
    pages(world).charge_again(invoice.id)
    with pytest.raises(GatewayUnavailable, match="still under way"):
        charge_invoice(world.documents, invoice.id, gateway=gateway, call=world.call())
    assert world.stripe.calls.count("charge") == 1
    debits.taken(payment)
    assert charge_invoice(world.documents, invoice.id, gateway=gateway, call=world.call()).payment is not None
    follows(world, page)
    assert (the_invoice(world).status, len(world.payments())) == (InvoiceStatus.PAID, 1)
    assert world.stripe.calls.count("charge") == 1


def test_a_voucher_that_its_customer_has_not_paid_gives_way_to_another_page(world: CardWorld) -> None:
    debits = with_debits(world)
    invoiced(world)
    page, payment = pays_by_debit(world, tells=False)
    debits.said[payment] = RequiresAction(payment_id=payment)
    cancelled: list[str] = []
    debits.cancel_payment = lambda each: not cancelled.append(each)  # type: ignore[attr-defined, func-returns-value]
    assert asked(world).id != page.id
    assert cancelled == [payment]


def test_a_voucher_that_is_paid_while_it_is_cancelled_is_the_payment(world: CardWorld) -> None:
    debits = with_debits(world)
    invoiced(world)
    _, payment = pays_by_debit(world, tells=False)
    debits.said[payment] = RequiresAction(payment_id=payment)
    debits.cancel_payment = debits.taken  # type: ignore[attr-defined] # and it answers that it was not cancelled
    with pytest.raises(NotPayable, match="it is paid"):
        asked(world)
    assert len(world.payments()) == 1
