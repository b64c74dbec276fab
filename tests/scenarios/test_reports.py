"""The four reports on small books, their figures worked out by hand; in SQLite and in Firestore."""

from dataclasses import replace
from decimal import Decimal

import pytest

from billing.adapters.counting import CountingDocuments
from billing.domain.aging import AgingBucket
from billing.domain.catalog import Billed
from billing.domain.churn_risk import CustomerAtRisk
from billing.domain.errors import InvalidInput, NotFound
from billing.domain.mrr import InvoicedMonth, MrrSection
from billing.domain.period import Cycle, Unit
from billing.domain.tax import TaxTable
from billing.ports import Create, Delete, Documents
from billing.store.subscriptions import Subscriptions
from billing.usecases.report_churn_risk import report_churn_risk
from billing.usecases.report_mrr import report_mrr
from billing.usecases.report_outstanding import report_outstanding
from billing.usecases.report_revenue_by_customer import RevenueReport, report_revenue_by_customer
from tests.builders import a_fee, a_meter, a_plan, a_rate, a_tenant, utc
from tests.crediting import gives_back
from tests.either_store import documents, firestore
from tests.reviewing import void
from tests.world import World

__all__ = ["documents", "firestore"]

PLAN = a_plan(fees=[a_fee("49.00")], metered=[a_meter("1.00")])
EURO = a_plan(plan_id="euro", currency="EUR", fees=[a_fee("30.00")])


@pytest.fixture
def world(documents: Documents) -> World:
    return World(documents=documents)


def mrr(world: World, as_of: str) -> MrrSection:
    (section,) = report_mrr(world.documents, world.tenant.id, as_of=utc(as_of)).sections
    return section


def ranking(world: World, as_of: str, *, top: int = 20) -> RevenueReport:
    return report_revenue_by_customer(world.documents, world.tenant.id, as_of=utc(as_of), top=top)


def revenue(world: World, as_of: str) -> list[tuple[str, int, int, int | None]]:
    (section,) = ranking(world, as_of).sections
    return [(row.customer_id, row.invoiced, row.credited, row.before) for row in section.rows]


def outstanding(world: World, as_of: str) -> dict[str, dict[str, tuple[int, int]]]:
    """Invoices and amount of the buckets that have any, by currency."""
    report = report_outstanding(world.documents, world.tenant.id, as_of=utc(as_of))
    return {
        section.currency: {each.bucket.value: (each.invoices, each.amount) for each in section.buckets if each.invoices}
        for section in report.sections
    }


def at_risk(world: World, as_of: str) -> tuple[CustomerAtRisk, ...]:
    return report_churn_risk(world.documents, world.tenant.id, as_of=utc(as_of)).customers


def bills(world: World, *months: str) -> None:
    for day in months:
        world.travels_to(day)
        world.runs_billing()


def test_the_three_figures_of_a_month_stand_beside_each_other(documents: Documents) -> None:
    german = TaxTable(rates=(a_rate("19"),))
    world = World(documents=documents, tenant=a_tenant(), taxes=german)
    world.subscribes("ada", to=world.plan(PLAN), on="2026-01-01")
    world.uses("sub-ada", "calls", "51", on="2026-01-20")
    world.uses("sub-ada", "calls", "151", on="2026-02-20")
    bills(world, "2026-02-01", "2026-03-01")
    section = mrr(world, "2026-03-01")
    assert (section.recurring, section.recurring_before) == (49_00, 49_00)
    # 49 + 51 = 100 and 19 % of it; 49 + 151 = 200 and 19 %
    assert section.closed == InvoicedMonth(month="2026-02", usage=151_00, subtotal=200_00, total=238_00, invoices=1)
    assert section.closed_before.total == 119_00
    assert section.total_growth == Decimal("100.0")
    last = [(each.on.isoformat(), each.usage, each.usage_month) for each in section.trend[-3:]]
    assert last == [
        ("2026-02-15", 51_00, "2026-01"),
        ("2026-02-22", 51_00, "2026-01"),
        ("2026-03-01", 151_00, "2026-02"),
    ]
    assert len(section.trend) == 13


