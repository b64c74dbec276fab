"""Mails say what they are about in the reader's language, and nothing that anybody slips into them does anything."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser

import pytest

from billing.domain.attempt import AttemptStatus, PaymentAttempt
from billing.domain.decline import Advice
from billing.domain.errors import InvalidInput
from billing.domain.invoice import BankDetails, Invoice
from billing.domain.mail_template import MailTemplate
from billing.domain.notice import Notice, NoticeKind
from billing.domain.payment import Application, Payment, PaymentSource
from billing.domain.tenant import Tenant
from billing.render.contrast import contrast, readable_on
from billing.render.mail.built_in import LANGUAGES, built_in, language_of
from billing.render.mail.compose import compose
from billing.render.mail.names import EXAMPLES
from billing.render.mail.template import check_template, fill
from tests.builders import Account, a_fee, a_plan, a_tenant, utc

PAY, CARD = "https://pay.example/pay/abc.def", "https://pay.example/pay/abc.def/card"


def tenant(**changes: object) -> Tenant:
    settings = {"mail_sender": "billing@acme.example", "billing_contact": "kenji@acme.example", "locale": "en_GB"}
    return replace(a_tenant(), **{**settings, **changes})  # type: ignore[arg-type]


def invoice(**changes: object) -> Invoice:
    drafted = Account.opened(a_plan(fees=[a_fee("49.00")]), start="2026-02-01").bill()
    issued = replace(
        drafted,
        number="INV-2026-02-0047",
        locale="en_GB",
        buyer=replace(drafted.buyer, email="jo@kunde.example"),
        bank=BankDetails(account_holder="Acme Inc.", iban="DE89370400440532013000"),
        payment_url=PAY,
    )
    return replace(issued, **changes)  # type: ignore[arg-type]


def declined(code: str, advice: Advice) -> PaymentAttempt:
    return PaymentAttempt(
        number=1,
        attempted_at=utc("2026-03-01"),
        amount=4900,
        status=AttemptStatus.DECLINED,
        code=code,
        advice=advice,
        method="Visa •••• 0341",
    )


def notice(kind: NoticeKind, **changes: object) -> Notice:
    made = Notice(kind=kind, tenant=tenant(), invoice=invoice(), sent_at=utc("2026-03-01T08:00"))
    return replace(made, **changes)  # type: ignore[arg-type]


class Page(HTMLParser):
    """What of a page matters here: its text, links, elements and language."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.texts: list[str] = []
        self.language = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = dict(attrs)
        self.links += [str(given["href"])] if tag == "a" else []
        self.language = str(given["lang"]) if tag == "html" else self.language

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def test_an_invoice_s_mail_says_how_much_until_when_and_how() -> None:
    mail = compose(notice(NoticeKind.INVOICE_ISSUED, pdf=b"%PDF"))
    assert mail.subject == "Invoice INV-2026-02-0047 from Acme API Platform Inc.: US$49.00 due on 31 March 2026"
    assert (mail.to, mail.sender, mail.language) == (("jo@kunde.example",), "billing@acme.example", "en")
    for text in (mail.text, Page(mail.html).text):
        for said in ("US$49.00", "31 March 2026", "DE89 3704 0044 0532 0130 00", "INV-2026-02-0047", "Pay online"):
            assert said in text, said
    assert Page(mail.html).links == [PAY]
    assert PAY in mail.text
    assert [(file.name, file.content) for file in mail.files] == [("INV-2026-02-0047.pdf", b"%PDF")]


def test_a_german_customer_reads_german_dates_and_amounts() -> None:
    mail = compose(notice(NoticeKind.INVOICE_ISSUED, invoice=invoice(locale="de_DE")))
    assert mail.language == "de"
    assert Page(mail.html).language == "de"
    assert "fällig am 31. März 2026" in mail.subject
    assert "Bitte überweisen Sie 49,00\xa0$ bis zum 31. März 2026" in mail.text


