"""Coupons, one-time charges, allowances, commitments and trials of a book: what is read, and what is refused where."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing.adapters.book_files import load_book
from billing.domain.coupon import Coupon, Discount
from billing.domain.subscription import OneTimeCharge, SubscriptionStatus
from tests.book_folder import CALLS, PLAN, TABLES, book_folder, changed, errors_of
from tests.builders import utc

WELCOME = {"coupon_id": "welcome", "name": "Welcome", "percent": "20", "periods": 3}
FIVE = {"coupon_id": "five", "name": "Five off", "amount": "5.00", "currency": "USD"}
SUBSCRIPTIONS = "subscription_id,customer_id,plan_id,started_on,ended_on,coupons\n"
CHARGES = "subscription_id,charge_id,name,unit_price,charged_on\n"


def a_folder(folder: Path, *, coupons: Any = None, charges: str | None = None, **changes: Any) -> Path:  # noqa: ANN401
    """A book, with coupons.json and one_time_charges.csv where they are given."""
    if coupons is not None:
        (folder / "coupons.json").write_text(json.dumps(coupons, indent=1), encoding="utf-8")
    if charges is not None:
        (folder / "one_time_charges.csv").write_text(charges, encoding="utf-8")
    return book_folder(folder, **changes)


# Coupons


def test_coupons_are_read_and_put_on_the_subscriptions_that_name_them_in_their_order(tmp_path: Path) -> None:
    rows = SUBSCRIPTIONS + "s-1,c-1,basic,2026-01-10,,five; welcome\ns-2,c-2,basic,2026-01-10,2026-02-20,\n"
    book = load_book(a_folder(tmp_path, coupons=[WELCOME, FIVE], subscriptions=rows))
    welcome = Coupon(coupon_id="welcome", name="Welcome", percent=Decimal(20), periods=3)
    five = Coupon(coupon_id="five", name="Five off", amount=Decimal("5.00"), currency="USD")
    assert book.coupons == (welcome, five)
    start = utc("2026-01-10")
    assert book.subscriptions[0].discounts == (
        Discount(coupon=five, start=start),
        Discount(coupon=welcome, start=start),
    )
    assert book.subscriptions[1].discounts == ()


def test_one_coupon_may_stand_alone_and_a_book_needs_none(tmp_path: Path) -> None:
    assert [each.coupon_id for each in load_book(a_folder(tmp_path, coupons=WELCOME)).coupons] == ["welcome"]
    (tmp_path / "coupons.json").unlink()
    assert load_book(tmp_path).coupons == ()


@pytest.mark.parametrize(
    ("coupons", "expected"),
    [
        ([WELCOME, WELCOME], "coupons.json:9: [1].coupon_id: expected each coupon once, got 'welcome' again"),
        (
            [changed(WELCOME, percent="120")],
            "coupons.json:5: [0].percent: expected more than 0 and at most 100, got '120'",
        ),
        (
            [changed(WELCOME, percent=...)],
            "coupons.json:2: [0].coupon: expected either percent or amount, got 'percent None, amount None'",
        ),
        ([changed(FIVE, currency=...)], "coupons.json:2: [0].currency: expected an ISO 4217 code such as USD, got ''"),
        (
            [changed(FIVE, amount="0.005")],
            "coupons.json:5: [0].amount: expected at most 2 decimals in USD, got '0.005'",
        ),
        (
            [changed(FIVE, currency="XXX")],
            "coupons.json:6: [0].currency: expected an ISO 4217 code such as USD, got 'XXX'",
        ),
        ([changed(WELCOME, periods=0)], "coupons.json:6: [0].periods: expected 1 or more, or none for ever, got 0"),
        ([changed(WELCOME, periods="3")], "coupons.json:6: [0].periods: expected a whole number, got '3'"),
        (
            [changed(WELCOME, times=3)],
            "coupons.json:7: [0].times: unknown key; known are coupon_id, name, percent, amount, currency, periods",
        ),
        ([changed(WELCOME, coupon_id="a/b")], None),
    ],
)
def test_a_wrong_coupon_is_refused_at_its_line(tmp_path: Path, coupons: Any, expected: str | None) -> None:  # noqa: ANN401
    (error,) = errors_of(a_folder(tmp_path, coupons=coupons))
    assert error == expected or (expected is None and error.startswith("coupons.json:3: [0].coupon_id: expected"))


def test_a_broken_coupon_file_is_one_error_and_not_one_for_each_row_that_names_a_coupon(tmp_path: Path) -> None:
    rows = SUBSCRIPTIONS + "s-1,c-1,basic,2026-01-10,,welcome\n"
    folder = a_folder(tmp_path, subscriptions=rows, usage=None)
    (folder / "coupons.json").write_text("[", encoding="utf-8")
    (error,) = errors_of(folder)
    assert error.startswith("coupons.json:1: column 2: expected JSON")


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("other", "coupons: expected coupons of coupons.json (welcome, yen), got 'other'"),
        ("welcome;welcome", "coupons: expected each coupon once, got 'welcome;welcome'"),
        ("yen", "coupons: expected coupons in USD, the plan's currency, got 'yen in JPY'"),
    ],
)
def test_a_row_with_a_wrong_coupon_is_refused(tmp_path: Path, cell: str, expected: str) -> None:
    yen = {"coupon_id": "yen", "name": "Yen", "amount": 500, "currency": "JPY"}
    rows = SUBSCRIPTIONS + f"s-1,c-1,basic,2026-01-10,,{cell}\n"
    folder = a_folder(tmp_path, coupons=[WELCOME, yen], subscriptions=rows, usage=None)
    assert errors_of(folder) == [f"subscriptions.csv:2: {expected}"]


# One-time charges


def test_one_time_charges_are_read_with_their_defaults(tmp_path: Path) -> None:
    rows = (
        "subscription_id,charge_id,name,quantity,unit_price,charged_on,tax_inclusive\n"
        's-1,setup,"Set-up, once",,250,2026-01-10,\n'
        "s-1,training,Training,1.5,80.00,2026-03-02,yes\n"
    )
    book = load_book(a_folder(tmp_path, charges=rows, usage=None, addons=None))
    assert book.subscriptions[0].one_time == (
        OneTimeCharge(
            id="setup",
            name="Set-up, once",
            quantity=Decimal(1),
            unit_price=Decimal(250),
            charged_at=utc("2026-01-10"),
        ),
        OneTimeCharge(
            id="training",
            name="Training",
            quantity=Decimal("1.5"),
            unit_price=Decimal("80.00"),
            charged_at=utc("2026-03-02"),
            tax_inclusive=True,
        ),
    )


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (
            "s-9,setup,Set-up,1,2026-02-01",
            "2: subscription_id: expected a subscription of subscriptions.csv, got 's-9'",
        ),
        ("s-1,setup,Set-up,-1,2026-02-01", "2: unit_price: expected 0 or more, got '-1'"),
        (
            "s-1,setup,Set-up,1000000000000,2026-02-01",
            "2: unit_price: expected a price that times the quantity is below 10^12, got '1 x 1000000000000'",
        ),
        ("s-1,setup,Set-up,1,", "2: charged_on: expected a value, got an empty cell"),
        ("s-1,setup,Set-up,1,2026-01-09", "2: charged_on: expected a day of the subscription's life, got '2026-01-09'"),
        ("s-2,setup,Set-up,1,2026-02-21", "2: charged_on: expected a day of the subscription's life, got '2026-02-21'"),
        (
            "s-1,setup,Set-up,1,2026-02-01\ns-1,setup,Set-up,2,2026-02-02",
            "3: charge_id: expected an id that does not stand in line 2 already, got 'setup'",
        ),
    ],
)
def test_a_wrong_one_time_charge_is_refused(tmp_path: Path, rows: str, expected: str) -> None:
    assert errors_of(a_folder(tmp_path, charges=f"{CHARGES}{rows}\n")) == [f"one_time_charges.csv:{expected}"]


def test_a_charge_on_a_bill_that_was_made_elsewhere_is_not_billed_again(tmp_path: Path) -> None:
    # billing starts on 2 March: the bills of 1 February and 1 March were made elsewhere
    rows = f"{CHARGES}s-1,old,Old,1,2026-02-01\ns-1,older,Older,1,2026-03-01\ns-1,new,New,1,2026-03-02\n"
    folder = a_folder(tmp_path, charges=rows)
    book = load_book(folder, bill_from=utc("2026-03-02").date())
    assert book.subscriptions[0].next_billing_at == utc("2026-04-01")
    assert [each.id for each in book.subscriptions[0].one_time] == ["new"]
    assert book.notes[-1] == "one-time charges on bills for earlier days count as made elsewhere: 2"
    ended = load_book(
        a_folder(tmp_path, charges=f"{CHARGES}s-2,old,Old,1,2026-02-01\n"), bill_from=utc("2026-03-02").date()
    )
    assert ended.subscriptions[1].one_time == ()


def test_a_charge_waits_for_the_first_bill_that_is_made_here(tmp_path: Path) -> None:
    rows = f"{CHARGES}s-1,setup,Set-up,1,2026-02-15\ns-1,first,First,1,2026-01-10\n"
    folder = a_folder(tmp_path, charges=rows)
    assert [each.id for each in load_book(folder).subscriptions[0].one_time] == ["setup", "first"]
    continued = load_book(folder, bill_from=utc("2026-03-01").date())
    assert [each.id for each in continued.subscriptions[0].one_time] == ["setup"]


# Plans


def test_allowance_commitment_and_trial_are_read(tmp_path: Path) -> None:
    plan = changed(PLAN, usage=[changed(CALLS, included=1000)], minimum_commitment="99.50", trial_days=14)
    book = load_book(a_folder(tmp_path, plan=plan, addons=None, usage=None))
    (read,) = book.plans
    assert (read.metered[0].included, read.minimum_commitment, read.trial_days) == (Decimal(1000), Decimal("99.50"), 14)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"usage": [changed(CALLS, included=-1)]}, "usage[0].included: expected 0 or more, got '-1'"),
        ({"minimum_commitment": "-5"}, "minimum_commitment: expected 0 or more, got '-5'"),
        ({"trial_days": 1001}, "trial_days: expected 0 to 1000, got 1001"),
        ({"trial_days": 1.5}, None),
    ],
)
def test_a_wrong_allowance_commitment_or_trial_is_refused(
    tmp_path: Path, changes: dict[str, Any], expected: str | None
) -> None:
    (error,) = errors_of(a_folder(tmp_path, plan=changed(PLAN, **changes)))
    found = error.partition(": ")[2]
    assert found == expected or (expected is None and found.startswith("trial_days: expected a whole number"))


def test_a_subscription_begins_with_its_trial_and_its_add_ons_and_usage_may_as_well(tmp_path: Path) -> None:
    book = load_book(a_folder(tmp_path, plan=changed(PLAN, trial_days=14), usage=TABLES["usage"]))
    first, second = book.subscriptions
    assert (first.trial_start, first.start, first.end) == (utc("2026-01-10"), utc("2026-01-24"), None)
    assert first.items[0].start == utc("2026-01-10")
    assert first.next_billing_at == utc("2026-02-01")
    assert second.end == utc("2026-02-21")
    in_trial = TABLES["usage"] + "c-1,2026-01-10,calls,5\n"
    assert len(load_book(a_folder(tmp_path, plan=changed(PLAN, trial_days=14), usage=in_trial)).usage) == 3


def test_usage_before_the_trial_is_refused(tmp_path: Path) -> None:
    early = TABLES["usage"] + "c-1,2026-01-09,calls,5\n"
    (error,) = errors_of(a_folder(tmp_path, plan=changed(PLAN, trial_days=14), usage=early))
    assert (
        error == "usage.csv:4: date: expected a day on which c-1 has a subscription that meters calls, got '2026-01-09'"
    )


def test_one_that_ended_in_its_trial_is_never_billed(tmp_path: Path) -> None:
    rows = SUBSCRIPTIONS + "s-1,c-1,basic,2026-01-10,2026-01-20,\ns-2,c-2,basic,2026-01-10,2026-01-23,\n"
    folder = a_folder(tmp_path, plan=changed(PLAN, trial_days=14), subscriptions=rows, addons=None, usage=None)
    book = load_book(folder)
    assert [each.next_billing_at for each in book.subscriptions] == [None, None]
    assert {each.status for each in book.subscriptions} == {SubscriptionStatus.ENDED}
    assert [each.active_subscriptions for each in book.customers] == [0, 0]
