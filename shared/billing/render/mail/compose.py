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
from billing.render.mail.facts import facts_of
from billing.render.mail.names import names_of
from billing.render.mail.template import MailText, fill
from billing.render.words import words_of

Overrides = Mapping[tuple[str, str], MailTemplate]
"""A tenant's own templates, by kind and language."""

_NONE: Overrides = {}


def compose(notice: Notice, *, overrides: Overrides = _NONE) -> Mail:
    """The mail of a notice in its reader's language; equal arguments give an equal mail.

    What customers and their names say is text and stays text. InvalidInput where a tenant's template can't be filled.
    """
    language = language_of(notice.tenant.locale if notice.kind.is_for_the_tenant else notice.invoice.locale)
    template = overrides.get((notice.kind.value, language)) or built_in(notice.kind, language=language)
    names = names_of(notice, language=language)
    text = fill(template, names=names)
    facts, url = facts_of(notice, words=words_of(language), names=names), _url(notice, names)
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


def _url(notice: Notice, names: Mapping[str, str]) -> str:
    """Where the button leads: to the invoice, or to another payment method where nothing else helps."""
    is_method = notice.kind is NoticeKind.UPDATE_PAYMENT_METHOD or (notice.kind.chases and notice.needs_method)
    return (names["method_url"] if is_method else "") or names["pay_url"]


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
