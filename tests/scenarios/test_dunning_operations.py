"""What a dunning run asks of the store: it reads the cases that are due and no other, however many are open."""

from typing import Any

from billing.adapters.counting import CountingDocuments
from billing.domain.dunning_report import DunningReport
from billing.domain.invoice import CollectionMethod
from billing.ports import Documents, Fields, OperationCounts, Put
from billing.sandbox.server import RunningSandbox
from billing.usecases.dunning_run import DunningRequest
from billing.usecases.run_dunning import run_dunning
from tests.collected_invoice import bills, running, sandbox, the_invoice, world
from tests.collecting import CardWorld

__all__ = ["running", "sandbox", "world"]

DUE = 100
REST = 4_950


def counted_run(world: CardWorld) -> tuple[DunningReport, OperationCounts]:
    documents: Documents = world.documents
    counted = CountingDocuments(documents)
    request = DunningRequest(tenant_id="acme", as_of=world.now, run_id="counted", actor="scheduler")
    return run_dunning(counted, request, world.dunning_parts()), counted.counts


def invoice_fields(world: CardWorld, name: str) -> Fields:
    stored = world.stored(f"invoices/{the_invoice(world, name).id}")
    assert stored is not None
    return stored.fields


def copies(world: CardWorld, fields: Fields, *, number: int, named: str, customers: bool = False) -> None:
    """So many invoices like one, each of a customer of its own if wished."""
    customer = world.stored(f"customers/{fields['customer_id']}")
    assert customer is not None
    writes: list[Any] = []
    for each in range(number):
        name = f"{named}-{each:04}"
        changes: Fields = {"id": name, "number": f"INV-{name}", "subscription_id": f"sub-{name}"}
        if customers:
            changes["customer_id"] = name
            writes.append(Put(f"tenants/acme/customers/{name}", {**customer.fields, "id": name}))
        writes.append(Put(f"tenants/acme/invoices/{name}", {**fields, **changes}))
    for start in range(0, len(writes), 400):
        world.documents.commit(writes[start : start + 400])


def test_of_ten_thousand_open_invoices_only_the_hundred_that_are_due_are_read(world: CardWorld) -> None:
    """Due on 3 March: day 0 is 4 March, the reminder goes out on 7 March. 4,950 wait for day 7, 4,950 are not due."""
    world.joins("wire", collection_method=CollectionMethod.SEND_INVOICE)
    bills(world)
    not_due = invoice_fields(world, "wire")
    world.travels_to("2026-03-04T01:00")
    world.runs_dunning()
    due = invoice_fields(world, "wire")
    world.travels_to("2026-03-07T01:00")
    world.runs_dunning()
    copies(world, invoice_fields(world, "wire"), number=REST, named="resting")
    copies(world, {**not_due, "due_on": "2026-03-20"}, number=REST, named="issued")
    copies(world, due, number=DUE, named="due", customers=True)

    report, counts = counted_run(world)

    assert (report.actions, report.complete, report.failures) == ({"reminder": DUE}, True, [])
    # a case is found by its index (1), its customer read beside it; both are read again before its mail, again before
    # it is written, and once more until it rests: 8 reads. A run adds its tenant, the end of what fell overdue, and
    # the end of what is due.
    assert counts.reads == 8 * DUE + 3
    # the claim, the step and its audit record; the run's own record. No event: the tenant has no address for any
    assert counts.writes == 3 * DUE + 1


def test_a_retry_that_recovers_takes_sixteen_reads_and_ten_writes(sandbox: RunningSandbox, world: CardWorld) -> None:
    world.joins("lumen", card=None)
    card = world.saves_card("lumen")
    sandbox.control("POST", f"payment_methods/{card}/decline", {"code": "insufficient_funds"})
    bills(world)
    world.travels_to("2026-02-01T01:00")
    world.runs_dunning()
    sandbox.control("POST", f"payment_methods/{card}/decline", {"code": None})
    world.travels_to("2026-02-04T01:00")

    report, counts = counted_run(world)

    assert report.actions == {"recovered": 1}
    # The step reads the case by its index, its customer, the invoice before the charge and after it, invoice and
    # customer before it is written, then the case that is over three times: invoice, invoice, customer. The charge
    # reads invoice, customer, tenant, the invoice for other ways to pay, and what it came to. A run adds its tenant
    # and the end of what fell overdue.
    assert counts.reads == 9 + 5 + 2
    # the claim with the card's try; the attempt and its record; invoice, payment and record of what was paid; the step
    # and its record; the run's own record
    assert counts.writes == 2 + 2 + 3 + 2 + 1


def test_a_day_on_which_nothing_is_due_costs_three_reads_and_the_run_s_record(world: CardWorld) -> None:
    world.joins("wire", collection_method=CollectionMethod.SEND_INVOICE)
    bills(world)

    report, counts = counted_run(world)

    assert (report.processed, counts.reads, counts.writes) == (0, 3, 1)
