"""A subscription ends at the boundary that was just billed: nothing is billed twice, what is unused is given back.

Both plans cost 60.00 a month and 30.00 a seat, from the first of the month on; calls cost 1.00 each. In cents.
"""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest

from billing.domain.errors import InvalidInput
from billing.domain.explanation import LateUsageStep
from billing.domain.invoice_life import InvoiceNotVoidable
from billing.domain.life_change import (
    Cancellation,
    CancellationUndone,
    ItemsChange,
    LifeChange,
    Moment,
    PlanChange,
)
from billing.domain.subscription import OneTimeCharge, Subscription, SubscriptionStatus, Unused
from billing.store.customers import Customers
from billing.usecases.admit_usage import ReportedUsage
from billing.usecases.change_life import ChangedLife, change_life
from billing.usecases.change_subscription import add_one_time_charge
from billing.usecases.preview_life import preview_life
from billing.usecases.record_usage import record_usage
from billing.usecases.usage_outcome import OutcomeStatus
from tests.april_subscriptions import AHEAD, BASIC, totals
from tests.builders import YEARLY, a_tenant, utc
from tests.changing_plans import bills, is_sound
from tests.crediting import pays
from tests.paying import balance
from tests.reviewing import call, reissue, void
from tests.world import World

ANNUAL = replace(BASIC, plan_id="annual", cycle=YEARLY, anchor_day=None)
FIFTEENTH = replace(BASIC, plan_id="fifteenth", anchor_day=15)


@pytest.fixture
def world() -> Iterator[World]:
    """`basic` and `ahead` since 1 April, billed on 1 May; every test leaves sound books, also after another night."""
    world = World(tenant=a_tenant(gateway="stripe"))
    for plan in (BASIC, AHEAD, ANNUAL, FIFTEENTH):
        world.plan(plan)
    world.subscribes("basic", to=BASIC, on="2026-04-01")
    world.subscribes("ahead", to=AHEAD, on="2026-04-01")
    for day in ("2026-04-01", "2026-05-01"):
        bills(world, day)
    yield world
    bills(world, "2026-07-02")
    assert is_sound(world)


def does(world: World, name: str, change: LifeChange, *, at: str = "2026-05-01T09:00") -> ChangedLife:
    world.travels_to(at)
    return change_life(world.documents, f"sub-{name}", change, call=call(world))


def uses(world: World, event_id: str, *, on: str, calls: int, name: str = "basic", replaces: str = "") -> None:
    usage = ReportedUsage(
        id=event_id,
        subscription_id=f"sub-{name}",
        meter="calls",
        occurred_at=utc(on),
        quantity=calls,
        replaces=replaces,
    )
    [outcome] = record_usage(world.documents, tenant_id="acme", events=[usage], recorded_at=world.now)
    assert outcome.status is OutcomeStatus.ACCEPTED, outcome


def named_by_late_usage(world: World, name: str) -> list[tuple[int, str]]:
    """The amount of each line of late usage, and the invoice that it says billed that period."""
    lines = [(each.amount, each.explanation.step) for bill in world.invoices(name) for each in bill.lines]
    return [(amount, step.invoice_id) for amount, step in lines if isinstance(step, LateUsageStep)]


def state(subscription: Subscription) -> tuple[str, str | None, bool]:
    end = subscription.end
    return subscription.status.value, None if end is None else f"{end:%m-%d}", subscription.next_billing_at is None


def active(world: World, name: str) -> int:
    [stored] = Customers.of(world.documents, "acme").get([name])
    assert stored is not None
    return stored.value.active_subscriptions


BOUNDARY = Cancellation(at=utc("2026-05-01"))


def test_in_arrears_the_bill_that_is_made_was_the_last(world: World) -> None:
    preview = preview_life(world.documents, "sub-basic", BOUNDARY, call=call(world))
    assert preview.bills == ()
    after = does(world, "basic", BOUNDARY).after
    assert (state(after), active(world, "basic")) == (("ended", "05-01", True), 0)
    bills(world, "2026-06-01")
    assert totals(world, "basic") == [6000]


def test_at_the_period_s_end_after_a_run_that_was_ahead_nothing_more_is_billed(world: World) -> None:
    bills(world, "2026-06-01")
    after = does(world, "basic", Cancellation(), at="2026-05-20").after
    assert state(after) == ("ended", "06-01", True)
    bills(world, "2026-06-02")
    assert totals(world, "basic") == [6000, 6000]


