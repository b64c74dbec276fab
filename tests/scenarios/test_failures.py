"""One subscription that can't be billed never stops the others: it is named, stays due, and is billed once repaired."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import pytest

from billing.ports import CommitTooLarge, Delete, Fields, Put, StoreUnavailable, Write, WriteConflict
from billing.store.customers import Customers
from tests.builders import a_customer, a_fee, a_meter, a_plan, utc
from tests.watched_documents import Once, WatchedDocuments
from tests.world import World

METERED = a_plan(fees=[a_fee("49.00")], metered=[a_meter("1.00")], anchor_day=1)
OTHER = replace(METERED, plan_id="other")


def a_thousand(world: World, *, odd_one: str = "sub-odd") -> None:
    """999 subscriptions and an odd one on a plan of its own, all with some usage to bill on 1 February."""
    world.book(999, to=world.plan(METERED), on="2026-01-01")
    world.subscribes("odd", to=world.plan(OTHER), on="2026-01-01", named=odd_one)
    world.uses(odd_one, "calls", "7", on="2026-01-10")
    world.travels_to("2026-02-01")


@dataclass(frozen=True)
class Damage:
    """A document of the odd one, what somebody made of it, and how the report names the failure."""

    path: str
    fields: Fields
    code: str
    message: str


DAMAGES = {
    "a broken plan": Damage(
        "plans/other@1", {"cycle": "monthly-ish"}, "broken_document", "a stored plan can't be read"
    ),
    "a currency mismatch": Damage("customers/odd", {"currency": "EUR"}, "invalid_input", "currency: expected USD"),
    "an unreadable customer": Damage("customers/odd", {"party": None}, "broken_document", "a stored customer"),
    "an unreadable subscription": Damage("subscriptions/sub-odd", {"phases": []}, "broken_document", "a stored subscr"),
    "a missing plan": Damage(
        "subscriptions/sub-odd",
        {"phases": [{"plan": "gone@9", "start": "2026-01-01T00:00:00+00:00", "schedule": {}}]},
        "broken_document",
        "a stored subscription",
    ),
    "an id that is a path": Damage(
        "subscriptions/sub-odd", {"customer_id": "../odd"}, "invalid_input", "customers.id: expected"
    ),
    "a damaged roll-up": Damage(
        "usage/sub-odd.calls.2026-01", {"buckets": {"20260110T000000Z": "many"}}, "broken_document", "a stored usage"
    ),
    "usage that adds up to nonsense": Damage(
        "usage/sub-odd.calls.2026-01",
        {"buckets": {"20260110T000000Z": "1E+400", "20260111T000000Z": "1"}},
        "unexpected_error",
        "Inexact",
    ),
    "another subscription's usage": Damage(
        "usage/sub-odd.calls.2026-01", {"subscription_id": "sub-c0000"}, "invalid_input", "usage: expected calls of"
    ),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_the_odd_one_is_reported_and_parked_while_the_other_999_are_billed(damage: Damage) -> None:
    world = World()
    a_thousand(world)
    whole = world.damages(damage.path, damage.fields)
    report = world.runs_billing()
    assert (len(report.invoices), report.complete) == (999, True)
    [failure] = report.failures
    assert (failure.subscription_id, failure.code) == ("sub-odd", damage.code)
    assert damage.message in failure.message
    [record] = world.collection("runs")
    assert record.fields["failures"] == [
        {"subscription_id": "sub-odd", "code": failure.code, "message": failure.message}
    ]
    assert world.numbers() == [f"INV-2026-01-{n:04}" for n in range(1, 1000)]

    world.damages(damage.path, whole)
    again = world.runs_billing()
    assert [(each.subscription_id, each.number, each.total) for each in again.invoices] == [
        ("sub-odd", "INV-2026-01-1000", 5600)
    ]
    assert (again.failures, len(world.invoices())) == ([], 1000)


def test_a_missing_customer_parks_its_subscription() -> None:
    world = World()
    a_thousand(world)
    world.documents.commit([Delete(f"tenants/{world.tenant.id}/customers/odd")])
    report = world.runs_billing()
    assert len(report.invoices) == 999
    assert [(each.subscription_id, each.code, each.message) for each in report.failures] == [
        ("sub-odd", "not_found", "no customer 'odd'")
    ]
    world.documents.commit([Customers.of(world.documents, world.tenant.id).creation(a_customer(id="odd"))])
    assert len(world.runs_billing().invoices) == 1


def test_a_failure_is_tried_again_by_every_run_and_moves_nothing() -> None:
    world = World()
    world.subscribes("odd", to=world.plan(OTHER), on="2026-01-01")
    world.damages("plans/other@1", {"cycle": None})
    world.travels_to("2026-02-01")
    before = world.everything()
    for _ in range(2):
        assert len(world.runs_billing().failures) == 1
    assert {path: each for path, each in world.everything().items() if "/runs/" not in path} == before


def test_a_damaged_counter_parks_its_series_and_gives_no_number() -> None:
    world = World()
    world.book(3, to=world.plan(METERED), on="2026-01-01")
    world.travels_to("2026-02-01")
    world.runs_billing()
    whole = world.damages("counters/invoice-2026-01", {"last": "three"})
    world.subscribes("late", to=METERED, on="2026-01-01")
    assert [each.code for each in world.runs_billing().failures] == ["broken_document"]
    world.damages("counters/invoice-2026-01", whole)
    assert [each.number for each in world.runs_billing().invoices] == ["INV-2026-01-0004"]


# What happens between the reading and the commit


@pytest.fixture
def world() -> World:
    world = World()
    world.book(10, to=world.plan(METERED), on="2026-01-01")
    world.uses("sub-c0003", "calls", "5", on="2026-01-10")
    world.travels_to("2026-02-01")
    return world


def meanwhile(world: World, action: Callable[[], None]) -> WatchedDocuments:
    """A view of the store in which somebody acts just before the page's commit."""
    return WatchedDocuments(world.documents, before=Once("invoices", action))


