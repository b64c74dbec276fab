"""What a declined card means for what comes next (semantics 9).

Codes: https://docs.stripe.com/declines/codes
"""

from enum import StrEnum


class Advice(StrEnum):
    """What follows from a decline: try again at once or later, ask for another method, or let a person look."""

    RETRY_SOON = "retry_soon"
    RETRY = "retry"
    UPDATE_METHOD = "update_method"
    REVIEW = "review"


_UPDATE_METHOD = frozenset(
    {
        "card_not_supported",
        "currency_not_supported",
        "expired_card",
        "incorrect_address",
        "incorrect_cvc",
        "incorrect_number",
        "incorrect_pin",
        "incorrect_zip",
        "invalid_account",
        "invalid_cvc",
        "invalid_expiry_month",
        "invalid_expiry_year",
        "invalid_number",
        "invalid_pin",
        "new_account_information_available",
        "no_payment_method",
        "offline_pin_required",
        "online_or_offline_pin_required",
        "pin_try_exceeded",
        "revocation_of_all_authorizations",
        "revocation_of_authorization",
        "service_not_allowed",
        "stop_payment_order",
        "testmode_decline",
        "transaction_not_allowed",
    }
)
_RETRY_SOON = frozenset(
    {"approve_with_id", "issuer_not_available", "processing_error", "reenter_transaction", "try_again_later"}
)
"""The bank was not asked, or could not say: nothing speaks against the same card on the same day."""
_REVIEW = frozenset({"fraudulent", "lost_card", "merchant_blacklist", "pickup_card", "restricted_card", "stolen_card"})


def advice_of(code: str) -> Advice:
    """What follows from a decline code; one that nobody knows counts as soft: it is tried again, within limits."""
    if code in _REVIEW:
        return Advice.REVIEW
    if code in _RETRY_SOON:
        return Advice.RETRY_SOON
    return Advice.UPDATE_METHOD if code in _UPDATE_METHOD else Advice.RETRY
