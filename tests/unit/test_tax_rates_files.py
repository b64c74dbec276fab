"""The tables that come with the product, against what their named sources say."""

import csv
from collections import Counter
from datetime import date
from decimal import Decimal
from importlib.resources import files

import pytest

from billing.domain.tax import TaxRate, TaxTable
from billing.domain.tax_territory import EU_MEMBERS

US_STATES = {
    *("AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "FL", "GA", "HI", "ID", "IL", "IN", "IA", "KS", "KY"),
    *("LA", "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH", "NJ", "NM", "NY", "NC", "OH"),
    *("OK", "OR", "PA", "RI", "SC", "SD", "TN", "TX", "UT", "VT", "VA", "WA", "WV", "WI", "WY"),
    "ND",  # codespell:ignore
}


def table(file: str) -> TaxTable:
    text = files("billing").joinpath("tax_rates", file).read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines(), strict=True)
    assert rows.fieldnames == ["country", "state", "name", "rate_percent", "valid_from", "valid_to"]
    return TaxTable(
        rates=tuple(
            TaxRate(
                country=row["country"],
                state=row["state"],
                name=row["name"],
                percent=Decimal(row["rate_percent"]),
                valid_from=date.fromisoformat(row["valid_from"]) if row["valid_from"] else None,
                valid_to=date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
            )
            for row in rows
        )
    )


EU, US = table("eu_vat.csv"), table("us_states.csv")


def percent(rates: TaxTable, place: str, on: str) -> str:
    country, _, state = place.partition("-")
    (found,) = rates.lookup(country, state, date.fromisoformat(on))
    return str(found.percent)


def test_every_member_state_and_monaco_has_one_rate_every_day_of_2026() -> None:
    assert {rate.country for rate in EU.rates} == EU_MEMBERS | {"MC"}
    for country in EU_MEMBERS | {"MC"}:
        assert len(EU.lookup(country, "", date(2026, 1, 1))) == len(EU.lookup(country, "", date(2026, 12, 31))) == 1


def test_the_standard_rates_of_2026_are_spread_as_the_commission_lists_them() -> None:
    in_force = Counter(percent(EU, country, "2026-01-01") for country in EU_MEMBERS)
    assert in_force == {
        "17": 1,  # LU
        "18": 1,  # MT
        "19": 2,  # CY DE
        "20": 3,  # AT BG FR
        "21": 7,  # BE CZ ES LT LV NL RO
        "22": 2,  # IT SI
        "23": 4,  # IE PL PT SK
        "24": 2,  # EE GR
        "25": 3,  # DK HR SE
        "25.5": 1,  # FI
        "27": 1,  # HU
    }


@pytest.mark.parametrize(
    ("rates", "place", "last_day", "before", "first_day", "since"),
    [
        (EU, "EE", "2023-12-31", "20", "2024-01-01", "22"),
        (EU, "EE", "2025-06-30", "22", "2025-07-01", "24"),
        (EU, "FI", "2024-08-31", "24", "2024-09-01", "25.5"),
        (EU, "LU", "2022-12-31", "17", "2023-01-01", "16"),
        (EU, "LU", "2023-12-31", "16", "2024-01-01", "17"),
        (EU, "RO", "2025-07-31", "19", "2025-08-01", "21"),
        (EU, "SK", "2024-12-31", "20", "2025-01-01", "23"),
        (US, "US-LA", "2024-12-31", "4.45", "2025-01-01", "5"),
        (US, "US-LA", "2029-12-31", "5", "2030-01-01", "4.75"),
        (US, "US-DC", "2026-09-30", "6", "2026-10-01", "7"),
        (US, "US-SD", "2027-06-30", "4.2", "2027-07-01", "4.5"),
    ],
)
def test_a_rate_changes_on_the_day_the_law_says(
    rates: TaxTable, place: str, last_day: str, before: str, first_day: str, since: str
) -> None:
    assert (percent(rates, place, last_day), percent(rates, place, first_day)) == (before, since)


def test_the_azores_and_madeira_have_rates_of_their_own() -> None:
    assert [percent(EU, place, "2026-01-01") for place in ("PT", "PT-20", "PT-30", "PT-11")] == ["23", "16", "22", "23"]


def test_all_states_but_five_and_the_district_of_columbia_have_one_rate() -> None:
    assert len(US_STATES) == 50
    assert {rate.state for rate in US.rates} == US_STATES - {"AK", "DE", "MT", "NH", "OR"} | {"DC"}
    for state in US_STATES:
        assert len(US.lookup("US", state, date(2026, 2, 28))) == (state not in {"AK", "DE", "MT", "NH", "OR"})


@pytest.mark.parametrize(
    ("place", "rate"),
    [("US-NY", "4"), ("US-PA", "6"), ("US-WA", "6.5"), ("US-MO", "4.225"), ("US-NJ", "6.625"), ("US-CA", "7.25")],
)
def test_a_state_rate_has_all_its_decimals(place: str, rate: str) -> None:
    assert percent(US, place, "2026-02-28") == rate
