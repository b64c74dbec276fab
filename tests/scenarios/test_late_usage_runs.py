"""Late usage while runs go on: beside one, through a crash, in a dry run, for an invoice made again, on Firestore."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from decimal import Decimal

import pytest

from billing.adapters.firestore import FirestoreDocuments
from billing.domain.catalog import Aggregation
from billing.domain.late_usage import late_usage_of
from billing.domain.rollup import LateBill, with_late_unbilled
from billing.domain.usage import UsageEvent
from billing.ports import StoreUnavailable, Write
from billing.store.subscriptions import subscription_fields
from billing.usecases.record_usage import record_usage
from billing.usecases.usage_writes import MeteredEvent, UsageWriter
from tests.builders import a_meter, a_plan, utc
from tests.firestore_emulator import firestore, fresh_project
from tests.late_usage import (
    ACCEPTED,
    FEBRUARY,
    STEPPED,
    bills,
    each_book_verifies,
    event,
    late_lines,
    monthly,
    opened,
    record,
)
from tests.watched_documents import Once, WatchedDocuments
from tests.world import World

__all__ = ["each_book_verifies", "firestore"]


def does_it(work: Callable[[], object]) -> Callable[[], None]:
    """The work, without an answer."""

    def done() -> None:
        work()

    return done


def test_a_late_event_while_a_run_bills_others_is_on_one_invoice() -> None:
    world = opened(monthly())
    bills(world, "2026-03-01")
    record(world, event("late-1", 2, on="2026-02-14"))
    world.travels_to("2026-04-01")
    meanwhile = Once("invoices", does_it(lambda: record(world, event("late-2", 3, on="2026-02-15"))))
    assert world.runs_billing(through=WatchedDocuments(world.documents, before=meanwhile)).failures == []
    assert meanwhile.done
    assert [each[1] for each in late_lines(world.invoices()[-1])] == ["5"]
    world.travels_to("2026-05-01")
    assert late_lines(bills(world, "2026-05-01")) == []


def test_a_run_that_closes_a_month_while_an_event_of_it_is_written_makes_it_late_and_loses_nothing() -> None:
    world = opened(monthly())
    world.travels_to("2026-03-01")
    meanwhile = Once("usage_events", does_it(world.runs_billing))
    watched = WatchedDocuments(world.documents, before=meanwhile)
    [outcome] = record_usage(
        watched, tenant_id="acme", events=[event("e-1", 3, on="2026-02-14")], recorded_at=world.now
    )
    assert (outcome.status, outcome.late) == (ACCEPTED, True)
    assert late_lines(bills(world, "2026-04-01")) == [(FEBRUARY, "3", "1", 300)]


@pytest.mark.parametrize("written", [False, True], ids=["before the commit", "after the commit"])
def test_a_run_that_is_killed_bills_late_usage_once_all_the_same(*, written: bool) -> None:
    world = opened(monthly())
    bills(world, "2026-03-01")
    record(world, event("late", 3, on="2026-02-14"))
    world.travels_to("2026-04-01")

    def die(writes: Sequence[Write]) -> None:
        if any("/invoices/" in each.path for each in writes):
            raise StoreUnavailable("store", reason="killed")

    killed = WatchedDocuments(world.documents, **({"after": die} if written else {"before": die}))
    with pytest.raises(StoreUnavailable):
        world.runs_billing(through=killed)
    world.runs_billing()
    late = [line for each in world.invoices() for line in late_lines(each)]
    assert late == [(FEBRUARY, "3", "1", 300)]


def test_what_an_invoice_billed_late_is_kept_under_its_id() -> None:
    world = opened(monthly())
    bills(world, "2026-03-01")
    record(world, event("late", 3, on="2026-02-14"))
    assert world.subscription("sub-acme").late_usage == ("sub-acme.calls.2026-02",)
    invoice = bills(world, "2026-04-01")
    rollup = world.rollup("sub-acme.calls.2026-02")
    assert rollup.late == {}
    assert rollup.late_billed == (LateBill(invoice_id=invoice.id, buckets={utc("2026-02-14"): Decimal(3)}),)
    assert invoice.basis is not None
    assert invoice.basis.late_usage == ("sub-acme.calls.2026-02",)


def test_a_dry_run_bills_late_usage_on_the_first_of_several_bills_alone() -> None:
    world = opened(monthly())
    bills(world, "2026-03-01")
    record(world, event("late", 3, on="2026-02-14"))
    world.travels_to("2026-05-01")
    report = world.runs_billing(dry_run=True)
    assert [each.total for each in report.invoices] == [300, 0]


def test_usage_of_a_period_that_was_billed_elsewhere_is_kept_and_not_billed() -> None:
    world = opened(a_plan(metered=[STEPPED]), on="2026-01-15")
    # billed here from 15 March on; the first bill closes both February and March
    moved = replace(world.subscription("sub-acme"), next_billing_at=utc("2026-03-15"), billed_from=utc("2026-03-15"))
    world.damages("subscriptions/sub-acme", subscription_fields(moved))
    bills(world, "2026-03-15")
    elsewhere, here = record(world, event("a", 3, on="2026-02-14"), event("b", 4, on="2026-02-15"))
    assert (elsewhere.late, here.late) == (False, True)
    assert late_lines(bills(world, "2026-04-15")) == [("Calls - late usage 2026-02-15 to 2026-03-14", "4", "1", 400)]


def test_ordinary_recording_and_runs_cost_what_they_did_while_others_have_late_usage() -> None:
    world = opened(monthly())
    bills(world, "2026-03-01")
    watched = WatchedDocuments(world.documents)
    record_usage(watched, tenant_id="acme", events=[event("on-time", on="2026-03-01")], recorded_at=world.now)
    assert [len(paths) for paths in watched.reads] == [1, 1, 1]  # the subscription, its plan, the roll-up
    assert [len(writes) for writes in watched.commits] == [2]
    record_usage(watched, tenant_id="acme", events=[event("late", on="2026-02-14")], recorded_at=world.now)
    assert len(watched.commits[-1]) == 3  # the mark on the subscription
    record_usage(watched, tenant_id="acme", events=[event("more", on="2026-02-15")], recorded_at=world.now)
    assert len(watched.commits[-1]) == 2  # it is named already


def test_a_void_invoice_that_is_issued_again_has_its_late_lines_again() -> None:
    world = opened(monthly())
    bills(world, "2026-03-01")
    record(world, event("late", 3, on="2026-02-14"))
    april = bills(world, "2026-04-01")
    rollup = world.rollup("sub-acme.calls.2026-02")
    again = late_usage_of([rollup], invoice_id=f"{april.id.removesuffix('.r0')}.r1")
    assert again["calls"].late == {utc("2026-02-14"): 3}
    assert with_late_unbilled(rollup, invoice_id=april.id).late == {utc("2026-02-14"): 3}
    assert with_late_unbilled(rollup, invoice_id=april.id).late_billed == ()


def test_a_book_s_new_rows_of_a_closed_month_are_late() -> None:
    world = opened(monthly())
    bills(world, "2026-03-01")
    subscription = world.subscription("sub-acme")
    writer = UsageWriter.of(
        world.documents, "acme", expires_at=lambda _event: None, recorded_at=world.now, actor="import"
    )
    row = UsageEvent(
        id="book/1", subscription_id="sub-acme", meter="calls", occurred_at=utc("2026-02-14"), quantity=Decimal(3)
    )
    written = writer.write([MeteredEvent(event=row, aggregation=Aggregation.SUM, subscription=subscription)])
    assert written.late == {"book/1"}
    assert late_lines(bills(world, "2026-04-01")) == [(FEBRUARY, "3", "1", 300)]


@pytest.mark.emulator
def test_late_usage_is_billed_from_firestore_as_from_sqlite(firestore: str) -> None:
    assert firestore
    with closing(FirestoreDocuments(fresh_project())) as documents:
        users = a_meter("1.00", meter="users", aggregation=Aggregation.UNIQUE)
        world = opened(monthly(STEPPED, users), until="2026-03-11", world=World(documents=documents))
        bills(world, "2026-03-01")
        record(
            world,
            event("a", 2, on="2026-02-14"),
            event("b", on="2026-02-14", meter="users", value="ada"),
            event("c", on="2026-02-15", meter="users", value="grace"),
        )
        assert [each[3] for each in late_lines(bills(world, "2026-03-11"))] == [200, 200]
        record(world, event("d", 1, on="2026-02-14", replaces="a"))
        world.travels_to("2026-03-12")
        assert world.runs_billing().failures == []
        [note] = world.credit_notes()
        assert (note.id, note.total) == ("sub-acme.20260301T000000Z-late-1.r0", 100)
        assert [len(each.buckets) for each in world.rollup("sub-acme.users.2026-02").late_billed] == [2]
