"""Out of dunning, whichever way the money comes or the debt goes: in the same commit, once, and the service is back."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from billing.domain.bank import BankEntry, EntryKind, Statement, StatementFormat
from billing.domain.credit_request import CreditRequest, WholeCredit
from billing.domain.dunning_policy import CaseState
from billing.domain.errors import InvalidInput, NotFound
from billing.domain.event import EventType
from billing.domain.invoice import BankDetails, Invoice, InvoiceStatus
from billing.ports import Document, Query, StoreUnavailable, Write
from billing.sandbox.server import RunningSandbox
from billing.store.tenants import Tenants
from billing.usecases.charge_invoice import charge_invoice
from billing.usecases.follow_checkout import follow_checkout
from billing.usecases.give_service_back import give_service_back
from billing.usecases.issue_credit_note import issue_credit_note
from billing.usecases.reconcile import ReconcileOptions, reconcile
from billing.usecases.record_payment import record_payment
from billing.usecases.reverse_payment import reverse_payment
from billing.usecases.void_invoice import void_invoice
from billing.usecases.write_off_invoice import write_off_invoice
from tests.collected_invoice import CARD, opened_page, pay_by_transfer, running, sandbox, the_invoice
from tests.collecting import CardWorld
from tests.paying import cheque
from tests.sandbox_client import browse
from tests.unpaid import (
    ADDRESS,
    NUMBER,
    declines,
    dunned_on,
    fails,
    pages,
    recorded,
    suspended,
    the_case,
    the_customer,
    told,
    world,
)
from tests.watched_documents import WatchedDocuments

__all__ = ["running", "sandbox", "world"]

IBAN = "DE75512108001245126199"
AFTERWARDS = ("2026-02-23", "2026-03-01", "2026-03-15", "2026-04-30")
Way = Callable[[RunningSandbox, CardWorld], object]


def by_card(sandbox: RunningSandbox, world: CardWorld) -> None:
    declines(sandbox, the_invoice(world).attempts[-1].method_id, None)
    assert world.gateway is not None
    charge_invoice(world.documents, the_invoice(world).id, gateway=world.gateway, call=world.call())


def on_the_hosted_page(_sandbox: RunningSandbox, world: CardWorld) -> None:
    assert browse(opened_page(world, the_invoice(world)), CARD).status == 303
    follow_checkout(world.documents, pages(world), the_invoice(world).checkout_id, call=world.call())


def by_transfer(_sandbox: RunningSandbox, world: CardWorld) -> None:
    world.tenant = replace(world.tenant, bank=BankDetails(account_holder="Acme", iban=IBAN))
    world.documents.commit([Tenants(world.documents).saving(world.tenant)])
    day = world.now.date()
    entry = BankEntry(
        kind=EntryKind.CREDIT, amount=4900, currency="USD", booked_on=day, valued_on=day, remittance=NUMBER
    )
    statement = Statement(format=StatementFormat.CAMT053, account=IBAN, number="3", currency="USD", entries=(entry,))
    reconcile(world.documents, [statement], call=world.call(), options=ReconcileOptions())


def by_hand(_sandbox: RunningSandbox, world: CardWorld) -> None:
    pays(world, 4900)


def by_credit_note(_sandbox: RunningSandbox, world: CardWorld) -> None:
    request = CreditRequest(key="k1", what=WholeCredit(), reason="outage")
    issue_credit_note(world.documents, NUMBER, request, call=world.call())


def by_voiding(_sandbox: RunningSandbox, world: CardWorld) -> None:
    void_invoice(world.documents, NUMBER, reason="wrong address", call=world.call())


def by_writing_off(_sandbox: RunningSandbox, world: CardWorld) -> None:
    write_off_invoice(world.documents, NUMBER, reason="insolvent", call=world.call())


WAYS: Sequence[tuple[Way, InvoiceStatus, CaseState]] = [
    (by_card, InvoiceStatus.PAID, CaseState.PAID),
    (on_the_hosted_page, InvoiceStatus.PAID, CaseState.PAID),
    (by_transfer, InvoiceStatus.PAID, CaseState.PAID),
    (by_hand, InvoiceStatus.PAID, CaseState.PAID),
    (by_credit_note, InvoiceStatus.PAID, CaseState.PAID),
    (by_voiding, InvoiceStatus.VOID, CaseState.VOID),
]


def pays(world: CardWorld, amount: int, *, name: str = "cheque-1") -> Invoice:
    """Somebody books money by hand."""
    new = cheque(world, amount, the_invoice(world).id, id=name)
    return record_payment(world.documents, new, call=world.call()).invoices[0]


def chased(world: CardWorld) -> int:
    """How many mails asked for money."""
    kinds = {"payment_failed", "payment_reminder", "urgent_notice", "final_notice", "service_suspended"}
    return sum(mail.subject.split()[0] in kinds for mail in world.sent.sent)


def test_what_is_given_up_leaves_the_service_suspended_until_money_comes_all_the_same(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    suspended(sandbox, world)
    asked = chased(world)
    world.travels_to("2026-02-22T12:00")
    by_writing_off(sandbox, world)
    dunned_on(world, *AFTERWARDS)
    assert (the_invoice(world).status, the_case(world).state, chased(world)) == (
        InvoiceStatus.UNCOLLECTIBLE,
        CaseState.WRITTEN_OFF,
        asked,
    )
    assert the_customer(world).suspended_at is not None
    pays(world, 4900)
    assert (the_invoice(world).status, the_case(world).state) == (InvoiceStatus.PAID, CaseState.PAID)
    assert the_customer(world).suspended_at is None
    assert told(world).count(EventType.CUSTOMER_RESTORED) == 1


def test_somebody_gives_the_service_back_by_hand_and_it_is_not_suspended_again_for_the_same_invoice(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    suspended(sandbox, world)
    world.travels_to("2026-02-22T12:00")
    for _ in range(2):
        give_service_back(world.documents, "lumen", note="promised by phone", call=world.call())
    assert the_customer(world).suspended_at is None
    assert told(world).count(EventType.CUSTOMER_RESTORED) == 1
    dunned_on(world, *AFTERWARDS)
    assert (the_customer(world).suspended_at, the_case(world).state) == (None, CaseState.SUSPENDED)
    with pytest.raises(InvalidInput, match="note"):
        give_service_back(world.documents, "lumen", note=" ", call=world.call())
    with pytest.raises(NotFound):
        give_service_back(world.documents, "nobody", note="x", call=world.call())


@pytest.mark.parametrize(("way", "status", "state"), WAYS, ids=[way.__name__ for way, _, _ in WAYS])
def test_a_suspended_case_is_over_at_once_its_service_back_and_nobody_is_chased_again(
    sandbox: RunningSandbox, world: CardWorld, way: Way, status: InvoiceStatus, state: CaseState
) -> None:
    suspended(sandbox, world)
    asked = chased(world)
    world.travels_to("2026-02-22T12:00")
    way(sandbox, world)
    charges = world.stripe.calls.count("charge")

    assert (the_invoice(world).status, the_case(world).state) == (status, state)
    assert the_customer(world).suspended_at is None
    last = recorded(world)[-1]
    assert (last.event, last.before, last.after, last.at) == ("dunning.left", "suspended", state.value, world.now)
    assert told(world).count(EventType.DUNNING_LEFT) == told(world).count(EventType.CUSTOMER_RESTORED) == 1
    dunned_on(world, *AFTERWARDS)
    assert (chased(world), world.stripe.calls.count("charge")) == (asked, charges)
    assert world.sent.kinds(ADDRESS).count("service_restored") == 1
    assert [each.event for each in recorded(world)].count("dunning.left") == 1


@pytest.mark.parametrize(("way", "status", "state"), WAYS, ids=[way.__name__ for way, _, _ in WAYS])
def test_every_change_of_state_from_the_first_to_the_last_is_in_the_audit_log(
    sandbox: RunningSandbox, world: CardWorld, way: Way, status: InvoiceStatus, state: CaseState
) -> None:
    fails(sandbox, world)
    dunned_on(world, "2026-02-01", "2026-02-04")
    world.travels_to("2026-02-05")
    way(sandbox, world)
    changes = [(each.before, each.after) for each in recorded(world) if each.before != each.after]
    assert changes == [
        ("issued", "payment_attempted"),
        ("payment_attempted", "retry_scheduled"),
        ("retry_scheduled", "reminder_sent"),
        ("reminder_sent", state.value),
    ]
    assert the_invoice(world).status is status
    assert [each.value for each in told(world) if each.value.startswith("dunning.")] == [
        "dunning.entered",
        "dunning.step",
        "dunning.step",
        "dunning.left",
    ]


def test_a_part_of_it_paid_the_case_stays_as_it_was_and_the_rest_pays_it(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    suspended(sandbox, world)
    before = the_case(world)
    assert pays(world, 1000).amount_due == 3900
    assert (the_case(world), the_customer(world).suspended_at) == (before, world.now)
    assert recorded(world)[-1].event != "dunning.left"
    pays(world, 3900, name="cheque-2")
    assert (the_case(world).state, the_customer(world).suspended_at) == (CaseState.PAID, None)


def test_an_invoice_that_the_balance_pays_when_it_is_issued_is_never_a_case(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    fails(sandbox, world)
    pays(world, 4900 + 4900)
    world.travels_to("2026-03-01")
    world.runs_billing()
    first, second = world.invoices("lumen")
    assert (second.status, second.dunning, second.attempts) == (InvoiceStatus.PAID, None, ())
    assert first.dunning is not None
    assert (first.dunning.state, world.taken()) == (CaseState.PAID, [])


def test_the_service_stays_suspended_while_another_invoice_suspends_it(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    suspended(sandbox, world)
    world.travels_to("2026-03-01")
    world.runs_billing()
    days = [f"2026-03-{day}" for day in ("01", "04", "08", "15", "22")]
    dunned_on(world, *days)
    first, second = world.invoices("lumen")
    assert second.dunning is not None
    assert second.dunning.suspended_at == world.now
    for number, (invoice, is_back) in enumerate([(first, False), (second, True)]):
        record_payment(world.documents, cheque(world, 4900, invoice.id, id=f"cheque-{number}"), call=world.call())
        assert (the_customer(world).suspended_at is None) is is_back


class WithoutCustomers(WatchedDocuments):
    """A store that fails where a customer's cases are looked for."""

    def query(self, query: Query) -> list[Document]:
        if any(each.field == "customer_id" for each in query.filters):
            raise StoreUnavailable("documents", reason="away")
        return super().query(query)


