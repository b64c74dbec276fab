"""Whatever changes an invoice or a payment tells the tenant's own system, in the commit of the change, once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from billing.adapters.counting import CountingDocuments
from billing.domain.credit_request import AmountCredit, CreditRequest
from billing.domain.event import EventType
from billing.domain.invoice import CollectionMethod
from billing.domain.payment import RefundTarget
from billing.ports import Documents, GatewayDispute
from billing.sandbox.server import RunningSandbox
from billing.store.customers import Customers
from billing.usecases.follow_payment import follow_payment
from billing.usecases.issue_credit_note import issue_credit_note
from billing.usecases.record_payment import record_payment
from billing.usecases.refund_payment import RefundRequest, refund_payment
from billing.usecases.reissue_invoice import reissue_invoice
from billing.usecases.reverse_payment import dispute_payment, lose_part, reverse_payment, settle_dispute
from billing.usecases.void_invoice import void_invoice
from tests.builders import a_fee, a_plan, a_tenant
from tests.collected_invoice import CARD, bills, opened_page, pay_by_transfer, running, sandbox, the_invoice, unknown
from tests.collecting import CardWorld
from tests.listening import LISTENER, events, the_event, told
from tests.paying import cheque
from tests.reviewing import approve, settings
from tests.sandbox_client import browse
from tests.scenarios.test_run_operations import ORDINARY, ordinary_book
from tests.unpaid import NUMBER, fails, world
from tests.watched_documents import WatchedDocuments
from tests.world import World, sqlite_in_memory

__all__ = ["running", "sandbox", "world"]

ORDINARY_PLAN = a_plan(fees=[a_fee("49.00")], anchor_day=1)
INVOICE = "sub-lumen.20260101T000000Z.r0"


def by_wire(world: World) -> None:
    """An invoice of 49.00 that waits for a transfer."""
    world.customer("lumen", collection_method=CollectionMethod.SEND_INVOICE)
    world.subscribes("lumen", to=world.plans["plan@1"], on="2026-01-01")
    world.travels_to("2026-02-01")
    world.runs_billing()


def test_an_invoice_is_told_of_in_the_commit_that_issues_it(world: CardWorld) -> None:
    world.joins("lumen", collection_method=CollectionMethod.SEND_INVOICE)
    world.travels_to("2026-02-01")
    watched = WatchedDocuments(world.documents)
    world.runs_billing(through=watched)
    [issuing] = [each for each in watched.commits if any("/counters/" in write.path for write in each)]
    assert sum("/events/" in write.path for write in issuing) == 1
    [event] = events(world)
    assert (event.type, event.subject) == (EventType.INVOICE_ISSUED, f"invoices/{INVOICE}")
    assert event.fields == {
        "invoice_number": NUMBER,
        "customer_id": "lumen",
        "subscription_id": "sub-lumen",
        "status": "issued",
        "currency": "USD",
        "total": 4900,
        "amount_paid": 0,
        "amount_due": 4900,
        "due_on": "2026-03-03",
    }
    world.runs_billing()
    assert len(events(world)) == 1


def test_a_run_writes_one_event_an_invoice_and_reads_nothing_for_it() -> None:
    silent, listening = ordinary_book(sqlite_in_memory()), ordinary_book(sqlite_in_memory())
    settings(listening, event_url=LISTENER)
    counted = []
    for each in (silent, listening):
        documents = CountingDocuments(each.documents)
        each.runs_billing(through=documents)
        counted.append(documents.counts)
    assert (silent.collection("events"), len(listening.collection("events"))) == ([], ORDINARY)
    assert counted[1].reads == counted[0].reads
    assert counted[1].writes == counted[0].writes + ORDINARY


def test_a_page_for_nobody_makes_no_event(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hot path of the product: without an address not even an id is computed."""
    made: list[str] = []
    real = "billing.domain.invoice_events.event_of"
    monkeypatch.setattr(real, lambda type_, **_fields: made.append(type_))
    world = World()
    world.book(3, to=world.plan(ORDINARY_PLAN), on="2026-01-01")
    world.travels_to("2026-02-01")
    assert len(world.runs_billing().invoices) == 3
    assert made == []


