"""`billing mails`: look at the texts of mails, try them on an invoice, replace them."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import typer

from billing.adapters.mail_message import mail_message
from billing.adapters.system_clock import SystemClock
from billing.cli.directory import open_call, open_place
from billing.cli.errors import Refused
from billing.cli.place import Place
from billing.cli.screen import answers, columns, write_json
from billing.domain.errors import NotFound
from billing.domain.invoice import Invoice
from billing.domain.mail_template import MailTemplate
from billing.domain.notice import Notice, NoticeKind
from billing.domain.tenant import Tenant
from billing.ports import Documents
from billing.render.mail.built_in import LANGUAGES, built_in
from billing.render.mail.compose import compose
from billing.render.mail.names import EXAMPLES
from billing.render.mail.template import check_template
from billing.render.mail.template_file import read_template, write_template
from billing.store.customers import Customers
from billing.store.invoices import Invoices
from billing.store.mail_templates import MailTemplates
from billing.usecases.invoice_notices import case_notice
from billing.usecases.save_mail_template import reset_mail_template, save_mail_template

_NO_ADDRESS = "billing@localhost.localdomain"  # a preview is sent by nobody


def show_kinds(place: Place) -> None:
    """Print every kind with its subject in each language, and the names."""
    engine, tenant = open_place(place)
    own = MailTemplates.of(engine.documents, tenant.id).all()
    rows = [
        (kind, language, own.get((kind.value, language)) or built_in(kind, language=language))
        for kind in NoticeKind
        for language in LANGUAGES
    ]
    if place.as_json:
        mails = [
            {"kind": kind, "language": language, "subject": each.subject, "own": (kind, language) in own}
            for kind, language, each in rows
        ]
        write_json({"mails": mails, "names": EXAMPLES})
        return
    table = columns("bold", "", "", "")
    for kind, language, each in rows:
        table.add_row(kind.value, language, "own text" if (kind.value, language) in own else "", each.subject)
    answers().print(table, markup=False)
    typer.echo(f"\nNames for texts: {', '.join(EXAMPLES)}")


def show_template(kind: NoticeKind, language: str, *, place: Place) -> None:
    """Print one text."""
    engine, tenant = open_place(place)
    own = MailTemplates.of(engine.documents, tenant.id).all().get((kind.value, language))
    template = own or built_in(kind, language=language)
    if place.as_json:
        write_json(_json(kind, language, template, own=own is not None))
    else:
        typer.echo(write_template(template), nl=False)


def preview(kind: NoticeKind, id_or_number: str, *, out: Path | None, place: Place) -> None:
    """Compose a mail about a stored invoice; NotFound where there is none."""
    engine, tenant = open_place(place)
    invoice = Invoices.of(engine.documents, tenant.id).named(id_or_number).value
    mail = compose(
        _notice(kind, invoice, documents=engine.documents, tenant=tenant),
        overrides=MailTemplates.of(engine.documents, tenant.id).all(),
    )
    if out is not None:
        if not mail.to[0]:
            message = (
                f"nobody to send it to: {'the tenant' if kind.is_for_the_tenant else 'the customer'} has no address"
            )
            raise Refused(message)
        out.write_bytes(mail_message(mail).as_bytes())
    if place.as_json:
        write_json({"to": mail.to[0], "subject": mail.subject, "text": mail.text, "html": mail.html})
    else:
        typer.echo(f"To: {mail.to[0]}\nSubject: {mail.subject}\n\n{mail.text}", nl=False)


def set_template(kind: NoticeKind, language: str, file: Path, *, place: Place) -> None:
    """Save a text; InvalidInput, with its line, for one that can't be filled in."""
    engine, _, call = open_call(place)
    try:
        template = read_template(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        message = f"{file} can't be read as text: {error}"
        raise Refused(message) from None
    check = partial(check_template, names=EXAMPLES)
    save_mail_template(engine.documents, kind, language, template, check=check, call=call)
    if place.as_json:
        write_json(_json(kind, language, template, own=True))
    else:
        typer.echo(f"{kind.value} ({language}) is the tenant's own text from now on")


def reset_template(kind: NoticeKind, language: str, *, place: Place) -> None:
    """Go back to the built-in text."""
    engine, _, call = open_call(place)
    was_own = reset_mail_template(engine.documents, kind, language, call=call)
    if place.as_json:
        write_json(_json(kind, language, built_in(kind, language=language), own=False))
    else:
        typer.echo(f"{kind.value} ({language}) {'is our text again' if was_own else 'was our text already'}")


def _notice(kind: NoticeKind, invoice: Invoice, *, documents: Documents, tenant: Tenant) -> Notice:
    """What would be told now: of the last charge, of the case as it stands, by its customer's policy."""
    [customer] = Customers.of(documents, tenant.id).get([invoice.customer_id])
    if customer is None:
        raise NotFound("customer", invoice.customer_id)
    sender = replace(tenant, mail_sender=tenant.mail_sender or _NO_ADDRESS)
    return case_notice(
        kind, tenant=sender, customer=customer.value, invoice=invoice, sent_at=SystemClock().now(), reason=_why(invoice)
    )


def _why(invoice: Invoice) -> str:
    case = invoice.dunning
    return "" if case is None or case.review is None else case.review.reason


def _json(kind: NoticeKind, language: str, template: MailTemplate, *, own: bool) -> dict[str, object]:
    return {
        "kind": kind,
        "language": language,
        "own": own,
        "subject": template.subject,
        "button": template.button,
        "body": template.body,
    }
