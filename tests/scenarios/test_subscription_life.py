"""A subscription is changed by command: once, audited, beside runs; the books agree with it afterwards. In cents."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from billing.domain.catalog import Billed
from billing.domain.credit import CreditNote
from billing.domain.crediting import InvoiceNotCreditable
from billing.domain.errors import InvalidInput, NotFound
from billing.domain.invoice import InvoiceStatus
from billing.domain.life_change import (
    Cancellation,
    CancellationUndone,
    ItemsChange,
    LifeChange,
    Moment,
    Pausing,
    PlanChange,
    Resuming,
)
from billing.domain.payment import RefundTarget
from billing.domain.subscription import SubscriptionStatus, Unused
from billing.domain.tax import TaxTable
from billing.domain.trial import subscribed
from billing.ports import Write, WriteConflict
from billing.store.audit import AuditLog
from billing.store.customers import Customers
from billing.store.subscriptions import Subscriptions
from billing.usecases.admit_usage import ReportedUsage
from billing.usecases.change_life import ChangedLife, change_life
from billing.usecases.record_usage import record_usage
from billing.usecases.usage_outcome import OutcomeStatus
from billing.usecases.verify import VerifyRequest, verify
from tests.builders import a_fee, a_meter, a_plan, a_rate, a_tenant, utc
from tests.crediting import pays
from tests.paying import balance
from tests.reviewing import call, void
from tests.watched_documents import Once, WatchedDocuments
from tests.world import World

SEAT = a_fee("30.00", "seat")
BASIC = a_plan(fees=[a_fee("60.00")], addons=[SEAT], metered=[a_meter("1.00")], anchor_day=1)
AHEAD = a_plan(
    plan_id="ahead",
    fees=[a_fee("60.00")],
    addons=[SEAT],
    metered=[a_meter("1.00")],
    anchor_day=1,
    billed=Billed.IN_ADVANCE,
)
BARE = a_plan(plan_id="bare", fees=[a_fee("90.00")], anchor_day=1)


class Unseen(Exception):
    """The caller has not seen the version that it would change."""


@pytest.fixture
def world() -> Iterator[World]:
    """`basic` and `ahead` since 1 April, each on the plan of that name; every test leaves sound books."""
    world = World(tenant=a_tenant(gateway="stripe"))
    for plan in (BASIC, AHEAD, BARE):
        world.plan(plan)
    world.subscribes("basic", to=BASIC, on="2026-04-01")
    world.subscribes("ahead", to=AHEAD, on="2026-04-01")
    world.travels_to("2026-04-01")
    world.runs_billing()
    yield world
    sound(world)


def sound(world: World) -> None:
    """The books agree with themselves; the usage of a world has no raw events to add up again."""
    request = VerifyRequest(tenant_id="acme", as_of=world.now, objects=False, events=False)
    assert verify(world.documents, world.objects, request).findings.kept == []


def does(world: World, name: str, change: LifeChange, *, at: str = "2026-04-11") -> ChangedLife:
    world.travels_to(at)
    return change_life(world.documents, f"sub-{name}", change, call=call(world))


def bills(world: World, *days: str) -> None:
    for day in days:
        world.travels_to(day)
        world.runs_billing()


def totals(world: World, name: str) -> list[int]:
    return [each.total for each in world.invoices(name)]


def credit_notes(world: World) -> list[CreditNote]:
    return world.credit_notes()


def records(world: World, name: str) -> list[tuple[str, str, str]]:
    found = AuditLog.of(world.documents, "acme").about(f"subscriptions/sub-{name}")
    return [(each.event, each.before, each.after) for each in found]


def active(world: World, name: str) -> int:
    [stored] = Customers.of(world.documents, "acme").get([name])
    assert stored is not None
    return stored.value.active_subscriptions


# Each change


def test_add_ons_are_changed_and_audited_once(world: World) -> None:
    change = ItemsChange(quantities={"seat": Decimal(2)})
    done = does(world, "basic", change)
    assert done.after == world.subscription("sub-basic")
    assert done.after.changed_at == utc("2026-04-11")
    assert does(world, "basic", change, at="2026-04-12").after == done.after
    assert records(world, "basic") == [
        ("subscription.items_changed", "add-ons: none", "add-ons: 2 x seat from 2026-04-11T00:00:00Z")
    ]
    bills(world, "2026-05-01")
    assert totals(world, "basic") == [6000 + 4000]  # 2 x 30.00 for 20 of 30 days


def test_the_plan_changes_now_and_with_the_next_period(world: World) -> None:
    does(world, "basic", PlanChange(plan="ahead@1", at=Moment.PERIOD_END))
    bills(world, "2026-05-01", "2026-06-01")
    # April in arrears and May in advance on one invoice, then June in advance
    assert totals(world, "basic") == [12000, 6000]


def test_cancelled_at_the_period_s_end_nothing_follows(world: World) -> None:
    does(world, "ahead", Cancellation())
    bills(world, "2026-05-01", "2026-06-01")
    assert totals(world, "ahead") == [6000, 0]  # the last bill is for April's usage: none
    after = world.subscription("sub-ahead")
    assert (after.status, after.end, active(world, "ahead")) == (SubscriptionStatus.ENDED, utc("2026-05-01"), 0)


def test_cancelled_now_the_unused_part_is_credited_and_the_last_usage_billed(world: World) -> None:
    world.uses("sub-ahead", "calls", "7", on="2026-04-10")
    does(world, "ahead", Cancellation(at=Moment.NOW))
    bills(world, "2026-04-12")
    [note] = credit_notes(world)
    assert (note.total, balance(world, "ahead")) == (4000 - 700, 3300)  # 20 of 30 days, less 7 calls


def test_taken_back_it_goes_on_as_if_nothing_had_been(world: World) -> None:
    before = world.subscription("sub-ahead")
    does(world, "ahead", Cancellation())
    after = does(world, "ahead", CancellationUndone(), at="2026-04-20").after
    assert replace(after, changed_at=None) == before
    assert [each[0] for each in records(world, "ahead")] == [
        "subscription.cancelled",
        "subscription.cancellation_undone",
    ]
    bills(world, "2026-05-01")
    assert totals(world, "ahead") == [6000, 6000]


def test_paused_over_two_periods_and_gone_on(world: World) -> None:
    does(world, "ahead", Pausing())
    world.uses("sub-ahead", "calls", "5", on="2026-04-20")
    bills(world, "2026-05-01", "2026-06-01")
    assert [each.total for each in credit_notes(world)] == [4000]  # 20 of 30 days; the paused calls are not billed
    does(world, "ahead", Resuming(), at="2026-06-16")
    bills(world, "2026-07-01")
    # 15 of 30 days of June 30.00, July ahead 60.00, paid with the balance of 40.00
    assert totals(world, "ahead") == [6000, 9000]
    assert world.invoices("ahead")[-1].amount_due == 5000
    assert [each[0] for each in records(world, "ahead")] == [
        "subscription.paused", "subscription.not_billed", "subscription.resumed",
    ]  # fmt: skip


def test_cancelled_while_paused(world: World) -> None:
    does(world, "basic", Pausing())
    does(world, "basic", Cancellation(at=Moment.NOW), at="2026-04-21")
    bills(world, "2026-04-22")
    assert totals(world, "basic") == [2000]  # 10 of 30 days


def test_changed_then_cancelled_then_run_late(world: World) -> None:
    does(world, "ahead", ItemsChange(quantities={"seat": Decimal(1)}), at="2026-04-06")
    does(world, "ahead", Cancellation(at=Moment.NOW), at="2026-04-16")
    bills(world, "2026-06-01")
    # the seat for 10 of 30 days 10.00; 15 of 30 days of the plan 30.00 back
    assert [each.total for each in credit_notes(world)] == [2000]


# Refund, offset, none


@pytest.fixture
def taxed() -> World:
    """`ahead` of a seller with 19 % on top: April is 71.40."""
    world = World(tenant=a_tenant(gateway="stripe"), taxes=TaxTable(rates=(a_rate("19"),)))
    world.subscribes("ahead", to=world.plan(AHEAD), on="2026-04-01")
    world.travels_to("2026-04-01")
    world.runs_billing()
    return world


def cancelled(world: World, unused: Unused) -> ChangedLife:
    done = does(world, "ahead", Cancellation(at=Moment.NOW, unused=unused))
    bills(world, "2026-04-12")
    sound(world)
    return done


@pytest.mark.parametrize("unused", [Unused.REFUND, Unused.OFFSET])
def test_what_is_not_paid_yet_is_taken_off_the_invoice_that_billed_it(taxed: World, unused: Unused) -> None:
    done = cancelled(taxed, unused)
    assert done.credit_note is not None
    note = done.credit_note.value
    invoice = taxed.invoices("ahead")[0]
    # 20 of 30 days of 60.00 are 40.00, with 19 % 47.60; 23.80 are still due
    assert (note.subtotal, note.tax, note.total, note.refunds) == (4000, 760, 4760, ())
    assert (note.reason, invoice.amount_due) == ("Cancelled from 2026-04-11 on", 2380)
    assert [each.id for each in taxed.credit_notes()] == [note.id]  # the last bill gives nothing back a second time


def test_a_refund_goes_to_the_card_and_an_offset_to_the_balance(taxed: World) -> None:
    pays(taxed, 7140, gateway_id="pi_1", number="INV-2026-04-0001")
    other = World(tenant=taxed.tenant, taxes=taxed.taxes)
    other.copies(taxed)
    other.plans = taxed.plans
    refunded, offset = cancelled(taxed, Unused.REFUND), cancelled(other, Unused.OFFSET)
    assert refunded.credit_note is not None
    assert offset.credit_note is not None
    [refund] = refunded.credit_note.value.refunds
    assert (refund.amount, refund.target) == (4760, RefundTarget.METHOD)
    assert [(each.amount, each.target) for each in offset.credit_note.value.refunds] == [(4760, RefundTarget.BALANCE)]


def test_half_paid_the_amount_due_goes_first(taxed: World) -> None:
    pays(taxed, 4000, gateway_id="pi_1", number="INV-2026-04-0001")
    done = cancelled(taxed, Unused.REFUND)
    assert done.credit_note is not None
    # 31.40 were due: 47.60 take that off and 16.20 of what was paid
    assert [each.amount for each in done.credit_note.value.refunds] == [1620]
    assert taxed.invoices("ahead")[0].status is InvoiceStatus.PAID


def test_with_none_nothing_is_given_back_and_the_usage_is_billed(taxed: World) -> None:
    taxed.uses("sub-ahead", "calls", "5", on="2026-04-10")
    assert cancelled(taxed, Unused.NONE).credit_note is None
    assert totals(taxed, "ahead") == [7140, 595]  # 5.00 and 19 %
    assert taxed.credit_notes() == []


def test_where_nothing_was_paid_ahead_there_is_nothing_to_refund(world: World) -> None:
    assert does(world, "basic", Cancellation(at=Moment.NOW, unused=Unused.REFUND)).credit_note is None
    bills(world, "2026-04-12")
    assert totals(world, "basic") == [2000]


def test_what_another_system_billed_can_not_be_refunded_here(world: World) -> None:
    subscription = world.subscription("sub-ahead")
    elsewhere = tuple(replace(each, invoice_id="") for each in subscription.prepaid)
    other = replace(subscription, id="sub-other", prepaid=elsewhere, billed_from=utc("2026-05-01"))
    world.documents.commit([Subscriptions.of(world.documents, "acme").creation(other)])
    with pytest.raises(InvalidInput, match="unused: expected credit or none, as no single invoice made here billed"):
        does(world, "other", Cancellation(at=Moment.NOW, unused=Unused.REFUND))


def test_a_void_invoice_is_not_refunded(world: World) -> None:
    void(world, world.invoices("ahead")[0].id)
    assert does(world, "ahead", Cancellation(at=Moment.NOW, unused=Unused.REFUND)).credit_note is None


# Usage


def test_an_end_before_recorded_usage_is_refused_and_so_is_usage_after_the_end(world: World) -> None:
    world.uses("sub-basic", "calls", "7", on="2026-04-10")
    with pytest.raises(InvalidInput, match="at: expected an instant after the usage of calls recorded for 2026-04-10"):
        does(world, "basic", Cancellation(at=utc("2026-04-10")))
    with pytest.raises(InvalidInput, match="at: expected an instant after the usage of calls recorded for 2026-04-10"):
        does(world, "basic", PlanChange(plan="bare@1", at=utc("2026-04-10T12:00")))
    does(world, "basic", PlanChange(plan="bare@1", at=utc("2026-04-11")))
    bills(world, "2026-05-01")
    assert totals(world, "basic") == [2000 + 700 + 6000]  # 10 of 30 days, 7 calls, 20 of 30 days of 90.00


def test_usage_that_comes_after_the_last_bill_is_billed_late(world: World) -> None:
    does(world, "basic", Cancellation(at=Moment.NOW))
    bills(world, "2026-04-12")
    late, after = (
        ReportedUsage(id=day, subscription_id="sub-basic", meter="calls", occurred_at=utc(day), quantity=3)
        for day in ("2026-04-09", "2026-04-11")
    )
    outcomes = record_usage(world.documents, tenant_id="acme", events=[late, after], recorded_at=world.now)
    assert [each.status for each in outcomes] == [OutcomeStatus.ACCEPTED, OutcomeStatus.REJECTED]
    bills(world, "2026-04-13")
    assert totals(world, "basic") == [2000, 300]


# What goes wrong


def version_of(world: World, subscription_id: str) -> str:
    [stored] = Subscriptions.of(world.documents, "acme").get([subscription_id])
    assert stored is not None
    return stored.version


def test_what_is_unknown_is_told_and_nothing_is_written(world: World) -> None:
    before = world.everything()
    with pytest.raises(NotFound, match="no subscription 'sub-x'"):
        does(world, "x", Pausing())
    with pytest.raises(NotFound, match="no plan version 'gone@1'"):
        does(world, "basic", PlanChange(plan="gone@1"))
    assert world.everything() == before


def test_a_change_that_loses_to_a_run_is_decided_anew(world: World) -> None:
    def run() -> None:
        world.travels_to("2026-05-01")
        world.runs_billing()

    late = WatchedDocuments(world.documents, before=Once("subscriptions", run))
    world.travels_to("2026-05-01")
    with pytest.raises(InvalidInput, match="at: expected an instant not billed yet, from 2026-05-01"):
        change_life(late, "sub-basic", Pausing(at=utc("2026-04-20")), call=call(world))


def test_two_changes_at_once_both_count(world: World) -> None:
    world.travels_to("2026-04-11")

    def somebody() -> None:
        change_life(world.documents, "sub-basic", ItemsChange(quantities={"seat": Decimal(2)}), call=call(world))

    crowded = WatchedDocuments(world.documents, before=Once("subscriptions", somebody))
    change_life(crowded, "sub-basic", Cancellation(), call=call(world))
    after = world.subscription("sub-basic")
    assert (after.end, [each.quantity for each in after.items]) == (utc("2026-05-01"), [Decimal(2)])


def test_somebody_who_is_quicker_between_the_check_and_the_commit_is_seen(world: World) -> None:
    """The version that the caller has seen stands when the change is decided, and no longer when it is written."""
    world.travels_to("2026-04-11")
    read = version_of(world, "sub-basic")

    def only_what_was_read(version: str) -> None:
        if version != read:
            raise Unseen

    def somebody() -> None:
        change_life(world.documents, "sub-basic", ItemsChange(quantities={"seat": Decimal(2)}), call=call(world))

    crowded = WatchedDocuments(world.documents, before=Once("subscriptions", somebody))
    with pytest.raises(Unseen):
        change_life(crowded, "sub-basic", Cancellation(), call=call(world), seen=only_what_was_read)
    after = world.subscription("sub-basic")
    assert (after.end, [each.quantity for each in after.items]) == (None, [Decimal(2)])


def test_one_that_always_loses_gives_up(world: World) -> None:
    def somebody_is_quicker(_writes: Sequence[Write]) -> None:
        world.damages("subscriptions/sub-basic", {"shard": 0})

    with pytest.raises(WriteConflict):
        change_life(
            WatchedDocuments(world.documents, before=somebody_is_quicker), "sub-basic", Pausing(), call=call(world)
        )


def test_in_a_trial_the_customer_s_count_follows(world: World) -> None:
    trial = world.plan(a_plan(plan_id="trial", fees=[a_fee("60.00")], trial_days=14))
    customers = Customers.of(world.documents, "acme")
    world.customer("trying")
    bare = subscribed("sub-trying", "trying", plan=trial, start=utc("2026-04-01"), zone="UTC")
    opened = replace(bare, next_billing_at=utc("2026-05-15"))
    world.documents.commit(
        [Subscriptions.of(world.documents, "acme").creation(opened), customers.subscriptions_added("trying", 1)]
    )
    ended = does(world, "trying", Cancellation()).after
    assert (ended.end, ended.status, active(world, "trying")) == (utc("2026-04-15"), SubscriptionStatus.ENDED, 0)
    assert does(world, "trying", CancellationUndone()).after.next_billing_at == utc("2026-05-15")
    assert active(world, "trying") == 1


def test_a_held_invoice_is_decided_on_before_it_is_refunded(world: World) -> None:
    held = world.invoices("ahead")[0]
    world.damages(f"invoices/{held.id}", {"status": "draft"})
    with pytest.raises(InvoiceNotCreditable, match="it is a draft"):
        does(world, "ahead", Cancellation(at=Moment.NOW, unused=Unused.REFUND))
    world.damages(f"invoices/{held.id}", {"status": "issued"})


def test_each_charge_that_was_paid_ahead_is_credited_by_its_own_line(world: World) -> None:
    does(world, "ahead", ItemsChange(quantities={"seat": Decimal(1)}), at="2026-04-21")
    bills(world, "2026-05-01")  # ten days of April's seat, and May
    done = does(world, "ahead", Cancellation(at=Moment.NOW, unused=Unused.OFFSET), at="2026-05-16")
    bills(world, "2026-05-17")
    assert done.credit_note is not None
    # May's plan less 15 of 31 days (29.03) and its seat less 15 of 31 days (14.52)
    assert [line.amount for line in done.credit_note.value.lines] == [3097, 1548]
