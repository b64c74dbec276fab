"""What the gateway keeps: a charge is made once, its outcome is one of a few, and an open question is never an answer.

Stripe's adapter is driven with the real library over HTTP against the sandbox. Codes and what they mean:
https://docs.stripe.com/testing and https://docs.stripe.com/declines/codes
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from typing import Any

import pytest

from billing.adapters.stripe_amounts import minor_amount, stripe_amount
from billing.adapters.stripe_gateway import StripeGateway
from billing.domain.decline import Advice
from billing.domain.errors import InvalidInput
from billing.ports import (
    ChargeOrder,
    CheckoutOrder,
    CheckoutPurpose,
    CheckoutStatus,
    Declined,
    Gateway,
    GatewayRefused,
    GatewayUnavailable,
    RefundOrder,
    RefundRefused,
    RefundStatus,
    RequiresAction,
    Succeeded,
    Unknown,
)
from billing.sandbox.server import RunningSandbox, running_sandbox
from tests.sandbox_client import StandingClock, browse, client_of

_accounts = count(1)
CARD = {"expiry": "12/30", "cvc": "123", "email": "jo@kunde.example"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox(clock=StandingClock()) as running:
        yield running


@pytest.fixture
def key() -> str:
    return f"sk_test_gateway{next(_accounts)}"


@pytest.fixture
def gateway(sandbox: RunningSandbox, key: str) -> Gateway:
    return StripeGateway(key, base_url=sandbox.url, timeout_seconds=2)


def order(gateway: Gateway, *, method: str = "pm_card_visa", **changes: Any) -> ChargeOrder:  # noqa: ANN401
    """A charge of 49.00 EUR to a customer whose saved card is the named test card."""
    customer = gateway.save_customer(key="acme/c1", customer_id="c1", email="jo@kunde.example", name="Jo", known="")
    saved = gateway.save_method(customer, method=method, key="acme/c1/method")
    made = ChargeOrder(
        key="acme/inv-1/charge/1",
        tenant_id="acme",
        invoice_id="inv-1",
        invoice_number="INV-2026-02-0001",
        attempt=1,
        customer=customer,
        method=saved.id,
        amount=4900,
        currency="EUR",
        description="Invoice INV-2026-02-0001",
    )
    return replace(made, **changes)


def goes_bad(sandbox: RunningSandbox, charge: ChargeOrder, code: str) -> ChargeOrder:
    sandbox.control("POST", f"payment_methods/{charge.method}/decline", {"code": code})
    return charge


def intents(sandbox: RunningSandbox, key: str) -> list[Any]:
    listed: list[Any] = client_of(sandbox, key=key).v1.payment_intents.list({"limit": 100}).data
    return listed


def test_a_good_card_is_charged_and_the_charge_says_whose_it_is(
    sandbox: RunningSandbox, gateway: Gateway, key: str
) -> None:
    outcome = gateway.charge(order(gateway))
    assert isinstance(outcome, Succeeded)
    assert (outcome.amount, outcome.currency) == (4900, "EUR")
    assert outcome.method is not None
    assert outcome.method.label == "Visa •••• 4242"
    [intent] = intents(sandbox, key)
    assert (intent.amount, intent.currency, intent.description) == (4900, "eur", "Invoice INV-2026-02-0001")
    assert intent.metadata.to_dict() == {
        "tenant_id": "acme",
        "invoice_id": "inv-1",
        "invoice_number": "INV-2026-02-0001",
        "attempt": "1",
        "key": "acme/inv-1/charge/1",
    }


@pytest.mark.parametrize(
    ("code", "shown", "advice"),
    [
        ("expired_card", "expired_card", Advice.UPDATE_METHOD),
        ("incorrect_cvc", "incorrect_cvc", Advice.UPDATE_METHOD),
        ("insufficient_funds", "insufficient_funds", Advice.RETRY),
        ("generic_decline", "generic_decline", Advice.RETRY),
        ("processing_error", "processing_error", Advice.RETRY_SOON),
        ("card_velocity_exceeded", "card_velocity_exceeded", Advice.RETRY),
        ("lost_card", "lost_card", Advice.REVIEW),
        ("stolen_card", "stolen_card", Advice.REVIEW),
        ("fraudulent", "fraudulent", Advice.REVIEW),
    ],
)
def test_a_decline_has_its_code_and_what_follows_from_it(
    sandbox: RunningSandbox, gateway: Gateway, code: str, shown: str, advice: Advice
) -> None:
    charge = goes_bad(sandbox, order(gateway), code)
    outcome = gateway.charge(charge)
    assert isinstance(outcome, Declined)
    assert (outcome.code, outcome.advice) == (shown, advice)
    assert outcome.message
    assert outcome.payment_id.startswith("pi_")
    found = gateway.find_charge(charge)
    assert isinstance(found, Declined)
    assert (found.code, found.advice, found.payment_id) == (shown, advice, outcome.payment_id)


def test_a_card_that_wants_its_owner_asks_for_the_customer(gateway: Gateway) -> None:
    charge = order(gateway, method="pm_card_authenticationRequired")
    outcome = gateway.charge(charge)
    assert isinstance(outcome, RequiresAction)
    assert gateway.find_charge(charge) == outcome


def test_a_method_that_was_removed_is_a_decline_and_no_fault_of_ours(gateway: Gateway) -> None:
    gone = gateway.charge(replace(order(gateway), method="pm_gone"))
    assert isinstance(gone, Declined)
    assert (gone.code, gone.advice) == ("no_payment_method", Advice.UPDATE_METHOD)


def test_the_same_order_again_is_the_same_charge(sandbox: RunningSandbox, gateway: Gateway, key: str) -> None:
    charge = order(gateway)
    assert gateway.charge(charge) == gateway.charge(charge) == gateway.find_charge(charge)
    assert len(intents(sandbox, key)) == 1


def test_eight_at_once_with_one_key_charge_once(sandbox: RunningSandbox, gateway: Gateway, key: str) -> None:
    charge = order(gateway)
    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(lambda _: gateway.charge(charge), range(8)))
    assert all(isinstance(each, Succeeded | Unknown) for each in outcomes)
    assert len([each for each in intents(sandbox, key) if each.status == "succeeded"]) == 1


def test_another_amount_under_the_same_key_charges_nothing_and_leaves_the_question_open(
    sandbox: RunningSandbox, gateway: Gateway, key: str
) -> None:
    charge = order(gateway)
    gateway.charge(charge)
    assert isinstance(gateway.charge(replace(charge, amount=5000)), Unknown)
    assert len(intents(sandbox, key)) == 1


@pytest.mark.parametrize(("executed", "made"), [(True, 1), (False, 0)])
def test_no_answer_is_no_decline_and_a_look_tells_what_became_of_it(
    sandbox: RunningSandbox, gateway: Gateway, key: str, executed: bool, made: int
) -> None:
    charge = order(gateway)
    kind = "lose_answer" if executed else "drop_before"
    sandbox.control("POST", "faults", {"path": "/v1/payment_intents", "method": "POST", "kind": kind, "times": 9})
    assert isinstance(gateway.charge(charge), Unknown)
    sandbox.control("DELETE", "faults")
    assert len(intents(sandbox, key)) == made
    found = gateway.find_charge(charge)
    assert isinstance(found, Succeeded) if executed else found is None
    assert isinstance(gateway.charge(charge), Succeeded)
    assert len(intents(sandbox, key)) == 1


def test_a_server_error_is_tried_again_by_itself(sandbox: RunningSandbox, gateway: Gateway) -> None:
    charge = order(gateway)
    sandbox.control(
        "POST", "faults", {"path": "/v1/payment_intents", "method": "POST", "kind": "server_error", "times": 1}
    )
    assert isinstance(gateway.charge(charge), Succeeded)


def test_a_charge_of_last_month_is_found_among_many(sandbox: RunningSandbox, gateway: Gateway) -> None:
    charge = order(gateway)
    first = gateway.charge(charge)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: gateway.charge(replace(charge, key=f"other/{number}")), range(120)))
    sandbox.control("POST", "clock", {"advance": 40 * 86_400})
    assert gateway.find_charge(charge) == first
    assert gateway.find_charge(replace(charge, key="acme/inv-1/charge/2")) is None


def test_what_was_made_days_ago_is_looked_for_and_not_made_again(
    sandbox: RunningSandbox, gateway: Gateway, key: str
) -> None:
    charge = order(gateway)
    paid = gateway.charge(charge)
    assert isinstance(paid, Succeeded)
    sandbox.control("POST", "clock", {"advance": 3 * 86_400})  # Stripe keeps an idempotency key for one
    looking = StripeGateway(key, base_url=sandbox.url, timeout_seconds=2, looks_first=True)
    known = {"email": "jo@kunde.example", "name": "Jo", "known": ""}
    assert looking.save_customer(key="acme/c1", customer_id="c1", **known) == charge.customer
    assert looking.find_customer(key="acme/c1", email="jo@kunde.example") == charge.customer
    assert looking.find_customer(key="acme/c3", email="jo@kunde.example") == ""
    assert looking.save_customer(key="acme/c2", customer_id="c2", **known) != charge.customer
    assert looking.paid_before(replace(charge, key="acme/inv-1/charge/2")) == (paid.payment_id,)
    assert looking.paid_before(replace(charge, invoice_id="inv-2")) == ()
    assert looking.paid_before(replace(charge, tenant_id="other")) == ()


def test_a_wrong_key_is_refused_and_not_repeated_in_the_words(sandbox: RunningSandbox) -> None:
    wrong = StripeGateway("pk_wrong_secret_0123456789", base_url=sandbox.url)
    with pytest.raises(GatewayRefused) as raised:
        wrong.save_customer(key="k", customer_id="c", email="a@b.example", name="A", known="")
    assert "wrong_secret_0123456789" not in str(raised.value)


def test_a_gateway_that_is_not_there_leaves_a_charge_open_and_fails_the_rest(gateway: Gateway) -> None:
    charge = order(gateway)
    away = StripeGateway("sk_test_x", base_url="http://127.0.0.1:9", timeout_seconds=1)
    assert isinstance(away.charge(charge), Unknown)
    with pytest.raises(GatewayUnavailable):
        away.find_charge(charge)
    with pytest.raises(GatewayUnavailable):
        away.payment("pi_1")


def test_without_an_answer_no_address_of_a_customer_is_in_the_words() -> None:
    away = StripeGateway("sk_test_x", base_url="http://127.0.0.1:9", timeout_seconds=1, looks_first=True)
    with pytest.raises(GatewayUnavailable) as raised:
        away.save_customer(key="acme/c1", customer_id="c1", email="ap@kunde.example", name="A", known="")
    assert raised.value.reason == "no answer from Stripe (ConnectionError)"


def test_a_customer_is_made_once_and_kept_up_to_date(sandbox: RunningSandbox, gateway: Gateway, key: str) -> None:
    first = gateway.save_customer(key="acme/c1", customer_id="c1", email="a@b.example", name="A", known="")
    assert gateway.save_customer(key="acme/c1", customer_id="c1", email="a@b.example", name="A", known="") == first
    gateway.save_customer(key="acme/c1", customer_id="c1", email="b@b.example", name="B", known=first)
    [stored] = client_of(sandbox, key=key).v1.customers.list({}).data
    assert (stored.email, stored.name, stored.metadata["customer_id"]) == ("b@b.example", "B", "c1")


def test_the_saved_method_is_the_one_that_was_saved_last(gateway: Gateway) -> None:
    customer = gateway.save_customer(key="acme/c1", customer_id="c1", email="a@b.example", name="A", known="")
    assert gateway.saved_method(customer) is None
    gateway.save_method(customer, method="pm_card_visa", key="m1")
    saved = gateway.save_method(customer, method="pm_card_mastercard", key="m2")
    assert gateway.saved_method(customer) == saved
    assert saved.label == "Mastercard •••• 4444"


def test_refunds_add_up_to_the_charge_and_one_key_is_one_refund(gateway: Gateway) -> None:
    paid = gateway.charge(order(gateway))
    assert isinstance(paid, Succeeded)
    part = RefundOrder(key="r1", payment_id=paid.payment_id, amount=1900, invoice_id="inv-1")
    assert gateway.refund(part) == gateway.refund(part)
    rest = gateway.refund(RefundOrder(key="r2", payment_id=paid.payment_id, amount=3000))
    assert (rest.status, rest.amount, rest.currency, rest.key) == (RefundStatus.SUCCEEDED, 3000, "EUR", "r2")
    assert {(each.key, each.amount, each.invoice_id) for each in gateway.payment(paid.payment_id).refunds} == {
        ("r1", 1900, "inv-1"),
        ("r2", 3000, ""),
    }
    with pytest.raises(RefundRefused, match="refunded|greater"):
        gateway.refund(RefundOrder(key="r3", payment_id=paid.payment_id, amount=1))


def test_a_part_of_a_unit_that_no_card_is_refunded_is_refused_for_good(gateway: Gateway) -> None:
    """1.001 of 49.000 dinars: it ends in no 0."""
    paid = gateway.charge(order(gateway, currency="KWD", amount=49_000))
    assert isinstance(paid, Succeeded)
    with pytest.raises(RefundRefused, match="an amount that ends in 0"):
        gateway.refund(RefundOrder(key="r1", payment_id=paid.payment_id, amount=1001))
    assert gateway.payment(paid.payment_id).refunds == ()


def test_the_longest_ids_and_reasons_make_one_refund_each(gateway: Gateway) -> None:
    """Stripe takes keys of 255 characters and metadata of 500; the last of a key may tell two refunds apart."""
    paid = gateway.charge(order(gateway))
    assert isinstance(paid, Succeeded)
    keys = [f"{'t' * 63}/{'p' * 200}/refund/{'n' * 199}{last}" for last in "ab"]
    orders = [RefundOrder(key=each, payment_id=paid.payment_id, amount=100, reason="r" * 1020) for each in keys]
    assert [gateway.refund(each).key for each in [*orders, *orders]] == [*keys, *keys]
    assert len(gateway.payment(paid.payment_id).refunds) == 2


def test_a_refund_on_the_gateway_s_own_pages_is_of_no_part_that_we_named(
    sandbox: RunningSandbox, gateway: Gateway, key: str
) -> None:
    paid = gateway.charge(order(gateway))
    assert isinstance(paid, Succeeded)
    client_of(sandbox, key=key).v1.refunds.create({"payment_intent": paid.payment_id, "amount": 1000})
    [made] = gateway.payment(paid.payment_id).refunds
    assert (made.amount, made.key, made.invoice_id) == (1000, "", None)


@pytest.mark.parametrize(("outcome", "then"), [("won", []), ("lost", [(1000, True)])])
def test_a_dispute_shows_on_the_payment_unless_it_is_won(
    sandbox: RunningSandbox, gateway: Gateway, key: str, outcome: str, then: list[tuple[int, bool]]
) -> None:
    """Of 49.00 the customer disputes 10.00."""
    paid = gateway.charge(order(gateway))
    assert isinstance(paid, Succeeded)
    charge = client_of(sandbox, key=key).v1.payment_intents.retrieve(paid.payment_id).latest_charge
    opened = sandbox.control("POST", f"charges/{charge}/dispute", {"reason": "fraudulent", "amount": 1000})
    payment = gateway.payment(paid.payment_id)
    assert [(each.id, each.amount, each.is_lost) for each in payment.disputes] == [(opened["id"], 1000, False)]
    assert payment.metadata["invoice_id"] == "inv-1"
    sandbox.control("POST", f"disputes/{opened['id']}/close", {"outcome": outcome})
    assert [(each.amount, each.is_lost) for each in gateway.payment(paid.payment_id).disputes] == then


def checkout_order(**changes: Any) -> CheckoutOrder:  # noqa: ANN401
    made = CheckoutOrder(
        key="acme/inv-1/checkout/4900",
        purpose=CheckoutPurpose.PAY_INVOICE,
        tenant_id="acme",
        customer_id="c1",
        customer="",
        email="jo@kunde.example",
        success_url="http://127.0.0.1:1/thanks",
        cancel_url="http://127.0.0.1:1/pay",
        currency="EUR",
        invoice_id="inv-1",
        invoice_number="INV-2026-02-0001",
        amount=4900,
        locale="de_DE",
    )
    return replace(made, **changes)


def test_a_page_to_pay_on_is_opened_once_and_tells_what_was_paid(gateway: Gateway) -> None:
    opened = gateway.open_checkout(checkout_order())
    assert gateway.open_checkout(checkout_order()).id == opened.id
    assert (opened.status, opened.payment_id) == (CheckoutStatus.OPEN, "")
    browse(opened.url, CARD | {"number": "4242424242424242"})
    paid = gateway.checkout(opened.id)
    assert paid.status is CheckoutStatus.COMPLETE
    payment = gateway.payment(paid.payment_id)
    assert isinstance(payment.outcome, Succeeded)
    assert payment.metadata["invoice_id"] == "inv-1"
    assert gateway.expire_checkout(opened.id).status is CheckoutStatus.COMPLETE


def test_a_page_that_was_closed_can_not_be_paid_on(gateway: Gateway) -> None:
    opened = gateway.open_checkout(checkout_order())
    assert gateway.expire_checkout(opened.id).status is CheckoutStatus.EXPIRED
    assert gateway.expire_checkout(opened.id).status is CheckoutStatus.EXPIRED


def test_a_page_to_save_a_card_on_answers_the_card(gateway: Gateway) -> None:
    customer = gateway.save_customer(key="acme/c1", customer_id="c1", email="a@b.example", name="A", known="")
    opened = gateway.open_checkout(
        checkout_order(key="acme/c1/save", purpose=CheckoutPurpose.SAVE_METHOD, customer=customer, amount=0)
    )
    browse(opened.url, CARD | {"number": "5555555555554444"})
    saved = gateway.checkout(opened.id)
    assert saved.status is CheckoutStatus.COMPLETE
    assert saved.method is not None
    assert saved.method.label == "Mastercard •••• 4444"


def test_a_payment_that_waits_for_the_customer_can_be_canceled_and_a_made_one_can_not(gateway: Gateway) -> None:
    charge = order(gateway, method="pm_card_authenticationRequired")
    waiting = gateway.charge(charge)
    assert isinstance(waiting, RequiresAction)
    assert gateway.cancel_payment(waiting.payment_id)
    assert gateway.cancel_payment(waiting.payment_id)
    card = gateway.save_method(charge.customer, method="pm_card_visa", key="acme/c1/other")
    paid = gateway.charge(replace(charge, method=card.id, key="acme/inv-2/charge/1"))
    assert isinstance(paid, Succeeded)
    assert not gateway.cancel_payment(paid.payment_id)


@pytest.mark.parametrize(
    ("currency", "minor", "theirs"),
    [
        ("EUR", 4900, 4900),
        ("JPY", 4900, 4900),
        ("KWD", 49_000, 49_000),
        ("ISK", 49, 4900),
        ("UGX", 49, 4900),
        ("MGA", 4900, 49),
        ("HUF", 1_270_050, 1_270_050),
        ("TWD", 4950, 4950),
    ],
)
def test_amounts_are_counted_as_stripe_counts_them(currency: str, minor: int, theirs: int) -> None:
    assert stripe_amount(minor, currency) == theirs
    assert minor_amount(theirs, currency.lower()) == minor


@pytest.mark.parametrize(("currency", "minor"), [("KWD", 49_001), ("MGA", 4901)])
def test_an_amount_that_stripe_can_not_charge_is_refused(currency: str, minor: int) -> None:
    with pytest.raises(InvalidInput, match=f"as Stripe charges {currency}"):
        stripe_amount(minor, currency)


@pytest.mark.parametrize(("currency", "amount"), [("JPY", 4900), ("KWD", 49_000), ("ISK", 4900), ("HUF", 17_550)])
def test_every_kind_of_currency_is_charged_in_our_own_minor_units(gateway: Gateway, currency: str, amount: int) -> None:
    outcome = gateway.charge(order(gateway, currency=currency, amount=amount))
    assert isinstance(outcome, Succeeded)
    assert (outcome.amount, outcome.currency) == (amount, currency)
