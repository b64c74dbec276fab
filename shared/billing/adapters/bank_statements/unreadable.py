"""What is wrong with a statement's file, and where."""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from billing.domain.errors import BillingError
from billing.domain.money import Money, parse_decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in a file: its line (0 = the file as a whole) and the element, tag or column there."""

    file: str
    line: int = 0
    name: str = ""

    def __str__(self) -> str:
        """As editors follow it: march.xml:31: Stmt[1]/Ntry[3]/Amt."""
        return ": ".join(part for part in (f"{self.file}:{self.line}" if self.line else self.file, self.name) if part)


class UnreadableStatement(BillingError):
    """The file is not what it should be; nothing of it was booked."""

    code: ClassVar[str] = "unreadable_statement"

    def __init__(self, place: Place, message: str) -> None:
        self.place = place
        super().__init__(f"{place}: {message}")


class UnknownColumns(UnreadableStatement):
    """A CSV file's header lacks columns: a mapping names a bank's own, where one can be given."""


def minor_units(amount: str | Decimal, currency: str) -> int:
    """An amount in major units as whole minor units of its currency; InvalidInput where it is none of these."""
    number = parse_decimal(amount, field="amount")
    money = Money.of(number, currency)
    if money.amount != number:
        number = parse_decimal(amount, field="amount", max_places=-int(money.amount.as_tuple().exponent))
    return money.minor
