"""The repositories: each reaches its own tenant's collection only, and every write says what it expects."""

from datetime import date
from decimal import Decimal

import pytest

from billing.domain.catalog import Aggregation
from billing.domain.errors import InvalidInput, NotFound
from billing.domain.invoice import InvoiceStatus
from billing.domain.rollup import UsageRollup, closed
from billing.domain.tax import TaxTable
from billing.domain.usage import UsageEvent
from billing.ports import Create, Documents, Put, Update, WriteConflict
from billing.store.codec import BrokenDocument
from billing.store.counters import Counter, Counters
from billing.store.customers import Customers
from billing.store.invoices import Invoices
from billing.store.plans import PlanVersions
from billing.store.subscriptions import Subscriptions, due_key
from billing.store.tenants import Tenants
from billing.store.usage import UsageEvents, UsageRollups, event_key
from tests.builders import a_customer, a_fee, a_plan, a_rate, a_tenant, utc
from tests.world import World, sqlite_in_memory

PLAN = a_plan(fees=[a_fee("49.00")], anchor_day=1)
BAD_IDS = ["", "../x", "a/b", ".hidden", "ä", "a b", "x" * 201, "a\n"]


@pytest.fixture
def documents() -> Documents:
    return sqlite_in_memory()


@pytest.mark.parametrize("bad", BAD_IDS)
def test_no_id_that_a_caller_sends_becomes_a_path_unchecked(documents: Documents, bad: str) -> None:
    customers = Customers.of(documents, "acme")
    for attempt in (lambda: customers.path(bad), lambda: customers.get([bad])):
        with pytest.raises(InvalidInput, match="customers.id: expected"):
            attempt()
    with pytest.raises(InvalidInput):
        Invoices.of(documents, "acme").path(bad)


@pytest.mark.parametrize("bad", [*BAD_IDS, "a.b", "x" * 64, "-a"])
def test_no_tenant_id_reaches_outside(documents: Documents, bad: str) -> None:
    for attempt in (lambda: Tenants(documents).get(bad), lambda: Customers.of(documents, bad).path("c1")):
        with pytest.raises(InvalidInput, match="tenant_id: expected"):
            attempt()


def test_a_tenant_s_settings_and_rates_come_back_as_saved(documents: Documents) -> None:
    tenants, table = Tenants(documents), TaxTable(rates=(a_rate("19"), a_rate("20", country="FR")))
    documents.commit([tenants.saving(a_tenant(id="beta")), tenants.saving(a_tenant(id="acme"))])
    documents.commit([tenants.saving_taxes("acme", table)])
    assert tenants.ids() == ["acme", "beta"]
    assert tenants.get("acme") == a_tenant(id="acme")
    assert (tenants.tax_table("acme"), tenants.tax_table("beta")) == (table, TaxTable(rates=()))


def test_an_unknown_tenant_is_not_found(documents: Documents) -> None:
    with pytest.raises(NotFound, match="no tenant 'nobody'"):
        Tenants(documents).get("nobody")


def test_a_published_plan_version_never_changes(documents: Documents) -> None:
    plans = PlanVersions.of(documents, "acme")
    documents.commit([plans.publication(PLAN)])
    with pytest.raises(WriteConflict):
        documents.commit([plans.publication(PLAN)])


def test_plans_are_answered_one_by_one_with_an_error_in_place_of_a_bad_one(documents: Documents) -> None:
    plans = PlanVersions.of(documents, "acme")
    documents.commit([plans.publication(PLAN), Create("tenants/acme/plans/broken@1", {"name": 5})])
    found = plans.get(["../up", "plan@1", "gone@1", "broken@1"])
    assert [type(each) for each in found] == [InvalidInput, type(PLAN), NotFound, BrokenDocument]
    assert found[1] == PLAN