@pytest.mark.parametrize("subscription", ["sub-c0003", "sub-c0004"], ids=["with usage before", "its first usage"])
def test_usage_that_arrives_before_the_commit_is_on_the_invoice(world: World, subscription: str) -> None:
    before = 500 if subscription == "sub-c0003" else 0
    view = meanwhile(world, lambda: world.uses(subscription, "calls", "8", on="2026-01-31"))
    report = world.runs_billing(through=view)
    assert len(report.invoices) == 10
    [invoice] = world.invoices(subscription.removeprefix("sub-"))
    assert invoice.total == 4900 + before + 800
    assert world.rollup(f"{subscription}.calls.2026-01").late == {}


@pytest.mark.parametrize("subscription", ["sub-c0003", "sub-c0004"], ids=["with usage before", "its first usage"])
def test_usage_that_arrives_after_the_commit_is_kept_in_the_late_part(world: World, subscription: str) -> None:
    before = 500 if subscription == "sub-c0003" else 0
    arrives = Once("invoices", lambda: world.uses(subscription, "calls", "8", on="2026-01-31"))
    world.runs_billing(through=WatchedDocuments(world.documents, after=arrives))
    [invoice] = world.invoices(subscription.removeprefix("sub-"))
    assert invoice.total == 4900 + before
    late = world.rollup(f"{subscription}.calls.2026-01").late
    assert {start: str(bucket) for start, bucket in late.items()} == {utc("2026-01-31"): "8"}
    world.runs_billing()
    assert len(world.invoices()) == 10


def test_a_subscription_that_changes_before_the_commit_is_billed_as_it_then_stands(world: World) -> None:
    path = "subscriptions/sub-c0005"
    view = meanwhile(world, lambda: _ignore(world.damages(path, {"end": "2026-01-16T00:00:00+00:00"})))
    report = world.runs_billing(through=view)
    assert (len(report.invoices), report.failures) == (10, [])
    # 15 of 31 days: 49.00 - 25.29
    assert [each.total for each in world.invoices("c0005")] == [2371]
    assert world.subscription("sub-c0005").next_billing_at is None


def test_a_subscription_that_disappears_before_the_commit_costs_the_others_nothing(world: World) -> None:
    gone = Delete(f"tenants/{world.tenant.id}/subscriptions/sub-c0005")
    report = world.runs_billing(through=meanwhile(world, lambda: _ignore(world.documents.commit([gone]))))
    assert (len(report.invoices), report.failures) == (9, [])
    assert world.numbers() == [f"INV-2026-01-{n:04}" for n in range(1, 10)]


def test_a_subscription_that_breaks_before_the_commit_is_parked(world: World) -> None:
    view = meanwhile(world, lambda: _ignore(world.damages("subscriptions/sub-c0005", {"phases": None})))
    report = world.runs_billing(through=view)
    assert (len(report.invoices), [each.subscription_id for each in report.failures]) == (9, ["sub-c0005"])


@pytest.mark.parametrize("before", [0, 2], ids=["a new series", "a series in use"])
def test_a_lost_race_on_the_counter_alone_numbers_again_without_reading_or_rating_again(
    world: World, before: int
) -> None:
    counters = f"tenants/{world.tenant.id}/counters"

    def takes_seven() -> None:
        world.documents.commit([_put_counter(f"{counters}/invoice-2026-01", 7)])

    if before:
        world.documents.commit([_put_counter(f"{counters}/invoice-2026-01", before)])
    view = meanwhile(world, takes_seven)
    report = world.runs_billing(through=view, sweeps=False)
    assert [each.number for each in report.invoices] == [f"INV-2026-01-{n:04}" for n in range(8, 18)]
    usage_reads = [paths for paths in view.reads if any("/usage/" in path for path in paths)]
    subscription_reads = [paths for paths in view.reads if any("/subscriptions/" in path for path in paths)]
    assert (len(usage_reads), subscription_reads) == (1, [])
    assert [query.collection for query in view.queries].count(f"tenants/{world.tenant.id}/subscriptions") == 1


