"""Write the pay page: what an invoice's customer sees, and what there is to do about it."""

from base64 import b64encode
from dataclasses import dataclass, replace
from datetime import date

from billing.domain.charging import amount_refused
from billing.domain.invoice import CollectionMethod, Invoice
from billing.domain.pay_state import PayState, pay_state
from billing.render.branding import STANDARD_ACCENT
from billing.render.document_view import DocumentView, Field, PaymentBlock
from billing.render.formats import formats_for
from billing.render.invoice_view import invoice_view
from billing.render.pay_page.html import Page, html_page
from billing.render.pay_page.words import PayWords, pay_words_of
from billing.render.qr import qr_modules

_LONGEST_CODE = 1000  # bytes; a denser code can't be read from a screen at this size


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The seller's look: an accent as #rrggbb ("" is ours), a PNG logo, the address that answers questions."""

    accent: str = ""
    logo_png: bytes = b""
    contact: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What the page needs to know beside the invoice: the tenant's `today`, whether cards are taken here, and links.

    `here` is what relative links begin with, `up` leads to the pay page itself. `processing` says that the customer has
    just paid and the gateway is not done, `thanks` that it has just paid and is.
    """

    today: date
    takes_cards: bool
    here: str
    up: str = ""
    thanks: bool = False
    processing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link and its words."""

    href: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """A QR code as one SVG path over `size` modules, the quiet zone of four included."""

    caption: str
    size: int
    path: str
    by_phone: bool = False


def pay_page(invoice: Invoice, *, visit: Visit, look: Look) -> Page:
    """The page of an issued invoice, in its own language. Whatever its texts say is shown as text."""
    pay, state = _words(invoice), pay_state(invoice)
    view = invoice_view(invoice, footer="")
    payable = state.is_payable and not visit.processing
    title, notices = _told(invoice, state, visit=visit, pay=pay)
    amount = Field(label=view.words.amount_due, value=_money(invoice, invoice.amount_due))
    by_card = payable and visit.takes_cards and not amount_refused(invoice)
    payment = _by_transfer(invoice) if payable else None
    return html_page(
        "invoice.html.j2",
        accent=look.accent or STANDARD_ACCENT,
        language=view.language,
        pay=pay,
        words=view.words,
        view=view,
        title=title,
        notices=notices,
        amount=amount if payable else None,
        due=_due(invoice, pay=pay, view=view, today=visit.today) if payable else "",
        button=pay.pay_by_card.format(amount=amount.value) if by_card else "",
        button_note=pay.card_note if by_card else "",
        action=f"{visit.here}checkout",
        links=_links(invoice, visit=visit, pay=pay),
        transfer=payment.fields if payment is not None and invoice.bank is not None else (),
        codes=_codes(invoice, payment, pay=pay) if payable else (),
        **_seller(invoice, view, look=look),
    )


def method_page(invoice: Invoice, *, saved: str, just_saved: bool, visit: Visit, look: Look) -> Page:
    """The page on which the customer of an invoice saves another card; `saved` is the label of the one on file."""
    pay, view = _words(invoice), invoice_view(invoice, footer="")
    number = invoice.number
    notices = [pay.saved.format(method=saved)] if just_saved and saved else []
    if not just_saved:
        now = pay.card_now.format(method=saved) if saved else pay.card_none
        notices = [now, pay.card_why.format(number=number) if visit.takes_cards else pay.card_off]
    return html_page(
        "invoice.html.j2",
        accent=look.accent or STANDARD_ACCENT,
        language=view.language,
        pay=pay,
        words=view.words,
        view=None,
        title=pay.saved_title if just_saved else pay.card_title,
        notices=notices,
        amount=None,
        due="",
        button=pay.card_save if visit.takes_cards and not just_saved else "",
        button_note="",
        action=f"{visit.here}card",
        links=(Link(href=visit.up, text=pay.to_invoice.format(number=number)),),
        transfer=(),
        codes=(),
        **_seller(invoice, view, look=look),
    )


def _words(invoice: Invoice) -> PayWords:
    return pay_words_of(formats_for(invoice.locale, currency=invoice.currency).locale.language)


