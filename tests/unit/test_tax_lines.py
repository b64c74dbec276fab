"""The tax breakdown, worked out by hand in minor units; the comments show the sums."""

from datetime import date
from decimal import Decimal

import pytest

from billing.domain.currency import UnknownCurrency
from billing.domain.money import Rounding
from billing.domain.tax import (
    TaxableLine,
    TaxCategory,
    TaxLine,
    TaxRate,
    TaxTreatment,
    net_total,
    tax_lines,
    total_tax,
)


def taxed(*percents: str, country: str = "DE", state: str = "") -> TaxTreatment:
    names = ["VAT"] if len(percents) == 1 else ["State", "City", "District"]
    rates = [
        TaxRate(country=country, state=state, name=name, percent=Decimal(percent))
        for name, percent in zip(names, percents, strict=False)
    ]
    return TaxTreatment(
        category=TaxCategory.STANDARD if any(Decimal(p) for p in percents) else TaxCategory.ZERO, rates=tuple(rates)
    )


def exclusive(*amounts: int, at: TaxTreatment) -> list[TaxableLine]:
    return [TaxableLine(amount=amount, treatment=at) for amount in amounts]


def inclusive(*amounts: int, at: TaxTreatment) -> list[TaxableLine]:
    return [TaxableLine(amount=amount, inclusive=True, treatment=at) for amount in amounts]


def breakdown(
    lines: list[TaxableLine], *, currency: str = "EUR", rounding: Rounding = Rounding.HALF_UP
) -> list[tuple[str, int, int]]:
    return [
        (f"{line.category} {line.name} {line.percent}", line.base, line.tax)
        for line in tax_lines(lines, currency=currency, rounding=rounding)
    ]


def test_the_sample_invoice_bears_49_96_of_vat() -> None:
    # 0.00 + 90.00 + 73.95 + 99.00 = 262.95; 19 % is 49.9605
    lines = exclusive(0, 9000, 7395, 9900, at=taxed("19"))
    assert tax_lines(lines, currency="USD", rounding=Rounding.HALF_UP) == (
        TaxLine(
            category=TaxCategory.STANDARD,
            name="VAT",
            percent=Decimal(19),
            country="DE",
            state="",
            base=26295,
            tax=4996,
            note="",
        ),
    )
    assert net_total(lines, rounding=Rounding.HALF_UP) == 26295


def test_tax_is_rounded_once_on_the_sum_and_not_on_each_line() -> None:
    # 3 x 0.33 = 0.99; 19 % is 0.1881. On each line: 0.0627, rounded 0.06, three times 0.18.
    assert breakdown(exclusive(33, 33, 33, at=taxed("19"))) == [("S VAT 19", 99, 19)]


def test_each_rate_has_a_line_of_its_own() -> None:
    # 19 % of 1,000.00 is 190.00; 7 % of 250.50 is 17.535
    lines = exclusive(60000, 40000, at=taxed("19")) + exclusive(25050, at=taxed("7"))
    assert breakdown(lines) == [("S VAT 7", 25050, 1754), ("S VAT 19", 100000, 19000)]
    assert total_tax(tax_lines(lines, currency="EUR", rounding=Rounding.HALF_UP)) == 20754


@pytest.mark.parametrize(
    ("percent", "currency", "base", "tax"),
    [
        ("8.875", "USD", 2000, 178),  # 1.775
        ("8.875", "USD", 1999, 177),  # 1.7741125
        ("25.5", "EUR", 10001, 2550),  # 25.50255
        ("6.625", "USD", 400, 27),  # 0.265
        ("10", "JPY", 1234, 123),  # 123.4
        ("10", "JPY", 1235, 124),  # 123.5
        ("5", "BHD", 1234, 62),  # 0.0617 dinars
        ("19", "EUR", 0, 0),
        ("100", "EUR", 1, 1),
        ("19", "EUR", 10**15 + 3, 190000000000001),  # 190,000,000,000,000.57 cents
    ],
)
def test_tax_is_exact_until_it_is_rounded_to_the_minor_unit(percent: str, currency: str, base: int, tax: int) -> None:
    assert breakdown(exclusive(base, at=taxed(percent)), currency=currency) == [(f"S VAT {percent}", base, tax)]


@pytest.mark.parametrize(
    ("rounding", "base", "tax"),
    [
        (Rounding.HALF_UP, 200, 13),  # 6.25 % of 2.00 is 0.125
        (Rounding.HALF_EVEN, 200, 12),
        (Rounding.HALF_UP, 600, 38),  # 0.375
        (Rounding.HALF_EVEN, 600, 38),
        (Rounding.HALF_UP, -200, -13),
        (Rounding.HALF_EVEN, -200, -12),
    ],
)
def test_a_tie_goes_as_the_tenant_set_it_and_mirrored_below_zero(rounding: Rounding, base: int, tax: int) -> None:
    assert breakdown(exclusive(base, at=taxed("6.25")), rounding=rounding) == [("S VAT 6.25", base, tax)]