def by_card(_sandbox: RunningSandbox, world: CardWorld) -> None:
    world.joins("lumen")
    bills(world)


def by_webhook(sandbox: RunningSandbox, world: CardWorld) -> None:
    """The answer to the charge is lost; the gateway's own report comes first, then the run asks too."""
    unknown(sandbox, world, "lose_answer")
    [intent] = world.account.v1.payment_intents.list().data
    for _ in range(2):
        follow_payment(world.documents, world.stripe.inner, intent.id, call=world.call())


def by_transfer(_sandbox: RunningSandbox, world: CardWorld) -> None:
    by_wire(world)
    pay_by_transfer(world, the_invoice(world))
    pay_by_transfer(world, the_invoice(world))


def by_page(_sandbox: RunningSandbox, world: CardWorld) -> None:
    by_wire(world)
    browse(opened_page(world, the_invoice(world)), CARD)
    [intent] = [each for each in world.account.v1.payment_intents.list().data if each.status == "succeeded"]
    follow_payment(world.documents, world.stripe.inner, intent.id, call=world.call())


def by_balance(_sandbox: RunningSandbox, world: CardWorld) -> None:
    world.customer("lumen", collection_method=CollectionMethod.SEND_INVOICE, credit_balance=4900)
    world.subscribes("lumen", to=world.plans["plan@1"], on="2026-01-01")
    bills(world)


def by_credit_note(_sandbox: RunningSandbox, world: CardWorld) -> None:
    by_wire(world)
    record_payment(world.documents, cheque(world, 1900, INVOICE), call=world.call())
    gives_credit(world, 3000)


def gives_credit(world: CardWorld, amount: int) -> None:
    request = CreditRequest(key="k1", what=AmountCredit(amount=amount), reason="outage")
    issue_credit_note(world.documents, NUMBER, request, call=world.call())


@pytest.mark.parametrize("way", [by_card, by_webhook, by_transfer, by_page, by_balance, by_credit_note])
def test_however_an_invoice_is_paid_it_is_told_once(
    sandbox: RunningSandbox, world: CardWorld, way: Callable[[RunningSandbox, CardWorld], None]
) -> None:
    way(sandbox, world)
    world.runs_billing(sweeps=True)
    assert told(world, of="invoices/").count("invoice.paid") == 1
    assert told(world, of="payments/") == ["payment.succeeded"]
    paid = the_event(world, EventType.INVOICE_PAID)
    assert (paid.fields["status"], paid.fields["amount_due"]) == ("paid", 0)


def test_what_happens_at_one_instant_is_told_in_its_order(world: CardWorld, sandbox: RunningSandbox) -> None:
    by_balance(sandbox, world)
    assert told(world, of="invoices/") == ["invoice.issued", "invoice.paid"]
    assert the_event(world, EventType.PAYMENT_SUCCEEDED).fields == {
        "customer_id": "lumen",
        "status": "succeeded",
        "currency": "USD",
        "amount": 4900,
        "amount_refunded": 0,
        "to_balance": 0,
        "source": "credit_balance",
        "method": "credit balance",
        "invoice_ids": (INVOICE,),
        "gateway_id": "",
    }


def test_a_card_that_is_declined_is_told_with_why(sandbox: RunningSandbox, world: CardWorld) -> None:
    fails(sandbox, world)
    types = ["invoice.issued", "payment.failed", "invoice.payment_failed", "dunning.entered"]
    assert sorted(told(world)) == sorted(types)
    failed = the_event(world, EventType.INVOICE_PAYMENT_FAILED).fields
    assert (failed["attempt"], failed["amount"], failed["code"]) == (1, 4900, "insufficient_funds")
    assert str(failed["gateway_id"]).startswith("pi_")
    assert the_event(world, EventType.PAYMENT_FAILED).fields == failed


def test_without_a_card_the_invoice_s_payment_failed_and_no_payment_did(world: CardWorld) -> None:
    world.joins("lumen", card=None)
    bills(world)
    assert sorted(told(world)) == ["dunning.entered", "invoice.issued", "invoice.payment_failed"]


