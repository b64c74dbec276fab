"""How a buyer is taxed: who the tax falls on, in which category, at which rates."""

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from billing.domain.errors import InvalidInput
from billing.domain.tax_table import TaxRate, TaxTable, require_country
from billing.domain.tax_territory import EU_MEMBERS, is_vat_territory, member_of_vat_id


class TaxCategory(StrEnum):
    """The categories of EN 16931 (code list UNTDID 5305) that a service can fall in."""

    STANDARD = "S"
    ZERO = "Z"
    EXEMPT = "E"
    REVERSE_CHARGE = "AE"
    OUTSIDE = "O"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxParty:
    """What a customer's taxation rests on. While nobody could ask the register, `vat_id_valid` is false: VAT is due.

    `state` is as in the tenant's tax table (the ISO 3166-2 part after the country: NY); its form is checked in the US.
    """

    country: str
    state: str = ""
    postal_code: str = ""
    vat_id: str = ""
    vat_id_valid: bool = False
    exempt: bool = False
    exemption_reason: str = ""
    business: bool = True

    def __post_init__(self) -> None:
        """Refuse codes that would silently find no rate, with `InvalidInput`."""
        require_country(self.country, field="customer.country")
        if (
            self.country == "US"
            and self.state
            and not (len(self.state) == 2 and self.state.isalpha() and self.state.isupper())
        ):
            raise InvalidInput("customer.state", expected="a two-letter US state such as NY", given=self.state)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxTreatment:
    """How a buyer's lines are taxed: the rates of the tax point, or none and the `note` that the invoice must carry."""

    category: TaxCategory
    rates: tuple[TaxRate, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        """Refuse a taxed category without a rate and an untaxed one with a rate (EN 16931 BR-S-5, BR-E-5, BR-O-5)."""
        if (self.category in (TaxCategory.STANDARD, TaxCategory.ZERO)) != bool(self.rates):
            raise InvalidInput(
                "tax_treatment.rates", expected="rates with the categories S and Z, and only there", given=self.rates
            )


_REVERSE_CHARGE = TaxTreatment(
    category=TaxCategory.REVERSE_CHARGE,
    note="Reverse charge: VAT to be accounted for by the recipient, Art. 196 Directive 2006/112/EC",
)
_OUTSIDE_EU_VAT = TaxTreatment(
    category=TaxCategory.OUTSIDE, note="Outside the territory of EU VAT, Art. 6 Directive 2006/112/EC"
)
_NO_RATE = TaxTreatment(category=TaxCategory.OUTSIDE)


def treatment(*, seller_country: str, buyer: TaxParty, table: TaxTable, on: date) -> TaxTreatment:
    """Decide how a buyer is taxed at the tax point `on`, the last day of the supply; the first rule that fits wins.

    1. Marked exempt: category E with the reason.
    2. In a part of a member state outside EU VAT: never the country's rate; a row for that very state, else O.
    3. Reverse charge (AE): an EU seller and a business with a valid VAT id of another member state (art. 44, 196).
       A seller outside the EU charges what its table says even to such a business: EU rows are the tenant's choice.
    4. The table's rates (S; Z when all are 0 %), or O where the table has no row.
    """
    if buyer.exempt:
        return TaxTreatment(category=TaxCategory.EXEMPT, note=buyer.exemption_reason or "Exempt from tax")
    if _is_outside_eu_vat(buyer):
        return _taxed(table.of_state(buyer.country, buyer.state, on)) or _OUTSIDE_EU_VAT
    if _accounts_for_vat_itself(buyer, seller_country=seller_country):
        return _REVERSE_CHARGE
    return _taxed(table.lookup(buyer.country, buyer.state, on)) or _NO_RATE


def rests_on_register(buyer: TaxParty, *, seller_country: str) -> bool:
    """Whether VAT falls on the seller only as long as the register has not confirmed the buyer's VAT id."""
    if buyer.exempt or buyer.vat_id_valid or _is_outside_eu_vat(buyer):
        return False
    return _accounts_for_vat_itself(replace(buyer, vat_id_valid=True), seller_country=seller_country)


def _is_outside_eu_vat(buyer: TaxParty) -> bool:
    return buyer.country in EU_MEMBERS and not is_vat_territory(buyer.country, buyer.postal_code)


def _accounts_for_vat_itself(buyer: TaxParty, *, seller_country: str) -> bool:
    if not (buyer.business and buyer.vat_id_valid and seller_country in EU_MEMBERS):
        return False
    return member_of_vat_id(buyer.vat_id) not in ("", seller_country)


def _taxed(rates: tuple[TaxRate, ...]) -> TaxTreatment | None:
    if not rates:
        return None
    return TaxTreatment(
        category=TaxCategory.STANDARD if any(rate.percent for rate in rates) else TaxCategory.ZERO, rates=rates
    )
