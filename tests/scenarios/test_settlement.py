"""What is pending outside the database is done once, whatever breaks in between."""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from itertools import count
from typing import Any

import orjson
import pytest

from billing.domain.invoice import Invoice, SettlementStep
from billing.domain.numbering import NumberSeries, Restart
from billing.ports import StoredObject, StoreUnavailable, Update, Write, WriteConflict
from billing.usecases.file_document import Files
from tests.builders import a_fee, a_plan, a_tenant
from tests.watched_documents import WatchedDocuments
from tests.world import ObjectsInMemory, World, plain_pdfs

PLAN = a_plan(fees=[a_fee("49.00")], anchor_day=1)


class Crash(BaseException):
    """The process is gone: nothing in the product may catch it."""


@pytest.fixture
def world() -> World:
    world = World()
    world.book(10, to=world.plan(PLAN), on="2026-01-01")
    world.travels_to("2026-02-01")
    return world


def objects_of(world: World) -> dict[str, bytes]:
    assert isinstance(world.objects, ObjectsInMemory)
    return world.objects.bodies


def undisturbed() -> dict[str, bytes]:
    """The objects of a run that nothing disturbed."""
    world = World()
    world.book(10, to=world.plan(PLAN), on="2026-01-01")
    world.travels_to("2026-02-01")
    world.runs_billing()
    return objects_of(world)


def test_each_invoice_has_its_pdf_and_its_json_beside_it(world: World) -> None:
    report = world.runs_billing()
    assert (report.settled, report.unsettled) == (10, 0)
    assert sorted(objects_of(world)) == sorted(
        f"invoices/acme/2026/INV-2026-01-{n:04}.{suffix}" for n in range(1, 11) for suffix in ("json", "pdf")
    )
    [first, *_] = world.invoices()
    assert [(each.key, each.content_type) for each in first.attachments] == [
        ("invoices/acme/2026/INV-2026-01-0001.pdf", "application/pdf"),
        ("invoices/acme/2026/INV-2026-01-0001.json", "application/json"),
    ]
    said = orjson.loads(objects_of(world)["invoices/acme/2026/INV-2026-01-0001.json"])
    assert (said["number"], said["total"], said["currency"]) == ("INV-2026-01-0001", 4900, "USD")


def test_a_slash_in_a_number_opens_no_folder() -> None:
    world = World(tenant=a_tenant(numbers=NumberSeries(format="{year}/{sequence}", restart=Restart.YEAR)))
    world.subscribes("acme", to=world.plan(PLAN), on="2026-01-01")
    world.travels_to("2026-02-01")
    world.runs_billing()
    assert sorted(objects_of(world)) == ["invoices/acme/2026/2026%2F1.json", "invoices/acme/2026/2026%2F1.pdf"]


def crash_before_the_fourth(_world: World) -> dict[str, Any]:
    def render(invoices: Sequence[Invoice]) -> Iterable[Files]:
        for number, pdf in enumerate(plain_pdfs(invoices)):
            if number == 3:
                raise Crash
            yield pdf

    return {"render": render}


def crash_after_the_fourth_object(world: World) -> dict[str, Any]:
    written = count(1)

    class Crashing(ObjectsInMemory):
        def put_new(self, key: str, body: bytes, *, content_type: str) -> StoredObject:
            stored = world.objects.put_new(key, body, content_type=content_type)
            if next(written) == 7:
                raise Crash
            return stored

    return {"objects": Crashing()}


def crash_before_the_steps_are_taken_off(world: World) -> dict[str, Any]:
    def before(writes: Sequence[Write]) -> None:
        if takes_steps_off(writes):
            raise Crash

    return {"through": WatchedDocuments(world.documents, before=before)}


