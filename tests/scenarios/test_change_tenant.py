"""A seller that is billed already changes its settings: from the next run on, written down, and never over others."""

from dataclasses import replace
from decimal import Decimal

import pytest

from billing.domain.errors import NotFound
from billing.domain.numbering import NumberOrder, NumberSeries
from billing.domain.tenant import Guard, Tenant
from billing.domain.tenant_settings import FixedSetting
from billing.store.audit import AuditLog
from billing.store.tenants import Tenants
from billing.usecases.call import Call
from billing.usecases.change_tenant import ChangedTenant, change_tenant
from tests.builders import a_fee, a_plan
from tests.world import World


@pytest.fixture
def world() -> World:
    world = World()
    world.subscribes("acme", to=world.plan(a_plan(fees=[a_fee("49.00")])), on="2026-01-01")
    world.travels_to("2026-02-01")
    world.runs_billing()
    return world


def call(world: World) -> Call:
    return Call(tenant_id=world.tenant.id, actor="kenji", recorded_at=world.now, request_id="req-1")


def change(world: World, *, dry_run: bool = False, **changes: object) -> ChangedTenant:
    wanted = dict(changes)

    def changed(before: Tenant) -> Tenant:
        return replace(before, **wanted)  # type: ignore[arg-type]

    return change_tenant(world.documents, changed, call=call(world), dry_run=dry_run)


def stored(world: World) -> Tenant:
    return Tenants(world.documents).get(world.tenant.id)


def test_the_next_run_follows_the_new_settings_and_what_is_issued_stays(world: World) -> None:
    change(world, payment_terms_days=7, notes=("Thank you.",))
    world.travels_to("2026-03-01")
    world.runs_billing()
    first, second = world.invoices("acme")
    assert (str(first.due_on), first.notes) == ("2026-03-03", ())
    assert (str(second.due_on), second.notes) == ("2026-03-08", ("Thank you.",))


def test_approval_turned_on_holds_the_next_invoice(world: World) -> None:
    change(world, approval=True)
    world.travels_to("2026-03-01")
    world.runs_billing()
    assert sorted(each.status.value for each in world.invoices("acme")) == ["draft", "issued"]


def test_each_setting_is_one_audit_record_with_before_and_after(world: World) -> None:
    change(world, approval=True, guard=Guard(factor=Decimal(3), floor=5000))
    log = AuditLog.of(world.documents, world.tenant.id)
    records = [log.about(f"settings/{name}") for name in ("approval", "guard.factor", "guard.floor")]
    assert [(each.event, each.before, each.after, each.actor) for [each] in records] == [
        ("setting.changed", "off", "on", "kenji"),
        ("setting.changed", "", "3", "kenji"),
        ("setting.changed", "", "50.00", "kenji"),
    ]


def test_what_changes_nothing_and_a_dry_run_write_nothing(world: World) -> None:
    batches = len(world.collection("audit"))
    assert change(world, approval=False).changes == ()
    tried = change(world, dry_run=True, approval=True)
    assert [each.setting.name for each in tried.changes] == ["approval"]
    assert tried.tenant.approval
    assert not stored(world).approval
    assert len(world.collection("audit")) == batches


def test_two_changes_at_once_both_stand(world: World) -> None:
    """The first try is made of what another call changes at the same instant; it loses, and is made again."""
    others: list[dict[str, str]] = [{"footer": "Register court"}]

    def with_approval(before: Tenant) -> Tenant:
        if others:
            change(world, **others.pop())  # type: ignore[arg-type]
        return replace(before, approval=True)

    change_tenant(world.documents, with_approval, call=call(world))
    assert (stored(world).approval, stored(world).footer) == (True, "Register court")
    log = AuditLog.of(world.documents, world.tenant.id)
    assert [len(log.about(f"settings/{name}")) for name in ("approval", "footer")] == [1, 1]


def test_a_change_over_what_was_read_alone_does_not_happen_where_somebody_is_quicker(world: World) -> None:
    read = Tenants(world.documents).stored("acme").version
    others: list[dict[str, str]] = [{"footer": "Register court"}]

    def with_approval(before: Tenant) -> Tenant:
        if others:
            change(world, **others.pop())  # type: ignore[arg-type]
        return replace(before, approval=True)

    def only_what_was_read(version: str) -> None:
        if version != read:
            raise KeyError(version)

    with pytest.raises(KeyError):
        change_tenant(world.documents, with_approval, call=call(world), seen=only_what_was_read)
    assert (stored(world).approval, stored(world).footer) == (False, "Register court")


def test_a_series_that_gave_numbers_is_refused_and_its_order_is_not(world: World) -> None:
    with pytest.raises(FixedSetting, match=r"invoice_number\.format stays 'INV-.*', not 'X-"):
        change(world, numbers=NumberSeries(format="X-{year}-{month:02}-{sequence:04}"))
    change(world, numbers=NumberSeries(order=NumberOrder.SUBSCRIPTION))
    assert stored(world).numbers == NumberSeries(order=NumberOrder.SUBSCRIPTION)


def test_the_credit_notes_series_may_change_while_only_invoices_were_numbered(world: World) -> None:
    other = replace(world.tenant.credit_numbers, format="G-{year}-{month:02}-{sequence:04}")
    change(world, credit_numbers=other)
    assert stored(world).credit_numbers == other


def test_an_unknown_tenant_is_named(world: World) -> None:
    with pytest.raises(NotFound, match="no tenant 'nobody'"):
        change_tenant(world.documents, lambda each: each, call=replace(call(world), tenant_id="nobody"))
