"""Services at one fee a month: their terms as plan versions, and what a change of terms does to a subscription."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing.domain.catalog import Billed, FirstPeriod, Proration
from billing.domain.customer_preferences import ServiceLevel
from billing.domain.errors import InvalidInput
from billing.domain.service_seen import service_seen
from billing.domain.service_terms import (
    ServiceCycle,
    ServiceTerms,
    on_terms_from_next_bill,
    plan_id_of,
    plan_of_terms,
    service_starts,
    setup_waits,
    started,
    with_setup_fee,
)
from billing.domain.subscription import Item, Subscription
from tests.builders import DAILY, QUARTERLY, WEEKLY, YEARLY, Account, a_fee, a_plan, a_subscription, amounts, utc


def terms(**changes: Any) -> ServiceTerms:  # noqa: ANN401 - any field of the dataclass
    return replace(ServiceTerms(name="fiber", monthly_fee=Decimal("49.00"), day_of_month=15), **changes)


def serving(given: ServiceTerms, *, at: str) -> Subscription:
    plan = plan_of_terms(given, currency="USD", version=1)
    return started(a_subscription(plan, start="2020-01-01"), plan, at=utc(at))


def test_a_service_is_billed_ahead_and_a_year_of_it_costs_twelve_months() -> None:
    plan = plan_of_terms(terms(cycle=ServiceCycle.ANNUAL), currency="USD", version=3)

    assert (plan.ref, plan.billed, plan.first_period) == (
        "fiber.usd.annual.15@3",
        Billed.IN_ADVANCE,
        FirstPeriod.PRORATE,
    )
    assert [(fee.name, fee.unit_price, fee.proration) for fee in plan.fees] == [
        ("fiber", Decimal("588.00"), Proration.DAY)
    ]


def test_what_is_not_prorated_is_billed_in_full_from_the_first_day() -> None:
    plan = plan_of_terms(terms(prorated=False), currency="USD", version=1)

    assert (plan.first_period, plan.fees[0].proration) == (FirstPeriod.FULL, Proration.NONE)


@pytest.mark.parametrize(
    ("name", "other"), [("Fiber 100", "fiber 100"), ("Glasfaser Süd", "Glasfaser S d"), ("光", "網"), ("a", "a ")]
)
def test_names_that_would_make_one_id_are_told_apart(name: str, other: str) -> None:
    one, another = (plan_id_of(terms(name=each), currency="USD") for each in (name, other))

    assert one != another
    assert one.isascii()
    assert "/" not in one


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": " "}, "servicePlan.planName"),
        ({"name": "x" * 201}, "servicePlan.planName"),
        ({"name": "a\nb"}, "servicePlan.planName"),
        ({"monthly_fee": Decimal(-1)}, "servicePlan.monthlyFee"),
        ({"monthly_fee": Decimal("NaN")}, "servicePlan.monthlyFee"),
        ({"day_of_month": 0}, "billingCycle.dayOfMonth"),
        ({"day_of_month": 32}, "billingCycle.dayOfMonth"),
    ],
)
def test_terms_that_are_none_are_refused_by_their_field(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        terms(**wrong)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("today", "day", "first"),
    [
        ("2026-03-15", 15, "2026-03-15"),
        ("2026-03-16", 15, "2026-04-15"),
        ("2026-02-10", 31, "2026-02-28"),
        ("2024-02-29", 31, "2024-02-29"),
        ("2026-12-20", 5, "2027-01-05"),
        ("2026-01-31", 30, "2026-02-28"),
    ],
)
def test_a_service_starts_on_the_next_such_day(today: str, day: int, first: str) -> None:
    assert service_starts(day, today=date.fromisoformat(today)) == date.fromisoformat(first)


def test_the_first_bill_is_for_the_days_up_to_the_billing_day() -> None:
    """From 1 to 15 March are 14 of the 28 days from 15 February: half of 49.00."""
    plan = plan_of_terms(terms(), currency="USD", version=1)
    account = Account(subscription=serving(terms(), at="2026-03-01"), plans={plan.ref: plan})

    assert amounts(account.bill().lines) == {"fiber (monthly)": 4900, "fiber - proration": -2450}
    assert account.billed().subscription.next_billing_at == utc("2026-03-15")


def test_without_proration_those_days_cost_the_whole_fee() -> None:
    plan = plan_of_terms(terms(prorated=False), currency="USD", version=1)
    account = Account(subscription=serving(terms(prorated=False), at="2026-03-01"), plans={plan.ref: plan})

    assert amounts(account.bill().lines) == {"fiber (monthly)": 4900}


def test_another_fee_is_owed_from_the_next_bill_on() -> None:
    old = plan_of_terms(terms(), currency="USD", version=1)
    new = plan_of_terms(terms(monthly_fee=Decimal("59.00")), currency="USD", version=2)
    account = Account(subscription=serving(terms(), at="2026-03-15"), plans={old.ref: old, new.ref: new}).billed()

    changed = replace(account, subscription=on_terms_from_next_bill(account.subscription, new))

    assert [phase.start for phase in changed.subscription.phases] == [utc("2026-03-15"), utc("2026-04-15")]
    assert amounts(changed.bill().lines) == {"fiber (monthly)": 5900}


def test_a_change_taken_back_before_the_next_bill_leaves_nothing_behind() -> None:
    old = plan_of_terms(terms(), currency="USD", version=1)
    new = plan_of_terms(terms(monthly_fee=Decimal("59.00")), currency="USD", version=2)
    billed = Account(subscription=serving(terms(), at="2026-03-15"), plans={old.ref: old}).billed().subscription

    assert on_terms_from_next_bill(on_terms_from_next_bill(billed, new), old) == billed


def test_another_day_begins_with_the_next_bill_and_prorates_the_time_up_to_it() -> None:
    """From 15 April to 1 May are 16 of the 30 days of April: 49.00 x 16/30 = 26.13."""
    old = plan_of_terms(terms(), currency="USD", version=1)
    new = plan_of_terms(terms(day_of_month=1), currency="USD", version=1)
    account = Account(subscription=serving(terms(), at="2026-03-15"), plans={old.ref: old, new.ref: new}).billed()

    changed = replace(account, subscription=on_terms_from_next_bill(account.subscription, new))

    assert changed.bill().total == 2613
    assert changed.billed().subscription.next_billing_at == utc("2026-05-01")


def test_terms_of_a_service_that_is_not_billed_yet_are_replaced_whole() -> None:
    new = plan_of_terms(terms(monthly_fee=Decimal("59.00"), day_of_month=1), currency="USD", version=1)

    changed = on_terms_from_next_bill(serving(terms(), at="2026-03-15"), new)

    assert [(phase.plan, phase.start) for phase in changed.phases] == [(new.ref, utc("2026-03-15"))]


def test_a_service_that_has_had_its_last_bill_is_not_changed() -> None:
    ended = replace(serving(terms(), at="2026-03-15"), next_billing_at=None)

    with pytest.raises(InvalidInput, match="a service with a bill to come"):
        on_terms_from_next_bill(ended, plan_of_terms(terms(), currency="USD", version=2))


def test_a_setup_fee_is_owed_once_with_the_first_bill() -> None:
    plan = plan_of_terms(terms(), currency="USD", version=1)
    subscription = with_setup_fee(serving(terms(), at="2026-03-15"), Decimal("20.00"), name="fiber")
    account = Account(subscription=subscription, plans={plan.ref: plan})

    assert amounts(account.bill().lines) == {"fiber (monthly)": 4900, "fiber - setup": 2000}
    assert amounts(account.billed().bill().lines) == {"fiber (monthly)": 4900}
    assert (setup_waits(subscription), setup_waits(account.billed().subscription)) == (True, False)


def test_a_setup_fee_that_waits_is_replaced_or_taken_away() -> None:
    subscription = with_setup_fee(serving(terms(), at="2026-03-15"), Decimal("20.00"), name="fiber")

    assert [each.unit_price for each in with_setup_fee(subscription, Decimal(5), name="f").one_time] == [Decimal(5)]
    assert with_setup_fee(subscription, Decimal(0), name="fiber").one_time == ()
    assert with_setup_fee(replace(subscription, next_billing_at=None), Decimal(5), name="fiber").one_time == ()


def test_a_setup_fee_moves_with_the_start_of_its_service() -> None:
    plan = plan_of_terms(terms(), currency="USD", version=1)
    subscription = with_setup_fee(serving(terms(), at="2026-03-15"), Decimal("20.00"), name="fiber")

    moved = started(subscription, plan, at=utc("2026-04-15"))

    assert [each.charged_at for each in moved.one_time] == [utc("2026-04-15")]


@pytest.mark.parametrize(
    ("cycle", "fee", "a_month", "seen_as"),
    [
        (QUARTERLY, "150.00", "50.00", ServiceCycle.MONTHLY),
        (YEARLY, "100.00", "8.33", ServiceCycle.ANNUAL),
        (WEEKLY, "12.00", "52.00", ServiceCycle.MONTHLY),
        (DAILY, "1.00", "30.42", ServiceCycle.MONTHLY),
    ],
)
def test_any_subscription_is_seen_at_what_it_costs_a_month(
    cycle: Any,  # noqa: ANN401 - one of the builders' cycles
    fee: str,
    a_month: str,
    seen_as: ServiceCycle,
) -> None:
    """100.00 / 12 = 8.33; 12.00 x 52 / 12 = 52.00; 365 / 12 = 30.42."""
    plan = a_plan(fees=[a_fee(fee)], cycle=cycle)

    seen = service_seen(a_subscription(plan, start="2026-03-07"), plan)

    assert (seen.monthly_fee, seen.cycle, seen.day_of_month) == (Decimal(a_month), seen_as, 7)


def test_addons_that_are_open_count_and_those_that_ended_do_not() -> None:
    plan = a_plan(fees=[a_fee("10.00")], addons=[a_fee("99.00", "support"), a_fee("49.00", "ip")])
    items = (
        Item(id="support", charge_id="support", quantity=Decimal(2), start=utc("2026-03-07")),
        Item(id="ip", charge_id="ip", quantity=Decimal(1), start=utc("2026-03-07"), end=utc("2026-03-09")),
        Item(id="gone", charge_id="gone", quantity=Decimal(1), start=utc("2026-03-07")),
    )
    subscription = replace(a_subscription(plan, start="2026-03-07"), items=items, next_billing_at=None)

    seen = service_seen(subscription, plan)

    assert (seen.monthly_fee, seen.next_billing_on, seen.prorated) == (Decimal("208.00"), None, True)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"response_time_hours": Decimal(-1)}, "sla.responseTimeHours"),
        ({"response_time_hours": Decimal("Infinity")}, "sla.responseTimeHours"),
        ({"uptime_percent": Decimal("100.1")}, "sla.uptimePercent"),
        ({"uptime_percent": Decimal("NaN")}, "sla.uptimePercent"),
    ],
)
def test_a_promise_that_nobody_can_keep_is_refused(wrong: dict[str, Decimal], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        ServiceLevel(**wrong)  # type: ignore[arg-type]
    assert refused.value.field == field


def test_a_promise_within_its_bounds_is_kept() -> None:
    assert ServiceLevel(response_time_hours=Decimal(4), uptime_percent=Decimal("99.9")).notes == ""
