"""What follows from a decline. Each expectation is worked out from the list that names the code, not from the table.

The lists: https://docs.stripe.com/declines/codes (as of April 2026), Stripe's failure codes of SEPA, Bacs and ACH
debits, Visa's four categories of response codes, and Mastercard's merchant advice codes.
"""

from typing import Any

import pytest
import stripe

from billing.adapters.stripe_outcomes import declined
from billing.domain.attempt import AttemptStatus, PaymentAttempt, attempt_key
from billing.domain.decline import DECLINE_CODES, Advice, advice_of, network_advice, stricter
from billing.domain.dunning_policies import DEFAULT_POLICY
from billing.domain.dunning_policy import DunningPolicy
from billing.domain.dunning_retry import tried_advice
from billing.ports import Declined, RequiresAction
from tests.builders import utc

CARD_CODES = {  # the list's "next steps", in a word, and what that means here
    "approve_with_id": Advice.RETRY_SOON,  # attempt it again
    "call_issuer": Advice.RETRY,  # unknown reason, the customer asks its bank
    "card_not_supported": Advice.UPDATE_METHOD,  # not for this type of purchase
    "card_velocity_exceeded": Advice.RETRY,  # a limit, for now
    "currency_not_supported": Advice.UPDATE_METHOD,  # not in this currency
    "do_not_honor": Advice.RETRY,  # unknown reason
    "do_not_try_again": Advice.UPDATE_METHOD,  # says so itself
    "duplicate_transaction": Advice.RETRY,  # too recently; days later it is recent no more
    "expired_card": Advice.UPDATE_METHOD,  # another card
    "fraudulent": Advice.REVIEW,
    "generic_decline": Advice.RETRY,  # unknown reason
    "incorrect_address": Advice.UPDATE_METHOD,  # again with the correct one
    "incorrect_cvc": Advice.UPDATE_METHOD,
    "incorrect_number": Advice.UPDATE_METHOD,
    "incorrect_pin": Advice.UPDATE_METHOD,
    "incorrect_zip": Advice.UPDATE_METHOD,
    "insufficient_funds": Advice.RETRY,  # semantics 9 by name
    "invalid_account": Advice.UPDATE_METHOD,  # card or account invalid
    "invalid_amount": Advice.UPDATE_METHOD,  # more than is allowed, and the amount stays what it is
    "invalid_cvc": Advice.UPDATE_METHOD,
    "invalid_expiry_month": Advice.UPDATE_METHOD,
    "invalid_expiry_year": Advice.UPDATE_METHOD,
    "invalid_number": Advice.UPDATE_METHOD,
    "invalid_pin": Advice.UPDATE_METHOD,
    "issuer_not_available": Advice.RETRY_SOON,  # attempt it again
    "lost_card": Advice.REVIEW,
    "merchant_blacklist": Advice.REVIEW,  # the seller's own block list
    "new_account_information_available": Advice.UPDATE_METHOD,  # card or account invalid
    "no_action_taken": Advice.RETRY,  # unknown reason
    "not_permitted": Advice.UPDATE_METHOD,  # the payment is not permitted
    "offline_pin_required": Advice.UPDATE_METHOD,  # needs a PIN
    "online_or_offline_pin_required": Advice.UPDATE_METHOD,
    "pickup_card": Advice.REVIEW,  # possibly lost or stolen
    "pin_try_exceeded": Advice.UPDATE_METHOD,  # another card
    "processing_error": Advice.RETRY_SOON,  # attempt it again
    "reenter_transaction": Advice.RETRY_SOON,  # attempt it again
    "restricted_card": Advice.REVIEW,  # possibly lost or stolen
    "revocation_of_all_authorizations": Advice.UPDATE_METHOD,
    "revocation_of_authorization": Advice.UPDATE_METHOD,
    "security_violation": Advice.RETRY,  # unknown reason
    "service_not_allowed": Advice.UPDATE_METHOD,
    "stolen_card": Advice.REVIEW,
    "stop_payment_order": Advice.UPDATE_METHOD,
    "testmode_decline": Advice.UPDATE_METHOD,  # a genuine card
    "transaction_not_allowed": Advice.UPDATE_METHOD,
    "try_again_later": Advice.RETRY_SOON,  # attempt it again
    "withdrawal_count_limit_exceeded": Advice.RETRY,  # a limit, for now
    # the customer has to confirm, so the card alone is not tried again
    "authentication_required": Advice.UPDATE_METHOD,
    "authentication_not_handled": Advice.UPDATE_METHOD,
    "mobile_device_authentication_required": Advice.UPDATE_METHOD,
}
OTHER_METHODS = {  # "local payment method decline codes" that cards have not
    "partner_generic_decline": Advice.RETRY,
    "invalid_customer_account": Advice.UPDATE_METHOD,  # only after the customer did something
    "payment_limit_exceeded": Advice.RETRY,  # a limit, for now
    "invalid_billing_agreement": Advice.UPDATE_METHOD,  # retries won't succeed
    "invalid_business_account": Advice.REVIEW,  # the seller's account is deactivated
    "partner_high_risk_customer": Advice.REVIEW,
    "compliance_violation": Advice.REVIEW,
    "payment_disputed": Advice.REVIEW,
    "invalid_authorization": Advice.UPDATE_METHOD,  # retries won't succeed
    "invalid_payment_information": Advice.UPDATE_METHOD,  # retries won't succeed
    "partner_payment_not_found": Advice.RETRY,
    "expired_payment_information": Advice.UPDATE_METHOD,
}
BANK_DEBITS = {  # SEPA, then what Bacs and ACH have beside
    "refer_to_customer": Advice.RETRY,  # the bank gave no reason
    "debit_disputed": Advice.REVIEW,
    "authorization_revoked": Advice.UPDATE_METHOD,  # a new mandate
    "debit_not_authorized": Advice.UPDATE_METHOD,
    "account_closed": Advice.UPDATE_METHOD,
    "bank_account_restricted": Advice.UPDATE_METHOD,
    "debit_authorization_not_match": Advice.UPDATE_METHOD,
    "recipient_deceased": Advice.REVIEW,  # a person finds out first
    "branch_does_not_exist": Advice.UPDATE_METHOD,
    "incorrect_account_holder_name": Advice.UPDATE_METHOD,
    "invalid_account_number": Advice.UPDATE_METHOD,
    "generic_could_not_process": Advice.RETRY,  # Bacs: retryable
    "bank_ownership_changed": Advice.UPDATE_METHOD,  # Bacs: not retryable
    "bank_account_closed": Advice.UPDATE_METHOD,
    "bank_account_invalid_details": Advice.UPDATE_METHOD,
    "bank_account_frozen": Advice.UPDATE_METHOD,
    "bank_account_unusable": Advice.UPDATE_METHOD,
    "tokenized_account_number_deactivated": Advice.UPDATE_METHOD,
    "no_account": Advice.UPDATE_METHOD,
    "charge_exceeds_source_limit": Advice.RETRY,  # a weekly limit
    "charge_exceeds_transaction_limit": Advice.UPDATE_METHOD,  # for one of that amount, always
}
UNKNOWN = {"a_code_of_next_year": Advice.RETRY, "": Advice.RETRY}


