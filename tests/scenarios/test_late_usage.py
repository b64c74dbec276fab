"""Usage of a period that is billed already is priced as that period was, on lines of its own."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from billing.domain.catalog import Aggregation
from billing.domain.late_usage import late_usage_of, rollups_to_rerate
from billing.domain.subscription import SubscriptionStatus
from billing.domain.tax import TaxTable
from billing.store.subscriptions import subscription_fields
from billing.usecases.record_usage import ReportedUsage
from tests.builders import API_CALLS, WEEKLY, a_meter, a_plan, a_rate, shown, utc
from tests.late_usage import (
    ACCEPTED,
    DUPLICATE,
    FEBRUARY,
    STEPPED,
    bills,
    changes_plan,
    each_book_verifies,
    event,
    late_lines,
    monthly,
    opened,
    record,
)
from tests.world import World

__all__ = ["each_book_verifies"]


def test_2109_calls_of_27_february_that_arrive_on_3_march_are_one_line_of_1_05_on_the_next_invoice() -> None:
    world = opened(monthly(API_CALLS))
    world.travels_to("2026-02-28")
    record(world, event("timely", 247_891, on="2026-02-10"))
    february = bills(world, "2026-03-01")
    # 90,000 x 0.001 + 147,891 x 0.0005 = 90.00 + 73.9455
    assert february.total == 9_000 + 7_395
    world.travels_to("2026-03-03")
    calls = [event(f"call-{number}", on="2026-02-27T12:00") for number in range(2109)]
    outcomes = [each for start in range(0, 2109, 1000) for each in record(world, *calls[start : start + 1000])]
    assert {(each.status, each.late) for each in outcomes} == {(ACCEPTED, True)}
    assert {each.status for each in record(world, *calls[:1000])} == {DUPLICATE}
    record(world, event("march", 10_000, on="2026-03-03"))

    april = bills(world, "2026-04-01")

    # with the late ones 150,000 x 0.0005 = 75.00 above 100,000, without them 73.95
    assert shown(april.lines) == [
        ("API calls - Free tier", "10000", "0", 0),
        ("API calls - late usage 2026-02-01 to 2026-02-28", "2109", "0.0005", 105),
    ]
    assert april.total == 105
    assert world.invoices()[0] == february
    assert late_lines(bills(world, "2026-05-01")) == []


def test_late_usage_is_taxed_as_its_own_period_was() -> None:
    taxes = TaxTable(rates=(a_rate("19", until="2026-02-28"), a_rate("21", since="2026-03-01")))
    world = opened(monthly(), world=World(taxes=taxes))
    bills(world, "2026-03-01")
    record(world, event("late", 10, on="2026-02-14"), event("march", 20, on="2026-03-01"))
    april = bills(world, "2026-04-01")
    # 10.00 of February at 19 %, 20.00 of March at 21 %
    assert [(str(row.percent), row.base, row.tax) for row in april.tax_lines] == [("19", 1000, 190), ("21", 2000, 420)]


def test_late_usage_fills_the_tiers_of_its_period_where_earlier_usage_left_them() -> None:
    world = opened(monthly())
    world.travels_to("2026-02-28")
    record(world, event("timely", 90, on="2026-02-10"))
    bills(world, "2026-03-01")
    record(world, event("late-1", 20, on="2026-02-14"))
    # 10 fill the first tier, 10 are beyond it: 10.00 + 1.00, which is 0.55 each
    assert late_lines(bills(world, "2026-04-01")) == [(FEBRUARY, "20", "0.55", 1100)]
    record(world, event("late-2", 10, on="2026-02-14"), event("march", 7, on="2026-03-31"))
    # what the line before billed counts: all 10 are beyond the first tier. March gets a line of its own: 7 x 1.00
    assert late_lines(bills(world, "2026-05-01")) == [
        (FEBRUARY, "10", "0.1", 100),
        ("Calls - late usage 2026-03-01 to 2026-03-31", "7", "1", 700),
    ]


def test_usage_of_two_invoices_ago_is_priced_in_its_own_month() -> None:
    world = opened(monthly(), on="2026-01-01")
    world.travels_to("2026-02-20")
    record(world, event("january", 100, on="2026-01-10"), event("february", 1, on="2026-02-10"))
    world.travels_to("2026-03-01")
    assert len(world.runs_billing().invoices) == 2
    record(world, event("late", 5, on="2026-01-31"))
    assert late_lines(bills(world, "2026-04-01")) == [("Calls - late usage 2026-01-01 to 2026-01-31", "5", "0.1", 50)]


def test_the_last_moment_before_a_boundary_is_late_and_the_boundary_itself_is_not() -> None:
    world = opened(monthly())
    bills(world, "2026-03-01")
    last, first = record(world, event("last", 2, on="2026-02-28T23:59:59.999999"), event("first", 3, on="2026-03-01"))
    assert (last.late, first.late) == (True, False)
    assert shown(bills(world, "2026-04-01").lines) == [
        ("Calls - tier 1", "3", "1.00", 300),
        (FEBRUARY, "2", "1", 200),
    ]


def test_late_usage_on_both_sides_of_a_plan_change_is_priced_by_the_version_in_force() -> None:
    world = opened(monthly(a_meter("1.00")))
    changes_plan(world, monthly(a_meter("2.00"), version=2), at="2026-02-15T14:00")
    bills(world, "2026-03-01")
    # the day of the change belongs to the new version as a whole
    record(world, event("a", 3, on="2026-02-14T23:00"), event("b", 4, on="2026-02-15T09:00"))
    invoice = bills(world, "2026-04-01")
    assert [(each.description, each.amount, each.explanation.plan) for each in invoice.lines[-2:]] == [
        ("Calls - late usage 2026-02-01 to 2026-02-15", 300, "plan@1"),
        ("Calls - late usage 2026-02-15 to 2026-02-28", 800, "plan@2"),
    ]


def test_usage_of_the_day_on_which_a_change_restarted_the_cycle_is_not_late_as_its_bill_is_still_to_come() -> None:
    world = opened(monthly(a_meter("1.00")))
    weekly = a_plan(metered=[a_meter("2.00")], cycle=WEEKLY, version=2)
    changes_plan(world, weekly, at="2026-02-10T14:00")
    bills(world, "2026-02-10T14:00")
    world.travels_to("2026-02-10T20:00")
    outcomes = record(
        world,
        event("day-before", 5, on="2026-02-09T23:59"),
        event("morning", 3, on="2026-02-10T10:00"),
        event("evening", 4, on="2026-02-10T15:00"),
    )
    assert [each.late for each in outcomes] == [True, False, False]
    # 7 of the day of the change at 2.00, and 5 of the days before it at 1.00
    assert shown(bills(world, "2026-02-17T14:00").lines) == [
        ("Calls", "7", "2.00", 1400),
        ("Calls - late usage 2026-02-01 to 2026-02-10", "5", "1", 500),
    ]


def test_a_period_that_spans_two_months_is_rated_again_as_a_whole() -> None:
    world = opened(a_plan(metered=[STEPPED]), on="2026-01-15")
    world.travels_to("2026-02-14")
    record(world, event("a", 60, on="2026-01-20"), event("b", 40, on="2026-02-10"))
    bills(world, "2026-02-15")
    record(world, event("late", 10, on="2026-01-31"))
    bills_late = bills(world, "2026-03-15")
    assert late_lines(bills_late) == [("Calls - late usage 2026-01-15 to 2026-02-14", "10", "0.1", 100)]
    # what was late counts when more comes for the period's other month, and this invoice can be computed again
    record(world, event("later", 10, on="2026-02-01"))
    bills(world, "2026-04-15")
    names = rollups_to_rerate(world.subscription("sub-acme"), bills_late.basis.late_usage if bills_late.basis else ())
    rollups = [world.rollup(each) for each in names if world.stored(f"usage/{each}")]
    again = late_usage_of(rollups, invoice_id=bills_late.id)
    assert again["calls"].late == {utc("2026-01-31"): Decimal(10)}
    assert again["calls"].billed == {utc("2026-01-20"): Decimal(60), utc("2026-02-10"): Decimal(40)}


@pytest.mark.parametrize(
    ("late", "expected"),
    [
        # a maximum of 7 becomes one of 9: 2 more at 1.00
        (event("late", 9, on="2026-02-20", meter="peak"), [(FEBRUARY, "2", "1", 200)]),
        (event("late", 6, on="2026-02-20", meter="peak"), []),
        # the last reading of the month was 4 and is now 10
        (event("late", 10, on="2026-02-21", meter="seats"), [(FEBRUARY, "6", "1", 600)]),
        # ada is known, grace is new
        (event("late", on="2026-02-20", meter="users", value="ada"), []),
        (event("late", on="2026-02-20", meter="users", value="grace"), [(FEBRUARY, "1", "1", 100)]),
        (event("late", on="2026-02-20", meter="logins"), [(FEBRUARY, "1", "1", 100)]),
    ],
    ids=["greater", "smaller", "last", "known value", "new value", "count"],
)
def test_every_aggregation_is_put_together_again(
    late: ReportedUsage, expected: Sequence[tuple[str, str, str, int]]
) -> None:
    kinds = {
        "peak": Aggregation.MAX,
        "seats": Aggregation.LAST,
        "users": Aggregation.UNIQUE,
        "logins": Aggregation.COUNT,
    }
    world = opened(monthly(*[a_meter("1.00", meter=name, aggregation=kind) for name, kind in kinds.items()]))
    world.travels_to("2026-02-28")
    record(
        world,
        event("peak", 7, on="2026-02-10", meter="peak"),
        event("seats", 4, on="2026-02-20", meter="seats"),
        event("ada", on="2026-02-10", meter="users", value="ada"),
    )
    bills(world, "2026-03-01")
    assert [each.status for each in record(world, late)] == [ACCEPTED]
    assert late_lines(bills(world, "2026-04-01")) == list(expected)
    assert world.subscription("sub-acme").late_usage == ()


def test_late_usage_inside_a_free_tier_is_shown_at_nothing() -> None:
    world = opened(monthly(API_CALLS))
    bills(world, "2026-03-01")
    record(world, event("late", 500, on="2026-02-14"))
    assert late_lines(bills(world, "2026-04-01")) == [
        ("API calls - late usage 2026-02-01 to 2026-02-28", "500", "0", 0)
    ]


def test_a_correction_of_an_invoiced_period_is_a_line_below_zero() -> None:
    world = opened(monthly())
    world.travels_to("2026-02-28")
    record(world, event("timely", 110, on="2026-02-10"))
    bills(world, "2026-03-01")
    record(world, event("wrong", -20, on="2026-02-10", correction=True), event("march", 50, on="2026-03-02"))
    april = bills(world, "2026-04-01")
    # 10 x 0.10 and 10 x 1.00 less; 50 of March
    assert [each.amount for each in april.lines] == [5000, -1100]
    assert late_lines(april) == [(FEBRUARY, "-20", "0.55", -1100)]


def test_corrections_beyond_what_is_billed_are_a_credit_note_for_that_period_s_invoice() -> None:
    world = opened(monthly())
    world.travels_to("2026-02-28")
    record(world, event("timely", 50, on="2026-02-10"))
    february = bills(world, "2026-03-01")
    record(world, event("wrong", -20, on="2026-02-10", correction=True))
    world.travels_to("2026-04-01")
    assert world.runs_billing().failures == []
    [note] = world.credit_notes()
    assert (note.invoice_id, note.total) == (february.id, 2000)
    assert shown([note.lines[-1]]) == [(FEBRUARY, "20", "1", 2000)]


def test_a_replacing_event_takes_the_old_quantity_out_and_puts_its_own_in() -> None:
    world = opened(monthly())
    world.travels_to("2026-02-28")
    record(world, event("e-1", 50, on="2026-02-10"))
    bills(world, "2026-03-01")
    [outcome] = record(world, event("e-2", 45, on="2026-02-11", replaces="e-1"))
    assert (outcome.status, outcome.late) == (ACCEPTED, True)
    assert world.rollup("sub-acme.calls.2026-02").late == {utc("2026-02-10"): -50, utc("2026-02-11"): 45}
    record(world, event("march", 50, on="2026-03-02"))
    assert late_lines(bills(world, "2026-04-01")) == [(FEBRUARY, "-5", "1", -500)]


def test_late_usage_of_an_ended_subscription_is_a_bill_of_its_own_each_time() -> None:
    world = opened(monthly(), until="2026-03-11")
    world.travels_to("2026-03-11")
    assert len(world.runs_billing().invoices) == 2
    assert world.subscription("sub-acme").status is SubscriptionStatus.ENDED
    [outcome] = record(world, event("late-1", 2, on="2026-02-14"))
    assert outcome.late
    assert world.stored("customers/acme").fields["active_subscriptions"] == 1  # type: ignore[union-attr]
    record(world, event("late-2", 3, on="2026-03-05"))
    assert world.stored("customers/acme").fields["active_subscriptions"] == 1  # type: ignore[union-attr]

    first = bills(world, "2026-03-12")

    assert first.id == "sub-acme.20260301T000000Z-late-1.r0"
    assert (first.period.start, first.period.end) == (utc("2026-02-01"), utc("2026-03-11"))
    assert shown(first.lines) == [
        (FEBRUARY, "2", "1", 200),
        ("Calls - late usage 2026-03-01 to 2026-03-10", "3", "1", 300),
    ]
    assert world.subscription("sub-acme").status is SubscriptionStatus.ENDED
    assert world.stored("customers/acme").fields["active_subscriptions"] == 0  # type: ignore[union-attr]
    record(world, event("late-3", 4, on="2026-02-14"))  # at the same instant as the run
    second = bills(world, "2026-03-12")
    assert (second.id, second.total) == ("sub-acme.20260301T000000Z-late-2.r0", 400)
    assert world.runs_billing().invoices == []
    assert world.stored("customers/acme").fields["active_subscriptions"] == 0  # type: ignore[union-attr]
    events = [str(each) for document in world.collection("audit") for each in document.fields["records"]]  # type: ignore[union-attr]
    assert sum("subscription.reopened" in each for each in events) == 2
    assert sum("subscription.ended" in each for each in events) == 3


def test_usage_of_the_day_of_a_change_that_comes_after_both_bills_is_priced_by_the_second() -> None:
    world = opened(monthly(a_meter("1.00")))
    weekly = a_plan(metered=[a_meter("2.00")], cycle=WEEKLY, version=2)
    changes_plan(world, weekly, at="2026-02-10T14:00")
    bills(world, "2026-02-10T14:00")
    bills(world, "2026-02-17T14:00")
    [outcome] = record(world, event("morning", 3, on="2026-02-10T10:00"))
    assert outcome.late
    line = bills(world, "2026-02-24T14:00").lines[-1]
    assert (line.description, line.amount) == ("Calls - late usage 2026-02-10 to 2026-02-17", 600)
    assert line.explanation.plan == "plan@2"


def test_late_usage_of_a_meter_that_only_the_old_version_has_is_priced_by_that() -> None:
    world = opened(monthly(a_meter("1.00"), a_meter("5.00", meter="seats")))
    changes_plan(world, monthly(a_meter("2.00"), version=2), at="2026-02-15")
    bills(world, "2026-03-01")
    record(world, event("seats", 3, on="2026-02-14", meter="seats"))
    line = bills(world, "2026-04-01").lines[-1]
    assert (line.description, line.amount) == ("Calls - late usage 2026-02-01 to 2026-02-14", 1500)


def test_usage_of_a_trial_is_never_late() -> None:
    world = opened(monthly(), on="2026-02-10")
    trial = replace(world.subscription("sub-acme"), trial_start=utc("2026-02-03T09:00"))
    world.damages("subscriptions/sub-acme", subscription_fields(trial))
    bills(world, "2026-03-01")
    in_trial, after = record(world, event("a", 3, on="2026-02-09T23:59"), event("b", 4, on="2026-02-10"))
    assert [in_trial.status, in_trial.late, after.late] == [ACCEPTED, False, True]
    assert late_lines(bills(world, "2026-04-01")) == [("Calls - late usage 2026-02-10 to 2026-02-28", "4", "1", 400)]
