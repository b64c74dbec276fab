"""What Stripe refuses before any bank is asked: a charge whose method is gone, an amount that it charges no card.

https://docs.stripe.com/error-codes
"""

import stripe

from billing.adapters.stripe_amounts import stripe_amount
from billing.domain.decline import AMOUNT_CODES, NO_METHOD, advice_of
from billing.domain.errors import InvalidInput
from billing.ports import Declined, GatewayRefused, NotAtGateway, RefundRefused

GONE = "resource_missing"
_INVALID_AMOUNT = "invalid_charge_amount"


def refusal_of(error: stripe.StripeError) -> type[GatewayRefused]:
    """What a refused request raises: NotAtGateway where the account has nothing by the id that it names."""
    return NotAtGateway if error.code == GONE else GatewayRefused


def refused_charge(error: stripe.InvalidRequestError, *, message: str) -> Declined | None:
    """What a refused request means for the attempt; None where it says nothing of method or amount."""
    if error.param in ("payment_method", "customer"):  # it was removed at Stripe
        return Declined(code=NO_METHOD, advice=advice_of(NO_METHOD), message=message)
    if error.code in AMOUNT_CODES or error.param == "amount":
        return refused_amount(message, code=error.code or "")
    return None


def refused_amount(message: str, *, code: str = "") -> Declined:
    """An amount that no card is charged; `code` is Stripe's where it says why."""
    return Declined(code=code if code in AMOUNT_CODES else _INVALID_AMOUNT, advice=None, message=message)


def refund_amount(minor: int, currency: str, *, gateway: str) -> int:
    """ISO minor units as Stripe refunds them; RefundRefused for a part of a unit, which it never will."""
    try:
        return stripe_amount(minor, currency)
    except InvalidInput as error:
        raise RefundRefused(gateway, reason=str(error)) from error
