"""`billing mails`: what each of these commands takes."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from billing.cli.command_group import command_group
from billing.cli.errors import plain_errors
from billing.cli.options import AsJson, KeptIn, TenantId
from billing.cli.place import Place
from billing.domain.notice import NoticeKind

mails_app = command_group("The texts of the mails, and a tenant's own.")


class Language(StrEnum):
    """What mails are written in."""

    ENGLISH = "en"
    GERMAN = "de"


Kind = Annotated[NoticeKind, typer.Argument(metavar="KIND", help="What the mail says; see `billing mails list`.")]
In = Annotated[Language, typer.Option("--language", help="Which of its texts.")]


@mails_app.command("list", epilog="\b\nExample:\n  billing mails list --dir demo")
def list_mails(*, directory: KeptIn, tenant: TenantId = None, as_json: AsJson = False) -> None:
    """List the kinds of mails with their subjects, and the names that their texts may use."""
    with plain_errors():
        from billing.cli.mails import show_kinds

        show_kinds(Place(tenant_id=tenant, directory=directory, as_json=as_json))


@mails_app.command("show", epilog="\b\nExample:\n  billing mails show receipt --language de --dir demo > receipt.txt")
def show_mail(
    *,
    kind: Kind,
    directory: KeptIn,
    language: In = Language.ENGLISH,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Print a text as a file that `set` takes: change it there and put it back."""
    with plain_errors():
        from billing.cli.mails import show_template

        show_template(kind, language.value, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


@mails_app.command(
    "preview", epilog="\b\nExample:\n  billing mails preview invoice_issued --invoice INV-2026-02-0047 --dir demo"
)
def preview_mail(
    *,
    kind: Kind,
    invoice: Annotated[str, typer.Option(metavar="ID_OR_NUMBER", help="The invoice that it is about.")],
    directory: KeptIn,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the whole mail there (.eml).")] = None,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Compose a mail about an invoice, and send it nowhere."""
    with plain_errors():
        from billing.cli.mails import preview

        preview(kind, invoice, out=out, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))


@mails_app.command("set", epilog="\b\nExample:\n  billing mails set receipt receipt.txt --dir demo")
def set_mail(
    *,
    kind: Kind,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The text, in the form that `show` prints.")],
    directory: KeptIn,
    language: In = Language.ENGLISH,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Put a text of the tenant's own in place of ours, once nothing is wrong with it."""
    with plain_errors():
        from billing.cli.mails import set_template

        place = Place(tenant_id=tenant, directory=directory, as_json=as_json)
        set_template(kind, language.value, file, place=place)


@mails_app.command("reset", epilog="\b\nExample:\n  billing mails reset receipt --dir demo")
def reset_mail(
    *,
    kind: Kind,
    directory: KeptIn,
    language: In = Language.ENGLISH,
    tenant: TenantId = None,
    as_json: AsJson = False,
) -> None:
    """Go back to our own text."""
    with plain_errors():
        from billing.cli.mails import reset_template

        reset_template(kind, language.value, place=Place(tenant_id=tenant, directory=directory, as_json=as_json))
