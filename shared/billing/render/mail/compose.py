"""Compose a mail: the template's text, the facts of the invoice beside it, in the tenant's look, as text and HTML."""

from collections.abc import Mapping
from functools import lru_cache

import css_inline
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from billing.domain.invoice import Party
from billing.domain.mail_template import MailTemplate
from billing.domain.notice import Notice, NoticeKind
from billing.ports import Mail, MailFile
from billing.render.branding import STANDARD_ACCENT, Branding
from billing.render.contrast import readable_on
from billing.render.document_view import Field
from billing.render.formats import formats_for
from billing.render.mail.built_in import built_in, language_of
from billing.render.mail.names import names_of
from billing.render.mail.template import MailText, fill
from billing.render.words import Words, words_of

Overrides = Mapping[tuple[str, str], MailTemplate]
"""A tenant's own templates, by kind and language."""

_NONE: Overrides = {}
_TO_THE_METHOD_PAGE = frozenset({NoticeKind.UPDATE_PAYMENT_METHOD})
_BANK_DETAILS = frozenset({NoticeKind.INVOICE_ISSUED})


def compose(notice: Notice, *, overrides: Overrides = _NONE) -> Mail:
    """The mail of a notice in its reader's language; equal arguments give an equal mail.

    What customers and their names say is text and stays text. InvalidInput where a tenant's template can't be filled.
    """
    language = language_of(notice.tenant.locale if notice.kind.is_for_the_tenant else notice.invoice.locale)
    template = overrides.get((notice.kind.value, language)) or built_in(notice.kind, language=language)
    names = names_of(notice, language=language)
    text = fill(template, names=names)
    words, url = words_of(language), names["method_url" if notice.kind in _TO_THE_METHOD_PAGE else "pay_url"]
    facts = _facts(notice, words=words, names=names)
    footer = _footer(notice.invoice.seller, notice=notice)
    return Mail(
        message_id=notice.message_id,
        sender=notice.tenant.mail_sender,
        sender_name=notice.tenant.seller.name,
        to=(notice.to,),
        subject=text.subject,
        text=_plain(text, facts=facts, url=url, footer=footer),
        html=_html(notice, text, facts=facts, url=url, footer=footer, language=language),
        sent_at=notice.sent_at,
        reply_to=notice.tenant.support_email,
        language=language,
        files=_files(notice),
    )


def _facts(notice: Notice, *, words: Words, names: Mapping[str, str]) -> tuple[Field, ...]:
    """What a reader copies out of a mail: the number, what is due until when, where a transfer goes."""
    if notice.kind is NoticeKind.CREDIT_NOTE_ISSUED:
        return (
            Field(label=words.credit_note_number, value=names["credit_note_number"]),
            Field(label=words.total_credit, value=names["total"], strong=True),
        )
    amount = Field(label=words.amount_due, value=names["amount_due"], strong=True)
    if notice.kind is NoticeKind.RECEIPT:
        amount = Field(label=words.amount_paid, value=names["amount_paid"], strong=True)
    facts = [Field(label=words.invoice_number, value=names["invoice_number"]), amount]
    if notice.kind is not NoticeKind.RECEIPT:
        facts.append(Field(label=words.due_date, value=names["due_on"]))
    bank = notice.invoice.bank
    if notice.kind in _BANK_DETAILS and bank is not None:
        facts += [
            Field(label=words.account_holder, value=bank.account_holder),
            Field(label="IBAN", value=_grouped(bank.iban)),
            Field(label="BIC", value=bank.bic),
            Field(label=words.reference, value=names["reference"], strong=True),
        ]
    return tuple(fact for fact in facts if fact.value)


def _grouped(iban: str) -> str:
    plain = "".join(iban.split())
    return " ".join(plain[place : place + 4] for place in range(0, len(plain), 4))


def _footer(seller: Party, *, notice: Notice) -> tuple[str, ...]:
    formats = formats_for(notice.invoice.locale, currency=notice.invoice.currency)
    place = " ".join(filter(None, (seller.postal_code, seller.city)))
    address = ", ".join(filter(None, (seller.street, place, formats.country(seller.country) if seller.country else "")))
    contact = notice.tenant.support_email or seller.email
    return tuple(filter(None, (seller.name, address, " · ".join(filter(None, (seller.tax_id, contact))))))


def _plain(text: MailText, *, facts: tuple[Field, ...], url: str, footer: tuple[str, ...]) -> str:
    width = max((len(fact.label) for fact in facts), default=0) + 2
    rows = "\n".join(f"{fact.label + ':':{width}}{fact.value}" for fact in facts)
    link = f"{text.button}: {url}" if text.button and url else ""
    signature = "-- \n" + "\n".join(footer)
    return "\n\n".join(filter(None, (*text.paragraphs, rows, link, signature))) + "\n"


def _html(
    notice: Notice, text: MailText, *, facts: tuple[Field, ...], url: str, footer: tuple[str, ...], language: str
) -> str:
    branding = Branding(accent=notice.tenant.accent_colour or STANDARD_ACCENT)
    page = _layout().render(
        language=language,
        subject=text.subject,
        seller=notice.invoice.seller.name,
        paragraphs=text.paragraphs,
        facts=facts,
        facts_label=text.subject,
        button=text.button,
        url=url,
        footer=footer,
        accent=branding.accent,
        on_accent=readable_on(branding.accent),
    )
    return _inliner().inline(page)


def _files(notice: Notice) -> tuple[MailFile, ...]:
    if not notice.pdf:
        return ()
    number = notice.credit_note.number if notice.credit_note is not None else notice.invoice.number
    name = "".join(character if character.isalnum() or character in "-_." else "-" for character in number)
    return (MailFile(name=f"{name}.pdf", content_type="application/pdf", content=notice.pdf),)


@lru_cache(maxsize=1)
def _layout() -> Template:
    environment = Environment(
        loader=PackageLoader("billing.render", "mail"), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("layout.html.j2")


@lru_cache(maxsize=1)
def _inliner() -> css_inline.CSSInliner:
    # what mail programs drop from the head stands at the elements; the rest, for those that keep it, stays there
    return css_inline.CSSInliner(keep_style_tags=True, keep_at_rules=True, load_remote_stylesheets=False)
