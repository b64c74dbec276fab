"""A document explained and checked from itself alone: lines replayed, taxes computed again, sums added up."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing.domain.catalog import Billed, PackagePrice, StairstepPrice, VolumePrice
from billing.domain.credit import CreditNote
from billing.domain.document_check import differing_lines, differing_sums
from billing.domain.explained import Explained, explain
from billing.domain.explanation import TierStep
from billing.domain.invoice import AccountingTax, Invoice, LineItem
from billing.domain.invoicing import CreditDraft
from billing.domain.money import Rounding
from billing.domain.replayed_taxes import replay_taxes
from billing.domain.tax import TaxParty, TaxTable
from billing.domain.tax_table import TaxRate
from tests.builders import API_CALLS, Account, a_customer, a_fee, a_meter, a_plan, a_rate, a_tenant, tiers

VAT = TaxTable(rates=(a_rate("19"),))
USAGE = a_plan(metered=[API_CALLS], fees=[a_fee("99.00")], anchor_day=1)


def account(plan: Any = USAGE, **changes: Any) -> Account:  # noqa: ANN401 - any field of the account
    """February of a customer in Germany that used 247,891 calls."""
    return Account.opened(plan, start="2026-02-01", taxes=VAT, **changes).using("calls", {"2026-02-01": "247891"})


def bill(plan: Any = USAGE, **changes: Any) -> Invoice:  # noqa: ANN401
    return account(plan, **changes).bill()


def differences(document: Invoice | CreditNote) -> list[str]:
    return [str(each) for each in explain(document).differences]


def with_line(invoice: Invoice, index: int, **changes: Any) -> Invoice:  # noqa: ANN401
    lines: list[LineItem] = list(invoice.lines)
    lines[index] = replace(lines[index], **changes)
    return replace(invoice, lines=tuple(lines))


def test_an_invoice_is_explained_from_price_version_to_total() -> None:
    explained: Explained = explain(bill())

    assert [line.description for line in explained.lines] == [
        "API calls - Free tier",
        "API calls - Standard tier",
        "API calls - Volume tier",
        "Base (monthly)",
    ]
    volume = explained.lines[2]
    assert (volume.plan, volume.amount, volume.replayed) == ("plan@1", 7_395, 7_395)
    assert volume.facts[0] == "From 2026-02-01 to 2026-03-01, the end not included, in UTC."
    [tax] = explained.taxes
    assert tax.row == "VAT 19% (DE) on 262.95: 49.96"
    assert [(each.text, each.exact, each.rounding) for each in tax.calculations] == [
        ("262.95 × 19%", "49.9605", "rounded half up to 49.96")
    ]
    assert explained.sums == (
        "Subtotal: 0.00 + 90.00 + 73.95 + 99.00 = 262.95",
        "Tax: 49.96",
        "Total: 262.95 + 49.96 = 312.91",
    )
    assert explained.differences == ()


def test_of_many_lines_only_their_number_is_added_up() -> None:
    plan = a_plan(fees=[a_fee("1.00", charge_id=f"fee{number}") for number in range(13)], anchor_day=1)
    assert explain(bill(plan)).sums[0] == "Subtotal: 13 amounts = 13.00"


@pytest.mark.parametrize(
    "meter",
    [
        a_meter("0.01"),
        a_meter(VolumePrice(tiers=tiers(("1000", "1"), (None, "0.001")))),
        a_meter(StairstepPrice(tiers=tiers(("1000", "0", "10"), (None, "0", "500")))),
        a_meter(PackagePrice(size=Decimal(1000), unit_price=Decimal("0.50"))),
        a_meter(PackagePrice(size=Decimal(247_891), unit_price=Decimal("0.50"))),
        a_meter("0.01", included=Decimal(10_000)),
        a_meter("0.01", included=Decimal(1_000_000)),
    ],
    ids=["per unit", "volume", "stairstep", "package", "whole packages", "allowance", "allowance not used up"],
)
def test_every_price_model_comes_out(meter: Any) -> None:  # noqa: ANN401
    assert differences(bill(a_plan(metered=[meter], anchor_day=1))) == []


def test_half_even_is_replayed_as_half_even() -> None:
    # 12.5 cents: half to even gives 12, half up 13
    plan = a_plan(fees=[a_fee("0.125")], anchor_day=1)
    invoice = bill(plan, tenant=a_tenant(rounding=Rounding.HALF_EVEN))
    assert (invoice.subtotal, differences(invoice)) == (12, [])
    assert differences(replace(invoice, basis=None)) == [
        "line 'Base (monthly)': amount is 0.12, expected 0.13",
    ]


@pytest.mark.parametrize(
    ("index", "change", "said"),
    [
        (1, {"amount": 9_001}, "line 'API calls - Standard tier': amount is 90.01, expected 90.00"),
        (1, {"quantity": Decimal(90_001)}, "line 'API calls - Standard tier': quantity is 90,001, expected 90,000"),
        (1, {"unit_price": Decimal("0.002")}, "line 'API calls - Standard tier': unit price is 0.002, expected 0.001"),
    ],
)
def test_a_line_that_says_something_else_than_its_explanation_is_named(
    index: int, change: dict[str, Any], said: str
) -> None:
    assert [str(each) for each in differing_lines(with_line(bill(), index, **change))] == [said]


def test_an_explanation_whose_units_do_not_fit_its_tier_is_named() -> None:
    invoice = bill()
    explanation = invoice.lines[1].explanation
    assert isinstance(explanation.step, TierStep)
    step = replace(explanation.step, up_to=Decimal(80_000))
    changed = with_line(invoice, 1, explanation=replace(explanation, step=step))
    assert [str(each) for each in differing_lines(changed)] == [
        "line 'API calls - Standard tier': units is 90,000, expected 70,000"
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"subtotal": 26_296}, ["subtotal is 262.96, expected 262.95", "total is 312.91, expected 312.92"]),
        ({"tax": 4_997}, ["tax is 49.97, expected 49.96", "total is 312.91, expected 312.92"]),
        ({"total": 31_292}, ["total is 312.92, expected 312.91"]),
        (
            {"tax_lines": ()},
            ["tax is 49.96, expected 0.00"],
        ),
    ],
)
def test_sums_that_do_not_add_up_are_named(change: dict[str, Any], said: list[str]) -> None:
    assert [str(each) for each in differing_sums(replace(bill(), **change))] == said


def test_a_tax_that_is_not_its_rate_of_its_base_is_named() -> None:
    invoice = bill()
    [row] = invoice.tax_lines
    wrong = replace(invoice, tax_lines=(replace(row, tax=4_900),), tax=4_900, total=31_195)
    assert differences(wrong) == [
        "tax row is VAT 19% (DE) on 262.95: 49.00, expected VAT 19% (DE) on 262.95: 49.96",
    ]
    assert explain(wrong).taxes[0].calculations == ()


def test_a_row_too_many_is_named() -> None:
    invoice = bill()
    [row] = invoice.tax_lines
    other = replace(row, name="GST", percent=Decimal(5), base=0, tax=0)
    assert [str(each) for each in differing_sums(replace(invoice, tax_lines=(row, other)))] == [
        "tax row is GST 5% (DE) on 0.00: 0.00, expected missing"
    ]


def test_tax_contained_in_prices_is_taken_out_and_the_subtotal_says_so() -> None:
    # 119.00 contain 119 x 19/119 = 19.00
    plan = a_plan(fees=[a_fee("119.00", tax_inclusive=True)], anchor_day=1)
    explained = explain(bill(plan))
    assert explained.sums[0] == "Subtotal: 119.00, less 19.00 of tax contained = 100.00"
    assert [each.text for each in explained.taxes[0].calculations] == ["contained in 119.00: × 19 ÷ 119"]
    assert explained.differences == ()


def test_a_rate_with_both_kinds_of_prices_has_a_calculation_for_each() -> None:
    fees = [a_fee("119.00", tax_inclusive=True), a_fee("100.00", charge_id="other")]
    [tax] = explain(bill(a_plan(fees=fees, anchor_day=1))).taxes
    assert [each.text for each in tax.calculations] == ["100.00 × 19%", "contained in 119.00: × 19 ÷ 119"]


def test_several_rates_of_one_place_are_told_from_their_sum() -> None:
    rates = (
        TaxRate(country="US", state="NY", name="State", percent=Decimal(4)),
        TaxRate(country="US", state="NY", name="City", percent=Decimal("4.5")),
        TaxRate(country="US", state="NY", name="County", percent=Decimal(0)),
    )
    customer = a_customer(tax=TaxParty(country="US", state="NY"))
    explained = explain(replace(account(customer=customer), taxes=TaxTable(rates=rates)).bill())
    assert [each.row for each in explained.taxes] == [
        "City 4.5% (US-NY) on 262.95: 11.83",
        "County 0% (US-NY) on 262.95: 0.00",
        "State 4% (US-NY) on 262.95: 10.52",
    ]
    assert explained.differences == ()
    assert explained.sums[1] == "Tax: 11.83 + 0.00 + 10.52 = 22.35"


@pytest.mark.parametrize(
    ("party", "row"),
    [
        (TaxParty(country="DE", exempt=True, exemption_reason="Charity"), "No tax (Charity) on 262.95: 0.00"),
        (TaxParty(country="JP"), "No tax (O) on 262.95: 0.00"),
    ],
)
def test_an_invoice_without_tax_says_why(party: TaxParty, row: str) -> None:
    explained = explain(bill(customer=a_customer(tax=party)))
    assert [each.row for each in explained.taxes] == [row]
    assert explained.differences == ()


def test_rows_that_leave_open_what_a_line_bears_are_not_replayed() -> None:
    """Two rates of one place with one percentage, and two reasons for none: the document does not tell them apart."""
    invoice = bill()
    [row] = invoice.tax_lines
    twice = replace(invoice, tax_lines=(replace(row, base=1), replace(row, name="GST")))
    assert replay_taxes(twice, rounding=Rounding.HALF_UP) is None
    assert [each.calculations for each in explain(twice).taxes] == [(), ()]
    exempt = bill(customer=a_customer(tax=TaxParty(country="DE", exempt=True, exemption_reason="Charity")))
    [reason] = exempt.tax_lines
    two = replace(exempt, tax_lines=(reason, replace(reason, note="School")))
    assert replay_taxes(two, rounding=Rounding.HALF_UP) is None


def test_a_credit_note_is_explained_with_its_signs_turned() -> None:
    plan = a_plan(fees=[a_fee("31.00")], anchor_day=1, billed=Billed.IN_ADVANCE)
    opened = Account.opened(plan, start="2026-01-01", taxes=VAT)
    outcome, _ = opened.billed().ending("2026-01-11").next_bill()
    assert isinstance(outcome, CreditDraft)
    note = outcome.credit_note

    explained = explain(note)

    [line] = explained.lines
    assert (line.amount, line.replayed) == (2_100, 2_100)  # 21 of 31 days of 31.00
    assert line.facts[-1] == "On a credit note every sign is turned."
    assert explained.sums == ("Subtotal: 21.00", "Tax: 3.99", "Total: 21.00 + 3.99 = 24.99")
    assert explained.differences == ()
    assert differences(replace(note, total=2_500)) == ["total is 25.00, expected 24.99"]


def test_tax_in_the_sellers_currency_is_the_tax_at_its_rate() -> None:
    # 49.96 USD x 0.9215 = 46.03814 EUR
    invoice = bill()
    accounted = AccountingTax(currency="EUR", rate=Decimal("0.9215"), rate_on=date(2026, 2, 27), tax=4_604)
    assert differences(replace(invoice, accounting_tax=accounted)) == []
    assert differences(replace(invoice, accounting_tax=replace(accounted, tax=4_605))) == [
        "tax in EUR is 46.05, expected 46.04"
    ]
