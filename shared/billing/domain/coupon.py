"""Coupons: what a subscription's invoices are lowered by, before tax (semantics 1, 6)."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from billing.domain.currency import exponent
from billing.domain.errors import InvalidInput
from billing.domain.money import Money

_HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Coupon:
    """What a coupon takes off: `percent` of the lines, or an `amount` in major units of `currency`; never both.

    `periods` is on how many invoices: 1 = once, None = for ever.
    """

    coupon_id: str
    name: str
    percent: Decimal | None = None
    amount: Decimal | None = None
    currency: str = ""
    periods: int | None = None

    def __post_init__(self) -> None:
        """Refuse a coupon that takes off nothing, two things, more than everything or on no invoice."""
        if (self.percent is None) == (self.amount is None):
            given = f"percent {self.percent}, amount {self.amount}"
            raise InvalidInput("coupon", expected="either percent or amount", given=given)
        if self.percent is not None and not (self.percent.is_finite() and 0 < self.percent <= _HUNDRED):
            raise InvalidInput("percent", expected="more than 0 and at most 100", given=str(self.percent))
        if self.amount is not None:
            if not (self.amount.is_finite() and self.amount > 0):
                raise InvalidInput("amount", expected="more than 0", given=str(self.amount))
            _require_whole_minor_units(self.amount, self.currency)
        elif self.currency:
            raise InvalidInput("currency", expected="none, as a percentage has no currency", given=self.currency)
        if self.periods is not None and self.periods < 1:
            raise InvalidInput("periods", expected="1 or more, or none for ever", given=self.periods)

    def require_currency(self, currency: str) -> None:
        """Refuse, with InvalidInput, to take an amount off a bill in another currency."""
        if self.amount is not None and self.currency != currency:
            given = f"{self.coupon_id} in {self.currency}"
            raise InvalidInput("coupon_id", expected=f"a coupon in {currency}", given=given)


def _require_whole_minor_units(amount: Decimal, currency: str) -> None:
    """A discount is money, not a price: of a fraction of a cent nothing could be taken off."""
    if amount != Money.of(amount, currency).amount:
        raise InvalidInput("amount", expected=f"at most {exponent(currency)} decimals in {currency}", given=str(amount))


@dataclass(frozen=True, slots=True, kw_only=True)
class Discount:
    """A coupon on a subscription: from the first bill-for date at or after `start` (UTC), on `used` invoices so far."""

    coupon: Coupon
    start: datetime
    used: int = 0

    @property
    def id(self) -> str:
        """The coupon's id: a subscription has each once."""
        return self.coupon.coupon_id

    @property
    def is_left(self) -> bool:
        """Whether an invoice to come is lowered by it."""
        return self.coupon.periods is None or self.used < self.coupon.periods
