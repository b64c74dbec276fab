"""What follows from a decline; codes and their meaning: https://docs.stripe.com/declines/codes."""

import pytest

from billing.domain.attempt import attempt_key
from billing.domain.decline import Advice, advice_of


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        ("expired_card", Advice.UPDATE_METHOD),
        ("incorrect_cvc", Advice.UPDATE_METHOD),
        ("insufficient_funds", Advice.RETRY),
        ("generic_decline", Advice.RETRY),
        ("do_not_honor", Advice.RETRY),
        ("stolen_card", Advice.REVIEW),
        ("lost_card", Advice.REVIEW),
        ("fraudulent", Advice.REVIEW),
        ("a_code_of_next_year", Advice.RETRY),
        ("", Advice.RETRY),
    ],
)
def test_a_decline_code_says_what_comes_next(code: str, advice: Advice) -> None:
    assert advice_of(code) is advice


def test_an_attempt_has_one_key_for_ever() -> None:
    assert attempt_key("acme", "sub-1.20260201T000000Z.r0", 2) == "acme/sub-1.20260201T000000Z.r0/charge/2"
