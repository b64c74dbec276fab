"""`billing subscriptions`: what each command answers, and what it refuses."""

import json
from pathlib import Path

import pytest

from billing.adapters.sqlite import SqliteDocuments
from billing.store.indexes import INDEXES
from billing.store.subscriptions import Subscriptions
from billing.wiring import LOCAL_STORE
from tests.book_folder import PLAN, book_folder, changed
from tests.command_line import answer, billing
from tests.kept_directory import copy_of

SUBSCRIPTION = "s-1"


@pytest.fixture(scope="module")
def import_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small book with a trial, a coupon and an add-on, imported and not billed."""
    folder, directory = tmp_path_factory.mktemp("book"), tmp_path_factory.mktemp("kept")
    coupons = [
        {"coupon_id": "half", "name": "Half price", "percent": 50, "periods": 2},
        {"coupon_id": "ever", "name": "For ever", "amount": "1.00", "currency": "USD"},
    ]
    (folder / "coupons.json").write_text(json.dumps(coupons), encoding="utf-8")
    rows = "subscription_id,customer_id,plan_id,started_on,ended_on,coupons\n"
    book_folder(
        folder,
        plan=changed(PLAN, trial_days=14),
        subscriptions=rows + "s-1,c-1,basic,2026-01-10,,ever\ns-2,c-2,basic,2026-01-10,2026-01-12,\n",
        usage=None,
    )
    assert billing("import", folder, "--dir", directory).exit_code == 0
    return directory


@pytest.fixture
def kept(import_once: Path, tmp_path: Path) -> Path:
    return copy_of(import_once, tmp_path / "kept")


def test_a_subscription_is_shown_with_everything_that_it_will_be_charged(kept: Path) -> None:
    add = ("add-charge", SUBSCRIPTION, "setup", "--name", "Set-up", "--price", "40", "--quantity", "1.50")
    assert billing("subscriptions", *add, "--on", "2026-02-15", "--dir", kept).exit_code == 0
    told = billing("subscriptions", "show", SUBSCRIPTION, "--dir", kept)
    lines = [" ".join(line.split()) for line in told.stdout.splitlines()]
    assert lines == [
        "s-1 active",
        "Customer c-1",
        "Plan basic@1 from 2026-01-24",
        "Trial 2026-01-10 to 2026-01-24, the end not included",
        "Next bill 2026-02-01",
        "Add-on 1 x support from 2026-01-10",
        "Coupon For ever (ever) from 2026-01-24, for ever",
        "Charge Set-up (setup): 1.5 x 40, on 2026-02-15",
    ]


def test_one_that_ended_in_its_trial_has_no_bill_to_come(kept: Path) -> None:
    told = billing("subscriptions", "show", "s-2", "--dir", kept)
    assert "ended" in told.stdout
    assert "none" in told.stdout


def test_with_json_a_subscription_is_what_is_stored(kept: Path) -> None:
    shown = answer(billing("subscriptions", "show", SUBSCRIPTION, "--dir", kept, "--json"))
    assert (shown["id"], shown["trial_start"]) == ("s-1", "2026-01-10T00:00:00+00:00")


def test_a_coupon_is_applied_and_removed(kept: Path) -> None:
    applied = answer(billing("subscriptions", "apply-coupon", SUBSCRIPTION, "half", "--dir", kept, "--json"))
    assert [(each["coupon"]["coupon_id"], each["start"][:10]) for each in applied["discounts"]] == [
        ("ever", "2026-01-24"),
        ("half", "2026-02-01"),
    ]
    told = billing("subscriptions", "show", SUBSCRIPTION, "--dir", kept).stdout
    assert "Half price (half) from 2026-02-01, 0 of 2 times used" in told
    removed = answer(billing("subscriptions", "remove-coupon", SUBSCRIPTION, "half", "--dir", kept, "--json"))
    assert [each["coupon"]["coupon_id"] for each in removed["discounts"]] == ["ever"]


def test_a_coupon_may_begin_on_a_day(kept: Path) -> None:
    apply = ("apply-coupon", SUBSCRIPTION, "half", "--from", "2026-06-01")
    applied = answer(billing("subscriptions", *apply, "--dir", kept, "--json"))
    assert applied["discounts"][1]["start"] == "2026-06-01T00:00:00+00:00"


def test_a_charge_goes_on_the_next_bill_unless_a_day_is_named(kept: Path) -> None:
    add = ("add-charge", SUBSCRIPTION, "visit", "--name", "Visit", "--price", "9.99", "--tax-inclusive")
    added = answer(billing("subscriptions", *add, "--dir", kept, "--json"))
    assert added["one_time"] == [
        {
            "id": "visit",
            "name": "Visit",
            "quantity": "1",
            "unit_price": "9.99",
            "charged_at": "2026-02-01T00:00:00+00:00",
            "tax_inclusive": True,
        }
    ]
    store = SqliteDocuments(kept / LOCAL_STORE, indexes=INDEXES)
    (stored,) = Subscriptions.of(store, "acme").get([SUBSCRIPTION])
    assert stored is not None
    assert [each.id for each in stored.value.one_time] == ["visit"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("show", "s-9"), "no subscription 's-9'"),
        (("show", "../x"), "subscription: expected"),
        (("apply-coupon", "s-1", "none"), "no coupon 'none'"),
        (
            ("apply-coupon", "s-1", "ever"),
            "coupon_id: expected a coupon that the subscription does not have, got 'ever'",
        ),
        (("apply-coupon", "s-2", "half"), "subscription_id: expected a subscription with a bill to come, got 's-2'"),
        (("apply-coupon", "s-1", "half", "--from", "soon"), "--from: expected 2026-03-01, or"),
        (("remove-coupon", "s-1", "half"), "coupon_id: expected a coupon of the subscription (ever), got 'half'"),
        (("add-charge", "s-1", "x", "--name", "X", "--price", "-1"), "--price: expected 0 or more, got '-1'"),
        (("add-charge", "s-1", "x", "--name", "X", "--price", "1", "--quantity", "many"), "--quantity: expected"),
        (("add-charge", "s-1", "x", "--name", "X", "--price", "1", "--on", "2026-02-30"), "--on: expected 2026-03-01"),
        (("add-charge", "s-1", "a/b", "--name", "X", "--price", "1"), "charge: expected"),
        (("add-charge", "s-2", "x", "--name", "X", "--price", "1"), "subscription_id: expected"),
    ],
)
def test_what_can_not_be_done_is_said_in_one_line(kept: Path, arguments: tuple[str, ...], message: str) -> None:
    refused = billing("subscriptions", *arguments, "--dir", kept)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr.startswith(f"billing: {message}")
    assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["show", "add-charge", "apply-coupon", "remove-coupon"])
def test_each_command_helps_with_an_example(command: str) -> None:
    told = billing("subscriptions", command, "--help")
    assert told.exit_code == 0
    assert f"billing subscriptions {command} sub-1047" in told.stdout
