"""The invoice as a whole: outcome, tax, totals, identity, and what it takes over from tenant and customer."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from billing.domain.catalog import Billed, GraduatedPrice
from billing.domain.errors import InvalidInput
from billing.domain.invoice import CollectionMethod, InvoiceStatus, SettlementStep
from billing.domain.invoicing import (
    CreditDraft,
    Draft,
    Skip,
    SkipReason,
    draft_invoice,
    invoice_id_of,
    issue,
    issue_credit_note,
    number_day,
)
from billing.domain.money import Rounding
from billing.domain.numbering import NumberMonth, NumberSeries
from billing.domain.period import Period
from billing.domain.subscription import SubscriptionStatus, UnknownPlan
from billing.domain.tax import TaxCategory, TaxParty, TaxTable
from tests.builders import (
    API_CALLS,
    GERMAN_VAT,
    YEARLY,
    Account,
    a_customer,
    a_fee,
    a_meter,
    a_party,
    a_plan,
    a_rate,
    a_tenant,
    shown,
    tiers,
    utc,
)

AHEAD = Billed.IN_ADVANCE
PREMIUM = a_fee("99.00", "premium-support", name="Premium support")
API_PLAN = a_plan(plan_id="api-platform", metered=[API_CALLS], addons=[PREMIUM], anchor_day=1)
SAMPLE = (
    Account.opened(API_PLAN, start="2025-04-07", taxes=GERMAN_VAT)
    .adding("premium-support", start="2025-04-07")
    .using("calls", {"2026-02-03": "200000", "2026-02-28": "47891", "2026-03-01": "5"})
)
FEBRUARY_OF_SAMPLE = replace(SAMPLE, subscription=replace(SAMPLE.subscription, next_billing_at=utc("2026-03-01")))


# The sample invoice


def test_the_sample_invoice_of_247891_calls_and_premium_support_in_germany() -> None:
    invoice = FEBRUARY_OF_SAMPLE.bill()
    assert shown(invoice.lines) == [
        ("API calls - Free tier", "10000", "0", 0),
        ("API calls - Standard tier", "90000", "0.001", 9000),
        ("API calls - Volume tier", "147891", "0.0005", 7395),  # 73.9455
        ("Premium support (monthly)", "1", "99.00", 9900),
    ]
    # 262.95 x 19 % = 49.9605 -> 49.96
    assert (invoice.subtotal, invoice.tax, invoice.total) == (26295, 4996, 31291)
    (vat,) = invoice.tax_lines
    assert (vat.name, vat.percent, vat.base, vat.tax) == ("VAT", Decimal(19), 26295, 4996)


def test_the_sample_invoice_is_numbered_in_the_series_of_its_period() -> None:
    draft = FEBRUARY_OF_SAMPLE.bill()
    day = number_day(draft, SAMPLE.tenant)
    assert day == date(2026, 2, 1)
    assert SAMPLE.tenant.numbers.series_of(day) == "invoice-2026-02"
    issued = issue(draft, number=SAMPLE.tenant.numbers.number(day, 47))
    assert issued.number == issued.payment_reference == "INV-2026-02-0047"
    assert (issued.status, issued.pending, issued.amount_due) == (
        InvoiceStatus.ISSUED,
        (SettlementStep.RENDER,),
        31291,
    )


def test_an_invoice_takes_over_what_tenant_and_customer_are_on_its_day() -> None:
    tenant = a_tenant(payment_terms_days=14, notes=("Thank you",), zone="America/New_York")
    customer = a_customer(collection_method=CollectionMethod.CHARGE_AUTOMATICALLY)
    document = replace(FEBRUARY_OF_SAMPLE, tenant=tenant, customer=customer).bill()
    # the run is at 04:00 UTC on 1 March, which is 23:00 on 28 February at the seller's
    assert (document.issued_on, document.due_on) == (date(2026, 2, 28), date(2026, 3, 14))
    assert (document.seller, document.buyer) == (tenant.seller, customer.party)
    assert document.notes == ("Thank you",)
    assert document.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY
    assert (document.number, document.status, document.pending) == ("", InvoiceStatus.DRAFT, ())
    assert (document.customer_id, document.subscription_id) == ("acct-1", "sub-1")
    assert document.period == Period(utc("2026-02-01"), utc("2026-03-01"))


@pytest.mark.parametrize(("locale", "expected"), [("de_DE", "de_DE"), ("", "en_US")])
def test_the_customers_language_comes_before_the_tenants(locale: str, expected: str) -> None:
    assert replace(FEBRUARY_OF_SAMPLE, customer=a_customer(locale=locale)).bill().locale == expected


def test_an_invoice_is_named_by_subscription_period_and_revision() -> None:
    outcome = draft_invoice(FEBRUARY_OF_SAMPLE.facts(revision=2))
    assert isinstance(outcome, Draft)
    assert outcome.invoice.id == "sub-1.20260201T000000Z.r2"
    assert invoice_id_of("sub-1", outcome.cycle, revision=2) == outcome.invoice.id
    assert outcome.invoice.revision == 2


def test_a_number_may_follow_the_day_of_issue() -> None:
    tenant = a_tenant(numbers=NumberSeries(month_of=NumberMonth.ISSUE_DATE))
    assert number_day(replace(FEBRUARY_OF_SAMPLE, tenant=tenant).bill(), tenant) == date(2026, 3, 1)


def test_the_month_of_a_number_is_the_local_one_of_the_period() -> None:
    plan = a_plan(metered=[a_meter()], anchor_day=1)
    account = Account.opened(plan, start="2026-01-31T23:00", zone="Europe/Berlin")  # local 1 February
    assert number_day(account.bill(), account.tenant) == date(2026, 2, 1)


# Tax


def test_the_rate_is_that_of_the_periods_last_day_not_of_the_run() -> None:
    taxes = TaxTable(rates=(a_rate("19", until="2026-02-28"), a_rate("16", since="2026-03-01")))
    assert replace(FEBRUARY_OF_SAMPLE, taxes=taxes).bill().tax == 4996


def test_a_rate_that_changes_on_the_periods_last_day_is_the_periods() -> None:
    taxes = TaxTable(rates=(a_rate("19", until="2026-02-27"), a_rate("16", since="2026-02-28")))
    assert replace(FEBRUARY_OF_SAMPLE, taxes=taxes).bill().tax == 4207  # 262.95 x 16 % = 42.072


def test_a_business_in_another_member_state_accounts_for_the_tax_itself() -> None:
    tenant = a_tenant(seller=replace(a_tenant().seller, country="FR", tax_id="FR40303265045"))
    customer = a_customer(
        party=a_party(tax_id="DE136695976"), tax=TaxParty(country="DE", vat_id="DE136695976", vat_id_valid=True)
    )
    invoice = replace(FEBRUARY_OF_SAMPLE, tenant=tenant, customer=customer).bill()
    assert (invoice.subtotal, invoice.tax, invoice.total) == (26295, 0, 26295)
    assert {line.tax_category for line in invoice.lines} == {"AE"}
    assert invoice.tax_lines[0].note.startswith("Reverse charge")


def test_prices_that_contain_their_tax_are_what_is_paid() -> None:
    plan = a_plan(fees=[a_fee("119", tax_inclusive=True)])
    invoice = Account.opened(plan, start="2026-02-01", taxes=GERMAN_VAT).bill()
    assert (invoice.lines[0].amount, invoice.subtotal, invoice.tax, invoice.total) == (11900, 10000, 1900, 11900)


def test_lines_with_and_without_their_tax_are_taxed_together_at_one_rate() -> None:
    plan = a_plan(fees=[a_fee("11.90", "gross", tax_inclusive=True), a_fee("10", "net")])
    invoice = Account.opened(plan, start="2026-02-01", taxes=GERMAN_VAT).bill()
    # 11.90 contains 1.90; 10.00 bears 1.90 on top
    assert (invoice.subtotal, invoice.tax, invoice.total) == (2000, 380, 2380)
    assert len(invoice.tax_lines) == 1


def test_tax_is_rounded_once_on_the_sum_and_not_by_line() -> None:
    plan = a_plan(fees=[a_fee("0.03", f"fee-{number}") for number in range(10)])
    invoice = Account.opened(plan, start="2026-02-01", taxes=GERMAN_VAT).bill()
    assert invoice.tax == 6  # 0.30 x 19 % = 0.057; by line it would be 10 x 0.0057 -> 0.10


def test_a_credit_bears_the_tax_that_was_billed_though_the_rate_has_changed() -> None:
    taxes = TaxTable(rates=(a_rate("19", until="2026-03-14"), a_rate("16", since="2026-03-15")))
    ahead = a_plan(addons=[a_fee("28", "seat")], anchor_day=1, billed=AHEAD, fees=[a_fee("100")])
    account = Account.opened(ahead, start="2026-02-01", taxes=taxes).adding("seat", start="2026-02-01").billed(1)
    invoice = account.changing_quantity("seat", to="0", at="2026-02-15").bill()
    # 100.00 for March at 16 %; 14.00 of February back at 19 %: 2.66
    assert [(line.percent, line.base, line.tax) for line in invoice.tax_lines] == [
        (Decimal(16), 10000, 1600),
        (Decimal(19), -1400, -266),
    ]
    assert (invoice.subtotal, invoice.tax, invoice.total) == (8600, 1334, 9934)


# Currencies


@pytest.mark.parametrize(
    ("currency", "amount", "tax"),
    [("JPY", 1235, 235), ("USD", 123456, 23457), ("BHD", 1234560, 234566)],  # 1234.56; 19 % of each
)
def test_amounts_have_the_decimals_of_their_currency(currency: str, amount: int, tax: int) -> None:
    plan = a_plan(fees=[a_fee("1234.56")], currency=currency)
    account = Account.opened(plan, start="2026-02-01", taxes=GERMAN_VAT, customer=a_customer(currency=currency))
    invoice = account.bill()
    assert (invoice.currency, invoice.subtotal, invoice.tax) == (currency, amount, tax)


def test_a_customer_billed_in_another_currency_than_the_plans_is_refused() -> None:
    account = Account.opened(a_plan(), start="2026-02-01", customer=a_customer(currency="EUR"))
    with pytest.raises(InvalidInput, match=r"currency: expected USD, as plan plan@1 is priced, got 'EUR'"):
        account.bill()


def test_two_currencies_among_the_plans_of_one_subscription_are_refused() -> None:
    account = Account.opened(a_plan(), start="2026-02-01").changing_plan(
        a_plan(version=2, currency="EUR"), at="2026-06-01"
    )
    with pytest.raises(InvalidInput, match="currency: expected EUR, as plan plan@2"):
        account.bill()


def test_half_even_is_kept_through_to_the_line() -> None:
    plan = a_plan(metered=[a_meter("0.005")])
    account = Account.opened(plan, start="2026-02-01").using("calls", {"2026-02-03": "5"})  # 0.025
    assert account.bill().total == 3
    assert replace(account, tenant=a_tenant(rounding=Rounding.HALF_EVEN)).bill().total == 2


# Nothing to bill, and bills of nothing

FREE_USE = a_plan(metered=[a_meter(GraduatedPrice(tiers=tiers(("100", "0"), (None, "1"))))])


def test_usage_within_the_free_tier_makes_an_invoice_of_0_that_is_paid_at_once() -> None:
    invoice = Account.opened(FREE_USE, start="2026-02-01").using("calls", {"2026-02-03": "80"}).bill()
    assert shown(invoice.lines) == [("Calls - tier 1", "80", "0", 0)]
    assert issue(invoice, number="INV-1").status is InvoiceStatus.PAID


def test_an_active_subscription_without_usage_gets_its_invoice_too() -> None:
    assert Account.opened(FREE_USE, start="2026-02-01").bill().total == 0


def test_a_tenant_may_skip_invoices_of_nothing() -> None:
    account = Account.opened(FREE_USE, start="2026-02-01", tenant=a_tenant(skip_zero_invoices=True))
    outcome = draft_invoice(account.facts())
    assert isinstance(outcome, Skip)
    assert outcome.reason is SkipReason.ZERO_TOTAL
    assert outcome.subscription.next_billing_at == utc("2026-04-01")


def test_charges_that_credits_cancel_out_are_not_nothing_and_are_never_skipped() -> None:
    ahead = a_plan(fees=[a_fee("28")], billed=AHEAD)
    yearly = a_plan(fees=[a_fee("14")], billed=AHEAD, version=2, cycle=YEARLY)
    account = Account.opened(ahead, start="2026-02-01", tenant=a_tenant(skip_zero_invoices=True)).billed(1)
    invoice = account.changing_plan(yearly, at="2026-02-15").bill()
    assert [line.amount for line in invoice.lines] == [-1400, 1400]  # 14 of 28 days back, the new year ahead
    assert invoice.total == 0


def test_a_plan_without_meters_and_fees_has_nothing_to_bill_and_moves_on() -> None:
    outcome = draft_invoice(Account.opened(a_plan(), start="2026-02-01").facts())
    assert isinstance(outcome, Skip)
    assert outcome.reason is SkipReason.NOTHING_TO_BILL
    assert outcome.subscription.next_billing_at == utc("2026-04-01")


def test_in_advance_the_start_of_a_plan_that_only_meters_has_nothing_to_bill() -> None:
    account = Account.opened(a_plan(metered=[a_meter()], billed=AHEAD), start="2026-02-01")
    outcomes = account.bills(until="2026-03-01")
    assert [type(outcome) for outcome in outcomes] == [Skip, Draft]


# The last bill


def test_the_last_bill_ends_the_subscription() -> None:
    account = Account.opened(FREE_USE, start="2026-02-01", end="2026-02-10").using("calls", {"2026-02-09": "150"})
    outcome = draft_invoice(account.facts())
    assert isinstance(outcome, Draft)
    assert outcome.invoice.total == 5000
    assert (outcome.subscription.status, outcome.subscription.next_billing_at) == (SubscriptionStatus.ENDED, None)
    with pytest.raises(InvalidInput, match="next_billing_at: expected a subscription with a bill to come, got null"):
        draft_invoice(replace(account, subscription=outcome.subscription).facts())


def test_in_advance_the_last_bill_is_for_the_usage_of_the_last_period() -> None:
    plan = a_plan(metered=[a_meter("1")], fees=[a_fee("30")], billed=AHEAD)
    account = Account.opened(plan, start="2026-02-01", end="2026-03-01").using("calls", {"2026-02-09": "7"})
    bills = [outcome.invoice for outcome in account.bills(until="2027-01-01") if isinstance(outcome, Draft)]
    assert [[line.amount for line in invoice.lines] for invoice in bills] == [[3000], [700]]
    assert [invoice.id for invoice in bills] == ["sub-1.20260201T000000Z.r0", "sub-1.20260201T000000Z-arrears.r0"]


def test_three_missed_months_are_three_invoices_each_of_its_own_period() -> None:
    account = Account.opened(FREE_USE, start="2025-12-01").using(
        "calls", {"2025-12-05": "101", "2026-01-05": "102", "2026-02-05": "103"}
    )
    bills = [outcome.invoice for outcome in account.bills(until="2026-03-01") if isinstance(outcome, Draft)]
    assert [(f"{invoice.period.start:%m}", invoice.total) for invoice in bills] == [
        ("12", 100), ("01", 200), ("02", 300),
    ]  # fmt: skip


def test_an_invoice_that_cannot_be_priced_names_the_missing_plan() -> None:
    account = Account.opened(a_plan(), start="2026-02-01")
    with pytest.raises(UnknownPlan, match="got 'plan@1'"):
        draft_invoice(account.facts(plans={}))


# Credits that exceed the charges


def downgraded() -> CreditDraft:
    """28.00 paid ahead for February at 19 %, left on the 8th for a plan of 2.00 a year."""
    dear = a_plan(fees=[a_fee("28")], billed=AHEAD)
    cheap = a_plan(fees=[a_fee("2")], billed=AHEAD, version=2, cycle=YEARLY)
    account = Account.opened(dear, start="2026-02-01", taxes=GERMAN_VAT).billed(1)
    outcome = draft_invoice(account.changing_plan(cheap, at="2026-02-08").facts())
    assert isinstance(outcome, CreditDraft)
    return outcome


def test_a_bill_below_zero_is_a_credit_note_with_every_sign_turned() -> None:
    note = downgraded().credit_note
    assert shown(note.lines) == [
        ("Base - credit for unused time", "1", "21.00", 2100),  # 21 of 28 days
        ("Base (yearly)", "1", "-2", -200),  # set off against it
    ]
    assert (note.subtotal, note.tax, note.total, note.balance_added) == (1900, 361, 2261, 2261)  # 19 % of 19.00
    assert [(line.percent, line.base, line.tax) for line in note.tax_lines] == [(Decimal(19), 1900, 361)]
    assert note.tax_lines[0].category is TaxCategory.STANDARD


def test_a_credit_note_names_the_invoice_that_billed_what_it_gives_back() -> None:
    note = downgraded().credit_note
    assert note.invoice_id == "sub-1.20260201T000000Z.r0"
    assert note.id == "sub-1.20260208T000000Z.r0"


def test_a_credit_note_is_of_its_bills_period_customer_and_day() -> None:
    draft = downgraded()
    note = draft.credit_note
    assert note.period == draft.cycle.period == Period(utc("2026-02-08"), utc("2027-02-08"))
    assert (note.customer_id, note.subscription_id, note.currency) == ("acct-1", "sub-1", "USD")
    assert (note.issued_on, note.bill_for_date) == (date(2026, 3, 1), utc("2026-02-08"))
    assert draft.subscription.next_billing_at == utc("2027-02-08")
    assert [prepaid.amount for prepaid in draft.subscription.prepaid] == [200]


def test_a_credit_note_is_numbered_in_its_own_series() -> None:
    tenant, note = a_tenant(), downgraded().credit_note
    day = number_day(note, tenant)
    assert tenant.credit_numbers.series_of(day) == "credit-note-2026-02"
    issued = issue_credit_note(note, number=tenant.credit_numbers.number(day, 1))
    assert (issued.number, issued.pending) == ("CN-2026-02-0001", (SettlementStep.RENDER,))


def test_a_credit_notes_number_may_follow_the_day_of_issue() -> None:
    series = NumberSeries(format="G{year}-{month:02}-{sequence}", counter="g", month_of=NumberMonth.ISSUE_DATE)
    assert number_day(downgraded().credit_note, a_tenant(credit_numbers=series)) == date(2026, 3, 1)


def test_a_cancellation_gives_back_net_and_tax_of_the_unused_part() -> None:
    plan = a_plan(fees=[a_fee("119", tax_inclusive=True)], billed=AHEAD)
    account = Account.opened(plan, start="2026-02-01", taxes=GERMAN_VAT).billed(1).ending("2026-02-15")
    outcome = draft_invoice(account.facts())
    assert isinstance(outcome, CreditDraft)
    # 14 of 28 days of 119.00: 59.50, of which 9.50 is tax
    note = outcome.credit_note
    assert (note.subtotal, note.tax, note.total) == (5000, 950, 5950)
    assert outcome.subscription.status is SubscriptionStatus.ENDED
