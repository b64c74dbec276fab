"""Exchange rates: which one is used on a day, and what tax comes to in the seller's currency."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from billing.domain.accounting_tax import with_accounting_tax
from billing.domain.credit import credit_note_of
from billing.domain.errors import InvalidInput
from billing.domain.exchange import ExchangeRate, ExchangeTable
from billing.domain.invoice import AccountingTax, Invoice
from billing.domain.missing_particular import MissingParticular
from tests.builders import a_tenant
from tests.e_invoice_samples import GERMAN_VAT, INVOICES, OUTSIDE, TWO_US_TAXES, an_invoice, credited, plan_line, taxed


def a_rate(
    on: str = "2026-02-27",
    rate: str = "0.9",
    base: str = "USD",
    quote: str = "EUR",
    valid_to: date | None = None,
) -> ExchangeRate:
    return ExchangeRate(base=base, quote=quote, rate=Decimal(rate), on=date.fromisoformat(on), valid_to=valid_to)


def table(*rates: ExchangeRate) -> ExchangeTable:
    return ExchangeTable(rates=rates)


def in_euros(invoice: Invoice, *rates: ExchangeRate) -> AccountingTax | None:
    return with_accounting_tax(invoice, tenant=a_tenant(tax_currency="EUR"), rates=table(*rates)).accounting_tax


IN_DOLLARS = an_invoice(taxed(plan_line(), GERMAN_VAT), currency="USD")  # of February 2026, issued on 1 March


@pytest.mark.parametrize(
    ("day", "rate"),
    [("2026-02-26", None), ("2026-02-27", "0.9"), ("2026-03-02", "0.91"), ("2026-03-09", "0.91"), ("2026-03-10", None)],
)
def test_the_latest_rate_lasts_seven_days(day: str, rate: str | None) -> None:
    found = table(a_rate(), a_rate("2026-03-02", "0.91")).lookup("USD", "EUR", day=date.fromisoformat(day))
    assert (None if found is None else found.rate) == (None if rate is None else Decimal(rate))


def test_a_rate_with_an_end_lasts_to_it() -> None:
    rates = table(a_rate("2026-02-01", valid_to=date(2026, 2, 28)))
    assert rates.lookup("USD", "EUR", day=date(2026, 2, 28)) is not None
    assert rates.lookup("USD", "EUR", day=date(2026, 3, 1)) is None


def test_a_pair_that_is_quoted_the_other_way_round_is_turned_to_twelve_decimals() -> None:
    found = table(a_rate(base="EUR", quote="USD", rate="1.08")).lookup("USD", "EUR", day=date(2026, 2, 28))
    assert found is not None
    assert (found.base, found.quote, found.rate, found.on) == (
        *("USD", "EUR", Decimal("0.925925925926"), date(2026, 2, 27)),
    )


def test_the_pair_itself_goes_before_the_one_turned_around() -> None:
    rates = table(a_rate(base="EUR", quote="USD", rate="1.08"), a_rate(rate="0.9"))
    found = rates.lookup("USD", "EUR", day=date(2026, 2, 28))
    assert found is not None
    assert found.rate == Decimal("0.9")
    assert rates.lookup("USD", "GBP", day=date(2026, 2, 28)) is None


def test_two_rates_of_one_pair_and_day_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"one rate of USD to EUR on 2026-02-27"):
        table(a_rate(), a_rate(rate="0.91"))


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("exchange_rate.to", {"quote": "USD"}),
        ("exchange_rate.rate", {"rate": Decimal(0)}),
        ("exchange_rate.rate", {"rate": Decimal("NaN")}),
        ("exchange_rate.valid_to", {"valid_to": date(2026, 2, 26)}),
        ("currency", {"base": "EURO"}),
        ("currency", {"quote": "EURO"}),
    ],
)
def test_what_can_be_no_rate_is_refused(field: str, changes: dict) -> None:
    with pytest.raises(InvalidInput) as refusal:
        replace(a_rate(), **changes)
    assert refusal.value.field == field


def test_tax_is_converted_once_at_the_rate_of_the_tax_point() -> None:
    # 19 % of 99.00 is 18.81; the last day of February is a Saturday, so Friday's rate: 18.81 * 0.9259 = 17.416...
    assert in_euros(IN_DOLLARS, a_rate(rate="0.9259"), a_rate("2026-03-01", "0.95")) == AccountingTax(
        currency="EUR", rate=Decimal("0.9259"), rate_on=date(2026, 2, 27), tax=17_42
    )


def test_an_invoice_in_advance_takes_the_rate_of_its_issue() -> None:
    ahead = replace(IN_DOLLARS, issued_on=date(2026, 2, 2))
    converted = in_euros(ahead, a_rate("2026-02-02", "0.5"), a_rate())
    assert converted is not None
    assert converted.tax == 9_41  # 9.405


def test_yen_become_euros_with_their_cents() -> None:
    converted = in_euros(INVOICES["in yen"], a_rate(base="JPY", rate="0.0061"))
    assert converted is not None
    assert converted.tax == 4_29  # 703 * 0.0061 = 4.2883


@pytest.mark.parametrize(
    "invoice",
    [
        INVOICES["standard"],
        an_invoice(taxed(plan_line(), OUTSIDE), currency="USD"),
        an_invoice(taxed(plan_line(), TWO_US_TAXES), currency="USD"),
    ],
    ids=["in euros already", "without tax", "under sales taxes"],
)
def test_an_invoice_without_foreign_vat_needs_no_rate(invoice: Invoice) -> None:
    assert in_euros(invoice) is None


def test_a_tenant_that_accounts_in_each_invoices_currency_needs_no_rate() -> None:
    assert with_accounting_tax(IN_DOLLARS, tenant=a_tenant(), rates=table()) == IN_DOLLARS


def test_a_missing_rate_is_named_with_the_day_and_the_way_out() -> None:
    with pytest.raises(MissingParticular) as missing:
        in_euros(IN_DOLLARS, a_rate("2026-02-20"))
    assert str(missing.value) == (
        "exchange_rates: expected a rate of USD to EUR of 2026-02-28 or at most 7 days before it"
        " (art. 230 Directive 2006/112/EC; import one with exchange_rates.csv), got ''"
    )


def test_a_credit_note_turns_the_converted_tax_around_too() -> None:
    bill = an_invoice(taxed(credited(-49_50), GERMAN_VAT), currency="USD")  # the tax is -9.405, away from zero -9.41
    note = credit_note_of(with_accounting_tax(bill, tenant=a_tenant(tax_currency="EUR"), rates=table(a_rate())))
    assert (note.tax, note.accounting_tax) == (
        9_41,
        AccountingTax(currency="EUR", rate=Decimal("0.9"), rate_on=date(2026, 2, 27), tax=8_47),  # 8.469
    )
