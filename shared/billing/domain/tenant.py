"""The tenant: the seller, and the settings that every one of its invoices follows."""

from dataclasses import dataclass

from billing.domain.invoice import BankDetails, Party
from billing.domain.money import Rounding
from billing.domain.numbering import CREDIT_NOTE_NUMBERS, NumberSeries


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """A seller with its settings: `zone` is an IANA name, `locale` like en_US.

    `shards` spreads the due-queries of a huge book; 1 keeps its numbers in one order.
    """

    id: str
    seller: Party
    currency: str
    zone: str
    locale: str
    payment_terms_days: int
    numbers: NumberSeries
    credit_numbers: NumberSeries = CREDIT_NOTE_NUMBERS
    bank: BankDetails | None = None
    rounding: Rounding = Rounding.HALF_UP
    skip_zero_invoices: bool = False
    shards: int = 1
    notes: tuple[str, ...] = ()
    accent_colour: str = ""