# A commit that is refused


def too_large(most: int) -> Callable[[Sequence[Write]], None]:
    """A store that takes at most so many invoices in one commit."""

    def refuse(writes: Sequence[Write]) -> None:
        count = sum("/invoices/" in write.path for write in writes)
        if count > most and any("/counters/" in write.path for write in writes):
            raise CommitTooLarge(size=count, limit=most)

    return refuse


def test_a_page_that_is_too_large_is_split_and_keeps_its_order(world: World) -> None:
    report = world.runs_billing(through=WatchedDocuments(world.documents, before=too_large(3)))
    assert (len(report.invoices), report.failures) == (10, [])
    assert [(each.number, each.customer_id) for each in world.invoices()] == [
        (f"INV-2026-01-{n + 1:04}", f"c{n:04}") for n in range(10)
    ]


@pytest.mark.parametrize(
    "error",
    [WriteConflict(None, reason="it exists already"), CommitTooLarge(size=9, limit=1)],
    ids=["conflict", "too large"],
)
def test_a_persistent_culprit_is_parked_alone(world: World, error: Exception) -> None:
    def refuse(writes: Sequence[Write]) -> None:
        if any("/invoices/sub-c0006." in write.path for write in writes):
            raise error

    report = world.runs_billing(through=WatchedDocuments(world.documents, before=refuse))
    assert [(each.subscription_id, each.message) for each in report.failures] == [("sub-c0006", str(error))]
    assert world.numbers() == [f"INV-2026-01-{n:04}" for n in range(1, 10)]
    assert [each.subscription_id for each in world.runs_billing().invoices] == ["sub-c0006"]


def test_a_bill_that_stands_already_is_named_as_the_audit_log_names_it(world: World) -> None:
    world.runs_billing()
    world.damages("subscriptions/sub-c0006", {"next_billing_at": utc("2026-02-01")})
    [failure] = world.runs_billing().failures
    assert (failure.subscription_id, failure.code) == ("sub-c0006", "write_conflict")
    assert failure.message == f"invoices/{world.invoices('c0006')[0].id}: it exists already; nothing was written"


def test_an_invoice_that_no_store_takes_is_parked_alone(world: World) -> None:
    world.damages("customers/c0002", {"party": {**_party(world, "c0002"), "name": "x" * 1_047_300}})
    report = world.runs_billing()
    assert [(each.subscription_id, each.code) for each in report.failures] == [("sub-c0002", "document_too_large")]
    assert len(report.invoices) == 9


# A commit whose answer is lost


@pytest.mark.parametrize(
    "error",
    [StoreUnavailable("the store", reason="the line broke"), WriteConflict(None, reason="it exists already")],
    ids=["no answer", "repeated by the store's client"],
)
def test_a_commit_whose_answer_is_lost_is_settled_and_not_doubled(world: World, error: Exception) -> None:
    def lost() -> None:
        raise error

    view = WatchedDocuments(world.documents, after=Once("invoices", lost))
    if isinstance(error, StoreUnavailable):
        with pytest.raises(StoreUnavailable):
            world.runs_billing(through=view)
        assert len(world.invoices()) == 10
        assert world.runs_billing().invoices == []
    else:
        world.runs_billing(through=view)
    assert world.numbers() == [f"INV-2026-01-{n:04}" for n in range(1, 11)]
    assert all(each.pending == () and len(each.attachments) == 2 for each in world.invoices())
    assert world.runs_billing().invoices == []


def test_a_lost_answer_in_the_middle_of_a_catch_up_leaves_no_month_out() -> None:
    world = World()
    world.book(5, to=world.plan(METERED), on="2026-01-01")
    world.travels_to("2026-04-01")

    def lost() -> None:
        raise WriteConflict(None, reason="it exists already")

    report = world.runs_billing(through=WatchedDocuments(world.documents, after=Once("invoices", lost)))
    assert report.complete
    assert world.numbers() == [f"INV-2026-{month}-{n:04}" for month in ("01", "02", "03") for n in range(1, 6)]


def _ignore(_result: object) -> None:
    pass


def _put_counter(path: str, last: int) -> Put:
    return Put(path, {"last": last, "schema_version": 1})


def _party(world: World, customer_id: str) -> dict:
    document = world.stored(f"customers/{customer_id}")
    assert document is not None
    party = document.fields["party"]
    assert isinstance(party, dict)
    return party
