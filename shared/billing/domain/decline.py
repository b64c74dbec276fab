"""What a declined charge means for what comes next (semantics 9).

Cards and other methods: https://docs.stripe.com/declines/codes
Bank debits: https://docs.stripe.com/payments/sepa-debit#failed-payments, the same of Bacs and ACH, and
https://docs.stripe.com/declines/network-codes
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Advice(StrEnum):
    """What follows from a decline: try again at once or later, ask for another method, or let a person look."""

    RETRY_SOON = "retry_soon"
    RETRY = "retry"
    UPDATE_METHOD = "update_method"
    REVIEW = "review"


AUTHENTICATION_CODES: Final = frozenset(
    {"authentication_required", "authentication_not_handled", "mobile_device_authentication_required"}
)
"""The customer itself has to confirm the payment: no charge without it goes through (SCA)."""

NO_METHOD: Final = "no_payment_method"
"""Nothing was there to charge."""

AMOUNT_CODES: Final = frozenset({"amount_too_small", "amount_too_large", "invalid_charge_amount"})
"""The gateway charges no such amount, to whatever card: https://docs.stripe.com/error-codes"""

GATEWAY_REFUSED: Final = "gateway_refused"
"""The gateway refused the request itself, for another reason than the amount."""

_RETRY_SOON: Final = """
    approve_with_id issuer_not_available payment_method_provider_timeout processing_error reenter_transaction
    try_again_later
"""  # the bank was not asked, or could not say: nothing speaks against the same method on the same day

_RETRY: Final = """
    call_issuer card_decline_rate_limit_exceeded card_declined card_velocity_exceeded do_not_honor
    duplicate_transaction generic_decline insufficient_funds no_action_taken security_violation
    withdrawal_count_limit_exceeded

    partner_generic_decline partner_payment_not_found payment_limit_exceeded payment_method_customer_decline
    payment_method_provider_decline

    charge_exceeds_source_limit could_not_process generic_could_not_process refer_to_customer
"""  # cards, methods of other providers, bank debits; a limit or an empty account is another one some days later

_UPDATE_METHOD: Final = """
    card_not_supported currency_not_supported do_not_try_again expired_card incorrect_address incorrect_cvc
    incorrect_number incorrect_pin incorrect_zip invalid_account invalid_amount invalid_cvc invalid_expiry_month
    invalid_expiry_year invalid_number invalid_pin new_account_information_available no_payment_method not_permitted
    offline_pin_required online_or_offline_pin_required pin_try_exceeded revocation_of_all_authorizations
    revocation_of_authorization service_not_allowed stop_payment_order test_mode_live_card testmode_decline
    transaction_not_allowed

    expired_payment_information invalid_authorization invalid_billing_agreement invalid_customer_account
    invalid_payment_information payment_intent_authentication_failure payment_intent_mandate_invalid

    account_closed authorization_revoked bank_account_closed bank_account_declined bank_account_frozen
    bank_account_invalid_details bank_account_restricted bank_account_unusable bank_account_unverified
    bank_ownership_changed branch_does_not_exist charge_exceeds_transaction_limit debit_authorization_not_match
    debit_not_authorized incorrect_account_holder_name invalid_account_number no_account
    tokenized_account_number_deactivated
"""

_REVIEW: Final = """
    fraudulent lost_card merchant_blacklist pickup_card restricted_card stolen_card

    compliance_violation invalid_business_account partner_high_risk_customer payment_disputed

    debit_disputed recipient_deceased
"""

DECLINE_CODES: Final[Mapping[str, Advice]] = MappingProxyType(
    dict.fromkeys(_RETRY_SOON.split(), Advice.RETRY_SOON)
    | dict.fromkeys(_RETRY.split(), Advice.RETRY)
    | dict.fromkeys([*_UPDATE_METHOD.split(), *AUTHENTICATION_CODES], Advice.UPDATE_METHOD)
    | dict.fromkeys(_REVIEW.split(), Advice.REVIEW)
)
"""Every code that is known, and what follows from it."""

_NEVER_AGAIN: Final = frozenset({"12", "14", "15", "46", "57", "R0", "R1", "R3"})
_NEVER_AGAIN_AND_WHY: Final = frozenset({"04", "07", "41", "43"})  # keep the card: lost, stolen, fraud
_MERCHANT_ADVICE_AGAINST: Final = frozenset({"03", "21"})
_STRIPE_ADVICE_AGAINST: Final = frozenset({"confirm_card_data", "do_not_try_again"})


def advice_of(code: str) -> Advice:
    """What follows from a decline code; one that nobody knows counts as soft: it is tried again, within limits."""
    return DECLINE_CODES.get(code, Advice.RETRY)


def is_refusal(code: str) -> bool:
    """Whether the gateway itself refused: no bank was asked, and nothing speaks against the card."""
    return code == GATEWAY_REFUSED or code in AMOUNT_CODES


def network_advice(*, decline_code: str = "", merchant_advice: str = "", stripe_advice: str = "") -> Advice | None:
    """What the card's network says of another try of the same card; None where it does not forbid it.

    `decline_code` is the ISO 8583 response: Visa's category 1 is never approved, and trying again is fined.
    `merchant_advice` is Mastercard's (03: do not try again, 21: stop recurring payments), `stripe_advice` what Stripe
    makes of both: https://docs.stripe.com/declines/card#retrying-issuer-declines. "" where nothing was said.
    """
    if decline_code in _NEVER_AGAIN_AND_WHY:
        return Advice.REVIEW
    is_against = (
        decline_code in _NEVER_AGAIN
        or merchant_advice in _MERCHANT_ADVICE_AGAINST
        or stripe_advice in _STRIPE_ADVICE_AGAINST
    )
    return Advice.UPDATE_METHOD if is_against else None


def stricter(advice: Advice, network: Advice | None) -> Advice:
    """What follows from a decline code where the network may have said more: the one that tries less."""
    return advice if network is None else max(advice, network, key=_STRICTNESS.index)


_STRICTNESS: Final = tuple(Advice)
