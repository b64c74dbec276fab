"""The rate of a place on a day."""

from datetime import date
from decimal import Decimal

import pytest

from billing.domain.errors import InvalidInput
from billing.domain.tax import OverlappingTaxRates, TaxRate, TaxTable

TODAY = date(2026, 2, 28)


def rate(country: str, percent: str, *, state: str = "", name: str = "VAT", valid: str = "/") -> TaxRate:
    first, last = [date.fromisoformat(day) if day else None for day in valid.split("/")]
    return TaxRate(country=country, state=state, name=name, percent=Decimal(percent), valid_from=first, valid_to=last)


def table(*rates: TaxRate) -> TaxTable:
    return TaxTable(rates=rates)


ESTONIA = table(
    rate("EE", "24", valid="2025-07-01/"),
    rate("EE", "20", valid="/2023-12-31"),
    rate("EE", "22", valid="2024-01-01/2025-06-30"),
)


@pytest.mark.parametrize(
    ("tax_point", "percent"),
    [
        ("2000-01-01", "20"),
        ("2023-12-31", "20"),
        ("2024-01-01", "22"),
        ("2025-06-30", "22"),
        ("2025-07-01", "24"),
        ("2099-12-31", "24"),
    ],
)
def test_a_rate_holds_from_its_first_to_its_last_day_both_included(tax_point: str, percent: str) -> None:
    assert [found.percent for found in ESTONIA.lookup("EE", "", date.fromisoformat(tax_point))] == [Decimal(percent)]


def test_a_place_or_a_day_without_a_row_has_no_rate() -> None:
    ended = table(rate("EE", "22", valid="2024-01-01/2025-06-30"))
    assert ended.lookup("EE", "", date(2025, 7, 1)) == ()
    assert ended.lookup("EE", "", date(2023, 12, 31)) == ()
    assert ended.lookup("LV", "", date(2025, 1, 1)) == ()


def test_the_rows_of_a_state_replace_the_row_of_the_country() -> None:
    mainland, azores = rate("PT", "23"), rate("PT", "16", state="20")
    portugal = table(mainland, azores)
    assert portugal.lookup("PT", "20", TODAY) == (azores,)
    assert portugal.lookup("PT", "", TODAY) == (mainland,)
    assert portugal.lookup("PT", "11", TODAY) == (mainland,)


def test_a_state_whose_rows_have_ended_falls_back_to_the_country() -> None:
    mainland, azores = rate("PT", "23"), rate("PT", "18", state="20", valid="/2021-06-30")
    assert table(mainland, azores).lookup("PT", "20", TODAY) == (mainland,)


def test_a_state_may_be_asked_for_what_it_levies_itself() -> None:
    mainland, azores = rate("PT", "23"), rate("PT", "16", state="20")
    portugal = table(mainland, azores)
    assert portugal.of_state("PT", "20", TODAY) == (azores,)
    assert portugal.of_state("PT", "11", TODAY) == ()
    assert portugal.of_state("PT", "", TODAY) == ()


def test_each_jurisdiction_of_a_us_state_is_a_rate_of_its_own_in_the_order_of_names() -> None:
    state = rate("US", "4", state="NY", name="Sales tax")
    city = rate("US", "4.5", state="NY", name="NYC sales tax")
    district = rate("US", "0.375", state="NY", name="MCTD surcharge")
    assert table(state, city, district).lookup("US", "NY", TODAY) == (district, city, state)
    assert table(state, city, district).lookup("US", "NJ", TODAY) == ()


@pytest.mark.parametrize(
    ("first", "second"),
    [("/", "/"), ("/2025-06-30", "2025-06-30/"), ("2020-01-01/", "2024-01-01/2024-12-31"), ("2024-01-01/", "/")],
)
def test_two_rates_of_one_jurisdiction_on_one_day_are_refused(first: str, second: str) -> None:
    with pytest.raises(OverlappingTaxRates, match="tax_rates: expected one VAT rate a day for EE,") as refusal:
        table(rate("EE", "22", valid=first), rate("LV", "21"), rate("EE", "24", valid=second))
    assert refusal.value.code == "overlapping_tax_rates"
    assert {refusal.value.first.percent, refusal.value.second.percent} == {Decimal(22), Decimal(24)}


def test_an_overlap_is_told_with_both_rates_and_the_day_it_begins() -> None:
    with pytest.raises(OverlappingTaxRates, match=r"for US LA, got '4.45 % and 5 % from 2025-01-01'"):
        table(rate("US", "5", state="LA", valid="2025-01-01/"), rate("US", "4.45", state="LA", valid="/2025-01-01"))


def test_the_same_days_under_another_name_or_state_do_not_overlap() -> None:
    rows = (
        rate("US", "4", state="NY", name="Sales tax"),
        rate("US", "4.5", state="NY", name="NYC sales tax"),
        rate("US", "6.25", state="TX", name="Sales tax"),
    )
    assert table(*rows).rates == rows


def test_tables_of_equal_rates_are_equal() -> None:
    assert table(rate("DE", "19")) == table(rate("DE", "19"))
    assert table(rate("DE", "19")) != table(rate("DE", "16"))


@pytest.mark.parametrize("percent", ["0", "25.5", "8.875", "100"])
def test_a_percent_from_0_to_100_is_kept_exactly(percent: str) -> None:
    assert str(rate("FI", percent).percent) == percent


@pytest.mark.parametrize("percent", ["-0.1", "100.01", "NaN", "sNaN", "Infinity"])
def test_any_other_percent_is_refused(percent: str) -> None:
    with pytest.raises(InvalidInput, match="tax_rate.percent: expected a number from 0 to 100"):
        rate("FI", percent)


@pytest.mark.parametrize("country", ["", "D", "DEU", "de", "D3", "ДЕ"])
def test_what_is_no_country_code_is_refused(country: str) -> None:
    with pytest.raises(InvalidInput, match="tax_rate.country: expected an ISO 3166-1 code such as DE"):
        rate(country, "19")


@pytest.mark.parametrize(("written", "meant"), [("EL", "GR"), ("UK", "GB")])
def test_a_country_code_that_only_vat_ids_and_habit_use_is_refused_with_the_right_one(written: str, meant: str) -> None:
    with pytest.raises(InvalidInput, match=f"expected the ISO 3166-1 code {meant}, got '{written}'"):
        rate(written, "24")


def test_a_rate_without_a_name_is_refused() -> None:
    with pytest.raises(InvalidInput, match="tax_rate.name: expected a name such as VAT"):
        rate("DE", "19", name=" ")


def test_a_rate_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(InvalidInput, match="tax_rate.valid_to: expected 2025-07-01 or later, got '2025-06-30'"):
        rate("EE", "24", valid="2025-07-01/2025-06-30")


def test_a_rate_of_one_day_is_possible() -> None:
    assert rate("EE", "24", valid="2025-07-01/2025-07-01").applies(date(2025, 7, 1))