@pytest.mark.parametrize(("code", "advice"), (CARD_CODES | OTHER_METHODS | BANK_DEBITS | UNKNOWN).items())
def test_a_decline_code_says_what_comes_next(code: str, advice: Advice) -> None:
    assert advice_of(code) is advice


def test_every_code_of_the_public_lists_is_known_by_name() -> None:
    assert len(CARD_CODES) == 50  # as many as the list has
    assert (CARD_CODES | OTHER_METHODS | BANK_DEBITS).keys() <= DECLINE_CODES.keys()


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        *[({"decline_code": code}, Advice.UPDATE_METHOD) for code in ("12", "14", "15", "46", "57", "R0", "R1", "R3")],
        *[({"decline_code": code}, Advice.REVIEW) for code in ("04", "07", "41", "43")],
        *[({"merchant_advice": code}, Advice.UPDATE_METHOD) for code in ("03", "21")],
        *[({"stripe_advice": each}, Advice.UPDATE_METHOD) for each in ("do_not_try_again", "confirm_card_data")],
        ({"decline_code": "43", "merchant_advice": "03", "stripe_advice": "do_not_try_again"}, Advice.REVIEW),
        ({"decline_code": "51", "merchant_advice": "03"}, Advice.UPDATE_METHOD),
        # Visa's categories 2 to 4 and Mastercard's "try again later" leave it open
        *[({"decline_code": code}, None) for code in ("03", "05", "51", "54", "61", "62", "65", "91", "N7", "R01", "")],
        *[({"merchant_advice": code}, None) for code in ("02", "04", "24", "30", "")],
        ({"stripe_advice": "try_again_later"}, None),
        ({}, None),
    ],
)
def test_a_network_says_whether_another_try_is_forbidden(said: dict[str, str], advice: Advice | None) -> None:
    assert network_advice(**said) is advice


