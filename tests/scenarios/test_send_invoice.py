"""An issued invoice is sent once more because somebody asks for it: each asking is one mail, with its PDF."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import uuid4

import pytest

from billing.domain.credit_request import AmountCredit
from billing.domain.customer_preferences import InvoiceDelivery
from billing.domain.errors import Conflict, NotFound
from billing.domain.invoice import CollectionMethod, Invoice
from billing.ports import Mail, MailRefused, MailUnavailable, Write
from billing.render.mail.compose import compose
from billing.store.audit import AuditLog
from billing.store.collection import Stored
from billing.store.idempotent_writes import WriteUnderWay
from billing.usecases.change_customer import change_customer
from billing.usecases.deliver import Mailing
from billing.usecases.record_change import RecordChange, with_preferences
from billing.usecases.send_invoice import Sending, SendingRefused, SentInvoice, send_invoice
from billing.usecases.void_invoice import void_invoice
from billing.usecases.write_off_invoice import write_off_invoice
from tests.builders import a_fee, a_party, a_plan, a_tenant
from tests.collecting import SentMails
from tests.crediting import issue, pays
from tests.reviewing import call
from tests.watched_documents import WatchedDocuments
from tests.world import World

ADDRESS = "ap@lumen.test"


class UnavailableFont(Exception):
    """Nothing can be drawn now."""


@pytest.fixture
def mails() -> SentMails:
    return SentMails()


@pytest.fixture
def world(mails: SentMails) -> World:
    """`lumen` pays by transfer, 49.00 a month since January; nothing is billed yet."""
    world = World(tenant=a_tenant(mail_sender="billing@acme.test"), mailer=mails, compose=compose)
    world.customer("lumen", party=a_party(email=ADDRESS), collection_method=CollectionMethod.SEND_INVOICE)
    world.subscribes("lumen", to=world.plan(a_plan(fees=[a_fee("49.00")])), on="2026-01-01")
    return world


def bills(world: World, *, sweeps: bool = True) -> Invoice:
    world.travels_to("2026-02-01")
    world.runs_billing(sweeps=sweeps)
    [invoice] = world.invoices()
    return invoice


def sends(world: World, named: str, sending: str = "first", *, to: str = "", documents: object = None) -> SentInvoice:
    mailing = None
    if world.mailer is not None:
        mailing = Mailing(mailer=world.mailer, compose=compose, tenant=world.tenant)
    return send_invoice(
        documents or world.documents,  # type: ignore[arg-type]
        named,
        Sending(id=sending, claim_id=uuid4().hex, to=to),
        objects=world.objects,
        mailing=mailing,
        call=call(world),
    )


def sendings(world: World, invoice: Invoice) -> list[str]:
    records = AuditLog.of(world.documents, "acme").about(f"invoices/{invoice.id}")
    return [each.reason for each in records if each.event == "invoice.sent"]


def prefers(world: World, delivery: InvoiceDelivery) -> None:
    def changed(stored: Stored) -> object:
        return with_preferences(stored.value, RecordChange(delivery=delivery), at=world.now)

    change_customer(world.documents, "lumen", changed, call=call(world))  # type: ignore[arg-type]


def test_each_sending_is_a_mail_of_its_own_with_the_pdf_that_was_filed(world: World, mails: SentMails) -> None:
    invoice = bills(world)
    [issued] = mails.sent
    first, second = sends(world, invoice.number), sends(world, invoice.id, "second")
    _, again, more = mails.sent
    assert {again.message_id, more.message_id} == {first.message_id, second.message_id}
    assert issued.message_id not in {first.message_id, second.message_id}
    assert (again.subject, again.text) == (issued.subject, issued.text)
    assert again.files == issued.files
    assert again.to == (ADDRESS,)
    number = invoice.number
    assert {*sendings(world, invoice)} == {f"{number}: {first.message_id}", f"{number}: {second.message_id}"}
    assert ADDRESS not in str(world.collection("audit"))


def test_a_sending_that_is_repeated_is_sent_once(world: World, mails: SentMails) -> None:
    invoice = bills(world)
    first, again = (sends(world, invoice.number) for _ in range(2))
    assert (first.known, again.known, again.message_id) == (False, True, first.message_id)
    assert (len(mails.sent), len(sendings(world, invoice))) == (2, 1)


def test_a_sending_that_died_before_it_was_recorded_is_the_same_mail_again(world: World, mails: SentMails) -> None:
    """Nobody knows whether it was killed: for ten minutes it may be at it still."""
    invoice = bills(world)

    def dies(_writes: Sequence[Write]) -> None:
        if len(mails.sent) > 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sends(world, invoice.number, documents=WatchedDocuments(world.documents, before=dies))
    with pytest.raises(WriteUnderWay) as refused:
        sends(world, invoice.number)
    assert (refused.value.retryable, len(mails.sent)) == (True, 2)
    world.now += timedelta(minutes=10)
    assert sends(world, invoice.number).known is False
    assert (len(mails.sent), len({mail.message_id for mail in mails.sent[1:]})) == (3, 1)
    assert len(sendings(world, invoice)) == 1


def test_of_two_at_once_one_mails(world: World, mails: SentMails) -> None:
    invoice = bills(world)
    refused = []

    def meanwhile() -> None:
        with pytest.raises(WriteUnderWay) as raised:
            sends(world, invoice.number)
        refused.append(raised.value)

    world.mailer = Meanwhile(mails, meanwhile)
    first = sends(world, invoice.number)
    assert (first.known, len(refused), len(mails.sent), len(sendings(world, invoice))) == (False, 1, 2, 1)
    assert sends(world, invoice.number).known


def test_one_that_is_so_slow_that_another_took_it_over_records_nothing_more(world: World, mails: SentMails) -> None:
    invoice = bills(world)

    def meanwhile() -> None:
        world.now += timedelta(minutes=10)
        assert sends(world, invoice.number).known is False

    world.mailer = Meanwhile(mails, meanwhile)
    assert sends(world, invoice.number).known
    assert len({mail.message_id for mail in mails.sent[1:]}) == 1
    assert len(sendings(world, invoice)) == 1


def test_it_goes_to_the_customer_s_present_address_or_to_the_one_that_is_named(world: World, mails: SentMails) -> None:
    invoice = bills(world)

    def moved(stored: Stored) -> object:
        return replace(stored.value, party=replace(stored.value.party, email="new@lumen.test"))

    change_customer(world.documents, "lumen", moved, call=call(world))  # type: ignore[arg-type]
    assert sends(world, invoice.number).to == "new@lumen.test"
    assert sends(world, invoice.number, "second", to="books@elsewhere.test").to == "books@elsewhere.test"
    assert [mail.to for mail in mails.sent[1:]] == [("new@lumen.test",), ("books@elsewhere.test",)]


def test_a_paid_invoice_is_sent_and_asks_for_nothing(world: World, mails: SentMails) -> None:
    invoice = bills(world)
    pays(world, 4900)
    sends(world, invoice.number)
    assert "Nothing is left to be paid." in mails.sent[-1].text
    assert mails.sent[-1].subject == f"Invoice {invoice.number} from {invoice.seller.name}"


def test_what_is_no_issued_invoice_is_not_sent(world: World, mails: SentMails) -> None:
    invoice = bills(world)
    void_invoice(world.documents, invoice.number, reason="wrong", call=call(world))
    refuses(world, invoice.number, "invoice_not_sendable", "void")
    world.travels_to("2026-03-01")
    world.runs_billing()
    second = world.invoices()[-1]
    write_off_invoice(world.documents, second.number, reason="insolvent", call=call(world))
    refuses(world, second.number, "invoice_not_sendable", "written off")
    with pytest.raises(NotFound):
        sends(world, "INV-0")
    assert len(mails.sent) == 2


def test_a_draft_is_not_sent(mails: SentMails) -> None:
    tenant = a_tenant(mail_sender="billing@acme.test", approval=True)
    world = World(tenant=tenant, mailer=mails, compose=compose)
    world.customer("lumen", party=a_party(email=ADDRESS))
    world.subscribes("lumen", to=world.plan(a_plan(fees=[a_fee("49.00")])), on="2026-01-01")
    refuses(world, bills(world).id, "invoice_not_sendable", "a draft: approve it first")


def test_an_invoice_whose_pdf_is_not_made_yet_waits_for_it(world: World) -> None:
    def without_a_font(_invoices: object) -> list[dict[str, bytes]]:
        raise UnavailableFont

    world.travels_to("2026-02-01")
    world.runs_billing(render=without_a_font)
    [invoice] = world.invoices()
    refuses(world, invoice.number, "invoice_not_sendable", "not drawn yet")


def test_nobody_is_mailed_without_an_address_a_sender_or_a_server(world: World, mails: SentMails) -> None:
    invoice = bills(world)

    def silent(stored: Stored) -> object:
        return replace(stored.value, party=replace(stored.value.party, email=""))

    change_customer(world.documents, "lumen", silent, call=call(world))  # type: ignore[arg-type]
    refuses(world, invoice.number, "nobody_to_send_to", "customer lumen has no e-mail address")
    world.mailer = None
    refuses(world, invoice.number, "no_mail_sender", "mail_sender")
    assert len(mails.sent) == 1


def test_what_the_server_does_not_take_is_not_recorded(world: World, mails: SentMails) -> None:
    invoice = bills(world)
    mails.fails = ["refused", "busy"]
    refuses(world, invoice.number, "mail_refused", "the mail server refused the mail: 550 no such user")
    with pytest.raises(MailUnavailable):
        sends(world, invoice.number)
    assert sendings(world, invoice) == []
    assert sends(world, invoice.number).known is False


def test_why_it_is_not_taken_is_said_without_the_address(world: World, mails: SentMails) -> None:
    invoice = bills(world)
    mails.fails = ["refused"]
    with pytest.raises(SendingRefused) as refused:
        sends(world, invoice.number)
    assert ADDRESS not in str(refused.value)
    error = MailRefused(ADDRESS, reason=f"550 <{ADDRESS}>: mailbox unavailable")
    assert str(SendingRefused(error)) == "the mail server refused the mail: 550 <the address>: mailbox unavailable"


@dataclass
class Meanwhile:
    """A mail server during whose first delivery something else happens."""

    inner: SentMails
    happens: Callable[[], None]

    def send(self, mail: Mail) -> None:
        happens, self.happens = self.happens, lambda: None
        happens()
        self.inner.send(mail)


def refuses(world: World, named: str, code: str, words: str) -> None:
    before = world.everything()
    with pytest.raises(Conflict, match=words) as refused:
        sends(world, named)
    assert (refused.value.code, refused.value.retryable) == (code, False)
    assert world.everything() == before


@pytest.mark.parametrize(
    ("delivery", "mailed"),
    [(InvoiceDelivery.EMAIL, 1), (InvoiceDelivery.BOTH, 1), (InvoiceDelivery.PORTAL, 0)],
)
def test_invoices_are_mailed_as_the_customer_wants_them(
    world: World, mails: SentMails, delivery: InvoiceDelivery, mailed: int
) -> None:
    prefers(world, delivery)
    invoice = bills(world)
    assert (len(mails.sent), invoice.pending) == (mailed, ())


def test_a_customer_with_a_portal_is_sent_what_is_asked_for_and_no_credit_note(world: World, mails: SentMails) -> None:
    prefers(world, InvoiceDelivery.PORTAL)
    invoice = bills(world)
    issue(world, AmountCredit(amount=100))
    world.runs_billing()
    assert (mails.sent, [each.pending for each in world.credit_notes()]) == ([], [()])
    sends(world, invoice.number)
    assert len(mails.sent) == 1


def test_an_invoice_that_waits_for_its_mail_follows_what_the_customer_has_said_since(
    world: World, mails: SentMails
) -> None:
    mails.fails = ["busy"]
    assert bills(world, sweeps=False).pending != ()
    prefers(world, InvoiceDelivery.PORTAL)
    world.runs_billing()
    assert (mails.sent, world.invoices()[0].pending) == ([], ())
