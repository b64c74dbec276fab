"""A book is billed from its own date (docs/adr/0011): what was billed elsewhere is not billed again."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from billing.adapters.book_files import load_book
from billing.domain.subscription import SubscriptionStatus
from tests.book_folder import PLAN, TENANT, book_folder, changed
from tests.builders import utc

RUNNING = (
    "subscription_id,customer_id,plan_id,started_on,ended_on\n"
    "s-1,c-1,basic,2025-01-01,\n"
    "s-2,c-2,basic,2026-02-10,2026-02-20\n"
)
USAGE = "customer_id,date,metric,quantity\nc-1,2026-01-05,calls,1\nc-1,2026-02-14,calls,2\n"


def next_bills(folder: Path, *, bill_from: date | None = None) -> list[str | None]:
    found = [each.next_billing_at for each in load_book(folder, bill_from=bill_from).subscriptions]
    return [None if each is None else each.strftime("%Y-%m-%dT%H:%M") for each in found]


def test_a_running_business_goes_on_after_its_newest_usage_row(tmp_path: Path) -> None:
    folder = book_folder(tmp_path, subscriptions=RUNNING, usage=USAGE, addons=None)
    # s-1 had completed the months of 2025 before January 2026, the cycle that holds the first row
    assert next_bills(folder) == ["2026-03-01T00:00", "2026-02-21T00:00"]
    (note,) = load_book(folder).notes
    assert note == (
        "billing continues after 2026-02-14, the newest usage row; bills for earlier days count as made elsewhere, "
        "because subscriptions had completed a cycle before the first usage row (2026-01-05)"
    )


def test_what_ended_before_billing_goes_on_has_had_its_last_bill(tmp_path: Path) -> None:
    usage = USAGE + "c-1,2026-02-28,calls,3\n"
    book = load_book(book_folder(tmp_path, subscriptions=RUNNING, usage=usage, addons=None))
    assert [each.status for each in book.subscriptions] == [SubscriptionStatus.ACTIVE, SubscriptionStatus.ENDED]
    assert [each.active_subscriptions for each in book.customers] == [1, 0]


def test_a_new_business_is_billed_from_each_start(tmp_path: Path) -> None:
    rows = RUNNING.replace("2025-01-01", "2026-01-03")  # its stub until February is no whole cycle
    folder = book_folder(tmp_path, subscriptions=rows, usage=USAGE.replace("2026-01-05", "2026-02-05"), addons=None)
    assert next_bills(folder) == ["2026-02-01T00:00", "2026-02-21T00:00"]
    assert load_book(folder).notes == ("billing starts with each subscription: the book is of a new business",)


@pytest.mark.parametrize(
    ("started_on", "first"),
    [
        ("2026-01-01", "2026-03-01T00:00"),  # January is whole and over when the first row's February begins
        ("2026-01-02", "2026-02-01T00:00"),  # January is a stub: nothing whole is over
    ],
)
def test_only_a_whole_cycle_before_the_first_rows_cycle_makes_a_business_a_running_one(
    tmp_path: Path, started_on: str, first: str
) -> None:
    rows = f"subscription_id,customer_id,plan_id,started_on,ended_on\ns-1,c-1,basic,{started_on},\n"
    usage = "customer_id,date,metric,quantity\nc-1,2026-02-10,calls,1\n"
    assert next_bills(book_folder(tmp_path, subscriptions=rows, usage=usage, addons=None)) == [first]


def test_a_cycle_cut_short_by_the_subscriptions_end_is_not_completed(tmp_path: Path) -> None:
    rows = (
        "subscription_id,customer_id,plan_id,started_on,ended_on\n"
        "s-1,c-1,basic,2025-12-01,2025-12-20\n"
        "s-2,c-2,basic,2026-01-20,\n"
    )
    usage = "customer_id,date,metric,quantity\nc-2,2026-02-10,calls,1\n"
    folder = book_folder(tmp_path, subscriptions=rows, usage=usage, addons=None)
    assert next_bills(folder) == ["2025-12-21T00:00", "2026-02-01T00:00"]


def test_a_book_without_usage_is_billed_from_each_start(tmp_path: Path) -> None:
    folder = book_folder(tmp_path, subscriptions=RUNNING, usage=None, addons=None)
    assert next_bills(folder) == ["2025-02-01T00:00", "2026-02-21T00:00"]
    assert load_book(folder).notes == ("billing starts with each subscription: the book has no usage",)


def test_the_day_asked_for_overrules_the_books_own(tmp_path: Path) -> None:
    folder = book_folder(tmp_path, subscriptions=RUNNING, usage=USAGE, addons=None)
    assert next_bills(folder, bill_from=date(2026, 1, 1)) == ["2026-01-01T00:00", "2026-02-21T00:00"]
    assert load_book(folder, bill_from=date(2026, 1, 1)).notes == (
        "billing starts on 2026-01-01, the day that was asked for",
    )


def test_a_rows_own_day_overrules_them_all(tmp_path: Path) -> None:
    rows = RUNNING.replace("ended_on\n", "ended_on,bill_from\n").replace("2025-01-01,", "2025-01-01,,2026-05-02")
    rows = rows.replace("2026-02-20", "2026-02-20,")
    folder = book_folder(tmp_path, subscriptions=rows, usage=USAGE, addons=None)
    assert next_bills(folder, bill_from=date(2026, 1, 1)) == ["2026-06-01T00:00", "2026-02-21T00:00"]
    assert load_book(folder).notes[1] == "for 1 subscriptions their row's bill_from decides"


@pytest.mark.parametrize(
    ("cycle", "bills"),
    [
        ({"unit": "month", "anchor_day": 1, "billed": "in_advance"}, "2026-03-01T05:00"),
        ({"unit": "month"}, "2026-02-15T05:00"),  # anniversary on the 15th
        ({"every": 3, "unit": "month"}, "2026-04-15T04:00"),  # 15 October, January, April; New York changed its clocks
        ({"unit": "year"}, "2026-10-15T04:00"),
        ({"unit": "week"}, "2026-02-18T05:00"),  # Wednesdays, as 15 October 2025 was one
    ],
)
def test_billing_goes_on_at_the_first_bill_after_the_newest_row_in_local_days(
    tmp_path: Path, cycle: dict[str, Any], bills: str
) -> None:
    header = "subscription_id,customer_id,plan_id,started_on,ended_on\n"
    rows = header + "s-1,c-1,basic,2025-10-15,\nold,c-2,old,2025-01-01,\n"
    free = {"fee_id": "platform", "name": "Platform", "price": "0"}
    old = changed(PLAN, plan_id="old", usage=[], addons=[], fees=[free])
    folder = book_folder(
        tmp_path,
        tenant=changed(TENANT, time_zone="America/New_York"),
        plan=[changed(PLAN, cycle=cycle), old],
        subscriptions=rows,
        usage=USAGE,
        addons=None,
    )
    assert next_bills(folder)[0] == bills


def test_a_cycle_due_on_the_very_next_day_is_billed_here(tmp_path: Path) -> None:
    usage = USAGE + "c-1,2026-02-28,calls,3\n"
    folder = book_folder(tmp_path, subscriptions=RUNNING, usage=usage, addons=None)
    assert load_book(folder).subscriptions[0].next_billing_at == utc("2026-03-01")


def test_the_newest_row_s_day_is_that_of_its_subscription(tmp_path: Path) -> None:
    """The last day of February in Auckland begins on the 27th in UTC, which is the tenant's."""
    rows = "subscription_id,customer_id,plan_id,started_on,time_zone\ns-1,c-1,basic,2025-01-01,Pacific/Auckland\n"
    usage = USAGE + "c-1,2026-02-28,calls,3\n"
    (note,) = load_book(book_folder(tmp_path, subscriptions=rows, usage=usage, addons=None)).notes
    assert note.startswith("billing continues after 2026-02-28, the newest usage row;")