@pytest.mark.parametrize(
    ("advice", "network", "expected"),
    [
        (Advice.RETRY, None, Advice.RETRY),
        (Advice.RETRY_SOON, Advice.UPDATE_METHOD, Advice.UPDATE_METHOD),
        (Advice.RETRY, Advice.REVIEW, Advice.REVIEW),
        (Advice.UPDATE_METHOD, Advice.REVIEW, Advice.REVIEW),
        (Advice.REVIEW, Advice.UPDATE_METHOD, Advice.REVIEW),
    ],
)
def test_a_network_only_ever_forbids(advice: Advice, network: Advice | None, expected: Advice) -> None:
    assert stricter(advice, network) is expected


@pytest.mark.parametrize(
    ("fields", "code", "advice", "network"),
    [
        ({"decline_code": "do_not_honor"}, "do_not_honor", Advice.RETRY, None),
        (
            {"decline_code": "do_not_honor", "network_decline_code": "05", "advice_code": "try_again_later"},
            "do_not_honor",
            Advice.RETRY,
            None,
        ),
        (
            {"decline_code": "do_not_honor", "network_decline_code": "R1"},
            "do_not_honor",
            Advice.UPDATE_METHOD,
            Advice.UPDATE_METHOD,
        ),
        (
            {"decline_code": "generic_decline", "network_decline_code": "43"},
            "generic_decline",
            Advice.REVIEW,
            Advice.REVIEW,
        ),
        (
            {"decline_code": "insufficient_funds", "network_advice_code": "21"},
            "insufficient_funds",
            Advice.UPDATE_METHOD,
            Advice.UPDATE_METHOD,
        ),
        (
            {"decline_code": "lost_card", "advice_code": "do_not_try_again"},
            "lost_card",
            Advice.REVIEW,
            Advice.UPDATE_METHOD,
        ),
        ({"code": "expired_card"}, "expired_card", Advice.UPDATE_METHOD, None),
        ({}, "no_payment_method", Advice.UPDATE_METHOD, None),
    ],
)
def test_the_gateway_s_error_is_read_whole(
    fields: dict[str, str], code: str, advice: Advice, network: Advice | None
) -> None:
    error = stripe.StripeObject.construct_from({"message": "No.", **fields}, "sk_test_1")

    assert declined(error, payment_id="pi_1") == Declined(
        code=code, advice=advice, message="No.", payment_id="pi_1", network_advice=network
    )


def test_an_intent_that_never_got_to_a_card_says_that_no_method_was_there() -> None:
    assert declined(None, payment_id="pi_1") == Declined(
        code="no_payment_method",
        advice=Advice.UPDATE_METHOD,
        message="The payment was not completed.",
        payment_id="pi_1",
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"code": "authentication_required"},
        {"code": "card_declined", "decline_code": "authentication_not_handled"},
        {"code": "authentication_required", "decline_code": "generic_decline"},
    ],
)
def test_a_card_that_needs_its_owner_is_no_decline(fields: dict[str, str]) -> None:
    error = stripe.StripeObject.construct_from(fields, "sk_test_1")

    assert declined(error, payment_id="pi_1") == RequiresAction(payment_id="pi_1")


def test_a_tenant_s_policy_outweighs_the_table_but_not_the_network() -> None:
    lenient = DunningPolicy(steps=DEFAULT_POLICY.steps, declines={"expired_card": Advice.RETRY})

    assert tried_advice(DEFAULT_POLICY, declined_as("expired_card")) is Advice.UPDATE_METHOD
    assert tried_advice(lenient, declined_as("expired_card")) is Advice.RETRY
    forbidden = declined_as("expired_card", network_advice=Advice.UPDATE_METHOD)
    assert tried_advice(lenient, forbidden) is Advice.UPDATE_METHOD


def test_what_was_not_declined_has_no_advice() -> None:
    assert tried_advice(DEFAULT_POLICY, declined_as("", status=AttemptStatus.REQUIRES_ACTION)) is None


def test_an_attempt_has_one_key_for_ever() -> None:
    assert attempt_key("acme", "sub-1.20260201T000000Z.r0", 2) == "acme/sub-1.20260201T000000Z.r0/charge/2"


def declined_as(
    code: str,
    *,
    status: AttemptStatus = AttemptStatus.DECLINED,
    **changes: Any,  # noqa: ANN401 - any field of the dataclass
) -> PaymentAttempt:
    at = utc("2026-03-01T04:00")
    return PaymentAttempt(number=1, attempted_at=at, amount=4900, status=status, code=code, **changes)