def test_usage_that_comes_after_the_end_is_set_is_billed_late(world: World) -> None:
    does(world, "basic", BOUNDARY)
    uses(world, "e-1", on="2026-04-30", calls=7)
    assert active(world, "basic") == 1
    bills(world, "2026-05-02")
    assert (totals(world, "basic"), active(world, "basic")) == ([6000, 700], 0)


def test_usage_that_waited_for_the_next_bill_is_billed_all_the_same(world: World) -> None:
    uses(world, "e-1", on="2026-04-30", calls=7)
    assert state(does(world, "basic", BOUNDARY).after) == ("active", "05-01", False)
    bills(world, "2026-05-02")
    assert (totals(world, "basic"), state(world.subscription("sub-basic"))) == ([6000, 700], ("ended", "05-01", True))


def test_a_charge_that_waited_for_the_next_bill_is_billed_all_the_same(world: World) -> None:
    setup = OneTimeCharge(
        id="setup", name="Set-up", quantity=Decimal(1), unit_price=Decimal("40.00"), charged_at=utc("2026-05-01")
    )
    add_one_time_charge(world.documents, "sub-basic", one_time=setup, call=call(world))
    does(world, "basic", BOUNDARY)
    bills(world, "2026-05-02")
    assert totals(world, "basic") == [6000, 4000]


def test_in_advance_all_of_the_unused_period_is_credited(world: World) -> None:
    uses(world, "e-1", on="2026-04-30", calls=7, name="ahead")
    bills(world, "2026-06-01")
    assert totals(world, "ahead") == [6000, 6000, 6700]
    does(world, "ahead", Cancellation(at=utc("2026-06-01")), at="2026-06-01T09:00")
    bills(world, "2026-06-02")
    [note] = world.credit_notes()
    assert (note.total, balance(world, "ahead")) == (6000, 6000)
    assert [(line.description, line.amount) for line in note.lines] == [("Base - credit for unused time", 6000)]
    assert (note.period.start, note.period.end) == (utc("2026-06-01"), utc("2026-07-01"))
    assert (totals(world, "ahead"), active(world, "ahead")) == ([6000, 6000, 6700], 0)


def test_the_day_after_the_boundary_one_day_is_kept(world: World) -> None:
    does(world, "ahead", Cancellation(at=utc("2026-05-02")), at="2026-05-02T09:00")
    bills(world, "2026-05-03")
    assert [each.total for each in world.credit_notes()] == [5806]  # 30 of 31 days of 60.00


@pytest.mark.parametrize(("unused", "due"), [(Unused.REFUND, 0), (Unused.OFFSET, 0), (Unused.NONE, 6000)])
def test_in_advance_the_unused_period_goes_where_it_is_asked_to(world: World, unused: Unused, due: int) -> None:
    done = does(world, "ahead", Cancellation(at=utc("2026-05-01"), unused=unused))
    assert (state(done.after), active(world, "ahead")) == (("ended", "05-01", True), 0)
    assert (done.credit_note is None) == (unused is Unused.NONE)
    assert world.invoices("ahead")[-1].amount_due == due
    bills(world, "2026-06-01")
    assert (totals(world, "ahead"), len(world.credit_notes())) == ([6000, 6000], 0 if unused is Unused.NONE else 1)


def test_what_was_paid_of_it_is_refunded(world: World) -> None:
    pays(world, 6000, gateway_id="pi_1", number=world.invoices("ahead")[-1].number)
    note = does(world, "ahead", Cancellation(at=utc("2026-05-01"), unused=Unused.REFUND)).credit_note
    assert note is not None
    assert [each.amount for each in note.value.refunds] == [6000]


def test_asked_for_twice_it_is_done_once(world: World) -> None:
    first = does(world, "ahead", BOUNDARY).after
    assert does(world, "ahead", BOUNDARY).after == first
    assert does(world, "ahead", Cancellation(at=Moment.NOW)).after == first


def test_before_the_boundary_is_billed_the_end_is_as_it_always_was(world: World) -> None:
    world.travels_to("2026-06-01")
    for name in ("basic", "ahead"):
        does(world, name, Cancellation(at=utc("2026-06-01")), at="2026-06-01T09:00")
    bills(world, "2026-06-01T10:00")
    assert (totals(world, "basic"), totals(world, "ahead")) == ([6000, 6000], [6000, 6000, 0])


