"""What an invoice consumed of its subscription and was taxed by: with it the invoice can be computed again for ever."""

from dataclasses import dataclass

from billing.domain.coupon import Discount
from billing.domain.money import Rounding
from billing.domain.subscription import OneTimeCharge, Prepaid
from billing.domain.tax import TaxParty


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """The facts of an invoice that move on with it, as they stood before: nothing else remembers them."""

    tax: TaxParty
    rounding: Rounding = Rounding.HALF_UP
    prepaid: tuple[Prepaid, ...] = ()
    discounts: tuple[Discount, ...] = ()
    one_time: tuple[OneTimeCharge, ...] = ()
    late_usage: tuple[str, ...] = ()