def test_usage_counts_in_its_month_where_fees_are_billed_ahead(world: World) -> None:
    world.subscribes("ada", to=world.plan(replace(PLAN, billed=Billed.IN_ADVANCE)), on="2026-01-01")
    world.uses("sub-ada", "calls", "51", on="2026-01-20")
    bills(world, "2026-01-01", "2026-02-01")  # the second carries the fee of February and the usage of January
    january, february = (mrr(world, day).closed for day in ("2026-02-01", "2026-03-01"))
    assert (january.usage, january.subtotal) == (51_00, 49_00)
    assert (february.usage, february.subtotal) == (0, 100_00)


def test_tax_is_no_recurring_revenue_even_where_the_price_contains_it(documents: Documents) -> None:
    world = World(documents=documents, taxes=TaxTable(rates=(a_rate("19"),)))
    gross = world.plan(a_plan(fees=[a_fee("11.90", tax_inclusive=True)]))
    world.subscribes("ada", to=gross, on="2026-01-01")
    world.customer("bob", tax=replace(world.customer("cyd").tax, exempt=True))
    world.subscribes("bob", to=gross, on="2026-01-01")
    assert mrr(world, "2026-02-01").recurring == 10_00 + 11_90


def test_currencies_have_sections_of_their_own(world: World) -> None:
    world.subscribes("ada", to=world.plan(PLAN), on="2026-01-01")
    world.customer("bob", currency="EUR")
    world.subscribes("bob", to=world.plan(EURO), on="2026-01-01")
    bills(world, "2026-02-01")
    sections = report_mrr(world.documents, "acme", as_of=utc("2026-02-01")).sections
    assert [(each.currency, each.recurring, each.closed.total) for each in sections] == [
        ("EUR", 30_00, 30_00),
        ("USD", 49_00, 49_00),
    ]
    assert outstanding(world, "2026-02-01") == {"EUR": {"current": (1, 30_00)}, "USD": {"current": (1, 49_00)}}
    assert [each.revenue for each in ranking(world, "2026-02-01").sections] == [30_00, 49_00]


def test_a_change_is_in_the_next_report(world: World) -> None:
    weekly = world.plan(a_plan(plan_id="weekly", fees=[a_fee("10.00")], cycle=Cycle(1, Unit.WEEK)))
    for name in ("ada", "bob", "cyd"):
        world.subscribes(name, to=weekly, on="2026-01-01")
        mrr(world, "2026-02-01")  # what it made it of is another book by the next one
    assert mrr(world, "2026-02-01").recurring == 130_00  # three times 43.333...
    subscriptions = Subscriptions.of(world.documents, "acme")
    (stored,) = subscriptions.get(["sub-cyd"])
    assert stored is not None
    ended = replace(stored.value, end=utc("2026-01-20"))
    world.documents.commit([subscriptions.replaced(stored, ended)])
    assert mrr(world, "2026-02-01").recurring == 86_67


def test_an_unchanged_book_is_not_read_again(world: World) -> None:
    world.subscribes("ada", to=world.plan(PLAN), on="2026-01-01")
    bills(world, "2026-02-01")
    first, again = CountingDocuments(world.documents), CountingDocuments(world.documents)
    reports = [report_mrr(each, "acme", as_of=utc("2026-02-01")) for each in (first, again)]
    assert reports[0] == reports[1]
    assert (first.counts.writes, again.counts.writes) == (5, 0)  # a shard, and October to January


