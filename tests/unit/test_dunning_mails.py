"""The mails of dunning say what is wrong and how it is put right, lead to the right page, and give nothing away."""

import re
from dataclasses import replace
from datetime import date

import pytest

from billing.adapters.mail_message import mail_message
from billing.domain.attempt import PaymentAttempt
from billing.domain.decline import Advice
from billing.domain.dunning import Act, decide
from billing.domain.dunning_case import (
    CaseCause,
    CaseResolution,
    DunningCase,
    PauseReason,
    entered,
    paused,
    resolved,
    under_review,
)
from billing.domain.dunning_policies import DEFAULT_POLICY
from billing.domain.invoice import InvoiceStatus
from billing.domain.mail_template import MailTemplate
from billing.domain.notice import Notice, NoticeKind
from billing.render.mail.built_in import built_in
from billing.render.mail.compose import compose
from billing.render.mail.review_words import review_reason
from tests.builders import a_customer, utc
from tests.golden.sample_notices import (
    EXPIRED,
    ISSUED,
    LATE,
    NOTICES,
    OVERDUE,
    SOFT,
    STOLEN,
    TO_CONFIRM,
    attempt,
    failed,
    in_german,
    overdue,
)

PAY, CARD = "https://pay.example.com/pay/8f3a1c9be2", "https://pay.example.com/pay/8f3a1c9be2/card"
CHASING = [each for each in NoticeKind if each.chases]
TO_CUSTOMERS = [each for each in NoticeKind if not each.is_for_the_tenant]
OF_FRAUD = ("stolen", "lost", "fraud", "gestohlen", "verloren", "betrug", "missbrauch", "review")


def links(notice: Notice) -> list[str]:
    return re.findall(r'href="([^"]*)"', compose(notice).html)


@pytest.mark.parametrize("kind", CHASING)
def test_the_button_leads_to_the_invoice_and_where_only_another_card_helps_to_the_page_for_it(kind: NoticeKind) -> None:
    assert links(failed(kind, SOFT)) == [PAY]
    assert links(failed(kind, TO_CONFIRM)) == [PAY]
    assert links(failed(kind, EXPIRED)) == [CARD]
    assert f"Update payment method: {CARD}" in compose(failed(kind, EXPIRED)).text
    assert f"Confirm the payment: {PAY}" in compose(failed(kind, TO_CONFIRM)).text


def test_without_a_page_for_another_card_the_button_leads_to_the_invoice() -> None:
    assert links(replace(failed(NoticeKind.URGENT_NOTICE, EXPIRED), method_url="")) == [PAY]


@pytest.mark.parametrize("kind", CHASING)
def test_who_pays_by_transfer_is_shown_the_account_and_the_reference_and_who_pays_by_card_is_not(
    kind: NoticeKind,
) -> None:
    by_transfer = compose(overdue(kind, day=7)).text
    assert "DE02 1203 0000 0000 2020 51" in by_transfer
    assert "quote INV-2026-02-0047 as the reference" in by_transfer
    assert "DE02" not in compose(failed(kind, SOFT)).text


@pytest.mark.parametrize("kind", [*CHASING, NoticeKind.INVOICE_ISSUED])
@pytest.mark.parametrize("code", ["amount_too_small", "gateway_refused"])
def test_what_the_gateway_itself_refused_is_asked_for_by_transfer_and_without_a_word_of_the_card(
    kind: NoticeKind, code: str
) -> None:
    said = compose(failed(kind, attempt(code, None))).text
    assert "DE02 1203 0000 0000 2020 51" in said
    assert not re.search(r"\bcard\b|charge|online", said.split("Pay online: ")[0])


def test_the_tenant_reads_what_the_gateway_refused() -> None:
    said = compose(failed(NoticeKind.TENANT_PAYMENT_FAILED, attempt("amount_too_small", None))).text
    assert "the amount is smaller than cards are charged (amount_too_small)" in said
    assert "No further try is planned: the customer has been asked for another way to pay." in said


def test_a_mail_counts_the_days_since_the_due_date_where_the_invoice_was_issued() -> None:
    # due on 31 March in Berlin, where 22:30 UTC is already the next day
    on_the_eve = overdue(NoticeKind.URGENT_NOTICE, day=7)
    said = {
        "2026-03-31T21:30": "INV-2026-02-0047 is still unpaid.",
        "2026-03-31T22:30": "INV-2026-02-0047 is still unpaid, one day after its due date.",
        "2026-04-08T08:00": "INV-2026-02-0047 is still unpaid, 8 days after its due date.",
    }
    for at, sentence in said.items():
        assert sentence in compose(replace(on_the_eve, sent_at=utc(at))).text


