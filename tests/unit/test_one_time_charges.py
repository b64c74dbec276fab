"""One-time charges: on the first bill that is not before them, once."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from billing.domain.catalog import Billed
from billing.domain.errors import InvalidInput
from billing.domain.invoice import LineKind
from billing.domain.invoicing import Draft, Skip
from billing.domain.one_time_charges import with_one_time_charge
from billing.domain.subscription import OneTimeCharge, Subscription
from billing.domain.tax import TaxTable
from tests.builders import GERMAN_VAT, Account, a_fee, a_plan, a_rate, shown, utc


def a_charge(on: str, **changes: Any) -> OneTimeCharge:  # noqa: ANN401 - any field
    charge = OneTimeCharge(
        id="setup", name="Set-up", quantity=Decimal("2.5"), unit_price=Decimal("100.00"), charged_at=utc(on)
    )
    return replace(charge, **changes)


def owing(account: Account, *charges: OneTimeCharge) -> Account:
    return replace(account, subscription=replace(account.subscription, one_time=charges))


FEE = a_plan(fees=[a_fee("10.00")])
EMPTY = a_plan(metered=[])


def test_it_is_a_line_of_its_own_on_the_first_bill_that_is_not_before_it() -> None:
    account = owing(Account.opened(FEE, start="2026-01-01"), a_charge("2026-02-01T00:00:01"))
    january, account = account.next_bill()
    february, account = account.next_bill()
    march, _ = account.next_bill()
    assert isinstance(january, Draft)
    assert isinstance(february, Draft)
    assert isinstance(march, Draft)
    assert shown(january.invoice.lines) == [("Base (monthly)", "1", "10.00", 1000)]
    assert shown(february.invoice.lines) == [
        ("Base (monthly)", "1", "10.00", 1000),
        ("Set-up", "2.5", "100.00", 25000),
    ]
    assert february.invoice.lines[1].kind is LineKind.ONE_TIME
    assert len(march.invoice.lines) == 1


def test_one_at_the_very_instant_of_a_bill_is_on_it() -> None:
    account = owing(Account.opened(FEE, start="2026-01-01"), a_charge("2026-02-01"))
    assert [line.description for line in account.bill().lines] == ["Base (monthly)", "Set-up"]


def test_it_makes_an_invoice_where_nothing_else_is_owed() -> None:
    account = Account.opened(EMPTY, start="2026-01-01")
    assert isinstance(account.next_bill()[0], Skip)
    assert owing(account, a_charge("2026-01-15")).bill().total == 25000


def test_the_invoice_keeps_it_and_the_subscription_does_not() -> None:
    later = a_charge("2026-03-15", id="later")
    account = owing(Account.opened(FEE, start="2026-01-01"), a_charge("2026-01-15"), later)
    outcome, after = account.next_bill()
    assert isinstance(outcome, Draft)
    assert outcome.invoice.basis is not None
    assert [each.id for each in outcome.invoice.basis.one_time] == ["setup", "later"]
    assert after.subscription.one_time == (later,)


def test_it_is_taxed_at_the_tax_point_of_the_bills_period() -> None:
    rates = TaxTable(rates=(a_rate("16", until="2026-01-31"), a_rate("19", since="2026-02-01")))
    arrears = owing(Account.opened(FEE, start="2026-01-01", taxes=rates), a_charge("2026-02-01"))
    assert [line.tax_percent for line in arrears.bill().lines] == [16, 16]  # January's last day
    ahead = owing(
        Account.opened(replace(FEE, billed=Billed.IN_ADVANCE), start="2026-02-01", taxes=rates), a_charge("2026-02-01")
    )
    assert [line.tax_percent for line in ahead.bill().lines] == [19, 19]


def test_a_price_that_contains_its_tax_is_what_is_paid() -> None:
    charge = a_charge("2026-01-15", quantity=Decimal(1), unit_price=Decimal("119.00"), tax_inclusive=True)
    invoice = owing(Account.opened(EMPTY, start="2026-01-01", taxes=GERMAN_VAT), charge).bill()
    assert (invoice.subtotal, invoice.tax, invoice.total) == (10000, 1900, 11900)


@pytest.mark.parametrize(
    ("subscription", "expected"),
    [
        (
            replace(Account.opened(FEE, start="2026-01-01").subscription, one_time=(a_charge("2026-01-09"),)),
            "charge_id: expected an id that no charge to come has, got 'setup'",
        ),
        (
            Account.opened(FEE, start="2026-01-01", end="2026-01-14").subscription,
            r"charged_at: expected an instant until the subscription's end, 2026-01-14T00:00:00\+00:00",
        ),
        (
            Account.opened(FEE, start="2026-01-01", end="2026-01-20").billed(1).subscription,
            "subscription_id: expected a subscription with a bill to come, got 'sub-1'",
        ),
    ],
)
def test_one_that_no_bill_could_carry_is_refused(subscription: Subscription, expected: str) -> None:
    with pytest.raises(InvalidInput, match=expected):
        with_one_time_charge(subscription, a_charge("2026-01-15"))


def test_one_on_the_very_end_is_on_the_last_bill() -> None:
    ending = Account.opened(FEE, start="2026-01-01", end="2026-01-15")
    owed = with_one_time_charge(ending.subscription, a_charge("2026-01-15"))
    assert "Set-up" in {line.description for line in replace(ending, subscription=owed).bill().lines}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"quantity": Decimal(-1)}, "quantity: expected 0 or more, got '-1'"),
        ({"unit_price": Decimal("NaN")}, "unit_price: expected a number, got 'NaN'"),
    ],
)
def test_a_charge_of_no_amount_is_refused(changes: dict[str, Decimal], expected: str) -> None:
    with pytest.raises(InvalidInput, match=expected):
        a_charge("2026-01-15", **changes)


def test_a_subscription_is_charged_nothing_below_zero() -> None:
    """What is given back is a credit note."""
    account = Account.opened(FEE, start="2026-01-01")
    with pytest.raises(InvalidInput, match="unit_price: expected 0 or more, got '-5'"):
        with_one_time_charge(account.subscription, a_charge("2026-01-15", unit_price=Decimal(-5)))


@pytest.mark.parametrize(("quantity", "price"), [("1", "1e12"), ("1000000", "1000000"), ("1e23", "0.00000000001")])
def test_a_charge_that_no_bill_could_hold_is_refused_rather_than_to_keep_each_bill_waiting(
    quantity: str, price: str
) -> None:
    subscription = Account.opened(FEE, start="2026-01-01").subscription
    too_much = a_charge("2026-01-15", quantity=Decimal(quantity), unit_price=Decimal(price))
    with pytest.raises(InvalidInput, match=r"unit_price: expected a price that times the quantity is below 10\^12"):
        with_one_time_charge(subscription, too_much)
    just = a_charge("2026-01-15", quantity=Decimal(1), unit_price=Decimal("999999999999.99"))
    assert with_one_time_charge(subscription, just).one_time == (just,)


def test_a_subscription_has_no_two_charges_of_one_id() -> None:
    with pytest.raises(InvalidInput, match="one_time: expected ids used once"):
        owing(Account.opened(FEE, start="2026-01-01"), a_charge("2026-01-15"), a_charge("2026-01-16"))