def test_a_roll_up_that_was_deleted_is_made_again(world: World) -> None:
    world.subscribes("ada", to=world.plan(PLAN), on="2026-01-01")
    bills(world, "2026-02-01")
    before = mrr(world, "2026-02-01"), revenue(world, "2026-02-01")
    rollups = world.collection("report_rollups")
    world.documents.commit([Delete(each.path) for each in rollups])
    assert (mrr(world, "2026-02-01"), revenue(world, "2026-02-01")) == before
    assert len(rollups) == 5  # a shard, and October to January


def test_credit_notes_are_taken_off_in_the_month_of_the_service(world: World) -> None:
    plan = world.plan(PLAN)
    for name in ("ada", "bob"):
        world.subscribes(name, to=plan, on="2026-01-01")
    bills(world, "2026-02-01", "2026-03-01")
    assert revenue(world, "2026-03-01") == [("ada", 49_00, 0, 49_00), ("bob", 49_00, 0, 49_00)]
    gives_back(world, of="INV-2026-02-0001")  # ada's of February, credited in March
    assert revenue(world, "2026-03-01") == [("bob", 49_00, 0, 49_00), ("ada", 49_00, 49_00, 49_00)]
    assert mrr(world, "2026-03-01").closed.subtotal == 98_00


def test_void_invoices_are_no_revenue_and_not_outstanding(world: World) -> None:
    world.subscribes("ada", to=world.plan(PLAN), on="2026-01-01")
    world.uses("sub-ada", "calls", "51", on="2026-01-20")
    bills(world, "2026-02-01")
    assert revenue(world, "2026-02-01") == [("ada", 100_00, 0, None)]
    void(world, "INV-2026-01-0001")
    assert revenue(world, "2026-02-01") == []
    assert mrr(world, "2026-02-01").closed == InvoicedMonth(month="2026-01")
    assert outstanding(world, "2026-02-01") == {"USD": {}}


def test_the_ranking_is_as_long_as_asked_and_names_its_customers(world: World) -> None:
    plan = world.plan(PLAN)
    for name, calls in (("ada", "1"), ("bob", "3"), ("cyd", "2")):
        world.subscribes(name, to=plan, on="2026-01-01")
        world.uses(f"sub-{name}", "calls", calls, on="2026-01-20")
    bills(world, "2026-02-01")
    report = ranking(world, "2026-02-01", top=2)
    assert [row.customer_id for row in report.sections[0].rows] == ["bob", "cyd"]
    assert report.names == (("bob", "Lumen Health GmbH"), ("cyd", "Lumen Health GmbH"))
    assert report.sections[0].revenue == 153_00
    for top in (0, 201):
        with pytest.raises(InvalidInput, match="1 to 200"):
            ranking(world, "2026-02-01", top=top)


@pytest.mark.parametrize(
    ("as_of", "bucket"),
    [
        ("2026-03-03T22:59", AgingBucket.CURRENT),  # due on 3 March, where it is 23:59 on that day
        ("2026-03-03T23:00", AgingBucket.DAYS_1_TO_30),  # midnight
        ("2026-04-02T12:00", AgingBucket.DAYS_1_TO_30),  # day 30
        ("2026-04-03T12:00", AgingBucket.DAYS_31_TO_60),
        ("2026-05-02T12:00", AgingBucket.DAYS_31_TO_60),  # day 60
        ("2026-05-02T22:00", AgingBucket.OVER_60),  # midnight in summer
    ],
)
def test_days_past_due_are_the_tenant_s(as_of: str, bucket: AgingBucket) -> None:
    world = World(tenant=a_tenant(zone="Europe/Berlin"))
    world.subscribes("ada", to=world.plan(PLAN), on="2026-01-01")
    bills(world, "2026-02-01")  # issued on 1 February, net 30: due on 3 March
    assert outstanding(world, as_of) == {"USD": {bucket.value: (1, 49_00)}}


def test_shards_are_added_up(documents: Documents) -> None:
    world = World(documents=documents, tenant=a_tenant(shards=4))
    world.book(6, to=world.plan(PLAN), on="2026-01-01", shards=4)
    bills(world, "2026-02-01")
    assert outstanding(world, "2026-03-04") == {"USD": {"days_1_to_30": (6, 294_00)}}
    assert mrr(world, "2026-02-01").recurring == 294_00