def test_a_customer_whose_language_has_no_texts_reads_english_throughout() -> None:
    mail = compose(notice(NoticeKind.INVOICE_ISSUED, invoice=invoice(locale="th_TH")))
    assert mail.language == "en"
    assert "31 March 2026" in mail.subject
    assert [language_of(locale) for locale in ("de_AT", "de-CH", "DE", "fr_FR", "")] == ["de", "de", "de", "en", "en"]


@pytest.mark.parametrize("language", ["en_GB", "de_DE"])
@pytest.mark.parametrize("kind", list(NoticeKind))
def test_every_kind_is_a_mail_with_one_column_a_title_and_a_sender(kind: NoticeKind, language: str) -> None:
    about = notice(kind, tenant=tenant(locale=language), invoice=invoice(locale=language), method_url=CARD)
    mail = compose(replace(about, attempt=declined("expired_card", Advice.UPDATE_METHOD), reason="3 times the mean"))
    page = Page(mail.html)
    assert page.language == language[:2]
    assert page.tags.count("h1") == 1
    assert page.tags.count("title") == 1
    assert "\n" not in mail.subject
    assert "{{" not in mail.text + mail.html + mail.subject
    assert mail.to == (("kenji@acme.example",) if kind.is_for_the_tenant else ("jo@kunde.example",))
    assert "Acme API Platform Inc." in page.text


def test_a_failed_payment_says_why_and_when_it_is_tried_again() -> None:
    about = notice(NoticeKind.PAYMENT_FAILED, attempt=declined("insufficient_funds", Advice.RETRY))
    again = compose(replace(about, retry_on=date(2026, 3, 4)))
    assert "to Visa •••• 0341, but the account did not have enough funds" in again.text
    assert "We will try again on 4 March 2026" in again.text
    assert "Please pay it another way" in compose(about).text


def test_a_stolen_card_is_told_as_a_plain_decline_to_the_customer_and_by_its_code_to_the_tenant() -> None:
    attempt = declined("stolen_card", Advice.REVIEW)
    assert "stolen" not in compose(notice(NoticeKind.PAYMENT_FAILED, attempt=attempt)).text
    assert "(stolen_card)" in compose(notice(NoticeKind.TENANT_PAYMENT_FAILED, attempt=attempt)).text


def test_a_new_method_is_asked_for_with_the_link_to_its_page() -> None:
    about = notice(NoticeKind.UPDATE_PAYMENT_METHOD, attempt=declined("expired_card", Advice.UPDATE_METHOD))
    assert Page(compose(replace(about, method_url=CARD)).html).links == [CARD]


def test_a_receipt_names_the_payment_and_what_is_left() -> None:
    payment = Payment(
        id="stripe.pi_1",
        customer_id="acct-1",
        currency="USD",
        amount=2900,
        source=PaymentSource.CARD,
        received_at=utc("2026-03-01"),
        applications=(Application(invoice_id="i", amount=2900),),
        method="Visa •••• 4242",
    )
    part = compose(notice(NoticeKind.RECEIPT, payment=payment, invoice=invoice(amount_paid=2900)))
    assert "your payment of US$29.00 (Visa •••• 4242)" in part.text
    assert "US$20.00 is still due" in part.text
    whole = compose(notice(NoticeKind.RECEIPT, payment=payment, invoice=invoice(amount_paid=4900)))
    assert "Nothing is left to be paid." in whole.text


EVIL = "{{ 7*7 }}{% for x in y %}<script>alert(1)</script><a href='https://evil.example'>\r\nBcc: all@else.example"


def test_what_a_customer_is_called_is_shown_and_never_run() -> None:
    named = invoice(buyer=replace(invoice().buyer, name=EVIL))
    mail = compose(notice(NoticeKind.TENANT_PAYMENT_FAILED, invoice=named))
    page = Page(mail.html)
    assert "{{ 7*7 }}" in page.text
    assert "<script>alert(1)</script>" in page.text
    assert "script" not in page.tags
    assert "https://evil.example" not in page.links
    assert "\n" not in mail.subject
    assert "\r" not in mail.subject