def test_where_that_bill_was_a_credit_note_nothing_is_missing_either(world: World) -> None:
    does(world, "ahead", ItemsChange(quantities={"seat": Decimal(10)}, at=utc("2026-06-01")), at="2026-05-20")
    bills(world, "2026-06-01")
    does(world, "ahead", ItemsChange(quantities={"seat": Decimal(0)}), at="2026-06-02T09:00")
    bills(world, "2026-07-01")
    does(world, "ahead", Cancellation(at=utc("2026-07-01")), at="2026-07-01T09:00")
    bills(world, "2026-07-02")
    # 29 of 30 days of ten seats of 30.00 back, July ahead; then July's 60.00 back
    assert sorted(each.total for each in world.credit_notes()) == [6000, 29000 - 6000]


def test_a_bill_that_was_void_before_the_end_is_made_again_for_the_time_until_then(world: World) -> None:
    uses(world, "e-1", on="2026-05-01", calls=7, name="ahead")
    bills(world, "2026-06-01")
    void_bill = world.invoices("ahead")[-1]
    void(world, void_bill.id)
    does(world, "ahead", Cancellation(at=utc("2026-06-01")), at="2026-06-01T09:00")
    again = reissue(world, void_bill.id)
    assert (void_bill.total, again.total, again.id) == (6700, 700, "sub-ahead.20260601T000000Z.r1")
    bills(world, "2026-06-02")
    assert (world.credit_notes(), state(world.subscription("sub-ahead"))) == ([], ("ended", "06-01", True))


def test_late_usage_names_the_bill_that_was_made_ahead_before_the_end_was_set(world: World) -> None:
    world.travels_to("2026-05-20")
    uses(world, "e-1", on="2026-05-20", calls=7, name="ahead")
    bills(world, "2026-06-01")
    does(world, "ahead", Cancellation(at=utc("2026-06-01"), unused=Unused.NONE), at="2026-06-01T09:00")
    uses(world, "e-2", on="2026-05-20", calls=2, name="ahead", replaces="e-1")
    bills(world, "2026-06-02")
    uses(world, "e-3", on="2026-05-21", calls=4, name="ahead")
    bills(world, "2026-06-03")
    [note] = world.credit_notes()
    assert (note.invoice_id, note.total) == ("sub-ahead.20260601T000000Z.r0", 500)
    assert named_by_late_usage(world, "ahead") == [(400, note.invoice_id)]
    with pytest.raises(InvoiceNotVoidable, match=f"{note.number} credited a part of it"):
        void(world, note.invoice_id)


# Taken back


def test_an_end_at_a_boundary_that_a_run_had_billed_ahead_is_taken_back(world: World) -> None:
    bills(world, "2026-06-01")
    for name in ("basic", "ahead"):
        before = world.subscription(f"sub-{name}")
        does(world, name, Cancellation(), at="2026-05-20")
        after = does(world, name, CancellationUndone(), at="2026-05-21").after
        assert (replace(after, changed_at=None), active(world, name)) == (before, 1)
    bills(world, "2026-07-01")
    assert (totals(world, "basic"), totals(world, "ahead")) == ([6000] * 3, [6000] * 4)


def test_after_an_end_is_taken_back_the_last_bill_that_was_made_of_it_keeps_its_name(world: World) -> None:
    """That bill was of May's calls alone, as June was not to come: June is billed with the next one."""
    world.travels_to("2026-05-10")
    uses(world, "e-1", on="2026-05-10", calls=7, name="ahead")
    does(world, "ahead", Cancellation(at=utc("2026-06-01")), at="2026-05-11")
    bills(world, "2026-06-01")
    does(world, "ahead", CancellationUndone(), at="2026-05-21")
    uses(world, "e-2", on="2026-05-12", calls=3, name="ahead")
    last = world.invoices("ahead")[-1]
    void(world, last.id)
    again = reissue(world, last.id)
    assert (last.id, again.id) == ("sub-ahead.20260501T000000Z-arrears.r0", "sub-ahead.20260501T000000Z-arrears.r1")
    bills(world, "2026-07-01")
    assert (last.total, again.total, totals(world, "ahead")[-1]) == (700, 700, 6000 + 6000 + 300)
    assert named_by_late_usage(world, "ahead") == [(300, last.id)]