def _told(invoice: Invoice, state: PayState, *, visit: Visit, pay: PayWords) -> tuple[str, list[str]]:
    """The heading, and the sentences below it."""
    if visit.processing and state is not PayState.PAID:
        return pay.processing_title, [pay.processing.format(number=invoice.number)]
    if visit.thanks and state is PayState.PAID:
        return pay.thanks_title, [pay.thanks.format(number=invoice.number)]
    title, sentence = _heading(state, pay=pay)
    settled = invoice.total - invoice.amount_due
    sums = {
        "number": invoice.number,
        "amount": _money(invoice, invoice.amount_due),
        "paid": _money(invoice, settled),
        "total": _money(invoice, invoice.total),
    }
    return title.format(number=invoice.number), [sentence.format(**sums)] if sentence else []


def _heading(state: PayState, *, pay: PayWords) -> tuple[str, str]:
    return {
        PayState.DUE: (pay.pay_title, ""),
        PayState.PARTLY_PAID: (pay.pay_title, pay.partly_paid),
        PayState.BEING_CHARGED: (pay.being_charged_title, pay.being_charged),
        PayState.UNDER_WAY: (pay.processing_title, pay.processing),
        PayState.PAID: (pay.paid_title, pay.paid),
        PayState.CREDITED: (pay.credited_title, pay.credited),
        PayState.VOID: (pay.void_title, pay.void),
        PayState.WRITTEN_OFF: (pay.written_off_title, pay.written_off),
    }[state]


def _due(invoice: Invoice, *, pay: PayWords, view: DocumentView, today: date) -> str:
    formats = formats_for(invoice.locale, currency=invoice.currency)
    day = formats.day_within(invoice.due_on, language=pay.language)
    return pay.was_due.format(day=day) if invoice.due_on < today else view.words.due_by.format(day=day)


def _links(invoice: Invoice, *, visit: Visit, pay: PayWords) -> tuple[Link, ...]:
    pdf = any(each.content_type == "application/pdf" for each in invoice.attachments)
    links = [Link(href=f"{visit.here}invoice.pdf", text=pay.download)] if pdf else []
    if visit.takes_cards and invoice.collection_method is CollectionMethod.CHARGE_AUTOMATICALLY:
        links.append(Link(href=f"{visit.here}card", text=pay.change_card))
    return tuple(links)


def _by_transfer(invoice: Invoice) -> PaymentBlock | None:
    """How a transfer pays the invoice, also where a card was to be charged and could not be."""
    return invoice_view(replace(invoice, collection_method=CollectionMethod.SEND_INVOICE), footer="").payment


def _codes(invoice: Invoice, payment: PaymentBlock | None, *, pay: PayWords) -> tuple[Code, ...]:
    transfer = payment.credit_transfer if payment is not None else ""
    wanted = ((transfer, pay.scan_transfer, False), (invoice.payment_url, pay.scan_page, True))
    return tuple(
        _code(content, caption=caption, by_phone=by_phone)
        for content, caption, by_phone in wanted
        if content and len(content.encode()) <= _LONGEST_CODE
    )


def _code(content: str, *, caption: str, by_phone: bool) -> Code:
    """The code with its quiet zone; each run of dark modules in a row is one rectangle."""
    rows, parts = qr_modules(content), list[str]()
    for y, row in enumerate(rows, start=4):
        x = 0
        for run in row.split(b"\0"):
            parts += [f"M{x + 4} {y}h{len(run)}v1h-{len(run)}z"] if run else []
            x += len(run) + 1
    return Code(caption=caption, size=len(rows) + 8, path="".join(parts), by_phone=by_phone)


def _seller(invoice: Invoice, view: DocumentView, *, look: Look) -> dict[str, str]:
    logo = f"data:image/png;base64,{b64encode(look.logo_png).decode()}" if look.logo_png else ""
    return {"seller": invoice.seller.name, "logo": logo, "contact": look.contact, "footer": view.footer}


def _money(invoice: Invoice, minor: int) -> str:
    return formats_for(invoice.locale, currency=invoice.currency).amount(minor)