def test_a_notice_names_the_day_on_which_the_service_stops_where_it_is_known() -> None:
    notice = overdue(NoticeKind.URGENT_NOTICE, day=7)
    stops = compose(replace(notice, suspend_on=date(2026, 4, 22)))
    assert "must be paid before April 22, 2026" in stops.subject
    assert "On April 22, 2026 your service from Nordlicht Software GmbH stops, unless" in stops.text
    assert "stops" not in compose(notice).text


def test_a_reminder_names_the_next_try_or_none() -> None:
    reminder = failed(NoticeKind.PAYMENT_REMINDER, SOFT)
    assert "We will try again on March 8, 2026." in compose(replace(reminder, retry_on=date(2026, 3, 8))).text
    assert "try again" not in compose(reminder).text


def test_a_reminder_of_a_payment_that_was_taken_back_does_not_say_that_none_came() -> None:
    case = entered(CaseCause.REVERSED, on=date(2026, 4, 1), at=LATE)
    notice = overdue(NoticeKind.PAYMENT_REMINDER, day=3)
    text = compose(replace(notice, invoice=replace(OVERDUE, dunning=case))).text
    assert "was taken back by the bank" in text
    assert "have not seen your payment" not in text


def test_a_service_that_comes_back_without_a_payment_is_not_thanked_for() -> None:
    notice = overdue(NoticeKind.SERVICE_RESTORED, day=-1)
    void = compose(replace(notice, invoice=replace(OVERDUE, status=InvoiceStatus.VOID)))
    assert "Your service is active again" in void.text
    assert "Thank you" not in void.text
    assert "Amount" not in void.text
    paid = compose(NOTICES["service-restored"])
    assert "Thank you: invoice INV-2026-02-0047 is settled." in paid.text
    assert links(NOTICES["service-restored"]) == []


@pytest.mark.parametrize("kind", TO_CUSTOMERS)
@pytest.mark.parametrize("last", [STOLEN, attempt("fraudulent", Advice.REVIEW), attempt("lost_card", Advice.RETRY)])
def test_no_customer_reads_of_theft_or_fraud(kind: NoticeKind, last: PaymentAttempt) -> None:
    notice = replace(failed(kind, last), reason="the payment was declined as stolen_card")
    for told in (notice, in_german(notice)):
        if kind is not NoticeKind.CREDIT_NOTE_ISSUED:  # whose reason is the tenant's own word to the customer
            mail = compose(told)
            everything = f"{mail.subject} {mail.text} {mail.html}".lower()
            assert not [word for word in OF_FRAUD if word in everything]


def test_a_tenant_s_own_text_for_customers_gets_no_word_of_fraud_either() -> None:
    own = MailTemplate(subject="x", body="[{{ decline_code }}|{{ advice }}|{{ reason }}|{{ decline_reason }}]")
    overrides = {("urgent_notice", "en"): own, ("tenant_payment_failed", "en"): own}
    about = replace(failed(NoticeKind.URGENT_NOTICE, STOLEN), reason="why")
    assert compose(about, overrides=overrides).text.startswith("[|||the bank declined the payment]")
    to_tenant = compose(replace(about, kind=NoticeKind.TENANT_PAYMENT_FAILED), overrides=overrides)
    assert to_tenant.text.startswith("[stolen_card|review|why|the bank declined the payment]")


@pytest.mark.parametrize(
    ("last", "retry_on", "follows"),
    [
        (SOFT, date(2026, 3, 4), "The next try is on March 4, 2026."),
        (SOFT, None, "No further try is planned"),
        (EXPIRED, None, "asked for another one, which is charged as soon as it is saved"),
        (STOLEN, None, "Somebody has to decide what follows"),
        (TO_CONFIRM, None, "has been asked to confirm the payment"),
    ],
)
def test_the_tenant_is_told_who_how_much_why_and_what_follows(
    last: PaymentAttempt, retry_on: date | None, follows: str
) -> None:
    text = compose(replace(failed(NoticeKind.TENANT_PAYMENT_FAILED, last), retry_on=retry_on)).text
    for said in ("Acme Robotics SAS (1047)", "€312.91", "on Visa •••• 0341", follows):
        assert said in text, said
    assert "\nbilling dunning show INV-2026-02-0047\n" in text


