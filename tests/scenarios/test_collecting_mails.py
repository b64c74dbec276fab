"""A mail that cannot be sent stops neither the money nor other mails."""

from billing.domain.customer_preferences import CustomerPreferences, InvoiceDelivery
from billing.domain.invoice import CollectionMethod, InvoiceStatus
from billing.domain.notice import Notice
from billing.ports import Mail
from tests.collected_invoice import DELIVER, bills, pay_by_transfer, running, sandbox, the_invoice, world
from tests.collecting import CardWorld, plain_mail
from tests.scenarios.billing_processes import audited

__all__ = ["running", "sandbox", "world"]


def test_a_mail_server_that_is_away_keeps_the_mail_and_not_the_money(world: CardWorld) -> None:
    world.joins("lumen")
    world.sent.fails = ["busy"]
    report = bills(world)
    assert (the_invoice(world).status, the_invoice(world).pending) == (InvoiceStatus.PAID, (DELIVER,))
    assert [each.code for each in report.settlement_failures.values()] == ["mail_unavailable"]
    again = world.runs_billing()
    assert (again.collected.charged, again.collected.mailed, world.sent.kinds()) == (0, 1, ["receipt"])
    assert (the_invoice(world).pending, world.taken()) == ((), [4900])


def test_a_mail_that_nobody_takes_is_told_and_not_tried_again(world: CardWorld) -> None:
    world.joins("lumen")
    world.sent.fails = ["refused"]
    report = bills(world)
    assert (the_invoice(world).pending, report.unsettled) == ((), 0)
    [refused] = report.refused_mails
    assert (refused.code, refused.message) == (
        "mail_refused",
        "the mail server refused the mail: 550 no such user",
    )
    assert ("invoice.mail_refused", f"invoices/{the_invoice(world).id}") in audited(world)
    assert "lumen@kunde.test" not in str(world.collection("audit"))
    assert world.runs_billing().collected.mailed == 0


def test_an_invoice_paid_before_its_mail_could_go_out_is_not_mailed(world: CardWorld) -> None:
    world.joins("lumen", collection_method=CollectionMethod.SEND_INVOICE)
    world.sent.fails = ["busy"]
    bills(world)
    pay_by_transfer(world, the_invoice(world))
    world.runs_billing()
    assert (world.sent.sent, the_invoice(world).pending) == ([], ())


def test_a_customer_with_a_portal_is_mailed_what_went_wrong_and_no_receipt(world: CardWorld) -> None:
    portal = CustomerPreferences(created_at=world.now, updated_at=world.now, delivery=InvoiceDelivery.PORTAL)
    world.joins("lumen", preferences=portal)
    world.joins("broke", preferences=portal, card="pm_card_chargeCustomerFail")
    bills(world)
    assert [each.pending for each in world.invoices()] == [(), ()]
    assert world.sent.kinds("lumen@kunde.test") == []
    assert world.sent.kinds("broke@kunde.test") == ["payment_failed"]
    world.travels_to("2026-02-05")
    world.runs_dunning()
    assert "payment_reminder" in world.sent.kinds("broke@kunde.test")


def test_one_mail_that_cannot_be_made_stops_no_other(world: CardWorld) -> None:
    for name in ("lumen", "other"):
        world.joins(name)

    def compose(notice: Notice) -> Mail:
        if notice.invoice.customer_id == "lumen":
            msg = "no such name"
            raise KeyError(msg)
        return plain_mail(notice)

    world.compose = compose
    report = bills(world)
    assert [each.code for each in report.settlement_failures.values()] == ["unexpected_error"]
    assert {each.status for each in world.invoices()} == {InvoiceStatus.PAID}
    assert [mail.to for mail in world.sent.sent] == [("other@kunde.test",)]