@pytest.mark.parametrize(
    "crash", [crash_before_the_fourth, crash_after_the_fourth_object, crash_before_the_steps_are_taken_off]
)
def test_the_next_run_finishes_what_a_crash_left(world: World, crash: Callable[[World], dict]) -> None:
    with pytest.raises(Crash):
        world.runs_billing(**crash(world))
    assert {each.pending for each in world.invoices()} == {(SettlementStep.RENDER,)}
    report = world.runs_billing()
    assert (report.invoices, report.settled) == ([], 10)
    assert objects_of(world) == undisturbed()
    assert {(each.pending, len(each.attachments)) for each in world.invoices()} == {((), 2)}
    assert world.runs_billing().settled == 0


def test_an_invoice_that_changed_meanwhile_is_settled_and_keeps_what_was_changed(world: World) -> None:
    def pays(writes: Sequence[Write]) -> None:
        if takes_steps_off(writes) and world.invoices("c0004")[0].amount_paid == 0:
            world.damages("invoices/sub-c0004.20260101T000000Z.r0", {"amount_paid": 4900, "status": "paid"})

    report = world.runs_billing(through=WatchedDocuments(world.documents, before=pays), sweeps=False)
    assert (report.settled, report.unsettled) == (10, 0)
    [invoice] = world.invoices("c0004")
    assert (invoice.amount_paid, invoice.pending, len(invoice.attachments)) == (4900, (), 2)


def test_an_invoice_that_never_holds_still_keeps_its_steps_for_the_next_run(world: World) -> None:
    times = count(1)

    def pays(writes: Sequence[Write]) -> None:
        if takes_steps_off(writes):
            world.damages("invoices/sub-c0004.20260101T000000Z.r0", {"amount_paid": next(times)})

    report = world.runs_billing(through=WatchedDocuments(world.documents, before=pays), sweeps=False)
    assert [(each.invoice_id, each.code) for each in report.settlement_failures.values()] == [
        ("sub-c0004.20260101T000000Z.r0", "write_conflict")
    ]
    assert (report.settled, world.runs_billing().settled) == (9, 1)
    # the files say what was issued, so that one made late is the same as one made at once
    assert objects_of(world) == undisturbed()


def test_an_invoice_that_another_run_settled_meanwhile_is_neither_done_twice_nor_a_failure(world: World) -> None:
    def settles(writes: Sequence[Write]) -> None:
        if takes_steps_off(writes) and world.invoices("c0004")[0].pending:
            world.runs_billing()

    report = world.runs_billing(through=WatchedDocuments(world.documents, before=settles), sweeps=False)
    assert (report.settled, report.unsettled) == (0, 0)
    assert {each.pending for each in world.invoices()} == {()}


def takes_steps_off(writes: Sequence[Write]) -> bool:
    return any(isinstance(write, Update) and "attachments" in write.fields for write in writes)


def refusing(*names: str) -> Callable[[Sequence[Invoice]], Iterable[Files]]:
    """A renderer that can't draw some customers' invoices."""

    def render(invoices: Sequence[Invoice]) -> Iterable[Files]:
        for invoice, pdf in zip(invoices, plain_pdfs(invoices), strict=True):
            if invoice.customer_id in names:
                msg = f"no glyphs for {invoice.customer_id}"
                raise ValueError(msg)
            yield pdf

    return render


@pytest.mark.parametrize("names", [("c0000",), ("c0004", "c0005"), ("c0009",)], ids=["first", "two", "last"])
def test_one_pdf_that_cannot_be_drawn_stops_neither_the_others_nor_the_run(world: World, names: tuple) -> None:
    report = world.runs_billing(render=refusing(*names))
    assert (len(report.invoices), report.settled, report.unsettled) == (10, 10 - len(names), len(names))
    assert [(each.code, each.message) for each in report.settlement_failures.values()] == [
        ("unexpected_error", f"ValueError: no glyphs for {name}") for name in names
    ]
    assert {each.customer_id for each in world.invoices() if each.pending} == set(names)
    repaired = world.runs_billing()
    assert (repaired.settled, repaired.unsettled) == (len(names), 0)
    assert objects_of(world) == undisturbed()