@pytest.mark.parametrize(
    ("gross", "percent", "net", "tax"),
    [
        (11900, "19", 10000, 1900),
        (10000, "19", 8403, 1597),  # 100.00 * 19/119 is 15.96638...
        (12550, "25.5", 10000, 2550),
        (1000, "8.875", 918, 82),  # 10.00 * 8.875/108.875 is 0.81515...
        (3, "100", 1, 2),  # a tie: 1.5 cents
        (-10000, "19", -8403, -1597),
        (0, "19", 0, 0),
    ],
)
def test_an_inclusive_price_contains_its_rounded_tax_and_the_net_is_the_rest(
    gross: int, percent: str, net: int, tax: int
) -> None:
    lines = inclusive(gross, at=taxed(percent))
    assert breakdown(lines) == [(f"S VAT {percent}", net, tax)]
    assert net_total(lines, rounding=Rounding.HALF_UP) == net


def test_a_tie_in_an_inclusive_price_goes_as_the_tenant_set_it() -> None:
    # 0.05 at 100 % contains 2.5 cents
    assert breakdown(inclusive(5, at=taxed("100")), rounding=Rounding.HALF_EVEN) == [("S VAT 100", 3, 2)]
    assert breakdown(inclusive(5, at=taxed("100")), rounding=Rounding.HALF_UP) == [("S VAT 100", 2, 3)]


def test_inclusive_prices_are_summed_before_their_tax_is_taken_out() -> None:
    # 3 x 0.10 = 0.30; 0.30 * 19/119 is 0.0479. One by one: 0.01596, rounded 0.02, three times 0.06.
    assert breakdown(inclusive(10, 10, 10, at=taxed("19"))) == [("S VAT 19", 25, 5)]


def test_an_inclusive_price_in_yen_has_no_decimals_either() -> None:
    # 1,000 * 10/110 is 90.909...
    assert breakdown(inclusive(1000, at=taxed("10")), currency="JPY") == [("S VAT 10", 909, 91)]


def test_inclusive_and_exclusive_lines_of_one_rate_share_a_tax_line() -> None:
    lines = exclusive(1000, at=taxed("19")) + inclusive(11900, at=taxed("19"))
    assert breakdown(lines) == [("S VAT 19", 11000, 2090)]
    assert net_total(lines, rounding=Rounding.HALF_UP) == 11000


def test_neither_kind_of_price_moves_the_other_by_a_cent() -> None:
    # 19 % of 10.03 is 1.9057: 1.91. 9.99 * 19/119 is 1.59504...: 1.60, net 8.39. To pay: 10.03 + 1.91 + 9.99 = 21.93.
    lines = exclusive(1003, at=taxed("19")) + inclusive(999, at=taxed("19"))
    assert breakdown(lines) == [("S VAT 19", 1003 + 839, 191 + 160)]


def test_under_several_jurisdictions_each_taxes_the_whole_base() -> None:
    # 20.00: 4 % is 0.80, 4.5 % is 0.90, 0.375 % is 0.075
    lines = exclusive(2000, at=taxed("4", "4.5", "0.375", country="US", state="NY"))
    assert breakdown(lines) == [("S City 4.5", 2000, 90), ("S District 0.375", 2000, 8), ("S State 4", 2000, 80)]
    assert net_total(lines, rounding=Rounding.HALF_UP) == 2000


@pytest.mark.parametrize(
    ("gross", "base", "city", "state"),
    [
        (10850, 10000, 450, 400),
        (1000, 922, 41, 37),  # 10.00 * 4.5/108.5 is 0.41475..., * 4/108.5 is 0.36866...
    ],
)
def test_a_price_that_contains_several_taxes_is_their_sum_and_the_base(
    gross: int, base: int, city: int, state: int
) -> None:
    lines = inclusive(gross, at=taxed("4", "4.5", country="US", state="NY"))
    assert breakdown(lines) == [("S City 4.5", base, city), ("S State 4", base, state)]
    assert base + city + state == gross
    assert net_total(lines, rounding=Rounding.HALF_UP) == base


def test_a_jurisdiction_that_two_treatments_share_taxes_both_at_once() -> None:
    # the state's 4 % on 0.12 + 0.13 is 0.01; the city's 4.5 % on 0.12 is 0.0054
    city_dweller = taxed("4", "4.5", country="US", state="NY")
    countryman = TaxTreatment(category=TaxCategory.STANDARD, rates=city_dweller.rates[:1])
    lines = exclusive(12, at=city_dweller) + exclusive(13, at=countryman)
    assert breakdown(lines) == [("S City 4.5", 12, 1), ("S State 4", 25, 1)]


