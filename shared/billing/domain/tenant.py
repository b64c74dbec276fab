"""The tenant: the seller, and the settings that every one of its invoices follows."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from billing.domain.dunning_policies import DunningPolicies
from billing.domain.dunning_policy import WhileSuspended
from billing.domain.errors import InvalidInput
from billing.domain.invoice import BankDetails, Party
from billing.domain.kept_anchor import Anchor
from billing.domain.money import Rounding
from billing.domain.numbering import CREDIT_NOTE_NUMBERS, NumberSeries


class Paper(StrEnum):
    """The size of an invoice's pages."""

    A4 = "a4"
    LETTER = "letter"


class EInvoiceFormat(StrEnum):
    """A form of EN 16931 that invoices are made in: a PDF/A-3 with the XML in it, or a UBL file beside the PDF."""

    FACTUR_X = "factur-x"
    UBL = "ubl"


class UnconfirmedVatId(StrEnum):
    """What becomes of invoices with VAT that a confirmed VAT id would take off (semantics 6): issued, or held."""

    CHARGE = "charge"
    HOLD = "hold"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Which invoices wait for a person before they are issued (semantics 3).

    Those whose subtotal is more than `factor` times the mean of the last three, or less than the mean divided by it,
    where it differs by `floor` minor units of the invoice's currency or more.
    """

    factor: Decimal
    floor: int = 0

    def __post_init__(self) -> None:
        """Refuse a factor that every invoice deviates by, and a negative floor."""
        if not self.factor.is_finite() or self.factor <= 1:
            raise InvalidInput("guard.factor", expected="more than 1", given=str(self.factor))
        if self.floor < 0:
            raise InvalidInput("guard.floor", expected="0 or more minor units", given=self.floor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """A seller with its settings: `zone` is an IANA name, `locale` like en_US.

    `shards` spreads the due-queries of a huge book; 1 keeps its numbers in one order. With `approval` every invoice
    waits for a person, with a `guard` the unusual ones do, and where an `unconfirmed_vat_id` holds those that rest on
    what the register could not be asked. `logo_key` is the PNG's key in the object store.
    `tax_currency` is the one that tax is accounted for in, where invoices may be in others. `gateway` names what cards
    are charged by ("" = none) and `gateway_account` the account there, where it is not the house's own; `mail_sender`
    is the address that invoices come from ("" = none are mailed), and `billing_contact` is told of what fails.
    `event_url` is where the tenant's own system takes events ("" = nowhere), `event_secret_name` the end of the name of
    the secret that signs them, where it is not the house's own.
    `dunning` says how the unpaid are chased, `while_suspended` what becomes of a suspended customer's bills,
    `interval_change` what a plan of another interval makes of the anchor where the change does not say.
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
    footer: str = ""
    logo_key: str = ""
    paper: Paper = Paper.A4
    e_invoices: tuple[EInvoiceFormat, ...] = ()
    tax_currency: str = ""
    approval: bool = False
    guard: Guard | None = None
    unconfirmed_vat_id: UnconfirmedVatId = UnconfirmedVatId.CHARGE
    gateway: str = ""
    gateway_account: str = ""
    billing_contact: str = ""
    mail_sender: str = ""
    support_email: str = ""
    event_url: str = ""
    event_secret_name: str = ""
    dunning: DunningPolicies = field(default_factory=DunningPolicies)
    while_suspended: WhileSuspended = WhileSuspended.BILL
    interval_change: Anchor = Anchor.RESTART