def test_an_invoice_that_a_renderer_leaves_out_is_named(world: World) -> None:
    report = world.runs_billing(render=lambda invoices: list(plain_pdfs(invoices))[:4], sweeps=False)
    # of ten it makes four, of the five after the fifth it makes four
    assert (report.settled, sorted(each.customer_id for each in world.invoices() if each.pending)) == (
        8,
        ["c0004", "c0009"],
    )
    assert {each.message for each in report.settlement_failures.values()} == {
        "ValueError: the renderer made no PDF of it"
    }


def test_what_failed_on_its_page_and_was_swept_afterwards_is_no_failure(world: World) -> None:
    asked = count(1)

    def weary(invoices: Sequence[Invoice]) -> Iterable[Files]:
        return refusing(*(["c0003"] if next(asked) == 1 else []))(invoices)

    report = world.runs_billing(render=weary)
    assert (report.settled, report.unsettled) == (10, 0)


def test_an_object_store_that_is_away_leaves_the_invoices_to_the_next_run(world: World) -> None:
    class Away(ObjectsInMemory):
        def put_new(self, key: str, body: bytes, *, content_type: str) -> StoredObject:
            raise StoreUnavailable("objects", reason="down")

    report = world.runs_billing(objects=Away(), sweeps=False)
    assert (len(report.invoices), report.settled, report.unsettled) == (10, 0, 10)
    assert {each.code for each in report.settlement_failures.values()} == {"store_unavailable"}
    assert world.runs_billing().settled == 10
    assert objects_of(world) == undisturbed()


def test_an_object_of_other_content_is_never_replaced_nor_attached(world: World) -> None:
    key = "invoices/acme/2026/INV-2026-01-0003.pdf"
    world.objects.put_new(key, b"somebody else's", content_type="application/pdf")
    report = world.runs_billing()
    [failure] = report.settlement_failures.values()
    assert (failure.code, report.settled) == ("object_exists", 9)
    assert (world.objects.get(key), world.invoices("c0002")[0].attachments) == (b"somebody else's", ())


def test_a_newer_program_finishes_what_an_older_one_left_with_the_files_that_stand(world: World) -> None:
    with pytest.raises(Crash):
        world.runs_billing(**crash_before_the_steps_are_taken_off(world))
    before = dict(objects_of(world))
    report = world.runs_billing(render=lambda invoices: ({"pdf": b"%PDF in a new look"} for _ in invoices))
    assert (report.settled, report.unsettled) == (10, 0)
    assert objects_of(world) == before
    pdf = world.invoices()[0].attachments[0]
    assert (pdf.size, pdf.sha256) == (len(before[pdf.key]), sha256(before[pdf.key]).hexdigest())


def test_a_file_made_late_says_what_was_issued_and_not_what_was_paid_since(world: World) -> None:
    with pytest.raises(Crash):
        world.runs_billing(**crash_before_the_fourth(world))
    world.damages(
        "invoices/sub-c0004.20260101T000000Z.r0",
        {"amount_paid": 4900, "amount_credited": 0, "status": "paid", "paid_at": "2026-02-02T00:00:00+00:00"},
    )
    assert world.runs_billing().settled == 10
    assert objects_of(world) == undisturbed()


def test_an_unreadable_invoice_stops_no_sweep(world: World) -> None:
    with pytest.raises(Crash):
        world.runs_billing(**crash_before_the_fourth(world))
    whole = world.damages("invoices/sub-c0001.20260101T000000Z.r0", {"lines": "none"})
    report = world.runs_billing()
    assert (report.settled, report.unsettled) == (9, 1)
    world.damages("invoices/sub-c0001.20260101T000000Z.r0", whole)
    assert world.runs_billing().settled == 1


def test_a_lost_answer_to_taking_the_steps_off_is_found_done_by_the_next_run(world: World) -> None:
    def lost(writes: Sequence[Write]) -> None:
        if takes_steps_off(writes):
            raise WriteConflict(None, reason="it has changed")

    report = world.runs_billing(through=WatchedDocuments(world.documents, after=lost), sweeps=False)
    assert (report.settled, report.unsettled) == (0, 0)  # not done by anything this run knows of, but done
    assert world.runs_billing().settled == 0
    assert {each.pending for each in world.invoices()} == {()}