def test_a_number_with_a_slash_names_a_file_without_one() -> None:
    mail = compose(notice(NoticeKind.INVOICE_ISSUED, pdf=b"%PDF", invoice=invoice(number="../2026/47")))
    assert mail.files[0].name == "..-2026-47.pdf"


def test_equal_notices_are_equal_mails() -> None:
    assert compose(notice(NoticeKind.INVOICE_ISSUED)) == compose(notice(NoticeKind.INVOICE_ISSUED))


def test_a_tenant_s_own_text_stands_in_place_of_ours_in_its_language_alone() -> None:
    own = MailTemplate(subject="{{ invoice_number }}", body="Dear {{ customer }},\n\nhere it is.")
    overrides = {("invoice_issued", "en"): own}
    mail = compose(notice(NoticeKind.INVOICE_ISSUED), overrides=overrides)
    assert mail.subject == "INV-2026-02-0047"
    assert mail.text.startswith("Dear Lumen Health GmbH,\n\nhere it is.")
    german = compose(notice(NoticeKind.INVOICE_ISSUED, invoice=invoice(locale="de")), overrides=overrides)
    assert german.subject.startswith("Rechnung")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", list(NoticeKind))
def test_our_own_templates_pass_the_check_of_a_tenant_s(kind: NoticeKind, language: str) -> None:
    check_template(built_in(kind, language=language), names=EXAMPLES)


@pytest.mark.parametrize(
    ("template", "named"),
    [
        (MailTemplate(subject="x", body="Hi {{ custmer }}"), "body line 1: expected one of account, advice.*'custmer'"),
        (MailTemplate(subject="x", body="a\n\n{% if due_on %}b"), "body line 3: expected a template"),
        (MailTemplate(subject="{{ invoice_number", body="b"), "subject line 1: expected a template"),
        (MailTemplate(subject="x", body="{% for a in customer %}{{ a }}{% endfor %}"), "body line 1.*'for'"),
        (MailTemplate(subject="x", body="{{ customer * 9999999 }}"), "body line 1.*'mul'"),
        (MailTemplate(subject="x", body="{{ customer.__class__ }}"), "body line 1.*'getattr'"),
        (MailTemplate(subject="x", body="{{ customer['upper'] }}"), "body line 1.*'getitem'"),
        (MailTemplate(subject="x", body="{{ customer() }}"), "body line 1.*'call'"),
        (MailTemplate(subject="x", body="{% include 'layout.html.j2' %}"), "body line 1.*'include'"),
        (MailTemplate(subject="x", body="{% set a = 1 %}b"), "body line 1"),
        (MailTemplate(subject="x", body="{{ customer|map('upper') }}"), "body line 1: expected one of capitalize"),
        (MailTemplate(subject="x", body="b" * 8001), "body: expected at most 8000 characters"),
        (MailTemplate(subject=" ", body="b"), "subject: expected some text"),
        (MailTemplate(subject="x", body="b", button="c" * 301), "button: expected at most 300 characters"),
    ],
)
def test_a_template_that_does_more_than_name_things_is_refused_with_its_line(
    template: MailTemplate, named: str
) -> None:
    with pytest.raises(InvalidInput, match=named):
        check_template(template, names=EXAMPLES)


def test_what_is_filled_in_is_not_filled_again() -> None:
    text = fill(MailTemplate(subject="{{ a }}", body="{{ a }}"), names={"a": "{{ b }}", "b": "no"})
    assert (text.subject, text.paragraphs) == ("{{ b }}", ("{{ b }}",))


@pytest.mark.parametrize("colour", ["#000000", "#ffffff", "#0f766e", "#1f3a5f", "#777777", "#ffcc00", "#ff0000"])
def test_a_button_s_text_can_be_read_on_any_colour(colour: str) -> None:
    assert contrast(colour, readable_on(colour)) >= Decimal("4.5")


def test_contrast_is_that_of_the_guideline() -> None:
    assert contrast("#000000", "#ffffff") == 21
    assert round(contrast("#777777", "#ffffff"), 2) == Decimal("4.48")  # WCAG's well-known near miss
