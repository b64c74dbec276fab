"""Billing records saved: a service becomes a plan version and a subscription of ours, and what stands so is left."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from billing.domain.customer import Customer
from billing.domain.customer_preferences import InvoiceDelivery, PaymentMethodKind
from billing.domain.errors import InvalidInput, NotFound
from billing.domain.invoice import CollectionMethod
from billing.domain.service_terms import ServiceCycle
from billing.store.customers import Customers
from billing.usecases.call import Call
from billing.usecases.record_change import RecordChange
from billing.usecases.save_billing_record import save_billing_record
from billing.usecases.set_service import BilledAlready, OtherService, ServiceEnded
from billing.usecases.verify import VerifyRequest, verify
from tests.builders import GERMAN_VAT, a_fee, a_meter, a_plan, a_tenant
from tests.world import World

FIBER: dict[str, Any] = {"plan_name": "fiber", "monthly_fee": Decimal("49.00"), "next_billing_on": date(2026, 3, 1)}


@pytest.fixture
def world() -> World:
    world = World(taxes=GERMAN_VAT)
    world.customer("lumen")
    world.travels_to("2026-02-10")
    return world


def saves(world: World, customer_id: str = "lumen", **parts: Any) -> bool:  # noqa: ANN401
    call = Call(tenant_id="acme", actor="ada", recorded_at=world.now)
    return save_billing_record(world.documents, customer_id, RecordChange(**parts), call=call)


def customer(world: World) -> Customer:
    [found] = Customers.of(world.documents, "acme").get(["lumen"])
    assert found is not None
    return found.value


def test_a_new_service_is_billed_from_its_date_on_with_its_setup_fee_and_tax(world: World) -> None:
    """49.00 for March and 20.00 once, both with 19 %: 69.00 x 1.19 = 82.11; in April 49.00 x 1.19 = 58.31."""
    assert saves(world, **FIBER, setup_fee=Decimal("20.00"))
    assert world.runs_billing().invoices == []

    world.travels_to("2026-04-01")
    world.runs_billing()

    assert [(each.bill_for_date.date().isoformat(), each.total) for each in world.invoices("lumen")] == [
        ("2026-03-01", 8211),
        ("2026-04-01", 5831),
    ]
    assert customer(world).active_subscriptions == 1


def test_the_same_record_twice_changes_nothing(world: World) -> None:
    parts: dict[str, Any] = {**FIBER, "setup_fee": Decimal(20), "sla_notes": "gold", "auto_pay": False}
    saves(world, **parts)
    before = world.everything()
    world.travels_to("2026-02-11")

    assert not saves(world, **parts)

    assert world.everything() == before


def test_without_a_date_a_service_starts_on_the_next_such_day(world: World) -> None:
    saves(world, plan_name="fiber", monthly_fee=Decimal(49), day_of_month=5)

    due = world.subscription("lumen.service").next_billing_at
    assert due is not None
    assert due.date() == date(2026, 3, 5)


def test_without_any_day_it_starts_today(world: World) -> None:
    saves(world, plan_name="fiber", monthly_fee=Decimal(49))

    due = world.subscription("lumen.service").next_billing_at
    assert due is not None
    assert due.date() == date(2026, 2, 10)


def test_a_new_fee_is_a_new_version_that_counts_from_the_next_bill(world: World) -> None:
    saves(world, **FIBER)
    world.travels_to("2026-03-10")
    world.runs_billing()

    assert not saves(world, monthly_fee=Decimal("59.00"))
    world.travels_to("2026-04-01")
    world.runs_billing()

    assert [each.subtotal for each in world.invoices("lumen")] == [4900, 5900]
    assert [each.id for each in world.collection("plans")] == ["fiber.usd.monthly.1@1", "fiber.usd.monthly.1@2"]


def test_customers_of_one_service_share_its_versions_and_a_fee_that_comes_back_its_own(world: World) -> None:
    world.customer("other")
    saves(world, **FIBER)
    saves(world, "other", **FIBER)
    saves(world, monthly_fee=Decimal(59))
    saves(world, monthly_fee=Decimal(49))

    assert [each.id for each in world.collection("plans")] == ["fiber.usd.monthly.1@1", "fiber.usd.monthly.1@2"]
    assert [phase.plan for phase in world.subscription("lumen.service").phases] == ["fiber.usd.monthly.1@1"]


def test_a_service_that_is_not_billed_yet_can_start_on_another_day(world: World) -> None:
    saves(world, **FIBER, setup_fee=Decimal(20))

    saves(world, next_billing_on=date(2026, 2, 1), cycle=ServiceCycle.ANNUAL, day_of_month=1)
    world.runs_billing()

    [invoice] = world.invoices("lumen")
    assert (invoice.subtotal, invoice.period.end.date()) == (60800, date(2027, 2, 1))


def test_a_date_up_to_which_an_invoice_is_made_is_not_moved(world: World) -> None:
    saves(world, **FIBER)
    world.travels_to("2026-03-01")
    world.runs_billing()

    with pytest.raises(BilledAlready, match=r"billingCycle\.nextBillingDate"):
        saves(world, next_billing_on=date(2026, 3, 15))
    assert not saves(world, next_billing_on=date(2026, 4, 1))


def test_a_setup_fee_is_changed_until_it_is_billed_and_added_later_where_there_was_none(world: World) -> None:
    world.customer("late")
    saves(world, "late", **FIBER)
    saves(world, **FIBER, setup_fee=Decimal(20))
    saves(world, setup_fee=Decimal(30))
    world.travels_to("2026-03-01")
    world.runs_billing()

    with pytest.raises(BilledAlready, match=r"servicePlan\.setupFee"):
        saves(world, setup_fee=Decimal(40))
    saves(world, "late", setup_fee=Decimal(10))
    world.travels_to("2026-04-01")
    world.runs_billing()

    assert [each.subtotal for each in world.invoices("lumen")] == [7900, 4900]
    assert [each.subtotal for each in world.invoices("late")] == [4900, 5900]


def test_a_subscription_with_prices_of_its_own_is_not_changed_by_a_record(world: World) -> None:
    plan = world.plan(a_plan(fees=[a_fee("30.00")], metered=[a_meter("0.01")]))
    world.subscribes("lumen", to=plan, on="2026-02-01")

    with pytest.raises(OtherService, match="sub-lumen"):
        saves(world, monthly_fee=Decimal(49))
    assert not saves(world, monthly_fee=Decimal(30), plan_name="Plan", sla_notes="gold")
    assert world.subscription("sub-lumen").phases[0].plan == plan.ref


def test_a_service_that_has_ended_is_not_changed(world: World) -> None:
    plan = world.plan(a_plan(fees=[a_fee("30.00")]))
    world.subscribes("lumen", to=plan, on="2026-01-01", until="2026-02-01", named="lumen.service")
    world.runs_billing()

    with pytest.raises(ServiceEnded):
        saves(world, monthly_fee=Decimal(49))


def test_preferences_are_merged_and_say_when_they_changed(world: World) -> None:
    assert saves(world, sla_notes="gold", uptime_percent=Decimal("99.9"), auto_pay=True, auto_pay_method_id="pm_1")
    world.travels_to("2026-02-12")
    assert not saves(
        world,
        response_time_hours=Decimal(4),
        delivery=InvoiceDelivery.BOTH,
        payment_method=PaymentMethodKind.ACH,
    )

    found = customer(world)
    kept = found.preferences
    assert kept is not None
    assert kept.service_level is not None
    assert (kept.service_level.notes, kept.service_level.uptime_percent) == ("gold", Decimal("99.9"))
    assert (kept.service_level.response_time_hours, kept.auto_pay_method_id) == (Decimal(4), "pm_1")
    assert (kept.created_at.date(), kept.updated_at.date()) == (date(2026, 2, 10), date(2026, 2, 12))
    assert found.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY
    assert (kept.delivery, kept.payment_method) == (InvoiceDelivery.BOTH, PaymentMethodKind.ACH)
    before = world.everything()
    world.travels_to("2026-02-13")
    assert not saves(world, payment_method=PaymentMethodKind.ACH, auto_pay_method_id="pm_1", auto_pay=True)
    assert world.everything() == before


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"monthly_fee": Decimal(49)}, "servicePlan"),
        ({"cycle": ServiceCycle.ANNUAL}, "servicePlan"),
        ({**FIBER, "monthly_fee": Decimal("49.001")}, "servicePlan.monthlyFee"),
        ({**FIBER, "setup_fee": Decimal(-1)}, "servicePlan.setupFee"),
        ({**FIBER, "day_of_month": 40}, "billingCycle.dayOfMonth"),
    ],
)
def test_terms_that_are_none_are_refused_and_nothing_is_written(
    world: World, parts: dict[str, Any], field: str
) -> None:
    before = world.everything()

    with pytest.raises(InvalidInput) as refused:
        saves(world, **parts)

    assert refused.value.field == field
    assert world.everything() == before


def test_a_stranger_has_no_record(world: World) -> None:
    with pytest.raises(NotFound):
        saves(world, "nobody", **FIBER)


def test_days_are_the_tenant_s_own() -> None:
    world = World(tenant=a_tenant(zone="America/New_York"))
    world.customer("lumen")
    world.travels_to("2026-02-10T02:00")  # still the 9th in New York

    saves(world, plan_name="fiber", monthly_fee=Decimal(49))

    assert world.subscription("lumen.service").next_billing_at == world.now.replace(day=9, hour=5)


def test_what_records_make_is_verified_without_a_finding(world: World) -> None:
    saves(world, **FIBER, setup_fee=Decimal(20))
    world.travels_to("2026-03-01")
    world.runs_billing()
    saves(world, monthly_fee=Decimal(59), day_of_month=15)
    world.travels_to("2026-04-20")
    world.runs_billing()

    report = verify(world.documents, world.objects, VerifyRequest(tenant_id="acme", as_of=world.now, objects=False))

    assert len(world.invoices("lumen")) == 3
    assert report.findings.kept == []