def test_a_jurisdiction_that_two_inclusive_prices_share_adds_up_what_both_contain() -> None:
    # 108.50 is 100.00 + 4.00 + 4.50; 104.00 is 100.00 + 4.00
    city_dweller = taxed("4", "4.5", country="US", state="NY")
    countryman = TaxTreatment(category=TaxCategory.STANDARD, rates=city_dweller.rates[:1])
    lines = inclusive(10850, at=city_dweller) + inclusive(10400, at=countryman)
    assert breakdown(lines) == [("S City 4.5", 10000, 450), ("S State 4", 20000, 800)]


def test_a_county_without_tax_beside_a_state_with_one_is_zero_rated() -> None:
    lines = exclusive(10000, at=taxed("6.25", "0", country="US", state="TX"))
    assert breakdown(lines) == [("Z City 0", 10000, 0), ("S State 6.25", 10000, 625)]


def test_a_zero_rate_is_listed_with_its_base() -> None:
    assert breakdown(exclusive(500, at=taxed("0")) + inclusive(500, at=taxed("0"))) == [("Z VAT 0", 1000, 0)]


def test_a_credit_lowers_the_base_of_its_rate() -> None:
    # 19 % of 60.01 is 11.4019
    assert breakdown(exclusive(10000, -3999, at=taxed("19"))) == [("S VAT 19", 6001, 1140)]


def test_a_credit_above_the_charges_gives_tax_back() -> None:
    assert breakdown(exclusive(100, -26395, at=taxed("19"))) == [("S VAT 19", -26295, -4996)]


def test_a_credit_keeps_the_rate_of_its_time_beside_the_new_one() -> None:
    # 22 % of -50.00 is -11.00; 24 % of 100.00 is 24.00
    lines = exclusive(10000, at=taxed("24", country="EE")) + exclusive(-5000, at=taxed("22", country="EE"))
    assert breakdown(lines) == [("S VAT 22", -5000, -1100), ("S VAT 24", 10000, 2400)]


def test_rows_of_one_percent_from_two_times_are_one_rate() -> None:
    # Luxembourg's 17 %, before and after 2023: 0.33 + 0.33 = 0.66; 17 % is 0.1122. Apart: 0.0561 each, 0.06 + 0.06.
    before, since = [
        TaxTreatment(
            category=TaxCategory.STANDARD,
            rates=(TaxRate(country="LU", name="VAT", percent=Decimal(17), valid_from=first, valid_to=last),),
        )
        for first, last in [(None, date(2022, 12, 31)), (date(2024, 1, 1), None)]
    ]
    assert breakdown(exclusive(33, at=before) + exclusive(33, at=since)) == [("S VAT 17", 66, 11)]


@pytest.mark.parametrize("category", [TaxCategory.EXEMPT, TaxCategory.REVERSE_CHARGE, TaxCategory.OUTSIDE])
def test_what_is_not_taxed_is_listed_with_base_and_reason(category: TaxCategory) -> None:
    untaxed = TaxTreatment(category=category, note="because")
    lines = exclusive(1000, 500, at=untaxed) + inclusive(250, at=untaxed)
    assert tax_lines(lines, currency="EUR", rounding=Rounding.HALF_UP) == (
        TaxLine(category=category, name="", percent=Decimal(0), country="", state="", base=1750, tax=0, note="because"),
    )
    assert net_total(lines, rounding=Rounding.HALF_UP) == 1750


def test_two_reasons_are_two_lines_in_alphabetical_order() -> None:
    lines = [
        TaxableLine(amount=1, treatment=TaxTreatment(category=TaxCategory.EXEMPT, note="school")),
        TaxableLine(amount=2, treatment=TaxTreatment(category=TaxCategory.EXEMPT, note="embassy")),
    ]
    found = tax_lines(lines, currency="EUR", rounding=Rounding.HALF_UP)
    assert [(line.note, line.base) for line in found] == [("embassy", 2), ("school", 1)]


def test_an_invoice_without_lines_has_no_tax() -> None:
    assert tax_lines([], currency="EUR", rounding=Rounding.HALF_UP) == ()
    assert total_tax([]) == 0
    assert net_total([], rounding=Rounding.HALF_UP) == 0


def test_an_unknown_currency_is_refused() -> None:
    with pytest.raises(UnknownCurrency):
        tax_lines(exclusive(1, at=taxed("19")), currency="EURO", rounding=Rounding.HALF_UP)
