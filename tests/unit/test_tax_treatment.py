"""Who is taxed how: Directive 2006/112/EC art. 6, 44, 196 and semantics 6."""

from datetime import date
from decimal import Decimal

import pytest

from billing.domain.errors import InvalidInput
from billing.domain.tax import TaxCategory, TaxParty, TaxRate, TaxTable, TaxTreatment, treatment

GERMAN = TaxRate(country="DE", name="VAT", percent=Decimal(19))
GREEK = TaxRate(country="GR", name="VAT", percent=Decimal(24))
SPANISH = TaxRate(country="ES", name="VAT", percent=Decimal(21))
CANARIAN = TaxRate(country="ES", state="TF", name="IGIC", percent=Decimal(7))
ESTONIAN_BEFORE = TaxRate(country="EE", name="VAT", percent=Decimal(22), valid_to=date(2025, 6, 30))
ESTONIAN_SINCE = TaxRate(country="EE", name="VAT", percent=Decimal(24), valid_from=date(2025, 7, 1))
NEW_YORK = TaxRate(country="US", state="NY", name="Sales tax", percent=Decimal(4))
NEW_YORK_CITY = TaxRate(country="US", state="NY", name="NYC sales tax", percent=Decimal("4.5"))
HONG_KONG = TaxRate(country="HK", name="GST", percent=Decimal(0))
TABLE = TaxTable(
    rates=(
        *(GERMAN, GREEK, SPANISH, CANARIAN, ESTONIAN_BEFORE, ESTONIAN_SINCE),
        *(NEW_YORK, NEW_YORK_CITY, HONG_KONG),
    )
)
REVERSE_CHARGE_NOTE = "Reverse charge: VAT to be accounted for by the recipient, Art. 196 Directive 2006/112/EC"


def treated(buyer: TaxParty, *, seller: str = "DE", on: str = "2026-02-28") -> TaxTreatment:
    return treatment(seller_country=seller, buyer=buyer, table=TABLE, on=date.fromisoformat(on))


@pytest.mark.parametrize(
    ("seller", "country", "vat_id"),
    [
        ("DE", "GR", "EL094259216"),
        ("GR", "DE", "DE136695976"),
        ("FR", "DE", "DE136695976"),
        ("DE", "ES", "ESB58378431"),
        ("DE", "MC", "FR40303265045"),  # Monaco is France for VAT
        ("DE", "DE", "FR40303265045"),  # the id's member state decides, not the address
        ("DE", "IE", "IE6388047V"),  # a state without a row: the recipient owes the tax all the same
    ],
)
def test_a_business_with_a_valid_vat_id_of_another_member_state_accounts_for_the_vat(
    seller: str, country: str, vat_id: str
) -> None:
    found = treated(TaxParty(country=country, vat_id=vat_id, vat_id_valid=True), seller=seller)
    assert found == TaxTreatment(category=TaxCategory.REVERSE_CHARGE, rates=(), note=REVERSE_CHARGE_NOTE)


@pytest.mark.parametrize(
    ("seller", "buyer", "rate"),
    [
        pytest.param("DE", TaxParty(country="DE", vat_id="DE136695976", vat_id_valid=True), GERMAN, id="same state"),
        pytest.param(
            "GR", TaxParty(country="GR", vat_id="EL094259216", vat_id_valid=True), GREEK, id="same state, Greece"
        ),
        pytest.param("DE", TaxParty(country="GR", vat_id="EL094259216", vat_id_valid=False), GREEK, id="not valid"),
        pytest.param("DE", TaxParty(country="GR", vat_id="", vat_id_valid=True), GREEK, id="no id"),
        pytest.param("DE", TaxParty(country="GR"), GREEK, id="consumer without an id"),
        pytest.param(
            "DE",
            TaxParty(country="GR", vat_id="EL094259216", vat_id_valid=True, business=False),
            GREEK,
            id="no business",
        ),
        pytest.param(
            "US", TaxParty(country="DE", vat_id="DE136695976", vat_id_valid=True), GERMAN, id="seller outside the EU"
        ),
        pytest.param(
            "GB", TaxParty(country="DE", vat_id="DE136695976", vat_id_valid=True), GERMAN, id="seller in the UK"
        ),
        pytest.param(
            "FR", TaxParty(country="DE", vat_id="XI123456789", vat_id_valid=True), GERMAN, id="Northern Ireland: goods"
        ),
        pytest.param(
            "FR", TaxParty(country="DE", vat_id="GB123456789", vat_id_valid=True), GERMAN, id="id from outside the EU"
        ),
    ],
)
def test_everybody_else_in_the_eu_is_charged_the_rate_of_the_table(seller: str, buyer: TaxParty, rate: TaxRate) -> None:
    assert treated(buyer, seller=seller) == TaxTreatment(category=TaxCategory.STANDARD, rates=(rate,), note="")