def test_a_card_that_wants_its_holder_is_told(world: CardWorld) -> None:
    world.joins("lumen", card="pm_card_authenticationRequired")
    bills(world)
    assert the_event(world, EventType.INVOICE_ACTION_REQUIRED).fields["attempt"] == 1


def test_refunds_are_told_when_their_end_is_known(world: CardWorld) -> None:
    world.joins("lumen")
    bills(world)
    [payment] = world.payments()
    request = RefundRequest(
        id="r1", payment_id=payment.id, amount=1000, target=RefundTarget.METHOD, invoice_id=INVOICE, reason="goodwill"
    )
    for _ in range(2):
        refund_payment(world.documents, request, gateway=world.gateway, call=world.call())
    back = replace(request, id="r2", amount=500, target=RefundTarget.BALANCE)
    refund_payment(world.documents, back, gateway=world.gateway, call=world.call())
    assert sorted(told(world, of="payments/")) == ["payment.refunded", "payment.refunded", "payment.succeeded"]
    refunds = [each.fields for each in events(world) if each.type is EventType.PAYMENT_REFUNDED]
    said = {(each["refund_id"], each["refund_amount"], each["refund_to"], each["amount_refunded"]) for each in refunds}
    assert said == {("r1", 1000, "method", 1000), ("r2", 500, "balance", 1500)}
    assert told(world, of="invoices/").count("invoice.reopened") == 1


def test_a_refund_that_the_gateway_will_not_make_is_told(sandbox: RunningSandbox, world: CardWorld) -> None:
    world.joins("lumen")
    bills(world)
    [payment] = world.payments()
    [charge] = world.account.v1.charges.list().data
    world.account.v1.refunds.create({"charge": charge.id})  # by somebody at the gateway: nothing is left there
    request = RefundRequest(
        id="r1", payment_id=payment.id, amount=4900, target=RefundTarget.METHOD, invoice_id=INVOICE, reason="goodwill"
    )
    refund_payment(world.documents, request, gateway=world.gateway, call=world.call())
    failed = the_event(world, EventType.PAYMENT_REFUND_FAILED).fields
    assert (failed["refund_id"], failed["amount_refunded"]) == ("r1", 4900)


def test_a_dispute_is_told_and_how_it_ends(world: CardWorld) -> None:
    world.joins("lumen")
    bills(world)
    [payment] = world.payments()
    steps: list[Callable[[], object]] = [
        lambda: dispute_payment(world.documents, payment.id, reason="fraudulent", call=world.call()),
        lambda: settle_dispute(world.documents, payment.id, won=True, reason="proven", call=world.call()),
        lambda: reverse_payment(world.documents, payment.id, reason="bounced", call=world.call()),
        lambda: record_payment(world.documents, cheque(world, 4900, INVOICE), call=world.call()),
    ]
    for day, step in enumerate(steps, start=2):
        world.travels_to(f"2026-02-{day:02}")
        step()
    assert told(world, of=f"payments/{payment.id}") == [
        "payment.succeeded",
        "payment.disputed",
        "payment.dispute_won",
        "payment.reversed",
    ]
    of_invoice = [each for each in told(world, of="invoices/") if each.startswith("invoice.")]
    assert of_invoice == ["invoice.issued", "invoice.paid", "invoice.reopened", "invoice.paid"]


def test_a_lost_dispute_about_a_part_is_told_as_money_that_went_back_and_not_as_won(world: CardWorld) -> None:
    world.joins("lumen")
    bills(world)
    [payment] = world.payments()
    dispute_payment(world.documents, payment.id, reason="fraudulent", call=world.call())
    lost = GatewayDispute(id="du_1", amount=1000, is_lost=True)
    for _ in range(2):
        lose_part(world.documents, payment.id, lost, is_last=True, call=world.call())
    assert sorted(told(world, of="payments/")) == ["payment.disputed", "payment.refunded", "payment.succeeded"]
    said = the_event(world, EventType.PAYMENT_REFUNDED).fields
    assert (said["refund_id"], said["refund_amount"], said["status"]) == ("du_1", 1000, "succeeded")
    assert "invoice.reopened" in told(world, of="invoices/")