def test_a_counter_s_number_is_given_once(documents: Documents) -> None:
    counters = Counters.of(documents, "acme")
    [fresh] = counters.get(["invoice-2026-01"])
    assert fresh == Counter(series="invoice-2026-01", last=0, version=None)
    documents.commit([counters.advance(fresh, to=3)])
    with pytest.raises(WriteConflict):
        documents.commit([counters.advance(fresh, to=3)])
    [read] = counters.get(["invoice-2026-01"])
    assert read.last == 3
    documents.commit([counters.advance(read, to=5)])
    with pytest.raises(WriteConflict):
        documents.commit([counters.advance(read, to=4)])


@pytest.mark.parametrize("last", ["3", None, [3]])
def test_a_counter_that_is_no_count_gives_no_number(documents: Documents, last: str | None) -> None:
    documents.commit([Put("tenants/acme/counters/invoice", {"last": last})])
    with pytest.raises(BrokenDocument, match="invoice was last at"):
        Counters.of(documents, "acme").get(["invoice"])


def test_what_is_due_comes_oldest_first_then_by_customer_and_page_by_page() -> None:
    world = World()
    plan = world.plan(PLAN)
    for customer, start in (("zoe", "2026-01-01"), ("amy", "2026-01-01"), ("old", "2025-12-01"), ("new", "2026-02-01")):
        world.subscribes(customer, to=plan, on=start)
    world.subscribes("elsewhere", to=plan, on="2026-01-01", shard=1)
    subscriptions = Subscriptions.of(world.documents, "acme")
    due = subscriptions.due(as_of=utc("2026-02-01"), shard=0, limit=10)
    assert [each.id for each in due] == ["sub-old", "sub-amy", "sub-zoe"]
    first = subscriptions.due(as_of=utc("2026-02-01"), shard=0, limit=2)
    rest = subscriptions.due(as_of=utc("2026-02-01"), shard=0, limit=2, after=due_key(first[-1]))
    assert [each.id for each in (*first, *rest)] == [each.id for each in due]


def test_an_ended_subscription_is_never_due() -> None:
    world = World()
    world.subscribes("acme", to=world.plan(PLAN), on="2026-01-01", until="2026-02-01")
    world.travels_to("2026-02-01")
    world.runs_billing()
    assert Subscriptions.of(world.documents, "acme").due(as_of=utc("2030-01-01"), shard=0, limit=10) == []


def test_a_customer_s_counts_are_added_to_whatever_else_changes(documents: Documents) -> None:
    customers = Customers.of(documents, "acme")
    documents.commit([customers.creation(a_customer(id="c1")), customers.creation(a_customer(id="c2"))])
    documents.commit([customers.subscriptions_added("c1", 2)])
    documents.commit([customers.added("c1", {"active_subscriptions": -1, "credit_balance": 500})])
    [stored] = documents.get_many([customers.path("c1")])
    assert stored is not None
    assert (stored.fields["active_subscriptions"], stored.fields["credit_balance"]) == (1, 500)
    assert (customers.count(), customers.count_without_subscription()) == (2, 1)


def test_closing_a_roll_up_fails_if_usage_arrived_since_it_was_read(documents: Documents) -> None:
    rollups = UsageRollups.of(documents, "acme")
    empty = UsageRollup(subscription_id="s", meter="calls", month="2026-01", aggregation=Aggregation.SUM)
    documents.commit([rollups.saving(empty, read=None)])
    [read] = rollups.get([empty.id])
    assert read is not None
    used = UsageRollup(
        subscription_id="s",
        meter="calls",
        month="2026-01",
        aggregation=Aggregation.SUM,
        buckets={utc("2026-01-05"): Decimal(1)},
    )
    documents.commit([rollups.saving(used, read=read)])
    with pytest.raises(WriteConflict):
        documents.commit([rollups.closing(closed(empty, until=utc("2026-02-01")), read=read)])
    with pytest.raises(WriteConflict):
        documents.commit([rollups.closing(closed(empty, until=utc("2026-02-01")), read=None)])


def test_a_roll_up_that_does_not_exist_is_closed_by_making_it(documents: Documents) -> None:
    rollups = UsageRollups.of(documents, "acme")
    empty = UsageRollup(subscription_id="s", meter="calls", month="2026-01", aggregation=Aggregation.SUM)
    documents.commit([rollups.closing(closed(empty, until=utc("2026-02-01")), read=None)])
    [read] = rollups.get([empty.id])
    assert read is not None
    assert (read.value.closed_until, read.value.buckets) == (utc("2026-02-01"), {})


