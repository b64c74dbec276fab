"""What a run asks of the stores: few operations, and only its own tenant's documents."""

from typing import Any

from billing.adapters.counting import CountingDocuments, CountingObjects
from billing.ports import ChargeOrder, Documents, Fields, Succeeded, Update
from tests.builders import a_fee, a_meter, a_plan, a_tenant
from tests.collecting import SentMails, plain_mail
from tests.either_store import documents, firestore
from tests.reviewing import settings
from tests.watched_documents import WatchedDocuments
from tests.world import World, sqlite_in_memory

__all__ = ["documents", "firestore"]

PLAN = a_plan(fees=[a_fee("49.00")], metered=[a_meter("1.00")], anchor_day=1)
ORDINARY = 400
PAGES = ORDINARY // 200


def ordinary_book(documents: Documents) -> World:
    """400 customers with one subscription each and usage in one meter."""
    template = World()
    for subscription in template.book(ORDINARY, to=template.plan(PLAN), on="2026-01-01"):
        template.uses(subscription, "calls", "3", on="2026-01-20")
    world = World(documents=documents)
    world.copies(template)
    world.travels_to("2026-02-01")
    return world


def test_an_ordinary_invoice_takes_three_reads_and_four_writes_from_due_to_settled(documents: Documents) -> None:
    world = ordinary_book(documents)
    counted, objects = CountingDocuments(world.documents), CountingObjects(world.objects)
    report = world.runs_billing(through=counted, objects=objects)
    assert (len(report.invoices), report.settled) == (ORDINARY, ORDINARY)
    # read: subscription, customer, roll-up. A run adds tenant, tax rates, plan, counter, two counts of customers, the
    # end of the due list and the sweeps of invoices and of credit notes.
    assert counted.counts.reads == 3 * ORDINARY + 9
    # written: invoice, subscription, roll-up, and the invoice again when settled. A page adds its counter and audit
    # record, a run its own record.
    assert counted.counts.writes == 4 * ORDINARY + 2 * PAGES + 1
    assert objects.counts.objects == 2 * ORDINARY  # the PDF and the JSON beside it
    assert counted.counts.deletes == 0


class EveryCardPays:
    """The charges of a gateway, without one."""

    name = "stripe"
    looks_first = False

    def charge(self, order: ChargeOrder) -> Succeeded:
        return Succeeded(payment_id=f"pi-{order.invoice_id}", amount=order.amount, currency=order.currency)


def test_an_invoice_that_is_charged_and_mailed_takes_three_reads_and_five_writes(documents: Documents) -> None:
    world = ordinary_book(documents)
    for customer in world.collection("customers"):
        fields: Fields = {"collection_method": "charge_automatically", "gateway_id": "c", "payment_method_id": "m"}
        world.documents.commit([Update(customer.path, {**fields, "party": {"name": "Jo", "email": "jo@kunde.test"}})])
    settings(world, gateway="stripe", mail_sender="billing@acme.test")
    gateway: Any = EveryCardPays()
    world.gateway, world.mailer, world.compose = gateway, SentMails(), plain_mail
    counted, objects = CountingDocuments(world.documents), CountingObjects(world.objects)
    report = world.runs_billing(through=counted, objects=objects)
    assert (report.settled, report.collected.charged, report.collected.mailed) == (ORDINARY, ORDINARY, ORDINARY)
    # nothing is read again of what the run has just written; once whether a refund waits
    assert counted.counts.reads == 3 * ORDINARY + 10
    # the payment is written as well, and a page's audit record of what was paid
    assert counted.counts.writes == 5 * ORDINARY + 3 * PAGES + 1
    assert objects.counts.objects == 2 * ORDINARY


def test_a_run_with_nothing_due_reads_a_handful_and_writes_its_record() -> None:
    world = ordinary_book(sqlite_in_memory())
    world.runs_billing()
    counted = CountingDocuments(world.documents)
    world.runs_billing(through=counted)
    assert (counted.counts.reads, counted.counts.writes) == (6, 1)


def test_a_month_of_catch_up_costs_no_second_look_at_the_customer_s_subscription() -> None:
    world = World()
    world.book(100, to=world.plan(PLAN), on="2026-01-01")
    world.travels_to("2026-04-01")
    view = WatchedDocuments(world.documents)
    world.runs_billing(through=view)
    assert len(world.invoices()) == 300
    assert not any("/subscriptions/" in path for paths in view.reads for path in paths)


def test_a_run_touches_no_other_tenant_s_documents() -> None:
    documents = sqlite_in_memory()
    worlds = {name: World(documents=documents, tenant=a_tenant(id=name)) for name in ("alfa", "beta")}
    for world in worlds.values():
        world.book(5, to=world.plan(PLAN), on="2026-01-01")
        world.uses("sub-c0001", "calls", "3", on="2026-01-20")
        world.travels_to("2026-02-01")
    before = worlds["beta"].everything()
    view = WatchedDocuments(worlds["alfa"].documents)
    worlds["alfa"].runs_billing(through=view)
    assert {path.split("/")[1] for path in view.paths} == {"alfa"}
    assert all(path.startswith("tenants/alfa") for path in view.paths)
    assert worlds["beta"].everything() == before
    assert len(worlds["alfa"].invoices()) == 5
    worlds["beta"].runs_billing()
    assert worlds["beta"].numbers() == worlds["alfa"].numbers()


def test_equal_ids_of_two_tenants_file_their_pdfs_apart() -> None:
    documents = sqlite_in_memory()
    first = World(documents=documents, tenant=a_tenant(id="alfa"))
    second = World(documents=documents, tenant=a_tenant(id="beta"), objects=first.objects)
    for world in (first, second):
        world.subscribes("acme", to=world.plan(PLAN), on="2026-01-01")
        world.travels_to("2026-02-01")
        assert world.runs_billing().settled == 1
    assert first.objects.exists("invoices/alfa/2026/INV-2026-01-0001.pdf")
    assert first.objects.exists("invoices/beta/2026/INV-2026-01-0001.pdf")
