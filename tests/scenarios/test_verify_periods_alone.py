"""Verifying the running month and the one before: it reads what belongs to them, however old the books are."""

from collections.abc import Iterator
from typing import Any

import pytest

from billing.adapters.counting import CountingDocuments
from billing.domain.errors import InvalidInput
from billing.domain.numbering import NumberSeries, Restart
from billing.domain.subscription_changes import end_subscription
from billing.ports import Delete, Documents, OperationCounts
from billing.store.audit import AuditLog
from billing.store.subscriptions import subscription_fields
from billing.usecases.call import Call
from billing.usecases.record_payment import record_payment
from billing.usecases.seal_audit import seal_audit
from billing.usecases.verify import VerifyReport, VerifyRequest, verify
from tests.builders import a_fee, a_plan, utc
from tests.covered_documents import CoveredDocuments
from tests.either_store import documents as store
from tests.either_store import firestore
from tests.paying import cheque
from tests.reviewing import call, settings, void
from tests.world import World

__all__ = ["firestore", "store"]

MONTHLY = a_plan(fees=[a_fee("49.00")], anchor_day=1)
ACCOUNTS = 20


@pytest.fixture
def world() -> World:
    return with_accounts(ACCOUNTS)


def with_accounts(number: int) -> World:
    world = World()
    world.book(number, to=world.plan(MONTHLY), on="2025-01-01")
    return world


def months(world: World, *firsts: str) -> None:
    """Bill the month that ended on each of these days, have every invoice paid and the log sealed."""
    for first in firsts:
        world.travels_to(first)
        world.runs_billing()
        for invoice in world.invoices():
            if invoice.amount_due:
                pays(world, invoice.id, amount=invoice.amount_due)
        seal_audit(world.documents, call=call(world))


def pays(world: World, invoice_id: str, *, amount: int) -> None:
    record_payment(world.documents, cheque(world, amount, invoice_id, id=f"pay-{invoice_id}"), call=call(world))


def nightly(world: World, *periods: str, **more: Any) -> VerifyReport:  # noqa: ANN401 - how it is verified
    asked = VerifyRequest(tenant_id="acme", as_of=world.now, objects=False, events=False, periods=periods)
    documents = more.pop("documents", world.documents)
    return verify(CoveredDocuments(documents), world.objects, asked, **more)


def named(report: VerifyReport) -> list[tuple[str, str]]:
    return [(each.kind.value, each.entity) for each in report.findings.kept]


def cost(world: World, *periods: str) -> OperationCounts:
    documents = CountingDocuments(world.documents)
    assert named(nightly(world, *periods, documents=documents)) == []
    return documents.counts


def test_a_night_of_old_books_reads_no_more_than_one_of_young_books(world: World) -> None:
    months(world, "2025-02-01", "2025-03-01", "2025-04-01")
    young = cost(world, "2025-03", "2025-04")
    months(world, *(f"2025-{month:02}-01" for month in range(5, 13)))
    old = cost(world, "2025-11", "2025-12")

    assert len(world.invoices()) == 11 * ACCOUNTS
    # Of each account its invoice, subscription, customer and payment, and the subscription again for its dates; of the
    # log each payment and run since November began. The rest is the tenant's, its plan, counter and seals: the books
    # that are eight months older have eight of those more.
    per_account, the_log = 5 * ACCOUNTS, 3 * (ACCOUNTS + 1)
    assert old.reads == per_account + the_log + 18
    assert old.reads - young.reads == 7


def test_both_periods_are_verified_at_once(world: World) -> None:
    months(world, "2025-02-01", "2025-03-01")
    for month in ("01", "02"):
        world.damages(f"invoices/sub-c0001.2025{month}01T000000Z.r0", {"total": 1})

    told = {entity for _, entity in named(nightly(world, "2025-01", "2025-02"))}

    assert told >= {f"invoices/sub-c0001.2025{month}01T000000Z.r0" for month in ("01", "02")}


def test_a_void_invoice_of_a_period_is_verified_though_it_stands_in_no_month(world: World) -> None:
    months(world, "2025-02-01")
    world.travels_to("2025-03-01")
    world.runs_billing()
    void(world, "sub-c0001.20250201T000000Z.r0")
    assert named(nightly(world, "2025-02", "2025-03")) == []

    world.damages("invoices/sub-c0001.20250201T000000Z.r0", {"total": 1})

    told = set(named(nightly(world, "2025-02", "2025-03")))
    assert ("invoice_differs", "invoices/sub-c0001.20250201T000000Z.r0") in told
    assert named(nightly(world, "2025-03")) == []


@pytest.mark.parametrize("month", ["02", "03"])
def test_an_invoice_that_is_gone_is_missed_by_its_number_its_period_and_its_record(world: World, month: str) -> None:
    months(world, "2025-02-01", "2025-03-01", "2025-04-01")
    world.documents.commit([Delete(f"tenants/acme/invoices/sub-c0007.2025{month}01T000000Z.r0")])

    kinds = [kind for kind, _ in named(nightly(world, "2025-02", "2025-03"))]

    assert sorted(kinds) == ["invoice_missing", "number_missing", "period_not_billed"]


def test_the_last_numbers_of_the_month_before_are_asked_for_and_no_earlier_ones(world: World) -> None:
    settings(world, numbers=NumberSeries(format="INV-{year}-{sequence:04}", restart=Restart.YEAR))
    months(world, "2025-02-01", "2025-03-01", "2025-04-01", "2025-05-01")
    for month, account in (("03", "19"), ("01", "07")):
        world.documents.commit([Delete(f"tenants/acme/invoices/sub-c00{account}.2025{month}01T000000Z.r0")])

    [found] = nightly(world, "2025-04", "2025-05").findings.kept

    assert (found.kind.value, found.name) == ("number_missing", "INV-2025-0060")


