"""An amount in an answer: a JSON number in the major unit, digit by digit from the exact decimal, with no float."""

import orjson

from billing.domain.money import Money


def json_amount(minor: int, currency: str) -> orjson.Fragment:
    """The number of so many minor units of a currency."""
    return orjson.Fragment(f"{Money(minor, currency).amount:f}")
