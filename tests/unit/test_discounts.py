"""Discounts: each coupon lowers what the one before left, before tax, and never below nothing."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from billing.domain.catalog import Billed
from billing.domain.coupon import Coupon, Discount
from billing.domain.discounts import with_coupon, without_coupon
from billing.domain.errors import InvalidInput
from billing.domain.invoice import InvoiceStatus, LineKind
from billing.domain.invoicing import CreditDraft, Draft, Skip, issue
from billing.domain.subscription import OneTimeCharge
from billing.domain.tax import TaxTable
from tests.builders import GERMAN_VAT, Account, a_fee, a_meter, a_plan, a_rate, a_tenant, amounts, utc

FEBRUARY = "2026-02-01"


def percent(number: str, *, coupon_id: str = "share", periods: int | None = None) -> Coupon:
    return Coupon(coupon_id=coupon_id, name=coupon_id.capitalize(), percent=Decimal(number), periods=periods)


def fixed(amount: str, *, coupon_id: str = "fixed", currency: str = "USD", periods: int | None = None) -> Coupon:
    return Coupon(
        coupon_id=coupon_id, name=coupon_id.capitalize(), amount=Decimal(amount), currency=currency, periods=periods
    )


def having(account: Account, *coupons: Coupon, start: str = "2026-01-01") -> Account:
    discounts = tuple(Discount(coupon=coupon, start=utc(start)) for coupon in coupons)
    return replace(account, subscription=replace(account.subscription, discounts=discounts))


def paying(price: str, **changes: Any) -> Account:  # noqa: ANN401 - any field
    return Account.opened(a_plan(fees=[a_fee(price)], **changes), start=FEBRUARY, taxes=GERMAN_VAT)


def test_a_share_is_taken_off_before_tax() -> None:
    invoice = having(paying("80.00"), percent("12.5")).bill()
    assert amounts(invoice.lines) == {"Base (monthly)": 8000, "Share - discount": -1000}
    assert (invoice.subtotal, invoice.tax, invoice.total) == (7000, 1330, 8330)  # 70.00 x 19 %
    assert invoice.lines[1].kind is LineKind.DISCOUNT


def test_the_second_coupon_is_on_what_the_first_left() -> None:
    lines = having(paying("100.00"), percent("10"), fixed("30.00")).bill().lines
    assert [line.amount for line in lines] == [10000, -1000, -3000]
    lines = having(paying("100.00"), fixed("30.00"), percent("10")).bill().lines
    assert [line.amount for line in lines] == [10000, -3000, -700]


def test_an_amount_takes_off_no_more_than_there_is() -> None:
    invoice = having(paying("20.00"), fixed("30.00"), percent("10")).bill()
    assert [line.amount for line in invoice.lines] == [2000, -2000]
    assert invoice.total == 0


def test_an_invoice_that_is_wholly_discounted_is_paid_at_once() -> None:
    draft = having(paying("33.33"), percent("100")).bill()
    assert draft.total == 0
    assert issue(draft, number="1").status is InvoiceStatus.PAID


def test_a_share_is_rounded_once_for_the_whole_invoice_and_spread_by_largest_remainder() -> None:
    # two rates: 0.15 at 19 % and 0.15 without tax; 50 % of 0.30 is 0.15: halves of 0.075, the cent goes to the first
    rates = TaxTable(rates=(a_rate("19", until="2026-02-28"),))
    plan = a_plan(fees=[a_fee("0.15")], metered=[a_meter("0.15")], billed=Billed.IN_ADVANCE)
    account = Account.opened(plan, start=FEBRUARY, taxes=rates).billed(1).using("calls", {"2026-02-03": "1"})
    lines = having(account, percent("50")).bill().lines
    assert [(line.description, int(line.tax_percent), line.amount) for line in lines] == [
        ("Calls", 19, 15),
        ("Base (monthly)", 0, 15),
        ("Share - discount", 19, -8),
        ("Share - discount", 0, -7),
    ]


def test_a_price_that_contains_tax_has_a_discount_that_contains_it() -> None:
    plan = a_plan(fees=[a_fee("119.00", tax_inclusive=True), a_fee("100.00", "net")])
    invoice = having(Account.opened(plan, start=FEBRUARY, taxes=GERMAN_VAT), percent("10")).bill()
    assert [(line.amount, line.tax_inclusive) for line in invoice.lines] == [
        (11900, True),
        (10000, False),
        (-1190, True),
        (-1000, False),
    ]
    assert (invoice.subtotal, invoice.tax) == (18000, 3420)


def test_a_prorated_fee_is_lowered_as_what_it_comes_to() -> None:
    # 10 to 28 February: 28.00 - 9.00; 10 % of 19.00
    account = Account.opened(a_plan(fees=[a_fee("28.00")], anchor_day=1), start="2026-02-10")
    assert [line.amount for line in having(account, percent("10")).bill().lines] == [2800, -900, -190]


def test_one_time_charges_are_lowered_as_well() -> None:
    setup = OneTimeCharge(
        id="setup", name="Set-up", quantity=Decimal(1), unit_price=Decimal(50), charged_at=utc(FEBRUARY)
    )
    account = having(paying("10.00"), percent("10"))
    account = replace(account, subscription=replace(account.subscription, one_time=(setup,)))
    assert [line.amount for line in account.bill().lines] == [1000, 5000, -600]


def test_a_credit_is_not_lowered_and_gives_back_what_was_paid() -> None:
    # 28.00 less a half: 14.00 were paid for February; half of it is unused
    ahead = Account.opened(a_plan(fees=[a_fee("28.00")], billed=Billed.IN_ADVANCE), start=FEBRUARY)
    outcome, account = having(ahead, percent("50")).next_bill()
    assert isinstance(outcome, Draft)
    assert outcome.invoice.total == 1400
    credited, _ = account.ending("2026-02-15").next_bill()
    assert isinstance(credited, CreditDraft)
    assert amounts(credited.credit_note.lines) == {"Base - credit for unused time": 700}


def test_of_a_fee_that_was_wholly_discounted_nothing_is_credited() -> None:
    ahead = Account.opened(a_plan(fees=[a_fee("28.00")], billed=Billed.IN_ADVANCE), start=FEBRUARY)
    outcome, _ = having(ahead, percent("100")).billed(1).ending("2026-02-15").next_bill()
    assert isinstance(outcome, Skip)


# How often


def test_a_coupon_counts_the_invoices_that_it_lowered() -> None:
    account = having(paying("10.00"), percent("10", periods=2))
    totals = []
    for _ in range(3):
        totals.append(account.bill().subtotal)
        account = account.billed(1)
    assert totals == [900, 900, 1000]
    assert account.subscription.discounts[0].used == 2


def test_an_invoice_of_nothing_uses_no_coupon_up() -> None:
    account = having(Account.opened(a_plan(metered=[a_meter("1.00")]), start=FEBRUARY), fixed("5.00", periods=1))
    nothing, account = account.next_bill()
    assert isinstance(nothing, Draft)
    assert nothing.invoice.total == 0
    assert account.subscription.discounts[0].used == 0
    assert account.using("calls", {"2026-03-05": "7"}).bill().total == 200


def test_a_coupon_that_found_nothing_left_is_not_used_up() -> None:
    _, account = having(paying("10.00"), percent("100"), fixed("5.00", periods=1)).next_bill()
    assert [each.used for each in account.subscription.discounts] == [1, 0]


def test_a_coupon_begins_with_the_first_bill_that_is_not_before_its_start() -> None:
    account = having(paying("10.00"), percent("10"), start="2026-04-01")
    assert [account.billed(bills).bill().subtotal for bills in range(3)] == [1000, 900, 900]  # 1 March, April, May


def test_a_skipped_invoice_leaves_the_coupon_as_it_was() -> None:
    account = having(Account.opened(a_plan(metered=[a_meter("1.00")]), start=FEBRUARY), percent("10", periods=1))
    outcome, after = replace(account, tenant=a_tenant(skip_zero_invoices=True)).next_bill()
    assert isinstance(outcome, Skip)
    assert after.subscription.discounts[0].used == 0


def test_the_invoice_keeps_the_coupons_as_they_were() -> None:
    account = having(paying("10.00"), percent("10", periods=3)).billed(1)
    basis = account.bill().basis
    assert basis is not None
    assert basis.discounts[0].used == 1


# Putting one on, taking it off


def test_a_coupon_is_put_on_and_taken_off() -> None:
    account = paying("10.00")
    start = utc("2026-03-01")
    applied = with_coupon(account.subscription, fixed("5.00"), start=start, plans=account.plans)
    assert applied.discounts == (Discount(coupon=fixed("5.00"), start=start),)
    assert without_coupon(applied, "fixed") == account.subscription


def test_a_coupon_in_another_currency_is_refused_when_it_is_put_on_and_when_it_is_due() -> None:
    account, yen = paying("10.00"), fixed("500", currency="JPY")
    with pytest.raises(InvalidInput, match="coupon_id: expected a coupon in USD, got 'fixed in JPY'"):
        with_coupon(account.subscription, yen, start=utc(FEBRUARY), plans=account.plans)
    with pytest.raises(InvalidInput, match="coupon_id: expected a coupon in USD, got 'fixed in JPY'"):
        having(account, yen).bill()


def test_a_coupon_is_put_on_once_and_not_after_the_last_bill() -> None:
    account = having(paying("10.00"), percent("10"))
    with pytest.raises(InvalidInput, match="coupon_id: expected a coupon that the subscription does not have"):
        with_coupon(account.subscription, percent("10"), start=utc(FEBRUARY), plans=account.plans)
    over = account.ending("2026-02-15").billed(1)
    with pytest.raises(InvalidInput, match="subscription_id: expected a subscription with a bill to come"):
        with_coupon(over.subscription, fixed("1"), start=utc(FEBRUARY), plans=over.plans)


def test_a_coupon_that_is_not_there_can_not_be_taken_off() -> None:
    with pytest.raises(InvalidInput, match=r"coupon_id: expected a coupon of the subscription \(share\), got 'other'"):
        without_coupon(having(paying("10.00"), percent("10")).subscription, "other")