def test_an_invoice_whose_record_is_gone_is_named(world: World) -> None:
    months(world, "2025-02-01")
    assert named(nightly(world, "2025-01", "2025-02")) == []
    [run] = [each for each in world.collection("audit") if len(each.fields["entities"]) > 2]  # type: ignore[arg-type]
    world.documents.commit([Delete(run.path)])

    told = named(nightly(world, "2025-01", "2025-02"))

    assert [kind for kind, _ in told] == ["audit_missing"] * ACCOUNTS


def test_a_subscription_that_ended_in_a_period_is_walked_and_one_that_ended_before_is_not_read(world: World) -> None:
    months(world, "2025-02-01")
    for account, end in (("c0001", "2025-02-01"), ("c0002", "2025-03-11")):
        ended = end_subscription(world.subscription(f"sub-{account}"), at=utc(end))
        world.damages(f"subscriptions/sub-{account}", subscription_fields(ended))
    months(world, "2025-03-01", "2025-04-01")
    assert nightly(world, "2025-03", "2025-04").read["subscriptions"] == ACCOUNTS - 1
    world.documents.commit([Delete("tenants/acme/invoices/sub-c0002.20250301T000000Z.r0")])

    told = named(nightly(world, "2025-03", "2025-04"))

    assert ("period_not_billed", "subscriptions/sub-c0002") in told


def test_a_bill_that_was_recorded_before_its_period_began_has_its_record(world: World) -> None:
    months(world, "2025-02-01")
    world.documents.commit([Delete(each.path) for each in world.collection("audit")])
    early = Call(tenant_id="acme", actor="ada", recorded_at=utc("2024-11-05"))
    entities = [f"invoices/{each.id}" for each in world.invoices()]
    issued = [early.record(each, "invoice.issued", after="issued") for each in entities]
    log = AuditLog.of(world.documents, "acme")
    world.documents.commit([log.batch(issued, batch_id="early", recorded_at=early.recorded_at)])

    assert named(nightly(world, "2025-01", "2025-02")) == []


def test_seals_of_the_periods_are_checked_and_the_one_before_them_is_what_they_follow(world: World) -> None:
    months(world, "2025-02-01", "2025-03-01", "2025-04-01", "2025-05-01")  # three seals: of February, March and April
    first, second = "audit_seals/0000000001", "audit_seals/0000000002"

    for damaged in (second, first):
        before = world.damages(damaged, {"digest": "0" * 64})
        assert named(nightly(world, "2025-04", "2025-05")) == [("audit_seal_altered", second)]
        world.damages(damaged, before)
    world.documents.commit([Delete(f"tenants/acme/{first}")])
    assert named(nightly(world, "2025-04", "2025-05")) == [("audit_seal_missing", first)]


def in_slices(world: World, *periods: str) -> Iterator[VerifyReport]:
    """Whoever is asked whether time is up says so, but for the first time in each slice."""
    goes_on_from, first = "", True
    while first or goes_on_from:
        asked = iter([False])
        report = nightly(world, *periods, out_of_time=lambda it=asked: next(it, True), start=goes_on_from)
        yield report
        goes_on_from, first = report.goes_on_from, False


def test_a_verification_cut_into_slices_finds_the_same_and_computes_nothing_twice() -> None:
    world = with_accounts(501)
    world.travels_to("2025-02-01")
    world.runs_billing()
    world.documents.commit([Delete("tenants/acme/invoices/sub-c0007.20250101T000000Z.r0")])
    world.damages("invoices/sub-c0499.20250101T000000Z.r0", {"total": 1})
    whole = nightly(world, "2025-01", "2025-02")

    slices = [*in_slices(world, "2025-01", "2025-02")]

    assert len(slices) > 5
    assert sorted(told for each in slices for told in named(each)) == sorted(named(whole))
    assert sum(each.read["recomputed"] for each in slices) == whole.read["recomputed"] == 500


def test_every_store_answers_what_a_night_asks_slice_by_slice_too(store: Documents) -> None:
    world = World(documents=store)
    world.book(3, to=world.plan(MONTHLY), on="2025-01-01")
    ended = end_subscription(world.subscription("sub-c0001"), at=utc("2025-02-11"))
    world.damages("subscriptions/sub-c0001", subscription_fields(ended))
    months(world, "2025-02-01")
    world.travels_to("2025-03-01")
    world.runs_billing()
    void(world, "sub-c0002.20250201T000000Z.r0")
    pays(world, "sub-c0001.20250201T000000Z.r0", amount=100)

    whole = nightly(world, "2025-02", "2025-03")
    slices = [*in_slices(world, "2025-02", "2025-03")]

    assert (named(whole), whole.read["subscriptions"], whole.read["payments"]) == ([], 3, 1)
    assert [told for each in slices for told in named(each)] == []
    assert sum(each.read["subscriptions"] for each in slices) == 3


def test_a_place_that_no_verification_named_is_refused(world: World) -> None:
    months(world, "2025-02-01")
    for place in ("verify/", "verify/[1]", 'verify/["nowhere",0,null]', "invoices/x"):
        with pytest.raises(InvalidInput):
            nightly(world, "2025-01", start=place)