def test_who_has_to_decide_reads_why_what_was_tried_what_comes_next_and_how() -> None:
    text = compose(NOTICES["tenant-review-needed"]).text
    for said in (
        "Why: day 14: unpaid after 2 retries and 2 notices.",
        "Failed charges: 1, the last to Visa •••• 0341: the account did not have enough funds (insufficient_funds).",
        "Notices sent to the customer: 2.",
        "The service still stops on March 22, 2026",
        "billing dunning resolve INV-2026-02-0047 --help",
    ):
        assert said in text, said


@pytest.mark.parametrize(
    ("reason", "german"),
    [
        (
            "day 14: unpaid after 1 retry and 2 notices",
            "am Tag 14 des Mahnplans noch nicht bezahlt (weitere Abbuchungsversuche: 1, Erinnerungen: 2)",
        ),
        (
            "day 10: unpaid after 2 retries and 1 notice",
            "am Tag 10 des Mahnplans noch nicht bezahlt (weitere Abbuchungsversuche: 2, Erinnerungen: 1)",
        ),
        ("the payment was taken back", "die Zahlung wurde zurückgebucht"),
        ("the payment was declined as stolen_card", "die Zahlung wurde mit dem Code stolen_card abgelehnt"),
        ("not paid by 2026-04-10, as was promised", "bis zum 10.04. nicht bezahlt, anders als zugesagt"),
        ("still unpaid after it was extended", "auch nach der verlängerten Frist nicht bezahlt"),
        ("still unpaid after it was retried", "auch nach dem erneuten Abbuchungsversuch nicht bezahlt"),
        ("called twice, nobody there", "called twice, nobody there"),
    ],
)
def test_why_somebody_has_to_decide_is_told_in_german_too(reason: str, german: str) -> None:
    assert review_reason(reason, language="de", write_day=lambda day: f"{day:%d.%m.}") == german
    assert review_reason(reason, language="en", write_day=str) == reason


def case(**changes: object) -> DunningCase:
    """A case that began on 1 March."""
    return replace(entered(CaseCause.PAYMENT_FAILED, on=date(2026, 3, 1), at=ISSUED), **changes)  # type: ignore[arg-type]


def seen(resolution: CaseResolution) -> DunningCase:
    """One that somebody decided on."""
    opened = under_review(case(), reason="why", at=ISSUED)
    return resolved(opened, resolution, note="", actor="ada", at=ISSUED)


@pytest.mark.parametrize(
    ("chased", "last"),
    [
        (case(), SOFT),
        (case(), STOLEN),
        (case(cause=CaseCause.REVERSED), SOFT),
        (seen(CaseResolution.EXTENDED), SOFT),
        (seen(CaseResolution.RETRIED), SOFT),
        (
            paused(
                seen(CaseResolution.EXTENDED),
                PauseReason.PROMISE,
                on=date(2026, 3, 2),
                until=date(2026, 3, 10),
                at=ISSUED,
                note="",
            ),
            SOFT,
        ),
    ],
)
def test_whatever_the_schedule_gives_as_its_reason_is_known_in_german(
    chased: DunningCase, last: PaymentAttempt
) -> None:
    invoice = replace(OVERDUE, attempts=(last,), dunning=chased)
    decision = decide(DEFAULT_POLICY, invoice, a_customer(), as_of=utc("2026-03-16T08:00"))
    assert isinstance(decision, Act)
    assert decision.review
    assert review_reason(decision.review, language="de", write_day=str) != decision.review


EVIL = "{{ 7*7 }}<script>alert(1)</script><a href='https://evil.example'>\r\nBcc: all@else.example"


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("name", NOTICES)
def test_what_customers_and_their_papers_are_called_is_text_in_every_mail(name: str, language: str) -> None:
    notice = NOTICES[name] if language == "en" else in_german(NOTICES[name])
    named = replace(notice.invoice, buyer=replace(notice.invoice.buyer, name=EVIL), customer_id=EVIL)
    mail = compose(replace(notice, invoice=named, reason=EVIL))
    assert "<script" not in mail.html
    assert not [link for link in links(replace(notice, invoice=named)) if "evil" in link]
    assert "49" not in mail.subject
    wire = mail_message(mail).as_bytes()
    headers, _, _ = wire.partition(b"\r\n\r\n")
    assert b"\nBcc" not in headers


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("kind", list(NoticeKind))
def test_no_text_of_ours_to_customers_shows_a_code(kind: NoticeKind, language: str) -> None:
    template = built_in(kind, language=language)
    shown = "decline_code" in template.body
    assert shown == kind.is_for_the_tenant
