"""Stripe's public test cards and how each behaves (docs.stripe.com/testing).

A card is known by its number, by the named test payment method `pm_card_...` and by the token `tok_...`.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Literal, TypeAlias

from billing.sandbox.errors import CardError


@dataclass(frozen=True, slots=True, kw_only=True)
class Approves:
    """Money moves. `then` is what follows on its own: a dispute, or a refund that is slow or fails."""

    then: Literal["fraudulent", "product_not_received", "inquiry", "refund_pends", "refund_fails"] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Declines:
    """The issuer says no. Where the documentation gives no decline code, the error has none."""

    reason: str
    decline: str | None
    message: str
    advice: str | None = None
    param: str | None = None
    attaches: bool = False  # may be attached to a customer all the same

    def error(self) -> CardError:
        """The same as an error of the API."""
        return CardError(self.message, reason=self.reason, decline=self.decline, advice=self.advice, param=self.param)


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenges:
    """3D Secure. `when`: every time; until the card was set up with it; or never off session."""

    when: Literal["always", "unless_set_up", "on_session"]
    then: Approves | Declines = Approves()


Behaviour: TypeAlias = Approves | Declines | Challenges

_DECLINED = "Your card was declined."
DECLINES = {
    "generic_decline": Declines(
        reason="card_declined", decline="generic_decline", message=_DECLINED, advice="try_again_later"
    ),
    "insufficient_funds": Declines(
        reason="card_declined",
        decline="insufficient_funds",
        message="Your card has insufficient funds.",
        advice="try_again_later",
    ),
    "lost_card": Declines(reason="card_declined", decline="lost_card", message=_DECLINED, advice="do_not_try_again"),
    "stolen_card": Declines(
        reason="card_declined", decline="stolen_card", message=_DECLINED, advice="do_not_try_again"
    ),
    "expired_card": Declines(
        reason="expired_card",
        decline=None,
        message="Your card has expired.",
        advice="confirm_card_data",
        param="exp_month",
    ),
    "incorrect_cvc": Declines(
        reason="incorrect_cvc",
        decline=None,
        message="Your card's security code is incorrect.",
        advice="confirm_card_data",
        param="cvc",
    ),
    "processing_error": Declines(
        reason="processing_error",
        decline=None,
        message="An error occurred while processing your card. Try again in a little bit.",
        advice="try_again_later",
    ),
    "card_velocity_exceeded": Declines(
        reason="card_declined",
        decline="card_velocity_exceeded",
        message="Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
        advice="try_again_later",
    ),
    "fraudulent": Declines(reason="card_declined", decline="fraudulent", message=_DECLINED, advice="do_not_try_again"),
}
AUTHENTICATION_REQUIRED = Declines(
    reason="authentication_required",
    decline="authentication_required",
    message="Your card was declined. This transaction requires authentication.",
)
INCORRECT_NUMBER = Declines(
    reason="incorrect_number", decline=None, message="Your card number is incorrect.", param="number"
)
NOT_A_TEST_CARD = Declines(
    reason="card_declined",
    decline="test_mode_live_card",
    message="Your card was declined. Your request was in test mode, but used a non test card.",
)

_SPECIAL: dict[str, Behaviour] = {
    "4000000000000002": DECLINES["generic_decline"],
    "4000000000009995": DECLINES["insufficient_funds"],
    "4000000000009987": DECLINES["lost_card"],
    "4000000000009979": DECLINES["stolen_card"],
    "4000000000000069": DECLINES["expired_card"],
    "4000000000000127": DECLINES["incorrect_cvc"],
    "4000000000000119": DECLINES["processing_error"],
    "4000000000006975": DECLINES["card_velocity_exceeded"],
    "4100000000000019": DECLINES["fraudulent"],
    "4000000000000341": Declines(
        reason="card_declined", decline="generic_decline", message=_DECLINED, advice="try_again_later", attaches=True
    ),
    "4000000000000259": Approves(then="fraudulent"),
    "4000000000002685": Approves(then="product_not_received"),
    "4000000000001976": Approves(then="inquiry"),
    "4000000000007726": Approves(then="refund_pends"),
    "4000000000005126": Approves(then="refund_fails"),
    "4000002500003155": Challenges(when="unless_set_up"),
    "4000002760003184": Challenges(when="always"),
    "4000003800000446": Challenges(when="on_session"),
    "4000008260003178": Challenges(when="always", then=DECLINES["insufficient_funds"]),
    "4000000000003220": Challenges(when="always"),
    "4000008400001629": Challenges(when="always", then=DECLINES["generic_decline"]),
}

_NAMES = {
    "visa": "4242424242424242",
    "visa_debit": "4000056655665556",
    "mastercard": "5555555555554444",
    "mastercard_debit": "5200828282828210",
    "mastercard_prepaid": "5105105105105100",
    "amex": "378282246310005",
    "discover": "6011111111111117",
    "diners": "3056930009020004",
    "jcb": "3566002020360505",
    "unionpay": "6200000000000005",
    "us": "4242424242424242",
    "de": "4000002760000016",
    "gb": "4000008260000000",
    "fr": "4000002500000003",
    "visa_chargeDeclined": "4000000000000002",
    "chargeDeclined": "4000000000000002",
    "visa_chargeDeclinedInsufficientFunds": "4000000000009995",
    "chargeDeclinedInsufficientFunds": "4000000000009995",
    "visa_chargeDeclinedLostCard": "4000000000009987",
    "chargeDeclinedLostCard": "4000000000009987",
    "visa_chargeDeclinedStolenCard": "4000000000009979",
    "chargeDeclinedStolenCard": "4000000000009979",
    "chargeDeclinedExpiredCard": "4000000000000069",
    "chargeDeclinedIncorrectCvc": "4000000000000127",
    "chargeDeclinedProcessingError": "4000000000000119",
    "visa_chargeDeclinedVelocityLimitExceeded": "4000000000006975",
    "chargeCustomerFail": "4000000000000341",
    "radarBlock": "4100000000000019",
    "createDispute": "4000000000000259",
    "createDisputeProductNotReceived": "4000000000002685",
    "createDisputeInquiry": "4000000000001976",
    "pendingRefund": "4000000000007726",
    "refundFail": "4000000000005126",
    "authenticationRequiredOnSetup": "4000002500003155",
    "authenticationRequired": "4000002760003184",
    "authenticationRequiredSetupForOffSession": "4000003800000446",
    "authenticationRequiredChargeDeclinedInsufficientFunds": "4000008260003178",
    "threeDSecure2Required": "4000000000003220",
    "threeDSecureRequiredChargeDeclined": "4000008400001629",
}
_PLAIN = {"4012888888881881", "4111111111111111", "2223003122003222", "371449635398431", "4000000000003055"}
_NUMBERS = _PLAIN | set(_NAMES.values()) | set(_SPECIAL)
_BRANDS = (  # the first that fits, by how the number begins
    ("amex", ("34", "37")),
    ("diners", ("30", "36", "38")),
    ("jcb", ("35",)),
    ("discover", ("6011", "65")),
    ("unionpay", ("62",)),
    ("mastercard", ("2", "5")),
    ("visa", ("4",)),
)
_FUNDING = {"4000056655665556": "debit", "5200828282828210": "debit", "5105105105105100": "prepaid"}
_COUNTRIES = {"400000276": "DE", "400000826": "GB", "400000250": "FR"}


def named_card(name: str) -> str | None:
    """The number behind `pm_card_visa`, `tok_visa` and their like; None for a name that Stripe has not."""
    for prefix in ("pm_card_", "tok_"):
        if name.startswith(prefix):
            return _NAMES.get(name.removeprefix(prefix))
    return None


def accepted_number(number: str) -> str:
    """The digits of a public test card; CardError for a mistyped number and for any other card."""
    digits = number.replace(" ", "").replace("-", "")
    if not digits.isdecimal() or not _has_check_digit(digits):
        raise INCORRECT_NUMBER.error()
    if digits not in _NUMBERS:
        raise NOT_A_TEST_CARD.error()
    return digits


def behaviour_of(number: str, *, instead: str | None = None) -> Behaviour:
    """How the card answers; `instead` is the decline that whoever controls the sandbox has set for it."""
    return DECLINES[instead] if instead else _SPECIAL.get(number, Approves())


def card_details(number: str) -> dict[str, str]:
    """What Stripe tells of a card: brand, country, funding, last four, fingerprint."""
    return {
        "brand": next(brand for brand, starts in _BRANDS if number.startswith(starts)),
        "country": _COUNTRIES.get(number[:9], "US"),
        "funding": _FUNDING.get(number, "credit"),
        "last4": number[-4:],
        "fingerprint": sha256(number.encode()).hexdigest()[:16],
    }


def _has_check_digit(digits: str) -> bool:
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0