def test_an_event_is_recorded_once_whatever_its_id(documents: Documents) -> None:
    events = UsageEvents.of(documents, "acme")
    odd = "../ä id/with everything\n"
    event = UsageEvent(id=odd, subscription_id="s", meter="m", occurred_at=utc("2026-01-05"), quantity=Decimal("1.5"))
    write = events.creation(event, expires_at=utc("2027-02-09"))
    assert write.path == f"tenants/acme/usage_events/{event_key(odd)}"
    assert write.fields["expires_at"] == utc("2027-02-09")
    documents.commit([write])
    with pytest.raises(WriteConflict):
        documents.commit([write])


def test_an_invoice_is_found_by_its_id_and_by_its_number() -> None:
    world = World()
    world.subscribes("acme", to=world.plan(PLAN), on="2026-01-01")
    world.travels_to("2026-02-01")
    world.runs_billing()
    invoices = Invoices.of(world.documents, "acme")
    [issued] = world.invoices()
    assert invoices.named("INV-2026-01-0001").value == invoices.named(issued.id).value == issued
    with pytest.raises(NotFound, match="no invoice 'INV-2026-01-0002'"):
        invoices.named("INV-2026-01-0002")


def test_an_invoice_of_one_period_is_written_once() -> None:
    world = World()
    world.subscribes("acme", to=world.plan(PLAN), on="2026-01-01")
    world.travels_to("2026-02-01")
    world.runs_billing()
    [issued] = world.invoices()
    with pytest.raises(WriteConflict):
        world.documents.commit([Invoices.of(world.documents, "acme").creation(issued, shard=0)])


def test_settling_fails_on_an_invoice_that_changed() -> None:
    world = World()
    world.subscribes("acme", to=world.plan(PLAN), on="2026-01-01")
    world.travels_to("2026-02-01")
    world.runs_billing()
    [stored] = world.stored_invoices()
    invoices = Invoices.of(world.documents, "acme")
    world.documents.commit([Update(invoices.path(stored.value.id), {"amount_paid": 4900})])
    with pytest.raises(WriteConflict):
        world.documents.commit([invoices.settled(stored, pending=(), attachments=())])


def test_invoices_are_listed_by_number() -> None:
    world = World()
    world.book(5, to=world.plan(PLAN), on="2026-01-01")
    world.travels_to("2026-02-01")
    world.runs_billing()
    invoices = Invoices.of(world.documents, "acme")
    assert [each.number for each in invoices.all()] == [f"INV-2026-01-{n:04}" for n in range(1, 6)]


def test_what_is_past_due_comes_longest_overdue_first_and_without_what_is_paid_or_not_due_yet() -> None:
    """Terms are 30 days: issued on 1 February is due on 3 March, on 1 March on 31 March."""
    world = World()
    plan = world.plan(PLAN)
    for customer in ("ada", "bob"):
        world.subscribes(customer, to=plan, on="2026-01-01")
    for day in ("2026-02-01", "2026-03-01"):
        world.travels_to(day)
        world.runs_billing()
    world.damages("invoices/sub-bob.20260101T000000Z.r0", {"status": "paid"})
    invoices = Invoices.of(world.documents, world.tenant.id)

    def past_due(before: date, *, limit: int = 10, after: tuple[date, str] | None = None) -> list[str]:
        page = invoices.past_due(before=before, status=InvoiceStatus.ISSUED, shard=0, limit=limit, after=after)
        return [each.value.id for each in page]

    january, february = "sub-ada.20260101T000000Z.r0", "sub-ada.20260201T000000Z.r0"
    assert past_due(date(2026, 3, 3)) == []  # its last day
    assert past_due(date(2026, 3, 4)) == [january]
    assert past_due(date(2026, 4, 1)) == [january, february, "sub-bob.20260201T000000Z.r0"]
    assert past_due(date(2026, 4, 1), limit=1, after=(date(2026, 3, 3), january)) == [february]
