"""A subscription is cancelled in mid period: what was paid ahead is refunded, offset, or kept. In cents."""

from dataclasses import replace
from decimal import Decimal

import pytest

from billing.domain.crediting import InvoiceNotCreditable
from billing.domain.errors import InvalidInput
from billing.domain.invoice import InvoiceStatus
from billing.domain.life_change import Cancellation, ItemsChange, Moment
from billing.domain.payment import RefundTarget
from billing.domain.subscription import Unused
from billing.domain.tax import TaxTable
from billing.store.subscriptions import Subscriptions
from billing.usecases.change_life import ChangedLife
from tests.april_subscriptions import AHEAD, does, totals, world
from tests.builders import a_rate, a_tenant, utc
from tests.changing_plans import bills, is_sound
from tests.crediting import pays
from tests.reviewing import void
from tests.world import World

__all__ = ["world"]


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
    assert is_sound(world)
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