def test_a_payment_stands_though_the_service_can_t_come_back_now_and_the_next_run_restores_it(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    invoice = suspended(sandbox, world)
    record_payment(WithoutCustomers(world.documents), cheque(world, 4900, invoice.id), call=world.call())
    assert (the_invoice(world).status, the_case(world).awaits_restoring) == (InvoiceStatus.PAID, True)
    assert the_customer(world).suspended_at is not None
    assert dunned_on(world, "2026-02-23") == ["restored"]
    assert the_customer(world).suspended_at is None


def test_what_is_paid_while_it_is_charged_is_left_once_and_what_is_over_is_credit(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    """A transfer comes between the charge and its booking: the case ends with the transfer, the charge is credit."""
    card = fails(sandbox, world)
    declines(sandbox, card, None)
    transfers = iter([the_invoice(world)])

    def transfer(verb: str) -> None:
        if verb == "charge":
            for invoice in transfers:
                pay_by_transfer(world, invoice)

    world.stripe.after = transfer
    assert world.gateway is not None
    charge_invoice(world.documents, the_invoice(world).id, gateway=world.gateway, call=world.call())
    assert (the_case(world).state, world.balance("lumen"), world.taken()) == (CaseState.PAID, 4900, [4900])
    assert [each.event for each in recorded(world)].count("dunning.left") == 1


def test_a_payment_taken_back_is_a_new_case_that_a_person_looks_at_and_paying_again_ends_that_too(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    fails(sandbox, world)
    world.travels_to("2026-02-01T12:00")
    by_transfer(sandbox, world)
    world.travels_to("2026-02-02T00:00")
    [payment] = world.payments()
    reverse_payment(world.documents, payment.id, reason="recalled", call=world.call())
    assert the_case(world).cause.value == "reversed"
    assert dunned_on(world, "2026-02-02") == ["manual_review"]
    pays(world, 4900)
    changes = [(each.event, each.after) for each in recorded(world) if each.event.endswith(("entered", "left"))]
    assert changes == [
        ("dunning.entered", "payment_attempted"),
        ("dunning.left", "paid"),
        ("dunning.entered", "issued"),
        ("dunning.left", "paid"),
    ]
    assert told(world).count(EventType.DUNNING_LEFT) == 2


def test_paid_and_taken_back_three_times_at_one_instant_each_case_is_told_apart(
    sandbox: RunningSandbox, world: CardWorld
) -> None:
    """As one import of several months' statements may: its entries are all recorded at the same time."""
    fails(sandbox, world)
    for name in ("cheque-1", "cheque-2", "cheque-3"):
        pays(world, 4900, name=name)
        reverse_payment(world.documents, name, reason="bounced", call=world.call())
    events = told(world)
    assert (events.count(EventType.DUNNING_ENTERED), events.count(EventType.DUNNING_LEFT)) == (4, 3)
    assert (events.count(EventType.INVOICE_PAID), events.count(EventType.INVOICE_REOPENED)) == (3, 3)
    assert (the_invoice(world).amount_due, the_case(world).state) == (4900, CaseState.ISSUED)


def test_a_case_and_its_payment_are_one_commit(sandbox: RunningSandbox, world: CardWorld) -> None:
    fails(sandbox, world)
    watched = WatchedDocuments(world.documents)
    record_payment(watched, cheque(world, 4900, the_invoice(world).id), call=world.call())
    [commit] = watched.commits
    collections: list[str] = sorted(_collection(each) for each in commit)
    assert collections == ["audit", "events", "events", "events", "invoices", "payments"]


def _collection(write: Write) -> str:
    return write.path.split("/")[-2]
