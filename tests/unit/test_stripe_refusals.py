"""What Stripe refuses before any bank is asked: for the amount, for a method that is gone, or for another reason."""

from typing import Any

import pytest
import stripe

from billing.adapters.stripe_gateway import StripeGateway
from billing.adapters.stripe_refusals import refused_charge
from billing.domain.decline import Advice
from billing.ports import Declined
from tests.gateway_orders import charge_order


def of(*, param: str | None, code: str | None) -> Declined | None:
    refused: Any = stripe.InvalidRequestError
    error = refused("Amount must be at least $0.50 usd", param, code=code, http_status=400)
    return refused_charge(error, message="Amount must be at least $0.50 usd")


@pytest.mark.parametrize(
    ("param", "code", "ours"),
    [
        ("amount", "amount_too_small", "amount_too_small"),
        (None, "amount_too_large", "amount_too_large"),
        ("amount", "invalid_charge_amount_no_decimal_compatible", "invalid_charge_amount"),
        ("amount", None, "invalid_charge_amount"),
    ],
)
def test_an_amount_that_is_refused_ends_the_attempt_and_asks_for_no_other_card(
    param: str | None, code: str | None, ours: str
) -> None:
    assert of(param=param, code=code) == Declined(code=ours, advice=None, message="Amount must be at least $0.50 usd")


def test_a_method_that_is_gone_asks_for_another_and_the_rest_is_no_answer_about_the_invoice() -> None:
    gone = of(param="payment_method", code="resource_missing")
    assert gone is not None
    assert (gone.code, gone.advice) == ("no_payment_method", Advice.UPDATE_METHOD)
    assert of(param="currency", code=None) is None


def test_a_part_of_a_unit_that_stripe_can_not_be_told_of_is_refused_without_asking_it() -> None:
    order = charge_order(amount=49_001, currency="KWD")
    outcome = StripeGateway("sk_test_x", base_url="http://127.0.0.1:9").charge(order)
    assert isinstance(outcome, Declined)
    assert (outcome.code, outcome.advice) == ("invalid_charge_amount", None)
    assert "an amount that ends in 0" in outcome.message