def test_usage_that_falls_twice_is_a_risk_wherever_it_came_late(world: World) -> None:
    world.subscribes("ada", to=world.plan(PLAN), on="2026-01-01")
    for day, calls in (("2026-01-20", "100000"), ("2026-02-20", "50000"), ("2026-03-20", "20000")):
        world.uses("sub-ada", "calls", calls, on=day)
    assert at_risk(world, "2026-03-31") == ()  # March is not over
    (ada,) = at_risk(world, "2026-04-01")
    assert [*map(int, ada.declines[0].quantities)] == [100_000, 50_000, 20_000]
    bills(world, "2026-04-01")
    world.uses("sub-ada", "calls", "30000", on="2026-03-21")  # after March was billed: 50,000 again
    assert at_risk(world, "2026-04-01") == ()


def test_documents_from_before_the_reports_count_too(world: World) -> None:
    world.subscribes("ada", to=world.plan(PLAN), on="2026-01-01")
    world.uses("sub-ada", "calls", "51", on="2026-01-20")
    bills(world, "2026-02-01")
    before = mrr(world, "2026-02-01"), revenue(world, "2026-02-01")
    for name, new in (
        ("invoices", {"report_mark", "usage_amount", "usage_month"}),
        ("usage", {"report_mark", "used"}),
        ("subscriptions", {"report_mark"}),
    ):
        for each in world.collection(name):
            older = {key: value for key, value in each.fields.items() if key not in new}
            world.documents.commit([Delete(each.path)])
            world.documents.commit([Create(each.path, older)])
    assert (mrr(world, "2026-02-01"), revenue(world, "2026-02-01")) == before
    assert at_risk(world, "2026-04-01") == ()


def test_a_book_without_anything_has_no_sections() -> None:
    world = World()
    at = utc("2026-03-01")
    assert report_mrr(world.documents, "acme", as_of=at).sections == ()
    assert report_outstanding(world.documents, "acme", as_of=at).sections == ()
    assert ranking(world, "2026-03-01").sections == ()
    assert at_risk(world, "2026-03-01") == ()


def test_what_was_issued_after_a_past_day_is_not_outstanding_on_it(world: World) -> None:
    """Due 30 days after the first of a month: on 3 March, 31 March and 1 May."""
    world.subscribes("ada", to=world.plan(PLAN), on="2026-01-01")
    bills(world, "2026-02-01", "2026-03-01", "2026-04-01")
    known = {
        day: {each.bucket.value: (each.invoices, each.amount) for each in section.buckets if each.invoices}
        for day in ("2026-01-31", "2026-02-01", "2026-03-15", "2026-04-01", "2026-04-02")
        for section in report_outstanding(world.documents, "acme", as_of=utc(day), now=utc("2026-04-20")).sections
    }
    assert known == {
        "2026-01-31": {},
        "2026-02-01": {"current": (1, 49_00)},
        "2026-03-15": {"current": (1, 49_00), "days_1_to_30": (1, 49_00)},
        "2026-04-01": {"current": (1, 49_00), "days_1_to_30": (2, 98_00)},
        "2026-04-02": {"current": (1, 49_00), "days_1_to_30": (2, 98_00)},
    }
    today = report_outstanding(world.documents, "acme", as_of=utc("2026-04-20"), now=utc("2026-04-20"))
    assert (today.sections[0].amount, today.unpaid_at) == (147_00, utc("2026-04-20"))


def test_an_unknown_tenant_is_not_found() -> None:
    world = World()
    for report in (report_mrr, report_outstanding, report_revenue_by_customer, report_churn_risk):
        with pytest.raises(NotFound):
            report(world.documents, "nobody", as_of=utc("2026-03-01"))