def test_a_credit_note_is_told_with_its_invoice(world: CardWorld) -> None:
    by_wire(world)
    world.travels_to("2026-02-02")
    gives_credit(world, 900)
    gives_credit(world, 900)
    assert told(world, of="invoices/") == ["invoice.issued", "invoice.credited"]
    credited = the_event(world, EventType.INVOICE_CREDITED).fields
    assert (credited["amount"], credited["amount_due"]) == (900, 4000)
    note = the_event(world, EventType.CREDIT_NOTE_ISSUED)
    assert note.fields == {
        "credit_note_number": "CN-2026-01-0001",
        "invoice_id": INVOICE,
        "customer_id": "lumen",
        "subscription_id": "sub-lumen",
        "currency": "USD",
        "total": 900,
        "balance_added": 0,
    }


def test_a_credit_of_what_is_paid_is_told_with_nothing_due_and_never_less(world: CardWorld) -> None:
    by_wire(world)
    pay_by_transfer(world, the_invoice(world))
    gives_credit(world, 1000)
    credited = the_event(world, EventType.INVOICE_CREDITED).fields
    assert (credited["amount"], credited["amount_paid"], credited["amount_due"]) == (1000, 4900, 0)


def test_a_void_invoice_and_its_next_revision_are_told(world: CardWorld) -> None:
    by_wire(world)
    world.travels_to("2026-02-02")
    for _ in range(2):
        void_invoice(world.documents, NUMBER, reason="wrong address", call=world.call())
    reissue_invoice(world.documents, NUMBER, call=world.call())
    assert told(world, of=f"invoices/{INVOICE}") == ["invoice.issued", "invoice.voided"]
    assert told(world, of="invoices/sub-lumen.20260101T000000Z.r1") == ["invoice.issued"]


def test_a_held_invoice_is_nobody_s_business_before_it_is_approved() -> None:
    world = World(tenant=a_tenant(approval=True, event_url=LISTENER))
    world.subscribes("ada", to=world.plan(ORDINARY_PLAN), on="2026-01-01")
    world.travels_to("2026-02-01")
    world.runs_billing()
    assert told(world) == []
    approve(world)
    approve(world)
    assert told(world) == ["invoice.issued"]


def test_an_overdue_invoice_is_told_before_its_case(world: CardWorld) -> None:
    by_wire(world)
    world.travels_to("2026-03-05")
    world.runs_dunning()
    assert told(world, of="invoices/")[:3] == ["invoice.issued", "invoice.overdue", "dunning.entered"]


def test_a_tenant_without_an_address_has_nothing_written_and_pays_one_read_a_payment(world: CardWorld) -> None:
    """A call from outside a run has not read the tenant's settings, and looks once something happened."""
    settings(world, event_url="")
    by_wire(world)
    watched = WatchedDocuments(world.documents)
    record_payment(watched, cheque(world, 4900, INVOICE), call=world.call())
    assert [paths for paths in watched.reads if "tenants/acme" in paths] == [["tenants/acme"]]
    documents: Documents = world.documents
    assert Customers.of(documents, "acme").get(["lumen"])[0] is not None
    assert world.collection("events") == []


def test_what_one_call_does_to_a_subject_in_several_commits_is_told_in_their_order(world: CardWorld) -> None:
    """As a bank statement does that takes a transfer back and brings another: in the end the invoice is paid."""
    by_wire(world)
    pay_by_transfer(world, the_invoice(world))
    world.travels_to("2026-02-10")
    call = world.call()
    reverse_payment(world.documents, "bank.1", reason="returned", call=call)
    pay_by_transfer(world, the_invoice(world), payment_id="bank.2", call=call)
    paid_and_owed = ("invoice.paid", "invoice.reopened")
    assert [each for each in told(world, of=f"invoices/{INVOICE}") if each in paid_and_owed] == [
        "invoice.paid",
        "invoice.reopened",
        "invoice.paid",
    ]
    latest = events(world, of=f"invoices/{INVOICE}")[-1]
    assert latest.occurred_at - call.recorded_at < timedelta(milliseconds=1)
