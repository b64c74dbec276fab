"""Which mail a notice is, and who gets it."""

from dataclasses import replace

from billing.domain.attempt import AttemptStatus, PaymentAttempt
from billing.domain.decline import Advice
from billing.domain.notice import Notice, NoticeKind
from tests.builders import Account, a_fee, a_plan, a_tenant, utc

INVOICE = Account.opened(a_plan(fees=[a_fee("30")]), start="2026-02-01").bill()
TENANT = replace(a_tenant(), mail_sender="billing@acme.example", billing_contact="kenji@acme.example")
ISSUED = Notice(kind=NoticeKind.INVOICE_ISSUED, tenant=TENANT, invoice=INVOICE, sent_at=utc("2026-03-01"))


def attempt(number: int) -> PaymentAttempt:
    return PaymentAttempt(number=number, attempted_at=utc("2026-03-01"), amount=3000, status=AttemptStatus.DECLINED)


def test_the_same_notice_is_the_same_mail_whenever_it_is_sent() -> None:
    assert replace(ISSUED, sent_at=utc("2026-03-09")).message_id == ISSUED.message_id


def test_other_notices_are_other_mails() -> None:
    failed = replace(ISSUED, kind=NoticeKind.PAYMENT_FAILED, attempt=attempt(1))
    others = [
        failed,
        replace(failed, attempt=attempt(2)),
        replace(ISSUED, invoice=replace(INVOICE, id="sub-2.20260201T000000Z.r0")),
        replace(ISSUED, tenant=replace(TENANT, id="other")),
    ]
    assert len({each.message_id for each in (ISSUED, *others)}) == 5


def test_a_mail_s_id_names_neither_customer_nor_invoice() -> None:
    local, _, domain = ISSUED.message_id.partition("@")
    assert domain == "acme.example"
    assert INVOICE.customer_id not in local
    assert INVOICE.subscription_id not in local


def test_a_customer_s_notice_goes_to_the_buyer_and_the_tenant_s_to_its_billing_contact() -> None:
    invoice = replace(INVOICE, buyer=replace(INVOICE.buyer, email="jo@kunde.example"))
    assert replace(ISSUED, invoice=invoice).to == "jo@kunde.example"
    assert replace(ISSUED, invoice=invoice, kind=NoticeKind.TENANT_PAYMENT_FAILED).to == "kenji@acme.example"


def test_a_step_s_notice_is_the_same_mail_whatever_was_charged_since_and_the_next_step_s_another() -> None:
    reminder = replace(ISSUED, kind=NoticeKind.PAYMENT_REMINDER, step_day=3)
    assert replace(reminder, attempt=attempt(2)).message_id == reminder.message_id
    assert replace(reminder, step_day=7).message_id != reminder.message_id


def test_the_tenant_is_told_of_each_charge_and_of_each_reason_to_look_in_a_mail_of_its_own() -> None:
    review = replace(ISSUED, kind=NoticeKind.TENANT_REVIEW_NEEDED, step_day=-1, attempt=attempt(1), reason="one")
    others = [replace(review, reason="another"), replace(review, attempt=attempt(2)), replace(review, step_day=14)]
    assert len({each.message_id for each in (review, *others)}) == 4
    assert replace(review, sent_at=utc("2026-03-09")).message_id == review.message_id


def test_another_method_is_needed_where_the_last_charge_was_declined_for_good() -> None:
    declined = replace(attempt(1), advice=Advice.UPDATE_METHOD)
    assert replace(ISSUED, attempt=declined).needs_method
    assert not replace(ISSUED, attempt=replace(declined, advice=Advice.RETRY)).needs_method
    assert not replace(ISSUED, attempt=replace(declined, status=AttemptStatus.SUCCEEDED)).needs_method
    assert not ISSUED.needs_method