@pytest.mark.parametrize(("on", "rate"), [("2025-06-30", ESTONIAN_BEFORE), ("2025-07-01", ESTONIAN_SINCE)])
def test_the_rate_is_that_of_the_tax_point(on: str, rate: TaxRate) -> None:
    assert treated(TaxParty(country="EE"), on=on).rates == (rate,)


def test_every_jurisdiction_of_a_us_state_taxes() -> None:
    assert treated(TaxParty(country="US", state="NY"), seller="US").rates == (NEW_YORK_CITY, NEW_YORK)


@pytest.mark.parametrize(
    "buyer",
    [TaxParty(country="US", state="OR"), TaxParty(country="US"), TaxParty(country="CH"), TaxParty(country="IE")],
)
def test_where_the_table_has_no_row_there_is_no_tax(buyer: TaxParty) -> None:
    assert treated(buyer) == TaxTreatment(category=TaxCategory.OUTSIDE, rates=(), note="")


def test_a_row_of_0_percent_is_zero_rated_and_not_outside() -> None:
    assert treated(TaxParty(country="HK")) == TaxTreatment(category=TaxCategory.ZERO, rates=(HONG_KONG,), note="")


@pytest.mark.parametrize(
    "buyer", [TaxParty(country="ES", postal_code="38001"), TaxParty(country="DE", postal_code="78266")]
)
def test_a_part_of_a_member_state_outside_eu_vat_is_not_charged_the_rate_of_the_country(buyer: TaxParty) -> None:
    assert treated(buyer) == TaxTreatment(
        category=TaxCategory.OUTSIDE, rates=(), note="Outside the territory of EU VAT, Art. 6 Directive 2006/112/EC"
    )


def test_it_is_charged_the_tax_of_its_own_that_the_table_has_a_row_for() -> None:
    assert treated(TaxParty(country="ES", state="TF", postal_code="38001")).rates == (CANARIAN,)


def test_a_business_there_has_no_vat_to_account_for() -> None:
    buyer = TaxParty(country="ES", postal_code="38001", vat_id="ESB58378431", vat_id_valid=True)
    assert treated(buyer).category == TaxCategory.OUTSIDE


def test_an_exempt_customer_is_not_taxed_and_the_reason_is_told() -> None:
    embassy = TaxParty(country="DE", exempt=True, exemption_reason="Embassy, Art. 151 Directive 2006/112/EC")
    assert treated(embassy) == TaxTreatment(
        category=TaxCategory.EXEMPT, rates=(), note="Embassy, Art. 151 Directive 2006/112/EC"
    )


def test_an_exemption_without_a_reason_still_says_that_it_is_one() -> None:
    assert treated(TaxParty(country="US", state="NY", exempt=True)).note == "Exempt from tax"


def test_an_exemption_goes_before_the_reverse_charge() -> None:
    buyer = TaxParty(
        country="GR", vat_id="EL094259216", vat_id_valid=True, exempt=True, exemption_reason="NATO, Art. 151"
    )
    assert treated(buyer).category == TaxCategory.EXEMPT


def test_the_categories_have_the_codes_of_en_16931() -> None:
    assert {category.name: category.value for category in TaxCategory} == {
        "STANDARD": "S",
        "ZERO": "Z",
        "EXEMPT": "E",
        "REVERSE_CHARGE": "AE",
        "OUTSIDE": "O",
    }


@pytest.mark.parametrize("country", ["EL", "Germany", "us", ""])
def test_a_customer_in_no_known_country_is_refused_rather_than_untaxed(country: str) -> None:
    with pytest.raises(InvalidInput, match="customer.country: expected"):
        TaxParty(country=country)


@pytest.mark.parametrize("state", ["New York", "ny", "N1", "NYC"])
def test_a_us_state_that_is_no_code_is_refused_rather_than_untaxed(state: str) -> None:
    with pytest.raises(InvalidInput, match="customer.state: expected a two-letter US state such as NY"):
        TaxParty(country="US", state=state)


def test_a_state_elsewhere_is_free_text() -> None:
    assert TaxParty(country="AU", state="New South Wales").state == "New South Wales"


@pytest.mark.parametrize("category", [TaxCategory.STANDARD, TaxCategory.ZERO])
def test_a_taxed_category_needs_a_rate(category: TaxCategory) -> None:
    with pytest.raises(InvalidInput, match="tax_treatment.rates"):
        TaxTreatment(category=category)


@pytest.mark.parametrize("category", [TaxCategory.EXEMPT, TaxCategory.REVERSE_CHARGE, TaxCategory.OUTSIDE])
def test_an_untaxed_category_has_no_rate(category: TaxCategory) -> None:
    with pytest.raises(InvalidInput, match="tax_treatment.rates"):
        TaxTreatment(category=category, rates=(GERMAN,))
