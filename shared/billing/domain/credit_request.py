"""What somebody asks to be credited of an issued invoice, and why."""

import re
from dataclasses import dataclass
from decimal import Decimal

from billing.domain.errors import InvalidInput
from billing.domain.payment import RefundTarget

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeCredit:
    """All that is left of the invoice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCredit:
    """A charge by its line's id: all that is left of it, an `amount` of it, or a `quantity` of its units.

    The amount is in minor units and as the line's own: without tax, or with it where the line's price includes it.
    """

    line_id: str
    amount: int | None = None
    quantity: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinesCredit:
    """Some charges."""

    lines: tuple[LineCredit, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AmountCredit:
    """So many minor units, taxes included, spread over what is left of all charges by largest remainder."""

    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditRequest:
    """What is credited and why. `key` is the caller's own: the same key against the same invoice is the same note.

    `refund_to` is where money goes that was paid already: None for its payment method where it can, else the balance.
    """

    key: str
    what: WholeCredit | LinesCredit | AmountCredit
    reason: str
    refund_to: RefundTarget | None = None

    def __post_init__(self) -> None:
        """Refuse a key that can be no part of an id, and an empty reason."""
        if not _KEY.fullmatch(self.key):
            raise InvalidInput(
                "key", expected="1 to 64 letters, digits, - or _ (a letter or digit first)", given=self.key
            )
        if not self.reason.strip():
            raise InvalidInput("reason", expected="why it is credited", given=self.reason)