def test_an_end_that_came_can_not_be_taken_back(world: World) -> None:
    does(world, "ahead", BOUNDARY)
    with pytest.raises(InvalidInput, match="at: expected an instant before its end, 2026-05-01"):
        does(world, "ahead", CancellationUndone())


def test_an_end_in_the_future_whose_credit_is_made_is_final(world: World) -> None:
    bills(world, "2026-06-01")
    does(world, "ahead", Cancellation(), at="2026-05-20")
    bills(world, "2026-06-01")
    with pytest.raises(InvalidInput, match="and its last bill"):
        does(world, "ahead", CancellationUndone(), at="2026-05-21")
    assert [each.total for each in world.credit_notes()] == [6000]


# Other changes there


@pytest.mark.parametrize("name", ["basic", "ahead"])
def test_after_its_last_bill_nothing_is_changed_any_more(world: World, name: str) -> None:
    does(world, name, BOUNDARY)
    for change in (
        ItemsChange(quantities={"seat": Decimal(1)}, at=utc("2026-04-20")),
        Cancellation(at=utc("2026-04-20"), unused=Unused.NONE),
        PlanChange(plan="annual@1", at=utc("2026-05-01")),
    ):
        with pytest.raises(InvalidInput, match="subscription_id: expected a subscription that has not had its last"):
            does(world, name, change)


def test_an_add_on_that_was_billed_ahead_is_charged_at_its_new_quantity_from_that_boundary_on(world: World) -> None:
    does(world, "ahead", ItemsChange(quantities={"seat": Decimal(1)}, at=utc("2026-06-01")), at="2026-05-20")
    bills(world, "2026-06-01")
    does(world, "ahead", ItemsChange(quantities={"seat": Decimal(3)}, at=utc("2026-06-01")), at="2026-06-01T09:00")
    bills(world, "2026-07-01")
    # June's one seat 30.00 back, three seats for June and three for July at 90.00 each, the plan for July
    assert totals(world, "ahead") == [6000, 6000, 9000, -3000 + 9000 + 9000 + 6000]


def test_a_plan_of_another_interval_and_then_the_end_at_one_billed_boundary(world: World) -> None:
    does(world, "basic", PlanChange(plan="annual@1", at=utc("2026-05-01")))
    assert state(does(world, "basic", BOUNDARY).after) == ("ended", "05-01", True)
    bills(world, "2027-06-01")
    assert totals(world, "basic") == [6000]


def test_a_restart_in_mid_period_that_is_billed_is_where_changes_begin(world: World) -> None:
    """The plan that restarts it has the 15th of the month, so its own period around that day began in April."""
    does(world, "basic", PlanChange(plan="fifteenth@1", at=utc("2026-05-10")), at="2026-05-10")
    bills(world, "2026-05-10")
    for change in (
        Cancellation(at=utc("2026-05-05")),
        ItemsChange(quantities={"seat": Decimal(1)}, at=utc("2026-05-05")),
    ):
        with pytest.raises(InvalidInput, match="at: expected an instant not billed yet, from 2026-05-10"):
            does(world, "basic", change, at="2026-05-10T09:00")
    does(world, "basic", Cancellation(at=utc("2026-05-10")), at="2026-05-10T09:00")
    bills(world, "2026-05-15")
    assert totals(world, "basic") == [6000, 1742]  # 9 of 31 days of 60.00


def test_the_day_of_a_restart_that_is_billed_ends_with_its_usage(world: World) -> None:
    """The morning's calls belong to the plan that follows, so the end lies after its start."""
    world.travels_to("2026-05-10T12:00")
    uses(world, "e-1", on="2026-05-10T06:00", calls=7)
    does(world, "basic", PlanChange(plan="annual@1", at=utc("2026-05-10T12:00")), at="2026-05-10T12:00")
    bills(world, "2026-05-10T13:00")
    with pytest.raises(InvalidInput, match="at: expected an instant after 2026-05-10T12:00:00Z, whose bill is made"):
        does(world, "basic", Cancellation(at=utc("2026-05-10T12:00")), at="2026-05-10T13:00")
    does(world, "basic", Cancellation(at=Moment.NOW), at="2026-05-10T13:00")
    bills(world, "2026-05-10T14:00")
    assert totals(world, "basic") == [6000, 1742, 700]  # 9 of 31 days of 60.00; 7 calls
    assert world.subscription("sub-basic").status is SubscriptionStatus.ENDED
